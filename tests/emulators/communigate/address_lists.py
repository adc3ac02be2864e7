# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network address lists in the grammar of their version. (CG-22, CG-23)"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One line of a list that says something."""

    excluded: bool
    first: Any  # an address of ipaddress, or the name of another list
    last: Any


def numbered(version: str) -> tuple[int, ...]:
    """A version as numbers, for comparing."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def entries(text: str, version: str) -> Iterator[Entry]:
    """A list's entries in the grammar of a version. Raises ValueError that names the line."""
    for number, line in enumerate(text.split("\n"), 1):
        body = line.partition(";")[0].strip()
        if not body:
            continue
        try:
            yield _entry(body, numbered(version))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None


def _entry(body: str, version: tuple[int, ...]) -> Entry:
    excluded = body.startswith("!")
    if excluded and version < (5, 1):
        raise ValueError("incorrect IP address")
    body = body[1:].strip() if excluded else body
    if body.startswith("#") and version >= (6, 4):
        return Entry(excluded, body[1:].lower(), None)
    if "/" in body and version >= (5, 2):
        network = ipaddress.ip_network(body)
        if not network.prefixlen:
            raise ValueError("incorrect IP address mask")
        return Entry(excluded, network[0], network[-1])
    first, minus, last = (part.strip() for part in body.partition("-"))
    ends = ipaddress.ip_address(first), ipaddress.ip_address(last if minus else first)
    if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
        raise ValueError("incorrect IP address range")
    return Entry(excluded, *ends)


def listed(text: str, address: Any, version: str, others: Mapping[str, Any] | None = None, depth: int = 0) -> bool:
    """Whether an address is in a list: the last line that matches it decides."""
    found = False
    for entry in entries(text, version):
        if isinstance(entry.first, str):
            named = {name.lower(): lines for name, lines in (others or {}).items()}.get(entry.first, "")
            matches = depth < 10 and listed(named, address, version, others, depth + 1)
        else:
            matches = entry.first.version == address.version and entry.first <= address <= entry.last
        found = not entry.excluded if matches else found
    return found
