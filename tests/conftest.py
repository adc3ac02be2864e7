# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test may rely on: the project's tools and collections, found the same way whoever starts pytest."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# How long one example takes says more of the machine than of the code: speed is measured by `make bench`.
hypothesis.settings.register_profile("project", deadline=None)
hypothesis.settings.load_profile("project")


def pytest_configure() -> None:
    """Point subprocesses at the project's venv, collections and state, as the Makefile does."""
    if not (ROOT / ".build" / "collections" / "ansible_collections" / "faxnet" / "deploy").exists():
        pytest.exit("the checkout is not prepared: run `make setup` first", returncode=4)
    binaries = str(Path(sys.executable).parent)
    if os.environ["PATH"].split(os.pathsep)[0] != binaries:
        os.environ["PATH"] = binaries + os.pathsep + os.environ["PATH"]
    os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / ".build" / "collections")
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(ROOT / ".build" / "hypothesis")
    os.environ["ANSIBLE_HOME"] = str(ROOT / ".build" / "ansible")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one lab on one worker; start them and the long gates first, so that no core waits.

    Each worker has a lab at a time, and takes the next one when it is through: nobody has to know how long each of them
    takes. Only the longest ones begin.
    """
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(pytest.mark.xdist_group(lab_of(item)))
    items.sort(key=_turn)


def lab_of(item: pytest.Item) -> str:
    """The name of the lab that a test uses: that of its molecule scenario, one that modules share, or its module's."""
    marker = item.get_closest_marker("lab")
    if marker is not None and marker.args:
        return str(marker.args[0])
    scenario = getattr(item, "callspec", None)
    if item.path.stem == "test_molecule" and scenario is not None:
        return f"molecule_{scenario.id}"
    return item.path.stem.removeprefix("test_")


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("lab"):
        return 0 if item.path.stem == "test_molecule" else 1
    return 2 if "gates" in item.path.parts else 3


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse to spread a lab's tests over workers at will: they would remove each other's containers.

    pytest-xdist marks the group in the test's name; a pytest that it does not know yet can make it fail silently.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and item.get_closest_marker("lab"):
        kept_together = item.nodeid.endswith(f"@{lab_of(item)}")
        assert kept_together, "run with --dist loadgroup, and with a pytest that pytest-xdist supports"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the checkout's top folder."""
    return ROOT
