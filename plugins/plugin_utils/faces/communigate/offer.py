# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running CommuniGate Pro server listens on, read into an offer for the inventory.

Nothing is dropped in silence: a listener that no exchange of the catalogue stands for comes back with the reason.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ...basics.addresses import AddressError, parse_address
from ...basics.findings import short
from ...basics.ports import FIRST_PORT, LAST_PORT, PortError, PortRange, parse_range
from ...catalog.catalog import PROFILES_DIRECTORY, builtin_catalog
from ...catalog.profile import CLIENTS, Exchange, Profile
from ..filter_input import InputError

SERVICE = "communigate"
#: Settings of the profile whose value a server holds under a name of its own, and the dictionary that it is in.
NAMED = {"media_udp": "media", "media_tcp": "media", "dns_servers": "resolver"}
_ON = frozenset({"yes", "true", "on", "1"})


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of a server.

    Attributes:
        module: the server's module.
        transport: ``tcp`` or ``udp``.
        tls: whether it is encrypted from the start; None where the server does not say.
    """

    module: str
    transport: str
    port: int
    tls: bool | None

    @property
    def text(self) -> str:
        """``SMTP 587/tcp``."""
        return f"{self.module} {self.port}/{self.transport}"


@dataclass(frozen=True, slots=True)
class _Served:
    """An exchange that a module serves, with the setting that holds its port and that setting's default."""

    exchange: Exchange
    tls: bool
    setting: str
    default: int


@dataclass(slots=True)
class _Taken:
    """The offer in the making."""

    exchanges: list[str]
    ports: dict[str, int]
    left_out: list[dict[str, Any]]

    def leave(self, listener: Listener, reason: str) -> None:
        """Note a listener that the offer does not hold."""
        self.left_out.append(
            {
                "module": listener.module,
                "transport": listener.transport,
                "port": listener.port,
                "text": listener.text,
                "reason": reason,
            }
        )


@functools.lru_cache(maxsize=1)
def _modules() -> Mapping[str, Mapping[str, Any]]:
    with (PROFILES_DIRECTORY / "_communigate_modules.yml").open(encoding="utf-8") as stream:
        modules: Mapping[str, Mapping[str, Any]] = yaml.safe_load(stream)["modules"]
    return modules


