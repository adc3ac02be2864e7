# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a service profile, the collection's own or a user's: what is not understood is refused, with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from string import Formatter
from typing import Any

from ..basics.addresses import AddressError, parse_address
from ..basics.findings import short
from ..basics.ports import PortRange, parse_port, parse_range
from .profile import (
    ADDRESSES,
    ANY_WORD,
    CALLBACK_PORTS,
    PARTIES,
    PORT,
    PORTS,
    SETTING_KINDS,
    Broadcast,
    CallbackRules,
    Environment,
    Exchange,
    Instruction,
    Profile,
    Setting,
    SettingValue,
    SideRole,
    System,
)
from .profile_words import (
    InvalidProfileError,
    ProfileError,
    gathered,
    read_choice,
    read_flag,
    read_list,
    read_mapping,
    read_name,
    read_number,
    read_ports,
    read_string,
)
from .read_exchange import check_references, read_exchange

__all__ = ["InvalidProfileError", "ProfileError", "read_profile"]

_PROFILE_KEYS = {
    "title",
    "client_system",
    "mapped_ipv4",
    "versions",
    "settings",
    "callback",
    "broadcast",
    "environments",
    "exchanges",
    "instructions",
    "mode_instructions",
    "roles",
    "sources",
}
#: Environments of a product that says nothing of them.
_ONE_USER = {"single_user": {"many": False, "modes": ["dynamic", "fixed"]}}
#: Words that mean something else where a setting could stand.
_TAKEN = (CALLBACK_PORTS, ANY_WORD, *PARTIES)


def read_profile(name: str, data: object, systems: Mapping[str, System]) -> Profile:
    """Return a profile.

    Args:
        name: the service's name in offers and uses.
        data: the profile as YAML gives it.
        systems: the client systems that there are.

    Raises:
        InvalidProfileError: it is not one; each fault names the place, the value and the cure.
        ProfileError: the same, of what its parts say of each other.
    """
    path = f"faxnet_services.{short(name, 40)}"
    item = _checked(name, data, path, systems)
    settings = _settings(item.get("settings", {}), f"{path}.settings")
    callback = _callback(item["callback"], f"{path}.callback") if "callback" in item else None
    versions = _versions(item["versions"], f"{path}.versions") if "versions" in item else {}
    exchanges = _exchanges(item["exchanges"], f"{path}.exchanges", settings, callback is not None, tuple(versions))
    _check_exchanges(exchanges, callback, path)
    exchanges = _with_their_wholes(exchanges)
    fields = frozenset(key for key, setting in settings.items() if setting.kind != ADDRESSES) | _INSTRUCTION_FIELDS
    modes = _mode_instructions(item.get("mode_instructions", {}), f"{path}.mode_instructions", fields)
    broadcast = None
    if "broadcast" in item:
        broadcast = _broadcast(item["broadcast"], f"{path}.broadcast", exchanges, fields)
        fields |= {"broadcast_instruction"}
    if callback is not None:
        fields |= _CALLBACK_FIELDS | ({"mode_instruction"} if len(modes) == 2 else set())
    return Profile(
        name=name,
        title=read_string(item.get("title", name), f"{path}.title"),
        client_system=read_choice(item.get("client_system", "windows"), f"{path}.client_system", tuple(systems)),
        mapped_ipv4=read_flag(item.get("mapped_ipv4", False), f"{path}.mapped_ipv4"),
        versions=versions,
        settings=settings,
        callback=callback,
        broadcast=broadcast,
        environments=_environments(item.get("environments", _ONE_USER), f"{path}.environments"),
        exchanges=exchanges,
        instructions=_instructions(item.get("instructions", []), f"{path}.instructions", fields, exchanges),
        mode_instructions=modes,
        sources=_sources(item["sources"], f"{path}.sources"),
        roles=_roles(item.get("roles", {}), f"{path}.roles"),
    )


def _checked(name: object, data: object, path: str, systems: Mapping[str, System]) -> Mapping[str, Any]:
    """The profile's mapping, after each part has been read by itself, so that all mistakes come out at once."""
    readings: list[Callable[[], Any]] = [
        partial(read_mapping, data, path, _PROFILE_KEYS, {"exchanges", "sources"}),
        partial(read_name, name, path),
    ]
    if isinstance(data, Mapping):
        settings = _likely_settings(data.get("settings"))
        parts: dict[str, Callable[[object, str], Any]] = {
            "title": read_string,
            "client_system": partial(read_choice, choices=tuple(systems)),
            "mapped_ipv4": read_flag,
            "versions": _versions,
            "settings": _settings,
            "callback": _callback,
            "environments": _environments,
            "exchanges": partial(
                _sound_exchanges,
                settings=settings,
                has_callback="callback" in data,
                versions=_likely_versions(data.get("versions")),
            ),
            "roles": _roles,
            "sources": _sources,
        }
        if not isinstance(data.get("settings", {}), Mapping):
            # The exchanges name settings: without any, each would be a consequence of this one mistake.
            del parts["exchanges"]
        readings += [partial(read, data[key], f"{path}.{key}") for key, read in parts.items() if key in data]
    item: Mapping[str, Any] = gathered(readings)[0]
    return item


