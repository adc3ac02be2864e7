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

from collections.abc import Iterable
from typing import NamedTuple

from .rules import Opening

#: A second above what nft takes for the kernel's own defaults (net/netfilter/nf_conntrack_proto_{udp,tcp}.c: 120 s
#: and 5 days). Not less: nobody's idle time may become shorter by asking for one. Not the same: nft 1.0 lists an object
#: that holds nothing but defaults as an empty policy, which it cannot read again, and the roll-back would be lost.
_SHORTEST = {"udp": 121, "tcp": 432001}

#: The states whose time is set. A UDP exchange has two: one packet alone (a console that said who it is, before
#: anything is logged), and packets both ways.
_STATES = {"udp": ("unreplied", "replied"), "tcp": ("established",)}


class Demand(NamedTuple):
    """What the connections of one set get: idle seconds (0: the kernel's own), helper ("": none)."""

    idle: int = 0
    helper: str = ""

    @classmethod
    def of(cls, opening: Opening) -> Demand:
        """What one opening asks for."""
        idle = max(opening.idle, _SHORTEST[opening.transport]) if opening.idle else 0
        return cls(idle, opening.helper or "")

    def both(self, other: Demand) -> Demand:
        """What serves the flows of both: the longer time, and the helper that either has (there is only one)."""
        return Demand(max(self.idle, other.idle), self.helper or other.helper)

    @property
    def suffix(self) -> str:
        """What tells the set's name from others'."""
        return (f"_idle{self.idle}" if self.idle else "") + (f"_{self.helper}" if self.helper else "")

    def statement(self, transport: str) -> str:
        """What the permitting rule does to the connection, with a blank after it; empty when nothing."""
        idle = f'ct timeout set "{_timeout(transport, self.idle)}" ' if self.idle else ""
        return idle + (f'ct helper set "{_helper(self.helper)}" ' if self.helper else "")


NOTHING = Demand()


def objects(demands: Iterable[tuple[str, Demand]]) -> list[str]:
    """Lines that declare the objects for (transport, demand) pairs, each object once. They serve both IP versions."""
    pairs = list(demands)
    lines: list[str] = []
    for transport, idle in sorted({(transport, demand.idle) for transport, demand in pairs if demand.idle}):
        times = ", ".join(f"{state} : {idle}" for state in _STATES[transport])
        lines += ["", f"\tct timeout {_timeout(transport, idle)} {{", f"\t\tprotocol {transport};"]
        lines += [f"\t\tpolicy = {{ {times} }}", "\t}"]
    for transport, helper in sorted({(transport, demand.helper) for transport, demand in pairs if demand.helper}):
        lines += ["", f"\tct helper {_helper(helper)} {{", f'\t\ttype "{helper}" protocol {transport};', "\t}"]
    return lines


def _timeout(transport: str, idle: int) -> str:
    return f"faxnet_idle_{transport}_{idle}"


def _helper(helper: str) -> str:
    return f"faxnet_helper_{helper}"