def communigate_offer(info: object, keys: object = None, administration: bool = False) -> dict[str, Any]:
    """Return the offer that a server's listeners make, and what of them is not in it.

    Args:
        info: what the module ``communigate_network_info`` returned, with ``modules``.
        keys: the server's own names of :data:`NAMED` settings.
        administration: whether exchanges for administrators and trusted networks alone are offered too.

    Returns:
        ``offer``, an entry of ``faxnet_offers``; ``left_out``, a dictionary with ``text`` and ``reason`` for each
        listener without a place in it.

    Raises:
        InputError: *info* is not that module's result, or a value of the server cannot be read.
    """
    listeners = info.get("listeners") if isinstance(info, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(listeners, Mapping):
        cure = "register the result of faxnet.deploy.communigate_network_info with modules: [SMTP, ...], and pass that"
        raise InputError(f"{short(info, 60)!r} holds no listeners; {cure}")
    profile = builtin_catalog().profiles[SERVICE]
    taken = _Taken([], {}, [])
    for module in sorted(listeners, key=str):
        _take_module(str(module), list(_listeners(str(module), listeners[module])), profile, taken, administration)
    named = dict(_named(info, keys))
    order = [exchange.name for exchange in profile.exchanges]
    also = [
        name
        for module, entry in _modules().items()
        if any(item["name"] in taken.exchanges for item in entry["exchanges"])
        for name in entry.get("also", ())
    ]
    by_setting = [
        exchange.name
        for exchange in profile.exchanges
        if not exchange.part_of and {exchange.setting, exchange.parties} & named.keys()
    ]
    exchanges = sorted({*taken.exchanges, *also, *by_setting}, key=order.index)
    return {
        "offer": {"service": SERVICE, "exchanges": exchanges, **taken.ports, **named},
        "left_out": taken.left_out,
    }


def _listeners(module: str, entries: object) -> Iterator[Listener]:
    if not isinstance(entries, Iterable) or isinstance(entries, (str, bytes, Mapping)):
        raise InputError(
            f"{short(entries, 60)!r} is no list of listeners of {short(module, 40)}; pass the module's result as it is"
        )
    for entry in entries:
        if not isinstance(entry, Mapping):
            raise InputError(
                f"{short(entry, 60)!r} is no listener of {short(module, 40)}; pass the module's result as it is"
            )
        port = entry.get("port")
        # A listener that is switched off has no port, or port 0.
        if isinstance(port, int) and not isinstance(port, bool) and FIRST_PORT <= port <= LAST_PORT:
            transport = "udp" if str(entry.get("under", "")).lower().startswith("udp") else "tcp"
            yield Listener(module, transport, port, _tls(entry.get("settings")))


def _tls(settings: object) -> bool | None:
    """Whether a listener's own settings say that it is encrypted from the start; None where they do not say."""
    if isinstance(settings, Mapping):
        for key, value in settings.items():
            if any(word in str(key).lower() for word in ("ssl", "tls")):
                return str(value).lower() in _ON
    return None


def _served(module: str, profile: Profile) -> list[_Served]:
    """The exchanges that a module serves; a fixed port in place of a setting is none that a server can change."""
    served = []
    for item in _modules().get(module.upper(), {}).get("exchanges", ()):
        exchange = profile.exchange(item["name"])
        setting = profile.settings[exchange.setting or ""]
        default = setting.default
        if isinstance(default, PortRange):
            served.append(_Served(exchange, bool(item.get("tls")), setting.name, default.low))
    return served


def _take_module(module: str, listeners: list[Listener], profile: Profile, taken: _Taken, administration: bool) -> None:
    served = _served(module, profile)
    # First those on their usual ports: they say best what they are.
    usual = {id(one): _usual(one, served) for one in listeners}
    for listener in sorted(listeners, key=lambda one: (usual[id(one)] is None, one.transport, one.port)):
        match = usual[id(listener)] or _first(listener, served)
        if match is None:
            reason = (
                f"the catalogue's profile {SERVICE} has no exchange for it; open it by faxnet_permits if it is wanted"
            )
            taken.leave(listener, reason)
        elif match.exchange.parties == CLIENTS and not match.exchange.default and not administration:
            taken.leave(listener, f"{match.exchange.title} is for administrators or trusted networks alone")
        elif taken.ports.get(match.setting, match.default) != listener.port and _holds(match, taken):
            shared = taken.ports.get(match.setting, match.default)
            taken.leave(listener, f"an offer has one {match.setting}, and that is {shared} already")
        else:
            if match.exchange.name not in taken.exchanges:
                taken.exchanges.append(match.exchange.name)
            if listener.port != match.default:
                taken.ports[match.setting] = listener.port


def _holds(match: _Served, taken: _Taken) -> bool:
    """Whether the offer's value of a setting is fixed already, by an exchange that uses it."""
    profile = builtin_catalog().profiles[SERVICE]
    return any(profile.exchange(name).setting == match.setting for name in taken.exchanges)


def _usual(listener: Listener, served: list[_Served]) -> _Served | None:
    """The exchange whose usual port the listener has."""
    for one in served:
        same = one.exchange.transport == listener.transport and one.default == listener.port
        if same and listener.tls in (None, one.tls):
            return one
    return None


def _first(listener: Listener, served: list[_Served]) -> _Served | None:
    """The module's first exchange of the listener's kind: what a listener on an unusual port is most likely for."""
    for one in served:
        if one.exchange.transport == listener.transport and one.tls == bool(listener.tls):
            return one
    return None


def _named(info: Mapping[str, Any], keys: object) -> Iterator[tuple[str, Any]]:
    """The profile's settings whose names on the server the user knows, with their values."""
    if keys is None:
        return
    if not isinstance(keys, Mapping) or any(name not in NAMED for name in keys):
        raise InputError(f"{short(keys, 60)!r} does not name settings; use a dictionary with: {', '.join(NAMED)}")
    settings = info.get("settings")
    for name, key in keys.items():
        held = settings.get(NAMED[name]) if isinstance(settings, Mapping) else None
        if not isinstance(held, Mapping) or not isinstance(key, str) or key not in held:
            raise InputError(
                f"the server's {NAMED[name]} settings hold no {short(key, 40)!r}; read them with "
                f"faxnet.deploy.communigate_network_info (subjects: [{NAMED[name]}])"
            )
        value = _addresses(key, held[key]) if name == "dns_servers" else _range(key, held[key])
        if value:
            yield name, value


def _range(key: object, value: object) -> str:
    if value in ("", None):
        return ""
    try:
        return parse_range(str(value)).text
    except PortError as error:
        raise InputError(f"the server's {short(key, 40)} cannot be read as a range of ports: {error}") from error


def _addresses(key: object, value: object) -> list[str]:
    parts = value if isinstance(value, list) else str(value or "").replace(",", " ").split()
    try:
        return [parse_address(str(part).strip("[]")).text for part in parts]
    except AddressError as error:
        raise InputError(f"the server's {short(key, 40)} cannot be read as addresses: {error}") from error
