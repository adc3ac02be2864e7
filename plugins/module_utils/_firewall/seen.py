# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sets in which an observing host notes who sends what, in the text of a table and in the kernel.

What was noted outlives a change of the rules: the sets stay where they are, whatever else of the table is replaced.
Where the new rules refuse, the sets stay as well, unused, until the host boots or observes anew: a change that is taken
back must find them, and who looks late can still read what there was. They are no difference between two tables.

nft 0.9.8 (Debian 11) cannot replace a table piece by piece. There the whole one is loaded, with what was noted written
into it again: an element that says how much of its life is left goes on with it.
"""

from __future__ import annotations

import re

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import SEEN, TABLE, Machine

_SET = re.compile(rf"^\tset {SEEN}\S+ \{{\n.*?^\t\}}\n\n?", re.MULTILINE | re.DOTALL)


#: In a listing with counts: such a set, and what it holds.
_HELD = re.compile(
    rf"^\tset (?P<name>{SEEN}\S+) \{{\n(?:\t\t(?!elements)[^\n]*\n)*\t\telements = \{{(?P<elements>.*?)\}}\n",
    re.MULTILINE | re.DOTALL,
)
_SINCE = re.compile(
    rf"(^\tset {SEEN}since \{{\n\t\ttype mark\n\t\tflags timeout\n\t\telements = \{{)[^}}]*", re.MULTILINE
)


def observes(table: str | None) -> bool:
    """Whether the rules of a table, as text, note what they let pass."""
    return f"@{SEEN}" in (table or "")


def is_seen(kind: str, name: str) -> bool:
    """Whether something in a table is such a set."""
    return kind == "set" and name.startswith(SEEN)


def without_unused(table: str) -> str:
    """A listed table without such sets, where no rule of it fills them any more."""
    return table if observes(table) else _SET.sub("", table)


def written_again(machine: Machine, text: str) -> str:
    """An nft file that loads a whole table which observes, with what this host has seen so far in it.

    It is `text` as it is where that table does not observe, or this host has seen nothing.
    """
    if not observes(text):
        return text
    listing = machine.run([machine.nft(), "list", "table", *TABLE.split()], None).out
    held = {found["name"]: found["elements"].strip() for found in _HELD.finditer(listing)}
    since = held.pop(SEEN + "since", "")
    if not since or not observes(listing):
        return text
    text = _SINCE.sub(lambda found: f"{found[1]} {since} ", text)
    return text + "".join(f"add element {TABLE} {name} {{ {elements} }}\n" for name, elements in held.items())
