# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A written plan, read back for those who judge it: verify and report.

They start from the plan's files and not from the engine's objects, so that they share no code with what made them
and work where only the plan directory has been handed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from ..basics.addresses import Address, Prefix, parse_prefix
from ..basics.ports import FIRST_PORT, LAST_PORT, PortRange, parse_ranges
from ..basics.protocols import matches
from ..inventory.intent import EXCLUSIVE
from ..platforms.platform import Traits

#: An end of a flow that is no host: everybody. The other kind of end without a host is an address or network in text.
INTERNET = "internet"

_EVERY_PORT = (PortRange(FIRST_PORT, LAST_PORT),)


class FlowView(NamedTuple):
    """One flow of a plan; addresses are text.

    A NamedTuple, for a plan has a hundred thousand, and a frozen dataclass costs thrice as much.

    Attributes:
        source, destination: a host, :data:`INTERNET`, or an address or network.
        source_ports: the sender's ports; empty where any will do.
        ports: destination ports.
        callback: it goes to ports that the client reports to its server.
        from_server: the server starts it: a call-back, an alert, or its own way out.
        kind: the exchange's kind (``login``, ``alert``, ``media``, ...).
        dial, arrives_from, destination_address: an address; a prefix where the end is the Internet; addresses and
            prefixes with commas between where it is a public address that changes, or several machines.
        reason: what the exchange is for.
        idle: seconds that devices on the way keep the connection though nothing passes; None leaves it to them.
        helper: connection-tracking helper that it needs; empty where it needs none.
        carried_by: id of the flow whose mapping it passes through, having no rule of its own; empty where it has rules.
    """

    id: str
    service: str
    exchange: str
    source: str
    destination: str
    version: int
    transport: str
    source_ports: tuple[PortRange, ...]
    ports: tuple[PortRange, ...]
    callback: bool
    from_server: bool
    kind: str
    enabled: bool
    dial: str
    arrives_from: str
    destination_address: str
    via: tuple[str, ...]
    reason: str
    idle: int | None
    helper: str
    carried_by: str

    @property
    def source_port(self) -> int | None:
        """A port that the sender may use; None where any will do."""
        return self.source_ports[0].low if self.source_ports else None

    @property
    def senders(self) -> tuple[Prefix, ...]:
        """The networks that its packets arrive from."""
        return tuple(map(parse_prefix, self.arrives_from.split(", ")))

    @property
    def receivers(self) -> tuple[Prefix, ...]:
        """The networks that its packets are sent to: of one address, or several machines."""
        return tuple(map(parse_prefix, self.dial.split(", ")))

    @property
    def dialled(self) -> str:
        """An address that its packets are sent to: of several machines the first; empty where all are networks."""
        first = self.dial.partition(", ")[0]
        return "" if "/" in first else first

    @property
    def is_dialled(self) -> bool:
        """Whether there is one address that its packets are sent to."""
        return "/" not in self.dial and ", " not in self.dial

    @property
    def to_any_port(self) -> bool:
        """Whether the receiving side chooses the port."""
        return self.ports == _EVERY_PORT


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """What a flow takes from its exchange; ``reason`` says what it is for."""

    initiator: str
    kind: str
    reason: str

    @classmethod
    def of(cls, exchange: Mapping[str, Any]) -> ExchangeView:
        """Return the view of one exchange of ``plan.json``."""
        return cls(exchange["initiator"], exchange["kind"], f"{exchange['title']}: {exchange['purpose']}")


