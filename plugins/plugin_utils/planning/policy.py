# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making policies: what each device must permit, forward and translate for the flows that concern it.

A rule without a flow cannot be made: permits and forwards are only ever gathered from flows, and openings come from
the host's own variables by name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from ..basics.addresses import Address, Prefix, collapse, network_of
from ..inventory.intent import Gateway, Host, Intent, Site
from ..policies.policy import DestinationNat, Permit, Policy, SourceNat
from .flow import Flow
from .management import ManagementPermits

_Entry = TypeVar("_Entry", Permit, DestinationNat)
#: Permits or translations, each with the ids of its flows.
_Served = defaultdict[_Entry, list[str]]


@dataclass(slots=True)
class _Gathered:
    """A policy in the making."""

    input: _Served[Permit] = field(default_factory=lambda: defaultdict(list))
    forward: _Served[Permit] = field(default_factory=lambda: defaultdict(list))
    output: _Served[Permit] = field(default_factory=lambda: defaultdict(list))
    destination_nat: _Served[DestinationNat] = field(default_factory=lambda: defaultdict(list))


def make_policies(
    intent: Intent,
    flows: Iterable[Flow],
    stateless: frozenset[str] = frozenset(),
    management: ManagementPermits = MappingProxyType({}),
) -> dict[str, Policy]:
    """Return the policy of every host that takes part, by its name.

    Args:
        stateless: hosts whose platform keeps no state: theirs names every flow that they start, for the answers.
        management: what routers let through for the management of hosts behind them.
    """
    gathered: dict[str, _Gathered] = {name: _Gathered() for name in intent.hosts}
    for flow in flows:
        if not flow.carried_by:
            _gather(gathered, flow, stateless)
    for name, permits in management.items():
        for permit, ids in permits.items():
            gathered[name].forward[permit] += ids
    sites_of: dict[str, list[Site]] = {}
    for site in intent.sites.values():
        for gateway in site.gateways:
            sites_of.setdefault(gateway.host, []).append(site)
    untranslated = _Untranslated(intent)
    return {
        name: _policy(host, gathered[name], sites_of.get(name, []), untranslated) for name, host in intent.hosts.items()
    }


def _gather(gathered: dict[str, _Gathered], flow: Flow, stateless: frozenset[str]) -> None:
    version, transport, ports, enabled = flow.version, flow.transport, flow.ports, flow.enabled
    more = (flow.source_ports, flow.idle, flow.helper)
    leaves_as, dial, arrives_from, arrives_at, route = flow.path
    arriving = Permit(version, arrives_from, arrives_at, transport, ports, enabled, "in", *more)
    end = gathered.get(flow.destination)
    if end is not None:
        end.input[arriving].append(flow.id)
    start = gathered.get(flow.source)
    if start is not None and (flow.idle or flow.helper or flow.source in stateless):
        leaving = Permit(version, leaves_as, dial, transport, ports, enabled, "out", *more)
        start.output[leaving].append(flow.id)
    for name, worn, inside, translates_from, direction in route.crossings:
        device = gathered.get(name)
        if device is None:
            continue  # a gateway whose own variables are in error; the finding is noted
        source, destination = worn or leaves_as, inside or arrives_at
        if direction == "in" and inside is None:
            permit = arriving  # the innermost router lets through what the destination lets in
        else:
            permit = Permit(version, source, destination, transport, ports, enabled, direction, *more)
        device.forward[permit].append(flow.id)
        if translates_from is not None:
            nat = DestinationNat(version, source, translates_from, transport, ports, destination, enabled)
            device.destination_nat[nat].append(flow.id)


def _policy(host: Host, gathered: _Gathered, sites: list[Site], untranslated: _Untranslated) -> Policy:
    networks: dict[Prefix, None] = {}
    public: dict[Address, None] = {}
    source_nat = []
    for site in sites:
        inside = list(site.networks)
        for gateway in site.gateways:
            worn = gateway.public
            if gateway.host == host.name:
                networks.update(dict.fromkeys(inside))
                public.update(dict.fromkeys(worn))
                for address in worn:
                    behind = tuple(prefix for prefix in inside if prefix.version == address.version)
                    if behind:
                        exempt = untranslated.beyond(site, address.version)
                        source_nat.append(SourceNat(address.version, behind, exempt, address))
                break
            translated = {address.version for address in worn}
            inside = [prefix for prefix in inside if prefix.version not in translated]
            inside += map(network_of, worn)
            inside += untranslated.starting_at(gateway, site, translated)
    return Policy(
        forwarding=bool(sites),
        outbound=host.outbound,
        reverse_path=host.reverse_path,
        networks=tuple(sorted(networks)),
        public=tuple(sorted(public)),
        management=host.management,
        openings=host.openings,
        input=tuple(sorted(gathered.input.items())),
        forward=tuple(sorted(gathered.forward.items())),
        output=tuple(sorted(gathered.output.items())),
        destination_nat=tuple(sorted(gathered.destination_nat.items())),
        source_nat=tuple(source_nat),
    )


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
        for site in intent.sites.values():
            for version in (4, 6):
                own = self._networks.setdefault((site.realm_of(version), version), [])
                own += [network for network in site.networks if network.version == version]
        outer = {gateway.host for site in intent.sites.values() for gateway in site.gateways[1:]}
        for host in (intent.hosts[name] for name in sorted(outer & intent.hosts.keys())):
            site = intent.sites[host.site]
            for address in host.addresses:
                if not any(network.holds(address) for network in site.networks):
                    key = (site.realm_of(address.version), address.version)
                    self._routers.setdefault(key, []).append((site.name, network_of(address)))
                    self._of_site.add((*key, site.name))

    def starting_at(self, gateway: Gateway, site: Site, translated: Collection[int]) -> list[Prefix]:
        """A router's own addresses, for those further out: of versions that it does not translate, in no network."""
        host = self._hosts.get(gateway.host)
        if host is None or host.site != site.name:
            return []
        own = (address for address in host.addresses if address.version not in translated)
        return [network_of(address) for address in own if not any(item.holds(address) for item in site.networks)]

    def beyond(self, site: Site, version: int) -> tuple[Prefix, ...]:
        """The networks of an IP version, as few as can be; one and the same tuple for all sites with the same."""
        realm = (site.realm_of(version), version)
        routers = self._routers.get(realm, ())
        own = site.name if (*realm, site.name) in self._of_site else ""
        known = self._known.get((*realm, own))
        if known is None:
            others = (address for name, address in routers if name != own)
            known = self._known[(*realm, own)] = collapse((*self._networks[realm], *others))
        return known
