# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's time: the machine's, or one that a test moves."""

from __future__ import annotations

import datetime
import re
import time
from typing import Protocol

from .errors import EmulatorError

LONGEST_SLEEP = 60.0  # seconds; a script that sleeps longer would hold the tests up


class Clock(Protocol):
    """What tells the time, in seconds since 1970, and lets it pass."""

    def now(self) -> float:
        """The time."""

    def sleep(self, seconds: float) -> None:
        """Come back after so many seconds."""


class MachineClock:
    """The machine's own time."""

    def now(self) -> float:
        """The time."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait. Raises EmulatorError for more than a minute."""
        if seconds > LONGEST_SLEEP:
            raise EmulatorError(f"a sleep of {seconds:g} seconds is too long for the machine's own time: move a clock")
        time.sleep(seconds)


class MovedClock:
    """A time that stands still until a test moves it."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """The time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let so many seconds pass. What was due meanwhile is done when the host is looked at next."""
        self._now += seconds


def seconds_of(duration: str) -> float:
    """An XML duration such as PT1M30S in seconds. Raises ValueError; years and months are not taken."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", duration)
    if found is None or duration == "P":
        raise ValueError(f"no XML duration in days, hours, minutes and seconds: {duration!r}")
    days, hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def time_of(boundary: str) -> float:
    """A task's boundary such as 2026-12-01T12:00:00 as a time; without a zone it is UTC here. Raises ValueError."""
    moment = datetime.datetime.fromisoformat(boundary)
    return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp()


def sortable(moment: float | None) -> str:
    """A time in .NET's sortable form; without one the date that the task scheduler shows instead."""
    if moment is None:
        return "1899-12-30T00:00:00"
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
