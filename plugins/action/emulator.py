# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a host's emulator in place: made on the controller here, written on the host with one module call."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..module_utils._emulator.bundle import program
from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import read_slice
from ..plugin_utils.verification.emulator_files import emulator_settings, service_text, settings_text

ARGUMENTS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "python": {"type": "str", "default": "/usr/bin/python3"},
    "timing": {"type": "dict", "default": {}},
    "broadcast": {"type": "dict", "default": {}},
    "program": {"type": "str", "default": "/usr/local/lib/faxnet/emulator.pyz"},
    "settings": {"type": "str", "default": "/etc/faxnet/emulator.json"},
    "service": {"type": "str", "default": "/etc/systemd/system/faxnet-emulator.service"},
}
MODULE = "faxnet.deploy.emulator_files"
#: The files, by what they are.
FILES = ("program", "settings", "service")


class ActionModule(EngineAction):
    """The face of the emulator for plays."""

    argument_spec = ARGUMENTS
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Make the three files, and have them written where they differ."""
        paths = {name: options[name] for name in FILES}
        result: dict[str, Any] = {}
        contents: dict[str, bytes] = {}
        if options["state"] == "present":
            part = read_slice(self.locations(options, variables).plan, str(variables["inventory_hostname"]))
            told = emulator_settings(part, timing=options["timing"], broadcast=options["broadcast"])
            run_by = service_text(python=options["python"], program=paths["program"], settings=paths["settings"])
            contents = {"program": program(), "settings": settings_text(told).encode(), "service": run_by.encode()}
            result["serves"] = bool(told["offers"])
        answer: dict[str, Any] = self._execute_module(
            module_name=MODULE,
            module_args={
                "python": options["python"],
                "paths": paths,
                "contents": {name: base64.b64encode(content).decode() for name, content in contents.items()},
            },
            task_vars=variables,
        )
        answer.pop("invocation", None)  # it repeats the files
        return {**answer, **result}
