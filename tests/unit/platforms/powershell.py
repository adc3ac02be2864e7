# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's own reading of straight lines, told from about_Quoting_Rules and about_Parsing: tests read with it.

It knows commands of words and single-quoted strings with commas between, and refuses everything that could do more: a
variable, a sub-expression, a script block, a pipeline, a second command, an escape.
"""

from __future__ import annotations

QUOTES = "'\u2018\u2019\u201a\u201b"
DOUBLE_QUOTES = '"\u201c\u201d\u201e'
SPECIAL = frozenset("$`@(){};|&<>#" + DOUBLE_QUOTES)
ENDS = frozenset("\n\r\v\f\x85\u2028\u2029")
Word = str | list[str]


def words_of(line: str) -> list[Word]:
    """The words of one line: bare ones as text, strings with commas between as a list of what they hold."""
    words: list[Word] = []
    place = 0
    while place < len(line):
        letter = line[place]
        if letter in ENDS:
            raise ValueError(f"{letter!r} ends the line")
        if letter == " ":
            place += 1
        elif letter in QUOTES:
            strings, place = _strings(line, place)
            words.append(strings)
        else:
            start = place
            while place < len(line) and line[place] not in " " + QUOTES:
                if line[place] in SPECIAL or line[place] in ENDS:
                    raise ValueError(f"{line[place]!r} is more than a word")
                place += 1
            words.append(line[start:place])
    return words


def _strings(line: str, place: int) -> tuple[list[str], int]:
    found = []
    while True:
        content, place = _string(line, place)
        found.append(content)
        if place == len(line) or line[place] == " ":
            return found, place
        if line[place] != "," or line[place + 1 : place + 2] not in tuple(QUOTES):
            raise ValueError(f"{line[place]!r} stands behind a string")
        place += 1


def _string(line: str, place: int) -> tuple[str, int]:
    """A verbatim string: two quotes in a row, of whichever kind, are one that is meant."""
    content = ""
    place += 1
    while place < len(line):
        if line[place] in QUOTES:
            if line[place + 1 : place + 2] not in tuple(QUOTES):
                return content, place + 1
            content += line[place]
            place += 1
        elif line[place] in ENDS:
            raise ValueError("a line ends within a string")
        else:
            content += line[place]
        place += 1
    raise ValueError("a string does not end")


def parameters_of(line: str) -> tuple[str, dict[str, list[str]]]:
    """The command of a line and its parameters, each with its values."""
    command, *rest = words_of(line)
    assert isinstance(command, str)
    found: dict[str, list[str]] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=True):
        assert isinstance(name, str)
        assert name.startswith("-")
        assert name not in found
        found[name.removeprefix("-")] = value if isinstance(value, list) else [value]
    return command, found
