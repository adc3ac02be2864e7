# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy needs of a platform, and what a platform therefore refuses (NR-22, NR-23).

A need is told with the flow that has it, so that whoever reads the refusal can choose: another platform, or that flow
switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .platform import Abilities


def refusals(name: str, abilities: Abilities, policy: Mapping[str, Any]) -> list[str]:
    """One sentence for each ability that `policy` (the slice's "policy") needs and platform `name` lacks."""
    return [f"platform {name} cannot hold {need}" for need in needs(policy, abilities.lacking())]


def needs(policy: Mapping[str, Any], abilities: Sequence[str]) -> list[str]:
    """What a policy needs of these abilities (names of fields of `Abilities`), in words, one entry for each."""
    found: dict[str, str] = {}
    for ability, need, flows in _needs(policy):
        if ability in abilities and ability not in found:
            found[ability] = need + (f", which {flows[0]} needs" if flows else "")
    return [found[ability] for ability in sorted(found)]


def _needs(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(field of `Abilities`, what is needed in words, flows that need it) for everything enabled in the policy."""
    if policy.get("forwarding"):
        yield from _needs_of_a_router(policy)
    for section in ("input", "forward", "output", "destination_nat"):
        for entry in policy.get(section) or ():
            if entry.get("enabled", True):
                flows = entry.get("flows") or ()
                for ability, test, need in _NEEDS:
                    if test(section, entry):
                        yield ability, need.format_map(entry), flows


def _needs_of_a_router(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    if policy.get("outbound", "any") == "flows":
        yield "outbound_flows", "a limit on what its networks may start outward (faxnet_outbound: flows)", ()
    else:
        need = "answers to whatever its networks start outward, as it remembers no connections"
        yield "state", f"{need} (set faxnet_outbound: flows)", ()
    outward = [e for e in policy.get("forward") or () if e.get("enabled", True) and e.get("direction") == "out"]
    for entry in policy.get("source_nat") or ():
        flows = next((e["flows"] for e in outward if e.get("version") == entry.get("version")), ())
        need = f"source translation of its networks to {entry.get('address')} (public_address in faxnet_sites)"
        yield "masquerade", need, flows


def _is_forward(section: str, _entry: Mapping[str, Any]) -> bool:
    return section == "destination_nat"


def _is_filter(section: str, _entry: Mapping[str, Any]) -> bool:
    return section in ("input", "forward")


def _has(field: str) -> Callable[[str, Mapping[str, Any]], bool]:
    """Whether an entry has a field, be it filtered or only tracked (section output)."""
    return lambda _section, entry: bool(entry.get(field))


def _rule(test: Callable[[Mapping[str, Any]], bool]) -> Callable[[str, Mapping[str, Any]], bool]:
    """Whether an entry that becomes a rule of the filter or a forward passes a test; output is not filtered."""
    return lambda section, entry: section != "output" and test(entry)


#: (field of `Abilities`, whether an entry of a section needs it, the need in words)
_NEEDS: tuple[tuple[str, Callable[[str, Mapping[str, Any]], bool], str], ...] = (
    ("filter", _is_filter, "filter rules"),
    ("forwards", _is_forward, "port forwards"),
    ("target_ranges", _rule(lambda e: "-" in str(e.get("target", ""))), "a range of target addresses ({target})"),
    (
        "source_restriction",
        _rule(lambda e: bool(e.get("source")) and not str(e["source"]).endswith("/0")),
        "a rule limited to one sender ({source})",
    ),
    ("port_ranges", _rule(lambda e: "-" in str(e.get("ports", ""))), "a rule for a range of ports ({ports})"),
    ("source_ports", _rule(lambda e: bool(e.get("source_ports"))), "a rule limited to source port {source_ports}"),
    ("ipv6", _rule(lambda e: e.get("version") == 6), "rules for IPv6"),
    ("udp", _rule(lambda e: e.get("transport") == "udp"), "rules for UDP"),
    ("helpers", _has("helper"), "the connection-tracking helper {helper}"),
    ("timeouts", _has("idle"), "an idle time of its own ({idle} s)"),
)
