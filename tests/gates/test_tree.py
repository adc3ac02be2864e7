# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tree must never hold: paths of one machine, registry host names, Ansible inside the engine, loose pins."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.sanity import tracked_files

# Written so that this file does not match itself.
MACHINE_PATH = re.compile(r"/(?:work|farm|root|home/[a-z]+)/|\.py[e]nv")
REGISTRY_HOST = re.compile(r"\b(?:pypi|debian|npmjs|ubuntu)\.(?:org|com)|python[h]osted")

BARE_EXCEPTION = re.compile(r"# (?:type: [i]gnore(?:\[[\w, -]+\])?|n[o]qa(?:: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?)\s*$")

# The engine is imported by tests, tools and other programs that have no Ansible, and it must stay so. One folder holds
# what plugins share; that no other folder imports that one is test_folders.py's.
ENGINE = "plugins/plugin_utils"
FACES = "faces"
ENGINE_MAY_IMPORT_FROM_ANSIBLE_COLLECTIONS = "ansible_collections.faxnet.deploy.plugins.plugin_utils"


def texts(root: Path) -> list[tuple[str, str]]:
    """Return name and text of every tracked text file."""
    found = []
    for name in tracked_files():
        path = root / name
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((name, data.decode("utf-8")))
    return found


def hits(root: Path, pattern: re.Pattern[str]) -> list[str]:
    """Return `file:line: text` of every line that the pattern finds."""
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts(root)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_path_of_one_machine(root: Path) -> None:
    assert hits(root, MACHINE_PATH) == []


def test_no_registry_host_name(root: Path) -> None:
    assert hits(root, REGISTRY_HOST) == []


def test_every_text_file_is_utf8_and_ends_with_one_newline(root: Path) -> None:
    found = texts(root)
    assert len(found) > 100
    assert [name for name, text in found if text and (not text.endswith("\n") or text.endswith("\n\n"))] == []


def without_a_reason(source: str) -> list[int]:
    """Return the lines that switch ruff or mypy off and say nothing else about it, nor does a comment above them."""
    lines = source.splitlines()
    return [
        number
        for number, line in enumerate(lines, 1)
        if BARE_EXCEPTION.search(line) and not re.match(r"\s*#", lines[max(number - 2, 0)])
    ]


def test_every_exception_from_ruff_and_mypy_has_its_reason(root: Path) -> None:
    sources = [(name, text) for name, text in texts(root) if name.endswith(".py")]
    assert len(sources) > 100
    assert [f"{name}:{number}" for name, text in sources for number in without_a_reason(text)] == []


def test_a_reason_stands_behind_an_exception_or_above_it() -> None:
    code = "x = f()  # " + "type: ignore[arg-type]"
    assert without_a_reason(f"{code}\n{code}, a stand-in\n# A stand-in.\n{code}\n") == [1]
    code = "x = f()  # " + "noqa: S104"
    assert without_a_reason(f"{code}\n{code} (nothing is bound)\n{code}, S105\n") == [1, 3]


def imports_of_ansible(source: str) -> list[str]:
    """Return the modules of Ansible that a Python source imports, relative imports aside."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
    return [
        name
        for name in names
        if re.match(r"ansible(_|\.|$)", name) and not name.startswith(ENGINE_MAY_IMPORT_FROM_ANSIBLE_COLLECTIONS)
    ]


def engine(root: Path) -> dict[str, str]:
    """Return the sources of the engine by their paths in it."""
    folder = root / ENGINE
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}


def test_only_the_engines_faces_import_ansible(root: Path) -> None:
    importing = {name for name, source in engine(root).items() if imports_of_ansible(source)}
    assert {name for name in importing if not name.startswith(f"{FACES}/")} == set()
    kinds = ("action", "connections", "filter", "held_change", "login_defaults", "lookup", "origins", "stock_modules")
    assert importing == {f"{FACES}/{kind}.py" for kind in (*kinds, "vault", "windows_firewall")}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import ansible.errors", ["ansible.errors"]),
        ("from ansible.module_utils.basic import AnsibleModule", ["ansible.module_utils.basic"]),
        ("def f():\n    from ansible import constants", ["ansible"]),
        (
            "from ansible_collections.faxnet.deploy.plugins.module_utils import x",
            ["ansible_collections.faxnet.deploy.plugins.module_utils"],
        ),
        ("from ansible_collections.faxnet.deploy.plugins.plugin_utils import plan", []),
        ("from . import plan\nimport ansiblelike", []),
    ],
)
def test_an_import_of_ansible_is_seen(source: str, found: list[str]) -> None:
    assert imports_of_ansible(source) == found


def canonical(name: str) -> str:
    """Return a distribution's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", ["project", "bench", "importer"])
def test_lock_holds_every_wanted_package_pinned_and_hashed(lock: str, root: Path) -> None:
    folder = root / "requirements"
    wanted = re.findall(r"^([A-Za-z0-9][\w.-]*)", (folder / f"{lock}.in").read_text(encoding="utf-8"), re.MULTILINE)
    text = (folder / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"^([A-Za-z0-9][\w.-]*)==\S+[^\n]*\\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE
    )
    pinned = {canonical(name) for name, _hashes in entries}
    lines = re.findall(r"^[A-Za-z0-9].*$", text, re.MULTILINE)
    assert wanted
    assert {canonical(name) for name in wanted} <= pinned
    assert len(entries) == len(lines), "an entry without a version or a hash"


def test_execution_environment_wants_what_the_project_pins(root: Path) -> None:
    folder = root / "requirements"
    wanted = re.findall(
        r"^([a-z][\w.-]*)", (root / "meta/ee-requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    pinned = re.findall(r"^([a-z][\w.-]*)", (folder / "project.in").read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted
    assert set(wanted) <= set(pinned)
