# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions with a host and through a router, and the rules that permit them.

    outside 198.51.100.1 -- 198.51.100.2 router 10.2.0.1 -- 10.2.0.10 inside

The rules are put on the router. It is the host that is talked to, or it stands between inside and outside.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session
from tests.kernel import networks
from tests.kernel.hosts import Host
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router

OUTSIDE, OTHER, ROUTER, LAN, INSIDE = "198.51.100.1", "198.51.100.5", "198.51.100.2", "10.2.0.1", "10.2.0.10"
OUTSIDE6, ROUTER6, INSIDE6 = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:2::10"
PORT, KEPT = 7000, 7001
ADMINS = [{"transport": "tcp", "ports": "22", "sources": ["198.51.100.0/24"]}]
FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
Ends = tuple[socket.socket, socket.socket]


@dataclass(frozen=True)
class Net:
    """Three namespaces; the rules are put on the one in the middle, in which this process stands."""

    outside: str
    router: str
    inside: str
    host: Host

    def put(self, text: str | None, session: Session | None = None) -> int:
        """Change the rules, for good; how many sessions that ended."""
        settings = FORWARDING if text and "faxnet_forward" in text else ()
        _differences, mark = self.host.bring(text, settings=settings)
        transaction.confirm(self.host.machine, mark)
        return transaction.forget(self.host.machine, mark, session)


@contextlib.contextmanager
def three(tmp_path: Path) -> Iterator[Net]:
    """A network that nobody filters, in which the router forwards already."""
    with (
        networks.namespace("outside") as outside,
        networks.namespace("router") as middle,
        networks.namespace("inside") as inside,
    ):
        networks.link(
            outside, [f"{OUTSIDE}/24", f"{OTHER}/24", f"{OUTSIDE6}/64"], middle, [f"{ROUTER}/24", f"{ROUTER6}/64"]
        )
        networks.link(middle, [f"{LAN}/24", "2001:db8:2::1/64"], inside, [f"{INSIDE}/24", f"{INSIDE6}/64"])
        for where, via, via6 in ((outside, ROUTER, ROUTER6), (inside, LAN, "2001:db8:2::1")):
            networks.route(where, via)
            networks.run("ip", "-n", where, "-6", "route", "add", "default", "via", via6)
        with networks.inside(middle):
            for setting in FORWARDING:
                Path("/proc/sys", setting.replace(".", "/")).write_text("1\n", encoding="ascii")
            yield Net(outside, middle, inside, Host(networks.machine(tmp_path), tmp_path))


@contextlib.contextmanager
def tcp(client: str, server: str, address: str, port: int, *, source: str = "", asked: str = "") -> Iterator[Ends]:
    """A TCP session: both ends. `asked` is the address that the client calls, where that is not the server's own."""
    with networks.listen(server, address, port) as listener:
        with networks.inside(client):
            near = socket.create_connection((asked or address, port), 10, (source, 0) if source else None)
        far, _peer = listener.accept()
    with near, far:
        near.settimeout(0.4)
        far.settimeout(0.4)
        yield near, far


@contextlib.contextmanager
def udp(client: str, server: str, address: str, port: int, *, source: str = "", asked: str = "") -> Iterator[Ends]:
    """An exchange of datagrams that was answered: both ends, each of which knows the other."""
    with networks.datagrams(server, address, port) as far, networks.datagrams(client, source) as near:
        near.connect((asked or address, port))
        # The links have just come up: IPv6 needs a second or two to find its neighbours.
        tries = (networks.received(far) for _attempt in range(10) if near.send(b"hello"))
        heard = next(filter(None, tries), None)
        assert heard, "nothing arrives"
        far.connect(heard[1])
        far.send(b"hello")
        assert near.recv(100) == b"hello"
        yield near, far


SESSIONS = {"tcp": tcp, "udp": udp}


def lives(ends: Ends) -> bool:
    """Whether both ends of a session hear each other."""
    near, far = ends
    return hears(near, far) and hears(far, near)


def hears(sender: socket.socket, receiver: socket.socket) -> bool:
    """Whether something sent arrives."""
    what = os.urandom(8)
    try:
        sender.send(what)
        while True:
            held = receiver.recv(100)
            if not held or held.endswith(what):
                return bool(held)
    except OSError:
        return False


@dataclass(frozen=True)
class Way:
    """Who talks to whom on the port, and the rules that permit the ports of some."""

    client: str
    server: str
    address: str
    rules: Callable[..., str]
    asked: str = ""

    @property
    def source(self) -> str:
        """The client's address."""
        return INSIDE if self.client == "inside" else OUTSIDE6 if ":" in self.address else OUTSIDE


def host_rules(source: str, destination: str) -> Callable[..., str]:
    def rules(*ports: int, **parts: Any) -> str:
        both = [permit(source, destination, str(port), transport=kind) for port in ports for kind in SESSIONS]
        return nft_rules(policy(management=ADMINS, input=both, **parts))

    return rules


def routed(source: str, destination: str, outbound: str = "flows") -> Callable[..., str]:
    def rules(*ports: int, **parts: Any) -> str:
        both = [permit(source, destination, str(port), transport=kind) for port in ports for kind in SESSIONS]
        networks_ = ["10.2.0.0/24", "2001:db8:2::/64"]
        given = {"management": ADMINS, "outbound": outbound, "networks": networks_, "forward": both, **parts}
        return nft_rules(router(**given))

    return rules


def forwarded(*ports: int) -> str:
    """What outside asks of the router goes on to inside."""
    both = [(port, kind) for port in ports for kind in SESSIONS]
    return nft_rules(
        router(
            management=ADMINS,
            public=[ROUTER],
            source_nat=[{"version": 4, "networks": ["10.2.0.0/24"], "except": ["10.2.0.0/24"], "address": ROUTER}],
            forward=[permit(OUTSIDE, INSIDE, str(port), transport=kind) for port, kind in both],
            destination_nat=[forward(OUTSIDE, ROUTER, str(port), INSIDE, transport=kind) for port, kind in both],
        )
    )


def translated(*ports: int) -> str:
    """What inside may start outward, under the router's address."""
    return nft_rules(
        router(
            management=ADMINS,
            outbound="flows",
            public=[ROUTER],
            source_nat=[{"version": 4, "networks": ["10.2.0.0/24"], "except": ["10.2.0.0/24"], "address": ROUTER}],
            forward=[
                permit(INSIDE, OUTSIDE, str(port), transport=kind, idle=432000) for port in ports for kind in SESSIONS
            ],
        )
    )


WAYS = {
    "a host": Way("outside", "router", ROUTER, host_rules(OUTSIDE, ROUTER)),
    "a host, IPv6": Way("outside", "router", ROUTER6, host_rules(OUTSIDE6, ROUTER6)),
    "a router": Way("outside", "inside", INSIDE, routed(OUTSIDE, INSIDE)),
    "a router, IPv6": Way("outside", "inside", INSIDE6, routed(OUTSIDE6, INSIDE6)),
    # Without NAT, what inside sends may look like a new session that is let out.
    "a router that lets everything out": Way("outside", "inside", INSIDE, routed(OUTSIDE, INSIDE, "any")),
    "a port forward": Way("outside", "inside", INSIDE, forwarded, asked=ROUTER),
    "source translation": Way("inside", "outside", OUTSIDE, translated),
}
