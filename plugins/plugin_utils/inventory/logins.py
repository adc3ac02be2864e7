# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible logs in to a host: over which connection, to which port, through which hosts.

Every variable that can say so is read, in the order of ansible-core's connection plugins: of several variables of one
option the last one listed wins; ssh takes the first port and the first way that its command line names, and there
``ssh_args`` come before the port option, the others after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..basics.vaulted import VaultedText
from .ssh_arguments import Arguments, Stop, WayError, read_arguments

#: Connection plugins of ansible-core that log in over the network, and their ports where nobody says otherwise.
_PORTS = {"ssh": 22, "smart": 22, "paramiko": 22, "paramiko_ssh": 22, "winrm": 5986, "psrp": 5986}
_SSH = ("ssh", "smart")
_PARAMIKO = ("paramiko", "paramiko_ssh")
#: The variables of each plugin's option ``port``, in the plugin's own order.
_PORT_VARIABLES = {
    **dict.fromkeys(_SSH, ("ansible_port", "ansible_ssh_port")),
    **dict.fromkeys(_PARAMIKO, ("ansible_port", "ansible_ssh_port", "ansible_paramiko_port")),
    "winrm": ("ansible_port", "ansible_winrm_port"),
    "psrp": ("ansible_port", "ansible_psrp_port"),
}
#: Which of these take the port that ansible.cfg names (``remote_port``).
_TAKE_REMOTE_PORT = (*_SSH, *_PARAMIKO)
#: psrp has two usual ports, and its option ``protocol`` says which where nobody names one.
_PSRP_PROTOCOL = "ansible_psrp_protocol"
_PSRP_PLAIN = ("http", 5985)
#: What speaks to Windows and to nothing else: connection plugins, and shell plugins over another connection.
_TO_WINDOWS = ("winrm", "psrp")
_SHELL = "ansible_shell_type"
_SHELLS_OF_WINDOWS = ("powershell", "cmd")
_BEFORE = ("ansible_ssh_args",)
_AFTER = ("ansible_ssh_common_args", "ansible_ssh_extra_args")
_PROXY_COMMAND = "ansible_paramiko_proxy_command"

#: Every variable that is looked at here.
PORT_VARIABLES = (
    "ansible_port",
    "ansible_ssh_port",
    "ansible_paramiko_port",
    "ansible_winrm_port",
    "ansible_psrp_port",
)
LOGIN_VARIABLES = (
    "ansible_connection",
    *PORT_VARIABLES,
    _PSRP_PROTOCOL,
    _SHELL,
    _PROXY_COMMAND,
    *_BEFORE,
    *_AFTER,
)
_SAID_OF_LOGINS = frozenset(LOGIN_VARIABLES)
#: The name under which :class:`Inputs` hands over ``remote_port`` of ansible.cfg, beside defaults of the variables.
REMOTE_PORT = "remote_port"


class Unknown:
    """What a variable holds whose template works only while Ansible connects, if at all."""


UNKNOWN = Unknown()


class Said(NamedTuple):
    """A port as somebody wrote it, or `UNKNOWN`, and the variable that says it."""

    value: object
    variable: str


class Way(NamedTuple):
    """The hosts that a login goes through, in order, and the variable that says so."""

    stops: tuple[Stop, ...]
    variable: str


def plugin_of(own: Mapping[str, object]) -> str:
    """The connection plugin of a host, by its short name; empty for one that does not log in over the network."""
    named = own.get("ansible_connection", "ssh")
    if named is UNKNOWN:
        return "ssh"  # so that routers let through whatever it may be
    plugin = named.removeprefix("ansible.builtin.") if isinstance(named, str) else ""
    return plugin if plugin in _PORTS else ""


def speaks_to_windows(own: Mapping[str, object]) -> bool:
    """Whether Ansible takes the host for one with Windows: by its connection, or by the shell that it finds there."""
    shell = own.get(_SHELL)
    return plugin_of(own) in _TO_WINDOWS or (
        isinstance(shell, str) and shell.removeprefix("ansible.builtin.") in _SHELLS_OF_WINDOWS
    )


def leaves_login_open(own: Mapping[str, object]) -> bool:
    """Whether a host says nothing of its login, so that the defaults decide as they do for every other such host."""
    return own.keys().isdisjoint(_SAID_OF_LOGINS)


