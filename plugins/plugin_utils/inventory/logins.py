# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible logs in to a host: over which connection, and to which port, by every variable that can say so.

The order is that of ansible-core's connection plugins: of several variables of one option the last one listed wins; ssh
takes the first port that its command line names, and there ``ssh_args`` come before the port option, the others after.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..basics.vaulted import VaultedText

#: Connection plugins of ansible-core that log in over the network, and their ports where nobody says otherwise.
_PORTS = {"ssh": 22, "smart": 22, "paramiko": 22, "paramiko_ssh": 22, "winrm": 5986, "psrp": 5986}
#: The variables of each plugin's option ``port``, in the plugin's own order.
_PORT_VARIABLES = {
    "ssh": ("ansible_port", "ansible_ssh_port"),
    "smart": ("ansible_port", "ansible_ssh_port"),
    "paramiko": ("ansible_port", "ansible_ssh_port", "ansible_paramiko_port"),
    "paramiko_ssh": ("ansible_port", "ansible_ssh_port", "ansible_paramiko_port"),
    "winrm": ("ansible_port", "ansible_winrm_port"),
    "psrp": ("ansible_port", "ansible_psrp_port"),
}
#: Which of these take the port that ansible.cfg names (``remote_port``).
_TAKE_REMOTE_PORT = ("ssh", "smart", "paramiko", "paramiko_ssh")
_BEFORE = ("ansible_ssh_args",)
_AFTER = ("ansible_ssh_common_args", "ansible_ssh_extra_args")

#: Every variable that is looked at here.
LOGIN_VARIABLES = (
    "ansible_connection",
    "ansible_port",
    "ansible_ssh_port",
    "ansible_paramiko_port",
    "ansible_winrm_port",
    "ansible_psrp_port",
    *_BEFORE,
    *_AFTER,
)
#: The name under which :class:`Inputs` hands over ``remote_port`` of ansible.cfg, beside defaults of the variables.
REMOTE_PORT = "remote_port"

#: A port among the arguments of ssh: ``-p 2222``, ``-o Port=2222`` (ssh_config(5): a blank stands for "=" as well).
_PORT_ARGUMENT = re.compile(r"""(?:^|\s)(?:-p\s*|-o\s*["']?port(?:\s*=\s*|\s+))["']?([^\s"']+)""", re.IGNORECASE)


class Said(NamedTuple):
    """A port as somebody wrote it, and the variable that says it."""

    value: object
    variable: str


def plugin_of(own: Mapping[str, object]) -> str:
    """The connection plugin of a host, by its short name; empty for one that does not log in over the network."""
    named = own.get("ansible_connection", "ssh")
    plugin = named.removeprefix("ansible.builtin.") if isinstance(named, str) else ""
    return plugin if plugin in _PORTS else ""


def login_port(own: Mapping[str, object], defaults: Mapping[str, object]) -> Said:
    """Return the port that Ansible logs in to, as it is written.

    Args:
        own: the host's variables.
        defaults: what ansible.cfg and the command line say where a host does not: ``remote_port``, and the values of
            ``ansible_ssh_args``, ``ansible_ssh_common_args`` and ``ansible_ssh_extra_args``.
    """
    plugin = plugin_of(own) or "ssh"
    ssh = plugin in ("ssh", "smart")
    return (
        (_in_arguments(_BEFORE, own, defaults) if ssh else None)
        or next(
            (Said(own[name], name) for name in reversed(_PORT_VARIABLES[plugin]) if own.get(name) is not None), None
        )
        or (_remote_port(defaults) if plugin in _TAKE_REMOTE_PORT else None)
        or (_in_arguments(_AFTER, own, defaults) if ssh else None)
        or Said(_PORTS[plugin], "ansible_port")
    )


def _remote_port(defaults: Mapping[str, object]) -> Said | None:
    value = defaults.get(REMOTE_PORT)
    return Said(value, "remote_port of ansible.cfg") if value is not None else None


def _in_arguments(names: tuple[str, ...], own: Mapping[str, object], defaults: Mapping[str, object]) -> Said | None:
    """The first port among arguments of ssh."""
    for name in names:
        value = own.get(name, defaults.get(name))
        found = _PORT_ARGUMENT.search(value) if isinstance(value, str) else None
        if found is not None:
            port = found.group(1)
            return Said(VaultedText(port) if isinstance(value, VaultedText) else port, name)
    return None
