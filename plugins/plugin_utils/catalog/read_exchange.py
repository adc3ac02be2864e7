# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one exchange of a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..basics.findings import short
from ..basics.ports import PortRange, parse_range
from .profile import (
    ADDRESSES,
    ANY_PORTS,
    ANY_WORD,
    CALLBACK_PORTS,
    CLIENTS,
    EXCHANGE_KINDS,
    HELPERS,
    INITIATORS,
    PARTIES,
    QUESTIONS,
    RPC_LISTENERS,
    TRANSPORTS,
    Exchange,
    Listener,
    Setting,
)
from .profile_words import (
    ProfileError,
    gathered,
    read_choice,
    read_flag,
    read_mapping,
    read_name,
    read_number,
    read_ports,
    read_string,
)

_ONE_NETWORK = "one_network"
_UNTRANSLATED = "untranslated"
_PLACES = (_ONE_NETWORK, _UNTRANSLATED)
_REQUIRED = {"name", "initiator", "transport", "ports", "purpose"}
#: nft and the kernel count a connection's time in milliseconds of 31 bits.
LONGEST_IDLE = 2_147_483


def read_exchange(
    data: object, path: str, settings: Mapping[str, Setting], has_callback: bool, versions: tuple[str, ...] = ()
) -> Exchange:
    """Return an exchange; *versions* are the names of those that its profile tells apart, the present one first.

    Raises:
        InvalidProfileError: it is not one; each fault names the place, the value and the cure.
        ProfileError: the same, of what its fields say of each other.
    """
    fields = _fields(settings, has_callback, versions)
    readings: list[Callable[[], Any]] = [partial(read_mapping, data, path, {*fields}, _REQUIRED)]
    if isinstance(data, Mapping):
        # Each field by itself first, so that all mistakes come out at once; below only what fields say of each other.
        readings += [partial(read, data[key], f"{path}.{key}") for key, read in fields.items() if key in data]
    item: Mapping[str, Any] = gathered(readings)[0]
    name = read_name(item["name"], f"{path}.name")
    initiator = read_choice(item["initiator"], f"{path}.initiator", INITIATORS)
    setting, ports = _destination(item["ports"], f"{path}.ports", settings, has_callback and initiator == "server")
    source_setting, source_ports = None, None
    if "source_ports" in item:
        source_setting, source_ports = _ports(item["source_ports"], f"{path}.source_ports", settings)
    addressed = tuple(key for key, entry in settings.items() if entry.kind == ADDRESSES)
    parties = read_choice(item.get("with", CLIENTS), f"{path}.with", (*PARTIES, *addressed))
    if parties in addressed and initiator != "server":
        cure = "let the server start it"
        raise ProfileError(f"{path}.with", parties, "names whom the server talks to, but the client starts it", cure)
    on_in = _versions(item["versions"], f"{path}.versions", versions) if "versions" in item else ()
    if on_in and "default" in item:
        raise ProfileError(f"{path}.default", item["default"], "is said by 'versions', too", "omit 'default'")
    default = dict(on_in).get(versions[0], False) if on_in else read_flag(item.get("default", True), f"{path}.default")
    only = read_choice(item["only"], f"{path}.only", _PLACES) if "only" in item else ""
    exchange = Exchange(
        name=name,
        title=read_string(item.get("title", name), f"{path}.title"),
        initiator=initiator,
        transport=read_choice(item["transport"], f"{path}.transport", TRANSPORTS),
        setting=setting,
        ports=ports,
        source_setting=source_setting,
        source_ports=source_ports,
        kind=read_choice(
            item.get("kind", "callback" if item["ports"] == CALLBACK_PORTS else "listener"),
            f"{path}.kind",
            EXCHANGE_KINDS,
        ),
        optional=read_flag(item.get("optional", False), f"{path}.optional"),
        default=default,
        versions=on_in,
        part_of=read_name(item["part_of"], f"{path}.part_of") if "part_of" in item else "",
        rides_on=read_name(item["rides_on"], f"{path}.rides_on") if "rides_on" in item else "",
        parties=parties,
        one_network=only == _ONE_NETWORK,
        untranslated=only == _UNTRANSLATED,
        idle=_idle(item["idle"], f"{path}.idle") if "idle" in item else 0,
        helper=read_choice(item["helper"], f"{path}.helper", HELPERS) if "helper" in item else "",
        question=read_choice(item["question"], f"{path}.question", QUESTIONS) if "question" in item else "",
        listener=_listener(item.get("listener", {}), f"{path}.listener"),
        purpose=read_string(item["purpose"], f"{path}.purpose"),
        advice=read_string(item["advice"], f"{path}.advice") if "advice" in item else "",
    )
    if exchange.helper and exchange.transport != "tcp":
        raise ProfileError(f"{path}.helper", exchange.helper, "is a helper for TCP", "omit it")
    if exchange.question and exchange.transport != "udp":
        raise ProfileError(f"{path}.question", exchange.question, "is asked by UDP", "omit it")
    if exchange.listener.rpc and exchange.transport != "tcp":
        raise ProfileError(f"{path}.listener.rpc", exchange.listener.rpc, "is found by TCP", "omit it")
    if exchange.is_callback and parties != CLIENTS:
        raise ProfileError(f"{path}.with", parties, "only clients are called back", "omit 'with'")
    return exchange


