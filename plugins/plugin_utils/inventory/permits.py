# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what passes apart from fax: ``faxnet_permits``, ``faxnet_management`` and ``faxnet_forward_permits``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.addresses import Prefix
from ..basics.ports import PortRange
from ..basics.protocols import ANY, has_ports
from .clamping import read_interfaces
from .intent import ForwardPermit, Opening
from .permit_ends import PermitEnds, Place
from .reader import Reader

OPENING_KEYS = ("name", "transport", "protocols", "ports", "sources")
FORWARD_KEYS = (
    *("name", "from", "to", "from_interfaces", "to_interfaces", "transport", "protocols", "ports"),
    *("both_directions", "only_translated"),
)
ANYWHERE = (Prefix(4, 0, 2**32 - 1, 0), Prefix(6, 0, 2**128 - 1, 0))

Service = tuple[str, tuple[PortRange, ...]]
"""A protocol and its ports; no ports where it has none."""


@dataclass(frozen=True, slots=True)
class Permits:
    """Reads the permits of one host.

    Attributes:
        ends: who may be named in them.
        place: where the host stands.
    """

    reader: Reader
    ends: PermitEnds
    place: Place


def read_permits(at: Permits, raw: object) -> tuple[Opening, ...]:
    """Return the openings of ``faxnet_permits``, one for each protocol of an entry."""
    return _read_openings(at, raw, "faxnet_permits", None)[0]


def read_management(at: Permits, raw: object) -> tuple[tuple[Opening, ...], bool]:
    """Return the openings of ``faxnet_management``, and whether every entry of it is sound.

    Who administers a host logs in to it, so these are ports: what has none is an error.
    """
    openings, sound = _read_openings(at, raw, "faxnet_management", "management")
    for opening in openings:
        if not opening.ports:
            message = f"{opening.transport} has no ports that anybody could log in to"
            cure = "name tcp or udp with ports here, and any other protocol in faxnet_permits"
            at.reader.note("FXN125", "faxnet_management", opening.transport, message, cure)
    return tuple(opening for opening in openings if opening.ports), sound


def _read_openings(
    at: Permits, raw: object, variable: str, default_name: str | None
) -> tuple[tuple[Opening, ...], bool]:
    openings: list[Opening] = []
    sound = isinstance(raw, list)
    for index, item in enumerate(at.reader.items(raw, variable)):
        where = f"{variable}[{index}]"
        entry = at.reader.mapping(item, where, OPENING_KEYS)
        read = None if entry is None else _read_opening(at, entry, where, default_name)
        sound = sound and bool(read)
        openings += read or ()
    return tuple(openings), sound


def _read_opening(at: Permits, entry: Mapping[str, Any], where: str, default_name: str | None) -> list[Opening]:
    reader = at.reader
    name = reader.name(entry.get("name", default_name), f"{where}.name")
    services = read_services(reader, entry, where)
    sources = at.ends.read(reader, entry["sources"], f"{where}.sources", at.place) if "sources" in entry else ANYWHERE
    if name is None or not sources:
        return []
    return [Opening(name, protocol, ports, sources) for protocol, ports in services]


def read_forward_permits(at: Permits, raw: object) -> tuple[ForwardPermit, ...]:
    """Return what ``faxnet_forward_permits`` names, one for each protocol of an entry and each direction."""
    variable = "faxnet_forward_permits"
    if raw is None:
        return ()
    if not at.place.router:
        message = "is for routers, and no site names this host as its gateway"
        at.reader.note("FXN128", variable, raw, message, "name it as a gateway in faxnet_sites, or omit the variable")
        return ()
    permits: list[ForwardPermit] = []
    for index, item in enumerate(at.reader.items(raw, variable)):
        where = f"{variable}[{index}]"
        entry = at.reader.mapping(item, where, FORWARD_KEYS)
        permits += _read_forward_permit(at, entry, where) if entry is not None else ()
    return tuple(permits)


