# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flow asks of connection tracking, as nft objects: idle times and helpers of single flows.

Without an idle time of its own, Linux forgets a UDP exchange 30 s after a lone packet and 120 s after the last of
several (nf_conntrack_udp_timeout, nf_conntrack_udp_timeout_stream): a log channel on which nothing is logged for two
minutes is dead, and neither end hears of it. The kernel's settings would keep every flow of the host longer; an object
keeps those that asked for it, and no other.

Both are given to a connection that is not confirmed yet, that is, while its first packet is still on its way through
the host; later the kernel ignores them. So the rules that permit a flow set them, and where the host itself starts it,
rules of the output hook.
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
        alone: the same while only one side has sent anything; for TCP always equal to *idle*.
        helper: connection-tracking helper; empty for none.
    """

    idle: int = 0
    alone: int = 0
    helper: str = ""

    @classmethod
    def of(cls, permit: Permit) -> Demand:
        """What one permit asks for.

        A console says who it is by one datagram, and perhaps nothing is logged for days: so the long time holds for a
        datagram without an answer as well. But not where the whole Internet may send: anybody could fill the kernel's
        table with datagrams from made-up addresses, each to be remembered for days.
        """
        idle = max(permit.idle, _SHORTEST[permit.transport]) if permit.idle else 0
        flooded = permit.transport == "udp" and is_everybody(permit.source)
        return cls(idle, 0 if flooded else idle, permit.helper)

    def both(self, other: Demand) -> Demand:
        """What serves the flows of both: the longer times, and the helper that either has (there is only one)."""
        return Demand(max(self.idle, other.idle), max(self.alone, other.alone), self.helper or other.helper)

    @property
    def suffix(self) -> str:
        """What tells the set's name from others'."""
        return (f"_idle{self._times}" if self.idle else "") + (f"_{self.helper}" if self.helper else "")

    def statement(self, transport: str) -> str:
        """What the permitting rule does to the connection, with a blank after it; empty when nothing."""
        idle = f'ct timeout set "{self._timeout(transport)}" ' if self.idle else ""
        return idle + (f'ct helper set "{self._helper}" ' if self.helper else "")

    def objects(self, transport: str) -> Iterator[tuple[str, ...]]:
        """Yield the lines that declare each object that the statement names. One serves both IP versions."""
        if self.idle:
            times = (
                {"established": self.idle} if transport == "tcp" else {"unreplied": self.alone, "replied": self.idle}
            )
            policy = ", ".join(f"{state} : {seconds}" for state, seconds in times.items() if seconds)
            head = f"\tct timeout {self._timeout(transport)} {{"
            yield "", head, f"\t\tprotocol {transport};", f"\t\tpolicy = {{ {policy} }}", "\t}"
        if self.helper:
            yield "", f"\tct helper {self._helper} {{", f'\t\ttype "{self.helper}" protocol {transport};', "\t}"

    @property
    def _times(self) -> str:
        if self.alone == self.idle:
            return str(self.idle)
        return f"{self.idle}_alone{self.alone}" if self.alone else f"{self.idle}_answered"

    def _timeout(self, transport: str) -> str:
        return f"faxnet_idle_{transport}_{self._times}"

    @property
    def _helper(self) -> str:
        return f"faxnet_helper_{self.helper}"


NOTHING = Demand()


def objects(demands: Iterable[tuple[str, Demand]]) -> list[str]:
    """Lines that declare the objects for (transport, demand) pairs, each object once, in an order of their own."""
    blocks = {block for transport, demand in demands for block in demand.objects(transport)}
    return [line for block in sorted(blocks) for line in block]