def _likely_settings(data: object) -> dict[str, Setting]:
    """The settings as far as exchanges need to know them, although some of them may be in error."""
    likely = {}
    for key, entry in data.items() if isinstance(data, Mapping) else ():
        kind = entry.get("kind", PORT) if isinstance(entry, Mapping) else PORT
        likely[str(key)] = Setting(str(key), str(key), kind if kind in SETTING_KINDS else PORT, None, False)
    return likely


def _likely_versions(data: object) -> tuple[str, ...]:
    """The versions' names as far as exchanges need to know them, although some of them may be in error."""
    return tuple(str(name) for name in data) if isinstance(data, Mapping) else ()


def _exchanges(
    data: object, path: str, settings: Mapping[str, Setting], has_callback: bool, versions: tuple[str, ...]
) -> tuple[Exchange, ...]:
    entries = enumerate(read_list(data, path))
    return tuple(
        gathered(
            partial(read_exchange, entry, f"{path}[{index}]", settings, has_callback, versions)
            for index, entry in entries
        )
    )


def _sound_exchanges(
    data: object, path: str, settings: Mapping[str, Setting], has_callback: bool, versions: tuple[str, ...]
) -> None:
    """Read exchanges while settings may be in error; what follows from such a setting is not the exchange's mistake."""
    try:
        _exchanges(data, path, settings, has_callback, versions)
    except InvalidProfileError as error:
        own = [fault for fault in error.faults if not isinstance(fault.value, str) or fault.value not in settings]
        if own:
            raise InvalidProfileError(own) from error


def _instructions(
    data: object, path: str, fields: frozenset[str], exchanges: tuple[Exchange, ...]
) -> tuple[Instruction, ...]:
    names = tuple(exchange.name for exchange in exchanges)

    def read(entry: object, here: str) -> Instruction:
        if not isinstance(entry, Mapping):
            return Instruction(_instruction(entry, here, fields))
        item = read_mapping(entry, here, {"exchange", "line"}, {"exchange", "line"})
        exchange = read_choice(item["exchange"], f"{here}.exchange", names)
        return Instruction(_instruction(item["line"], f"{here}.line", fields), exchange)

    lines = enumerate(read_list(data, path))
    return tuple(gathered(partial(read, line, f"{path}[{index}]") for index, line in lines))


def _mode_instructions(data: object, path: str, fields: frozenset[str]) -> dict[str, str]:
    modes = read_mapping(data, path, {"dynamic", "fixed"}, set())
    return {key: _instruction(value, f"{path}.{key}", fields | _CALLBACK_FIELDS) for key, value in modes.items()}


def _check_exchanges(exchanges: tuple[Exchange, ...], callback: CallbackRules | None, path: str) -> None:
    names = [exchange.name for exchange in exchanges]
    if not names or len(set(names)) != len(names):
        raise ProfileError(f"{path}.exchanges", names, "needs at least one exchange, each name once", "rename one")
    if callback is not None and not any(exchange.is_callback for exchange in exchanges):
        cure = "add an exchange with 'ports: callback', or omit 'callback'"
        raise ProfileError(f"{path}.callback", names, "no exchange calls the client back", cure)
    check_references(exchanges, f"{path}.exchanges")


