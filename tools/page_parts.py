# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the reference pages that programs make: their head, where they come from, tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# REUSE-IgnoreStart
HEADER = (
    "<!--",
    "Copyright (c) 2026, faxnet.deploy contributors",
    "GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
    "-->",
    "",
)
# REUSE-IgnoreEnd


def notice(source: str) -> str:
    """The line that tells where a generated page comes from."""
    return f"Made by `make docs` from `{source}`; `make test` fails when it is stale."


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A table without its empty columns; a bar in a cell does not end it."""
    cells = list(rows)
    kept = [number for number in range(len(head)) if any(row[number] for row in cells)]
    for row in [head, tuple("---" for _cell in head), *cells]:
        yield f"| {' | '.join(row[number].replace('|', chr(92) + '|') for number in kept)} |"
