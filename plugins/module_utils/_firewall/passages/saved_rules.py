# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files in the form of iptables-save, and passages in them: those of iptables-persistent and of ufw.

Such a file is somebody else's. A line of ours comes into it or goes, and every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.passage import COMMENT, Passage

#: The first and the last line around ours, in a file that people edit. Each is a comment.
BEGIN, END = f"# BEGIN {COMMENT}\n", f"# END {COMMENT}\n"
_OURS = re.compile(rf'--comment "?{re.escape(COMMENT)}"?(?=\s)')
#: What drops the addresses of a set, one address, or leads to fail2ban's chain: whoever is banned stays banned.
_BANS = re.compile(
    r"-j f2b-"
    r"|^(?=(?:.* )?(?<!! )-m set --match-set \S+ src )(?=.*-j (?:DROP|REJECT)\b)"
    r"|^(?=(?:.* )?(?<!! )-s \S+/(?:32|128) )(?=.*-j (?:DROP|REJECT)\b)"
)
_TABLE = "*filter"
#: How often a rule was met, in front of it (iptables-save --counters).
_COUNTS = re.compile(r"\[\d+:\d+\] ")


def is_ours(line: str) -> bool:
    """Whether a line of iptables is a rule of ours."""
    return bool(_OURS.search(line + " "))


def bans(rule: str) -> bool:
    """Whether a rule, without its chain, is one of a ban list."""
    return bool(_BANS.search(rule))


def rules(lines: Iterable[str], chain: str) -> list[str]:
    """The rules of a chain of the table filter, without its name."""
    begin = f"-A {chain} "
    return [line[len(begin) :].rstrip("\r\n") for line in _of_filter(lines) if line.startswith(begin)]


def chains(lines: Iterable[str]) -> dict[str, str]:
    """The chains that the table filter has, each with its policy ("-" where it has none)."""
    found = (re.match(r":(\S+) (\S+)", line) for line in _of_filter(lines))
    return {match[1]: match[2] for match in found if match}


def without_ours(text: str) -> str:
    """A file without anything of ours."""
    kept = (line for line in text.splitlines(keepends=True) if line not in (BEGIN, END))
    return "".join(line for line in kept if not (_uncounted(line).startswith("-A ") and is_ours(line)))


def with_passages(text: str, passages: Iterable[Passage], *, framed: bool) -> str:
    """A file with these passages and no others of ours, each in front of its chain's first rule that is no ban.

    A file without a table to put them into stays as it is. `framed`: with a comment around them, in one place.
    """
    lines = without_ours(text).splitlines(keepends=True)
    wanted = [(item, place) for item in passages if (place := _place(lines, item.chain)) is not None]
    if framed and wanted:
        block = [BEGIN, *(f"-A {item.chain} {item.rule}\n" for item, _place_of in wanted), END]
        place = min(place for _item, place in wanted)
        lines[place:place] = block
        return "".join(lines)
    # From the end on: what comes before keeps its place.
    for item, place in sorted(wanted, key=lambda pair: -pair[1]):
        lines[place:place] = [f"-A {item.chain} {item.rule}\n"]
    return "".join(lines)


def _place(lines: list[str], chain: str) -> int | None:
    """Where a rule of ours goes: before the chain's first rule that is no ban, else before the table's end.

    None where there is no such table, or it does not end.
    """
    begin, in_filter = f"-A {chain} ", False
    for number, line in enumerate(lines):
        if line.startswith("*"):
            in_filter = line.strip() == _TABLE
            continue
        rule = _uncounted(line)
        if in_filter and (rule.strip() == "COMMIT" or (rule.startswith(begin) and not bans(rule[len(begin) :]))):
            return number
    return None


def _of_filter(lines: Iterable[str]) -> Iterator[str]:
    in_filter = False
    for line in lines:
        if line.startswith("*"):
            in_filter = line.strip() == _TABLE
        elif in_filter:
            yield _uncounted(line)


def _uncounted(line: str) -> str:
    return line[match.end() :] if (match := _COUNTS.match(line)) else line
