# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making policies: what each device must permit, forward and translate for the flows that concern it.

A rule without a flow cannot be made: permits and forwards are only ever gathered from flows, and openings come from
the host's own variables by name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from ..basics.addresses import Address, Prefix, collapse, except_for, is_unrouted, network_of
from ..basics.named_tuples import made
from ..inventory.intent import ForwardPermit, Host, Intent
from ..inventory.site import Gateway, PublicAddress, Site
from ..policies.policy import DestinationNat, Permit, Policy, SourceNat
from .flow import Flow
from .management import ManagementPermits
from .route import Path

_Entry = TypeVar("_Entry", Permit, DestinationNat)
#: Permits or translations, each with the ids of its flows. Filled with setdefault: a defaultdict would work out the
#: hash of each new permit twice, and that of a tuple of tuples is what gathering costs most of.
_Served = dict[_Entry, list[str]]
_ENTRY = operator.itemgetter(0)


@dataclass(slots=True)
class _Gathered:
    """A policy in the making."""

    input: _Served[Permit] = field(default_factory=dict)
    forward: _Served[Permit] = field(default_factory=dict)
    output: _Served[Permit] = field(default_factory=dict)
    destination_nat: _Served[DestinationNat] = field(default_factory=dict)


class _Routing(NamedTuple):
    """What a policy says as a router's: the networks and addresses before which it stands, and how it translates."""

    networks: tuple[Prefix, ...] = ()
    public: tuple[Address, ...] = ()
    source_nat: tuple[SourceNat, ...] = ()


#: Of a host that is no router.
_NO_ROUTING = _Routing()


def make_policies(
    intent: Intent,
    flows: Iterable[Flow],
    stateless: frozenset[str] = frozenset(),
    management: ManagementPermits = MappingProxyType({}),
    carried: Mapping[str, tuple[ForwardPermit, ...]] = MappingProxyType({}),
) -> dict[str, Policy]:
    """Return the policy of every host that takes part, by its name.

    Args:
        stateless: hosts whose platform keeps no state: theirs names every flow that they start, for the answers.
        management: what routers let through for the management of hosts behind them.
        carried: what routers carry for the permits of hosts behind them.
    """
    gathered: dict[str, _Gathered] = {name: _Gathered() for name in intent.hosts}
    for flow in flows:
        if not flow.carried_by:
            _gather(gathered, flow, stateless)
    for name, permits in management.items():
        for permit, ids in permits.items():
            gathered[name].forward.setdefault(permit, []).extend(ids)
    sites_of: dict[str, list[Site]] = {}
    for site in intent.sites.values():
        for gateway in site.own_gateways:
            sites_of.setdefault(gateway.host, []).append(site)
    untranslated = _Untranslated(intent)
    return {
        name: _policy(host, gathered[name], sites_of.get(name, []), untranslated, carried.get(name, ()))
        for name, host in intent.hosts.items()
    }


def _gather(gathered: dict[str, _Gathered], flow: Flow, stateless: frozenset[str]) -> None:
    also = flow.path.also
    # One path alone meets every permit once.
    note: Callable[[list[str], str], None] = _note_once if also else list.append
    _gather_path(gathered, flow, flow.path, stateless, note)
    for path in also:
        _gather_path(gathered, flow, path, stateless, note)


def _gather_path(
    gathered: dict[str, _Gathered],
    flow: Flow,
    path: Path,
    stateless: frozenset[str],
    note: Callable[[list[str], str], None],
) -> None:
    # Taken apart once: to ask each of a hundred thousand flows for one member after the other costs a fifth of this.
    (
        flow_id, _service, _exchange, start, end, version, transport, source_ports, ports, _callback, enabled, idle,
        helper, _carried_by, _path,
    ) = flow  # fmt: skip
    leaves_as, dial, arrives_from, arrives_at, route, _also = path
    arriving = made(
        Permit, (version, arrives_from, arrives_at, transport, ports, enabled, "in", source_ports, idle, helper)
    )
    receiver = gathered.get(end)
    if receiver is not None:
        note(receiver.input.setdefault(arriving, []), flow_id)
    if (idle or helper or start in stateless) and start in gathered:
        leaving = Permit(version, leaves_as, dial, transport, ports, enabled, "out", source_ports, idle, helper)
        note(gathered[start].output.setdefault(leaving, []), flow_id)
    for name, worn, inside, translates_from, direction, becomes in route.crossings:
        device = gathered.get(name)
        if device is None:
            continue  # a gateway whose own variables are in error; the finding is noted
        # Where a VPN maps networks, the routers outward see what is dialled there, those inward what arrives.
        if direction == "out":
            source, destination = worn or leaves_as, inside or dial
        else:
            source, destination = worn or (arrives_from if becomes is None else leaves_as), inside or arrives_at
        if direction == "in" and inside is None and becomes is None:
            permit = arriving  # the innermost router lets through what the destination lets in
        else:
            permit = made(
                Permit,
                (version, source, destination, transport, ports, enabled, direction, source_ports, idle, helper),
            )
        note(device.forward.setdefault(permit, []), flow_id)
        if translates_from is not None:
            nat = made(
                DestinationNat,
                (version, source, translates_from, transport, ports, destination, enabled, becomes),
            )
            note(device.destination_nat.setdefault(nat, []), flow_id)


