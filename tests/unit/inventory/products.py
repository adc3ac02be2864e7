# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory with the products and a profile of its own, to make mistakes in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.unit.inventory.mistakes import Ground
from tests.unit.networks import Network

#: A sound profile with every key that an exchange can have; each mistake is made in a copy of its own.
PROFILE: dict[str, Any] = {
    "title": "Gateway",
    "client_system": "linux",
    "mapped_ipv4": True,
    "settings": {
        "control_port": {"title": "Control", "default": 9220},
        "media": {"title": "Media", "kind": "ports", "default": "20000-20099"},
        "resolvers": {"title": "Resolvers", "kind": "addresses", "default": ["192.0.2.53"]},
    },
    "broadcast": {"response": "answer", "near_instruction": "It is found.", "far_instruction": "Enter {dial}."},
    "exchanges": [
        {
            "name": "control",
            "initiator": "client",
            "transport": "udp",
            "ports": "control_port",
            "kind": "request",
            "idle": 300,
            "with": "everyone",
            "purpose": "asks",
        },
        {
            "name": "answer",
            "initiator": "server",
            "transport": "udp",
            "source_ports": "control_port",
            "ports": "any",
            "part_of": "control",
            "only": "one_network",
            "purpose": "answers",
        },
        {
            "name": "alert",
            "initiator": "server",
            "transport": "udp",
            "source_ports": "control_port",
            "ports": "any",
            "kind": "alert",
            "rides_on": "control",
            "idle": 600,
            "optional": True,
            "purpose": "alerts",
        },
        {"name": "files", "initiator": "client", "transport": "tcp", "ports": 9221, "helper": "ftp", "purpose": "f"},
        {"name": "media", "initiator": "client", "transport": "udp", "ports": "media", "purpose": "sounds"},
        {
            "name": "names",
            "initiator": "server",
            "transport": "udp",
            "ports": 53,
            "with": "resolvers",
            "default": False,
            "purpose": "asks for names",
        },
    ],
    "instructions": ["{broadcast_instruction}"],
    "sources": [{"document": "test"}],
}
CONTROL, ANSWER, ALERT, FILES, NAMES = 0, 1, 2, 3, 5


def products() -> Network:
    """An office with a FaxPress, a mail server and a gateway behind NAT, their clients there and in another office."""
    return (
        Network(services={"gateway": copy.deepcopy(PROFILE)})
        .site("main", "10.1.0.0/24", gateway="router", public="198.51.100.10")
        .site("away", "10.2.0.0/24", gateway="away-router", public="203.0.113.20")
        .site("outside", "192.0.2.0/24")
        .offers("press", "main", "10.1.0.10", "faxpress", platform="unmanaged")
        .offers("mail", "main", "10.1.0.12", "communigate", exchanges=["imap", "sip_udp"])
        .offers("gateway", "main", "10.1.0.13", "gateway")
        .uses("pc", "main", "10.1.0.21", "faxpress", "press")
        .uses("reader", "away", "10.2.0.21", "communigate", "mail", exchanges=["imap"])
        .uses("caller", "away", "10.2.0.22", "gateway", "gateway", exchanges={"alert": False})
    )


def profile_of_its_own(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Network], object]:
    """A profile of its own, with something changed."""

    def make(net: Network) -> None:
        profile = copy.deepcopy(PROFILE)
        change(profile)
        net.services[name] = profile

    return make


#: Where mistakes with products are made; some of what they do there is warned of, too.
PRODUCTS = Ground(products, warned=True)
