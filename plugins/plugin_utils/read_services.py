# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the services' half of the intent: who offers what, who uses what of whom, under which conditions."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from .catalog import Catalog, Environment, Profile
from .findings import Finding, errors, short
from .intent import CallbackWish, Host, Offer, Use
from .ports import PortRange
from .reading import Reader

USE_KEYS = ("service", "server", "environment", "instances", "callback", "enabled", "exchanges")
CALLBACK_KEYS = ("mode", "port", "low", "high", "size")
MODES = ("dynamic", "fixed")
#: Words that people use for "any port the system gives": refused with a message of its own (FXN310).
UNLIMITED = ("unlimited", "any", "system")


def _service(reader: Reader, value: object, variable: str, catalog: Catalog) -> Profile | None:
    if isinstance(value, str) and value in catalog.unsound:
        return None
    if isinstance(value, str) and value in catalog.profiles:
        return catalog.profiles[value]
    near = difflib.get_close_matches(str(value), list(catalog.profiles), 1)
    meant = f" (is {near[0]!r} meant?)" if near else ""
    known = ", ".join(sorted(catalog.profiles))
    reader.note(
        "FXN201",
        variable,
        value,
        f"the catalogue has no such service{meant}",
        f"use one of: {known}; or describe it in faxnet_services",
    )
    return None


def read_offers(
    variables: Mapping[str, Mapping[str, object]], catalog: Catalog, findings: list[Finding]
) -> dict[tuple[str, str], Offer]:
    """Return the offers by host and service."""
    offers: dict[tuple[str, str], Offer] = {}
    for name in sorted(variables):
        raw = variables[name].get("faxnet_offers")
        if not raw:
            continue
        reader = Reader(name, findings)
        ports: dict[tuple[str, int], str] = {}
        for index, item in enumerate(reader.items(raw, "faxnet_offers")):
            variable = f"faxnet_offers[{index}]"
            offer = _read_offer(reader, item, variable, index, catalog)
            if offer is None:
                continue
            if (name, offer.service) in offers:
                reader.note("FXN208", variable, offer.service, "is offered twice by this host", "keep one of the two")
                continue
            offers[(name, offer.service)] = offer
            _check_shared_ports(reader, offer, catalog.profiles[offer.service], ports, variable)
    return offers


def _check_shared_ports(
    reader: Reader, offer: Offer, profile: Profile, ports: dict[tuple[str, int], str], variable: str
) -> None:
    mine = {
        (exchange.transport, offer.settings[exchange.setting])
        for exchange in profile.exchanges
        if exchange.setting is not None and exchange.initiator == "client"
    }
    for transport, port in sorted(mine):
        other = ports.setdefault((transport, port), offer.service)
        if other != offer.service:
            reader.note(
                "FXN210",
                variable,
                port,
                f"{offer.service} and {other} both listen on {port}/{transport} of this host",
                "give one of the two another port",
            )


def _read_offer(reader: Reader, item: object, variable: str, index: int, catalog: Catalog) -> Offer | None:
    entry = reader.mapping(item, variable)
    if entry is None:
        return None
    profile = _service(reader, entry.get("service"), f"{variable}.service", catalog)
    if profile is None:
        return None
    keys = ("service", "enabled", "callback_range", *profile.settings)
    entry = reader.mapping(entry, variable, keys) or {}
    settings = dict(profile.settings)
    for setting in profile.settings:
        if setting not in entry:
            continue
        port = reader.port(entry[setting], f"{variable}.{setting}")
        if port is None:
            continue
        if port != profile.settings[setting] and (port < catalog.reserved_below or port in catalog.well_known):
            holder = catalog.well_known.get(port, "other services")
            reader.note(
                "FXN205",
                f"{variable}.{setting}",
                port,
                f"the port belongs to {holder}",
                f"use the default {profile.settings[setting]}, or a free port from {catalog.reserved_below} up",
            )
            continue
        settings[setting] = port
    pool = (
        _pool(reader, entry["callback_range"], f"{variable}.callback_range", profile)
        if "callback_range" in entry
        else None
    )
    enabled = reader.flag(entry.get("enabled"), f"{variable}.enabled", True)
    return Offer(reader.host, profile.name, settings, pool, enabled, index)


