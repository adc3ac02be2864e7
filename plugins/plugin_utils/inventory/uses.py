# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading who uses what of whom, under which conditions."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..basics.findings import Finding, errors
from ..basics.named_tuples import made
from ..basics.names import HostService, named_service, near_words
from ..catalog.catalog import Catalog
from ..catalog.profile import Environment, Exchange, Profile, SettingValue, System
from .intent import PUBLIC, CallbackRequest, Host, Offer, Switches, Use
from .offers import read_setting
from .reader import Reader
from .services import check_protocol, read_service, read_switches

USE_KEYS = frozenset(
    (
        *("service", "server", "offer", "environment", "instances", "callback"),
        *("enabled", "exchanges", "protocol", "dials"),
    )
)
#: What a use says of whom it uses what.
_ENDS = {"service", "server", "offer"}
CALLBACK_KEYS = ("mode", "port", "low", "high", "size")
MODES = ("dynamic", "fixed")
#: Words that people use for "any port the system gives": refused with a message of its own (FXN310).
UNLIMITED = ("unlimited", "any", "system")


#: One for all who say nothing.
_NO_REQUEST = CallbackRequest("dynamic", None, None, None, None)


def read_uses(
    variables: Mapping[str, Mapping[str, object]],
    hosts: Mapping[str, Host],
    offers: Mapping[HostService, Offer],
    catalog: Catalog,
    findings: list[Finding],
) -> tuple[Use, ...]:
    """Return the uses whose service, server and environment are known, sorted by host, service and server."""
    servers = _Servers(variables, hosts, offers, catalog, findings)
    read = _UseReader(catalog, hosts)
    uses = []
    for name in sorted(variables):
        raw = variables[name].get("faxnet_uses")
        if not raw:
            continue
        reader = Reader(name, findings)
        seen: set[tuple[str, str]] = set()
        for index, item in enumerate(reader.items(raw, "faxnet_uses")):
            variable = f"faxnet_uses[{index}]"
            use = read.use(reader, item, variable, index)
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
            if servers.serve(reader, use, variable):
                servers.check_run(reader, use, variable)
                servers.check_settings(reader, use, variable)
                if name in hosts:
                    uses.append(use)
    return tuple(sorted(uses, key=operator.attrgetter("host", "service", "server")))


