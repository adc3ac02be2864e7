# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's emulator is told of the plan, and the service that runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: The form of the settings (module_utils/_emulator/config.py).
FORMAT = 1
#: What an offer in the plan says that the server itself has to know: not its clients, nor where they dial it.
OF_OFFER = ("service", "offer", "settings", "exchanges", "enabled")
#: What a use says that its client has no use for.
NOT_OF_USE = ("host", "instructions")

_SERVICE = """\
# Ansible managed
[Unit]
Description=Stand-in for this host's fax software (faxnet.deploy emulator)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={python} -I {program} run --config {settings}
ExecReload={python} -I {program} reload
Restart=on-failure
RestartSec=1
DynamicUser=yes
RuntimeDirectory=faxnet-emulator
# A profile's port may lie below 1024.
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""


def emulator_settings(
    part: Mapping[str, Any], *, timing: Mapping[str, Any] | None = None, broadcast: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a host's emulator is told: of the slice only what it needs.

    A new client of a server, or a new line in a client's instructions, is no change of settings.

    Args:
        part: the host's slice.
        timing: patience in seconds, by name; what is left out has the emulator's own default.
        broadcast: for each service, or offer with a name, the UDP port by which clients look for servers.
    """
    public = part.get("policy", {}).get("public", [])
    return {
        "format": FORMAT,
        "host": part["host"],
        "addresses": list(dict.fromkeys([*part["addresses"], *public])),
        "exchanges": part.get("exchanges", []),
        "offers": [{key: offer[key] for key in OF_OFFER if key in offer} for offer in part.get("offers", [])],
        "uses": [{key: use[key] for key in use if key not in NOT_OF_USE} for use in part.get("uses", [])],
        "timing": dict(timing or {}),
        "broadcast": dict(broadcast or {}),
    }


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return the settings as their file holds them."""
    return json.dumps(settings, indent=4, sort_keys=True, ensure_ascii=False) + "\n"


def service_text(*, python: str, program: str, settings: str) -> str:
    """Return the unit of systemd that runs an emulator: as a user of its own, with no right but to bind ports.

    Args:
        python: path of the interpreter on the host.
        program: path of the emulator there.
        settings: path of its settings there.
    """
    return _SERVICE.format(python=python, program=program, settings=settings)
