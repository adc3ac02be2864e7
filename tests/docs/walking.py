# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a value through the engine: which files run, and which of them have the value in hand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 40  # letters: a longer text is a file or a message with much else in it
LARGEST = 20  # items: a larger collection is handed on as a whole


@dataclass
class Steps:
    """What a run showed: files by path from the checkout's top."""

    ran: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, tuple | list | set | frozenset):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, each.name) for each in fields(value)]
    return ()


def holds(value: object, words: set[str], depth: int = 1) -> bool:
    """Whether a value is, or holds `depth` levels inside, one of the numbers or a short text with one of them."""
    if isinstance(value, int | str):
        text = str(value)
        return len(text) <= LONGEST and any(word in text for word in words)
    parts = list(_parts(value)) if depth else []
    return len(parts) <= LARGEST and any(holds(part, words, depth - 1) for part in parts)


def follow(words: set[str], run: Callable[[], object]) -> Steps:
    """Run, and return which files of plugins/ ran, and where a function ended with one of the words in hand."""
    steps, top = Steps(), f"{ROOT}/plugins/"

    def trace(frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
        file = str(Path(frame.f_code.co_filename).resolve())
        if not file.startswith(top):
            return None
        name = file.removeprefix(f"{ROOT}/")
        steps.ran.add(name)
        frame.f_trace_lines = False

        def leave(frame: FrameType, event: str, result: Any) -> Callable[..., Any]:
            if event == "return" and any(holds(value, words) for value in [*frame.f_locals.values(), result]):
                steps.held.add(name)
            return leave

        return leave

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return steps
