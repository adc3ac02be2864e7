# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy needs of a platform, and what a platform therefore refuses (NR-22, NR-23).

A need is told with the flow that has it, so that whoever reads the refusal can choose: another platform, or that flow
switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from ..basics.addresses import Prefix
from ..inventory.intent import OBSERVE
from ..policies.policy import DestinationNat, Permit, Policy, is_everybody
from .platform import Abilities, Platform

_Entry = Permit | DestinationNat
#: What a rule needs, in words; empty where it needs nothing.
_Test = Callable[[_Entry], str]


#: A router's part is refused as a whole: of a device that passes nothing on it says no more to tell what else it lacks.
_A_ROUTER = "a router's part, as it decides of what comes to itself alone (name another gateway in faxnet_sites)"


def refused(platform: Platform, policy: Policy) -> list[str]:
    """One sentence for each thing that a policy needs and a platform cannot hold."""
    if policy.forwarding and not platform.traits.routes:
        return [f"platform {platform.name} cannot hold {_A_ROUTER}"]
    unheld = [f"platform {platform.name} cannot hold {need}" for need in platform.unheld(policy)]
    return [*refusals(platform.name, platform.traits.abilities, policy), *unheld]


def refusals(name: str, abilities: Abilities, policy: Policy) -> list[str]:
    """One sentence for each ability that `policy` needs and platform `name` lacks."""
    return [f"platform {name} cannot hold {need}" for need in needs(policy, abilities.lacking())]


def needs(policy: Policy, abilities: Collection[str]) -> list[str]:
    """What a policy needs of these abilities (names of fields of `Abilities`), in words, one entry for each."""
    found: dict[str, str] = {}
    for ability, need, flows in _needs(policy, abilities):
        if ability not in found:
            found[ability] = need + (f", which {flows[0]} needs" if flows else "")
    return [found[ability] for ability in sorted(found)]


def _needs(policy: Policy, abilities: Collection[str]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(field of `Abilities`, what is needed in words, flows that need it) for everything enabled in the policy."""
    if policy.stance == OBSERVE and "observe" in abilities:
        yield "observe", "a note of whoever sends what it would refuse (set faxnet_stance to exclusive or additive)", ()
    if policy.forwarding:
        yield from (need for need in _needs_of_a_router(policy) if need[0] in abilities)
    sections: tuple[tuple[str, Sequence[tuple[_Entry, Sequence[str]]]], ...] = (
        ("input", policy.input),
        ("forward", policy.forward),
        ("output", policy.output),
        ("destination_nat", policy.destination_nat),
    )
    for section, entries in sections:
        tests = [(ability, test) for ability, where, test in _NEEDS if ability in abilities and section in where]
        for entry, flows in entries if tests else ():
            if entry.enabled:
                yield from ((ability, need, flows) for ability, test in tests if (need := test(entry)))


def _needs_of_a_router(policy: Policy) -> Iterator[tuple[str, str, Sequence[str]]]:
    if policy.outbound == "flows":
        yield "outbound_flows", "a limit on what its networks may start outward (faxnet_outbound: flows)", ()
    else:
        need = "answers to whatever its networks start outward, as it remembers no connections"
        yield "state", f"{need} (set faxnet_outbound: flows)", ()
    if policy.forward_permits:
        yield "state", "answers to what else it carries, as it remembers no connections (faxnet_forward_permits)", ()
    if any(permit.translated for permit in policy.forward_permits):
        yield "foreign_nat", "what others' rules on it translate (only_translated in faxnet_forward_permits)", ()
    if policy.clamp_mss is not None:
        yield "clamp_mss", "a limit on the segment size of TCP connections (faxnet_clamp_mss)", ()
    for worn in policy.source_nat:
        outward = (
            flows
            for permit, flows in policy.forward
            if permit.enabled and permit.direction == "out" and permit.version == worn.version
        )
        target = worn.address.text if worn.address is not None else "whatever address it has outside"
        need = f"source translation of its networks to {target} (public_address in faxnet_sites)"
        yield "masquerade", need, next(outward, ())


def _sender(entry: _Entry) -> str:
    return "" if is_everybody(entry.source) else f"a rule limited to one sender ({entry.source.text})"


def _targets(entry: _Entry) -> str:
    target = entry.target if isinstance(entry, DestinationNat) else None
    return f"a range of target addresses ({target.text})" if isinstance(target, Prefix) else ""


def _turning(entry: _Entry) -> str:
    worn = entry.becomes if isinstance(entry, DestinationNat) else None
    return f"source translation to {worn.text} of what comes from inside (dials: public)" if worn is not None else ""


def _source_ports(entry: _Entry) -> str:
    ports = entry.source_ports if isinstance(entry, Permit) else ()
    return f"a rule limited to source port {ports.text}" if ports else ""


def _helper(entry: _Entry) -> str:
    helper = entry.helper if isinstance(entry, Permit) else ""
    return f"the connection-tracking helper {helper}" if helper else ""


def _idle(entry: _Entry) -> str:
    idle = entry.idle if isinstance(entry, Permit) else 0
    return f"an idle time of its own ({idle} s)" if idle else ""


_FILTER = ("input", "forward")
_NAT = ("destination_nat",)
#: What becomes a rule of the filter or a forward. Output is not filtered: it is only tracked.
_RULES = (*_FILTER, *_NAT)

#: (field of `Abilities`, the sections whose entries may need it, what such an entry needs)
_NEEDS: tuple[tuple[str, tuple[str, ...], _Test], ...] = (
    ("filter", _FILTER, lambda _entry: "filter rules"),
    ("forwards", _NAT, lambda _entry: "port forwards"),
    ("target_ranges", _NAT, _targets),
    ("masquerade", _NAT, _turning),
    ("source_restriction", _RULES, _sender),
    ("port_ranges", _RULES, lambda e: f"a rule for a range of ports ({e.ports.text})" if e.ports.size > 1 else ""),
    ("source_ports", _FILTER, _source_ports),
    ("ipv6", _RULES, lambda entry: "rules for IPv6" if entry.version == 6 else ""),
    ("udp", _RULES, lambda entry: "rules for UDP" if entry.transport == "udp" else ""),
    ("helpers", (*_FILTER, "output"), _helper),
    ("timeouts", (*_FILTER, "output"), _idle),
)