@dataclass(frozen=True, slots=True)
class GatewayView:
    """A router of a site.

    Attributes:
        public: the fixed public addresses worn beyond it.
        outside: what it has itself there, where another device translates that one to one.
        dynamic: whether its public IPv4 address changes.
        public_networks: the networks where that one always lies; empty where nobody says.
    """

    host: str
    public: tuple[str, ...]
    outside: tuple[str, ...] = ()
    dynamic: bool = False
    public_networks: tuple[str, ...] = ()

    @property
    def worn(self) -> tuple[str, ...]:
        """What is worn beyond it, in words that fit where an address does."""
        return ("changing address", *self.public) if self.dynamic else self.public

    @property
    def about(self) -> str:
        """What else is to be said of that; empty for fixed addresses of its own."""
        said = []
        if self.dynamic:
            where = f"in {', '.join(self.public_networks)}" if self.public_networks else "anywhere"
            said.append(f"the address changes, {where}")
        if self.outside:
            said.append(f"translated one to one: the router itself has {', '.join(self.outside)}")
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site: its networks (text), its gateways inside out, and its realm by IP version.

    Attributes:
        within: the site that it is nested in, whose gateways are the last ones of its own; empty for none.
        mapped_as: networks that a VPN maps one to one towards the other sites of the realm, and what they are there.
    """

    name: str
    networks: tuple[str, ...]
    gateways: tuple[GatewayView, ...]
    realms: Mapping[str, str]
    within: str = ""
    mapped_as: Mapping[str, str] = field(default_factory=dict)

    def realm(self, version: int) -> str:
        """Its realm of an IP version: sites in one realm meet each other under their own addresses.

        One whose networks are mapped is a realm of its own.
        """
        return f"site {self.name}" if self.mapped_as and version == 4 else self.met_in(version)

    def met_in(self, version: int) -> str:
        """The realm in which other sites meet it without the Internet, under whatever addresses."""
        return self.realms[str(version)]


@dataclass(frozen=True, slots=True)
class HostView:
    """A host of a plan.

    Attributes:
        stands_for: where one name stands for several machines, all of their addresses and networks.
        dns_names: by which its addresses were found when planning.
    """

    name: str
    site: str
    addresses: tuple[str, ...]
    roles: tuple[str, ...]
    system: str
    platform: str
    traits: Traits
    stance: str
    stands_for: tuple[str, ...] = ()
    dns_names: tuple[str, ...] = ()

    @property
    def met_at(self) -> tuple[str, ...]:
        """Its addresses; of several machines, all that the name stands for."""
        return self.stands_for or self.addresses

    @property
    def refuses(self) -> bool:
        """Whether it holds rules and refuses what they do not name."""
        return self.traits.holds_rules and self.stance == EXCLUSIVE

    def address(self, version: int) -> str | None:
        """The host's own address of an IP version."""
        return next((address for address in self.addresses if version_of(address) == version), None)


