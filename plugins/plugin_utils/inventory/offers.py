# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading who offers what, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..basics.addresses import Address, Prefix, is_no_host
from ..basics.findings import Finding, short
from ..basics.names import HostService, named_service
from ..basics.ports import PortRange, merge_ranges, ports_text
from ..catalog.catalog import Catalog
from ..catalog.profile import ADDRESSES, PORT, Exchange, Profile, Setting, SettingValue, ranges_of
from .intent import Offer, Use
from .peers import read_exchange_addresses
from .permit_ends import PermitEnds
from .reader import Reader
from .services import check_protocol, other_version, read_offer_name, read_service, read_switches

OFFER_KEYS = (
    *("service", "name", "version", "enabled", "exchanges"),
    *("public", "protocol", "callback_range", "addresses"),
)


def read_offers(
    variables: Mapping[str, Mapping[str, object]], ends: PermitEnds, catalog: Catalog, findings: list[Finding]
) -> dict[HostService, Offer]:
    """Return the offers.

    Args:
        ends: finds the addresses of those that a public offer names.
    """
    offers: dict[HostService, Offer] = {}
    for name in sorted(variables):
        raw = variables[name].get("faxnet_offers")
        if not raw:
            continue
        reader = Reader(name, findings)
        taken: list[_Held] = []
        for index, item in enumerate(reader.items(raw, "faxnet_offers")):
            variable = f"faxnet_offers[{index}]"
            offer = _read_offer(reader, item, variable, index, catalog, ends)
            if offer is None:
                continue
            if offer.key in offers:
                cure = "keep one of the two, or give one a name of its own, which its clients say (name: second)"
                reader.note("FXN208", variable, offer.service, "is offered twice by this host", cure)
                continue
            offers[offer.key] = offer
            _check_shared_ports(reader, offer, catalog.profiles[offer.product], taken, variable)
    return offers


class _Held(NamedTuple):
    """Ports that an offer listens on.

    Attributes:
        words: as the profile names them.
        place: the key of the offer that says them.
        picks_free: whether the product takes free ports from them.
    """

    transport: str
    ports: PortRange
    words: str
    place: str
    service: str
    picks_free: bool


def _check_shared_ports(reader: Reader, offer: Offer, profile: Profile, taken: list[_Held], variable: str) -> None:
    mine: dict[tuple[str, PortRange, str], _Held] = {}
    for exchange in profile.exchanges:
        if exchange.initiator != "client" or not offer.runs(exchange) or exchange.to_any_port:
            continue
        word = exchange.ports_word
        setting = profile.settings.get(word)
        picks = setting is not None and setting.picks_free
        for ports in offer_ports(exchange, offer):
            held = _Held(exchange.transport, ports, word, exchange.setting or "", offer.service, picks)
            mine.setdefault((exchange.transport, ports, word), held)
    listening = sorted(mine.values(), key=lambda held: held[:2])
    _check_own_ports(reader, listening, variable)
    if not offer.enabled:
        return  # nothing listens: one service may wait, switched off, for the port of another
    clashes: dict[tuple[PortRange, str, bool], list[str]] = {}
    for held in listening:
        for other in taken:
            if other.transport == held.transport and other.ports.overlaps(held.ports):
                clashes.setdefault((held.ports, other.service, held.picks_free or other.picks_free), []).append(
                    held.transport
                )
                break
    for (ports, service, picks), transports in clashes.items():
        where = f"{ports.text}/{' and '.join(dict.fromkeys(transports))}"
        message = f"{offer.service} and {service} both listen on {where} of this host"
        _note_shared(reader, variable, ports, message, picks)
    taken += listening


def _check_own_ports(reader: Reader, listening: list[_Held], variable: str) -> None:
    """Note settings of one offer that share ports; two ranges that are equal are one that both stand for."""
    furthest: _Held | None = None
    for held in listening:
        if furthest is not None and furthest.transport == held.transport and furthest.ports.overlaps(held.ports):
            equal = furthest.ports == held.ports
            how = "are both" if equal else f"share ports: {furthest.ports.text} and"
            message = f"{furthest.words} and {held.words} {how} {held.ports.text}/{held.transport}"
            wider = furthest if furthest.ports.size > held.ports.size else held
            where = f"{variable}.{wider.place or furthest.place or held.place or held.words}"
            if not equal or held.ports.size == 1:
                _note_shared(reader, where, wider.ports, message, held.picks_free or furthest.picks_free)
        if furthest is None or furthest.transport != held.transport or furthest.ports.high < held.ports.high:
            furthest = held


