# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet filter without connection tracking: every packet is judged alone, answers included.

It is for machines that must not track connections, and it stands for the access lists of simple routers. The table is
nftables' own, applied and undone like the tracking one. What only a memory of connections can do is refused:
translation, helpers, answers to whatever a network starts. An idle time is held without doing anything for it: who
remembers nothing forgets nothing.

TCP answers are told by their flags: everything but the first packet of a connection carries ACK or RST, and without a
first packet no connection comes about (the old "established" of access lists). UDP has nothing of the kind, so a UDP
answer is a packet from the port that was called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...basics.gc_pause import gc_pause
from ...policies.policy import Permits, Policy, RefusedError
from ...policies.stateless_answers import answers
from ..needs import refusals
from ..platform import Abilities, Device, Options
from . import text as nft_text
from .nftables import Nftables
from .permits import bridged_rules, opening_rules
from .sets import LookUp, filters
from .stances import stance_of
from .text import chain, clamp_mss_chain, link_rules, reverse_path

ABILITIES = Abilities(forwards=False, state=False, masquerade=False, timeouts=True)

_NOT_THE_FIRST = "tcp flags & (ack | rst) != 0 "

#: Nothing calls an error related to a connection here, and path MTU discovery dies without them (RFC 2923; RFC 4890,
#: 4.3.1). Echo replies are those of the machine's own pings.
_ERRORS = (
    "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept",
)
_ECHOES = (
    "icmp type echo-reply limit rate 20/second accept",
    "icmpv6 type echo-reply limit rate 20/second accept",
)


class StatelessNftables(Nftables):
    """The same machine, applied in the same way, with a filter that remembers nothing."""

    name = "nftables_stateless"
    traits = replace(Nftables.traits, abilities=ABILITIES)

    def render(self, device: Device, options: Options) -> str:
        """The complete nft file."""
        return render(device.policy, address_ranges=options.address_ranges)


@gc_pause()
def render(policy: Policy, *, address_ranges: bool = False) -> str:
    """The complete nft file for a policy; see `nftables.render`.

    Raises `RefusedError` when the policy needs what this platform lacks.
    """
    lacking = refusals(StatelessNftables.name, ABILITIES, policy)
    if lacking:
        raise RefusedError("; ".join(lacking))
    inbound = filters(_without_idle(policy.input), "input", address_ranges)
    # TCP answers to the host itself pass whoever they come from, as everything that it starts is let out.
    started = tuple((permit, flows) for permit, flows in policy.output if permit.transport == "udp")
    asked = filters(_without_idle(answers(started)), "answers", address_ranges)
    onward = filters(_without_idle(policy.forward), "forward", address_ranges)
    guards = {"tcp": _NOT_THE_FIRST}
    back = filters(_without_idle(answers(policy.forward)), "forward_answers", address_ranges, guards)
    stance = stance_of(policy)
    lines: list[str] = []
    for item in (*inbound, *asked, *onward, *back):
        lines += item.lines(stance)
    for name, hook in (("untracked_in", "prerouting"), ("untracked_out", "output")):
        lines += chain(name, f"type filter hook {hook} priority raw; policy accept;", ["notrack"])
    end = f"priority filter; policy {stance.policy};"
    lines += chain("input", f"type filter hook input {end}", _input(policy, [*inbound, *asked]))
    lines += clamp_mss_chain(policy)
    if policy.forwarding:
        stray = [rule for refusal in reverse_path(policy) for rule in stance.refuse(refusal)]
        passing = [
            *stray,
            *bridged_rules(policy),
            *_ERRORS,
            *(item.rule for item in (*onward, *back)),
            *stance.rest("forward"),
        ]
        lines += chain("forward", f"type filter hook forward {end}", passing)
    return nft_text.table(nft_text.switched_off(policy), lines)


def _without_idle(permits: Permits) -> Permits:
    return tuple((permit._replace(idle=0), flows) for permit, flows in permits)


def _input(policy: Policy, sets: Sequence[LookUp]) -> Iterator[str]:
    # Before everything else: whatever the rest of the policy says, Ansible gets in.
    for opening in policy.management:
        yield from opening_rules(opening, "management")
    yield 'iif "lo" accept'
    yield from link_rules()
    stance = stance_of(policy)
    for stray in reverse_path(policy):
        yield from stance.refuse(stray)
    yield f"{_NOT_THE_FIRST}counter accept"
    yield from _ERRORS
    yield from _ECHOES
    # A DHCPv4 client renews its lease over an ordinary socket (RFC 2131, 4.4.5).
    yield "udp sport 67 udp dport 68 accept"
    for opening in policy.openings:
        yield from opening_rules(opening, f"permit {opening.name}")
    for item in sets:
        yield item.rule
    yield from stance.rest("input")
