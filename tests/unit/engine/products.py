# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory with the products and a profile of its own, and what a mistake in it gives."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding, errors

from .networks import Network

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


class Mistake(NamedTuple):
    """One mistake, made on hosts, sites and profiles of its own, and the finding that it gives."""

    make: Callable[[Network], object]
    code: str
    host: str
    variable: str
    value: str
    cure: str


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


def told(net: Network) -> list[Finding]:
    """The errors, in the order of the run."""
    return errors(net.findings())


def check(mistake: Mistake) -> None:
    """Make one mistake in the sound inventory: it gives its one finding, and no plan."""
    net = products()
    mistake.make(net)
    (finding,) = told(net)
    assert finding.code == mistake.code, finding.text()
    assert (finding.host, finding.variable, finding.value) == (mistake.host, mistake.variable, mistake.value)
    assert mistake.cure in finding.cure
    assert finding.message
    assert net.planned().plan is None


def check_all(mistakes: Iterable[Mistake]) -> None:
    """Make all of them in one inventory: one run tells them all and nothing else, each on printable lines."""
    net, expected = products(), list(mistakes)
    for mistake in expected:
        mistake.make(net)
    found = sorted((finding.code, finding.host, finding.variable) for finding in told(net))
    assert found == sorted((mistake.code, mistake.host, mistake.variable) for mistake in expected)
    for finding in net.findings():
        for part in (finding.variable, finding.value, finding.message, finding.cure):
            assert part.isprintable(), finding
