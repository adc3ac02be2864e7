# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy read from JSON: every address, port and name is read here once, and refused here if it is wrong.

Nothing of the policy reaches a device's configuration text as it came: numbers are parsed and written anew, names are
cut down to a harmless alphabet. Text that is no address or port can therefore never become syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from ..basics.addresses import Address, AddressError, End, Prefix, parse_address, parse_prefix
from ..basics.findings import short, shown
from ..basics.gc_pause import gc_pause
from ..basics.ports import PortError, PortRange, parse_ranges
from ..basics.protocols import has_ports, is_protocol
from ..inventory.clamping import INTERFACE, LARGEST, LONGEST_INTERFACE, SMALLEST
from ..inventory.intent import EXCLUSIVE, STANCES, ForwardPermit, MssClamp, Opening
from .policy import (
    DestinationNat,
    DestinationNats,
    Flows,
    Permit,
    Permits,
    Policy,
    RefusedError,
    SourceNat,
    SourcePorts,
)
from .read_profiles import read_profiles

TRANSPORTS = ("tcp", "udp")

#: Helpers that a flow may ask for, each with its transport. Not the SIP helper: it rewrites the media ports of T.38.
HELPERS: Mapping[str, str] = {"ftp": "tcp"}

#: Seconds. Connection tracking counts time in jiffies of 32 bits with a sign, at up to 1,000 a second.
LONGEST_IDLE = (2**31 - 1) // 1000

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.:/@+>=-]+")

_ANY: tuple[SourcePorts, ...] = ((),)

_SECTIONS = Policy._fields
_OPENING = ("name", "transport", "ports", "sources")
_KEYS = {
    "management": _OPENING,
    "openings": _OPENING,
    "forward_permits": ForwardPermit._fields,
    **dict.fromkeys(("input", "forward", "output"), (*Permit._fields, "flows")),
    "destination_nat": (*DestinationNat._fields, "flows"),
    "source_nat": ("version", "networks", "except", "address"),
}


@gc_pause()
def read_policy(data: object) -> Policy:
    """Return the policy that a slice holds. Raises `RefusedError` at the first thing that is not as it must be."""
    if not isinstance(data, Mapping):
        raise RefusedError(f"policy: {shown(data)} is not a mapping; its keys are {', '.join(_SECTIONS)}")
    _refuse_unknown(data, _SECTIONS, "policy")
    forwarding = data.get("forwarding", False)
    if not isinstance(forwarding, bool):
        raise RefusedError(f"policy.forwarding: {shown(forwarding)} is neither true nor false")
    outbound = data.get("outbound", "any")
    if outbound not in ("any", "flows"):
        raise RefusedError(f"policy.outbound: {shown(outbound)} is neither any nor flows")
    reverse_path = data.get("reverse_path", "strict")
    if reverse_path not in ("strict", "loose", "off"):
        raise RefusedError(f"policy.reverse_path: {shown(reverse_path)} is neither strict nor loose nor off")
    stance = data.get("stance", EXCLUSIVE)
    if stance not in STANCES:
        raise RefusedError(f"policy.stance: {shown(stance)} is neither exclusive nor additive nor observe")
    policy = Policy(
        forwarding=forwarding,
        outbound=outbound,
        reverse_path=reverse_path,
        stance=stance,
        networks=_networks(data.get("networks"), "policy.networks"),
        public=_addresses(data.get("public"), "policy.public"),
        management=_openings(data, "management"),
        openings=_openings(data, "openings"),
        input=_permits(data, "input"),
        forward=_permits(data, "forward"),
        output=_permits(data, "output"),
        destination_nat=_destination_nats(data),
        source_nat=_source_nats(data),
        clamp_mss=_clamp_mss(data.get("clamp_mss")),
        forward_permits=_forward_permits(data),
        profiles=read_profiles(data.get("profiles")),
    )
    if not policy.management:
        raise RefusedError(
            "policy.management is empty: rules without management access would lock everyone out; "
            "set faxnet_management to the ports and sources that Ansible comes from"
        )
    passes = policy.forward or policy.destination_nat or policy.source_nat or policy.clamp_mss
    if (passes or policy.forward_permits) and not policy.forwarding:
        raise RefusedError("policy.forwarding is false, but the policy forwards or translates: only a router can")
    return policy


