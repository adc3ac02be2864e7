# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan document and slices both say: flows, exchanges, offers and uses.

Flows and uses are written as text directly, for there are tens of thousands: every name in them passed
``names.name_problem`` and all else is a number or an address, so nothing can need escaping. A flow's text takes
3.8 microseconds so, and 9.5 by way of :mod:`json`: half a second in the two that 20,000 clients' documents take. What
there are few of goes by way of :mod:`json`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..basics.addresses import Address, End
from ..basics.names import HostService
from ..basics.ports import ports_text
from ..catalog.profile import Exchange, Listener, Profile, SettingValue, System, ranges_of
from ..inventory.intent import Offer, Switches, Use
from ..planning.flow import Flow
from ..planning.plan import Plan
from ..policies.policy_json import BOOLEAN, Texts, names_text, quoted_or_null

_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def compact(data: object) -> str:
    """JSON text without blanks."""
    return _COMPACT.encode(data)


def flow_text(flow: Flow, texts: Texts) -> str:
    """One flow as JSON text."""
    # Taken apart once: to ask each of a hundred thousand flows for one member after the other costs a tenth of this.
    (
        flow_id, service, exchange, start, end, version, transport, source_ports, ports, callback, enabled, idle,
        helper, carried_by, path,
    ) = flow  # fmt: skip
    leaves_as, dialled, worn, met_at, route, also = path
    source, dial, arrives_from, arrives_at = texts[leaves_as], texts[dialled], texts[worn], texts[met_at]
    if also:
        ways = (path, *also)
        source = _either((way.leaves_as for way in ways), texts)
        dial = _either((way.dial for way in ways), texts)
        arrives_from = _either((way.arrives_from for way in ways), texts)
        arrives_at = _either((way.arrives_at for way in ways), texts)
    wanted = texts.wanted(transport, ports, source_ports, idle, helper)
    return (
        f'{{"id":"{flow_id}","service":"{service}","exchange":"{exchange}","source":"{start}",'
        f'"destination":"{end}","version":{version},{wanted},"callback":{BOOLEAN[callback]},'
        f'"carried_by":{quoted_or_null(carried_by or None)},"enabled":{BOOLEAN[enabled]},'
        f'"source_address":"{source}","dial":"{dial}",'
        f'"arrives_from":"{arrives_from}","destination_address":"{arrives_at}",'
        f'"via":{names_text(route.devices)}}}'
    )


def _either(ends: Iterable[End], texts: Texts) -> str:
    """Where an address changes, each network that it may be in; of several machines, each address and network."""
    return ", ".join(dict.fromkeys(texts[end] for end in ends))


def _known(listener: Listener) -> dict[str, str]:
    """What is known of who listens."""
    return {key: value for key, value in listener._asdict().items() if value}


def exchange_data(service: str, exchange: Exchange) -> dict[str, Any]:
    """One exchange of a service."""
    return {
        "service": service,
        "name": exchange.name,
        "title": exchange.title,
        "initiator": exchange.initiator,
        "transport": exchange.transport,
        "kind": exchange.kind,
        "ports": exchange.ports_word,
        "source_ports": exchange.source_word or None,
        "with": exchange.parties,
        "part_of": exchange.part_of or None,
        "rides_on": exchange.rides_on or None,
        "optional": exchange.optional,
        "purpose": exchange.purpose,
        **({"question": exchange.question} if exchange.question else {}),
        **({"listener": listener} if (listener := _known(exchange.listener)) else {}),
    }


