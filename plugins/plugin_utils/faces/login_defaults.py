# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible.cfg, the environment and the command line say of logins where no variable of a host does."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.plugins.loader import connection_loader

from ..inventory.logins import REMOTE_PORT

#: Options of the connection plugin ssh that hold arguments of ssh, by the variable that a host may set instead.
_ARGUMENTS = {f"ansible_{option}": option for option in ("ssh_args", "ssh_common_args", "ssh_extra_args")}


def login_defaults() -> dict[str, Any]:
    """Return the defaults that ``inventory/logins.py`` asks for; those that nobody set are left out."""
    connection_loader.get("ssh", class_only=True)  # so that its options are known
    settings = {name: _of_ssh(option) for name, option in _ARGUMENTS.items()}
    settings[REMOTE_PORT] = _of_ssh("port")
    return {name: value for name, value in settings.items() if value not in (None, "")}


def _of_ssh(option: str) -> Any:
    return constants.config.get_config_value(option, plugin_type="connection", plugin_name="ssh")
