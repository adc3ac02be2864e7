# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routers let through for Ansible's own logins, and who would be shut out: the controller's, and jump hosts'.

Who may administer a host is what ``faxnet_management`` says. Beyond that, a login that is known to come from one
machine must get in: every router on its way lets it through, by the address that it wears there, and a plan by which
the host itself would not let it in is refused. Hosts of one network that are logged in to from one machine share a way,
so the cost is linear in hosts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..basics.addresses import Address, End, Prefix, collapse, network_of, prefix_of
from ..basics.findings import Finding, short
from ..basics.mapped_networks import own_address, shown_as
from ..basics.ports import PortRange
from ..basics.vaulted import NOT_SHOWN
from ..inventory.intent import Host, Intent, Jump, Opening
from ..policies.policy import MANAGEMENT, Permit
from .few_networks import MOST_PARTS, exactly, summary
from .login_ways import Login, Start, Step, Ways, is_ours, public_addresses
from .management import ManagementPermits, is_managed, lacks, plain

#: Where a jump host is logged in to, if neither the way nor its own variables say (ssh(1)).
_SSH_PORT = 22


class _Wanted(NamedTuple):
    """What a router is to let through; its destinations are gathered."""

    router: str
    version: int
    source: End
    port: int
    direction: str


@dataclass(slots=True)
class _Outcome:
    """What came of the logins from one machine to a host: where there are two IP versions, one suffices."""

    passes: bool = False
    findings: list[Finding] = field(default_factory=list)


def with_login_permits(intent: Intent, known: ManagementPermits, findings: list[Finding]) -> ManagementPermits:
    """Return what routers let through for management, *known* and what logins need beyond; note who is shut out."""
    public = public_addresses(intent)
    findings += _through_forwards(intent, public)
    logins = _Logins(intent, public)
    logins.add_all()
    for outcome in logins.outcomes.values():
        if not outcome.passes:
            findings += outcome.findings[:1]
    permits = {router: dict(held) for router, held in known.items()}
    for wanted, id_, destination in logins.wanted():
        permit = _permit(wanted, destination)
        held = permits.setdefault(wanted.router, {})
        if permit in held or not any(_covers(other, permit) for other in held):
            ids = held.setdefault(permit, [])
            if id_ not in ids:
                ids.append(id_)
    return permits


def _permit(wanted: _Wanted, destination: Prefix) -> Permit:
    ports = PortRange(wanted.port, wanted.port)
    ends = (plain(wanted.source), plain(destination))
    return Permit(wanted.version, *ends, "tcp", ports, True, wanted.direction, (), 0, "")


def _covers(wide: Permit, narrow: Permit) -> bool:
    """Whether what one permit lets through holds all that the other does."""
    ends = ((wide.source, narrow.source), (wide.destination, narrow.destination))
    return (
        (wide.version, wide.transport) == (narrow.version, narrow.transport)
        and wide.ports.low <= narrow.ports.low
        and narrow.ports.high <= wide.ports.high
        and all(_holds(_prefix(outer), _prefix(inner)) for outer, inner in ends)
    )


def _prefix(end: End) -> Prefix:
    return end if isinstance(end, Prefix) else network_of(end)


def _holds(outer: Prefix, inner: Prefix) -> bool:
    return outer.version == inner.version and outer.first <= inner.first and inner.last <= outer.last


def _through_forwards(intent: Intent, routers: Mapping[Address, str]) -> Iterator[Finding]:
    """Note hosts that are logged in to at a public address of another device: the plan forwards no management."""
    for host in intent.hosts.values():
        address = host.login.address if host.login is not None else None
        router = routers.get(address, "") if address is not None else ""
        if address is None or router in ("", host.name):
            continue
        if is_managed(host) and is_ours(intent, router):
            message = (
                f"is the public address of {router}, whose rules forward no management: every login would end there"
            )
            cure = (
                "set ansible_host to the host's own address and go there through a jump host, such as "
                f"ansible_ssh_common_args: -J {address.text}"
            )
            yield Finding("FXN116", (host.name,), "ansible_host", address.text, message, cure)