def _pool(reader: Reader, raw: object, variable: str, profile: Profile) -> PortRange | None:
    if profile.callback is None:
        reader.note("FXN313", variable, raw, f"{profile.title} has no call-backs", "leave callback_range away")
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
        entry = reader.mapping(raw, variable, ("low", "high")) or {}
        ends = [entry.get("low"), entry.get("high")]
        if None in ends:
            reader.note("FXN103", variable, raw, "a range needs 'low' and 'high'", "name both ends")
            return None
    else:
        ends = list(str(raw).split("-", 1)) if isinstance(raw, str) and "-" in raw else [raw, raw]
    low, high = reader.port(ends[0], f"{variable}.low"), reader.port(ends[1], f"{variable}.high")
    return PortRange(low, high) if low is not None and high is not None else None


def read_uses(
    variables: Mapping[str, Mapping[str, object]],
    hosts: Mapping[str, Host],
    offers: Mapping[tuple[str, str], Offer],
    catalog: Catalog,
    findings: list[Finding],
) -> tuple[Use, ...]:
    """Return the uses whose service, server and environment are known, sorted by host, service and server."""
    servers = _Servers(variables, hosts, offers, findings)
    uses = []
    for name in sorted(variables):
        raw = variables[name].get("faxnet_uses")
        if not raw:
            continue
        reader = Reader(name, findings)
        seen: set[tuple[str, str]] = set()
        for index, item in enumerate(reader.items(raw, "faxnet_uses")):
            variable = f"faxnet_uses[{index}]"
            use = _read_use(reader, item, variable, index, catalog, hosts)
            if use is None:
                continue
            if (use.service, use.server) in seen:
                reader.note(
                    "FXN208",
                    variable,
                    use.service,
                    f"uses {use.service} of {use.server} twice",
                    "keep one entry and set its 'instances'",
                )
                continue
            seen.add((use.service, use.server))
            if servers.serve(reader, use, f"{variable}.server") and name in hosts:
                uses.append(use)
    return tuple(sorted(uses, key=lambda use: (use.host, use.service, use.server)))


class _Servers:
    """Who offers what, and what to say where the named server does not."""

    def __init__(
        self,
        variables: Mapping[str, Mapping[str, object]],
        hosts: Mapping[str, Host],
        offers: Mapping[tuple[str, str], Offer],
        findings: Iterable[Finding],
    ) -> None:
        self._variables = variables
        self._hosts = hosts
        self._offers = offers
        self._in_error = {finding.host for finding in errors(findings)}
        self._near: dict[str, str] = {}
        self._offering: dict[str, list[str]] = {}
        for server, service in offers:
            self._offering.setdefault(service, []).append(server)

    def serve(self, reader: Reader, use: Use, variable: str) -> bool:
        """Whether the use's server offers the service; if not, that is noted, unless the server's own error says it."""
        if use.server == use.host:
            reader.note(
                "FXN213", variable, use.server, "the host names itself as server", "name the host that offers it"
            )
            return False
        if (use.server, use.service) in self._offers:
            return use.server in self._hosts
        offering = ", ".join(sorted(self._offering.get(use.service, []))[:5])
        offering = offering or "nobody yet: add faxnet_offers to the server"
        if use.server not in self._variables:
            cure = f"name a host that offers {use.service}: {offering}"
            message = f"is not a host of this inventory{self._meant(use.server)}"
            reader.note("FXN202", variable, use.server, message, cure)
        elif use.server not in self._in_error:
            cure = f"add it to the faxnet_offers of {use.server}, or name a host that offers it: {offering}"
            reader.note("FXN203", variable, use.server, f"that host does not offer {use.service}", cure)
        return False

    def _meant(self, server: str) -> str:
        # Remembered: one typing error in a group's variables comes once for every member.
        if server not in self._near:
            near = difflib.get_close_matches(server, list(self._variables), 1)
            self._near[server] = f" (is {near[0]!r} meant?)" if near else ""
        return self._near[server]


def _read_use(
    reader: Reader, item: object, variable: str, index: int, catalog: Catalog, hosts: Mapping[str, Host]
) -> Use | None:
    entry = reader.mapping(item, variable, USE_KEYS)
    if entry is None:
        return None
    profile = _service(reader, entry.get("service"), f"{variable}.service", catalog)
    server = entry.get("server")
    if server is None:
        reader.note("FXN103", f"{variable}.server", "", "a use needs a server", "name the host that offers the service")
    elif not isinstance(server, str):
        reader.note(
            "FXN101", f"{variable}.server", server, "is not a host name", "name the host that offers the service"
        )
        server = None
    if profile is None:
        return None
    environment = _environment(reader, entry, variable, profile, catalog, hosts)
    instances = reader.count(entry.get("instances", 1), f"{variable}.instances")
    if environment is not None and instances is not None and instances > 1 and not environment.many:
        many = ", ".join(item.name for item in profile.environments.values() if item.many)
        reader.note(
            "FXN207",
            f"{variable}.instances",
            instances,
            f"environment {environment.name} runs one instance",
            f"set instances to 1, or the environment to one of: {many}" if many else "set instances to 1",
        )
    callback = _callback(reader, entry.get("callback"), f"{variable}.callback", profile, catalog, hosts)
    off = _switched_off(reader, entry.get("exchanges"), f"{variable}.exchanges", profile)
    enabled = reader.flag(entry.get("enabled"), f"{variable}.enabled", True)
    if environment is None or instances is None or server is None or callback is None:
        return None
    return Use(reader.host, profile.name, server, environment.name, instances, callback, enabled, off, index)


