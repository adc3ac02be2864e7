# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty changes of the rules under traffic: nobody who is permitted before and after loses a session or a datagram."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import running
from tests.kernel.ways import KEPT, PORT, SESSIONS, WAYS, Ends, Net, lives, three

CHANGES = 50
SLOW = pytest.mark.slow
OTHERS = sorted(WAYS.keys() - {"a host", "a port forward"})


@dataclass
class Talk:
    """What came of a session in which each message is answered: messages sent, answers that came back, in order."""

    sent: int = 0
    answered: int = 0
    lost: bool = False


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """A network that nobody filters."""
    monkeypatch.setattr(running, "WATCH", 0.0)
    with three(tmp_path) as made:
        yield made


@contextlib.contextmanager
def talking(ends: Ends) -> Iterator[Talk]:
    """Send a message and wait for its answer, again and again, until the block ends; stops where one stays away."""
    near, far = ends
    done, talk = threading.Event(), Talk()
    near.settimeout(5)
    far.settimeout(5)

    def ask() -> None:
        while not done.is_set():
            message = talk.sent.to_bytes(8, "big")
            talk.sent += 1
            near.send(message)
            far.send(far.recv(8))
            if near.recv(8) != message:
                raise ConnectionError
            talk.answered += 1
            done.wait(0.002)

    def until_lost() -> None:
        try:
            ask()
        except OSError:
            talk.lost = True

    thread = threading.Thread(target=until_lost)
    thread.start()
    try:
        yield talk
    finally:
        done.set()
        thread.join()


@pytest.mark.fault("under traffic")
@pytest.mark.parametrize("name", ["a host", "a port forward", *(pytest.param(name, marks=SLOW) for name in OTHERS)])
def test_fifty_changes_lose_nobody_a_session(net: Net, name: str) -> None:
    """A third session, which is silent, is there too; what else is permitted changes back and forth."""
    way = WAYS[name]
    source = way.source
    net.put(way.rules(PORT, KEPT, 7002))
    client, server = getattr(net, way.client), getattr(net, way.server)
    with contextlib.ExitStack() as stack:
        made: dict[str, Ends] = {
            f"{kind} {port}": stack.enter_context(
                SESSIONS[kind](client, server, way.address, port, source=source, asked=way.asked)
            )
            for kind, port in (("tcp", PORT), ("udp", PORT), ("tcp", KEPT))
        }
        silent = made.pop(f"tcp {KEPT}")
        talks = [stack.enter_context(talking(ends)) for ends in made.values()]
        for number in range(CHANGES):
            before = [talk.answered for talk in talks]
            others = (7002,) if number % 2 else (7003, 7004)
            assert net.put(way.rules(PORT, KEPT, *others)) == 0
            assert all(talk.answered > held for talk, held in zip(talks, before, strict=True)), (number, talks)
        assert lives(silent)
    assert not any(talk.lost for talk in talks)
    assert [talk.sent - talk.answered for talk in talks] == [0, 0]


def test_a_session_that_is_lost_is_noticed() -> None:
    near, far = socket.socketpair()
    with near, far, talking((near, far)) as talk:
        far.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + 10
        while not talk.lost and time.monotonic() < until:
            time.sleep(0.01)
    assert talk.lost
    assert talk.sent > talk.answered
