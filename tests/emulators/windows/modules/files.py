# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_file and win_stat."""

from __future__ import annotations

import hashlib
from typing import Any

from .. import paths
from ..errors import EmulatorError, ModuleFailure
from .task import Task


def _full(path: str) -> str:
    try:
        return paths.absolute(path)
    except paths.PathError as error:
        raise EmulatorError(str(error)) from None


def file(task: Task) -> dict[str, Any]:
    """win_file. Raises ModuleFailure."""
    files, path, state = task.state.files, _full(task["path"]), task["state"]
    exists = files.exists(path)
    if state == "touch":
        if not task.check_mode:
            if exists:
                files.touch(path)
            else:
                _write(task, path, b"")
        return {"changed": True}
    if exists:
        if state == "absent":
            if not task.check_mode:
                files.remove(path)
            return {"changed": True}
        wrong = {"directory": not files.is_folder(path), "file": files.is_folder(path)}
        if wrong.get(state):
            raise ModuleFailure(f"path {path} is not a {state}")
        return {}
    if state == "directory":
        if not task.check_mode:
            try:
                files.make_folder(path)
            except FileExistsError as error:
                raise ModuleFailure(str(error)) from None
        return {"changed": True}
    if state in ("file", None):
        raise ModuleFailure(f"path {path} will not be created")
    return {}


def _write(task: Task, path: str, data: bytes) -> None:
    try:
        task.state.files.write(path, data)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ModuleFailure(f"Unhandled exception while executing module: {error}") from None


def stat(task: Task) -> dict[str, Any]:
    """win_stat."""
    files, path = task.state.files, _full(task["path"])
    if not files.exists(path):
        return {"stat": {"exists": False}}
    is_folder, written, name = files.is_folder(path), files.written(path), paths.name(files.spelled(path))
    found: dict[str, Any] = {
        "exists": True,
        "attributes": "Directory" if is_folder else "Archive",
        "isarchive": not is_folder,
        "isdir": is_folder,
        "isreg": not is_folder,
        **dict.fromkeys(("ishidden", "isjunction", "islnk", "isreadonly", "isshared"), False),
        "nlink": 1,
        "hlnk_targets": [],
        **dict.fromkeys(("creationtime", "lastaccesstime", "lastwritetime"), written),
        "path": files.spelled(path),
        "filename": name,
        "owner": "BUILTIN\\Administrators",
    }
    if not is_folder:
        data = files.read(path)
        found["extension"] = f".{name.rpartition('.')[2]}" if "." in name else ""
        if task["get_checksum"]:
            found["checksum"] = hashlib.new(task["checksum_algorithm"].lower(), data, usedforsecurity=False).hexdigest()
    if task["get_size"]:
        inside = [files.read(each) for each in files.below(path) if not files.is_folder(each)]
        found["size"] = sum(len(each) for each in inside) if is_folder else len(data)
    return {"stat": found}