@dataclass(frozen=True, slots=True)
class OpeningView:
    """Inbound traffic that a host takes apart from any flow: its management, or another service of its own.

    Attributes:
        ports: empty where the protocol has none, or is any.
    """

    name: str
    transport: str
    ports: tuple[PortRange, ...]
    sources: tuple[Prefix, ...]

    def takes(self, transport: str, port: int, source: Address) -> bool:
        """Whether a packet from *source* to *port* comes in through this opening."""
        return (
            matches(self.transport, transport)
            and (not self.ports or any(item.low <= port <= item.high for item in self.ports))
            and any(network.holds(source) for network in self.sources)
        )


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan: hosts and sites by name, flows in the plan's order, the rest as it was written.

    Attributes:
        management, permits: what each host lets in apart from any flow; hosts that permit nothing are in none.
        routers: what each router lets through whatever flows there are: outward, and for management.
        forward_permits: what each router carries besides; only those that carry something.
        accepted_losses: what in use may stop by its owner's word; only hosts for which something may.
    """

    digest: str
    services: Mapping[str, Sequence[Mapping[str, Any]]]
    sites: Mapping[str, SiteView]
    hosts: Mapping[str, HostView]
    flows: tuple[FlowView, ...]
    offers: tuple[Mapping[str, Any], ...]
    uses: tuple[Mapping[str, Any], ...]
    management: Mapping[str, tuple[OpeningView, ...]]
    permits: Mapping[str, tuple[OpeningView, ...]]
    routers: Mapping[str, Mapping[str, Any]]
    forward_permits: Mapping[str, Sequence[Mapping[str, Any]]]
    accepted_losses: Mapping[str, Sequence[Mapping[str, Any]]]
    findings: tuple[Mapping[str, Any], ...]
    gateways: frozenset[str]

    def outermost(self, site: str) -> str:
        """The site in which one is nested, however deep; the site itself where it is in none."""
        while self.sites[site].within:
            site = self.sites[site].within
        return site

    def openings(self, host: str) -> tuple[OpeningView, ...]:
        """What a host lets in apart from any flow: whoever administers it, then what it permits."""
        return (*self.management.get(host, ()), *self.permits.get(host, ()))


def version_of(address: str) -> int:
    """The IP version of an address in text."""
    return 6 if ":" in address else 4


def view_plan(plan: Mapping[str, Any]) -> PlanView:
    """Return the view of a plan read from ``plan.json``."""
    exchanges = {
        (service, exchange["name"]): ExchangeView.of(exchange)
        for service, listed in plan["services"].items()
        for exchange in listed
    }
    traits = {name: Traits.of(data) for name, data in plan["platforms"].items()}
    sites = {name: _site(name, site) for name, site in sorted(plan["sites"].items())}
    return PlanView(
        digest=str(plan.get("digest", "")),
        services=plan["services"],
        sites=sites,
        hosts={name: _host(name, host, traits) for name, host in sorted(plan["hosts"].items())},
        flows=tuple(view_flow(flow, exchanges[flow["service"], flow["exchange"]]) for flow in plan["flows"]),
        offers=tuple(plan["offers"]),
        uses=tuple(plan["uses"]),
        management=_openings(plan["management"]),
        permits=_openings(plan["openings"]),
        routers=plan["routers"],
        forward_permits=plan["forward_permits"],
        accepted_losses=plan["accepted_losses"],
        findings=tuple(plan["findings"]),
        gateways=frozenset(gateway.host for site in sites.values() for gateway in site.gateways),
    )


def view_flow(flow: Mapping[str, Any], exchange: ExchangeView) -> FlowView:
    """Return the view of one flow of ``plan.json``, which comes from *exchange*."""
    source_ports = flow.get("source_ports")
    return FlowView(
        id=flow["id"],
        service=flow["service"],
        exchange=flow["exchange"],
        source=flow["source"],
        destination=flow["destination"],
        version=flow["version"],
        transport=flow["transport"],
        source_ports=_ranges(source_ports) if source_ports else (),
        ports=_ranges(flow["ports"]),
        callback=bool(flow["callback"]),
        from_server=exchange.initiator == "server",
        kind=exchange.kind,
        enabled=bool(flow["enabled"]),
        dial=flow["dial"],
        arrives_from=flow["arrives_from"],
        destination_address=flow["destination_address"],
        via=tuple(flow.get("via", ())),
        reason=exchange.reason,
        idle=flow.get("idle"),
        helper=flow.get("helper") or "",
        carried_by=flow.get("carried_by") or "",
    )


def view_opening(opening: Mapping[str, Any]) -> OpeningView:
    """Return the view of one opening of ``plan.json``."""
    return _opening(str(opening.get("name", "")), opening["transport"], opening["ports"], tuple(opening["sources"]))


# A plan has tens of thousands of flows and openings, and few different ones: what is equal is read once and shared.
@lru_cache(maxsize=4096)
def _ranges(text: str) -> tuple[PortRange, ...]:
    return parse_ranges(text)


@lru_cache(maxsize=4096)
def _opening(name: str, transport: str, ports: str | None, sources: tuple[str, ...]) -> OpeningView:
    named = () if ports is None else parse_ranges(ports)
    return OpeningView(name, transport, named, tuple(parse_prefix(source) for source in sources))


def _openings(openings: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[OpeningView, ...]]:
    return {name: tuple(map(view_opening, items)) for name, items in openings.items()}


def _site(name: str, site: Mapping[str, Any]) -> SiteView:
    gateways = tuple(
        GatewayView(
            gateway["host"],
            tuple(gateway["public"]),
            tuple(gateway["outside"]),
            gateway["dynamic"],
            tuple(gateway["public_networks"]),
        )
        for gateway in site["gateways"]
    )
    return SiteView(
        name, tuple(site["networks"]), gateways, site["realm"], site.get("within", ""), site.get("mapped_as", {})
    )


def _host(name: str, host: Mapping[str, Any], traits: Mapping[str, Traits]) -> HostView:
    return HostView(
        name=name,
        site=host["site"],
        addresses=tuple(host["addresses"]),
        roles=tuple(host["roles"]),
        system=str(host["system"] or ""),
        platform=host["platform"],
        traits=traits[host["platform"]],
        stance=host["stance"],
        stands_for=tuple(host.get("stands_for", ())),
        dns_names=tuple(host.get("dns_names", ())),
    )