def _note_once(ids: list[str], flow: str) -> None:
    """Note a flow unless it was the last one: what differs from one of its paths to the next may be the same here."""
    if not ids or ids[-1] != flow:
        ids.append(flow)


def _policy(
    host: Host,
    gathered: _Gathered,
    sites: list[Site],
    untranslated: _Untranslated,
    carried: tuple[ForwardPermit, ...],
) -> Policy:
    routing = _routing(host, sites, untranslated) if sites else _NO_ROUTING
    return Policy(
        bool(sites),
        host.outbound,
        host.reverse_path,
        host.stance,
        routing.networks,
        routing.public,
        host.management,
        host.openings,
        _in_order(gathered.input),
        _in_order(gathered.forward),
        _in_order(gathered.output),
        _in_order(gathered.destination_nat),
        routing.source_nat,
        host.clamp_mss if sites else None,
        (*host.forward_permits, *carried) if sites else (),
        host.firewall_profiles,
    )


def _routing(host: Host, sites: list[Site], untranslated: _Untranslated) -> _Routing:
    networks: set[Prefix] = set()
    public: set[Address] = set()
    source_nat = []
    for site in sites:
        inside = untranslated.inside(site)
        for place, gateway in enumerate(site.own_gateways):
            if gateway.host == host.name:
                networks.update(inside, untranslated.passing(site, place))
                for worn in gateway.public:
                    if worn.own is not None:
                        public.add(worn.own)
                    behind = tuple([prefix for prefix in inside if prefix.version == worn.version])
                    if behind:
                        exempt = untranslated.beyond(site, worn.version)
                        if host.forward_permits:
                            meeting = untranslated.around(site, worn.version)
                            meeting += untranslated.further_out(site, place, worn.version)
                            exempt = _with_permitted(exempt, host, worn, meeting)
                        source_nat.append(SourceNat(worn.version, behind, exempt, worn.own))
                break
            inside = untranslated.shown(inside, gateway, site)
    return _Routing(tuple(sorted(networks)), tuple(sorted(public)), tuple(source_nat))


def _in_order(served: _Served[_Entry]) -> tuple[tuple[_Entry, list[str]], ...]:
    if len(served) < 2:
        return tuple(served.items())  # as most hosts have it
    # By the key alone: pairs would be compared for being equal first, tuple by tuple down to the ports.
    return tuple(sorted(served.items(), key=_ENTRY))


def _with_permitted(
    exempt: tuple[Prefix, ...], host: Host, worn: PublicAddress, meeting: Collection[Prefix]
) -> tuple[Prefix, ...]:
    """What a site's packets reach untranslated, and private networks that forward permits lead to: a VPN, a second LAN.

    Not where the router wears its public address in such a network: what is there has no way back to the site. Nor
    what hosts of the inventory are in that meet the site by its public address.

    Args:
        meeting: the networks of those hosts.
    """
    around = worn.networks if worn.own is None else (network_of(worn.own),)
    private = [
        part
        for permit in host.forward_permits
        for network in permit.destinations
        if is_unrouted(Address(network.version, network.first)) and not any(_holds(network, item) for item in around)
        for part in except_for(network, meeting)
    ]
    return collapse((*exempt, *private)) if private else exempt


def _holds(outer: Prefix, inner: Prefix) -> bool:
    return outer.version == inner.version and outer.first <= inner.first and inner.last <= outer.last


def _count(site: Site, version: int) -> int:
    return sum(network.version == version for network in site.networks)


