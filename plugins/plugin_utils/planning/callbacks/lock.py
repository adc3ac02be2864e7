# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: the call-back ranges that clients already have, so that no later plan moves them.

And the addresses that DNS names led to: for a plan while nobody answers, and for a review to see what became of them.

It lies beside the inventory and belongs into version control, like a package manager's lock file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...basics.addresses import Address, AddressError, parse_address
from ...basics.findings import Finding, short
from ...basics.names import HostService
from ...basics.ports import PortError, PortRange, parse_range

LOCK_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Lock:
    """The ranges that clients have, and the addresses that DNS names had when they were last asked for."""

    ranges: Mapping[HostService, PortRange] = field(default_factory=dict)
    dns_names: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)

    def as_text(self) -> str:
        """The file's text: one client a line, sorted, so that a review reads as a list of moves."""
        texts = {client.text: ports.text for client, ports in self.ranges.items()}
        lines = [f"    {json.dumps(client)}: {json.dumps(texts[client])}" for client in sorted(texts)]
        names = [
            f"    {json.dumps(name)}: {json.dumps([address.text for address in self.dns_names[name]])}"
            for name in sorted(self.dns_names)
        ]
        also = f',\n  "dns_names": {_body(names)}' if names else ""
        return f'{{\n  "format": {LOCK_FORMAT},\n  "callback_ranges": {_body(lines)}{also}\n}}\n'


def _body(lines: list[str]) -> str:
    return "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"


_CURE = "restore the file from version control; only if that is impossible delete it (clients may get other ranges)"


class _WrongLockError(Exception):
    """What is wrong in a lock file: the value, and what is the matter with it."""

    def __init__(self, value: object, message: str) -> None:
        super().__init__(message)
        self.value = value


def read_lock(text: str, name: str, findings: list[Finding]) -> Lock:
    """Return the lock that *text* holds; an empty one where the text is empty, or wrong, which is noted.

    Args:
        text: the file's content.
        name: the file's name, for findings.
    """
    if not text.strip():
        return Lock()
    try:
        data = _read(text, name)
        return Lock(_ranges(data["callback_ranges"], name), _dns_names(data.get("dns_names", {}), name))
    except _WrongLockError as wrong:
        findings.append(Finding("FXN314", (), "faxnet_lock", short(wrong.value), str(wrong), _CURE))
        return Lock()


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "it nests lists or mappings too deep" if isinstance(error, RecursionError) else error
        raise _WrongLockError(name, f"is not JSON: {why}") from None
    if (
        not isinstance(data, dict)
        or data.get("format") != LOCK_FORMAT
        or not isinstance(data.get("callback_ranges"), dict)
        or not isinstance(data.get("dns_names", {}), dict)
    ):
        raise _WrongLockError(name, f"is not a lock file of format {LOCK_FORMAT}")
    return data


def _ranges(entries: Mapping[str, object], name: str) -> dict[HostService, PortRange]:
    ranges: dict[HostService, PortRange] = {}
    for key, value in entries.items():
        try:
            client = HostService.parse(key)
        except ValueError:
            message = f"is no entry of {short(name)}, where each is named HOST/SERVICE"
            raise _WrongLockError(key, message) from None
        try:
            ranges[client] = parse_range(value)
        except PortError as error:
            raise _WrongLockError(value, f"{short(name)}, entry {short(key)}: {error}") from None
    return ranges


def _dns_names(entries: Mapping[str, object], name: str) -> dict[str, tuple[Address, ...]]:
    names: dict[str, tuple[Address, ...]] = {}
    for key, value in entries.items():
        if not isinstance(value, list):
            raise _WrongLockError(value, f"{short(name)}, entry {short(key)}: is not a list of addresses")
        try:
            names[key] = tuple(sorted(map(parse_address, value)))
        except AddressError as error:
            raise _WrongLockError(value, f"{short(name)}, entry {short(key)}: {error}") from None
    return names
