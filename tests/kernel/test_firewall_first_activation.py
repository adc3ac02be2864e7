# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that come to a host or a router which tracked no connections: what runs lives on, what is new is refused.

    outside 198.51.100.1 -- 198.51.100.2 router 10.2.0.1 -- 10.2.0.10 inside

The rules are put on the router. Outside talks to it, or through it to inside; nothing of that is permitted, and what
inside starts would be translated.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack, running, transaction
from tests.kernel import networks
from tests.kernel.hosts import Host
from tests.unit.platforms.policies import nft_rules, permit, policy, router

OUTSIDE = "198.51.100.1"
PORT = 7000
SHUT = {"management": [{"transport": "tcp", "ports": "2222", "sources": ["192.0.2.0/24"]}], "outbound": "flows"}


@dataclass(frozen=True)
class Way:
    """From outside to the near end: the router itself, or a host behind it."""

    outside: str
    near: str
    address: str
    host: Host
    rules: str
    settings: tuple[str, ...]

    def activate(self) -> None:
        """Put the rules in force for the first time."""
        self.host.settle(self.rules, self.settings)

    def session(self) -> tuple[socket.socket, socket.socket]:
        """A TCP connection that outside has opened: both ends."""
        with networks.listen(self.near, self.address, PORT) as listener:
            with networks.inside(self.outside):
                far = socket.create_connection((self.address, PORT), timeout=2)
            near, _peer = listener.accept()
        near.settimeout(2)
        return far, near


@pytest.fixture(params=["a host", "a router"])
def way(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """A network that nobody filters, in which the router forwards already."""
    monkeypatch.setattr(running, "WATCH", 0.5)
    with (
        networks.namespace("outside") as outside,
        networks.namespace("router") as middle,
        networks.namespace("inside") as inside,
    ):
        networks.link(outside, [OUTSIDE + "/24"], middle, ["198.51.100.2/24"])
        networks.link(middle, ["10.2.0.1/24"], inside, ["10.2.0.10/24"])
        networks.route(outside, "198.51.100.2")
        networks.route(inside, "10.2.0.1")
        with networks.inside(middle):
            Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
            host = Host(networks.machine(tmp_path), tmp_path)
            if request.param == "a host":
                yield Way(outside, middle, "198.51.100.2", host, nft_rules(policy(**SHUT)), ())
            else:
                yield Way(outside, inside, "10.2.0.10", host, nft_rules(router(**SHUT)), ("net.ipv4.ip_forward",))


def says(sender: socket.socket, receiver: socket.socket, what: bytes) -> bool:
    """Whether something sent over a session arrives."""
    sender.sendall(what)
    try:
        return receiver.recv(100) == what
    except TimeoutError:
        return False


@contextlib.contextmanager
def streaming(sender: socket.socket) -> Iterator[None]:
    """Send until the block ends, ten times a second: nft's checks alone let the kernel see faster streams."""
    done = threading.Event()

    def stream() -> None:
        for number in itertools.count():
            sender.send(b"%d" % number)
            if done.wait(0.1):
                break

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def receives(receiver: socket.socket) -> bool:
    """Whether a stream arrives, beyond what has arrived so far."""
    receiver.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while receiver.recv(65536):
            pass
    receiver.settimeout(2)
    try:
        return all(receiver.recv(100) for _number in range(5))
    except TimeoutError:
        return False


@pytest.mark.fault("first rules")
@pytest.mark.parametrize("first", ["outside", "near"])
def test_a_session_that_was_silent_goes_on_whoever_speaks_first(way: Way, first: str) -> None:
    far, near = way.session()
    with far, near:
        assert says(far, near, b"before")
        way.activate()
        ends = (far, near) if first == "outside" else (near, far)
        assert says(*ends, b"after")
        assert says(*reversed(ends), b"answer")


@pytest.mark.fault("first rules")
def test_a_session_that_receives_goes_on(way: Way) -> None:
    far, near = way.session()
    with far, near, streaming(far):
        assert receives(near)
        way.activate()
        assert receives(near)
        assert says(near, far, b"answer")


@pytest.mark.fault("first rules")
@pytest.mark.parametrize("answered", [True, False], ids=["both ways", "one way"])
def test_a_stream_of_datagrams_goes_on(way: Way, answered: bool) -> None:
    with (
        networks.datagrams(way.outside, OUTSIDE, PORT, patience=2) as far,
        networks.datagrams(way.near, way.address, PORT, patience=2) as near,
    ):
        far.connect((way.address, PORT))
        near.connect((OUTSIDE, PORT))
        with streaming(far), streaming(near) if answered else contextlib.nullcontext():
            way.activate()
            assert receives(near)
            assert not answered or receives(far)


def test_what_is_new_is_refused_from_the_first_moment(way: Way) -> None:
    with networks.listen(way.near, way.address, PORT):
        assert networks.connects(way.outside, way.address, PORT)
        way.activate()
        assert not networks.connects(way.outside, way.address, PORT)
    with (
        networks.datagrams(way.near, way.address, PORT) as near,
        networks.datagrams(way.outside, OUTSIDE, PORT) as far,
    ):
        far.sendto(b"new", (way.address, PORT))
        assert networks.received(near) is None


def test_what_spares_a_session_is_no_difference_and_outlives_the_next_change_and_its_roll_back(way: Way) -> None:
    far, near = way.session()
    with far, near:
        way.activate()
        assert way.host.bring(way.rules, settings=way.settings) == ([], "")
        other = way.rules.replace("192.0.2.0/24", "192.0.3.0/24")
        _differences, mark = way.host.bring(other, settings=way.settings)
        transaction.roll_back(way.host.machine, mark)
        way.host.settle(other, way.settings)
        assert says(far, near, b"after all")


def test_what_spares_sessions_ends_by_itself(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SPARED", 0)
    far, near = way.session()
    with far, near:
        way.activate()
        assert running.spared_until(networks.run("nft", "list", "table", "inet", "faxnet")) == 0
        assert not says(far, near, b"too late")
        way.host.settle(way.rules.replace("192.0.2.0/24", "192.0.3.0/24"), way.settings)
        assert "running sessions" not in networks.run("nft", "list", "ruleset")


def test_a_host_that_takes_no_connections_up_takes_the_packets_in_their_middle(way: Way) -> None:
    Path("/proc/sys/net/netfilter/nf_conntrack_tcp_loose").write_text("0\n", encoding="ascii")
    far, near = way.session()
    with far, near:
        way.activate()
        assert says(far, near, b"after")
        assert says(near, far, b"answer")


def test_rules_that_replace_others_begin_at_once(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    way.activate()
    monkeypatch.setattr(running, "watched", None)
    way.host.settle(nft_rules(policy(**SHUT, input=[permit("192.0.2.1", "10.1.0.10")])))
    assert "faxnet_watch" not in networks.run("nft", "list", "tables")


def test_a_kernel_that_does_not_show_its_connections_is_no_hindrance(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(**_asked: bool) -> list[conntrack.Connection]:
        raise conntrack.NoTableError("no such table")

    monkeypatch.setattr(conntrack, "connections", none)
    far, near = way.session()
    with far, near:
        way.activate()
        assert says(far, near, b"after")
    assert "faxnet_watch" not in networks.run("nft", "list", "tables")
