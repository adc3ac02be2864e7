# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading who offers what, with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..basics.addresses import Address, is_no_host
from ..basics.findings import Finding, short
from ..basics.names import HostService
from ..basics.ports import PortRange
from ..catalog.catalog import Catalog
from ..catalog.profile import ADDRESSES, PORT, Exchange, Profile, Setting, SettingValue
from .intent import Offer, Use
from .reader import Reader
from .services import check_protocol, other_version, read_service, read_switches

OFFER_KEYS = ("service", "version", "enabled", "exchanges", "public", "protocol", "callback_range")


def read_offers(
    variables: Mapping[str, Mapping[str, object]], catalog: Catalog, findings: list[Finding]
) -> dict[HostService, Offer]:
    """Return the offers."""
    offers: dict[HostService, Offer] = {}
    for name in sorted(variables):
        raw = variables[name].get("faxnet_offers")
        if not raw:
            continue
        reader = Reader(name, findings)
        taken: list[tuple[str, PortRange, str]] = []
        for index, item in enumerate(reader.items(raw, "faxnet_offers")):
            variable = f"faxnet_offers[{index}]"
            offer = _read_offer(reader, item, variable, index, catalog)
            if offer is None:
                continue
            if offer.key in offers:
                reader.note("FXN208", variable, offer.service, "is offered twice by this host", "keep one of the two")
                continue
            offers[offer.key] = offer
            _check_shared_ports(reader, offer, catalog.profiles[offer.service], taken, variable)
    return offers


def _check_shared_ports(
    reader: Reader, offer: Offer, profile: Profile, taken: list[tuple[str, PortRange, str]], variable: str
) -> None:
    mine: dict[tuple[str, PortRange], str] = {}
    for exchange in profile.exchanges:
        ports = offer_ports(exchange, offer)
        if exchange.initiator != "client" or not offer.runs(exchange) or ports is None or exchange.to_any_port:
            continue
        first = mine.setdefault((exchange.transport, ports), exchange.ports_word)
        if first != exchange.ports_word and ports.size == 1:
            message = f"{first} and {exchange.ports_word} are both {ports.text}/{exchange.transport}"
            where = f"{variable}.{exchange.setting or first}"
            reader.note("FXN210", where, ports.text, message, "give one of the two another port")
    if not offer.enabled:
        return  # nothing listens: one service may wait, switched off, for the port of another
    clashes: dict[tuple[PortRange, str], list[str]] = {}
    for transport, ports in sorted(mine):
        other = next((name for kind, held, name in taken if kind == transport and held.overlaps(ports)), None)
        if other is not None:
            clashes.setdefault((ports, other), []).append(transport)
    for (ports, other), transports in clashes.items():
        reader.note(
            "FXN210",
            variable,
            ports.text,
            f"{offer.service} and {other} both listen on {ports.text}/{' and '.join(transports)} of this host",
            "give one of the two another port",
        )
    taken += [(transport, ports, offer.service) for transport, ports in mine]


def offer_ports(exchange: Exchange, offer: Offer) -> PortRange | None:
    """The destination ports of an exchange at this server; None for a call-back and for a setting without a value."""
    return _ports_of(exchange.setting, exchange.ports, offer)


def offer_source_ports(exchange: Exchange, offer: Offer) -> PortRange | None:
    """The ports that an exchange's sender sends from; None where any will do."""
    return _ports_of(exchange.source_setting, exchange.source_ports, offer)


def texts_of(offer: Offer) -> dict[str, str]:
    """The settings that hold ports as text, for instructions."""
    return {name: value.text for name, value in offer.settings.items() if isinstance(value, PortRange)}


def _ports_of(setting: str | None, ports: PortRange | None, offer: Offer) -> PortRange | None:
    value = offer.settings.get(setting) if setting is not None else ports
    return value if isinstance(value, PortRange) else None


def _read_offer(reader: Reader, item: object, variable: str, index: int, catalog: Catalog) -> Offer | None:
    entry = reader.mapping(item, variable)
    if entry is None:
        return None
    profile = read_service(reader, entry.get("service"), f"{variable}.service", catalog)
    if profile is None:
        return None
    entry = reader.mapping(entry, variable, (*OFFER_KEYS, *profile.settings)) or {}
    before = len(reader.findings)
    check_protocol(reader, entry.get("protocol"), f"{variable}.protocol", profile)
    version = _version(reader, entry, variable, profile)
    switches = read_switches(reader, entry.get("exchanges"), f"{variable}.exchanges", profile, version)
    _check_settings(reader, entry, variable, profile, version)
    settings: dict[str, SettingValue] = {}
    for name, setting in profile.settings.items():
        value = setting.default
        if name in entry:
            read = _setting(reader, entry[name], f"{variable}.{name}", setting, catalog)
            value = value if read is None else read
        if value is not None:
            settings[name] = value
    pool = (
        _pool(reader, entry["callback_range"], f"{variable}.callback_range", profile)
        if "callback_range" in entry
        else None
    )
    enabled = reader.flag(entry.get("enabled"), f"{variable}.enabled", True)
    public = reader.flag(entry.get("public"), f"{variable}.public", False)
    offer = Offer(reader.host, profile.name, settings, pool, enabled, switches, public, version or "", index)
    sound = len(reader.findings) == before
    if sound:
        # Otherwise what is missing may be missing only because of the mistake that is noted.
        _check_needed(reader, offer, profile, entry, variable)
    if sound and public and not any(exchange.with_internet and offer.runs(exchange) for exchange in profile.exchanges):
        message = f"nothing of {profile.title} that this server runs is meant for the Internet at large"
        cure = "omit 'public' and name the clients in the inventory, or switch a public exchange on"
        reader.note("FXN215", f"{variable}.public", public, message, cure)
    return offer


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
                if name is not None and name not in offer.settings and name not in entry:
                    needing.setdefault(name, exchange.part_of or exchange.name)
    for name, exchange_name in needing.items():
        setting = profile.settings[name]
        message = f"{exchange_name} needs {setting.title}, and no document states the product's own"
        cure = f"read it from the server and write it here ({name}: ...), or switch {exchange_name} off"
        reader.note("FXN103", f"{variable}.{name}", "not set", message, cure)


def _setting(reader: Reader, raw: object, variable: str, setting: Setting, catalog: Catalog) -> SettingValue | None:
    if setting.kind == ADDRESSES:
        read = [_host_address(reader, item, f"{variable}[{n}]") for n, item in enumerate(reader.items(raw, variable))]
        return tuple(dict.fromkeys(address for address in read if address is not None))
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
        isinstance(value, tuple) and not isinstance(value, PortRange) and value for value in offer.settings.values()
    )
