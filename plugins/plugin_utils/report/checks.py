# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every probe of a run, judged: gone through as often as somebody asks, counted once, and never held as a whole.

A large network has half a million of them. Each passage reads the hosts' results anew, one host after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..verification.judgement import NOTED, PASSED, VERDICTS, Witnesses, judge
from ..verification.probes import KINDS, SILENT


@dataclass(slots=True)
class Share:
    """How many of some checks passed."""

    passed: int = 0
    all: int = 0

    def add(self, verdict: str) -> None:
        """Count one check."""
        self.passed += verdict == PASSED
        self.all += 1

    def __str__(self) -> str:
        """Return ``all 20``, or ``19 of 20``."""
        return f"all {self.passed}" if self.passed == self.all else f"{self.passed} of {self.all}"


@dataclass(slots=True)
class Tally:
    """What a run's probes came to.

    Attributes:
        kinds: how often each verdict was given, by kind, in the order of :data:`KINDS`.
        wanted, refused: of what must pass, and of what must not.
        by_both_ends: how many refusals passed because both ends were heard of otherwise.
    """

    kinds: dict[str, dict[str, int]] = field(
        default_factory=lambda: {kind: dict.fromkeys(VERDICTS, 0) for kind in KINDS}
    )
    wanted: Share = field(default_factory=Share)
    refused: Share = field(default_factory=Share)
    by_both_ends: int = 0

    def add(self, check: Mapping[str, Any]) -> None:
        """Count one judged probe."""
        verdict = check["verdict"]
        self.kinds[check["kind"]][verdict] += 1
        if check["expect"] == SILENT:
            self.refused.add(verdict)
            self.by_both_ends += verdict == PASSED and check["witness"] == "ends"
        elif verdict != NOTED:
            self.wanted.add(verdict)

    def verdicts(self) -> dict[str, int]:
        """How often each verdict was given to any probe."""
        return {verdict: sum(counts[verdict] for counts in self.kinds.values()) for verdict in VERDICTS}


class Checks:
    """The judged probes of a run, in the order of their hosts' names: each with outcome, verdict, text and witness.

    Attributes:
        tally: what they came to.
    """

    def __init__(self, results: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], seen: Witnesses) -> None:
        """Count the probes.

        Args:
            results: each host's result document; may read it when it is asked for.
            hosts: those whose results belong to this run.
            seen: who was seen alive in it.
        """
        self._results = results
        self._hosts = sorted(hosts)
        self._seen = seen
        self.tally = Tally()
        for check in self:
            self.tally.add(check)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Judge each probe as it is asked for."""
        for host in self._hosts:
            for probe in self._results[host]["probes"]:
                yield {**probe, **judge(probe, self._seen).as_dict()}

    def __len__(self) -> int:
        """Return the number of probes."""
        return sum(self.tally.verdicts().values())
