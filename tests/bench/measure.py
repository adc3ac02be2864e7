# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and how they are taken: several rounds, the peers by turns, so that a busy machine disturbs both alike."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


class BenchError(Exception):
    """A part that cannot be measured here; the message names what is missing and the cure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity, measured once a round.

    Attributes:
        name: what was measured.
        unit: ``s``, ``MB``, ``us`` or ``x`` (a ratio).
        values: one a round, in order.
    """

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def low(self) -> float:
        """The smallest value."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)

    @property
    def high(self) -> float:
        """The largest value."""
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that the project has an aim for.

    Attributes:
        figure: mostly a ratio of two figures, one a round.
        aim: the value aimed at.
        at_least: whether more is better.
    """

    figure: Figure
    aim: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the median is on the right side of the aim."""
        return self.figure.median >= self.aim if self.at_least else self.figure.median <= self.aim


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the benchmark found.

    Attributes:
        key: its name on the command line and the name of its result file.
        about: sentences for the page: what was done and beside what.
    """

    key: str
    title: str
    about: str
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def ratio(name: str, over: Figure, under: Figure) -> Figure:
    """Return *over* divided by *under*, round by round."""
    return Figure(name, "x", tuple(a / b for a, b in zip(over.values, under.values, strict=True)))


def by_turns(cases: Mapping[str, Callable[[], float]], rounds: int, unit: str = "s") -> dict[str, Figure]:
    """Measure every case once a round, the order reversed every other round, and return a figure for each.

    Args:
        cases: by name, functions that do the work and return what they measured.
    """
    values: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds):
        for name in list(cases) if number % 2 == 0 else reversed(list(cases)):
            values[name].append(cases[name]())
    return {name: Figure(name, unit, tuple(taken)) for name, taken in values.items()}


def own_cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds (user and system) that *work* takes in this process.

    CPU time and not the clock's, for work of one thread: what else runs on the machine hardly touches it.
    """
    start = time.process_time()
    work()
    return time.process_time() - start


def childrens_cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that the processes started and awaited by *work* take."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    start = used()
    work()
    return used() - start


def memory(key: str) -> float:
    """Return what this process holds now (``VmRSS``) or has held at most (``VmHWM``), in MB; see proc(5).

    Not ``ru_maxrss``: across ``exec`` that keeps what the process was forked from.
    """
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{key}:")) / 1024


def part_of(data: Mapping[str, Any]) -> Part:
    """Return the part that :meth:`Part.as_dict` made plain data of."""
    figures = tuple(_figure(item) for item in data["figures"])
    goals = tuple(Goal(_figure(item["figure"]), item["aim"], item["at_least"]) for item in data["goals"])
    return Part(data["key"], data["title"], data["about"], figures, goals)


def _figure(data: Mapping[str, Any]) -> Figure:
    return Figure(data["name"], data["unit"], tuple(data["values"]))
