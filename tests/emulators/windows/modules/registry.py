# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_reg_stat and win_regedit."""

from __future__ import annotations

import re
from typing import Any

from ..errors import EmulatorError, ModuleFailure
from .task import Task

_KINDS = {
    "none": "REG_NONE", "binary": "REG_BINARY", "dword": "REG_DWORD", "expandstring": "REG_EXPAND_SZ",
    "multistring": "REG_MULTI_SZ", "string": "REG_SZ", "qword": "REG_QWORD",
}  # fmt: skip
_DIFF_NAMES = {
    "REG_NONE": "None", "REG_BINARY": "Binary", "REG_DWORD": "DWord", "REG_EXPAND_SZ": "ExpandString",
    "REG_MULTI_SZ": "MultiString", "REG_SZ": "String", "REG_QWORD": "QWord",
}  # fmt: skip
_BYTES = ("REG_BINARY", "REG_NONE")
_PATH = re.compile(r"HK(CC|CR|CU|LM|U):\\.", re.IGNORECASE)


def reg_stat(task: Task) -> dict[str, Any]:
    """win_reg_stat. Raises ModuleFailure for a path that is none."""
    path, name = task["path"], task["name"]
    if not _PATH.match(path):
        raise ModuleFailure(
            f"path: {path} is not a valid registry path, see module documentation for examples.", changed=False
        )
    registry = task.state.registry
    if not registry.has(path):
        return {"exists": False}
    if name is not None:
        found = registry.value(path, name)
        return {"exists": False} if found is None else {"exists": True, **_property(*found)}
    properties = {each: _property(*found) for each, found in registry.values(path).items()}
    return {"exists": True, "properties": properties, "sub_keys": registry.subkeys(path)}


def _property(kind: str, data: Any) -> dict[str, Any]:
    if kind in _BYTES:
        return {"type": kind, "value": data, "raw_value": [f"0x{byte:02x}" for byte in data]}
    return {"type": kind, "value": data, "raw_value": data}


def regedit(task: Task) -> dict[str, Any]:
    """win_regedit. Raises ModuleFailure; a hive out of a file is an EmulatorError."""
    path, name, kind = task["path"], task["name"] or "", _KINDS[task["type"].lower()]
    if task["hive"] is not None:
        raise EmulatorError("win_regedit: hive is not emulated")
    result: dict[str, Any] = {}
    if task["name"] is None and kind != "REG_SZ":
        result["warnings"] = [
            "the data type when name is not specified can only be 'string', the type has automatically been converted"
        ]
        kind = "REG_SZ"
    if not _PATH.match(path):
        raise ModuleFailure(f"path: {path} is not a valid powershell path, see module documentation for examples.")
    data = _data(task["data"], kind, name)
    change = _present(task, path, name, (kind, data)) if task["state"] == "present" else _absent(task, path, name)
    diff = change.pop("diff", None)
    return {**result, **change, **({"diff": diff} if task.diff and diff else {})}


def _present(task: Task, path: str, name: str, wanted: tuple[str, Any]) -> dict[str, Any]:
    registry = task.state.registry
    is_new = not registry.has(path)
    if is_new and not task.check_mode:
        registry.create(path)
    before: dict[str, Any] = {} if is_new else {path: {}}
    after: dict[str, Any] = {path: {}}
    result: dict[str, Any] = {"changed": is_new, "diff": {"before": before, "after": after}}
    if (is_new and task.check_mode) or wanted[1] is None:
        return result
    found = registry.value(path, name)
    after[path][name] = _shown(*wanted)
    if found is not None:
        before[path][name] = _shown(*found)
        changed_kind, changed_data = found[0] != wanted[0], found[1] != wanted[1]
        result |= {"data_type_changed": True} if changed_kind else {}
        result |= {"data_changed": True} if changed_data else {}
        if not changed_kind and not changed_data:
            return result
    if not task.check_mode:
        registry.write(path, name, *wanted)
    return {**result, "changed": True}


def _absent(task: Task, path: str, name: str) -> dict[str, Any]:
    registry = task.state.registry
    if not registry.has(path):
        return {}
    if task["delete_key"] and not name:
        if not task.check_mode:
            registry.delete(path)
        return {"changed": True, "diff": {"before": {path: {}}, "after": {}}}
    found = registry.value(path, name)
    if found is None:
        return {}
    if not task.check_mode:
        registry.delete(path, name)
    return {"changed": True, "diff": {"before": {path: {name: _shown(*found)}}, "after": {path: {}}}}


def _shown(kind: str, data: Any) -> dict[str, Any]:
    if kind in _BYTES:
        data = [f"0x{byte:02x}" for byte in data]
    elif kind in ("REG_DWORD", "REG_QWORD"):
        data = f"0x{data:0{8 if kind == 'REG_DWORD' else 16}x}"
    return {"type": _DIFF_NAMES[kind], "value": data}


def _data(data: Any, kind: str, name: str) -> Any:
    """The data in the form that the registry keeps: bytes as numbers, numbers without a sign. Raises ModuleFailure."""
    if kind in _BYTES:
        return _bytes(data)
    if kind in ("REG_DWORD", "REG_QWORD"):
        return _number(data, 32 if kind == "REG_DWORD" else 64)
    if kind == "REG_MULTI_SZ":
        return [] if data is None else [str(each) for each in (data if isinstance(data, list) else [data])]
    if data is None:
        return "" if name else None
    return str(data)


def _bytes(data: Any) -> list[int]:
    if data is None:
        return []
    if isinstance(data, list):
        return [int(each) for each in data]
    if isinstance(data, int):
        if data > 255:
            raise ModuleFailure(
                f"cannot convert binary data '{data}' to byte array, please specify this value as a yaml byte array or "
                "a comma separated hex value string"
            )
        return [data]
    text = re.sub(r"[^a-f0-9,:]", "", str(data).lower().removeprefix("hex:"))
    return (
        [int(each, 16) for each in re.split(r"[,:]+", text) if each]
        if re.search("[,:]", text)
        else list(bytes.fromhex(text))
    )


def _number(data: Any, bits: int) -> int:
    if data is None:
        return 0
    if isinstance(data, float) and data % 1:
        raise ModuleFailure(
            f"data '{data}' cannot be a decimal or float value with a remainder when type is dword or qword"
        )
    try:
        number = int(data, 0) if isinstance(data, str) else int(data)
    except ValueError:
        raise ModuleFailure(
            f'Unhandled exception while executing module: Cannot convert value "{data}" to type "System.UInt64".'
        ) from None
    if number >= 2**bits:
        kind = "dword" if bits == 32 else "qword"
        raise ModuleFailure(f"data cannot be larger than 0x{'f' * (bits // 4)} when type is {kind}")
    return int(number % 2**bits)
