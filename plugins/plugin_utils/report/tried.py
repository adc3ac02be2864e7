# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was tried from one to another, and what came of it: all that a sign in the grid may claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..basics.ports import PortRange, merge_ranges, ports_text
from ..verification.judgement import FAILED, PASSED, UNPROVEN
from ..verification.probes import KINDS, SILENT
from .flow_words import dashes
from .parts import number

#: Worst first.
_ORDER = (FAILED, UNPROVEN, PASSED)

#: Ports, or ranges of ports next to each other, that are named; of the others only how many there are.
_MOST_PORTS = 6

_NOUNS: Mapping[tuple[str, ...], str] = {("tcp",): "connection", ("udp",): "datagram"}

#: How each verdict is said of packets that must get through, and of those that must not.
_THROUGH = {PASSED: "got through", FAILED: "did not get through", UNPROVEN: "not proven"}
_REFUSED = {PASSED: "refused", FAILED: "got through", UNPROVEN: "not proven"}
_ARRIVED = {PASSED: "arrived as meant", FAILED: "lost or astray", UNPROVEN: "not proven"}


@dataclass(slots=True)
class Packets:
    """Probes of which the same is expected.

    Attributes:
        verdicts: how often each was given.
        kinds: how many probes of each kind (:data:`KINDS`).
        ports: those that were tried, by protocol; a protocol without ports has none.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    ports: dict[str, set[int]] = field(default_factory=dict)

    def add(self, check: Mapping[str, Any]) -> None:
        """Count one judged probe."""
        self.verdicts[check["verdict"]] += 1
        self.kinds[check["kind"]] += 1
        ports = self.ports.setdefault(check["transport"], set())
        if check["port"] is not None:
            ports.add(check["port"])

    def words(self, must: str, results: Mapping[str, str]) -> str:
        """``3 connections tried (2 flow, 1 permit): 25, 4559\u20134561 tcp; all got through``; empty without any."""
        total = self.verdicts.total()
        if not total:
            return ""
        noun = _NOUNS.get(tuple(sorted(self.ports)), "packet")
        kinds = ", ".join(f"{self.kinds[kind]} {kind}" for kind in KINDS if self.kinds[kind])
        where = ", ".join(_tried_words(transport, ports) for transport, ports in sorted(self.ports.items()))
        return f"{number(total, noun)} tried{must} ({kinds}): {where}; {_came_out(self.verdicts, results)}"


@dataclass(slots=True)
class Tried:
    """Everything that was tried from one to another.

    Attributes:
        wanted: what must get through, or answer.
        refused: what must be refused.
        notifications: how often each verdict was given to what servers sent to their clients of their own accord.
        flows: ids of the flows that a probe was made for.
        notified: from whom to whom notifications went, and of which kind.
    """

    wanted: Packets = field(default_factory=Packets)
    refused: Packets = field(default_factory=Packets)
    notifications: Counter[str] = field(default_factory=Counter)
    flows: set[str] = field(default_factory=set)
    notified: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, check: Mapping[str, Any]) -> None:
        """Count one judged probe."""
        if check["expect"] == SILENT:
            self.refused.add(check)
        else:
            self.wanted.add(check)
            self.flows.add(check.get("flow", ""))

    @property
    def probes(self) -> int:
        """How many probes there were."""
        return self.wanted.verdicts.total() + self.refused.verdicts.total()

    @property
    def connected(self) -> bool:
        """Whether anything was tried that must get through."""
        return bool(self.wanted.verdicts or self.notifications)

    @property
    def verdict(self) -> str:
        """The worst of all; empty where nothing was tried."""
        return next((verdict for verdict in _ORDER if any(counts[verdict] for counts in self._counts())), "")

    def sentences(self) -> Iterator[str]:
        """Say what was tried, of which kinds, at which ports, and how it came out."""
        yield from filter(None, (self.wanted.words("", _THROUGH), self.refused.words(" to be refused", _REFUSED)))
        if self.notifications:
            sent = number(self.notifications.total(), "notification")
            yield f"{sent} sent; {_came_out(self.notifications, _ARRIVED)}"

    def _counts(self) -> tuple[Counter[str], ...]:
        return self.wanted.verdicts, self.refused.verdicts, self.notifications


def _tried_words(transport: str, ports: Iterable[int]) -> str:
    """``25, 4559\u20134561 tcp``; a range stands only where each of its ports was tried."""
    merged = merge_ranges(PortRange(port, port) for port in ports)
    more = sum(item.size for item in merged[_MOST_PORTS:])
    listed = dashes(ports_text(merged[:_MOST_PORTS], ", "))
    return f"{listed}{f' and {more} more' if more else ''} {transport}".strip()


def _came_out(verdicts: Mapping[str, int], results: Mapping[str, str]) -> str:
    """``all got through``, or how many did, how many did not."""
    total = sum(verdicts.values())
    if verdicts[PASSED] == total:
        return results[PASSED] if total == 1 else f"all {results[PASSED]}"
    return ", ".join(f"{verdicts[verdict]} {results[verdict]}" for verdict in _ORDER if verdicts[verdict])