def harmless(name: object) -> str:
    """`name` in the alphabet of flow ids: everything else becomes an underscore. For comments only."""
    return _NOT_IN_A_NAME.sub("_", str(name))


# A router's policy names the same few addresses and ports thousands of times.
@lru_cache(maxsize=65536)
def _parsed(text: str) -> End:
    return parse_prefix(text) if "/" in text else parse_address(text)


@lru_cache(maxsize=65536)
def _parsed_ports(value: str | int) -> tuple[PortRange, ...]:
    return parse_ranges(value)


def _end(text: object, where: str) -> End:
    if not isinstance(text, str):
        raise RefusedError(f"{where}: {shown(text)} is not an address or a network in CIDR notation")
    try:
        return _parsed(text)
    except AddressError as error:
        raise RefusedError(f"{where}: {error}") from None


def _ports(value: object, where: str) -> tuple[PortRange, ...]:
    """Merged ranges of a port text such as "7488" or "10000-10099"."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise RefusedError(f"{where}: {shown(value)} is not a port or a range such as 10000-10099")
    try:
        return _parsed_ports(value)
    except PortError as error:
        raise RefusedError(f"{where}: {error}") from None


def _transport(entry: Mapping[str, Any], where: str) -> str:
    transport = entry.get("transport")
    if transport not in TRANSPORTS:
        raise RefusedError(f"{where}.transport: {shown(transport)} is neither tcp nor udp")
    return str(transport)


def _service(entry: Mapping[str, Any], where: str) -> tuple[str, tuple[PortRange, ...]]:
    """An entry's protocol and its ports; none where the protocol has none."""
    protocol = entry.get("transport")
    if not isinstance(protocol, str) or not is_protocol(protocol):
        raise RefusedError(f"{where}.transport: {shown(protocol)} is not a protocol such as tcp, esp or 99")
    if has_ports(protocol):
        return protocol, _ports(entry.get("ports"), f"{where}.ports")
    if entry.get("ports") is not None:
        raise RefusedError(f"{where}.ports: {shown(entry['ports'])} are ports, and {protocol} has none")
    return protocol, ()


def _enabled(entry: Mapping[str, Any], where: str) -> bool:
    enabled = entry.get("enabled", True)
    if not isinstance(enabled, bool):
        raise RefusedError(f"{where}.enabled: {shown(enabled)} is neither true nor false")
    return enabled


def _side(entry: Mapping[str, Any], field: str, version: int, where: str) -> End:
    """An end of an entry, which is of the entry's IP version."""
    end = _end(entry.get(field), f"{where}.{field}")
    if end.version != version:
        raise RefusedError(f"{where}.{field}: {entry[field]} is not of the entry's version, {version}")
    return end


def _single(entry: Mapping[str, Any], field: str, version: int, where: str, what: str) -> Address:
    end = _side(entry, field, version, where)
    if isinstance(end, Address):
        return end
    if end.first != end.last:
        raise RefusedError(f"{where}.{field}: {entry[field]} is a network; {what}")
    return Address(version, end.first)


def _version(entry: Mapping[str, Any], where: str) -> int:
    version = entry.get("version")
    if version not in (4, 6) or not isinstance(version, int):
        raise RefusedError(f"{where}.version: {shown(version)} is neither 4 nor 6")
    return version


def _flows(entry: Mapping[str, Any], where: str) -> Flows:
    flows = _list(entry.get("flows"), f"{where}.flows")
    if not flows:
        raise RefusedError(f"{where}.flows is empty: nothing is opened that no flow names")
    for number, flow in enumerate(flows):
        if not isinstance(flow, str):
            raise RefusedError(f"{where}.flows[{number}]: {shown(flow)} is not the id of a flow, which is a text")
    return tuple(sorted(flows))


def _idle(entry: Mapping[str, Any], where: str) -> int:
    idle = entry.get("idle")
    if idle is None:
        return 0
    if not isinstance(idle, int) or isinstance(idle, bool) or not 0 < idle <= LONGEST_IDLE:
        raise RefusedError(f"{where}.idle: {shown(idle)} is not a number of seconds from 1 to {LONGEST_IDLE}")
    return idle


