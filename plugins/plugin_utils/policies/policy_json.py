# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as JSON text, the way a slice holds them (docs/reference/plan.md): written here and read in read_policy.py.

Tens of thousands of policies are written in one plan, so their text is made directly: every name in it passed
``names.name_problem`` and everything else is a number or an address, so nothing can need escaping. Tests hold the text
against a JSON parser.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..basics.addresses import End, Prefix
from ..basics.ports import PortRange, ports_text
from ..inventory.firewall_profiles import USUAL_PROFILES
from ..inventory.intent import ForwardPermit, MssClamp, Opening
from .policy import MANAGEMENT, DestinationNats, Permits, Policy, SourceNat, SourcePorts

BOOLEAN = {True: "true", False: "false"}

_MANAGEMENT_IDS = f"{MANAGEMENT}/"
#: What the policy of a host that is no router ends with.
_NO_ROUTING = '"destination_nat":[],"source_nat":[],"clamp_mss":null,"forward_permits":[]'


class Texts(dict[End, str]):
    """Addresses as text, each made once; and what else many flows and policies share."""

    def __init__(self) -> None:
        self._shared: dict[int, tuple[tuple[Prefix, ...], str]] = {}
        self._wanted: dict[tuple[str, PortRange, SourcePorts, int, str], str] = {}

    def wanted(self, transport: str, ports: PortRange, source_ports: SourcePorts, idle: int, helper: str) -> str:
        """What a permit and a flow have in common, as members of a JSON object."""
        key = (transport, ports, source_ports, idle, helper)
        text = self._wanted.get(key)
        if text is None:
            sent_from = quoted_or_null(source_ports.text if source_ports else None)
            text = self._wanted[key] = (
                f'"transport":"{transport}","source_ports":{sent_from},"idle":{idle or "null"},'
                f'"helper":{quoted_or_null(helper or None)},"ports":"{ports.text}"'
            )
        return text

    def shared(self, networks: tuple[Prefix, ...]) -> str:
        """A JSON list of networks; remembered by identity, for to compare long lists costs as much as to write them."""
        known = self._shared.get(id(networks))
        if known is None:
            known = self._shared[id(networks)] = (networks, _networks(networks))
        return known[1]

    def __missing__(self, address: End) -> str:
        text = self[address] = address.text
        return text


def names_text(names: Iterable[str]) -> str:
    """A JSON list of names or addresses."""
    inside = '","'.join(names)
    return f'["{inside}"]' if inside else "[]"


def _networks(prefixes: Iterable[Prefix]) -> str:
    return names_text(prefix.text for prefix in prefixes)


def _permits(served: Permits, texts: Texts) -> str:
    # Taken apart once and in one loop, as translations are below: there are two hundred thousand in a large plan, and
    # to call a function for each and to ask for its members costs a quarter of this.
    wanted, join = texts.wanted, '","'.join
    listed = [
        f'{{"version":{version},"source":"{texts[source]}","destination":"{texts[destination]}",'
        f'{wanted(transport, ports, sent_from, idle, helper)},"direction":"{direction}",'
        f'"enabled":{BOOLEAN[enabled]},"flows":["{join(ids)}"]}}'
        for (version, source, destination, transport, ports, enabled, direction, sent_from, idle, helper), ids in served
    ]
    return ",".join(listed)


def quoted_or_null(text: str | None) -> str:
    """A JSON string that needs no escaping, or null."""
    return "null" if text is None else f'"{text}"'


def _destination_nats(translations: DestinationNats, texts: Texts) -> str:
    join = '","'.join
    listed = [
        f'{{"version":{version},"source":"{texts[source]}","address":"{texts[address]}",'
        f'"transport":"{transport}","ports":"{ports.text}","target":"{texts[target]}",'
        + (f'"becomes":"{texts[becomes]}",' if becomes is not None else "")
        + f'"enabled":{BOOLEAN[enabled]},"flows":["{join(ids)}"]}}'
        for (version, source, address, transport, ports, target, enabled, becomes), ids in translations
    ]
    return ",".join(listed)


