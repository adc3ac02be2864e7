# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_package, with installers that say in plain text what they install.

An emulated installer is a file whose text begins with a line of its own and goes on in JSON: C(product_id), and what it
brings: C(display_name), C(version), C(services), C(files), C(return_code). One that lies on the web is in the state's
downloads. Providers are msi and registry, as the file's name says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import paths
from ..errors import EmulatorError, ModuleFailure
from ..state import State
from ..state import service as new_service
from .task import Task

HEAD = "an emulated installer\n"
UNINSTALL = "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
_PLACES = [
    f"{hive}:\\{top}"
    for hive in ("HKLM", "HKCU")
    for top in (UNINSTALL, UNINSTALL.replace("SOFTWARE\\", "SOFTWARE\\Wow6432Node\\"))
]


def installer(product_id: str, **brings: Any) -> bytes:
    """The content of an installer's file."""
    return (HEAD + json.dumps({"product_id": product_id, **brings}, sort_keys=True)).encode()


@dataclass(frozen=True)
class _Status:
    """Whether a package is there, and how the module came to know."""

    provider: str
    product_id: str | None
    installed: bool
    skip: bool = False
    key: str = ""


def package(task: Task) -> dict[str, Any]:
    """win_package. Raises ModuleFailure."""
    for option in ("creates_version", "chdir", "log_path"):
        if task[option] is not None:
            raise EmulatorError(f"win_package: {option} is not emulated")
    present = task["state"].lower() == "present"
    path, is_url = task["path"], bool(task["path"]) and task["path"].lower().startswith("http")
    result: dict[str, Any] = {"reboot_required": False, "rc": 0}
    if path and not is_url and not task.check_mode and not task.state.files.exists(path):
        raise ModuleFailure(f"the file at the path '{path}' cannot be reached", **result)
    status = _status(task, None if is_url and task["product_id"] else path)
    changed = not status.skip and present != status.installed
    if changed and not task.check_mode:
        result |= _install(task, path) if present else _remove(task, status)
    if not present and task["product_id"] is None and is_url:
        raise ModuleFailure(
            "Unable to find Product ID from the URL path. Please specify product_id when using state=absent"
        )
    return {**result, "changed": changed}


def _content(state: State, path: str) -> bytes:
    """An installer's file, from the drive or the web. Raises ModuleFailure."""
    if path.lower().startswith("http"):
        found = state.data["downloads"].get(path)
        if found is None:
            raise ModuleFailure(f"Error downloading '{path}': The remote server returned an error: (404) Not Found.")
        return base64.b64decode(found)
    if not state.files.exists(path):
        raise ModuleFailure(f"the file at the path '{path}' cannot be reached")
    return state.files.read(path)


def _described(state: State, path: str) -> Mapping[str, Any]:
    text = _content(state, path).decode("utf-8", "replace")
    if not text.startswith(HEAD):
        raise EmulatorError(f"win_package: {path} is no emulated installer (modules/packages.py has their form)")
    found: Mapping[str, Any] = json.loads(text.removeprefix(HEAD))
    return found


def _status(task: Task, path: str | None) -> _Status:
    provider, product_id = task["provider"].lower(), task["product_id"]
    if provider == "auto":
        provider = "msi" if path and path.lower().endswith(".msi") else "registry"
    if provider not in ("msi", "registry"):
        raise EmulatorError(f"win_package: the provider {provider} is not emulated")
    if path and path.lower().endswith((".msix", ".msixbundle", ".appx", ".msp")):
        raise EmulatorError(f"win_package: packages such as {path} are not emulated")
    if provider == "msi" and path and product_id is None:
        product_id = str(_described(task.state, path)["product_id"])
    keys = [f"{place}\\{product_id}" for place in _PLACES] if product_id else []
    key = next((each for each in keys if task.state.registry.has(each)), "")
    installed = bool(key)
    if task["creates_path"] is not None:
        installed = task.state.files.exists(task["creates_path"])
    if task["creates_service"] is not None:
        installed = task["creates_service"].lower() in map(str.lower, task.state.data["services"])
    return _Status(provider, product_id, installed, key=key)


def _install(task: Task, path: str) -> dict[str, Any]:
    state, content, brings = task.state, _content(task.state, path), _described(task.state, path)
    checksum = hashlib.new(task["checksum_algorithm"].lower(), content, usedforsecurity=False).hexdigest().upper()
    result: dict[str, Any] = {"checksum": checksum}
    if task["checksum"] and task["checksum"].upper() != checksum:
        raise ModuleFailure(
            f"The checksum for {path} did not match '{task['checksum']}', it was '{checksum}'", **result
        )
    _expect(task, brings, result)
    place = f"{_PLACES[0]}\\{brings['product_id']}"
    values = {
        "DisplayName": brings.get("display_name", brings["product_id"]),
        "DisplayVersion": brings.get("version", "1.0"),
    }
    for name, value in {**values, "UninstallString": f'"{path}" /uninstall'}.items():
        state.registry.write(place, name, "REG_SZ", value)
    for name, entry in brings.get("services", {}).items():
        state.data["services"][name] = new_service(name) | entry
    for each, text in brings.get("files", {}).items():
        state.files.make_folder(paths.parent(each))
        state.files.write(each, text.encode())
    state.data.setdefault("installed", {})[place.lower()] = {**brings, "arguments": task["arguments"]}
    return result


def _remove(task: Task, status: _Status) -> dict[str, Any]:
    state = task.state
    if not status.key:
        raise EmulatorError("win_package: what is taken away is known by its product_id or its msi file only")
    brings = state.data.get("installed", {}).pop(status.key.lower(), None)
    if brings is None:
        raise EmulatorError(f"win_package: {status.product_id} was not installed by an emulated installer")
    result: dict[str, Any] = {}
    _expect(task, brings, result)
    state.registry.delete(status.key)
    for name in brings.get("services", {}):
        state.data["services"].pop(name, None)
    for each in brings.get("files", {}):
        state.files.remove(each)
    return result


def _expect(task: Task, brings: Mapping[str, Any], result: dict[str, Any]) -> None:
    """Note what the installer ends with. Raises ModuleFailure where that is not expected; nothing is installed then."""
    code = int(brings.get("return_code", 0))
    result |= {"rc": code, "reboot_required": code == 3010}
    if code not in task["expected_return_code"]:
        raise ModuleFailure(
            f"unexpected rc from '{task['path'] or brings['product_id']}': see rc, stdout, and stderr for more details",
            **result,
            stdout="",
            stderr="",
        )
    task.state.data["restart_pending"] |= code == 3010
