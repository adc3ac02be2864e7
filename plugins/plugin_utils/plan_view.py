# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A written plan, read back for those who judge it: verify and report.

They start from the plan's files and not from the engine's objects, so that they share no code with what made them
and work where only the plan directory has been handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .addresses import Address, Prefix, parse_prefix
from .ports import PortRange, parse_ranges


@dataclass(frozen=True, slots=True)
class FlowView:
    """One flow of a plan; addresses are text, ``ports`` are destination ports."""

    id: str
    service: str
    exchange: str
    source: str
    destination: str
    version: int
    transport: str
    source_port: int | None
    ports: tuple[PortRange, ...]
    callback: bool
    enabled: bool
    dial: str
    arrives_from: str
    destination_address: str
    via: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class GatewayView:
    """A router of a site and the public addresses worn beyond it."""

    host: str
    public: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site: its networks (text), gateways inside out, and its realm for each IP version.

    Sites of one realm meet under their own addresses, without translation.
    """

    name: str
    networks: tuple[str, ...]
    gateways: tuple[GatewayView, ...]
    realms: Mapping[int, str]

    def public(self, version: int) -> str | None:
        """The address that the site wears outside its outermost gateway; None where nothing translates."""
        for gateway in reversed(self.gateways):
            for address in gateway.public:
                if version_of(address) == version:
                    return address
        return None


@dataclass(frozen=True, slots=True)
class HostView:
    """A host of a plan."""

    name: str
    site: str
    addresses: tuple[str, ...]
    roles: tuple[str, ...]
    system: str
    platform: str

    def address(self, version: int) -> str | None:
        """The host's own address of an IP version."""
        return next((address for address in self.addresses if version_of(address) == version), None)


@dataclass(frozen=True, slots=True)
class OpeningView:
    """Inbound traffic that a host takes apart from any flow: its management, or another service of its own."""

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]

    def takes(self, transport: str, port: int, source: Address) -> bool:
        """Whether a packet from *source* to *port* comes in through this opening."""
        return (
            transport == self.transport
            and any(item.low <= port <= item.high for item in self.ports)
            and any(network.holds(source) for network in self.sources)
        )


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan: hosts and sites by name, flows in the plan's order, the rest as it was written."""

    digest: str
    sites: Mapping[str, SiteView]
    hosts: Mapping[str, HostView]
    flows: tuple[FlowView, ...]
    offers: tuple[Mapping[str, Any], ...]
    uses: tuple[Mapping[str, Any], ...]
    openings: Mapping[str, tuple[OpeningView, ...]]
    findings: tuple[Mapping[str, Any], ...]

    def same_realm(self, one: str, other: str, version: int) -> bool:
        """Whether two hosts meet under their own addresses: in one site, or in sites of one realm."""
        first, second = self.hosts[one].site, self.hosts[other].site
        return first == second or self.sites[first].realms[version] == self.sites[second].realms[version]

    def dial(self, source: str, destination: str, version: int) -> str | None:
        """The address under which *source* meets *destination*; None when there is none of that IP version."""
        own = self.hosts[destination].address(version)
        if own is None or self.hosts[source].address(version) is None:
            return None
        if self.same_realm(source, destination, version):
            return own
        return self.sites[self.hosts[destination].site].public(version) or own

    def worn(self, source: str, destination: str, version: int) -> str | None:
        """The address under which packets of *source* arrive at *destination*'s realm."""
        own = self.hosts[source].address(version)
        if own is None or self.same_realm(source, destination, version):
            return own
        return self.sites[self.hosts[source].site].public(version) or own


def version_of(address: str) -> int:
    """The IP version of an address in text."""
    return 6 if ":" in address else 4


def view_plan(plan: Mapping[str, Any]) -> PlanView:
    """Return the view of a plan read from ``plan.json``."""
    purposes = {
        (service, exchange["name"]): f"{exchange['title']}: {exchange['purpose']}"
        for service, exchanges in plan["services"].items()
        for exchange in exchanges
    }
    return PlanView(
        digest=str(plan.get("digest", "")),
        sites={name: _site(name, site) for name, site in sorted(plan["sites"].items())},
        hosts={name: _host(name, host) for name, host in sorted(plan["hosts"].items())},
        flows=tuple(view_flow(flow, purposes[flow["service"], flow["exchange"]]) for flow in plan["flows"]),
        offers=tuple(plan["offers"]),
        uses=tuple(plan["uses"]),
        openings={name: tuple(view_opening(item) for item in items) for name, items in plan["openings"].items()},
        findings=tuple(plan["findings"]),
    )


def view_flow(flow: Mapping[str, Any], reason: str) -> FlowView:
    """Return the view of one flow of ``plan.json``; *reason* says what its exchange is for."""
    source_ports = flow.get("source_ports")
    return FlowView(
        id=flow["id"],
        service=flow["service"],
        exchange=flow["exchange"],
        source=flow["source"],
        destination=flow["destination"],
        version=flow["version"],
        transport=flow["transport"],
        source_port=parse_ranges(source_ports)[0].low if source_ports else None,
        ports=parse_ranges(flow["ports"]),
        callback=bool(flow["callback"]),
        enabled=bool(flow["enabled"]),
        dial=flow["dial"],
        arrives_from=flow["arrives_from"],
        destination_address=flow["destination_address"],
        via=tuple(flow.get("via", ())),
        reason=reason,
    )


def view_opening(opening: Mapping[str, Any]) -> OpeningView:
    """Return the view of one opening of ``plan.json``."""
    return OpeningView(
        name=str(opening.get("name", "")),
        transport=opening["transport"],
        ports=parse_ranges(opening["ports"]),
        sources=tuple(parse_prefix(source) for source in opening["sources"]),
    )


def _site(name: str, site: Mapping[str, Any]) -> SiteView:
    gateways = tuple(GatewayView(gateway["host"], tuple(gateway["public"])) for gateway in site["gateways"])
    return SiteView(name, tuple(site["networks"]), gateways, {4: site["realm"]["4"], 6: site["realm"]["6"]})


def _host(name: str, host: Mapping[str, Any]) -> HostView:
    return HostView(
        name=name,
        site=host["site"],
        addresses=tuple(host["addresses"]),
        roles=tuple(host["roles"]),
        system=str(host["system"] or ""),
        platform=str(host["platform"] or ""),
    )