def _with_their_wholes(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """The exchanges; one that is part of another is on where that one is."""
    on = {exchange.name: (exchange.default, exchange.versions) for exchange in exchanges}

    def completed(exchange: Exchange) -> Exchange:
        if not exchange.part_of:
            return exchange
        default, versions = on[exchange.part_of]
        return replace(exchange, default=default, versions=versions)

    return tuple(completed(exchange) for exchange in exchanges)


def _versions(data: object, path: str) -> dict[str, str]:
    if not isinstance(data, Mapping) or not data:
        message = "is not a mapping of at least one version to its title"
        raise ProfileError(path, data, message, "name the present version first, or omit it")

    def read(name: object, title: object, here: str) -> tuple[str, str]:
        return read_name(name, here), read_string(title, here)

    return dict(gathered(partial(read, name, title, f"{path}.{short(name, 40)}") for name, title in data.items()))


def _sources(data: object, path: str) -> tuple[dict[str, str], ...]:
    entries = read_list(data, path)
    if not entries:
        raise ProfileError(path, entries, "is empty", "name the document that the ports come from")
    keys = {"document", "url", "covers", "confidence"}

    def read(entry: object, here: str) -> dict[str, str]:
        items = read_mapping(entry, here, keys, {"document"}).items()
        return {key: read_string(value, f"{here}.{key}") for key, value in items}

    return tuple(gathered(partial(read, entry, f"{path}[{index}]") for index, entry in enumerate(entries)))


def _settings(data: object, path: str) -> dict[str, Setting]:
    if not isinstance(data, Mapping):
        raise ProfileError(path, data, "is not a mapping", "write it as key: value lines")
    readings = (partial(_setting, key, value, f"{path}.{short(key, 40)}") for key, value in data.items())
    return {setting.name: setting for setting in gathered(readings)}


def _setting(key: object, data: object, path: str) -> Setting:
    name = read_name(key, path)
    if name in _TAKEN:
        raise ProfileError(path, key, "means something else in an exchange", "choose another name")
    flags = ("well_known", "picks_free", "of_client")
    entry = read_mapping(data, path, {"title", "default", "kind", *flags}, set())
    kind = read_choice(entry.get("kind", PORT), f"{path}.kind", SETTING_KINDS)
    default: SettingValue | None = None
    if "default" in entry:
        default = _default(kind, entry["default"], f"{path}.default")
    elif kind == PORT:
        raise ProfileError(path, data, "'default' is missing", "add 'default'")
    elif kind == ADDRESSES:
        default = ()
    title = read_string(entry.get("title", name), f"{path}.title")
    return Setting(name, title, kind, default, *(read_flag(entry.get(flag, False), f"{path}.{flag}") for flag in flags))


def _default(kind: str, value: object, path: str) -> SettingValue:
    if kind == PORTS:
        ports: PortRange = read_ports(parse_range, value, path)
        return ports
    if kind == PORT:
        port = read_ports(parse_port, value, path)
        return PortRange(port, port)
    try:
        return tuple(parse_address(address) for address in read_list(value, path))
    except AddressError as error:
        raise ProfileError(path, value, str(error), "write a list of IP addresses") from error


def _broadcast(data: object, path: str, exchanges: tuple[Exchange, ...], fields: frozenset[str]) -> Broadcast:
    keys = {"title", "response", "near_instruction", "far_instruction"}
    item = read_mapping(data, path, keys, keys - {"title"})
    answering = tuple(exchange.name for exchange in exchanges if exchange.one_network)
    return Broadcast(
        title=read_string(item.get("title", "broadcast"), f"{path}.title"),
        response=read_choice(item["response"], f"{path}.response", answering),
        near=_instruction(item["near_instruction"], f"{path}.near_instruction", fields),
        far=_instruction(item["far_instruction"], f"{path}.far_instruction", fields),
    )


def _roles(data: object, path: str) -> dict[str, SideRole]:
    sides = read_mapping(data, path, {"server", "client"}, set())
    return {side: _role(role, f"{path}.{side}") for side, role in sides.items()}


def _role(data: object, path: str) -> SideRole:
    item = read_mapping(data, path, {"name", "installs_from"}, {"name"})
    installs_from = read_name(item["installs_from"], f"{path}.installs_from") if "installs_from" in item else ""
    return SideRole(read_name(item["name"], f"{path}.name"), installs_from)


def _callback(data: object, path: str) -> CallbackRules:
    keys = {"title", "fixed_port", "lowest", "highest", "size", "smallest", "pool"}
    item = read_mapping(data, path, keys, keys - {"title"})
    lowest = read_ports(parse_port, item["lowest"], f"{path}.lowest")
    highest = read_ports(parse_port, item["highest"], f"{path}.highest")
    if lowest > highest:
        raise ProfileError(f"{path}.lowest", lowest, f"is above 'highest' ({highest})", "swap the two")
    return CallbackRules(
        title=read_string(item.get("title", "call-back port"), f"{path}.title"),
        fixed_port=read_ports(parse_port, item["fixed_port"], f"{path}.fixed_port"),
        bounds=PortRange(lowest, highest),
        size=read_number(item["size"], f"{path}.size"),
        smallest=read_number(item["smallest"], f"{path}.smallest"),
        pool=read_ports(parse_range, item["pool"], f"{path}.pool"),
    )


def _environment(name: object, data: object, path: str) -> Environment:
    item = read_mapping(data, path, {"title", "many", "modes"}, {"many", "modes"})
    modes = read_list(item["modes"], f"{path}.modes")
    return Environment(
        name=read_name(name, path),
        title=read_string(item.get("title", str(name)), f"{path}.title"),
        many=read_flag(item["many"], f"{path}.many"),
        modes=tuple(read_choice(mode, f"{path}.modes", ("dynamic", "fixed")) for mode in modes),
    )


def _environments(data: object, path: str) -> dict[str, Environment]:
    if not isinstance(data, Mapping) or not data:
        raise ProfileError(path, data, "is not a mapping with at least one environment", "name one, or omit it")
    return {str(key): _environment(key, value, f"{path}.{short(key, 40)}") for key, value in data.items()}


#: What an instruction may name, apart from the profile's settings.
_INSTRUCTION_FIELDS = frozenset({"dial", "server"})
_CALLBACK_FIELDS = frozenset({"low", "high", "fixed", "count"})


def _instruction(value: object, path: str, fields: frozenset[str]) -> str:
    """A line of instructions; the names in braces are known ones."""
    line = read_string(value, path)
    try:
        named = [(name, form or how) for _text, name, form, how in Formatter().parse(line) if name is not None]
    except ValueError as error:
        raise ProfileError(path, value, str(error), "write a brace that is meant as such twice") from error
    for name, formatting in named:
        if name not in fields or formatting:
            known = ", ".join(sorted(fields))
            raise ProfileError(path, value, f"{{{name}}} is not a value that can be filled in", f"use one of: {known}")
    return line
