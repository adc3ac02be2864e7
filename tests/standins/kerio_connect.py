# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package in place of Kerio Connect's: the product's names and paths, the collection's emulator as its program.

Package, unit, program and configuration file are named as in the vendor's Linux packages. Like the product after its
installation, it serves nothing but the web administration until somebody has gone through the configuration wizard;
that is what :func:`configured` stands for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.bundle import bundle
from tests.standins.packages import File, Package

NAME = "kerio-connect"
UNIT = "kerio-connect.service"
FOLDER = "/opt/kerio/mailserver"
PROGRAM = f"{FOLDER}/mailserver"
CONFIGURATION = f"{FOLDER}/mailserver.cfg"
#: Where the installation notes which rules it found: what was in force when the service first ran.
RULES = "/var/tmp/rules-at-installation"  # noqa: S108 - of a container

_UNIT = f"""\
[Unit]
Description=Stand-in for Kerio Connect
After=network-online.target

[Service]
Type=notify
ExecStart={PROGRAM} run --config {CONFIGURATION}
RuntimeDirectory=faxnet-emulator

[Install]
WantedBy=multi-user.target
"""
# Started, as the vendor's package does it, but not enabled: that a role does so can be seen then.
_AFTER = f"""\
#!/bin/sh
set -e
nft list ruleset > {RULES}
systemctl daemon-reload
systemctl start {UNIT}
"""
_BEFORE = f"""\
#!/bin/sh
systemctl stop {UNIT}
"""


def package(folder: Path, version: str, web_port: int) -> Package:
    """The package.

    Args:
        folder: for files on the way.
        version: its version, ``10.0.6``.
        web_port: TCP port of the web administration, which the catalogue knows.
    """
    program = b"#!/usr/bin/python3 -I\n" + Path(bundle(str(folder / "mailserver.pyz"))).read_bytes()
    fresh = {
        "format": 1,
        "host": "fresh",
        "addresses": ["0.0.0.0"],  # noqa: S104 - as the product
        "exchanges": [
            {
                "service": "kerio_connect",
                "name": "wizard",
                "initiator": "client",
                "transport": "tcp",
                "kind": "listener",
                "ports": str(web_port),
            }
        ],
        "offers": [{"service": "kerio_connect", "settings": {}, "exchanges": ["wizard"], "enabled": True}],
        "uses": [],
    }
    return Package(
        name=NAME,
        version=version,
        summary="Stand-in for a mail server",
        files={
            PROGRAM: File(program, 0o755),
            CONFIGURATION: File(json.dumps(fresh).encode()),
            f"/lib/systemd/system/{UNIT}": File(_UNIT.encode()),
        },
        scripts={"after_install": _AFTER, "before_removal": _BEFORE},
    )


def configured(part: Mapping[str, Any]) -> str:
    """The configuration of a server that serves what its slice of the plan offers: the wizard's outcome."""
    return json.dumps(dict(part))
