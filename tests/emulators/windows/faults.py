# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test lets go wrong. Calls are counted from when the fault is set, the next one being the first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Fault:
    """Something that goes wrong at one call of a module."""

    kind: str  # drop-before, drop-after, reboot-after, fail or slow
    left: int  # calls until it happens
    module: str = ""  # only calls of this module count; empty: of any
    message: str = ""
    seconds: float = 0.0
    lasting: bool = False


class Faults:
    """The faults of one host."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.unreachable = False  # no connection is let in

    def drop(self, at: int = 1, *, after: bool = False, module: str = "") -> None:
        """Cut the connection at a call: before the module has run, or after, when its answer is lost."""
        self._faults.append(Fault("drop-after" if after else "drop-before", at, module))

    def reboot(self, at: int = 1, *, module: str = "") -> None:
        """Boot the host anew right after a call, whose answer is lost."""
        self._faults.append(Fault("reboot-after", at, module))

    def fail(self, message: str, at: int = 1, *, module: str = "") -> None:
        """Let a call end as failed, and do nothing."""
        self._faults.append(Fault("fail", at, module, message))

    def slow(self, seconds: float, *, module: str = "") -> None:
        """Let every answer take so much longer, until the faults are cleared."""
        self._faults.append(Fault("slow", 1, module, seconds=seconds, lasting=True))

    def clear(self) -> None:
        """Let everything go well again."""
        self._faults.clear()
        self.unreachable = False

    def of_call(self, module: str) -> list[Fault]:
        """The faults that a call of a module meets; they are used up by it."""
        met = []
        for fault in self._faults:
            if fault.module in ("", module, module.rpartition(".")[2]):
                fault.left -= 0 if fault.lasting else 1
                if fault.lasting or fault.left == 0:
                    met.append(fault)
        self._faults = [fault for fault in self._faults if fault.lasting or fault.left > 0]
        return met
