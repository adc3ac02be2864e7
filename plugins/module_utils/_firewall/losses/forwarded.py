# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host forwards for whole networks: those it is connected to or has a route to, and bridges the filter sees.

A network behind the device of the default route is the outside, and nobody's in particular. Whether all of a network
is forwarded for is not asked: it is lost where the rules name it neither as a source nor as a destination.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import FORWARD, NOBODYS, Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet

_VERSIONS = (4, 6)


def networks(view: NetworkView, translated: Iterable[str]) -> Iterator[Use]:
    """The networks that this host forwards for now; `translated` are those whose source another table translates."""
    carrying = {link.name for link in view.links if view.has_somebody(link)}
    found: dict[str, set[str]] = {}
    for version in filter(view.forwards, _VERSIONS):
        outside = view.outside(version)
        for route in view.routes:
            there = route.network.version == version and not route.default and route.device not in outside
            if there and route.device in carrying:
                found.setdefault(str(route.network), set()).add(route.device)
    for network in translated:
        version = 6 if ":" in network else 4
        if view.forwards(version) and network not in found and not any(wider in found for wider in _wider(network)):
            found[network] = set()
    for network, devices in found.items():
        if not any(found.get(wider) == devices for wider in _wider(network)):
            yield _network(network, sorted(devices))


def _wider(network: str) -> Iterator[str]:
    """The networks that hold a network, the narrowest first: so many at most as an address has bits.

    A router may have thousands of routes: each looks for these among them, and at no other.
    """
    whole = ipaddress.ip_network(network)
    for length in range(whole.prefixlen - 1, -1, -1):
        yield str(whole.supernet(new_prefix=length))


def _network(network: str, devices: list[str]) -> Use:
    version = 6 if ":" in network else 4
    device = devices[0] if len(devices) == 1 else ""
    return Use(
        kind="network",
        hook=FORWARD,
        packets=(
            Packet(version, "", network, None, "", None, interface=device),
            Packet(version, "", "", None, network, None, out_interface=device),
        ),
        sources=(network,),
        detail="behind " + ", ".join(devices) if devices else "translated by another table",
    )


def bridges(view: NetworkView) -> Iterator[Use]:
    """Bridges whose ports talk to each other through the filter, one for each network on them.

    Of a bridge without an address, what is on it is not known: it counts as what no rule names by its address.
    """
    for version in _VERSIONS:
        for link in view.bridges(version):
            there = [
                str(route.network)
                for route in view.routes
                if route.device == link.name and route.network.version == version and not route.default
            ]
            for source, destination in [(network, network) for network in there] or [NOBODYS[version]]:
                packet = Packet(
                    version, "", source, None, destination, None, interface=link.name, out_interface=link.name
                )
                yield Use(
                    kind="bridge",
                    hook=FORWARD,
                    packets=(packet,),
                    sources=(source,) if there else (),
                    interface=link.name,
                    detail="bridge-nf-call-iptables shows it to the filter",
                )