class _Servers:
    """Who offers what, and what to say where the named server does not."""

    def __init__(
        self,
        variables: Mapping[str, Mapping[str, object]],
        hosts: Mapping[str, Host],
        offers: Mapping[HostService, Offer],
        catalog: Catalog,
        findings: Iterable[Finding],
    ) -> None:
        self._variables = variables
        self._hosts = hosts
        self._offers = offers
        self._profiles = catalog.profiles
        self._usable: dict[HostService, tuple[Exchange, ...]] = {}
        self._missing: dict[HostService, list[tuple[Exchange, str]]] = {}
        self._in_error = {finding.host for finding in errors(findings)}
        self._near: dict[str, str] = {}
        self._offering: dict[str, list[str]] = {}
        self._names: dict[HostService, list[str]] = {}
        for offer in offers.values():
            self._offering.setdefault(offer.product, []).append(offer.host)
            self._names.setdefault(HostService(offer.host, offer.product), []).append(offer.name)

    def serve(self, reader: Reader, use: Use, variable: str) -> bool:
        """Whether the use's server offers the service; if not, that is noted, unless the server's own error says it."""
        if use.server != use.host and use.offered in self._offers:
            return use.server in self._hosts
        variable = f"{variable}.server"
        if use.server == use.host:
            message = "the host names itself as server"
            reader.note("FXN213", variable, use.server, message, "name the host that offers it")
            return False
        product = use.client.service
        offering = ", ".join(sorted(set(self._offering.get(product, [])))[:5])
        offering = offering or "nobody yet: add faxnet_offers to the server"
        names = self._names.get(HostService(use.server, product))
        if names is not None and use.server not in self._in_error:
            self._note_other_names(reader, use, variable.replace(".server", ".offer"), names)
        elif use.server not in self._variables:
            cure = f"name a host that offers {product}: {offering}"
            message = f"is not a host of this inventory{self._meant(use.server)}"
            reader.note("FXN202", variable, use.server, message, cure)
        elif use.server not in self._in_error:
            cure = f"add it to the faxnet_offers of {use.server}, or name a host that offers it: {offering}"
            reader.note("FXN203", variable, use.server, f"that host does not offer {product}", cure)
        return False

    @staticmethod
    def _note_other_names(reader: Reader, use: Use, variable: str, names: list[str]) -> None:
        """Note that a server offers the product under other names than a use says."""
        known = ", ".join(sorted(name for name in names if name))
        cures = [f"use one of: {known}"] if known else []
        cures += ["omit 'offer' for the one without a name"] if "" in names and use.offer else []
        said = f"under the name {use.offer}" if use.offer else "without a name"
        message = f"{use.server} offers no {use.client.service} {said}"
        reader.note("FXN203", variable, use.offer, message, ", or ".join(cures))

    def check_run(self, reader: Reader, use: Use, variable: str) -> None:
        """Note exchanges that a use names and that its server does not run for clients; and where nothing is left.

        Nothing of a server whose own variables have an error, of which this may only be a consequence.
        """
        usable = self._usable_of(use)
        if (usable and not use.switches.on) or use.server in self._in_error:
            return
        profile = self._profiles[use.client.service]
        names = ", ".join(exchange.name for exchange in usable if not exchange.part_of) or "none"
        wrong = False
        for name in sorted(use.switches.on):
            exchange = profile.exchange(name)
            if exchange not in usable:
                what = (
                    "does not run this exchange of" if exchange.with_clients else "runs this for others than clients of"
                )
                message = f"{use.server} {what} {profile.title}"
                cure = f"add it to 'exchanges' in the faxnet_offers of {use.server}, or use one of: {names}"
                cure = cure if exchange.with_clients else f"use one of: {names}"
                reader.note("FXN214", f"{variable}.exchanges", name, message, cure)
                wrong = True
        if not usable and not wrong:
            message = f"{use.server} runs nothing of {profile.title} for clients"
            cure = f"add an exchange to 'exchanges' in the faxnet_offers of {use.server}, or remove the use"
            reader.note("FXN214", f"{variable}.service", use.service, message, cure)

    def check_settings(self, reader: Reader, use: Use, variable: str) -> None:
        """Note settings of the client's own that an exchange in use needs and that neither side says."""
        missing = self._missing.get(use.offered)
        if missing == []:
            return  # as of most products
        offer, profile = self._offers[use.offered], self._profiles[use.client.service]
        if missing is None:
            missing = self._missing[use.offered] = [
                (exchange, name)
                for exchange in self._usable_of(use)
                for name in (exchange.setting, exchange.source_setting)
                if name is not None and profile.settings[name].of_client and name not in offer.settings
            ]
        if not missing:
            return
        said = dict(use.settings)
        for name in dict.fromkeys(
            name for exchange, name in missing if name not in said and use.takes(exchange, offer)
        ):
            message = f"needs {profile.settings[name].title}, and neither this use nor the server's offer says it"
            cure = f"write it here ({name}: ...), as it is set in the device"
            reader.note("FXN103", f"{variable}.{name}", "not set", message, cure)

    def _usable_of(self, use: Use) -> tuple[Exchange, ...]:
        """The exchanges that a use's server runs for clients."""
        key = use.offered
        usable = self._usable.get(key)
        if usable is None:
            offer = self._offers[key]
            usable = self._usable[key] = tuple(
                exchange
                for exchange in self._profiles[use.client.service].exchanges
                if exchange.with_clients and offer.runs(exchange) is not None
            )
        return usable

    def _meant(self, server: str) -> str:
        # Remembered: one typing error in a group's variables comes once for every member.
        if server not in self._near:
            near = near_words(server, self._variables)
            self._near[server] = f" (is {near[0]!r} meant?)" if near else ""
        return self._near[server]


class _Terms(NamedTuple):
    """What a use says beside the service and its server."""

    environment: str
    instances: int
    callback: CallbackRequest
    enabled: bool
    switches: Switches
    settings: tuple[tuple[str, SettingValue], ...]
    dials: str