def _note_shared(reader: Reader, variable: str, ports: PortRange, message: str, picks: bool) -> None:
    if not picks:
        reader.note("FXN210", variable, ports.text, message, "give one of the two another port")
        return
    message = f"{message}: the product takes what is free of that, and whoever may send to the one reaches the other"
    reader.note("FXN218", variable, ports.text, message, "leave it, or give one of the two other ports to part them")


def offer_ports(exchange: Exchange, offer: Offer) -> tuple[PortRange, ...]:
    """The destination ports of an exchange at this server; none for a call-back and for a setting without a value."""
    return _ports_of(exchange.setting, exchange.ports, offer)


def offer_source_ports(exchange: Exchange, offer: Offer) -> tuple[PortRange, ...]:
    """The ports that an exchange's sender sends from; none where any will do."""
    return _ports_of(exchange.source_setting, exchange.source_ports, offer)


def texts_of(offer: Offer) -> dict[str, str]:
    """The settings that hold ports as text, for instructions."""
    return {name: ports_text(ranges) for name, value in offer.settings.items() if (ranges := ranges_of(value))}


def _ports_of(setting: str | None, ports: PortRange | None, offer: Offer) -> tuple[PortRange, ...]:
    return ranges_of(offer.settings.get(setting) if setting is not None else ports)


def _read_offer(
    reader: Reader, item: object, variable: str, index: int, catalog: Catalog, ends: PermitEnds
) -> Offer | None:
    entry = reader.mapping(item, variable)
    if entry is None:
        return None
    profile = read_service(reader, entry.get("service"), f"{variable}.service", catalog)
    if profile is None:
        return None
    entry = reader.mapping(entry, variable, (*OFFER_KEYS, *profile.settings)) or {}
    before = len(reader.findings)
    told = read_offer_name(reader, entry["name"], f"{variable}.name", profile, catalog) if "name" in entry else ""
    check_protocol(reader, entry.get("protocol"), f"{variable}.protocol", profile)
    version = _version(reader, entry, variable, profile)
    switches = read_switches(reader, entry.get("exchanges"), f"{variable}.exchanges", profile, version)
    _check_settings(reader, entry, variable, profile, version)
    settings: dict[str, SettingValue] = {}
    for name, setting in profile.settings.items():
        value = setting.default
        if name in entry:
            read = read_setting(reader, entry[name], f"{variable}.{name}", setting, catalog)
            value = value if read is None else read
        if value is not None:
            settings[name] = value
    pool = (
        _pool(reader, entry["callback_range"], f"{variable}.callback_range", profile)
        if "callback_range" in entry
        else None
    )
    enabled = reader.flag(entry.get("enabled"), f"{variable}.enabled", True)
    public, sources = _public(reader, entry.get("public"), f"{variable}.public", ends)
    addresses = read_exchange_addresses(reader, entry.get("addresses"), f"{variable}.addresses", profile)
    said = (settings, pool, enabled, switches, public, sources, version or "", index, addresses)
    if told is None:
        return None
    offer = Offer(reader.host, named_service(profile.name, told), *said, profile.name, told)
    sound = len(reader.findings) == before
    if sound:
        # Otherwise what is missing may be missing only because of the mistake that is noted.
        _check_needed(reader, offer, profile, entry, variable)
        _check_public(reader, offer, profile, entry.get("public"), f"{variable}.public")
    return offer


def _check_public(reader: Reader, offer: Offer, profile: Profile, raw: object, variable: str) -> None:
    """Note a public offer that runs nothing that is meant for those to whom it is public."""
    running = [exchange for exchange in profile.exchanges if offer.runs(exchange)]
    for_some = any(exchange.with_named for exchange in running)
    if not offer.public or (for_some if offer.sources else any(exchange.with_internet for exchange in running)):
        return
    whom = "others than the inventory's hosts" if offer.sources else "the Internet at large"
    message = f"nothing of {profile.title} that this server runs is meant for {whom}"
    cure = "omit 'public' and name the clients in the inventory, or switch a public exchange on"
    if for_some:
        cure = "omit 'public', name in it the addresses, networks or sites that may use it, or switch a public one on"
    reader.note("FXN215", variable, raw, message, cure)


