# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is in use, for the tests of what new rules would cut off."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import running
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent, judgement
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import listeners as of_listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import listed, rehearsed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import look
from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, permit, policy, router

HOST, PEER, OTHER = "10.1.0.1", "10.1.0.2", "10.9.0.2"
HOST6 = "2001:db8:1::1"
ALL = "0.0.0.0"  # noqa: S104 in a namespace of its own


@dataclass(frozen=True)
class Used:
    """A host that is in use, in the namespace that this process stands in, and two machines beside it."""

    machine: Machine
    host: str
    peer: str
    other: str

    def lost(self, text: str) -> list[Use]:
        """What would be lost with new rules."""
        others = look(self.machine).ruleset
        return judgement.losses(self.machine, listed(self.machine), rehearsed(self.machine, text), others)

    def told(self, text: str) -> list[str]:
        """The same in words, without what is said in parentheses."""
        return [consent.in_words(use).partition(" (")[0] for use in self.lost(text)]


@contextlib.contextmanager
def used_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Used]:
    """The peer is in 10.1.0.0/24, the other in 10.9.0.0/24; the host forwards between them."""
    monkeypatch.setattr(of_listeners, "PATIENCE", 0.1)
    monkeypatch.setattr(running, "WATCH", 0.0)
    with (
        networks.namespace("used") as host,
        networks.namespace("peer") as peer,
        networks.namespace("other") as other,
    ):
        networks.link(host, [f"{HOST}/24", f"{HOST6}/64"], peer, [f"{PEER}/24", "2001:db8:1::2/64"])
        networks.link(host, ["10.9.0.1/24"], other, [f"{OTHER}/24"])
        networks.route(peer, HOST)
        networks.route(other, "10.9.0.1")
        with networks.inside(host):
            for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                Path("/proc/sys/net", setting).write_text("1\n", encoding="ascii")
            yield Used(networks.machine(tmp_path), host, peer, other)


def forwarding(on: bool) -> None:
    """Let this host forward, or not."""
    for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        Path("/proc/sys/net", setting).write_text(f"{int(on)}\n", encoding="ascii")


def opening(ports: str, transport: str = "udp", sources: list[str] | None = None) -> dict[str, Any]:
    """An entry of `openings`."""
    return {"name": "kept", "transport": transport, "ports": ports, "sources": sources or ["0.0.0.0/0", "::/0"]}


CLOSED = nft_rules(policy())


@contextlib.contextmanager
def bound(kind: int, address: str, port: int, family: int = socket.AF_INET) -> Iterator[socket.socket]:
    """A socket of this process on an address and port; TCP's listens."""
    with socket.socket(family, kind) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((address, port))
        if kind == socket.SOCK_STREAM:
            held.listen()
        yield held


TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM

PLANNED = {"networks": ["10.1.0.0/24"], "source_nat": []}
#: What names the networks of this host's links, so that only what a test adds is lost.
NAMED = [permit("10.1.0.99", "10.9.0.99", "1"), permit("2001:db8:1::99", "2001:db8:9::1", "1")]
ROUTER = nft_rules(router(**PLANNED))
ROUTER_NAMED = nft_rules(router(**PLANNED, forward=NAMED))