class Entries:
    """The entries of one plan; holds what many of them share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.texts = Texts()
        self.dials: dict[tuple[str, str, str], str] = {}
        self.clients: dict[HostService, list[str]] = {}
        self._used: dict[tuple[HostService, Switches, object], tuple[tuple[str, ...], str]] = {}
        self._instructions: dict[tuple[str, str, bool, tuple[str, ...], str, tuple[int, ...]], str] = {}
        # Clients that their server answers by broadcast: those have the flow that only one network has.
        self.near: set[tuple[str, str, str]] = set()
        responses = {
            (name, profile.broadcast.response)
            for name, profile in plan.intent.profiles.items()
            if profile.broadcast is not None
        }
        # Plain tuples in the loop: there are tens of thousands of flows, and few servers.
        dialled: dict[tuple[str, str], str] = {}
        mapped: dict[tuple[str, str], str] = {}
        self._also: dict[tuple[str, str, str], dict[End, None]] = {}
        hosts = plan.intent.hosts
        several = {name for name, host in hosts.items() if host.members}
        for flow in plan.flows.flows:
            if flow.callback:
                continue
            service, source, destination, path = flow.service, flow.source, flow.destination, flow.path
            if (service, flow.exchange) in responses:
                self.near.add((destination, service, source))
            key = (source, service, destination)
            if destination in several:
                dialled_too = self._also.setdefault(key, {})
                dialled_too.update((way.dial, None) for way in (path, *path.also) if isinstance(way.dial, Address))
            elif flow.version == 4 or key not in self.dials:
                self.dials[key] = self.texts[path.dial]
            if path.dial != path.arrives_at:
                known = mapped if path.route.enters else dialled
                known.setdefault((destination, service), self.texts[path.dial])
        for key, ends in self._also.items():
            # What clients dial first is the first that the server's host names.
            ordered = [address for address in hosts[key[2]].addresses if address in ends]
            self.dials.update({key: self.texts[ordered[0]]} if ordered else {})
            self._also[key] = dict.fromkeys(ordered[1:])
        self.publics = {HostService(*server): address for server, address in dialled.items()}
        # What a VPN maps the address of a server to, for its clients beyond.
        self.mapped = {HostService(*server): address for server, address in mapped.items()}
        for use in plan.intent.uses:
            self.clients.setdefault(use.offered, []).append(use.host)

    def offer(self, offer: Offer) -> dict[str, Any]:
        """One offer, with where it is dialled and by whom."""
        host = self.plan.intent.hosts[offer.host]
        return {
            "service": offer.service,
            "host": offer.host,
            "settings": _plain_settings(offer.settings),
            "address": self.texts[host.addresses[0]] if host.addresses else None,
            "public": self.publics.get(offer.key),
            "clients": self.clients.get(offer.key, []),
            "callback_range": offer.pool.text if offer.pool is not None else None,
            "exchanges": [exchange.name for exchange in self._profile(offer).exchanges if offer.runs(exchange)],
            "internet": offer.public and not offer.sources,
            "public_to": [source.text for source in offer.sources],
            "enabled": offer.enabled,
            **({"offer": offer.name} if offer.name else {}),
            **({"mapped": self.mapped[offer.key]} if offer.key in self.mapped else {}),
        }

    def _profile(self, offer: Offer) -> Profile:
        return self.plan.intent.catalog.profiles[offer.service]

    @functools.cached_property
    def _comes_from(self) -> dict[tuple[str, str, str], str]:
        """By client, service and server: the address that the server's packets come from."""
        found: dict[tuple[str, str, str], str] = {}
        for flow in self.plan.flows.flows:
            found.setdefault((flow.destination, flow.service, flow.source), self.texts[flow.path.arrives_from])
        return found

    def use(self, use: Use) -> tuple[str, str]:
        """One use as JSON text, and what is said to whoever sets up this client: a list of lines.

        Names in braces stand in the instructions where the client's own values belong.
        """
        profile = self.plan.intent.catalog.profiles[use.service]
        offer = self.plan.intent.offer_of(use)
        key = (use.host, use.service, use.server)
        # A client that starts nothing itself knows its server by the address that its packets come from.
        dial = self.dials.get(key) or self._comes_from.get(key)
        granted = self.plan.flows.callback_ranges.get(use.client)
        callback, mode = "null", ""
        if granted is not None:
            low, high = granted.ports
            mode = granted.mode
            callback = f'{{"mode":"{granted.mode}","low":{low},"high":{high},"fixed":{granted.fixed}}}'
        others = [*self.plan.intent.hosts[use.server].dns_names, *[self.texts[end] for end in self._also.get(key, ())]]
        also = f'"also_at":{names_text(others)},' if others or key in self._also else ""
        used, same = self._used_of(use, offer, profile)
        system, versions = "", tuple[int, ...]()
        if granted is not None:
            system = self.plan.intent.system_of(*use.client).name
            versions = self.plan.intent.hosts[use.host].versions
        wanted = (profile.name, mode, key in self.near, used, system, versions)
        if wanted not in self._instructions:
            lines = _instructions(profile, *wanted[1:4])
            if granted is not None:
                lines = (*lines, *_reserving(profile, self.plan.intent.catalog.systems[system], versions))
            self._instructions[wanted] = compact(lines)
        named = f'"offer":"{use.offer}",' if use.offer else ""
        text = (
            f'{{"service":"{use.service}",{named}"host":"{use.host}","server":"{use.server}",'
            f'"dial":{quoted_or_null(dial)},{also}{same},"environment":"{use.environment}","instances":{use.instances},'
            f'"enabled":{BOOLEAN[use.enabled and offer.enabled]},"callback":{callback}}}'
        )
        return text, self._instructions[wanted]

    def _used_of(self, use: Use, offer: Offer, profile: Profile) -> tuple[tuple[str, ...], str]:
        """The exchanges that a use takes of an offer; and members that all uses share which say as much."""
        key = (use.offered, use.switches, use.settings)
        known = self._used.get(key)
        if known is None:
            used = tuple(item.name for item in profile.exchanges if item.with_clients and use.takes(item, offer))
            settings = compact(_plain_settings(use.seen(offer).settings))
            known = self._used[key] = (used, f'"settings":{settings},"exchanges":{names_text(used)}')
        return known


def _instructions(profile: Profile, mode: str, near: bool, used: tuple[str, ...]) -> tuple[str, ...]:
    """Return a profile's instructions.

    Args:
        mode: call-back mode; empty where there are no call-backs.
        near: whether the server's broadcasts reach the client.
        used: names of the exchanges that it uses: nothing is said of others.
    """
    spoken = profile.mode_instructions.get(mode, "")
    found = "" if profile.broadcast is None else profile.broadcast.near if near else profile.broadcast.far
    return tuple(
        line.replace("{mode_instruction}", spoken).replace("{broadcast_instruction}", found)
        for line, exchange in profile.instructions
        if not exchange or exchange in used
    )


def _reserving(profile: Profile, system: System, versions: tuple[int, ...]) -> Iterator[str]:
    """Yield how a client's call-back ports are kept from other programs on its system, where a document says how.

    Args:
        versions: the IP versions of the client: what a system keeps for each of them apart is told for each.
    """
    transport, *_others = [exchange.transport for exchange in profile.exchanges if exchange.is_callback]
    for step in system.reserving:
        line = step.text.replace("{transport}", transport)
        yield from dict.fromkeys(line.replace("{ip}", f"ipv{version}") for version in versions)


def _plain_settings(settings: Mapping[str, SettingValue]) -> dict[str, Any]:
    """Settings as plain data: a port is a number, a range or several a text, addresses a list."""
    plain: dict[str, Any] = {}
    for name, value in settings.items():
        ranges = ranges_of(value)
        if ranges:
            plain[name] = ranges[0].low if len(ranges) == ranges[0].size == 1 else ports_text(ranges)
        else:
            plain[name] = [item.text for item in value if isinstance(item, Address)]
    return plain