def _public(reader: Reader, raw: object, variable: str, ends: PermitEnds) -> tuple[bool, tuple[Prefix, ...]]:
    """Whether an offer is public, and to whom alone; everybody is nobody's name here, but a word of its own."""
    if not isinstance(raw, (list, tuple)):
        return reader.flag(raw, variable, False), ()
    place = ends.place_of(reader.host)
    versions = ends.versions_of(reader.host)
    sources: dict[Prefix, None] = {}
    if not raw:
        reader.note("FXN103", variable, raw, "is empty", "name networks or sites, write true for everybody, or omit it")
    for index, item in enumerate(raw):
        where = f"{variable}[{index}]"
        found = ends.read(reader, item if isinstance(item, str) else [item], where, place) or ()
        usable = [network for network in found if network.version in versions]
        if any(network.length == 0 for network in found):
            cure = "write public: true if everybody is meant, else name those who are"
            reader.note("FXN217", where, item, "is the network of all addresses", cure)
        elif found and not usable:
            message = f"{reader.host} has no IPv{found[0].version} address"
            reader.note("FXN408", where, item, message, "omit it, or give the host an address of that IP version")
        else:
            sources.update(dict.fromkeys(usable))
    return bool(sources), tuple(sources)


def _version(reader: Reader, entry: Mapping[str, object], variable: str, profile: Profile) -> str | None:
    """The version that an offer names, or the present one; None where it names one that there is not."""
    if "version" not in entry:
        return profile.present_version
    variable, said = f"{variable}.version", entry["version"]
    if profile.versions:
        return reader.choice(said, variable, profile.versions, "FXN102")
    message = f"the versions of {profile.title} do not differ here"
    reader.note("FXN102", variable, said, message, "omit 'version'")
    return None


def _check_settings(
    reader: Reader, entry: Mapping[str, object], variable: str, profile: Profile, version: str | None
) -> None:
    """Note settings of exchanges that the offer's version does not have."""
    if not version:
        return
    having: dict[str, set[str]] = {}
    for exchange in profile.exchanges:
        for setting in (exchange.setting, exchange.source_setting):
            if setting is not None and setting in entry:
                having.setdefault(setting, set()).update(
                    known for known in profile.versions if exchange.default_of(known) is not None
                )
    for setting, versions in having.items():
        if version not in versions:
            message, cure = other_version(profile, version, versions)
            reader.note("FXN102", f"{variable}.{setting}", entry[setting], message, f"{cure}, or omit it")


def _check_needed(reader: Reader, offer: Offer, profile: Profile, entry: Mapping[str, object], variable: str) -> None:
    """Note settings that an exchange in use needs, that the product has no documented default for, and nobody gave."""
    needing: dict[str, str] = {}
    for exchange in profile.exchanges:
        if offer.runs(exchange):
            for name in (exchange.setting, exchange.source_setting):
                # What is a client's own may stand in each use.
                if name is not None and not (
                    name in offer.settings or name in entry or profile.settings[name].of_client
                ):
                    needing.setdefault(name, exchange.part_of or exchange.name)
    for name, exchange_name in needing.items():
        setting = profile.settings[name]
        message = f"{exchange_name} needs {setting.title}, and no document states the product's own"
        cure = f"read it from the server and write it here ({name}: ...), or switch {exchange_name} off"
        reader.note("FXN103", f"{variable}.{name}", "not set", message, cure)


def read_setting(reader: Reader, raw: object, variable: str, setting: Setting, catalog: Catalog) -> SettingValue | None:
    """Return the value of a setting; None where it is in error."""
    if setting.kind == ADDRESSES:
        read = [_host_address(reader, item, f"{variable}[{n}]") for n, item in enumerate(reader.items(raw, variable))]
        return tuple(dict.fromkeys(address for address in read if address is not None))
    if not isinstance(raw, (list, tuple)):
        return _read_ports(reader, raw, variable, setting, catalog)
    if not raw:
        reader.note("FXN103", variable, raw, "is an empty list", "name a port or a range, or omit it")
    several = [_read_ports(reader, item, f"{variable}[{n}]", setting, catalog) for n, item in enumerate(raw)]
    ranges = merge_ranges(ports for ports in several if ports is not None)
    if len(several) > len([ports for ports in several if ports is not None]) or not ranges:
        return None
    return ranges if len(ranges) > 1 else ranges[0]