def login_port(own: Mapping[str, object], defaults: Mapping[str, object]) -> Said:
    """Return the port that Ansible logs in to, as it is written.

    Args:
        own: the host's variables.
        defaults: what ansible.cfg and the command line say where a host does not: ``remote_port``, and the values of
            ``ansible_ssh_args``, ``ansible_ssh_common_args`` and ``ansible_ssh_extra_args``.
    """
    plugin = plugin_of(own) or "ssh"
    ssh = plugin in _SSH
    return (
        (_port_in(_BEFORE, own, defaults) if ssh else None)
        or next(
            (Said(own[name], name) for name in reversed(_PORT_VARIABLES[plugin]) if own.get(name) is not None), None
        )
        or (_remote_port(defaults) if plugin in _TAKE_REMOTE_PORT else None)
        or (_port_in(_AFTER, own, defaults) if ssh else None)
        or (_plain_port(own) if plugin == "psrp" else None)
        or Said(_PORTS[plugin], "ansible_port")
    )


def login_way(own: Mapping[str, object], defaults: Mapping[str, object]) -> Way | None:
    """Return the hosts that Ansible's login goes through before the host itself; None where it goes straight.

    Raises:
        UnreadableWayError: something is said there that the plan cannot follow.
        UnknownWayError: a template that says it cannot be evaluated, which is noted already.
    """
    if any(own.get(name) is UNKNOWN for name in ("ansible_connection", *_BEFORE, *_AFTER, _PROXY_COMMAND)):
        raise UnknownWayError
    plugin = plugin_of(own)
    if plugin in _PARAMIKO:
        command = own.get(_PROXY_COMMAND)
        if isinstance(command, str) and command.strip():
            return _way(Arguments({}, (), ("proxycommand", command)), _PROXY_COMMAND, command)
    for name, value in _arguments((*_BEFORE, *_AFTER), own, defaults) if plugin in _SSH else ():
        try:
            arguments = read_arguments(value)
        except WayError as error:
            raise UnreadableWayError(name, value, str(error), error.shown) from None
        if arguments.proxy is not None:
            return _way(arguments, name, value)
    return None


class UnknownWayError(ValueError):
    """A way that only a template says which cannot be evaluated."""


class UnreadableWayError(ValueError):
    """A way that cannot be told; the message says why and names no part of the value.

    Attributes:
        variable: the variable that says it.
        shown: the part that is not understood, as one from a vault where it is.
    """

    def __init__(self, variable: str, value: str, reason: str, shown: str) -> None:
        super().__init__(reason)
        self.variable = variable
        self.shown: str = like(value, shown)


def like(value: object, part: str) -> str:
    """Return a part of a value, as one from a vault where the value is."""
    return VaultedText(part) if isinstance(value, VaultedText) else part


def _way(arguments: Arguments, variable: str, value: str) -> Way | None:
    try:
        stops = arguments.stops
    except WayError as error:
        raise UnreadableWayError(variable, value, str(error), error.shown) from None
    return Way(tuple(stop._replace(name=like(value, stop.name)) for stop in stops), variable) if stops else None


def _remote_port(defaults: Mapping[str, object]) -> Said | None:
    value = defaults.get(REMOTE_PORT)
    return Said(value, "remote_port of ansible.cfg") if value is not None else None


def _plain_port(own: Mapping[str, object]) -> Said | None:
    protocol, port = _PSRP_PLAIN
    return Said(port, _PSRP_PROTOCOL) if own.get(_PSRP_PROTOCOL) == protocol else None


def _port_in(names: tuple[str, ...], own: Mapping[str, object], defaults: Mapping[str, object]) -> Said | None:
    """The first port among arguments of ssh."""
    for name, value in _arguments(names, own, defaults):
        try:
            port = read_arguments(value).values.get("port")
        except WayError:
            continue  # login_way says so
        if port is not None:
            return Said(like(value, port), name)
    return None


def _arguments(
    names: tuple[str, ...], own: Mapping[str, object], defaults: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """The arguments of ssh that are set, by their variables."""
    for name in names:
        value = own.get(name, defaults.get(name))
        if isinstance(value, str):
            yield name, value