class _UseReader:
    """Reads uses; remembers what it means to say nothing, as thousands do, for each product and system."""

    def __init__(self, catalog: Catalog, hosts: Mapping[str, Host]) -> None:
        self._catalog = catalog
        self._hosts = hosts
        self._unsaid: dict[tuple[str, str], _Terms] = {}
        #: One object for each client and each offer: tens of thousands of uses name few offers, and a client several.
        self._named: dict[tuple[str, str], HostService] = {}

    def use(self, reader: Reader, item: object, variable: str, index: int) -> Use | None:
        """Return a use; None where it is in error."""
        entry = reader.mapping(item, variable)
        if entry is None:
            return None
        profile = read_service(reader, entry.get("service"), f"{variable}.service", self._catalog)
        if not entry.keys() <= _ENDS:
            entry = reader.mapping(entry, variable, (*USE_KEYS, *_own_settings(profile))) or {}
        server = entry.get("server")
        if server is None:
            message = "a use needs a server"
            reader.note("FXN103", f"{variable}.server", "", message, "name the host that offers the service")
        elif not isinstance(server, str):
            message = "is not a host name"
            reader.note("FXN101", f"{variable}.server", server, message, "name the host that offers the service")
            server = None
        if profile is None:
            return None
        terms = self._terms(reader, entry, variable, profile)
        name = reader.name(entry["offer"], f"{variable}.offer") if "offer" in entry else ""
        if terms is None or server is None or name is None:
            return None
        service = named_service(profile.name, name)
        client, offered = self._service(reader.host, profile.name), self._service(server, service)
        return made(Use, (reader.host, service, server, client, offered, *terms, index, name))

    def _service(self, host: str, service: str) -> HostService:
        key = (host, service)
        named = self._named.get(key)
        if named is None:
            named = self._named[key] = HostService(host, service)
        return named

    def _terms(self, reader: Reader, entry: Mapping[str, object], variable: str, profile: Profile) -> _Terms | None:
        host = self._hosts.get(reader.host)
        system = self._catalog.systems[(host.system if host else None) or profile.client_system]
        if not entry.keys() <= _ENDS:
            return _read_terms(reader, entry, variable, profile, system, self._catalog)
        key = (profile.name, system.name)
        terms = self._unsaid.get(key)
        if terms is None:
            terms = _read_terms(reader, entry, variable, profile, system, self._catalog)
            if terms is not None:
                self._unsaid[key] = terms
        return terms


def _own_settings(profile: Profile | None) -> list[str]:
    """The settings that each client of a product has for itself."""
    return [] if profile is None else [name for name, setting in profile.settings.items() if setting.of_client]


def _read_terms(
    reader: Reader, entry: Mapping[str, object], variable: str, profile: Profile, system: System, catalog: Catalog
) -> _Terms | None:
    environment = _environment(reader, entry, f"{variable}.environment", profile, system)
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
    callback = _callback(reader, entry.get("callback"), f"{variable}.callback", profile, system)
    switches = read_switches(reader, entry.get("exchanges"), f"{variable}.exchanges", profile)
    check_protocol(reader, entry.get("protocol"), f"{variable}.protocol", profile)
    enabled = reader.flag(entry.get("enabled"), f"{variable}.enabled", True)
    dials = reader.choice(entry["dials"], f"{variable}.dials", (PUBLIC,)) if "dials" in entry else ""
    settings = {}
    for name in sorted(_own_settings(profile)):
        if name in entry:
            settings[name] = read_setting(reader, entry[name], f"{variable}.{name}", profile.settings[name], catalog)
    own = tuple((name, value) for name, value in settings.items() if value is not None)
    if environment is None or instances is None or callback is None or dials is None or len(own) < len(settings):
        return None
    return _Terms(environment.name, instances, callback, enabled, switches, own, dials)


def _environment(
    reader: Reader, entry: Mapping[str, object], variable: str, profile: Profile, system: System
) -> Environment | None:
    default = next(
        (name for name in profile.environments if name in system.environments), next(iter(profile.environments))
    )
    name = reader.choice(entry.get("environment", default), variable, profile.environments, "FXN206")
    if name is None:
        return None
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


def _callback(reader: Reader, raw: object, variable: str, profile: Profile, system: System) -> CallbackRequest | None:
    if raw is None:
        return _NO_REQUEST
    if profile.callback is None:
        reader.note("FXN313", variable, raw, f"{profile.title} has no call-backs", "omit 'callback'")
        return None
    entry = reader.mapping(raw, variable, CALLBACK_KEYS)
    if entry is None:
        return None
    mode = entry.get("mode", "dynamic")
    if isinstance(mode, str) and mode in UNLIMITED:
        reader.note(
            "FXN310",
            f"{variable}.mode",
            mode,
            f"unlimited dynamic ports on {system.title} are {system.dynamic.text}: all of them would have to be opened",
            f"omit 'mode' (a range of {profile.callback.size} ports is chosen), or name 'low' and 'high'",
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
                f"omit it, or choose the mode {'dynamic' if mode == 'fixed' else 'fixed'}",
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
    return CallbackRequest(mode, **numbers) if sound else None
