# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each finding says and which cure it names, read from the engine's source; and whole ones for examples.

A finding is made where something is wrong, and nowhere else is written what it says. So the places that make one are
read: the last two arguments of `Finding(...)` and of a reader's `note(...)`, with a dot triplet for what is filled in.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ENGINE = "plugins/plugin_utils"

#: Those make a finding; the message and the cure come last.
_MAKERS = {"Finding": 6, "note": 5}

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
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((root / ENGINE).rglob("*.py"))]
    # A name stands for the same in every module that imports it.
    shared = _assigned(node for tree in trees for node in tree.body)
    found: dict[str, dict[tuple[str, str], None]] = {}
    for tree in trees:
        for code, words in _in_tree(tree, shared):
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
class _Known:
    """What names stand for at a line of a function: what was assigned to them last, there or for the whole engine."""

    local: Assigned
    shared: Assigned

    def of(self, name: str, line: int) -> list[ast.expr]:
        """Return the values of a name, each with a line of its own."""
        before = [value for value in self.local.get(name, ()) if value.lineno < line]
        return before[-1:] if name in self.local else self.shared.get(name, [])


def _in_tree(tree: ast.Module, shared: Assigned) -> Iterator[tuple[str, tuple[str, str]]]:
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        known = _Known(_assigned(ast.walk(function)), shared)
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name == "choice":
                yield from ((code, _CHOICE) for code in _codes(call.args[3:], known))
            elif name in _MAKERS:
                words = list(_last_two(call.args, _MAKERS[name], known))
                yield from ((code, pair) for code in _codes(call.args[:1], known) for pair in words)


def _last_two(arguments: list[ast.expr], count: int, known: _Known) -> Iterator[tuple[str, str]]:
    """The message and the cure, or each pair of them that a table holds."""
    if len(arguments) == count:
        messages, cures = (_texts(argument, known, argument.lineno) for argument in arguments[-2:])
        yield from product(messages, cures)
    elif len(arguments) == count - 1 and isinstance(arguments[-1], ast.Starred):
        table = arguments[-1].value
        names = [table.value.id] if isinstance(table, ast.Subscript) and isinstance(table.value, ast.Name) else []
        for value in (value for name in names for value in known.of(name, table.lineno)):
            for pair in value.values if isinstance(value, ast.Dict) else ():
                if isinstance(pair, ast.Tuple):
                    message, cure = (_texts(item, known, item.lineno) for item in pair.elts)
                    yield from product(message, cure)


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
            yield from _codes(known.of(node.id, node.lineno), known, depth - 1)


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
    if isinstance(node, ast.Name) and depth:
        values = known.of(node.id, line)
        found = [text for value in values for text in _texts(value, known, value.lineno, depth - 1)]
        return list(dict.fromkeys(found)) or [_FILLED_IN]
    return [_FILLED_IN]
