# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables as text: CSV for spreadsheets and programs, Markdown for tickets and wikis; both a row at a time.

What stands in a cell stays what it is: a spreadsheet must not run it as a formula, a wiki must not take it for markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .markup import printable

Row = Sequence[str | int | None]

#: What spreadsheets take for a formula where a cell begins with it (owasp.org, CSV injection), wide forms too.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_MARKDOWN = re.compile(r"[\\`*\[\]<>|&~]|(?<!\w)_|_(?!\w)")


def both(title: str, note: str, head: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Return a table as CSV and as Markdown, piece by piece, the rows gone through once.

    Args:
        title, note: heading of the Markdown and the line below it; CSV has neither.
        head: names of the columns.
    """
    rule = "|".join("---" for _name in head)
    yield _csv_line(head), f"# {_escaped(title)}\n\n{_escaped(note)}\n\n{_markdown_line(head)}|{rule}|\n"
    for row in rows:
        yield _csv_line(row), _markdown_line(row)


def _csv_line(row: Row) -> str:
    """One record, quoted as RFC 4180 has it; the line ends as other text files do here."""
    return f"{','.join(map(_csv_cell, row))}\n"


def _csv_cell(value: str | int | None) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value)
    words = _one_line(value)
    if _FORMULA.match(words):
        words = f"'{words}"
    return f'"{words.replace(chr(34), chr(34) * 2)}"' if re.search(r'[",\'\s]', words) else words


def _markdown_line(row: Row) -> str:
    cells = (_escaped(str(value)) if value is not None else "" for value in row)
    return f"| {' | '.join(cells)} |\n"


def _escaped(words: str) -> str:
    return _MARKDOWN.sub(lambda found: f"\\{found.group()}", _one_line(words))


def _one_line(words: str) -> str:
    return printable(" ".join(words.split()))
