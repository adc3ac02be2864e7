# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A slice's policy as typed rules: every address, port and name is read here once, and refused here if it is wrong.

Nothing of the policy reaches a device's configuration text as it came: numbers are parsed and written anew, names are
cut down to a harmless alphabet. Text that is no address or port can therefore never become syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..basics.addresses import AddressError, parse_prefix
from ..basics.ports import PortError, parse_ranges
from .boxes import Range, merged
from .platform import RefusedError

Version = Literal[4, 6]
TRANSPORTS = ("tcp", "udp")

#: All addresses of an IP version, as a range.
EVERYBODY: Mapping[Version, Range] = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}

#: Helpers that a flow may ask for, each with its transport. Not the SIP helper: it rewrites the media ports of T.38.
HELPERS: Mapping[str, str] = {"ftp": "tcp"}

#: Seconds. Connection tracking counts time in jiffies of 32 bits with a sign, at up to 1,000 a second.
LONGEST_IDLE = (2**31 - 1) // 1000

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.:/@+>=-]+")


@dataclass(frozen=True, slots=True)
class Opening:
    """Packets that may start a flow, as the filter's hook sees them. Addresses are closed integer ranges.

    `idle` is how many seconds the flow may be silent and still be known, `helper` the connection-tracking helper that
    reads it; None where the platform's own ways are enough.
    """

    version: Version
    source: Range
    destination: Range
    transport: str
    source_ports: tuple[Range, ...] | None
    ports: tuple[Range, ...]
    enabled: bool
    flows: tuple[str, ...]
    idle: int | None = None
    helper: str | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Destination translation: what `source` sends to `address`, `ports` goes to `target`, the ports unchanged."""

    version: Version
    source: Range
    address: Range
    transport: str
    ports: tuple[Range, ...]
    target: int
    enabled: bool
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Masquerade:
    """Source translation: `networks` wear `address` towards everything but `exempt`. All are closed ranges."""

    version: Version
    networks: tuple[Range, ...]
    exempt: tuple[Range, ...]
    address: int


@dataclass(frozen=True, slots=True)
class Permit:
    """An opening for many senders: management access, or one of `faxnet_permits`. `sources` by IP version."""

    name: str
    transport: str
    ports: tuple[Range, ...]
    sources: Mapping[Version, tuple[Range, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole policy, checked. `output` is what the host itself starts: nothing is filtered there."""

    forwarding: bool
    outbound: str
    networks: Mapping[Version, tuple[Range, ...]]
    management: tuple[Permit, ...]
    extras: tuple[Permit, ...]
    input: tuple[Opening, ...]
    forward: tuple[Opening, ...]
    output: tuple[Opening, ...]
    destination_nat: tuple[Forward, ...]
    source_nat: tuple[Masquerade, ...]


def read_rules(policy: Mapping[str, Any]) -> Rules:
    """The slice's "policy" as `Rules`. Raises `RefusedError` at the first thing that is not as it must be."""
    forwarding = policy.get("forwarding", False)
    if not isinstance(forwarding, bool):
        raise RefusedError(f"policy.forwarding: {forwarding!r} is neither true nor false")
    outbound = policy.get("outbound", "any")
    if outbound not in ("any", "flows"):
        raise RefusedError(f"policy.outbound: {outbound!r} is neither any nor flows")
    rules = Rules(
        forwarding=forwarding,
        outbound=outbound,
        networks=_by_version(policy.get("networks") or (), "policy.networks"),
        management=_permits(policy, "management"),
        extras=_permits(policy, "extras"),
        input=read_openings(policy, "input"),
        forward=read_openings(policy, "forward"),
        output=read_openings(policy, "output"),
        destination_nat=_forwards(policy),
        source_nat=_masquerades(policy),
    )
    if not rules.management:
        raise RefusedError(
            "policy.management is empty: rules without management access would lock everyone out; "
            "set faxnet_management to the ports and sources that Ansible comes from"
        )
    translated = rules.forward or rules.destination_nat or rules.source_nat
    if translated and not rules.forwarding:
        raise RefusedError("policy.forwarding is false, but the policy forwards or translates: only a router can")
    return rules


def harmless(name: object) -> str:
    """`name` in the alphabet of flow ids: everything else becomes an underscore. For comments only."""
    return _NOT_IN_A_NAME.sub("_", str(name))


def read_prefix(text: object, where: str) -> tuple[Version, Range]:
    """IP version and closed range of an address or a prefix. Raises `RefusedError` with `where`."""
    if not isinstance(text, str):
        raise RefusedError(f"{where}: {text!r} is not an address or a network in CIDR notation")
    try:
        return _prefix(text)
    except AddressError as error:
        raise RefusedError(f"{where}: {error}") from None


def read_ports(value: object, where: str) -> tuple[Range, ...]:
    """Merged ranges of a port text such as "7488" or "10000-10099". Raises `RefusedError` with `where`."""
    if not isinstance(value, (str, int)):
        raise RefusedError(f"{where}: {value!r} is not a port or a range such as 10000-10099")
    try:
        return _ports(value)
    except PortError as error:
        raise RefusedError(f"{where}: {error}") from None


# A router's policy names the same few addresses and ports thousands of times.
@lru_cache(maxsize=65536)
def _prefix(text: str) -> tuple[Version, Range]:
    prefix = parse_prefix(text)
    return (4 if prefix.version == 4 else 6), (prefix.first, prefix.last)


@lru_cache(maxsize=65536)
def _ports(value: str | int) -> tuple[Range, ...]:
    return tuple((item.low, item.high) for item in parse_ranges(value))


