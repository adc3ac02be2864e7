# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace our table without making the kernel forget the connections that were promised a long silence.

Nor what an observing host has seen (see seen.py).

A connection holds on to the `ct timeout` object that was set for it. When the object is deleted, and be it to come back
in the same transaction, the kernel takes the connection back to its own times with the next packet (nf_ct_untimeout):
each change of the rules would cut off the log channels that are open. So an object that is to stay as it is stays, and
everything around it is replaced.
"""

from __future__ import annotations

import re

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import seen
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import SEEN, TABLE

_BLOCK = re.compile(r"^\t(?P<kind>[a-z]+(?: [a-z]+)?) (?P<name>\S+) \{\n.*?^\t\}\n", re.MULTILINE | re.DOTALL)
_OF_THE_TABLE = re.compile(r"^\t(?:flags|comment) ", re.MULTILINE)
_KEPT = "ct timeout"
#: What is deleted after what may name it: an element of a map may lead to a chain, a rule names objects.
_FIRST = ("map", "set", "chain")


def replacement(before: str | None, after: str | None, text: str, *, begins: bool = True) -> str:
    """An nft file that makes the table `text` of the table `before`, in one transaction.

    `before` and `after` are the tables as nft lists them, `text` is the file that gives `after`, whatever there was. It
    is returned as it is where no object stays, and where somebody gave the table itself a property (dormant): only
    deleting it takes that away. `begins` is whether rules that observe, after others that do not, begin with nothing
    seen; a change that is taken back goes on instead.
    """
    there = _blocks(before or "")
    wanted = _blocks(after or "")
    # Whoever begins to observe begins with nothing seen.
    anew = begins and seen.observes(after) and not seen.observes(before)
    kept = [
        key
        for key, block in there.items()
        if (key[0] == _KEPT and wanted.get(key) == block)
        or (seen.is_seen(*key) and not anew and wanted.get(key, block) == block)
    ]
    if not kept or _OF_THE_TABLE.search(before or ""):
        return text
    away = [key for key in there if key not in kept]
    away.sort(key=lambda key: _FIRST.index(key[0]) if key[0] in _FIRST else len(_FIRST))
    removal = f"flush table {TABLE}\n" + "".join(f"delete {kind} {TABLE} {name}\n" for kind, name in away)
    text = text.replace(f"delete table {TABLE}\n", removal, 1)
    return _BLOCK.sub(lambda found: "" if (found["kind"], found["name"]) in kept else found[0], text)


def taking_back(live: str | None, after: str | None, rollback: str) -> str:
    """An nft file that takes a change back and leaves what was seen where it is; empty where there is nothing seen.

    `live` is the table before the change as nft lists it, `after` the one that the change leads to, and `rollback` the
    file that brings `live` back whatever there is.
    """
    if SEEN not in (live or ""):
        return ""
    wanted = _blocks(after or "")
    unused = [block for key, block in _blocks(live or "").items() if seen.is_seen(*key) and key not in wanted]
    return replacement((after or "") + "".join(unused), live, rollback, begins=False)


def _blocks(table: str) -> dict[tuple[str, str], str]:
    """Everything in a table by kind and name."""
    return {(found["kind"], found["name"]): found[0] for found in _BLOCK.finditer(table)}
