# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: the call-back ranges that clients already have, so that no later plan moves them.

It lies beside the inventory and belongs into version control, like a package manager's lock file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...basics.findings import Finding, short
from ...basics.names import HostService
from ...basics.ports import PortError, PortRange, parse_range

LOCK_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """The ranges that clients have."""

    ranges: Mapping[HostService, PortRange] = field(default_factory=dict)

    def as_text(self) -> str:
        """The file's text: one client a line, sorted, so that a review reads as a list of moves."""
        texts = {client.text: ports.text for client, ports in self.ranges.items()}
        lines = [f"    {json.dumps(client)}: {json.dumps(texts[client])}" for client in sorted(texts)]
        body = "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"
        return f'{{\n  "format": {LOCK_FORMAT},\n  "callback_ranges": {body}\n}}\n'


def read_lock(text: str, name: str, findings: list[Finding]) -> Lock:
    """Return the lock that *text* holds; an empty one where the text is empty, or wrong, which is noted.

    Args:
        text: the file's content.
        name: the file's name, for findings.
    """
    if not text.strip():
        return Lock()
    cure = "restore the file from version control; only if that is impossible delete it (clients may get other ranges)"
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "it nests lists or mappings too deep" if isinstance(error, RecursionError) else error
        findings.append(Finding("FXN314", (), "faxnet_lock", short(name), f"is not JSON: {why}", cure))
        return Lock()
    if (
        not isinstance(data, dict)
        or data.get("format") != LOCK_FORMAT
        or not isinstance(data.get("callback_ranges"), dict)
    ):
        message = f"is not a lock file of format {LOCK_FORMAT}"
        findings.append(Finding("FXN314", (), "faxnet_lock", short(name), message, cure))
        return Lock()
    ranges: dict[HostService, PortRange] = {}
    for key, value in data["callback_ranges"].items():
        try:
            client = HostService.parse(key)
        except ValueError:
            message = f"is no entry of {short(name)}, where each is named HOST/SERVICE"
            findings.append(Finding("FXN314", (), "faxnet_lock", short(key), message, cure))
            return Lock()
        try:
            ranges[client] = parse_range(value)
        except PortError as error:
            message = f"{short(name)}, entry {short(key)}: {error}"
            findings.append(Finding("FXN314", (), "faxnet_lock", short(value), message, cure))
            return Lock()
    return Lock(ranges)
