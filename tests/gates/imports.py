# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file of plugins/ imports which, read from the sources without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

PACKAGE = "ansible_collections.faxnet.deploy.plugins"


def dotted(file: PurePosixPath) -> str:
    """Return the module that a file below plugins/ is, relative to it: `plugin_utils.basics.ports`."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.AST, package: tuple[str, ...], modules: Mapping[str, str]) -> Iterator[str]:
    """Yield the modules that a source in `package` imports, wherever in it the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(f"{PACKAGE}.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = (*PACKAGE.split("."), *package[: len(package) + 1 - node.level]) if node.level else ()
            base = ".".join([*start, *filter(None, [node.module])]).removeprefix(PACKAGE).removeprefix(".")
            # What stands behind `import` is a module, or a name in the one before it.
            for alias in node.names:
                module = f"{base}.{alias.name}".removeprefix(".")
                yield module if module in modules else base


def imports(plugins: Path) -> dict[str, set[str]]:
    """Return for each Python file below `plugins` the files there that it imports, by path in that folder."""
    files = {path.relative_to(plugins).as_posix(): path for path in sorted(plugins.rglob("*.py"))}
    modules = {dotted(PurePosixPath(file)): file for file in files}
    found: dict[str, set[str]] = {}
    for file, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = set(_imported(tree, PurePosixPath(file).parent.parts, modules))
        found[file] = {modules[name] for name in names if name in modules} - {file}
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return one circle of a graph, its first name again at the end; empty where there is none."""
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name not in done:
            for other in sorted(graph.get(name, ())):
                if ring := walk(other, [*way, name]):
                    return ring
            done.add(name)
        return []

    return next((ring for name in sorted(graph) if (ring := walk(name, []))), [])
