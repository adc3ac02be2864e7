# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a person wrote: every mistake becomes a finding, and reading goes on."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..basics.addresses import Address, AddressError, Prefix, parse_address, parse_prefix
from ..basics.findings import Finding, short
from ..basics.names import NAME_CURE, name_problem, near_words
from ..basics.ports import PortError, PortRange, parse_port, parse_ranges
from ..basics.protocols import CURE as PROTOCOL_CURE
from ..basics.protocols import ProtocolError, parse_protocol

PORT_CURE = "write a port from 1 to 65535 as a number"


#: So many names are enough to choose from in a finding; ten thousand hosts may each have one, of thousands of names.
MOST_NAMES = 20


def listed(names: Collection[str]) -> str:
    """Return names for a cure: all of a few, of many the first and how many more there are."""
    shown = ", ".join(itertools.islice(names, MOST_NAMES))
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown


class Reader:
    """Reads one host's variables (or the whole network's, with an empty host) and collects what is wrong.

    Each method returns the value, or None when there is none to go on with; then the finding is already noted.
    """

    def __init__(self, host: str, findings: list[Finding]) -> None:
        self.host = host
        self.findings = findings

    def note(self, code: str, variable: str, value: object, message: str, cure: str) -> None:
        """Note one finding about a variable of this host."""
        self.findings.append(Finding(code, (self.host,) if self.host else (), variable, short(value), message, cure))

    def mapping(self, value: object, variable: str, keys: Iterable[str] | None = None) -> Mapping[str, Any] | None:
        """A mapping; with *keys*, any other key is noted (FXN102) and left out."""
        if not isinstance(value, Mapping):
            self.note("FXN101", variable, value, "is not a mapping", "write it as key: value lines")
            return None
        if keys is None or value.keys() <= frozenset(keys):  # one that is such a set already is not copied
            return value
        known = sorted(keys)
        for key in value:
            if key not in known:
                near = near_words(key, known)
                meant = f" (is {near[0]!r} meant?)" if near else ""
                self.note(
                    "FXN102",
                    f"{variable}.{short(key, 40)}",
                    value[key],
                    f"{short(key, 40)!r} is not a key here{meant}",
                    f"use one of: {', '.join(known)}",
                )
        return {key: item for key, item in value.items() if key in known}

    def items(self, value: object, variable: str) -> list[Any]:
        """A list; None is an empty one."""
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.note(
                "FXN101", variable, value, "is not a list", "write each item on a line of its own, after a hyphen"
            )
            return []
        return list(value)

    def name(self, value: object, variable: str) -> str | None:
        """A name that is safe in files, rules and reports."""
        problem = name_problem(value)
        if problem:
            self.note(
                "FXN104" if isinstance(value, str) else "FXN101", variable, value, f"the name {problem}", NAME_CURE
            )
            return None
        return str(value)

    def flag(self, value: object, variable: str, default: bool) -> bool:
        """True or false."""
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.note("FXN101", variable, value, "is neither true nor false", "write true or false without quotes")
        return default

    def count(self, value: object, variable: str) -> int | None:
        """A whole number above 0; digits in a string are taken, for INI inventories and -e give nothing else."""
        digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
        number = int(value) if isinstance(value, str) and digits else value
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 1_000_000:
            self.note("FXN101", variable, value, "is not a whole number above 0", "write a number such as 40")
            return None
        return number

    def choice(self, value: object, variable: str, choices: Collection[str], code: str = "FXN101") -> str | None:
        """One of a few words."""
        if isinstance(value, str) and value in choices:
            return value
        known = list(choices)
        near = near_words(value, known)
        meant = f" (is {near[0]!r} meant?)" if near else ""
        self.note(code, variable, value, f"is not known{meant}", f"use one of: {', '.join(known)}")
        return None

    def port(self, value: object, variable: str) -> int | None:
        """A port."""
        try:
            return parse_port(value)
        except PortError as error:
            self.note("FXN204", variable, value, str(error), PORT_CURE)
            return None

    def ports(self, value: object, variable: str) -> tuple[PortRange, ...] | None:
        """Ports and ranges, merged; noted where there are none, for what opens no port was meant otherwise."""
        try:
            ranges = parse_ranges(value)
            if not ranges:
                self.note("FXN103", variable, value, "is an empty list", "name a port, or omit the entry")
            return ranges
        except PortError as error:
            self.note(
                "FXN204", variable, value, str(error), "write a port, a range such as 5000-5010, or a list of these"
            )
            return None

    def protocols(self, value: object, variable: str) -> tuple[str, ...] | None:
        """A protocol or a list of them, by name or number, each once; None where one of them is none."""
        several = isinstance(value, (list, tuple))
        items = list(value) if isinstance(value, (list, tuple)) else [value]
        if not items:
            self.note("FXN103", variable, value, "is an empty list", "name a protocol, or omit it")
        found: dict[str, None] = {}
        sound = bool(items)
        for index, item in enumerate(items):
            try:
                found[parse_protocol(item)] = None
            except ProtocolError as error:
                sound = False
                self.note("FXN125", f"{variable}[{index}]" if several else variable, item, str(error), PROTOCOL_CURE)
        return tuple(found) if sound else None

    def address(self, value: object, variable: str) -> Address | None:
        """An IP address."""
        try:
            return parse_address(value)
        except AddressError as error:
            self.note("FXN105", variable, value, str(error), "write an address such as 10.1.0.10 or 2001:db8::10")
            return None

    def prefix(self, value: object, variable: str) -> Prefix | None:
        """A network."""
        try:
            return parse_prefix(value)
        except AddressError as error:
            self.note("FXN105", variable, value, str(error), "write the network in CIDR notation, such as 10.1.0.0/24")
            return None

    def addresses(self, value: object, variable: str) -> tuple[Address, ...]:
        """One address, or a list with at most one of each IP version."""
        if not isinstance(value, (list, tuple)):
            address = self.address(value, variable)
            return () if address is None else (address,)
        if not value:
            self.note("FXN103", variable, value, "is an empty list", "name an address, or omit the variable")
        found: dict[int, Address] = {}
        for index, item in enumerate(value):
            where = f"{variable}[{index}]"
            address = self.address(item, where)
            if address is None:
                continue
            if address.version in found:
                self.note(
                    "FXN101",
                    where,
                    item,
                    f"is a second IPv{address.version} address",
                    "name one address of each IP version",
                )
                continue
            found[address.version] = address
        return tuple(found[version] for version in sorted(found))

    def prefixes(self, value: object, variable: str) -> tuple[Prefix, ...]:
        """A list of networks."""
        read = [self.prefix(item, f"{variable}[{index}]") for index, item in enumerate(self.items(value, variable))]
        return tuple([prefix for prefix in read if prefix is not None])
