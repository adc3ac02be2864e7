# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: what each product does on the network, as data with its source.

Profiles live in ``profiles/*.yml``, one file a product family; users add or override them with ``faxnet_services`` in
the same schema. This module reads them into frozen dataclasses and refuses what it does not understand.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from .findings import Finding, short
from .names import name_problem
from .ports import PortError, PortRange, parse_port, parse_range

PROFILES_DIRECTORY = Path(__file__).parent / "profiles"

TRANSPORTS = ("tcp", "udp")
INITIATORS = ("client", "server")
#: How an emulator and a verifier treat an exchange: a session that the client opens, a connection back to a port that
#: the client reported, a datagram with an answer, or a listener and nothing more.
EXCHANGE_KINDS = ("login", "callback", "request", "listener")
CALLBACK_PORTS = "callback"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange of a product.

    Attributes:
        name: short name, unique in the profile (``pcp``).
        title: the vendor's name for it (``PCP``).
        initiator: ``client`` or ``server``: who sends the first packet.
        transport: ``tcp`` or ``udp``.
        setting: the named setting that holds the destination port, or None.
        ports: the destination ports where they are not a setting, or None. With neither it is a call-back: the port
            is the one that the client reported.
        kind: one of :data:`EXCHANGE_KINDS`.
        optional: whether the product works without it.
        purpose: one sentence for people.
    """

    name: str
    title: str
    initiator: str
    transport: str
    setting: str | None
    ports: PortRange | None
    kind: str
    optional: bool
    purpose: str

    @property
    def is_callback(self) -> bool:
        """Whether the destination port is one that the client reported."""
        return self.setting is None and self.ports is None


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """The bounds of a product's call-back ports.

    Attributes:
        title: the vendor's name (``Secondary Connection Port (SCP)``).
        fixed_port: default of the fixed mode.
        bounds: lowest and highest port that the product takes.
        size: number of ports in a range unless the inventory says otherwise.
        smallest: fewest ports in a range.
        pool: where ranges are placed unless the inventory says otherwise.
    """

    title: str
    fixed_port: int
    bounds: PortRange
    size: int
    smallest: int
    pool: PortRange


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that a client can run in: its title, whether several instances share the address, its modes."""

    name: str
    title: str
    many: bool
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One product's network behaviour."""

    name: str
    title: str
    client_system: str
    settings: Mapping[str, int]
    callback: CallbackRules | None
    environments: Mapping[str, Environment]
    exchanges: tuple[Exchange, ...]
    instructions: tuple[str, ...]
    mode_instructions: Mapping[str, str]
    sources: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class System:
    """A client's operating system: title, its own dynamic ports, environments that it can run."""

    name: str
    title: str
    dynamic: PortRange
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """All profiles and the facts about ports and systems that they share.

    *unsound* names the user's profiles that are in error themselves: what refers to them needs no second finding.
    """

    profiles: Mapping[str, Profile]
    systems: Mapping[str, System]
    well_known: Mapping[int, str]
    reserved_below: int
    unsound: frozenset[str] = frozenset()


class _ProfileError(ValueError):
    """What is wrong with a profile: the path into it, the value, the message, the cure."""

    def __init__(self, path: str, value: object, message: str, cure: str) -> None:
        super().__init__(message)
        self.path = path
        self.value = value
        self.cure = cure


def _mapping(data: object, path: str, keys: set[str], required: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _ProfileError(path, data, "is not a mapping", "write it as key: value lines")
    for key in data:
        if key not in keys:
            known = ", ".join(sorted(keys))
            here = f"{path}.{short(key, 40)}"
            raise _ProfileError(here, data[key], f"{short(key, 40)!r} is not a key here", f"use one of: {known}")
    for key in sorted(required):
        if key not in data:
            raise _ProfileError(path, data, f"{key!r} is missing", f"add {key!r}")
    return data


def _choice(value: object, path: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _ProfileError(path, value, "is not a known value", f"use one of: {', '.join(choices)}")
    return value


def _string(value: object, path: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _ProfileError(path, value, "is not a text", "write a text")
    text = " ".join(value.split())
    if not text.isprintable():
        raise _ProfileError(path, value, "holds a character that cannot be printed", "write letters, digits and signs")
    return text


def _name(value: object, path: str) -> str:
    problem = name_problem(value)
    if problem:
        raise _ProfileError(path, value, problem, "use letters, digits, dots, hyphens and underscores")
    return str(value)


def _flag(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _ProfileError(path, value, "is neither true nor false", "write true or false")
    return value


def _list(value: object, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _ProfileError(path, value, "is not a list", "write it as a list")
    return value


def _number(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _ProfileError(path, value, "is not a whole number above 0", "write a number without quotes")
    return value


def _ports(parse: Callable[[object], Any], value: object, path: str) -> Any:
    try:
        return parse(value)
    except PortError as error:
        raise _ProfileError(path, value, str(error), "write a port from 1 to 65535, or a range low-high") from error


def _exchange(data: object, path: str, settings: Mapping[str, int], has_callback: bool) -> Exchange:
    keys = {"name", "title", "initiator", "transport", "ports", "kind", "optional", "purpose"}
    item = _mapping(data, path, keys, {"name", "initiator", "transport", "ports", "purpose"})
    ports = item["ports"]
    setting: str | None = None
    literal: PortRange | None = None
    if isinstance(ports, str) and ports in settings:
        setting = ports
    elif ports == CALLBACK_PORTS:
        if not has_callback or item["initiator"] != "server":
            raise _ProfileError(
                f"{path}.ports",
                ports,
                "a call-back is started by the server and needs the profile's key 'callback'",
                "add 'callback' to the profile, or name a port",
            )
    else:
        literal = _ports(parse_range, ports, f"{path}.ports")
    kind = "callback" if ports == CALLBACK_PORTS else "listener"
    name = _name(item["name"], f"{path}.name")
    return Exchange(
        name=name,
        title=_string(item.get("title", name), f"{path}.title"),
        initiator=_choice(item["initiator"], f"{path}.initiator", INITIATORS),
        transport=_choice(item["transport"], f"{path}.transport", TRANSPORTS),
        setting=setting,
        ports=literal,
        kind=_choice(item.get("kind", kind), f"{path}.kind", EXCHANGE_KINDS),
        optional=_flag(item.get("optional", False), f"{path}.optional"),
        purpose=_string(item["purpose"], f"{path}.purpose"),
    )


def _callback(data: object, path: str) -> CallbackRules:
    keys = {"title", "fixed_port", "lowest", "highest", "size", "smallest", "pool"}
    item = _mapping(data, path, keys, keys - {"title"})
    lowest = _ports(parse_port, item["lowest"], f"{path}.lowest")
    highest = _ports(parse_port, item["highest"], f"{path}.highest")
    if lowest > highest:
        raise _ProfileError(f"{path}.lowest", lowest, f"is above 'highest' ({highest})", "swap the two")
    return CallbackRules(
        title=_string(item.get("title", "call-back port"), f"{path}.title"),
        fixed_port=_ports(parse_port, item["fixed_port"], f"{path}.fixed_port"),
        bounds=PortRange(lowest, highest),
        size=_number(item["size"], f"{path}.size"),
        smallest=_number(item["smallest"], f"{path}.smallest"),
        pool=_ports(parse_range, item["pool"], f"{path}.pool"),
    )


def _environment(name: object, data: object, path: str) -> Environment:
    item = _mapping(data, path, {"title", "many", "modes"}, {"many", "modes"})
    modes = _list(item["modes"], f"{path}.modes")
    return Environment(
        name=_name(name, path),
        title=_string(item.get("title", str(name)), f"{path}.title"),
        many=_flag(item["many"], f"{path}.many"),
        modes=tuple(_choice(mode, f"{path}.modes", ("dynamic", "fixed")) for mode in modes),
    )


_PROFILE_KEYS = {
    "title",
    "client_system",
    "settings",
    "callback",
    "environments",
    "exchanges",
    "instructions",
    "mode_instructions",
    "sources",
}


def _settings(data: object, path: str) -> dict[str, int]:
    if not isinstance(data, Mapping):
        raise _ProfileError(path, data, "is not a mapping", "write it as key: value lines")
    settings: dict[str, int] = {}
    for key, value in data.items():
        here = f"{path}.{short(key, 40)}"
        name = _name(key, here)
        entry = _mapping(value, here, {"title", "default"}, {"default"})
        settings[name] = _ports(parse_port, entry["default"], f"{here}.default")
        # For people who read the profile; nothing is computed from it.
        _string(entry.get("title", name), f"{here}.title")
    return settings


def _environments(data: object, path: str) -> dict[str, Environment]:
    if not isinstance(data, Mapping) or not data:
        raise _ProfileError(path, data, "is not a mapping with at least one environment", "name one, or leave it away")
    return {str(key): _environment(key, value, f"{path}.{short(key, 40)}") for key, value in data.items()}


#: What an instruction may name, apart from the profile's settings.
_INSTRUCTION_FIELDS = frozenset({"dial", "server"})
_CALLBACK_FIELDS = frozenset({"low", "high", "fixed"})


def _instruction(value: object, path: str, fields: frozenset[str]) -> str:
    """A line of instructions; the names in braces are known ones."""
    line = _string(value, path)
    try:
        named = [(name, form or how) for _text, name, form, how in Formatter().parse(line) if name is not None]
    except ValueError as error:
        raise _ProfileError(path, value, str(error), "write a brace that is meant as such twice") from error
    for name, formatting in named:
        if name not in fields or formatting:
            known = ", ".join(sorted(fields))
            raise _ProfileError(path, value, f"{{{name}}} is not a value that can be filled in", f"use one of: {known}")
    return line


def _profile(name: str, data: object, systems: Mapping[str, System]) -> Profile:
    path = f"faxnet_services.{short(name, 40)}"
    name = _name(name, path)
    item = _mapping(data, path, _PROFILE_KEYS, {"exchanges", "sources"})
    settings = _settings(item.get("settings", {}), f"{path}.settings")
    callback = _callback(item["callback"], f"{path}.callback") if "callback" in item else None
    environments = item.get("environments", {"single_user": {"many": False, "modes": ["dynamic", "fixed"]}})
    exchanges = tuple(
        _exchange(entry, f"{path}.exchanges[{index}]", settings, callback is not None)
        for index, entry in enumerate(_list(item["exchanges"], f"{path}.exchanges"))
    )
    names = [exchange.name for exchange in exchanges]
    if not names or len(set(names)) != len(names):
        raise _ProfileError(f"{path}.exchanges", names, "needs at least one exchange, each name once", "rename one")
    if callback is not None and not any(exchange.is_callback for exchange in exchanges):
        cure = "add an exchange with 'ports: callback', or leave 'callback' away"
        raise _ProfileError(f"{path}.callback", names, "no exchange calls the client back", cure)
    fields = _INSTRUCTION_FIELDS | settings.keys()
    modes = {
        key: _instruction(value, f"{path}.mode_instructions.{key}", fields | _CALLBACK_FIELDS)
        for key, value in _mapping(
            item.get("mode_instructions", {}), f"{path}.mode_instructions", {"dynamic", "fixed"}, set()
        ).items()
    }
    if callback is not None:
        fields |= _CALLBACK_FIELDS | ({"mode_instruction"} if len(modes) == 2 else set())
    sources = _list(item["sources"], f"{path}.sources")
    if not sources:
        raise _ProfileError(f"{path}.sources", sources, "is empty", "name the document that the ports come from")
    source_keys = {"document", "url", "covers", "confidence"}
    return Profile(
        name=_name(name, path),
        title=_string(item.get("title", name), f"{path}.title"),
        client_system=_choice(item.get("client_system", "windows"), f"{path}.client_system", tuple(systems)),
        settings=settings,
        callback=callback,
        environments=_environments(environments, f"{path}.environments"),
        exchanges=exchanges,
        instructions=tuple(
            _instruction(line, f"{path}.instructions[{index}]", fields)
            for index, line in enumerate(_list(item.get("instructions", []), f"{path}.instructions"))
        ),
        mode_instructions=modes,
        sources=tuple(
            {
                key: _string(value, f"{path}.sources[{index}].{key}")
                for key, value in _mapping(entry, f"{path}.sources[{index}]", source_keys, {"document"}).items()
            }
            for index, entry in enumerate(sources)
        ),
    )


def _read(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.safe_load(stream)


@functools.lru_cache(maxsize=1)
def builtin_catalog() -> Catalog:
    """Return the catalogue that comes with the collection."""
    systems = {
        name: System(name, entry["title"], parse_range(entry["dynamic"]), tuple(entry["environments"]))
        for name, entry in _read(PROFILES_DIRECTORY / "_systems.yml")["systems"].items()
    }
    ports = _read(PROFILES_DIRECTORY / "_well_known.yml")
    profiles: dict[str, Profile] = {}
    for path in sorted(PROFILES_DIRECTORY.glob("[a-z]*.yml")):
        for name, data in _read(path).items():
            profiles[name] = _profile(name, data, systems)
    return Catalog(profiles, systems, ports["well_known"], ports["reserved_below"])


def extend_catalog(catalog: Catalog, services: object) -> tuple[Catalog, list[Finding]]:
    """Return the catalogue with the user's ``faxnet_services`` added or overriding, and what is wrong with them."""
    if not isinstance(services, Mapping):
        cure = "write it as a mapping: service name, then its profile"
        return catalog, [Finding("FXN209", "", "faxnet_services", short(services), "is not a mapping", cure)]
    profiles = dict(catalog.profiles)
    findings = []
    unsound: set[str] = set()
    for name, data in services.items():
        try:
            profiles[name] = _profile(name, data, catalog.systems)
        except _ProfileError as error:
            findings.append(Finding("FXN209", "", error.path, short(error.value), str(error), error.cure))
            unsound.add(str(name))
    return replace(catalog, profiles=profiles, unsound=frozenset(unsound)), findings
