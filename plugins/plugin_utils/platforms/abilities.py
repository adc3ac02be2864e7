# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a platform can hold, and what a policy needs of it (NR-22, NR-23)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one kind of device can hold. A policy that needs what is False here is refused, never approximated.

    `forwards`: destination NAT at all. `port_ranges`: a forward of a range in one rule. `source_restriction`: a rule
    may name who may send. `source_ports`: a rule may name the sender's port. `target_ranges`: a rule may name a range
    of target addresses; having it does not mean using it. `helpers` and `timeouts`: connection-tracking helpers and
    idle times of a flow's own. `outbound_flows`: what the LAN may start outward can be limited to the plan's flows.
    """

    filter: bool = True
    forwards: bool = True
    port_ranges: bool = True
    source_restriction: bool = True
    source_ports: bool = True
    target_ranges: bool = False
    ipv6: bool = True
    udp: bool = True
    helpers: bool = False
    timeouts: bool = False
    outbound_flows: bool = True


@dataclass(frozen=True, slots=True)
class Platform:
    """A device kind: its name in `faxnet_platform`, its abilities, and its text for a slice.

    `render` takes the slice (plan directory, hosts/<host>.json) and the keyword `address_ranges`; it raises
    `rules.RefusedError`. `automatic` is False where no machine applies the text and a person types it in.
    """

    name: str
    abilities: Abilities
    render: Callable[..., str]
    automatic: bool


def refusals(name: str, abilities: Abilities, policy: Mapping[str, Any]) -> list[str]:
    """One sentence for each ability that `policy` (the slice's "policy") needs and platform `name` lacks."""
    reasons: dict[str, str] = {}
    for ability, need, flows in _needs(policy):
        if not getattr(abilities, ability) and ability not in reasons:
            because = f", which {flows[0]} needs" if flows else ""
            reasons[ability] = f"platform {name} cannot hold {need}{because}"
    return [reasons[ability] for ability in sorted(reasons)]


def _needs(policy: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """(field of `Abilities`, what is needed in words, flows that need it) for everything enabled in the policy."""
    if policy.get("forwarding") and policy.get("outbound", "any") == "flows":
        yield "outbound_flows", "a limit on what its networks may start outward (faxnet_outbound: flows)", ()
    for section in ("input", "forward", "destination_nat"):
        for entry in policy.get(section) or ():
            if entry.get("enabled", True):
                flows = entry.get("flows") or ()
                for ability, test, need in _NEEDS:
                    if test(section, entry):
                        yield ability, need.format_map(entry), flows


def _is_forward(section: str, _entry: Mapping[str, Any]) -> bool:
    return section == "destination_nat"


def _is_filter(section: str, _entry: Mapping[str, Any]) -> bool:
    return section != "destination_nat"


#: (field of `Abilities`, whether an entry of a section needs it, the need in words)
_NEEDS: tuple[tuple[str, Callable[[str, Mapping[str, Any]], bool], str], ...] = (
    ("filter", _is_filter, "filter rules"),
    ("forwards", _is_forward, "port forwards"),
    ("target_ranges", lambda _section, e: "-" in str(e.get("target", "")), "a range of target addresses ({target})"),
    ("source_restriction", lambda _section, e: bool(e.get("source")), "a rule limited to one sender ({source})"),
    ("port_ranges", lambda _section, e: "-" in str(e.get("ports", "")), "a rule for a range of ports ({ports})"),
    (
        "source_ports",
        lambda _section, e: bool(e.get("source_ports")),
        "a rule limited to source port {source_ports}",
    ),
    ("ipv6", lambda _section, e: e.get("version") == 6, "rules for IPv6"),
    ("udp", lambda _section, e: e.get("transport") == "udp", "rules for UDP"),
    ("helpers", lambda _section, e: bool(e.get("helper")), "the connection-tracking helper {helper}"),
    ("timeouts", lambda _section, e: bool(e.get("idle")), "an idle time of its own ({idle} s)"),
)
