# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests claim to show, by a mark that names it: `@pytest.mark.NAME("ID", ...)`.

The mark stands on the function, on its class, in `pytestmark`, or in a `pytest.param(..., marks=...)` of its table.
Tests are read, never imported, so that a test which cannot even be collected here still counts as what it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A test that claims a line; `test` is `file::name`, relative to the checkout."""

    id: str
    test: str
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What the tests claim, and what is wrong with the way they do it."""

    claims: tuple[Claim, ...]
    faults: tuple[str, ...]


def claims_of(module: ast.Module, name: str, marker: str, uncounted: frozenset[str]) -> tuple[set[Claim], list[str]]:
    """Return the claims of a test module, and a fault for each marker that reaches no test.

    Args:
        module: the parsed test module.
        name: its path from the checkout's top.
        marker: name of the pytest mark.
        uncounted: a test that has one of these marks as well proves nothing.
    """
    claims: set[Claim] = set()
    used: set[ast.Call] = set()
    tables = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    everywhere = [tables["pytestmark"]] if "pytestmark" in tables else []

    def visit(body: list[ast.stmt], prefix: str, inherited: list[ast.expr]) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                visit(node.body, f"{prefix}{node.name}::", inherited + node.decorator_list)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
                marks = list(_with_tables(inherited + node.decorator_list, tables))
                calls = [call for mark in marks for call in _marker_calls(mark, marker)]
                used.update(calls)
                direct = {mark_name for mark in marks for mark_name in _direct_marks(mark)}
                if not uncounted & direct:
                    claims.update(
                        Claim(identifier, f"{prefix}{node.name}", "slow" in direct)
                        for call in calls
                        for identifier in _ids(call)
                    )

    visit(module.body, f"{name}::", everywhere)
    stray = [call for call in _marker_calls(module, marker) if call not in used or not _ids(call)]
    return claims, [f"{name}:{call.lineno}: this {marker} marker names no line or stands on no test" for call in stray]


def _with_tables(marks: list[ast.expr], tables: dict[str, ast.expr]) -> Iterator[ast.expr]:
    """Yield the marks, and the module's tables of cases that they name."""
    for mark in marks:
        yield mark
        for node in ast.walk(mark):
            if isinstance(node, ast.Name) and node.id in tables:
                yield tables[node.id]


def _marker_calls(tree: ast.AST, marker: str) -> list[ast.Call]:
    """Return the calls `pytest.mark.<marker>(...)` in a tree."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"pytest.mark.{marker}"
    ]


def _direct_marks(mark: ast.expr) -> list[str]:
    """Return the names of the pytest marks that hold for the whole test: X of pytest.mark.X, also in a list."""
    whole = mark.elts if isinstance(mark, (ast.List, ast.Tuple)) else [mark]
    targets = [item.func if isinstance(item, ast.Call) else item for item in whole]
    return [
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "pytest.mark"
    ]


def _ids(call: ast.Call) -> list[str]:
    """Return the literal IDs that a marker names."""
    return [item.value for item in call.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