class _Logins:
    """The logins of one intent, and what came of them."""

    def __init__(self, intent: Intent, public: Mapping[Address, str]) -> None:
        self._intent = intent
        self._public = public
        nested = (site for site in intent.sites.values() if site.outer is not None)
        self._nested = {gateway.host for site in nested for gateway in site.own_gateways}
        self._logins: dict[Login, dict[Address, Host]] = defaultdict(dict)
        self._between: set[tuple[Start, str, int, Address | None]] = set()
        self._wanted: dict[tuple[_Wanted, str], dict[Prefix, None]] = defaultdict(dict)
        self._admitted: dict[tuple[object, ...], bool] = {}
        #: By the machine that a login comes from, the host, the port, and the IP version where an address says which.
        self.outcomes: dict[tuple[Start, str, int, int], _Outcome] = defaultdict(_Outcome)

    def add_all(self) -> None:
        """Take in every login of every host."""
        controllers = [Start(origin, None) for origin in self._intent.controllers]
        for host in self._intent.hosts.values():
            if host.login is None or not (controllers or host.login.jumps) or not is_managed(host):
                continue
            starts = controllers
            for jump in host.login.jumps:
                self._add_jump(starts, jump)
                starts = [Start(jump.origin, jump)] if jump.origin.is_known else []
            for start in starts:
                if host.login.port is not None:
                    self._add(start, host, host.login.port, host.login.address)
        if self._logins:
            ways = Ways(self._intent, {login.start.origin for login in self._logins})
            for login, targets in self._logins.items():
                self._follow(ways, login, targets)

    def _add_jump(self, starts: Iterable[Start], jump: Jump) -> None:
        """Take in the logins to a jump host itself, which many hosts have in common."""
        host = self._intent.hosts.get(jump.origin.host)
        if host is None:
            return
        port = jump.port or (host.login.port if host.login is not None else None) or _SSH_PORT
        for start in starts:
            key = (start, host.name, port, jump.address)
            if key not in self._between:
                self._between.add(key)
                self._add(start, host, port, jump.address)

    def _add(self, start: Start, host: Host, port: int, dialled: Address | None) -> None:
        site = self._intent.sites[host.site]
        # From elsewhere a host is logged in to at what its address is mapped to; at its site's routers it has its own.
        dialled = own_address(dialled, site.mapped) if dialled is not None else None
        router = next((gateway.host for gateway in site.gateways if gateway.host == host.name), "")
        for own in host.addresses if start.origin.host != host.name else ():
            if dialled is not None and dialled.version != own.version:
                continue
            public = dialled is not None and self._public.get(dialled) == host.name
            reached = dialled or own
            network = next((item for item in site.networks if item.holds(reached)), None)
            if not public and network is None and not router and reached != own:
                continue  # a network for administrators alone, or a forward, of which _through_forwards speaks
            if dialled is not None and not public and dialled in self._public:
                continue
            both, nested = len(host.addresses) > 1, host.name if host.name in self._nested and not router else ""
            login = Login(start, site.name, router, port, own.version, network, public, dialled is None, both, nested)
            self._logins[login][reached] = host

    def _follow(self, ways: Ways, login: Login, targets: Mapping[Address, Host]) -> None:
        """Take a way, and see who is let in at its end."""
        reached, first = next(iter(targets.items()))
        way = ways.way(login, first, reached)
        if way is None:
            return
        if isinstance(way, str):
            for host in targets.values():
                self._note_translated(login, host, way)
            return
        held = (network_of(way.shown),) if way.shown else exactly(list(targets))
        held = held or ((login.network,) if login.network else tuple(map(network_of, targets)))
        for step in way.steps:
            router = self._intent.hosts.get(step.router)
            if router is None or (login.both and login.named and lacks(router, login.version)):
                continue
            wanted = _Wanted(step.router, login.version, step.source, login.port, step.direction)
            known = [prefix_of(shown_as(item, way.enters)) for item in held] if step.direction == "out" else held
            self._wanted[wanted, self._id(login, step, first)].update(dict.fromkeys(known))
        for host in targets.values():
            self._arrive(login, host, way.arrivals)

    def _arrive(self, login: Login, host: Host, arrivals: Iterable[End]) -> None:
        """Note whether a host lets a login in, whichever of these it comes from."""
        if not is_ours(self._intent, host.name):
            return
        outcome = self._outcome(login, host)
        openings = (*host.management, *host.openings)
        arrival = next((arrival for arrival in arrivals if not self._lets_in(login, openings, arrival)), None)
        if arrival is None:
            outcome.passes = True
            return
        start, leg = login.start, self._leg(login, arrival)
        of_port = [opening for opening in host.management if _has_port(opening, login.port)]
        sources = ", ".join(item.text for opening in of_port for item in opening.sources)
        wearing = NOT_SHOWN if start.origin.hidden else (leg or arrival).text
        if of_port:
            message = f"leaves out {wearing}, from which {start.words} comes: the host would be shut to it"
            cure = f"add {wearing} to its sources, or {start.correction}"
        else:
            message = f"leaves out {login.port}/tcp, by which {start.words} comes in: the host would be shut to it"
            cure = f"add an entry with the port {login.port}"
        outcome.findings.append(
            Finding("FXN116", (host.name,), "faxnet_management", short(sources or "not set"), message, cure)
        )

    def _outcome(self, login: Login, host: Host) -> _Outcome:
        """What came of a login by name is one outcome of both IP versions; by an address there is one version."""
        return self.outcomes[login.start, host.name, login.port, 0 if login.named else login.version]

    def _lets_in(self, login: Login, openings: tuple[Opening, ...], arrival: End) -> bool:
        leg = self._leg(login, arrival)
        key = (openings, leg or arrival, login.port)
        if key not in self._admitted:
            admits = _admits_some if leg is not None else _admits
            self._admitted[key] = admits(openings, leg or _prefix(arrival), login.port)
        return self._admitted[key]

    def _leg(self, login: Login, arrival: End) -> Prefix | None:
        """The network from which a router comes that has a leg in it, with an address there that nobody names."""
        gateways = self._intent.sites[login.site].gateways
        is_router = any(gateway.host == login.start.origin.host for gateway in gateways[:1])
        inside = login.network is not None and _holds(login.network, _prefix(arrival))
        return login.network if is_router and not inside else None

    def _note_translated(self, login: Login, host: Host, routers: str) -> None:
        start = login.start
        message = (
            f"logins to the host come from {start.words} through {routers.replace(',', ' and ')}, "
            "whose rules forward no management and would refuse them"
        )
        cure = (
            f"log in through a jump host that reaches it, such as ansible_ssh_common_args: -J {routers}; or give both "
            f"sites one realm if they route to each other, or {start.correction}"
        )
        finding = Finding("FXN116", (host.name,), start.variable, start.shown, message, cure)
        self._outcome(login, host).findings.append(finding)

    def _id(self, login: Login, step: Step, target: Host) -> str:
        """As flows have one: ``management/bastion>york``; towards other sites for the whole of their realm."""
        end = login.router or login.site
        starts_at = (
            self._intent.hosts[login.start.origin.host].site if login.start.origin.host else login.start.origin.site
        )
        if step.direction == "out" and starts_at != target.site:
            end = self._intent.sites[target.site].met_in(login.version)
        name = login.start.name.replace(":", ".")
        return f"{MANAGEMENT}/{name}>{end.replace(' ', '.')}" + ("/6" if login.version == 6 else "")

    def wanted(self) -> Iterator[tuple[_Wanted, str, Prefix]]:
        """What routers are to let through: of many networks outside, fewer that hold them all."""
        for (wanted, id_), held in self._wanted.items():
            many = wanted.direction == "out" and len(held) > MOST_PARTS
            for destination in summary(held) if many else collapse(held):
                yield wanted, id_, destination


def _has_port(opening: Opening, port: int) -> bool:
    return opening.takes("tcp", port)


def _admits_some(openings: Iterable[Opening], source: Prefix, port: int) -> bool:
    """Whether openings let some of a source in to a port."""
    return any(item.overlaps(source) for opening in openings if _has_port(opening, port) for item in opening.sources)


def _admits(openings: Iterable[Opening], source: Prefix, port: int) -> bool:
    """Whether openings let all of a source in to a port."""
    sources = collapse(item for opening in openings if _has_port(opening, port) for item in opening.sources)
    return any(_holds(item, source) for item in sources)
