# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule of the firewall of Windows, ours or somebody else's.

Conditions of one kind are "or", those of different kinds are "and"; a kind that a rule does not name matches
everything. No rule comes before another: a block beats an allow ([MS-FASP] 2.2.34).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...basics.ports import PortRange
from ...inventory.firewall_profiles import PROFILES
from ..ranges import BITS, Range, merged

#: What our rules carry as their group, and what their names on a host begin with.
GROUP = "faxnet.deploy"
PREFIX = "faxnet-"

IN, OUT = "in", "out"
ALLOW, BLOCK = "allow", "block"

#: Protocols whose ports Windows knows ([MS-FASP] 2.2.37), and those whose types it knows.
TCP, UDP = 6, 17
ICMP, ICMPV6 = 1, 58

#: Local ports that go by what listens there: whatever Windows' RPC gave out, and RPC's endpoint mapper.
RPC, RPC_MAPPER = "RPC", "RPC-EPMap"


class Span(NamedTuple):
    """Addresses of one IP version from one to another, both among them."""

    version: int
    low: int
    high: int

    @property
    def range(self) -> Range:
        """The addresses as numbers."""
        return self.low, self.high

    @property
    def is_all(self) -> bool:
        """Whether these are all addresses of the version."""
        return (self.low, self.high) == (0, 2 ** BITS[self.version] - 1)


class Rule(NamedTuple):
    """A rule. Of every condition an empty tuple, an empty text or None matches everything.

    Attributes:
        name: its identity on the host: the name of the registry's value that holds it.
        display_name: what people see as its name.
        group: by which rules are listed together.
        direction: `IN` or `OUT`.
        action: `ALLOW`, `BLOCK`, or ``bypass`` (an allow that blocks do not beat, for what IPsec vouches for).
        protocol: its number.
        profiles: the kinds of networks in which it is in force, of `PROFILES`; empty for all.
        local_keywords: local ports by what listens there, such as `RPC`.
        remote_keywords: remote ports by what is there.
        icmp: types and codes as ``8:*``.
        remote_words: remote addresses that are words, as whole fields of a rule's text (``RA4=LocalSubnet``).
        program: path of the program that listens or sends.
        service: short name of the service that does.
        edge: whether it lets in what came through an edge device, such as a Teredo relay.
        other: fields of its text that none of these holds, in their order.
    """

    name: str
    display_name: str
    description: str
    group: str
    direction: str
    action: str
    enabled: bool
    protocol: int | None
    profiles: tuple[str, ...]
    local_ports: tuple[PortRange, ...] = ()
    local_keywords: tuple[str, ...] = ()
    remote_ports: tuple[PortRange, ...] = ()
    remote_keywords: tuple[str, ...] = ()
    icmp: tuple[str, ...] = ()
    local_addresses: tuple[Span, ...] = ()
    remote_addresses: tuple[Span, ...] = ()
    remote_words: tuple[str, ...] = ()
    program: str = ""
    service: str = ""
    edge: bool = False
    other: tuple[tuple[str, str], ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it carries the collection's name."""
        return self.group == GROUP or self.name.lower().startswith(PREFIX)

    @property
    def content(self) -> Rule:
        """What it says, whatever its name on the host."""
        return self._replace(name="")

    @property
    def title(self) -> str:
        """Both of its names, for people: that which is seen may be a reference into some file of Windows."""
        return self.name if self.display_name in ("", self.name) else f"{self.name} ({self.display_name})"


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same addresses in the fewest spans, IPv4 first; empty where these are all addresses of both versions."""
    found: list[Span] = []
    given = list(spans)
    for version in (4, 6):
        found += [Span(version, low, high) for low, high in merged(s.range for s in given if s.version == version)]
    return () if len(found) == len(BITS) and all(span.is_all for span in found) else tuple(found)


def named_profiles(profiles: Iterable[str]) -> tuple[str, ...]:
    """Profiles in Windows' own order, each once; empty for all of them, as a rule has it that names none."""
    wanted = frozenset(profiles)
    return () if wanted >= frozenset(PROFILES) else tuple(name for name in PROFILES if name in wanted)