def _environment(
    reader: Reader,
    entry: Mapping[str, object],
    variable: str,
    profile: Profile,
    catalog: Catalog,
    hosts: Mapping[str, Host],
) -> Environment | None:
    variable = f"{variable}.environment"
    default = next(iter(profile.environments))
    name = reader.choice(entry.get("environment", default), variable, profile.environments, "FXN206")
    if name is None:
        return None
    host = hosts.get(reader.host)
    system = catalog.systems[(host.system if host else None) or profile.client_system]
    if name not in system.environments:
        reader.note(
            "FXN206",
            variable,
            name,
            f"{system.title} does not run it",
            f"use one of: {', '.join(system.environments)}; or correct faxnet_system",
        )
        return None
    return profile.environments[name]


def _switched_off(reader: Reader, raw: object, variable: str, profile: Profile) -> frozenset[str]:
    if raw is None:
        return frozenset()
    entry = reader.mapping(raw, variable, [exchange.name for exchange in profile.exchanges]) or {}
    return frozenset(name for name, value in entry.items() if not reader.flag(value, f"{variable}.{name}", True))


def _callback(
    reader: Reader, raw: object, variable: str, profile: Profile, catalog: Catalog, hosts: Mapping[str, Host]
) -> CallbackWish | None:
    if raw is None:
        return CallbackWish("dynamic", None, None, None, None)
    if profile.callback is None:
        reader.note("FXN313", variable, raw, f"{profile.title} has no call-backs", "leave 'callback' away")
        return None
    entry = reader.mapping(raw, variable, CALLBACK_KEYS)
    if entry is None:
        return None
    mode = entry.get("mode", "dynamic")
    if isinstance(mode, str) and mode in UNLIMITED:
        host = hosts.get(reader.host)
        system = catalog.systems[(host.system if host else None) or profile.client_system]
        reader.note(
            "FXN310",
            f"{variable}.mode",
            mode,
            f"unlimited dynamic ports on {system.title} are {system.dynamic.text}: all of them would have to be opened",
            f"leave 'mode' away (a range of {profile.callback.size} ports is chosen), or name 'low' and 'high'",
        )
        return None
    mode = reader.choice(mode, f"{variable}.mode", MODES)
    if mode is None:
        return None
    wrong = ("low", "high", "size") if mode == "fixed" else ("port",)
    for key in wrong:
        if key in entry:
            reader.note(
                "FXN102",
                f"{variable}.{key}",
                entry[key],
                f"{key!r} has no meaning in mode {mode}",
                f"leave it away, or choose the mode {'dynamic' if mode == 'fixed' else 'fixed'}",
            )
    sound = True
    numbers: dict[str, int | None] = {}
    for key in CALLBACK_KEYS[1:]:
        numbers[key] = None
        if key in entry and key not in wrong:
            read = reader.count if key == "size" else reader.port
            numbers[key] = read(entry[key], f"{variable}.{key}")
            sound = sound and numbers[key] is not None
    if numbers["high"] is not None and numbers["low"] is None and "low" not in entry:
        reader.note("FXN103", f"{variable}.low", "", "'high' needs 'low'", "name both ends of the range")
        sound = False
    return CallbackWish(mode, **numbers) if sound else None


def note_unused_offers(offers: Mapping[tuple[str, str], Offer], uses: Iterable[Use], findings: list[Finding]) -> None:
    """Advise where a service is offered and nobody uses it: often a server's name with a typing error elsewhere."""
    used = {(use.server, use.service) for use in uses}
    for (host, service), offer in offers.items():
        if (host, service) not in used:
            findings.append(
                Finding(
                    "FXN212",
                    host,
                    f"faxnet_offers[{offer.index}]",
                    short(service),
                    "no host uses this service",
                    "add faxnet_uses to its clients, or remove the offer: nothing is opened for it",
                )
            )