def _read_ports(reader: Reader, raw: object, variable: str, setting: Setting, catalog: Catalog) -> PortRange | None:
    ports = _one_port(reader, raw, variable) if setting.kind == PORT else _range_ends(reader, raw, variable)
    if ports is None:
        return None
    if ports.low > ports.high:
        reader.note("FXN204", variable, ports.text, f"{ports.low} is above {ports.high}", "swap the two ends")
        return None
    if setting.well_known or ports == setting.default:
        return ports
    held = next((port for port in catalog.well_known if ports.low <= port <= ports.high), None)
    if held is None and ports.low >= catalog.reserved_below:
        return ports
    holder = catalog.well_known.get(held, "other services") if held is not None else "other services"
    usual = f"use the default {setting.default.text}, or" if isinstance(setting.default, PortRange) else "use"
    message = (
        f"the port belongs to {holder}" if setting.kind == PORT else f"port {held or ports.low} belongs to {holder}"
    )
    cure = f"{usual} a free port from {catalog.reserved_below} up"
    reader.note("FXN205", variable, ports.text if ports.size > 1 else ports.low, message, cure)
    return None


def _host_address(reader: Reader, raw: object, variable: str) -> Address | None:
    address = reader.address(raw, variable)
    if address is not None and is_no_host(address):
        reader.note("FXN105", variable, raw, "is not a host's address", "name the address of one host")
        return None
    return address


def _one_port(reader: Reader, raw: object, variable: str) -> PortRange | None:
    port = reader.port(raw, variable)
    return None if port is None else PortRange(port, port)


def _pool(reader: Reader, raw: object, variable: str, profile: Profile) -> PortRange | None:
    if profile.callback is None:
        reader.note("FXN313", variable, raw, f"{profile.title} has no call-backs", "omit callback_range")
        return None
    found = _range_ends(reader, raw, variable)
    if found is None:
        return None
    bounds = profile.callback.bounds
    if found.low > found.high:
        reader.note("FXN301", variable, found.text, f"{found.low} is above {found.high}", "swap the two ends")
        return None
    if found.low < bounds.low or found.high > bounds.high:
        message = f"{profile.title} takes call-back ports from {bounds.low} to {bounds.high}"
        reader.note("FXN302", variable, found.text, message, "choose a range inside these bounds")
        return None
    return found


def _range_ends(reader: Reader, raw: object, variable: str) -> PortRange | None:
    """The two ends of ``{low: ..., high: ...}`` or ``low-high``, in whichever order they stand."""
    if isinstance(raw, Mapping):
        if not raw.keys() <= {"low", "high"}:
            reader.mapping(raw, variable, ("low", "high"))
            return None
        ends = [raw.get("low"), raw.get("high")]
        if None in ends:
            reader.note("FXN103", variable, raw, "a range needs 'low' and 'high'", "name both ends")
            return None
    elif isinstance(raw, str) and "-" in raw.strip(" -"):
        ends = list(raw.split("-", 1))
    else:
        port = reader.port(raw, variable)
        return None if port is None else PortRange(port, port)
    low, high = reader.port(ends[0], f"{variable}.low"), reader.port(ends[1], f"{variable}.high")
    return PortRange(low, high) if low is not None and high is not None else None


def note_unused_offers(offers: Mapping[HostService, Offer], uses: Iterable[Use], findings: list[Finding]) -> None:
    """Advise where a service is offered and nobody uses it: often a server's name with a typing error elsewhere."""
    used = {use.offered for use in uses}
    for offered, offer in offers.items():
        if offered not in used and not offer.public and not _talks(offer):
            findings.append(
                Finding(
                    "FXN212",
                    (offer.host,),
                    f"faxnet_offers[{offer.position}]",
                    short(offer.service),
                    "no host uses this service",
                    "add faxnet_uses to its clients, or remove the offer: nothing is opened for it",
                )
            )


def _talks(offer: Offer) -> bool:
    """Whether the server itself talks to addresses that its offer names."""
    return any(
        isinstance(item, Address)
        for value in offer.settings.values()
        for item in (() if isinstance(value, PortRange) else value)
    )
