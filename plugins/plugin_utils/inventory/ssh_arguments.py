# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments of ssh, as far as they say where a login goes: its port, and the hosts that it goes through.

Sources: ssh(1), ssh_config(5) and nc(1) of OpenBSD. A keyword that is given twice counts the first time; ProxyJump and
ProxyCommand compete, and whichever is given first counts.
"""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from ..basics.ports import PortError, parse_port

#: Options of ssh that take an argument; the others may stand together behind one hyphen (getopt(3)).
_TAKE_ARGUMENT = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
#: Those of them that are short for a keyword of ssh_config(5), and -W, which has none.
_KEYWORDS = {"p": "port", "J": "proxyjump", "W": "stdio"}
_PROXIES = ("proxyjump", "proxycommand")

#: Options of nc, netcat and ncat that take an argument.
_NC_TAKE_ARGUMENT = frozenset("IiMmOoPpqsTVWwXxZ")
_NC = ("nc", "netcat", "ncat", "nc.openbsd", "nc.traditional")
#: The proxy's port where nc is told none, by its protocol (-X).
_NC_PORTS = {"connect": 3128}
_SOCKS_PORT = 1080


class Stop(NamedTuple):
    """A host that a login goes through.

    Attributes:
        name: as it is written: a name or an address.
        port: where its own login takes place; None where nobody says.
    """

    name: str
    port: int | None


class WayError(ValueError):
    """A way that cannot be told from the arguments.

    Attributes:
        shown: the part that is not understood, without what may be a password.
    """

    def __init__(self, reason: str, shown: str) -> None:
        super().__init__(reason)
        self.shown = shown


class Arguments(NamedTuple):
    """Arguments of one ssh command.

    Attributes:
        values: the first value of each keyword, in small letters.
        words: what is no option: destination and remote command.
        proxy: the keyword ProxyJump or ProxyCommand that counts, and its value; None without.
    """

    values: Mapping[str, str]
    words: tuple[str, ...]
    proxy: tuple[str, str] | None

    @property
    def stops(self) -> tuple[Stop, ...]:
        """The hosts on the way, in order.

        Raises:
            WayError: it cannot be told.
        """
        return () if self.proxy is None else _stops(*self.proxy)


@functools.lru_cache(maxsize=4096)
def read_arguments(text: str) -> Arguments:
    """Return what stands among arguments of ssh, as Ansible splits them (``shlex``).

    Raises:
        WayError: quotes that never end.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise WayError("has quotes that never end", "") from None
    return _arguments(words)


@functools.lru_cache(maxsize=4096)
def _stops(keyword: str, value: str) -> tuple[Stop, ...]:
    if value.strip().lower() == "none":
        return ()
    return _jumps(value) if keyword == "proxyjump" else _through_command(value)


def _arguments(words: Sequence[str]) -> Arguments:
    values: dict[str, str] = {}
    proxy: tuple[str, str] | None = None
    rest: list[str] = []
    for option, argument in _options(words, _TAKE_ARGUMENT, stop_at=2):
        if not option:
            rest.append(argument)
            continue
        keyword, value = _setting(argument) if option == "o" else (_KEYWORDS.get(option, ""), argument)
        if keyword in _PROXIES:
            proxy = proxy or (keyword, value)
        elif keyword:
            values.setdefault(keyword, value)
    return Arguments(values, tuple(rest), proxy)


def _options(words: Sequence[str], with_argument: frozenset[str], stop_at: int) -> Iterator[tuple[str, str]]:
    """Yield options with their arguments, and other words with an empty option.

    From the word number *stop_at* on that is no option, all belong to it: the remote command behind ssh's destination.
    """
    waiting, plain = list(reversed(words)), 0
    while waiting:
        word = waiting.pop()
        if plain >= stop_at or not word.startswith("-") or word == "-":
            plain += 1
            yield "", word
            continue
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            yield name, value if equals else (waiting.pop() if name == "proxy" and waiting else "")
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in with_argument:
                yield letter, letters or (waiting.pop() if waiting else "")
                break
            yield letter, ""


def _setting(text: str) -> tuple[str, str]:
    """``Port=22``, ``Port 22`` or ``Port = "22"`` as a keyword in small letters and a value."""
    found = re.fullmatch(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*", text, re.DOTALL)
    if found is None:
        return "", ""
    keyword, value = found.group(1).lower(), found.group(2)
    quoted = re.fullmatch(r'"([^"]*)"', value)
    return keyword, quoted.group(1) if quoted else value


def _jumps(text: str) -> tuple[Stop, ...]:
    """ProxyJump: ``[user@]host[:port]`` or ``ssh://[user@]host[:port]``, several with commas between, in order."""
    return tuple(_stop(item.strip()) for item in text.split(","))


def _stop(text: str, port: str | None = None) -> Stop:
    plain = text.removeprefix("ssh://").rpartition("@")[2].removesuffix("/")
    found = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:\[\]]+)(?::(\d+))?", plain)
    if found is not None:
        name, own_port = found.group(1) or found.group(3), found.group(2) or found.group(4)
    elif plain.count(":") > 1 and not set("[]%") & set(plain):
        name, own_port = plain, None  # an IPv6 address without brackets
    else:
        name, own_port = "", None
    if not name or "%" in name or not name.isprintable():
        raise WayError("names no host that can be read from it", plain)
    return Stop(name, _port(port or own_port, plain))


def _port(text: str | None, where: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_port(text)
    except PortError:
        raise WayError("names a port that is none", where) from None


def _through_command(text: str) -> tuple[Stop, ...]:
    """ProxyCommand: another ssh with -W, or with nc on its far side; or nc, alone or by a proxy."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise WayError("has quotes that never end", "ProxyCommand") from None
    program, arguments = _program(words)
    shown = f"ProxyCommand={program}"
    if program == "ssh":
        return _through_ssh(_arguments(arguments), shown)
    if program in _NC:
        return _through_nc(arguments, shown)
    raise WayError("is a command that the plan cannot follow", shown)


def _program(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The program that a command runs, without what stands before it: ``exec``, and ``sshpass`` with its options."""
    rest = list(words)
    if rest[:1] == ["exec"]:
        del rest[0]
    if rest and PurePosixPath(rest[0]).name == "sshpass":
        plain = [word for option, word in _options(rest[1:], frozenset("fdpP"), stop_at=1) if not option]
        rest = plain
    return (PurePosixPath(rest[0]).name, rest[1:]) if rest else ("", ())


def _through_ssh(arguments: Arguments, shown: str) -> tuple[Stop, ...]:
    if not arguments.words:
        raise WayError("names no host that can be read from it", shown)
    destination, *command = arguments.words
    if "stdio" not in arguments.values and not any("%h" in word for word in command):
        raise WayError("is a command that the plan cannot follow", shown)
    return (*arguments.stops, _stop(destination, arguments.values.get("port")))


def _through_nc(arguments: Sequence[str], shown: str) -> tuple[Stop, ...]:
    found = list(_options(arguments, _NC_TAKE_ARGUMENT, stop_at=len(arguments)))
    options = {option: value for option, value in reversed(found) if option}
    if "%h" not in [value for option, value in found if not option]:
        raise WayError("is a command that the plan cannot follow", shown)
    proxy = options.get("x") or options.get("proxy")
    if not proxy:
        return ()
    stop = _stop(proxy)
    usual = _NC_PORTS.get(options.get("X", ""), _SOCKS_PORT) if "x" in options else _NC_PORTS["connect"]
    return (stop._replace(port=stop.port or usual),)