def _source_nat(nat: SourceNat, texts: Texts) -> str:
    return (
        f'{{"version":{nat.version},"networks":{_networks(nat.networks)},"except":{texts.shared(nat.exempt)},'
        f'"address":{quoted_or_null(texts[nat.address] if nat.address is not None else None)}}}'
    )


def _clamp_mss(clamp: MssClamp | None) -> str:
    return "null" if clamp is None else f'{{"size":{clamp.size or "null"},"interfaces":{names_text(clamp.interfaces)}}}'


class OpeningTexts:
    """Lists of openings as text; hosts without variables of their own share one list."""

    def __init__(self) -> None:
        self._made: dict[tuple[Opening, ...], str] = {}

    def __call__(self, openings: tuple[Opening, ...]) -> str:
        """Return the JSON list of *openings*."""
        text = self._made.get(openings)
        if text is None:
            text = self._made[openings] = f"[{','.join(map(_opening, openings))}]"
        return text


def _opening(opening: Opening) -> str:
    return (
        f'{{"name":"{opening.name}","transport":"{opening.transport}",'
        f'"ports":{quoted_or_null(ports_text(opening.ports) or None)},'
        f'"sources":{_networks(opening.sources)}}}'
    )


def forward_permits_text(permits: Iterable[ForwardPermit]) -> str:
    """Return what a router carries besides as a JSON list."""
    return f"[{','.join(map(_forward_permit, permits))}]"


def _forward_permit(permit: ForwardPermit) -> str:
    return (
        f'{{"name":"{permit.name}","transport":"{permit.transport}",'
        f'"ports":{quoted_or_null(ports_text(permit.ports) or None)},'
        f'"sources":{_networks(permit.sources)},"destinations":{_networks(permit.destinations)},'
        f'"from_interfaces":{names_text(permit.from_interfaces)},"to_interfaces":{names_text(permit.to_interfaces)},'
        f'"translated":{BOOLEAN[permit.translated]}}}'
    )


def router_text(policy: Policy, texts: Texts) -> str:
    """Return what a router lets through whatever flows there are as a JSON object: outward, and for management."""
    passed = dict.fromkeys(
        f'{{"transport":"{permit.transport}","ports":"{permit.ports.text}","source":"{texts[permit.source]}",'
        f'"destination":"{texts[permit.destination]}"}}'
        for permit, ids in policy.forward
        if ids[-1].startswith(_MANAGEMENT_IDS)  # they were noted last
    )
    return f'{{"outbound":"{policy.outbound}","management":[{",".join(passed)}]}}'


def policy_text(policy: Policy, texts: Texts, openings: OpeningTexts) -> str:
    """Return one device's policy as a JSON object."""
    taken, started = _permits(policy.input, texts), _permits(policy.output, texts)
    begin = (
        f'{{"forwarding":{BOOLEAN[policy.forwarding]},"outbound":"{policy.outbound}",'
        f'"reverse_path":"{policy.reverse_path}","stance":"{policy.stance}",'
    )
    opened = f'"management":{openings(policy.management)},"openings":{openings(policy.openings)},"input":[{taken}]'
    profiles = "" if policy.profiles == USUAL_PROFILES else f',"profiles":{names_text(policy.profiles)}'
    # As most hosts have it: nothing of a router's.
    if not (
        policy.forwarding
        or policy.networks
        or policy.public
        or policy.forward
        or policy.destination_nat
        or policy.source_nat
        or policy.clamp_mss
        or policy.forward_permits
    ):
        return f'{begin}"networks":[],"public":[],{opened},"forward":[],"output":[{started}],{_NO_ROUTING}{profiles}}}'
    passed, translated = _permits(policy.forward, texts), _destination_nats(policy.destination_nat, texts)
    masked = ",".join([_source_nat(nat, texts) for nat in policy.source_nat])
    return (
        f'{begin}"networks":{_networks(policy.networks)},"public":{names_text(texts[item] for item in policy.public)},'
        f'{opened},"forward":[{passed}],"output":[{started}],"destination_nat":[{translated}],"source_nat":[{masked}],'
        f'"clamp_mss":{_clamp_mss(policy.clamp_mss)},"forward_permits":{forward_permits_text(policy.forward_permits)}'
        f"{profiles}}}"
    )
