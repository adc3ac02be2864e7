# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an outcome means for what was expected: passed, failed, or not proven.

Silence proves a refusal only where something else shows that silence was not simply a dead line. The best witness is an
answer that the same sender got from the same address in the same run (``path``). Where a refusing router answers
nothing at all, two witnesses do: the sender got answers from elsewhere, and the target answered others or, as a client
that takes nothing in, got answers itself (``ends``). Without a witness a silent probe is not proven, and is never
counted as passed. What was asked later than the rest vouches for no silence: the line may have come back meanwhile.

A datagram that must arrive and brings nothing back failed where an answer was sure to come: from an emulator, and from
a system on whose port nobody listens. A real program may leave a question that it does not know unanswered, so its
silence is not proven either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .probes import CONTROL, OPEN, SILENT, THROUGH, UNSOLICITED

PASSED = "passed"
FAILED = "failed"
UNPROVEN = "not proven"
NOTED = "noted"
#: In the order in which people want to read them.
VERDICTS = (FAILED, UNPROVEN, PASSED, NOTED)

#: Outcomes (module_utils/_probing/probes.py) that came from the far end itself.
_FAR_END = frozenset({"open", "refused"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the sentence that explains it; ``witness`` is ``path``, ``ends`` or empty."""

    verdict: str
    text: str
    witness: str = ""

    def as_dict(self) -> dict[str, str]:
        """The judgement as plain data."""
        return {"verdict": self.verdict, "text": self.text, "witness": self.witness}


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who was seen alive in a run.

    Attributes:
        paths: sender and address, where that address answered that sender.
        senders: hosts that got an answer from anywhere.
        targets: hosts that answered anybody, or got an answer themselves: they are there, and their line is alive.
        emulated: hosts on which an emulator runs, which answers whatever a probe asks.
    """

    paths: frozenset[tuple[str, str]]
    senders: frozenset[str]
    targets: frozenset[str]
    emulated: frozenset[str]

    def of(self, probe: Mapping[str, Any]) -> str:
        """The best witness for a probe: ``path``, ``ends`` or none."""
        if (probe["host"], probe["address"]) in self.paths:
            return "path"
        return "ends" if probe["host"] in self.senders and probe["target"] in self.targets else ""


_SILENT = {
    "path": Judgement(PASSED, "silent, while the same address answered this host otherwise", "path"),
    "ends": Judgement(PASSED, "silent, while both ends were heard of otherwise", "ends"),
    "": Judgement(UNPROVEN, "silent, but nothing shows that the line was alive"),
}


def witnesses(tried: Iterable[Mapping[str, Any]], emulated: Iterable[str] = ()) -> Witnesses:
    """Return who was seen alive by these probes (with their ``outcome``).

    Args:
        tried: the probes, see :func:`vouches`.
        emulated: hosts where an emulator runs.
    """
    paths, senders, targets = set(), set(), set()
    for probe in tried:
        if vouches(probe):
            paths.add((probe["host"], probe["address"]))
            senders.add(probe["host"])
            targets.add(probe["target"])
    return Witnesses(frozenset(paths), frozenset(senders), frozenset(targets | senders), frozenset(emulated))


def vouches(probe: Mapping[str, Any]) -> bool:
    """Whether a probe with its ``outcome`` shows that the line was alive while its host's other probes were sent.

    Where the outcome is of a later try, its own ``vouches`` says it.
    """
    return bool(probe.get("vouches", probe["outcome"] in _FAR_END))


def judge(probe: Mapping[str, Any], seen: Witnesses) -> Judgement:
    """Judge one probe with its ``outcome`` and ``detail``."""
    outcome, detail = probe["outcome"], probe.get("detail") or ""
    if probe["kind"] == CONTROL:
        return Judgement(NOTED, "answers" if outcome == OPEN else _with("does not answer", detail))
    if outcome == "unsent":
        verdict = UNPROVEN if probe["expect"] == SILENT else FAILED
        return Judgement(verdict, _with("nothing was sent", detail))
    if probe["expect"] == SILENT:
        return _judge_silence(probe, outcome, detail, seen)
    if outcome == "silent" and _may_stay_silent(probe, seen):
        return Judgement(
            UNPROVEN, "no answer: held up on the way, or its program leaves what it does not know unanswered"
        )
    return _judge_answer(probe["expect"], outcome, detail)


def _may_stay_silent(probe: Mapping[str, Any], seen: Witnesses) -> bool:
    """Whether what receives a datagram need not answer it: a server's real program, or somebody else's machine."""
    if probe["transport"] != "udp" or probe["target"] in seen.emulated:
        return False
    return probe["expect"] == OPEN or bool(probe.get("foreign"))


def _judge_answer(expect: str, outcome: str, detail: str) -> Judgement:
    if outcome == OPEN:
        return Judgement(PASSED, "answered", "path")
    if outcome == "refused":
        if expect == THROUGH:
            return Judgement(PASSED, "the packet got there; no program listens on this port just now", "path")
        return Judgement(FAILED, "the packet got there, but no program listens: start the service on the far end")
    if outcome == "prohibited":
        return Judgement(FAILED, _with("a filter refused it", detail))
    if outcome == "unreachable":
        return Judgement(FAILED, _with("no route, or no such host", detail))
    return Judgement(FAILED, "no answer: held up on the way, or the far end is down")


def _judge_silence(probe: Mapping[str, Any], outcome: str, detail: str, seen: Witnesses) -> Judgement:
    if outcome == "silent":
        return _SILENT[seen.of(probe)]
    if outcome == OPEN:
        return Judgement(FAILED, "got through and was answered")
    if outcome == "refused":
        return Judgement(FAILED, "got through: the far end itself said that nothing listens there")
    if outcome == "prohibited":
        return Judgement(PASSED, _with("a filter refused it", detail), "path")
    if probe["kind"] == UNSOLICITED:
        return Judgement(PASSED, _with("no way leads there", detail), "path")
    return Judgement(UNPROVEN, _with("no route, or no such host", detail))


def _with(text: str, detail: str) -> str:
    return f"{text} ({detail})" if detail else text


def counts(judged: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how often each verdict was given."""
    found = dict.fromkeys(VERDICTS, 0)
    for item in judged:
        found[item["verdict"]] += 1
    return found
