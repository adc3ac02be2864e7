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
        small_sites: sites of one client each.
        reported: clients of the verification that a report is made of.
        called: clients of a service whose server starts everything.
        demonstrations: rounds of the demonstration.
        sheets: clients whose settings sheets are looked after.
        terms: terms to render.
        rules: rules to apply.
        entries: entries of the set that a connection is looked up in.
        connections: connections a round.
        rounds: rounds of most parts; a median wants an odd number.
        slow_rounds: rounds of the parts that take minutes each.
    """

    clients: tuple[int, ...]
    inventory: int
    small_sites: int
    called: int
    reported: int
    demonstrations: int
    sheets: int
    terms: int
    rules: int
    entries: int
    connections: int
    rounds: int
    slow_rounds: int


FULL = Scale(
    clients=(100, 1_000, 5_000, 20_000),
    inventory=20_000,
    small_sites=4_000,
    called=20_000,
    reported=2_000,
    demonstrations=2,
    sheets=50,
    terms=10_000,
    rules=100,
    entries=10_000,
    connections=3_000,
    rounds=5,
    slow_rounds=3,
)
QUICK = Scale(
    clients=(100, 400),
    inventory=100,
    small_sites=40,
    reported=100,
    demonstrations=1,
    sheets=2,
    called=100,
    terms=200,
    rules=4,
    entries=200,
    connections=50,
    rounds=2,
    slow_rounds=1,
)
