# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds tests that prove less than they say: those that would pass with nothing to test, and those that measure time.

A test passes with nothing when every assertion of it stands in a loop over what may be empty, or holds of the items of
such a thing: `all(...)`, `not any(...)`, `[... for ... in ...] == []`. What has items is seen where it is a literal, a
constant of the module, or was asserted to have some. A test of hypothesis is let be: a property holds of nothing too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Calls that give an item for each that they are given.
TRANSPARENT = {"sorted", "list", "tuple", "set", "enumerate", "reversed", "zip", "items", "keys", "values", "dict"}
#: A call whose name holds one of these fails by itself where something is wrong.
CHECKING = ("check", "assert", "expect", "fail", "run")
CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.GeneratorExp | ast.ListComp | ast.SetComp


def _literal_has_items(node: ast.expr, known: set[str]) -> bool:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return any(not isinstance(item, ast.Starred) or has_items(item.value, known) for item in items)
        case ast.Dict(keys=keys):
            return bool(keys)
        case ast.Constant(value=value):
            return bool(value)
        case ast.Call(func=ast.Name(id="range"), args=args):
            return any(isinstance(item, ast.Constant) and item.value for item in args)
    return False


def has_items(node: ast.expr, known: set[str]) -> bool:
    """Whether an expression is seen to have an item; `known` are the sources of expressions that have."""
    if ast.unparse(node) in known or _literal_has_items(node, known):
        return True
    match node:
        case ast.Call(func=ast.Name(id=called), args=[_, *_] as args) if called in TRANSPARENT:
            return all(has_items(item, known) for item in args)
        case ast.Call(func=ast.Attribute(value=value, attr=called)) if called in TRANSPARENT:
            return has_items(value, known)
        case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
            return has_items(left, known) or has_items(right, known)
        case ast.ListComp() | ast.SetComp():
            return not any(part.ifs for part in node.generators) and _runs(node, known)
    return False


def _runs(loop: Loop, known: set[str]) -> bool:
    """Whether a comprehension is seen to look at an item at all."""
    return all(has_items(part.iter, known) for part in loop.generators)


def _shown(test: ast.expr) -> Iterator[str]:
    """Yield the sources of expressions that an assertion shows to have items."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _shown(value)
        case ast.Compare(left=left, ops=[op, *_], comparators=[right, *_]):
            yield from _compared(left, op, right)
            yield from _compared(right, op, left)
        case _:
            yield ast.unparse(test)


def _compared(one: ast.expr, op: ast.cmpop, other: ast.expr) -> Iterator[str]:
    if isinstance(one, ast.Call) and ast.unparse(one.func) == "len" and not _is_nought(other, op):
        yield ast.unparse(one.args[0])
    elif isinstance(op, ast.Eq | ast.GtE) and has_items(other, set()):
        yield from (ast.unparse(part) for part in ast.walk(one) if isinstance(part, ast.Name | ast.Attribute))
    elif isinstance(op, ast.In):
        yield ast.unparse(one)


def _is_nought(number: ast.expr, op: ast.cmpop) -> bool:
    return isinstance(op, ast.Eq) and isinstance(number, ast.Constant) and number.value == 0


def is_hollow(test: ast.expr, known: set[str]) -> bool:
    """Whether what is asserted holds of nothing too."""
    match test:
        case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp() | ast.ListComp() as loop]):
            return any(part.ifs for part in loop.generators) or not _runs(loop, known)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="any"), args=[ast.GeneratorExp() as loop])):
            return not _runs(loop, known)
        case ast.UnaryOp(op=ast.Not(), operand=ast.ListComp() | ast.SetComp() as loop):
            return not _runs(loop, known)
        case ast.Compare(left=ast.ListComp() | ast.SetComp() as loop, ops=[ast.Eq()], comparators=[ast.List(elts=[])]):
            return not _runs(loop, known)
    return False


class _Reader(ast.NodeVisitor):
    """Reads a test's statements in order, and counts assertions: firm ones, and those that hold of nothing too."""

    def __init__(self, known: set[str]) -> None:
        self.known = known
        self.sure = True  # false in a loop over what may be empty
        self.firm = 0
        self.hollow = 0

    def visit_Assert(self, node: ast.Assert) -> None:
        if self.sure and not is_hollow(node.test, self.known):
            self.firm += 1
        else:
            self.hollow += 1
        if self.sure:
            self.known |= set(_shown(node.test))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        before, self.sure = self.sure, self.sure and has_items(node.iter, self.known)
        self.generic_visit(node)
        self.sure = before

    visit_AsyncFor = visit_For  # noqa: N815, ast's own name

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            if isinstance(target, ast.Tuple | ast.List):
                # Taking a list apart says how long it is.
                self.known.add(ast.unparse(node.value))
            elif has_items(node.value, self.known):
                self.known.add(ast.unparse(target))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        self.firm += self.sure and (name == "pytest.raises" or any(word in name for word in CHECKING))


def hollow_tests(source: str) -> list[str]:
    """Return the names of a module's tests that pass where there is nothing to test."""
    tree = ast.parse(source)
    constants: set[str] = set()
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                if has_items(value, constants):
                    constants.add(ast.unparse(target))
    tests = [node for node in ast.walk(tree) if isinstance(node, Function) and node.name.startswith("test_")]
    found = []
    for test in tests:
        if any("given" in ast.unparse(decorator) for decorator in test.decorator_list):
            continue
        reader = _Reader(set(constants))
        for statement in test.body:
            reader.visit(statement)
        if reader.hollow and not reader.firm:
            found.append(test.name)
    return found


def _asserts(node: ast.AST, helpers: set[str]) -> bool:
    """Whether anything in a function can fail by itself: an assertion, or a call that makes one."""
    for part in ast.walk(node):
        # A function that asserts may be handed on, and so may the body of another test of hypothesis.
        if isinstance(part, ast.Assert) or (isinstance(part, ast.Name) and part.id in helpers):
            return True
        if isinstance(part, ast.Attribute) and part.attr == "inner_test":
            return True
        if isinstance(part, ast.Call):
            called = ast.unparse(part.func)
            if called in ("pytest.raises", *helpers) or any(word in called for word in CHECKING):
                return True
    return False


def asserting(source: str, known: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of a module's functions that assert something, by themselves or by one of them or of *known*."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    found: set[str] = set()
    while more := {node.name for node in functions if node.name not in found and _asserts(node, found | known)}:
        found |= more
    return found


def without_assertion(source: str, known: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of a module's tests that assert nothing, neither by themselves nor by such a function."""
    names = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, Function)]
    found = asserting(source, known)
    return [name for name in names if name.startswith("test_") and name not in found]


def timed(source: str) -> list[int]:
    """Return the lines of a module where a reading of a clock is taken from another; a deadline only adds to one."""
    tree = ast.parse(source)
    readings: set[str] = set()

    def reads_clock(node: ast.expr) -> bool:
        if ast.unparse(node) in readings:
            return True
        return isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("time.") in CLOCKS

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and reads_clock(node.value):
            readings |= {ast.unparse(target) for target in node.targets}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        if reads_clock(node.left) or reads_clock(node.right)
    ]
