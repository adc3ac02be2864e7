# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""This host's interfaces, addresses and routes, as iproute2 lists them."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import Span, of_network

#: Ends of a bridge behind which a container or a virtual machine of this host is.
_GUESTS = frozenset(("veth", "tun", "tap", "netkit"))
_FAMILIES = {"inet": 4, "inet6": 6}


class Network(NamedTuple):
    """The network of an address: `text` as people write it, `span` its addresses, `own` the address itself."""

    version: int
    text: str
    span: Span
    own: str


class Interface(NamedTuple):
    """An interface with the networks of its addresses, link-local ones left out. `guests_alone`: a bridge of guests."""

    name: str
    kind: str
    networks: tuple[Network, ...]
    guests_alone: bool


def interfaces(machine: Machine) -> list[Interface]:
    """All interfaces of this host. Raises FirewallError when they cannot be listed."""
    listed = _json(machine, ["-d", "address", "show"])
    kinds = {link["ifname"]: (link.get("linkinfo") or {}).get("info_kind", "") for link in listed}
    strangers = {link.get("master") for link in listed if kinds[link["ifname"]] not in _GUESTS}
    return [
        Interface(
            link["ifname"],
            kinds[link["ifname"]],
            tuple(_networks(link.get("addr_info", ()))),
            kinds[link["ifname"]] == "bridge" and link["ifname"] not in strangers,
        )
        for link in listed
    ]


def _networks(addresses: Any) -> list[Network]:
    found = []
    for item in addresses:
        if item.get("family") in _FAMILIES and item.get("scope") == "global" and "local" in item:
            text = f"{item['local']}/{item['prefixlen']}"
            version, span = of_network(text)
            found.append(Network(version, text, span, item["local"]))
    return found


def is_local(machine: Machine, address: str) -> bool:
    """Whether packets to an address are this host's own: it has it, or a local route leads to it (`ip route local`)."""
    version, span = of_network(address)
    listed = _json(machine, [f"-{version}", "route", "show", "table", "local", "type", "local"])
    held = [of_network(route["dst"])[1] for route in listed if route.get("dst", "default") != "default"]
    return any(low <= span[0] <= high for low, high in held)


def routes(machine: Machine, version: int) -> list[tuple[Span, str]]:
    """Where packets go by the main table: pairs of the addresses and the interface, the narrowest first."""
    found = []
    for route in _json(machine, [f"-{version}", "route", "show", "table", "main"]):
        text = route["dst"] if route["dst"] != "default" else ("0.0.0.0/0" if version == 4 else "::/0")
        ways = [route, *route.get("nexthops", ())]
        found += [(of_network(text)[1], way["dev"]) for way in ways if "dev" in way]
    return sorted(found, key=lambda item: item[0][1] - item[0][0])


def default_routes_by_advertisement(machine: Machine) -> list[str]:
    """Interfaces over which the kernel's IPv6 default route goes that router advertisements brought."""
    found = _json(machine, ["-6", "route", "show", "default"])
    return sorted({route["dev"] for route in found if route.get("protocol") == "ra" and "dev" in route})


def _json(machine: Machine, words: list[str]) -> list[dict[str, Any]]:
    ip = machine.program("ip", "install the package iproute2")
    ran = machine.run([ip, "-j", *words], None)
    try:
        found: list[dict[str, Any]] = json.loads(ran.out.strip() or "[]")
    except ValueError:
        found = []
        ran = ran._replace(code=ran.code or 1)
    if ran.code != 0:
        raise FirewallError(
            f"ip -j {' '.join(words)} does not list this host's network, nothing was changed: "
            f"{(ran.err or ran.out).strip()[:200]}; install iproute2 4.18 or later"
        )
    # An entry that is left out of a listing is an empty object.
    return [item for item in found if item]
