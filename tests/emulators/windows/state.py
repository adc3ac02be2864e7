# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a host keeps, in one JSON file: it is there again when the host is started anew."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .clock import Clock, MachineClock
from .files import Files
from .registry import Registry

#: [MS-GPFAS] 2.2.2.19 for the policy's; the local store holds the same texts under the service of the firewall.
LOCAL_POLICY = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
GROUP_POLICY = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"
LOCAL_RULES = f"{LOCAL_POLICY}\\FirewallRules"
GROUP_RULES = f"{GROUP_POLICY}\\FirewallRules"

PROFILES = ("Domain", "Private", "Public")
#: The local store still calls the private profile by its old name.
LOCAL_PROFILE_KEYS = {"Domain": "DomainProfile", "Private": "StandardProfile", "Public": "PublicProfile"}

SYSTEM_FOLDERS = ("C:\\", "C:\\Windows\\System32", "C:\\Windows\\Temp", "C:\\Program Files", "C:\\ProgramData",
                  "C:\\Users\\Administrator\\AppData\\Local\\Temp")  # fmt: skip


def service(display_name: str, **more: Any) -> dict[str, Any]:
    """A service as the state keeps it; what is not said is as New-Service leaves it."""
    return {
        "display_name": display_name,
        "description": None,
        "path": "",
        "start_mode": "auto",
        "state": "stopped",
        "username": "NT AUTHORITY\\SYSTEM",
        "dependencies": [],
        "desktop_interact": False,
        "error_control": "normal",
        "service_type": "win32_own_process",
        "failure_actions": [],
        "failure_actions_on_non_crash_failure": False,
        "failure_command": None,
        "failure_reboot_msg": None,
        "failure_reset_period_sec": 0,
        "load_order_group": "",
        "pre_shutdown_timeout_ms": 180000,
        "required_privileges": [],
        "sid_info": "none",
        "can_pause": False,
        "starts": 0,  # how often it was started, restarts included
        **more,
    }


def feature(number: int, display_name: str, inside: Iterable[str] = (), tools: Iterable[str] = ()) -> dict[str, Any]:
    """A Windows feature: what it has inside, which management tools belong to it. The number is the emulator's own."""
    return {
        "id": number,
        "display_name": display_name,
        "installed": False,
        "sub_features": list(inside),
        "management_tools": list(tools),
        "restart_needed": False,
    }


def fresh() -> dict[str, Any]:
    """What a host has that was just set up: a Windows Server, in a private network, nothing of ours."""
    return {
        "name": "WINHOST",
        "registry": {},
        "files": {},
        "tasks": {},
        "services": {
            "mpssvc": service("Windows Defender Firewall", state="started", path="C:\\Windows\\System32\\svchost.exe"),
            "sshd": service("OpenSSH SSH Server", state="started", path="C:\\Windows\\System32\\OpenSSH\\sshd.exe"),
        },
        "features": {
            "Fax": feature(17, "Fax Server", tools=["RSAT-Fax"]),
            "RSAT-Fax": feature(68, "Fax Server Tools"),
            "Print-Services": feature(7, "Print and Document Services", inside=["Print-Server"]),
            "Print-Server": feature(142, "Print Server"),
        },
        "ports": {
            "excluded": {},  # "ipv4 tcp": [{"first": 10000, "count": 100, "administered": true}]
            "dynamic": {},  # "ipv4 tcp": {"first": 49152, "count": 16384} where it is not the usual one
            "shared_by_families": False,
        },
        "network": {"profile": "Private", "local_networks": [], "keywords": {}},
        "downloads": {},  # address: what lies there, in base64
        "on_battery": False,
        "boots": 1,
        "restart_pending": False,
    }


class State:
    """A host's state: plain data, and what reads and changes its parts."""

    def __init__(self, file: Path, clock: Clock | None = None) -> None:
        self.file, self.clock, self.writes = file, clock or MachineClock(), 0
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        self.data: dict[str, Any] = fresh() if known is None else known
        if known is None:
            self._set_up()

    @property
    def registry(self) -> Registry:
        """The registry."""
        return Registry(self.data["registry"], self.wrote)

    @property
    def files(self) -> Files:
        """The files."""
        return Files(self.data["files"], self.clock, self.wrote)

    def wrote(self) -> None:
        """Note that something was written, were it what stood there before."""
        self.writes += 1

    def save(self) -> None:
        """Write the file; a reader sees the old state or the new one."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(self.data, indent=1, sort_keys=True, ensure_ascii=True), encoding="utf-8")
        draft.replace(self.file)

    def copy(self) -> Mapping[str, Any]:
        """All of it, as it is now."""
        return copy.deepcopy(self.data)

    def _set_up(self) -> None:
        for folder in SYSTEM_FOLDERS:
            self.files.make_folder(folder)
        self.registry.create(LOCAL_RULES)
        for key in LOCAL_PROFILE_KEYS.values():
            self.registry.write(f"{LOCAL_POLICY}\\{key}", "EnableFirewall", "REG_DWORD", 1)
