# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that stand on a host with Windows held against those that are wanted.

What is ours is told by its group or by its name. What is added comes before what is removed goes, so a wanted rule
whose name is taken by one that somebody has changed gets another: that one stays until the right one is there. Rules of
others are never touched unless they are named; what they do to the plan is told (remarks.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from .overlap import Permitted
from .remarks import Remark, of_hand, of_others, of_settings, of_unreadable
from .rule import PREFIX, Rule
from .rule_text import RuleTextError, read_rule, write_rule
from .rules import is_as_named
from .standing import Standing
from .wanted import Wanted


class Removed(NamedTuple):
    """A rule of ours that goes; *rule* is None where its text is none, so that it cannot come back."""

    name: str
    rule: Rule | None


class Comparison(NamedTuple):
    """What is to be done, and what is to be told.

    Attributes:
        added: rules that are to come, under the names that they get, those for management first.
        removed: rules of ours that are to go.
        kept: names of the rules of ours that stay.
        disabled: names of rules of others that are to be switched off.
        remarks: what is to be told, those that hinder first.
        before, after: the texts of our rules as they stand and as they will, sorted, a rule a line.
    """

    added: tuple[Rule, ...]
    removed: tuple[Removed, ...]
    kept: tuple[str, ...]
    disabled: tuple[str, ...]
    remarks: tuple[Remark, ...]
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.added or self.removed or self.disabled)


class _Store(NamedTuple):
    """The rules of one store: ours by name, those of others, and the names of values that are no rules."""

    ours: dict[str, Rule]
    others: list[Rule]
    unreadable: list[str]


def compare(
    wanted: Wanted, standing: Standing, accepted: Collection[str] = (), disable: Collection[str] = ()
) -> Comparison:
    """Return what makes the host as it is wanted.

    Args:
        accepted: names of rules of others about which nothing is to be said.
        disable: names of rules of others in the local store that are to be switched off.
    """
    local, group = _read(standing.local), _read(standing.group)
    kept, missing = _kept(wanted, local)
    broken = [name for name in local.unreadable if name.lower().startswith(PREFIX)]
    left = [Removed(name, rule) for name, rule in local.ours.items() if name not in kept]
    off = {name.lower() for name in disable}
    disabled = tuple(rule.name for rule in local.others if rule.enabled and rule.name.lower() in off)
    others = [rule for rule in local.others if rule.name not in disabled]
    by_group = Permitted(group.ours.values())
    remarks = [
        *of_settings(wanted, standing, in_group_policy=all(by_group.cover(rule) for rule in wanted.rules)),
        *of_others(wanted, others, [*group.ours.values(), *group.others], {name.lower() for name in accepted}),
        *of_hand([rule for rule in local.ours.values() if not is_as_named(rule)], broken),
        *of_unreadable(name for name in (*local.unreadable, *group.unreadable) if name not in broken),
    ]
    return Comparison(
        added=tuple(_under_free_names(missing, standing.local)),
        removed=(*left, *(Removed(name, None) for name in broken)),
        kept=tuple(kept),
        disabled=disabled,
        remarks=tuple(sorted(remarks, key=lambda remark: not remark.hinders)),
        before=_lines(
            [*kept.values(), *(standing.local[item.name] for item in left), *(standing.local[name] for name in broken)]
        ),
        after=_lines(map(write_rule, wanted.rules)),
    )


def _read(values: Mapping[str, str]) -> _Store:
    store = _Store({}, [], [])
    for name, text in sorted(values.items()):
        try:
            rule = read_rule(name, text)
        except RuleTextError:
            store.unreadable.append(name)
            continue
        if rule.is_ours:
            store.ours[name] = rule
        else:
            store.others.append(rule)
    return store


def _kept(wanted: Wanted, local: _Store) -> tuple[dict[str, str], list[Rule]]:
    """The texts of those wanted rules that stand already, by their names on the host, and the rules that do not."""
    standing: dict[Rule, list[str]] = {}
    for name, rule in local.ours.items():
        standing.setdefault(rule.content, []).append(name)
    kept: dict[str, str] = {}
    missing: list[Rule] = []
    for rule in wanted.rules:
        names = standing.get(rule.content)
        if names:
            kept[names.pop(0)] = write_rule(rule)
        else:
            missing.append(rule)
    return kept, missing


def _under_free_names(rules: Iterable[Rule], standing: Collection[str]) -> Iterator[Rule]:
    """The rules under their own names, or such a name with a number where it is taken; in any case of letters."""
    taken = {name.lower() for name in standing}
    for rule in rules:
        name, number = rule.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{rule.name}-{number}"
        taken.add(name.lower())
        yield rule._replace(name=name)


def _lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in sorted(texts))
