# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to stand on a host with Windows, as plain data for the step that puts it there, and read back from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...inventory.firewall_profiles import USUAL_PROFILES
from ...inventory.intent import ADDITIVE, EXCLUSIVE
from .port_reservations import Reservation
from .rule import Rule
from .rule_text import read_rule, write_rule


class Wanted(NamedTuple):
    """What is to stand on a host.

    Attributes:
        rules: those for management first.
        profiles: the kinds of networks in which they are in force.
        stance: what becomes of packets that no rule names.
        reservations: ports that no other program is given.
    """

    rules: tuple[Rule, ...] = ()
    profiles: tuple[str, ...] = USUAL_PROFILES
    stance: str = EXCLUSIVE
    reservations: tuple[Reservation, ...] = ()


#: Nothing of ours, and no look at what others have put there.
NOTHING = Wanted(profiles=(), stance=ADDITIVE)


def as_options(wanted: Wanted) -> dict[str, Any]:
    """Return it as what JSON can hold."""
    return {
        "rules": [{"name": rule.name, "text": write_rule(rule)} for rule in wanted.rules],
        "profiles": list(wanted.profiles),
        "stance": wanted.stance,
        "reservations": [{**item._asdict(), "versions": list(item.versions)} for item in wanted.reservations],
    }


def read_options(options: Mapping[str, Any]) -> Wanted:
    """Return what :func:`as_options` has written; no options at all are `NOTHING`.

    Raises:
        RuleTextError: a rule is none.
        KeyError, TypeError: the options are not of that shape.
    """
    if not options:
        return NOTHING
    return Wanted(
        rules=tuple(read_rule(item["name"], item["text"]) for item in options["rules"]),
        profiles=tuple(options["profiles"]),
        stance=options["stance"],
        reservations=tuple(
            Reservation(item["transport"], item["low"], item["high"], tuple(item["versions"]))
            for item in options["reservations"]
        ),
    )
