# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each finding says and which cure it names, read from the engine's source; and whole ones for examples.

A finding is made where something is wrong, and nowhere else is written what it says. So the places that make one are
read: the message and the cure of `Finding(...)`, a reader's `note(...)` and `NoRoute(...)`, with a dot triplet for what
is filled in. What a name stands for, what a table holds and what a function of the engine returns is looked up.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

ENGINE = "plugins/plugin_utils"


class _Places(NamedTuple):
    """Where the code, the message and the cure stand among the arguments of what makes a finding."""

    code: int
    message: int
    cure: int


#: Those make a finding. Why there is no way is put together with who wanted one where the finding is made.
_MAKERS = {"Finding": _Places(0, 4, 5), "note": _Places(0, 3, 4), "NoRoute": _Places(4, 1, 3)}

#: What `Reader.choice` says, which is given the code alone.
_CHOICE = ("is not known", "use one of: \u2026")

_FILLED_IN = "\u2026"
_CODE = re.compile(r"FXN\d{3}")

#: Test modules with a table of mistakes, each of which gives one finding.
_TABLES = ("test_bad_input", "test_bad_input_products", "test_bad_input_profiles")


def said(root: Path) -> dict[str, list[tuple[str, str]]]:
    """Return the messages and cures of each code, in the order of the files and none twice.

    Args:
        root: the checkout.
    """
    modules = {path: _module(path) for path in sorted((root / ENGINE).rglob("*.py"))}
    found: dict[str, dict[tuple[str, str], None]] = {}
    for module in modules.values():
        for code, words in _in_module(module, modules):
            if re.search(r"\w", "".join(words)):
                found.setdefault(code, {})[words] = None
    return {code: list(listed) for code, listed in found.items()}


def examples(root: Path) -> dict[str, str]:
    """Return a whole finding of each code of which the tests have one, as a terminal shows it."""
    found: dict[str, str] = {}
    for path in sorted((root / "tests/golden/plan").glob("*/expected/findings.txt")):
        for text in path.read_text(encoding="utf-8").strip().split("\n\n"):
            found.setdefault(text[:6], text)
    for name in _TABLES:
        module = importlib.import_module(f"tests.unit.inventory.{name}")
        (ground,) = (value for value in vars(module).values() if type(value).__name__ == "Ground")
        for mistake in module.MISTAKES.values():
            if mistake.code not in found:
                net = ground.network()
                mistake.make(net)
                found[mistake.code] = ground.told(net)[0].text()
    return found


#: What each name stands for, by the lines where it is assigned.
Assigned = dict[str, list[ast.expr]]


@dataclass(frozen=True)
class _Module:
    """One file of the engine: what it defines, and what it has from which other file under which name."""

    tree: ast.Module
    assigned: Assigned
    functions: Mapping[str, ast.FunctionDef]
    imported: Mapping[str, tuple[Path, str]]


def _module(path: Path) -> _Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    imported: dict[str, tuple[Path, str]] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            source = path.parents[node.level - 1].joinpath(*node.module.split(".")).with_suffix(".py")
            imported |= {item.asname or item.name: (source, item.name) for item in node.names}
    return _Module(tree, _assigned(tree.body), functions, imported)


@dataclass(frozen=True)
class _Known:
    """What names stand for at a line of a function: what was assigned to them last, there or in a module."""

    local: Assigned
    module: _Module
    modules: Mapping[Path, _Module]

    def of(self, name: str, line: int) -> list[tuple[ast.expr, _Known]]:
        """Return the values of a name, each with what names stand for where it is."""
        if name in self.local:
            before = [value for value in self.local[name] if value.lineno < line]
            return [(value, self) for value in before[-1:]]
        home, name = self._home(name)
        return [(value, _Known({}, home, self.modules)) for value in home.assigned.get(name, ())]

    def returned(self, call: ast.Call) -> Iterator[tuple[ast.expr, _Known]]:
        """Yield what a function of the engine may return."""
        home, name = self._home(call.func.id) if isinstance(call.func, ast.Name) else (self.module, "")
        function = home.functions.get(name)
        if function is not None:
            known = _within(function, home, self.modules)
            returns = (node for node in ast.walk(function) if isinstance(node, ast.Return))
            yield from ((node.value, known) for node in returns if node.value is not None)

    def _home(self, name: str) -> tuple[_Module, str]:
        """The module that a name of this one comes from, and its name there."""
        path, there = self.module.imported.get(name, (Path(), name))
        return (self.modules[path], there) if path in self.modules else (self.module, name)