def _fields(
    settings: Mapping[str, Setting], has_callback: bool, versions: tuple[str, ...]
) -> dict[str, Callable[[object, str], Any]]:
    """What reads each field of an exchange by itself."""
    addressed = tuple(key for key, entry in settings.items() if entry.kind == ADDRESSES)
    return {
        "name": read_name,
        "title": read_string,
        "initiator": partial(read_choice, choices=INITIATORS),
        "transport": partial(read_choice, choices=TRANSPORTS),
        "ports": partial(_destination, settings=settings, may_call_back=has_callback),
        "source_ports": partial(_ports, settings=settings),
        "kind": partial(read_choice, choices=EXCHANGE_KINDS),
        "optional": read_flag,
        "default": read_flag,
        "versions": partial(_versions, known=versions),
        "part_of": read_name,
        "rides_on": read_name,
        "with": partial(read_choice, choices=(*PARTIES, *addressed)),
        "only": partial(read_choice, choices=_PLACES),
        "idle": _idle,
        "helper": partial(read_choice, choices=HELPERS),
        "question": partial(read_choice, choices=QUESTIONS),
        "listener": _listener,
        "purpose": read_string,
        "advice": read_string,
    }


def _versions(value: object, path: str, known: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    if not known:
        message = "the profile tells no versions apart"
        raise ProfileError(path, value, message, "add 'versions' to the profile, or omit it here")
    if not isinstance(value, Mapping) or not value:
        message = "is not a mapping of versions to true or false"
        raise ProfileError(path, value, message, f"write {{{known[0]}: true}}")
    readings = (partial(_version, version, on, f"{path}.{short(version, 40)}", known) for version, on in value.items())
    return tuple(gathered(readings))


def _version(name: object, on: object, path: str, known: tuple[str, ...]) -> tuple[str, bool]:
    return read_choice(name, path, known), read_flag(on, path)


def _listener(value: object, path: str) -> Listener:
    fields: dict[str, Callable[[object, str], str]] = {
        "rpc": partial(read_choice, choices=RPC_LISTENERS),
        "program": _program,
        "service": read_name,
    }
    item = read_mapping(value, path, {*fields}, set())
    readings = [partial(fields[key], item[key], f"{path}.{key}") for key in item]
    return Listener(**dict(zip(item, gathered(readings), strict=True)))


def _program(value: object, path: str) -> str:
    program = read_string(value, path)
    if "|" in program:
        raise ProfileError(path, value, "has a bar, which no path has", "write the program's path")
    return program


def _idle(value: object, path: str) -> int:
    idle = read_number(value, path)
    if idle > LONGEST_IDLE:
        raise ProfileError(path, value, f"is more than {LONGEST_IDLE} seconds", "write a shorter time, in seconds")
    return idle


def check_references(exchanges: tuple[Exchange, ...], path: str) -> None:
    """Refuse exchanges that name others which are not there, or not what they must be.

    Raises:
        ProfileError: with the place of the first.
    """
    by_name = {exchange.name: exchange for exchange in exchanges}
    for index, exchange in enumerate(exchanges):
        where = f"{path}[{index}]"
        if exchange.part_of:
            whole = by_name.get(exchange.part_of)
            if whole is None or whole.part_of or whole is exchange:
                cure = f"name one of: {', '.join(other.name for other in exchanges if not other.part_of)}"
                raise ProfileError(f"{where}.part_of", exchange.part_of, "is no exchange with its own switch", cure)
        if exchange.rides_on:
            ridden = by_name.get(exchange.rides_on)
            carries = (
                ridden is not None
                and (ridden.initiator, ridden.transport) == ("client", exchange.transport)
                and ridden.with_clients
                and not ridden.one_network
            )
            if not carries or exchange.initiator != "server" or not exchange.to_any_port or not exchange.idle:
                message = "needs a datagram of the server to 'ports: any', with 'idle', and an exchange of the client"
                cure = f"name an exchange that the client starts by {exchange.transport}, and set 'idle'"
                raise ProfileError(f"{where}.rides_on", exchange.rides_on, message, cure)


def _destination(
    value: object, path: str, settings: Mapping[str, Setting], may_call_back: bool
) -> tuple[str | None, PortRange | None]:
    if value == CALLBACK_PORTS:
        if not may_call_back:
            message = "a call-back is started by the server and needs the profile's key 'callback'"
            raise ProfileError(path, value, message, "add 'callback' to the profile, or name a port")
        return None, None
    if value == ANY_WORD:
        return None, ANY_PORTS
    return _ports(value, path, settings)


def _ports(value: object, path: str, settings: Mapping[str, Setting]) -> tuple[str | None, PortRange | None]:
    if isinstance(value, str) and value in settings:
        if settings[value].kind == ADDRESSES:
            raise ProfileError(path, value, "is a setting that holds addresses", "name a setting that holds ports")
        return value, None
    return None, read_ports(parse_range, value, path)
