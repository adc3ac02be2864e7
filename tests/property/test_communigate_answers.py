# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a server sends, a session and the modules' engine end with a sentence of their own, in time."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.facts import SUBJECTS, gathered
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.network import (
    LISTS,
    SettingsError,
    planned,
    read,
    server_version,
    written,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import PwdError, Session, Target

QUICK = settings(max_examples=600, derandomize=True)
TARGET = Target("192.0.2.1", 106, "postmaster", "PaSSword", timeout=5.0)
LOGIN = [b"200 CommuniGate Pro PWD Server 6.3.12 ready <1.2@a>\r\n", b"200 login OK, proceed\r\n", b"200 OK\r\n"]

#: Answers of any content that lead deep: pieces of right ones, and whole ones.
parts = st.sampled_from(
    [
        *(b"200 OK", b"201 ", b"200 data follow", b"501 no", b"\r\n", b"\n", b"2", b"200", b"-", b" ", b"\xff", b"\0"),
        *(b'"10.0.0.1\\e"', b'"!10.0.0.0/8\\e10.0.0.1-10.0.0.0"', b'"#me"', b'"6.3.12"', b"#NULL#", b"{", b"("),
        *(b"{a=b;}", b"{Listener=({Port=#25;});}", b'{Listener=(x,{Port="\xc2\xb2";});}'),
    ]
)
likely = st.sampled_from(
    [
        *(b'201 "10.0.0.1\\e"\r\n', b'201 "10.1.0.0/16\\e!10.1.2.3"\r\n', b"201 {a=b;}\r\n", b"200 OK\r\n"),
        *(b"501 no\r\n", b"201 #NULL#\r\n", b"201 {Listener={Port=25;};}\r\n", b"201 {a=(b);}\r\n", b""),
    ]
)
odd = st.lists(parts | st.binary(max_size=8), max_size=5).map(b"".join)
answers = st.lists(st.one_of(*[likely] * 6, odd, odd.map(lambda answer: answer + b"\r\n")), min_size=4, max_size=14)


class Scripted:
    """A socket whose server says the next thing of its script for each line that it gets, and then hangs up."""

    def __init__(self, script: list[bytes]) -> None:
        self._script = list(script)
        self._said = self._script.pop(0) if self._script else b""

    def settimeout(self, _seconds: float) -> None:
        """There is nothing to wait for."""

    def sendall(self, _line: bytes) -> None:
        """Hear a line."""
        self._said += self._script.pop(0) if self._script else b""

    def recv(self, size: int) -> bytes:
        """Say something, in pieces."""
        piece = self._said[: min(size, 7)]
        self._said = self._said[len(piece) :]
        return piece

    def close(self) -> None:
        """Nothing to do."""


class ScriptedSession(Session):
    """A session with such a server."""

    def __init__(self, script: list[bytes]) -> None:
        super().__init__(TARGET)
        self._script = script

    def _connected(self) -> socket.socket:
        # A stand-in has what a session asks of a socket, and is none.
        return Scripted(self._script)  # type: ignore[return-value]


def managed(session: Session) -> None:
    """All that the module does."""
    wanted = {name: {"entries": ["10.1.0.0/16", "!10.1.2.3"], "mode": "merge"} for name in list(LISTS)[:2]}
    version = server_version(session)
    plan = planned(read(session, list(wanted)), {**wanted}, version)
    for change in plan.changes:
        written(session, change)


def told(session: Session) -> None:
    """All that the info module does."""
    gathered(session, SUBJECTS[:3], ["SIP"], ["10.0.0.1"])


@QUICK
@given(st.lists(st.binary(max_size=20), max_size=3), answers, st.sampled_from([managed, told]), st.integers(0, 5))
def test_whatever_a_server_says_ends_with_a_sentence(
    junk: list[bytes], script: list[bytes], job: Callable[[Session], None], stranger: int
) -> None:
    message = "done"
    try:
        with ScriptedSession(junk if stranger == 5 else LOGIN + script) as session:
            job(session)
    except (PwdError, SettingsError) as error:
        message = str(error)
    event(re.sub(r"'.*|[0-9]+.*", "", message.replace(TARGET.name, "server"), flags=re.DOTALL)[:60])
    assert message
    assert "PaSSword" not in message
