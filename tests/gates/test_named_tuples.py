# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made without its constructor (basics/named_tuples.py) has as many members as its kind: no one else checks."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import Any

ENGINE = "ansible_collections.faxnet.deploy.plugins.plugin_utils"


def makings(path: Path) -> list[tuple[ast.expr, ast.expr]]:
    """The two arguments of each call of `made` in a module: the kind, and the members."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    return [(call.args[0], call.args[1]) for call in calls if ast.unparse(call.func) == "made"]


def kind_of(path: Path, kind: ast.expr, names: dict[str, Any]) -> Any:
    """The class that a call makes one of; of `cls`, the class around it."""
    if ast.unparse(kind) != "cls":
        return names[ast.unparse(kind)]
    classes = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef))
    return next(names[node.name] for node in classes if node.lineno <= kind.lineno <= (node.end_lineno or 0))


def count(members: ast.expr, names: dict[str, Any]) -> int:
    """How many members a call gives; `*terms` stands for all of a `_Terms`."""
    assert isinstance(members, ast.Tuple), f"line {members.lineno}: nobody can count {ast.unparse(members)}"
    found = 0
    for item in members.elts:
        starred = isinstance(item, ast.Starred)
        found += len(names[f"_{ast.unparse(item)[1:].capitalize()}"]._fields) if starred else 1
    return found


def wrong(path: Path, module: str) -> list[str]:
    """Calls of `made` in a module whose members are not as many as their kind has."""
    names = vars(importlib.import_module(module))
    return [
        f"{path.name}:{kind.lineno}: {made.__name__} has {len(made._fields)} members and is made of {number}"
        for kind, members in makings(path)
        for made, number in [(kind_of(path, kind, names), count(members, names))]
        if number != len(made._fields)
    ]


def test_each_has_as_many_members_as_its_kind(root: Path) -> None:
    engine = root / "plugins" / "plugin_utils"
    using = [path for path in sorted(engine.rglob("*.py")) if makings(path)]
    assert using
    found = []
    for path in using:
        module = ".".join((ENGINE, *path.relative_to(engine).with_suffix("").parts))
        found += wrong(path, module)
    assert found == []
