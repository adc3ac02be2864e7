# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is measured: the whole thing for docs/bench.md, or a quick run that shows that everything works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of the parts.

    Attributes:
        clients: fleet sizes for planning, in ascending order.
        inventory: clients in the inventory that a play plans.
        terms: terms to render.
        rules: rules to apply.
        entries: entries of the set that a connection is looked up in.
        connections: connections a round.
        rounds: rounds of most parts; a median wants an odd number.
        slow_rounds: rounds of the parts that take minutes each.
    """

    clients: tuple[int, ...]
    inventory: int
    terms: int
    rules: int
    entries: int
    connections: int
    rounds: int
    slow_rounds: int


FULL = Scale(
    clients=(100, 1_000, 5_000, 20_000),
    inventory=20_000,
    terms=10_000,
    rules=100,
    entries=10_000,
    connections=3_000,
    rounds=5,
    slow_rounds=3,
)
QUICK = Scale(
    clients=(100, 400), inventory=100, terms=200, rules=4, entries=200, connections=50, rounds=2, slow_rounds=1
)