class _Untranslated:
    """What a site's packets reach under their own addresses: the realm's networks, and its routers between networks.

    An outer router of a chain stands in no network of its site: its own address is one of the realm's all the same.
    To a router of their own chain packets go as the routers in between show them.
    """

    def __init__(self, intent: Intent) -> None:
        self._hosts = intent.hosts
        self._networks: dict[tuple[str, int], list[Prefix]] = {}
        self._routers: dict[tuple[str, int], list[tuple[str, Prefix]]] = {}
        self._of_site: set[tuple[str, int, str]] = set()
        self._known: dict[tuple[str, int, str], tuple[Prefix, ...]] = {}
        self._known_inside: dict[tuple[str, int, str, tuple[Prefix, ...]], tuple[Prefix, ...]] = {}
        self._nested: dict[str, list[Site]] = {}
        for site in intent.sites.values():
            for network in site.shown:
                self._networks.setdefault((site.met_in(network.version), network.version), []).append(network)
            if site.outer is not None:
                self._nested.setdefault(site.outer.name, []).append(site)
        outer = {gateway.host for site in intent.sites.values() for gateway in site.own_gateways[1:]}
        for host in (intent.hosts[name] for name in sorted(outer & intent.hosts.keys())):
            site = intent.sites[host.site]
            for address in host.addresses:
                if not any(network.holds(address) for network in site.networks):
                    key = (site.realm_of(address.version), address.version)
                    self._routers.setdefault(key, []).append((site.name, network_of(address)))
                    self._of_site.add((*key, site.name))

    def _in_realm(self, site: Site, version: int) -> Sequence[Prefix]:
        """The networks of a site's realm, as its sites know each other."""
        return self._networks.get((site.met_in(version), version), ())

    def around(self, site: Site, version: int) -> list[Prefix]:
        """The networks of other realms that a site's packets get to all the same, by way of sites that it is nested in.

        They come there from its public address.
        """
        own = site.realm_of(version)
        others = (level for level in site.levels if level.realm_of(version) != own)
        return [network for level in others for network in self.beyond(level, version)]

    def further_out(self, site: Site, place: int, version: int) -> list[Prefix]:
        """The own addresses of the routers beyond one of a site's row, which meet the site by what that one shows."""
        hosts = [self._hosts.get(gateway.host) for gateway in site.own_gateways[place + 1 :]]
        return [
            network_of(address)
            for host in hosts
            if host is not None
            for address in host.addresses
            if address.version == version and not any(network.holds(address) for network in site.networks)
        ]

    def inside(self, site: Site) -> list[Prefix]:
        """What packets wear that come to a site's innermost gateway: its networks, and what nested sites show there."""
        if site.name not in self._nested:
            return list(site.networks)  # none stands there twice (FXN109)
        found = list(site.networks)
        for nested in self._nested[site.name]:
            within = shown = self.inside(nested)
            for gateway in nested.own_gateways:
                shown = self.shown(shown, gateway, nested)
            # To others of their realm they come as they are, and a router further out in the row is one of these.
            realms = {version: site.realm_of(version) == nested.realm_of(version) for version in (4, 6)}
            shown = [*shown, *(item for item in within if realms[item.version])]
            found += (item for item in shown if not any(_holds(network, item) for network in site.networks))
        return list(dict.fromkeys(found))

    def shown(self, inside: list[Prefix], gateway: Gateway, site: Site) -> list[Prefix]:
        """What packets wear beyond a gateway of a site's row, by what they wear inside of it."""
        translated = {worn.version for worn in gateway.public}
        found = [prefix for prefix in inside if prefix.version not in translated]
        found += map(network_of, gateway.fixed)
        found += (network for worn in gateway.public for network in worn.networks)
        return found + self.starting_at(gateway, site, translated)

    def starting_at(self, gateway: Gateway, site: Site, translated: Collection[int]) -> list[Prefix]:
        """A router's own addresses, for those further out: of versions that it does not translate, in no network."""
        host = self._hosts.get(gateway.host)
        if host is None or host.site != site.name:
            return []
        own = (address for address in host.addresses if address.version not in translated)
        return [network_of(address) for address in own if not any(item.holds(address) for item in site.networks)]

    def passing(self, site: Site, place: int) -> list[Prefix]:
        """The networks of the realm that a router further out meets untranslated: to others of it none translates.

        They are the site's own, but for its innermost router, and those of sites that are nested in it.
        """
        nested = self._nested.get(site.name, ())
        if not place and not nested:
            return []
        crowded = [version for version in (4, 6) if len(self._in_realm(site, version)) > _count(site, version)]
        found = [network for network in site.networks if place and network.version in crowded]
        for inner in nested if crowded else ():
            realms = {version: site.realm_of(version) == inner.realm_of(version) for version in crowded}
            within = (*inner.networks, *self.passing(inner, len(inner.own_gateways)))
            found += (network for network in within if realms.get(network.version))
        return found

    def beyond(self, site: Site, version: int) -> tuple[Prefix, ...]:
        """The networks of an IP version, as few as can be; one and the same tuple for all sites with the same."""
        realm = site.met_in(version)
        own = site.name if self._of_site and (realm, version, site.name) in self._of_site else ""
        key = (realm, version, own)
        known = self._known.get(key)
        if known is None:
            others = [address for name, address in self._routers.get((realm, version), ()) if name != own]
            networks = (*self._networks.get((realm, version), ()), *others)
            # Behind a router that translates, a realm mostly is one network.
            known = self._known[key] = collapse(networks) if len(networks) > 1 else networks
        if not site.mapped or version == 6:
            return known
        # Most sites that are mapped have the same networks: that is why they are.
        inside = tuple([network for network in site.networks if network.version == version])
        if (*key, inside) not in self._known_inside:
            self._known_inside[*key, inside] = collapse((*known, *inside))
        return self._known_inside[*key, inside]
