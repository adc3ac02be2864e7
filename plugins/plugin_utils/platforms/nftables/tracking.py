# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flow asks of connection tracking, as nft objects: idle times and helpers of single flows.

Without an idle time of its own, Linux forgets a UDP exchange 30 s after a lone packet or an answered question
(nf_conntrack_udp_timeout). Only from a packet on that comes more than 2 s after the first it counts as a stream, which
is forgotten 120 s after the last (nf_conntrack_udp_timeout_stream). So a telephone that registered, by one request and
one answer, cannot be called half a minute later; and a log channel on which nothing is logged for two minutes is dead,
and neither end hears of it. The kernel's settings would keep every flow of the host longer; an object keeps those that
asked for it, and no other.

Both are given to a connection that is not confirmed yet, that is, while its first packet is still on its way through
the host; later the kernel ignores them. So the rules that permit a flow set them, and where the host itself starts it,
rules of the output hook. And so the time of a lone packet, which the kernel also gives to an answered question, has to
be the long one: whether an answer comes is not known yet. What that costs is bounded by counting (sets.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...policies.policy import Permit, is_everybody

#: A second above what nft takes for the kernel's own defaults (net/netfilter/nf_conntrack_proto_{udp,tcp}.c: 120 s
#: and 5 days). Not less: nobody's idle time may become shorter by asking for one. Not the same: nft 1.0 lists an object
#: that holds nothing but defaults as an empty policy, which it cannot read again, and the roll-back would be lost.
_SHORTEST = {"udp": 121, "tcp": 432001}


class Demand(NamedTuple):
    """What the connections of one set get.

    Attributes:
        idle: seconds that a connection may be silent; 0 leaves it to the kernel.
        anybody: whether the whole Internet may send, so that only so many connections can be remembered that long.
        helper: connection-tracking helper; empty for none.
    """

    idle: int = 0
    anybody: bool = False
    helper: str = ""

    @classmethod
    def of(cls, permit: Permit) -> Demand:
        """What one permit asks for."""
        idle = max(permit.idle, _SHORTEST[permit.transport]) if permit.idle else 0
        return cls(idle, bool(idle) and permit.transport == "udp" and is_everybody(permit.source), permit.helper)

    def both(self, other: Demand) -> Demand:
        """What serves the flows of both: the longer time, and the helper that either has (there is only one)."""
        anybody = all(demand.anybody for demand in (self, other) if demand.idle)
        idle = max(self.idle, other.idle)
        return Demand(idle, bool(idle) and anybody, self.helper or other.helper)

    @property
    def suffix(self) -> str:
        """What tells the set's name from others'."""
        idle = f"_idle{self.idle}" if self.idle else ""
        return idle + ("_anybody" if self.anybody else "") + (f"_{self.helper}" if self.helper else "")

    def statement(self, transport: str) -> str:
        """What the permitting rule does to the connection, with a blank after it; empty when nothing."""
        idle = f'ct timeout set "{self._timeout(transport)}" ' if self.idle else ""
        return idle + (f'ct helper set "{self._helper}" ' if self.helper else "")

    def objects(self, transport: str) -> Iterator[tuple[str, ...]]:
        """Yield the lines that declare each object that the statement names. One serves both IP versions."""
        if self.idle:
            states = ("established",) if transport == "tcp" else ("unreplied", "replied")
            policy = ", ".join(f"{state} : {self.idle}" for state in states)
            head = f"\tct timeout {self._timeout(transport)} {{"
            yield "", head, f"\t\tprotocol {transport};", f"\t\tpolicy = {{ {policy} }}", "\t}"
        if self.helper:
            yield "", f"\tct helper {self._helper} {{", f'\t\ttype "{self.helper}" protocol {transport};', "\t}"

    def _timeout(self, transport: str) -> str:
        return f"faxnet_idle_{transport}_{self.idle}"

    @property
    def _helper(self) -> str:
        return f"faxnet_helper_{self.helper}"


NOTHING = Demand()


def objects(demands: Iterable[tuple[str, Demand]]) -> list[str]:
    """Lines that declare the objects for (transport, demand) pairs, each object once, in an order of their own."""
    blocks = {block for transport, demand in demands for block in demand.objects(transport)}
    return [line for block in sorted(blocks) for line in block]