def _helper(entry: Mapping[str, Any], where: str) -> str:
    helper = entry.get("helper")
    if helper is None:
        return ""
    if not isinstance(helper, str) or helper not in HELPERS:
        raise RefusedError(f"{where}.helper: {shown(helper)} is not known; use one of {', '.join(HELPERS)}")
    if entry.get("transport") != HELPERS[helper]:
        raise RefusedError(f"{where}.helper: {helper} reads {HELPERS[helper]}, the entry is {entry.get('transport')}")
    return helper


def _direction(entry: Mapping[str, Any], where: str) -> str:
    direction = entry.get("direction")
    if direction not in (None, "", "in", "out"):
        raise RefusedError(f"{where}.direction: {shown(direction)} is neither in nor out")
    return str(direction or "")


def _list(value: object, where: str) -> Sequence[Any]:
    """A list; nothing is an empty one."""
    if value is None:
        return ()
    if not isinstance(value, (list, tuple)):
        raise RefusedError(
            f"{where}: {shown(value)} is not a list; write each item on a line of its own, after a hyphen"
        )
    return value


def _refuse_unknown(data: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    if data.keys() <= set(known):
        return
    unknown = min(short(key, 40) for key in data if key not in known)
    raise RefusedError(f"{where}.{unknown} is not known; use {', '.join(known)}")


def _entries(data: Mapping[str, Any], section: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The entries of a section, each with its place for messages."""
    for number, entry in enumerate(_list(data.get(section), f"policy.{section}")):
        where = f"policy.{section}[{number}]"
        if not isinstance(entry, Mapping):
            raise RefusedError(f"{where}: {shown(entry)} is not a mapping; its keys are {', '.join(_KEYS[section])}")
        _refuse_unknown(entry, _KEYS[section], where)
        yield entry, where


def _permits(data: Mapping[str, Any], section: str) -> Permits:
    result = []
    for entry, where in _entries(data, section):
        version = _version(entry, where)
        from_ports = entry.get("source_ports")
        source = _side(entry, "source", version, where)
        destination = _side(entry, "destination", version, where)
        transport = _transport(entry, where)
        enabled = _enabled(entry, where)
        direction = _direction(entry, where)
        idle = _idle(entry, where)
        helper = _helper(entry, where)
        flows = _flows(entry, where)
        # The plan writes one range an entry; whoever writes a policy by hand may name several.
        senders: tuple[SourcePorts, ...] = _ANY if from_ports is None else _ports(from_ports, f"{where}.source_ports")
        for ports, source_ports in product(_ports(entry.get("ports"), f"{where}.ports"), senders):
            permit = Permit(
                version, source, destination, transport, ports, enabled, direction, source_ports, idle, helper
            )
            result.append((permit, flows))
    return tuple(result)


def _destination_nats(data: Mapping[str, Any]) -> DestinationNats:
    result = []
    for entry, where in _entries(data, "destination_nat"):
        version = _version(entry, where)
        becomes = None
        if entry.get("becomes") is not None:
            becomes = _single(entry, "becomes", version, where, "a router has single addresses")
        nat = DestinationNat(
            version=version,
            source=_side(entry, "source", version, where),
            address=_single(entry, "address", version, where, "a router wears single addresses"),
            transport=_transport(entry, where),
            ports=PortRange(0, 0),
            target=_single(entry, "target", version, where, "a forward leads to one address"),
            enabled=_enabled(entry, where),
            becomes=becomes,
        )
        flows = _flows(entry, where)
        result += [(nat._replace(ports=ports), flows) for ports in _ports(entry.get("ports"), f"{where}.ports")]
    return tuple(result)


def _source_nats(data: Mapping[str, Any]) -> tuple[SourceNat, ...]:
    result = []
    for entry, where in _entries(data, "source_nat"):
        version = _version(entry, where)
        networks = _networks(entry.get("networks"), f"{where}.networks")
        own = tuple(network for network in networks if network.version == version)
        exempt = _networks(entry.get("except"), f"{where}.except")
        if not own:
            raise RefusedError(
                f"{where}.networks: no IPv{version} network to translate in {shown(entry.get('networks'))}"
            )
        address = None
        if entry.get("address") is not None:
            address = _single(entry, "address", version, where, "a site wears one public address")
        result.append(SourceNat(version, own, tuple(item for item in exempt if item.version == version), address))
    return tuple(result)


def _clamp_mss(value: object) -> MssClamp | None:
    if value is None:
        return None
    where = "policy.clamp_mss"
    if not isinstance(value, Mapping):
        raise RefusedError(f"{where}: {shown(value)} is not a mapping; its keys are {', '.join(MssClamp._fields)}")
    _refuse_unknown(value, MssClamp._fields, where)
    size = value.get("size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or not SMALLEST <= size <= LARGEST):
        raise RefusedError(f"{where}.size: {shown(size)} is not a number of bytes from {SMALLEST} to {LARGEST}")
    names = _list(value.get("interfaces"), f"{where}.interfaces")
    for number, name in enumerate(names):
        if not isinstance(name, str) or not INTERFACE.fullmatch(name) or len(name) > LONGEST_INTERFACE:
            raise RefusedError(f"{where}.interfaces[{number}]: {shown(name)} is not the name of an interface")
    return MssClamp(size or 0, tuple(names))


def _openings(data: Mapping[str, Any], section: str) -> tuple[Opening, ...]:
    result = []
    for entry, where in _entries(data, section):
        sources = _networks(entry.get("sources"), f"{where}.sources")
        if not sources:
            raise RefusedError(f"{where}.sources is empty: name who may come in; 0.0.0.0/0 is all of IPv4")
        name = entry.get("name") or section
        if not isinstance(name, str):
            raise RefusedError(f"{where}.name: {shown(name)} is not a text")
        result.append(Opening(harmless(name), *_service(entry, where), sources))
    return tuple(result)


def _forward_permits(data: Mapping[str, Any]) -> tuple[ForwardPermit, ...]:
    result = []
    for entry, where in _entries(data, "forward_permits"):
        translated = entry.get("translated", False)
        if not isinstance(translated, bool):
            raise RefusedError(f"{where}.translated: {shown(translated)} is neither true nor false")
        permit = ForwardPermit(
            harmless(entry.get("name") or "forward_permits"),
            *_service(entry, where),
            _networks(entry.get("sources"), f"{where}.sources"),
            _networks(entry.get("destinations"), f"{where}.destinations"),
            _interfaces(entry.get("from_interfaces"), f"{where}.from_interfaces"),
            _interfaces(entry.get("to_interfaces"), f"{where}.to_interfaces"),
            translated,
        )
        if not (any(permit[3:7]) or translated):
            raise RefusedError(f"{where} names neither where packets come from nor where they go to")
        result.append(permit)
    return tuple(result)


def _interfaces(names: object, where: str) -> tuple[str, ...]:
    """Names of interfaces."""
    listed = _list(names, where)
    for number, name in enumerate(listed):
        if not isinstance(name, str) or not INTERFACE.fullmatch(name) or len(name) > LONGEST_INTERFACE:
            raise RefusedError(f"{where}[{number}]: {shown(name)} is not the name of an interface")
    return tuple(listed)


def _networks(prefixes: object, where: str) -> tuple[Prefix, ...]:
    ends = (_end(prefix, f"{where}[{number}]") for number, prefix in enumerate(_list(prefixes, where)))
    return tuple(_as_prefix(end) for end in ends)


def _as_prefix(end: End) -> Prefix:
    return (
        end if isinstance(end, Prefix) else Prefix(end.version, end.value, end.value, 32 if end.version == 4 else 128)
    )


def _addresses(texts: object, where: str) -> tuple[Address, ...]:
    found = []
    for number, text in enumerate(_list(texts, where)):
        end = _end(text, f"{where}[{number}]")
        if not isinstance(end, Address):
            raise RefusedError(f"{where}[{number}]: {text} is a network; a router wears single addresses")
        found.append(end)
    return tuple(found)
