# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands a document to a HylaFAX server.

The client-server protocol is a relative of FTP (hfaxd(1M)), so that Python's own client of that speaks it. What it says
where something fails is the first clue to whether the network or the fax service is to blame.
"""

from __future__ import annotations

import ftplib
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

#: Steps of handing a document over, in order.
CONNECT, LOGIN, DATA, JOB = "connect", "login", "data", "job"
_DOCUMENT = re.compile(r"FILE: (\S+)")
_JOB = re.compile(r"jobid: (\d+)")


class HandOver(NamedTuple):
    """Where a document is to go.

    Attributes:
        server: address or name of the HylaFAX server.
        port: its control port.
        user: who sends.
        password: empty: the server does not ask for one.
        passive: whether this side opens the data connection.
        timeout: seconds to wait for each answer.
    """

    server: str
    port: int
    user: str
    password: str
    passive: bool
    timeout: float


class HandOverError(Exception):
    """A step failed.

    Attributes:
        step: which one: connect, login, data or job.
        silent: whether there was no answer at all, as behind a firewall that drops; else something said no.
    """

    def __init__(self, step: str, text: str, *, silent: bool) -> None:
        super().__init__(text)
        self.step = step
        self.silent = silent


@contextmanager
def _step(name: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as problem:
        raise HandOverError(name, "no answer", silent=True) from problem
    except EOFError as problem:
        raise HandOverError(name, "the server ended the connection", silent=False) from problem
    except ConnectionRefusedError as problem:
        raise HandOverError(name, "refused: nothing listens there", silent=False) from problem
    except OSError as problem:
        raise HandOverError(name, problem.strerror or str(problem), silent=True) from problem
    except ftplib.Error as problem:
        # 4xx and 5xx of data connections: the server could not reach back, or was not reached.
        raise HandOverError(name, str(problem), silent=False) from problem


class _Session(ftplib.FTP):
    """A session that goes to the address that was dialled, whatever the server believes to be its own.

    Attributes:
        told: the last answer, which names the document that was stored.
    """

    trust_server_pasv_ipv4_address = False
    told = ""

    def getresp(self) -> str:
        self.told = super().getresp()
        return self.told


@contextmanager
def _session(way: HandOver) -> Iterator[_Session]:
    client = _Session(timeout=way.timeout)
    try:
        with _step(CONNECT):
            client.connect(way.server, way.port)
        with _step(LOGIN):
            said = client.sendcmd(f"USER {way.user}")
            if said.startswith("3"):
                client.sendcmd(f"PASS {way.password}")
        client.set_pasv(way.passive)
        yield client
    finally:
        client.close()


def hand_over(way: HandOver, number: str, document: bytes) -> int:
    """Hand a document over, to be sent to a number.

    Args:
        way: the server.
        number: what is dialled.
        document: PostScript or TIFF.

    Returns:
        The job's number at the server.

    Raises:
        HandOverError: a step failed.
    """
    with _session(way) as client:
        with _step(JOB):
            client.sendcmd("FORM PS")
            client.sendcmd("TYPE I")
        with _step(DATA):
            stored = _store(client, document)
        with _step(JOB):
            made = _JOB.search(client.sendcmd("JNEW"))
            if made is None:
                raise HandOverError(JOB, "the server made no job", silent=False)
            settings = {
                "FROMUSER": f'"{way.user}"',
                "DIALSTRING": f'"{number}"',
                "EXTERNAL": f'"{number}"',
                "NOTIFY": "none",
                "NOTIFYADDR": f'"{way.user}"',
                # Days, hours and minutes after which it is given up, and how often it is dialled: soon, and not often.
                "LASTTIME": "000100",
                "MAXDIALS": "3",
                "MAXTRIES": "2",
                "PAGEWIDTH": "209",
                "PAGELENGTH": "296",
                "VRES": "98",
                "DOCUMENT": stored,
            }
            for name, value in settings.items():
                client.sendcmd(f"JPARM {name} {value}")
            client.sendcmd("JSUBM")
            return int(made[1])


def _store(client: _Session, document: bytes) -> str:
    connection, _size = client.ntransfercmd("STOT")
    said = client.told
    with connection:
        connection.sendall(document)
    said += " " + client.voidresp()
    name = _DOCUMENT.search(said)
    if name is None:
        raise HandOverError(DATA, f"the server does not say where it put the document: {said}", silent=False)
    return name[1]


def listens(server: str, port: int, timeout: float) -> bool:
    """Whether a HylaFAX server greets there."""
    try:
        with socket.create_connection((server, port), timeout) as connection:
            return connection.recv(200).startswith((b"220", b"130", b"120"))
    except OSError:
        return False
