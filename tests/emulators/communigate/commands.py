# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the commands of the command line interface do."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .address_lists import entries
from .data_format import Marked, values
from .errors import CommandError
from .resolver import UnknownHostError
from .store import DICTIONARIES, NETWORK_LISTS

if TYPE_CHECKING:
    from .server import Server


class Commands:
    """The commands of one server. Each gives a tuple that holds its data, or None."""

    def __init__(self, server: Server) -> None:
        self.server, self.store = server, server.store

    def carry_out(self, verb: str, rest: str) -> tuple[Any] | None:
        """Do what a command of the command line interface asks. Raises CommandError."""
        try:
            parameters = values(rest)
        except ValueError as error:
            raise CommandError(501, f"incorrect command format: {error}") from None
        lists = {name.upper(): name for name in NETWORK_LISTS}
        kind, subject = verb[:3], verb[3:]
        if kind in ("GET", "SET") and subject in lists:
            return self._list(kind, lists[subject], parameters)
        if kind in ("GET", "SET") and subject in DICTIONARIES:
            return self._dictionary(kind, DICTIONARIES[subject], parameters)
        commands: dict[str, Callable[[], Any]] = {
            "GETMODULE": lambda: self._module("GET", parameters),
            "SETMODULE": lambda: self._module("SET", parameters),
            "UPDATEMODULE": lambda: self._module("UPDATE", parameters),
            "GETVERSION": lambda: (self.server.version,),
            "GETIPSTATE": lambda: (self._ip_state(parameters),),
            "REFRESHOSDATA": lambda: None,
            "EMULATORRESOLVE": lambda: self._resolve(parameters),  # not the product's: a test makes the resolver work
            "SHUTDOWN": self.server.ended.set,
        }
        if verb not in commands:
            raise CommandError(500, "Unknown command")
        found: tuple[Any] | None = commands[verb]()
        return found

    def _one(self, parameters: list[Any], kind: type) -> Any:
        if len(parameters) != 1 or not isinstance(parameters[0], kind):
            raise CommandError(501, "incorrect command parameters")
        return parameters[0]

    def _list(self, verb: str, name: str, parameters: list[Any]) -> tuple[Any] | None:
        if verb == "GET":
            return (self.store.settings[name],)
        text = self._one(parameters, str)
        try:
            list(entries(text, self.server.version))
        except ValueError as error:
            raise CommandError(501, f"incorrect network address list: {error}") from None
        self.store.settings[name] = text
        self.store.save()
        return None

    def _dictionary(self, verb: str, name: str, parameters: list[Any]) -> tuple[Any] | None:
        if verb == "GET":
            return (self.store.settings[name],)
        self.store.settings[name] = self._one(parameters, dict)
        self.store.save()
        return None

    def _module(self, verb: str, parameters: list[Any]) -> tuple[Any] | None:
        modules = self.store.settings["Modules"]
        name = next((each for each in modules if parameters and each.upper() == str(parameters[0]).upper()), None)
        if name is None:
            raise CommandError(501, "unknown module name")
        if verb == "GET":
            return (modules[name],)
        new = self._one(parameters[1:], dict)
        modules[name] = {**(modules[name] if verb == "UPDATE" else {}), **new}
        self.store.save()
        return None

    def _ip_state(self, parameters: list[Any]) -> str:
        text = (
            parameters[0].text[2:] if parameters and isinstance(parameters[0], Marked) else self._one(parameters, str)
        )
        try:
            address = ipaddress.ip_address(str(text).strip("[]"))
        except ValueError:
            raise CommandError(501, "incorrect IP address") from None
        return ",".join(name for name in NETWORK_LISTS if self.store.holds(name, address)) or "none"

    def _resolve(self, parameters: list[Any]) -> None:
        if not parameters or not isinstance(parameters[0], str):
            raise CommandError(501, "incorrect command parameters")

        async def resolve() -> None:
            with contextlib.suppress(UnknownHostError):  # the resolver's own log record tells
                await self.server.resolver.addresses(parameters[0], rbl="RBL" in parameters[1:])

        self.server.start(resolve())
