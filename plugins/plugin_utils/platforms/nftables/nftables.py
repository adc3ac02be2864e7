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

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...basics.addresses import Address
from ..host_side import forwarding_settings, openings
from ..platform import Abilities, OnDevice, Options, Platform, Traits
from ..rules import Masquerade, Rules, read_rules
from . import text as nft_text
from .sets import LookUp, filters, translations
from .text import FIELD, REFUSE, address_set, chain, link_rules, permit_rules
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
        abilities=Abilities(helpers=True, timeouts=True),
    )

    def render(self, part: Mapping[str, Any], options: Options) -> str:
        """The complete nft file."""
        return render(part["policy"], address_ranges=options.address_ranges)

    def apply(self, part: Mapping[str, Any], options: Options) -> OnDevice:
        """Load the file, with the kernel settings that it needs."""
        policy = part["policy"]
        settings, opened = forwarding_settings(policy), openings(policy)
        return OnDevice(MODULE, {"text": self.render(part, options), "settings": settings, "openings": opened})

    def remove(self) -> OnDevice:
        """Take the table away."""
        return OnDevice(MODULE)


def render(policy: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    """The complete nft file for a slice's "policy": replaces table `inet faxnet` as a whole, touches nothing else.

    With `address_ranges`, neighbouring target addresses with the same ports share one element (NR-22). It permits the
    same packets; it is off by default because a rule for each client is easier to read and to switch off.
    Raises `RefusedError` when the policy is malformed, has no management access, or sends one packet to two targets.
    """
    rules = read_rules(policy)
    inbound = filters(rules.input, "input", address_ranges)
    onward = filters(rules.forward, "forward", address_ranges)
    # What the host starts is not filtered; the set names only what must be tracked in a way of its own.
    outward = [item for item in filters(rules.output, "output", address_ranges) if item.demand != NOTHING]
    forwards = list(translations(rules.destination_nat, rules.networks))
    lines = objects((item.transport, item.demand) for item in (*inbound, *onward, *outward))
    for item in (*inbound, *onward, *outward, *forwards):
        lines += item.lines()
    lines += chain("input", "type filter hook input priority filter; policy drop;", _input(rules, inbound))
    if rules.forwarding:
        lines += chain("forward", "type filter hook forward priority filter; policy drop;", _forward(rules, onward))
    if outward:
        track = [_ESTABLISHED, *(item.rule for item in outward)]
        lines += chain("output", "type filter hook output priority filter; policy accept;", track)
    if forwards:
        translate = [item.rule for item in forwards]
        lines += chain("prerouting", "type nat hook prerouting priority dstnat; policy accept;", translate)
    if rules.source_nat:
        wear = [_masquerade(item) for item in rules.source_nat]
        lines += chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;", wear)
    return nft_text.table(nft_text.switched_off(rules), lines)


def _input(rules: Rules, sets: Sequence[LookUp]) -> Iterator[str]:
    # ICMP errors such as packet-too-big belong to a connection: conntrack calls them related.
    yield _ESTABLISHED
    # Before everything that could drop a packet: whatever the rest of the policy says, Ansible gets in.
    for permit in rules.management:
        yield from permit_rules(permit, "management")
    yield 'iif "lo" accept'
    yield "ct state invalid counter drop"
    yield from link_rules()
    for permit in rules.extras:
        yield from permit_rules(permit, f"permit {permit.name}")
    for item in sets:
        yield item.rule
    yield REFUSE


def _forward(rules: Rules, sets: Sequence[LookUp]) -> Iterator[str]:
    yield _ESTABLISHED
    yield "ct state invalid counter drop"
    for item in sets:
        yield item.rule
    if rules.outbound == "any":
        for version, networks in rules.networks.items():
            inside = address_set(version, networks)
            field = FIELD[version]
            yield f'{field} saddr {inside} {field} daddr != {inside} ct state new counter accept comment "outbound any"'
    yield REFUSE


def _masquerade(item: Masquerade) -> str:
    field = FIELD[item.version]
    exempt = f" {field} daddr != {address_set(item.version, item.exempt)}" if item.exempt else ""
    inside = address_set(item.version, item.networks)
    return f"{field} saddr {inside}{exempt} counter snat {field} to {Address(item.version, item.address).text}"