def _transport(entry: Mapping[str, Any], where: str) -> str:
    transport = entry.get("transport")
    if transport not in TRANSPORTS:
        raise RefusedError(f"{where}.transport: {transport!r} is neither tcp nor udp")
    return str(transport)


def _flag(entry: Mapping[str, Any], where: str) -> bool:
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        raise RefusedError(f"{where}.enabled: {enabled!r} is neither true nor false")
    return enabled


def _address(entry: Mapping[str, Any], field: str, version: Version, where: str) -> Range:
    found, span = read_prefix(entry.get(field), f"{where}.{field}")
    if found != version:
        raise RefusedError(f"{where}.{field}: {entry[field]} is not of the entry's version, {version}")
    return span


def _version(entry: Mapping[str, Any], where: str) -> Version:
    version = entry.get("version")
    if version == 4:
        return 4
    if version == 6:
        return 6
    raise RefusedError(f"{where}.version: {version!r} is neither 4 nor 6")


def _flows(entry: Mapping[str, Any], where: str) -> tuple[str, ...]:
    flows = entry.get("flows") or ()
    if not flows:
        raise RefusedError(f"{where}.flows is empty: nothing is opened that no flow names")
    return tuple(sorted(str(flow) for flow in flows))


def _idle(entry: Mapping[str, Any], where: str) -> int | None:
    idle = entry.get("idle")
    if idle is None:
        return None
    if not isinstance(idle, int) or isinstance(idle, bool) or not 0 < idle <= LONGEST_IDLE:
        raise RefusedError(f"{where}.idle: {idle!r} is not a number of seconds from 1 to {LONGEST_IDLE}")
    return idle


def _helper(entry: Mapping[str, Any], where: str) -> str | None:
    helper = entry.get("helper")
    if helper is None:
        return None
    if helper not in HELPERS:
        raise RefusedError(f"{where}.helper: {helper!r} is not known; use one of {', '.join(HELPERS)}")
    if entry.get("transport") != HELPERS[helper]:
        raise RefusedError(f"{where}.helper: {helper} reads {HELPERS[helper]}, the entry is {entry.get('transport')}")
    return str(helper)


def read_openings(policy: Mapping[str, Any], section: str) -> tuple[Opening, ...]:
    """One section of a policy whose entries are permits. Raises `RefusedError`."""
    result = []
    for number, entry in enumerate(policy.get(section) or ()):
        where = f"policy.{section}[{number}]"
        version = _version(entry, where)
        source_ports = entry.get("source_ports")
        result.append(
            Opening(
                version=version,
                source=_address(entry, "source", version, where),
                destination=_address(entry, "destination", version, where),
                transport=_transport(entry, where),
                source_ports=None if source_ports is None else read_ports(source_ports, f"{where}.source_ports"),
                ports=read_ports(entry.get("ports"), f"{where}.ports"),
                enabled=_flag(entry, where),
                flows=_flows(entry, where),
                idle=_idle(entry, where),
                helper=_helper(entry, where),
            )
        )
    return tuple(result)


def _forwards(policy: Mapping[str, Any]) -> tuple[Forward, ...]:
    result = []
    for number, entry in enumerate(policy.get("destination_nat") or ()):
        where = f"policy.destination_nat[{number}]"
        version = _version(entry, where)
        low, high = _address(entry, "target", version, where)
        if low != high:
            raise RefusedError(f"{where}.target: {entry['target']} is a network; a forward leads to one address")
        result.append(
            Forward(
                version=version,
                source=_address(entry, "source", version, where),
                address=_address(entry, "address", version, where),
                transport=_transport(entry, where),
                ports=read_ports(entry.get("ports"), f"{where}.ports"),
                target=low,
                enabled=_flag(entry, where),
                flows=_flows(entry, where),
            )
        )
    return tuple(result)


def _masquerades(policy: Mapping[str, Any]) -> tuple[Masquerade, ...]:
    result = []
    for number, entry in enumerate(policy.get("source_nat") or ()):
        where = f"policy.source_nat[{number}]"
        version = _version(entry, where)
        low, high = _address(entry, "address", version, where)
        if low != high:
            raise RefusedError(f"{where}.address: {entry['address']} is a network; a site wears one public address")
        networks = _by_version(entry.get("networks") or (), f"{where}.networks")
        exempt = _by_version(entry.get("except") or (), f"{where}.except")
        if version not in networks:
            raise RefusedError(f"{where}.networks: no IPv{version} network to translate in {entry.get('networks')!r}")
        result.append(Masquerade(version, networks[version], exempt.get(version, ()), low))
    return tuple(result)


def _permits(policy: Mapping[str, Any], section: str) -> tuple[Permit, ...]:
    result = []
    for number, entry in enumerate(policy.get(section) or ()):
        where = f"policy.{section}[{number}]"
        sources = _by_version(entry.get("sources") or (), f"{where}.sources")
        if not sources:
            raise RefusedError(f"{where}.sources is empty: name who may come in; 0.0.0.0/0 is all of IPv4")
        result.append(
            Permit(
                name=harmless(entry.get("name") or section),
                transport=_transport(entry, where),
                ports=read_ports(entry.get("ports"), f"{where}.ports"),
                sources=sources,
            )
        )
    return tuple(result)


def _by_version(prefixes: Iterable[Any], where: str) -> dict[Version, tuple[Range, ...]]:
    found: dict[Version, list[Range]] = {}
    for number, prefix in enumerate(prefixes):
        version, span = read_prefix(prefix, f"{where}[{number}]")
        found.setdefault(version, []).append(span)
    return {version: merged(spans) for version, spans in sorted(found.items())}
