# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the routers of a site let out that stand beyond one that translates.

Everybody behind the inner router wears its address there, so what one of them may send, all can.
"""

from __future__ import annotations

from collections import defaultdict

from ..basics.addresses import Prefix, parse_address
from ..plan_files.view import FlowView, PlanView, version_of
from .guards import Guards
from .port_permissions import PortPermissions, may_come_from

#: A router, the address that a packet wears at it, and the transport.
_At = tuple[str, str, str]


class OuterRouters:
    """The routers of one plan that meet translated packets on their way out, with the flows that pass them."""

    def __init__(self, view: PlanView, guards: Guards) -> None:
        self._view = view
        self._guards = guards
        self._worn: dict[tuple[str, int], tuple[tuple[str, str], ...]] = {}
        self._flows: dict[_At, dict[str, PortPermissions]] = defaultdict(lambda: defaultdict(PortPermissions))
        self._networks: dict[_At, dict[str, Prefix]] = defaultdict(dict)

    def add(self, flow: FlowView) -> None:
        """Take in a flow that a host starts."""
        for router, worn in self._met(flow.source, flow.version):
            at = (router, worn, flow.transport)
            for dial, dialled in zip(flow.dial.split(", "), flow.receivers, strict=True):
                self._flows[at][dial].add(flow, inner=False)
                if dialled.length < (32 if flow.version == 4 else 128):
                    self._networks[at][dial] = dialled

    def hold_back(
        self, sender: str, holder: str, dial: str, transport: str, port: int, source_port: int | None
    ) -> bool:
        """Whether one of them lets out nothing like a packet of *sender* that *holder* is to get."""
        shared = {holder, *self._guards.further_out(holder)}
        return any(
            router not in shared
            # Who keeps no state takes a datagram for an answer.
            and not (transport == "udp" and router in self._guards.stateless)
            and self._guards.lets_only_flows_out(router)
            and not self._takes_for_a_flow((router, worn, transport), dial, port, source_port)
            and not self._guards.passes_management(router, worn, dial, transport, port)
            for router, worn in self._met(sender, version_of(dial))
        )

    def _takes_for_a_flow(self, at: _At, dial: str, port: int, source_port: int | None) -> bool:
        if at not in self._flows:
            return False
        address = parse_address(dial)
        dialled = [dial, *(text for text, network in self._networks[at].items() if network.holds(address))]
        return any(
            may_come_from(permission.source_ports, source_port)
            for text in dialled
            if text in self._flows[at]
            for permission in self._flows[at][text].at(port)
        )

    def _met(self, host: str, version: int) -> tuple[tuple[str, str], ...]:
        """The routers with rules that a host's packets meet translated, each with the address that they wear there."""
        site = self._view.hosts[host].site
        found = self._worn.get((site, version))
        if found is None:
            found = self._worn[site, version] = tuple(self._beyond(site, version))
        further = self._guards.further_out(host) if found else ()
        return tuple((router, worn) for router, worn in found if router in further)

    def _beyond(self, site: str, version: int) -> list[tuple[str, str]]:
        found, worn = [], ""
        for index, gateway in enumerate(self._view.sites[site].gateways):
            if worn and self._guards.refuses(gateway.host):
                found.append((gateway.host, worn))
            worn = self._guards.worn_beyond(site, index, version) or worn
        return found
