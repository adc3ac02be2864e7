# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_ping, and a small answer of setup."""

from __future__ import annotations

from typing import Any

from ..errors import EmulatorError
from .task import Task

#: Facts of the emulated host. A subset asks for nothing more here: what a play needs beyond them is to be added.
_FACTS = {
    "ansible_architecture": "64-bit",
    "ansible_distribution": "Microsoft Windows Server 2022 Standard",
    "ansible_distribution_major_version": "10",
    "ansible_distribution_version": "10.0.20348.0",
    "ansible_os_family": "Windows",
    "ansible_os_name": "Microsoft Windows Server 2022 Standard",
    "ansible_os_product_type": "server",
    "ansible_system": "Win32NT",
    "ansible_powershell_version": 5,
}


def ping(task: Task) -> dict[str, Any]:
    """win_ping. Raises EmulatorError where the module would crash on purpose."""
    if task["data"] == "crash":
        raise EmulatorError("Unhandled exception while executing module: boom")
    return {"ping": task["data"]}


def setup(task: Task) -> dict[str, Any]:
    """The facts of a host."""
    name = task.state.data["name"]
    return {
        "ansible_facts": {
            **_FACTS,
            "ansible_hostname": name,
            "ansible_fqdn": name,
            "ansible_nodename": name,
            "ansible_reboot_pending": task.state.data["restart_pending"],
        }
    }
