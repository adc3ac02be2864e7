# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan written by hand, with flows of every kind: what verify and report must understand, whatever makes it.

Two offices behind NAT routers, a FaxPress and a Kerio server in one, a public CommuniGate Pro server with a stateless
branch beside it, and on the Internet a stranger, a DNS server that is no host, and somebody else's SIP trunk.
"""

from __future__ import annotations

import copy
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import PLATFORMS
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.networks import FIXED
from tests.unit.verification.offices import Answer, results_of, source_of

ANYWHERE = "0.0.0.0/0"
EVERY_PORT = "1-65535"
MEDIA = "60000-60999"

SITES = {
    "branch": (["10.3.0.0/24"], [("br-router", ["203.0.113.30"])]),
    "elsewhere": (["192.0.2.0/25"], []),
    "florida": (["10.1.0.0/24"], [("fl-router", ["198.51.100.10"])]),
    "sheffield": (["10.2.0.0/24"], [("uk-router", ["203.0.113.20"])]),
    "trunks": (["192.0.2.128/25"], []),
}

HOSTS = {
    "br-cgp": ("branch", "10.3.0.12", ["server"], "nftables"),
    "br-router": ("branch", "10.3.0.1", ["router"], "nftables"),
    "fl-kerio": ("florida", "10.1.0.11", ["server"], "nftables"),
    "fl-pc1": ("florida", "10.1.0.21", ["client"], "nftables"),
    "fl-pc2": ("florida", "10.1.0.22", ["client"], "nftables_stateless"),
    "fl-press": ("florida", "10.1.0.10", ["server"], "nftables"),
    "fl-router": ("florida", "10.1.0.1", ["router"], "nftables"),
    "stranger": ("elsewhere", "192.0.2.66", ["endpoint"], "nftables"),
    "trunk": ("trunks", "192.0.2.200", ["endpoint"], "unmanaged"),
    "uk-pc1": ("sheffield", "10.2.0.21", ["client"], "nftables"),
    "uk-router": ("sheffield", "10.2.0.1", ["router"], "nftables"),
}


def _exchange(name: str, title: str, initiator: str, transport: str, ports: str, kind: str) -> dict[str, Any]:
    purpose = f"what {title} is for"
    found = {"name": name, "title": title, "initiator": initiator, "transport": transport, "ports": ports}
    return found | {"kind": kind, "purpose": purpose, "optional": False}


SERVICES = {
    "communigate": [
        _exchange("smtp", "SMTP", "client", "tcp", "smtp_port", "listener"),
        _exchange("media_udp", "media", "client", "udp", "media_udp", "media"),
        _exchange("dns_udp", "DNS", "server", "udp", "53", "request"),
        _exchange("smtp_out", "SMTP outward", "server", "tcp", "25", "listener"),
    ],
    "faxpress": [
        _exchange("request", "requests", "client", "udp", "4644", "request"),
        _exchange("alert", "FaxAlert", "server", "udp", "any", "alert"),
    ],
    "kerio_control": [
        _exchange("admin", "administration", "client", "tcp", "admin_port", "login"),
        _exchange("log", "log channel", "client", "udp", "admin_port", "log_channel"),
    ],
}


def flow(exchange: str, ends: str, transport: str, ports: str, way: str, **more: Any) -> dict[str, Any]:
    """One flow of a plan; *ends* is ``source>destination``, *way* the four addresses that it wears, in order."""
    service, _dot, name = exchange.partition(".")
    source, _arrow, destination = ends.partition(">")
    found: dict[str, Any] = {"id": f"{exchange}/{ends}", "service": service, "exchange": name}
    found |= {"source": source, "destination": destination, "version": 4, "transport": transport, "ports": ports}
    found |= {"source_ports": None, "idle": None, "helper": None, "carried_by": None, "callback": False}
    found |= {"enabled": True, "via": []}
    found |= dict(zip(("source_address", "dial", "arrives_from", "destination_address"), way.split(), strict=True))
    return found | more


LOCAL = "10.1.0.21 10.1.0.10 10.1.0.21 10.1.0.10"
FLOWS = [
    flow("faxpress.request", "fl-pc1>fl-press", "udp", "4644", LOCAL),
    flow("faxpress.alert", "fl-press>fl-pc1", "udp", EVERY_PORT, "10.1.0.10 10.1.0.21 10.1.0.10 10.1.0.21")
    | {"source_ports": "4644"},
    flow("faxpress.request", "fl-pc2>fl-press", "udp", "4644", LOCAL.replace(".21", ".22")),
    flow("faxpress.alert", "fl-press>fl-pc2", "udp", EVERY_PORT, "10.1.0.10 10.1.0.22 10.1.0.10 10.1.0.22")
    | {"source_ports": "4644", "enabled": False},
    flow("faxpress.request", "uk-pc1>fl-press", "udp", "4644", "10.2.0.21 198.51.100.10 203.0.113.20 10.1.0.10")
    | {"idle": 432000, "via": ["uk-router", "fl-router"]},
    flow("faxpress.alert", "fl-press>uk-pc1", "udp", EVERY_PORT, "10.1.0.10 203.0.113.20 198.51.100.10 10.2.0.21")
    | {"source_ports": "4644", "carried_by": "faxpress.request/uk-pc1>fl-press", "via": ["fl-router", "uk-router"]},
    flow("kerio_control.admin", "uk-pc1>fl-kerio", "tcp", "44333", "10.2.0.21 198.51.100.10 203.0.113.20 10.1.0.11")
    | {"via": ["uk-router", "fl-router"]},
    flow("kerio_control.log", "uk-pc1>fl-kerio", "udp", "44333", "10.2.0.21 198.51.100.10 203.0.113.20 10.1.0.11")
    | {"idle": 7200, "via": ["uk-router", "fl-router"]},
    flow("communigate.smtp", "internet>br-cgp", "tcp", "25", f"{ANYWHERE} 203.0.113.30 {ANYWHERE} 10.3.0.12")
    | {"via": ["br-router"]},
    flow("communigate.media_udp", "internet>br-cgp", "udp", MEDIA, f"{ANYWHERE} 203.0.113.30 {ANYWHERE} 10.3.0.12")
    | {"via": ["br-router"]},
    flow("communigate.dns_udp", "br-cgp>192.0.2.153", "udp", "53", "10.3.0.12 192.0.2.153 203.0.113.30 192.0.2.153")
    | {"via": ["br-router"]},
    flow("communigate.smtp_out", "br-cgp>internet", "tcp", "25", f"10.3.0.12 {ANYWHERE} 203.0.113.30 {ANYWHERE}")
    | {"via": ["br-router"]},
]


def products() -> dict[str, Any]:
    """Return the plan document, to be changed at will."""
    sites = {
        name: {
            "networks": networks,
            "gateways": [{"host": host, "public": public, **FIXED} for host, public in gateways],
            "realm": {"4": name if gateways else "internet", "6": "internet"},
        }
        for name, (networks, gateways) in SITES.items()
    }
    hosts = {
        name: {
            "site": site,
            "addresses": [address],
            "roles": roles,
            "system": None,
            "platform": platform,
            "stance": "exclusive",
        }
        for name, (site, address, roles, platform) in HOSTS.items()
    }
    ssh = {"name": "ssh", "transport": "tcp", "ports": "22", "sources": ["10.0.0.0/8"]}
    document = {"format": 1, "sites": sites, "hosts": hosts, "services": SERVICES, "offers": [], "uses": []}
    document |= {"platforms": {name: platform.traits.as_dict() for name, platform in PLATFORMS.items()}}
    document |= {"management": {name: [ssh] for name in hosts}, "openings": {}, "forward_permits": {}}
    routers = {gateway["host"] for site in sites.values() for gateway in site["gateways"]}
    document |= {"routers": {name: {"outbound": "any", "management": []} for name in sorted(routers)}}
    document |= {"accepted_losses": {}, "findings": [], "flows": FLOWS, "digest": "0" * 64}
    return copy.deepcopy(document)


def router_slices(plan: dict[str, Any], *, shut: str = "") -> dict[str, dict[str, Any]]:
    """Return of each router's slice what verify asks for; *shut*: the one that lets nothing but flows out."""
    gateways = {gateway["host"] for site in plan["sites"].values() for gateway in site["gateways"]}
    return {name: {"policy": {"outbound": "flows" if name == shut else "any", "forward": []}} for name in gateways}


def products_report(plan: dict[str, Any], answer: Answer | None, **changes: Any) -> Report:
    """Return the report of a plan in a network that answers so; *changes* are of each host's result document."""
    slices = router_slices(plan)
    expects = expectations(plan, slices)
    results = {} if answer is None else results_of(plan, expects, answer, notify=False)
    return make_report(source_of(plan, {}, expects, {host: {**result, **changes} for host, result in results.items()}))