def _within(function: ast.FunctionDef, module: _Module, modules: Mapping[Path, _Module]) -> _Known:
    return _Known(_assigned(ast.walk(function)), module, modules)


def _in_module(module: _Module, modules: Mapping[Path, _Module]) -> Iterator[tuple[str, tuple[str, str]]]:
    for function in (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)):
        known = _within(function, module, modules)
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name == "choice":
                yield from ((code, _CHOICE) for code in _codes(call.args[3:], known))
            elif name in _MAKERS:
                places = _MAKERS[name]
                words = list(_words(call.args, places, known))
                yield from ((code, pair) for code in _codes(call.args[places.code :][:1], known) for pair in words)


def _words(arguments: list[ast.expr], places: _Places, known: _Known) -> Iterator[tuple[str, str]]:
    """The message and the cure; each pair of them where both come out of one expression."""
    if len(arguments) > places.cure:
        both = (arguments[place] for place in (places.message, places.cure))
        messages, cures = (_texts(argument, known, argument.lineno) for argument in both)
        yield from product(messages, cures)
    elif len(arguments) == places.cure and isinstance(arguments[-1], ast.Starred):
        yield from _pairs(arguments[-1].value, known, arguments[-1].lineno)


def _pairs(node: ast.expr, known: _Known, line: int, depth: int = 4) -> Iterator[tuple[str, str]]:
    """Each message with its cure that an expression may be."""
    if isinstance(node, ast.Tuple) and len(node.elts) == 2:
        messages, cures = (_texts(item, known, line) for item in node.elts)
        yield from product(messages, cures)
    elif depth:
        for value, there in _behind(node, known, line):
            yield from _pairs(value, there, value.end_lineno or value.lineno, depth - 1)


def _behind(node: ast.expr, known: _Known, line: int) -> Iterator[tuple[ast.expr, _Known]]:
    """What a name stands for, what a table holds, what a function returns."""
    if isinstance(node, ast.Name):
        yield from known.of(node.id, line)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        for table, there in known.of(node.value.id, line):
            yield from ((value, there) for value in (table.values if isinstance(table, ast.Dict) else ()))
    elif isinstance(node, ast.Call):
        yield from known.returned(node)


def _assigned(nodes: Iterable[ast.AST]) -> Assigned:
    found: Assigned = {}
    for node in nodes:
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs: list[tuple[ast.expr, ast.expr]] = [(node.target, node.value)]
        elif isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        else:
            continue
        for target, value in pairs:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
            elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                for name, item in zip(target.elts, value.elts, strict=False):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(item)
    return {name: sorted(values, key=lambda value: value.lineno) for name, values in found.items()}


def _codes(arguments: list[ast.expr], known: _Known, depth: int = 3) -> Iterator[str]:
    for node in (inner for argument in arguments for inner in ast.walk(argument)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value
        elif isinstance(node, ast.Name) and depth:
            for value, there in known.of(node.id, node.lineno):
                yield from _codes([value], there, depth - 1)


def _texts(node: ast.expr, known: _Known, line: int, depth: int = 3) -> list[str]:
    """Each text that an expression may be, with what is filled in left open."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else _FILLED_IN for part in node.values]
        return [re.sub(r"\u2026[\u2026 ]*\u2026", _FILLED_IN, "".join(parts))]
    if isinstance(node, ast.BinOp):
        return list(
            map("".join, product(_texts(node.left, known, line, depth), _texts(node.right, known, line, depth)))
        )
    if isinstance(node, ast.IfExp):
        return [text for side in (node.body, node.orelse) for text in _texts(side, known, line, depth)]
    behind = _behind(node, known, line) if depth else ()
    found = [text for value, there in behind for text in _texts(value, there, value.lineno, depth - 1)]
    return list(dict.fromkeys(found)) or [_FILLED_IN]
