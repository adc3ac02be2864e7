# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes besides the flows, from a plan's files: into hosts, through routers, and outward; and what may be lost.

Hosts and routers of which the same is true share an entry, and protocols of one permit do. All of it is found in one
pass over hosts, routers and their permits: whose permit a router carries is looked up by address.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from ..basics.addresses import Prefix, collapse, parse_address, parse_prefix
from ..basics.ports import merge_ranges, parse_ranges, ports_text
from ..plan_files.view import OpeningView, PlanView, SiteView

MANAGEMENT = "faxnet_management"
PERMITS = "faxnet_permits"
FORWARD_PERMITS = "faxnet_forward_permits"

#: How names begin of what routers carry for the permits of hosts beyond them.
_CARRIED = "permit/"


class Service(NamedTuple):
    """A protocol, and its ports as text; empty where it has none, and for any protocol."""

    protocol: str
    ports: str


@dataclass(frozen=True, slots=True)
class LetIn:
    """What hosts let in apart from flows.

    Attributes:
        hosts: all of which this is true.
        variable: where it was said.
        sources: networks that may.
    """

    hosts: tuple[str, ...]
    variable: str
    name: str
    services: tuple[Service, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What routers carry apart from flows, by the addresses that they see.

    Attributes:
        routers: all of which this is true.
        variable: where it was said: by the router itself, or by the hosts that it is carried for.
        sources, destinations, from_interfaces, to_interfaces: empty for any.
        both_directions: whether the far end may start it as well.
        only_translated: whether only packets pass whose destination that router translates, by whose rules ever.
        carried_for: the hosts whose permit it is.
    """

    routers: tuple[str, ...]
    variable: str
    name: str
    services: tuple[Service, ...]
    sources: tuple[str, ...]
    from_interfaces: tuple[str, ...]
    destinations: tuple[str, ...]
    to_interfaces: tuple[str, ...]
    both_directions: bool = False
    only_translated: bool = False
    carried_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outward:
    """What the networks behind a router may start outward, and what they wear beyond it.

    Attributes:
        sites: the sites that it is a router of.
        outbound: ``any``: anything; ``flows``: what a flow names, and what is carried; ``unknown``: it holds no rules.
        worn: empty where it translates nothing.
    """

    router: str
    sites: tuple[str, ...]
    outbound: str
    stance: str
    worn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptedLosses:
    """What in use on hosts may stop by their owner's word; a loss is as the plan holds it."""

    hosts: tuple[str, ...]
    loss: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlsoOpen:
    """All of it; *stances*: how many hosts have each, and how many hold no rules; *without_rules*: which those are."""

    let_in: tuple[LetIn, ...]
    carried: tuple[Carried, ...]
    outward: tuple[Outward, ...]
    accepted_losses: tuple[AcceptedLosses, ...]
    stances: Mapping[str, int]
    without_rules: tuple[str, ...]

    def members(self) -> Iterator[tuple[str, Any]]:
        """The members of report.json that say it."""
        yield "stances", dict(self.stances)
        yield "without_rules", self.without_rules
        for key in ("let_in", "carried", "outward", "accepted_losses"):
            yield key, (asdict(item, dict_factory=_plain) for item in getattr(self, key))


def _plain(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """One entry as JSON has it: a service is a mapping as well."""
    return {key: [service._asdict() for service in value] if key == "services" else value for key, value in items}


def also_open(view: PlanView) -> AlsoOpen:
    """Return what passes besides the flows of a plan."""
    stances: dict[str, int] = {}
    without_rules = []
    for name, host in view.hosts.items():
        if host.traits.holds_rules:
            stances[host.stance] = stances.get(host.stance, 0) + 1
        else:
            without_rules.append(name)
    return AlsoOpen(
        tuple(_let_in(view)),
        (*_forward_permits(view), *_management(view)),
        tuple(_outward(view)),
        tuple(_accepted_losses(view)),
        dict(sorted(stances.items())),
        tuple(without_rules),
    )


def _let_in(view: PlanView) -> Iterator[LetIn]:
    found: dict[tuple[str, tuple[OpeningView, ...]], list[str]] = defaultdict(list)
    for variable, held in ((MANAGEMENT, view.management), (PERMITS, view.permits)):
        for host, openings in held.items():
            found[variable, openings].append(host)
    alike: dict[tuple[str, str, tuple[Service, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for (variable, openings), hosts in found.items():
        entries: dict[tuple[str, tuple[Prefix, ...]], list[OpeningView]] = defaultdict(list)
        for opening in openings:
            entries[opening.name, opening.sources].append(opening)
        for (name, sources), of_entry in entries.items():
            services = _services((opening.transport, ports_text(opening.ports)) for opening in of_entry)
            alike[variable, name, services, _texts(sources)] += hosts
    for (variable, name, services, starts), hosts in alike.items():
        yield LetIn(tuple(hosts), variable, name, services, starts)


def _services(found: Iterable[tuple[str, str]]) -> tuple[Service, ...]:
    """Services in the order in which they were named, each protocol once."""
    ports: dict[str, list[str]] = {}
    for protocol, listed in found:
        ports.setdefault(protocol, []).extend([listed] if listed else [])
    merged = {
        protocol: ports_text(merge_ranges(item for text in dict.fromkeys(listed) for item in parse_ranges(text)))
        for protocol, listed in ports.items()
    }
    return tuple(Service(protocol, text) for protocol, text in merged.items())


def _texts(networks: Iterable[Prefix]) -> tuple[str, ...]:
    return tuple(network.text for network in collapse(networks))


class _Way(NamedTuple):
    """From where to where something is carried."""

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    from_interfaces: tuple[str, ...]
    to_interfaces: tuple[str, ...]

    @property
    def back(self) -> _Way:
        return _Way(self.destinations, self.sources, self.to_interfaces, self.from_interfaces)


def _forward_permits(view: PlanView) -> Iterator[Carried]:
    """What each router carries by its own word, and for the permits of others; those that say the same share it."""
    permitting = _Permitting(view)
    alike: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for router, permits in view.forward_permits.items():
        entries: dict[tuple[str, _Way, bool], list[tuple[str, str]]] = defaultdict(list)
        for item in permits:
            way = _Way(*(tuple(item[key]) for key in _Way._fields))
            entries[item["name"], way, item["translated"]].append((item["transport"], item["ports"] or ""))
        services = {key: _services(found) for key, found in entries.items()}
        told: set[tuple[str, _Way, bool]] = set()
        for key, of_entry in services.items():
            name, way, translated = key
            back = (name, way.back, translated)
            if back in told:
                continue
            both = not translated and services.get(back) == of_entry and (back != key or _is_twice(entries[key]))
            told.update({key} if both else ())
            hosts: tuple[str, ...] = ()
            if name.startswith(_CARRIED):
                hosts = permitting.hosts(router, name.removeprefix(_CARRIED), tuple(entries[key]), way.destinations)
            alike[name, of_entry, way, both, translated, hosts].append(router)
    for (name, of_entry, way, both, translated, hosts), routers in alike.items():
        variable = PERMITS if name.startswith(_CARRIED) else FORWARD_PERMITS
        yield Carried(
            tuple(routers),
            variable,
            name.removeprefix(_CARRIED),
            of_entry,
            way.sources,
            way.from_interfaces,
            way.destinations,
            way.to_interfaces,
            both,
            translated,
            hosts,
        )


def _is_twice(services: Sequence[tuple[str, str]]) -> bool:
    """Whether a way that leads back to where it came from was named in both directions."""
    return len(services) > len(set(services))


def _management(view: PlanView) -> Iterator[Carried]:
    """What each router lets through for those who administer hosts beyond it."""
    for router, said in view.routers.items():
        ends: dict[tuple[str, str, str], list[Prefix]] = defaultdict(list)
        for item in said["management"]:
            ends[item["transport"], item["ports"], item["source"]].append(parse_prefix(item["destination"]))
        sources: dict[tuple[tuple[str, ...], str, str], list[Prefix]] = defaultdict(list)
        for (transport, ports, source), destinations in ends.items():
            sources[_texts(destinations), transport, ports].append(parse_prefix(source))
        alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[str, str]]] = defaultdict(list)
        for (to, transport, ports), starts in sources.items():
            alike[_texts(starts), to].append((transport, ports))
        for (start, to), found in alike.items():
            yield Carried((router,), MANAGEMENT, "management", _services(found), start, (), to, ())


class _Permitting:
    """Which hosts have a permit, by its words, their realm and their address."""

    def __init__(self, view: PlanView) -> None:
        self._hosts: dict[tuple[str, str, str, int, str], list[tuple[int, str]]] = defaultdict(list)
        self._realms: dict[str, set[tuple[int, str]]] = defaultdict(set)
        # Routers of one realm that carry a permit to the same hosts share the list of them.
        self._known: dict[tuple[Any, ...], tuple[str, ...]] = {}
        public: dict[str, list[str]] = defaultdict(list)
        for site in view.sites.values():
            for gateway in site.gateways:
                self._realms[gateway.host].update((version, site.realm(version)) for version in (4, 6))
                public[gateway.host] += gateway.public
        for name, openings in view.permits.items():
            host = view.hosts[name]
            site = view.sites[host.site]
            for opening in openings:
                ports = ports_text(opening.ports)
                for text in (*host.addresses, *public.get(name, ())):
                    address = parse_address(text)
                    key = (opening.name, opening.transport, ports, address.version, site.realm(address.version))
                    self._hosts[key].append((address.value, name))
        for held in self._hosts.values():
            held.sort()

    def hosts(
        self, router: str, name: str, services: tuple[tuple[str, str], ...], destinations: tuple[str, ...]
    ) -> tuple[str, ...]:
        """The hosts that a router carries a permit for, as their addresses are in *destinations*."""
        realms = tuple(sorted(self._realms[router]))
        key = (realms, name, services, destinations)
        if key not in self._known:
            found = {
                host
                for network in map(parse_prefix, destinations)
                for version, realm in realms
                if version == network.version
                for protocol, ports in services
                for host in self._between((name, protocol, ports, version, realm), network)
            }
            self._known[key] = tuple(sorted(found))
        return self._known[key]

    def _between(self, key: tuple[str, str, str, int, str], network: Prefix) -> Iterator[str]:
        held = self._hosts.get(key, [])
        first, last = (bisect_left(held, (address, "")) for address in (network.first, network.last + 1))
        yield from (host for _address, host in held[first:last])


def _outward(view: PlanView) -> Iterator[Outward]:
    sites: dict[str, list[SiteView]] = defaultdict(list)
    for site in view.sites.values():
        for gateway in site.gateways:
            sites[gateway.host].append(site)
    for name in sorted(sites):
        host = view.hosts[name]
        worn = [text for site in sites[name] for item in site.gateways if item.host == name for text in item.worn]
        outbound = view.routers[name]["outbound"] if host.traits.holds_rules else "unknown"
        names = tuple(dict.fromkeys(site.name for site in sites[name]))
        yield Outward(name, names, outbound, host.stance, tuple(dict.fromkeys(worn)))


def _accepted_losses(view: PlanView) -> Iterator[AcceptedLosses]:
    found: dict[tuple[Any, ...], tuple[Mapping[str, Any], list[str]]] = {}
    for host, losses in view.accepted_losses.items():
        for loss in losses:
            key = tuple(tuple(value) if isinstance(value, list) else value for value in loss.values())
            found.setdefault(key, (loss, []))[1].append(host)
    for loss, hosts in found.values():
        yield AcceptedLosses(tuple(hosts), loss)