def _read_forward_permit(at: Permits, entry: Mapping[str, Any], where: str) -> list[ForwardPermit]:
    reader = at.reader
    name = reader.name(entry.get("name"), f"{where}.name")
    services = read_services(reader, entry, where, ANY)
    ends = [
        at.ends.read(reader, entry[key], f"{where}.{key}", at.place) if key in entry else () for key in ("from", "to")
    ]
    interfaces = [
        read_interfaces(reader, entry[key], f"{where}.{key}") if key in entry else ()
        for key in ("from_interfaces", "to_interfaces")
    ]
    back = reader.flag(entry.get("both_directions"), f"{where}.both_directions", False)
    translated = reader.flag(entry.get("only_translated"), f"{where}.only_translated", False)
    if back and translated:
        message = "is of no use: what answers a translated packet passes with it"
        reader.note("FXN128", f"{where}.both_directions", True, message, "omit it, or only_translated")
        return []
    if not translated and not any(key in entry for key in FORWARD_KEYS[1:5]):
        message = "names neither where it comes from nor where it goes to: everything would pass"
        cure = "name from, to, from_interfaces or to_interfaces; 0.0.0.0/0 stands for everybody"
        reader.note("FXN128", where, "", message, cure)
        return []
    sources, destinations = ends
    inward, outward = interfaces
    if name is None or sources is None or destinations is None or inward is None or outward is None:
        return []
    ways = [(sources, destinations, inward, outward), (destinations, sources, outward, inward)][: 1 + back]
    return [ForwardPermit(name, protocol, ports, *way, translated) for way in ways for protocol, ports in services]


def read_services(reader: Reader, entry: Mapping[str, Any], where: str, default: str = "") -> list[Service]:
    """Return what an entry names by ``protocols`` (or ``transport``) and ``ports``; nothing where that is not sound.

    The ports are those of every protocol that has ports. Without ``protocols``, ports are TCP's.

    Args:
        default: the protocol of an entry that names neither protocols nor ports; empty where it has to.
    """
    protocols = _protocols(reader, entry, where, default)
    if protocols is None:
        return []
    ported = [protocol for protocol in protocols if has_ports(protocol)]
    if not ported and "ports" in entry:
        message = f"are of no use: {' and '.join(protocols)} has no ports"
        cure = "omit them, or add the protocol that they are of to protocols, such as udp"
        reader.note("FXN126", f"{where}.ports", entry["ports"], message, cure)
        return []
    ports = reader.ports(entry.get("ports"), f"{where}.ports") if ported and "ports" in entry else ()
    if ported and "ports" not in entry:
        cure = "name the ports, or omit the entry; 1-65535 are all of them, and protocols: any is every protocol"
        reader.note("FXN103", f"{where}.ports", "", f"{' and '.join(ported)} needs ports", cure)
    if ported and not ports:
        return []
    return [(protocol, (ports or ()) if has_ports(protocol) else ()) for protocol in protocols]


def _protocols(reader: Reader, entry: Mapping[str, Any], where: str, default: str) -> tuple[str, ...] | None:
    """The protocols of an entry, each once; None where they are not sound."""
    if "transport" in entry and "protocols" in entry:
        message, cure = "'transport' and 'protocols' exclude each other", "name all of them in protocols"
        reader.note("FXN101", f"{where}.transport", entry["transport"], message, cure)
        return None
    if "protocols" not in entry:
        if "transport" not in entry and "ports" not in entry and default:
            return (default,)
        transport = reader.choice(entry.get("transport", "tcp"), f"{where}.transport", ("tcp", "udp"))
        return None if transport is None else (transport,)
    protocols = reader.protocols(entry["protocols"], f"{where}.protocols")
    if protocols and ANY in protocols and len(protocols) > 1:
        message, cure = "'any' is every protocol, and others stand beside it", "name any alone, or the others"
        reader.note("FXN125", f"{where}.protocols", entry["protocols"], message, cure)
        return None
    return protocols
