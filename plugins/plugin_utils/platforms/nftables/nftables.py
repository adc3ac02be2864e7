# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nftables: a policy as one table, `inet faxnet`, that replaces itself in one transaction.

The shape follows measurements (docs/guides/firewall.md): established traffic first; then one look-up in a
concatenated set, its most selective field first, so that the cost of a new connection does not grow with the rules;
destination translation by one rule and one interval map. Nothing here depends on the order of the policy's entries.

Where the source of a port forward is checked: twice. The translation map holds the source, so a packet from anybody
else is not translated at all and ends in the router's own input chain, refused; and the forward chain names the
source again, so that even a packet that reaches it by another way needs a flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...basics.gc_pause import gc_pause
from ...inventory.intent import ADDITIVE, EXCLUSIVE
from ...policies.policy import MANAGEMENT, Policy, SourceNat
from ..platform import Abilities, Device, OnDevice, Options, Platform, Traits
from ..ranges import by_version
from . import text as nft_text
from .host_requirements import (
    forwarding_settings,
    helper_modules,
    own_addresses,
    source_translations,
)
from .permits import bridged_rules, forward_permit_rules, opening_rules
from .sets import LookUp, filters, translations, turned_sources
from .stances import stance_of
from .text import (
    FIELD,
    INVALID,
    PING_LIMITS,
    address_set,
    chain,
    clamp_mss_chain,
    link_rules,
    reverse_path,
)
from .tracking import NOTHING, objects

TABLE = nft_text.TABLE

MODULE = "faxnet.deploy.firewall_transaction"

_ESTABLISHED = "ct state established,related counter accept"


class Nftables(Platform):
    """Linux with nft and Python: a module rehearses, compares, loads, and undoes what is not confirmed."""

    name = "nftables"
    traits = Traits(
        applied_by="ansible",
        logged_in=True,
        runs_python=True,
        sends_probes=True,
        abilities=Abilities(helpers=True, timeouts=True, observe=True),
    )

    def render(self, device: Device, options: Options) -> str:
        """The complete nft file."""
        return render(device.policy, address_ranges=options.address_ranges)

    def apply(self, device: Device, options: Options) -> OnDevice:
        """Load the file, with the kernel settings that it needs."""
        closed = self.render(replace(device, policy=closed_policy(device.policy)), options)
        text = self.render(device, options)
        needs: dict[str, Any] = {
            "settings": forwarding_settings(device.policy),
            "modules": helper_modules(device.policy),
        }
        needs["addresses"], needs["translations"] = own_addresses(device.policy), source_translations(device.policy)
        return OnDevice(MODULE, {"text": text, "closed": closed, **needs})

    def remove(self) -> OnDevice:
        """Take the table away."""
        return OnDevice(MODULE)


def closed_policy(policy: Policy) -> Policy:
    """The policy of a device whose rules are lost: management comes in and through, and nothing else.

    A device that refuses nothing does not begin to when its rules are lost.
    """
    stance = EXCLUSIVE if policy.stance == EXCLUSIVE else ADDITIVE
    nothing: dict[str, Any] = dict.fromkeys(
        ("openings", "forward_permits", "input", "output", "destination_nat", "source_nat"), ()
    )
    forward = tuple((permit, ids) for permit, ids in policy.forward if ids[0].partition("/")[0] == MANAGEMENT)
    return policy._replace(outbound="flows", reverse_path="off", stance=stance, forward=forward, **nothing)


@gc_pause()
def render(policy: Policy, *, address_ranges: bool = False) -> str:
    """The complete nft file for a policy: replaces table `inet faxnet` as a whole, touches nothing else.

    With `address_ranges`, neighbouring target addresses with the same ports share one element (NR-22). It permits the
    same packets; it is off by default because a rule for each client is easier to read and to switch off.
    Raises `RefusedError` when the policy sends one packet to two targets.
    """
    stance = stance_of(policy)
    inbound = filters(policy.input, "input", address_ranges)
    onward = filters(policy.forward, "forward", address_ranges)
    # What the host starts is not filtered; the set names only what must be tracked in a way of its own.
    outward = [item for item in filters(policy.output, "output", address_ranges) if item.demand != NOTHING]
    forwards = list(translations(policy.destination_nat, by_version(policy.networks)))
    turned = list(turned_sources(policy.destination_nat))
    lines = objects((item.transport, item.demand) for item in (*inbound, *onward, *outward))
    for item in (*inbound, *onward, *outward, *forwards, *turned):
        lines += item.lines(stance)
    lines += stance.sets(policy.forwarding)
    end = f"priority filter; policy {stance.policy};"
    lines += chain("input", f"type filter hook input {end}", _input(policy, inbound))
    lines += clamp_mss_chain(policy)
    if policy.forwarding:
        lines += chain("forward", f"type filter hook forward {end}", _forward(policy, onward))
    if outward:
        track = [_ESTABLISHED, *(item.rule for item in outward)]
        lines += chain("output", "type filter hook output priority filter; policy accept;", track)
    if forwards:
        translate = [item.rule for item in forwards]
        lines += chain("prerouting", "type nat hook prerouting priority dstnat; policy accept;", translate)
    if policy.source_nat or turned:
        wear = [*(item.rule for item in turned), *map(_masquerade, policy.source_nat)]
        lines += chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", wear)
    return nft_text.table(nft_text.switched_off(policy), lines)


def _input(policy: Policy, sets: Sequence[LookUp]) -> Iterator[str]:
    stance = stance_of(policy)
    for limit in PING_LIMITS:
        yield from stance.refuse(limit)
    # ICMP errors such as packet-too-big belong to a connection: conntrack calls them related.
    yield _ESTABLISHED
    # Before everything that could drop a packet: whatever the rest of the policy says, Ansible gets in.
    for opening in policy.management:
        yield from opening_rules(opening, "management")
    yield 'iif "lo" accept'
    yield from stance.refuse(INVALID)
    yield from link_rules()
    for stray in reverse_path(policy):
        yield from stance.refuse(stray)
    for opening in policy.openings:
        yield from opening_rules(opening, f"permit {opening.name}")
    for item in sets:
        yield from item.rules(stance)
    yield from stance.rest("input")


def _forward(policy: Policy, sets: Sequence[LookUp]) -> Iterator[str]:
    stance = stance_of(policy)
    yield _ESTABLISHED
    yield from stance.refuse(INVALID)
    for stray in reverse_path(policy):
        yield from stance.refuse(stray)
    yield from bridged_rules(policy)
    for item in sets:
        yield from item.rules(stance)
    for permit in policy.forward_permits:
        yield from forward_permit_rules(permit)
    if policy.outbound == "any":
        for version, networks in by_version(policy.networks).items():
            inside = address_set(version, networks)
            field = FIELD[version]
            yield f'{field} saddr {inside} {field} daddr != {inside} ct state new counter accept comment "outbound any"'
    yield from stance.rest("forward")


def _masquerade(nat: SourceNat) -> str:
    field = FIELD[nat.version]
    exempt = by_version(nat.exempt).get(nat.version)
    beyond = f" {field} daddr != {address_set(nat.version, exempt)}" if exempt else ""
    inside = address_set(nat.version, by_version(nat.networks)[nat.version])
    wear = f"snat {field} to {nat.address.text}" if nat.address is not None else "masquerade"
    return f"{field} saddr {inside}{beyond} counter {wear}"
