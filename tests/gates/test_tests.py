# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test must do: fail where there is nothing to test, and measure no time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.vacuous import asserting, hollow_tests, timed, without_assertion

FOLDERS = ("tests", "molecule")


@pytest.fixture(scope="module")
def sources(root: Path) -> dict[str, str]:
    """Return the text of every test module by its path."""
    found = (path for folder in FOLDERS for path in sorted((root / folder).rglob("test_*.py")))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_no_test_passes_with_nothing_to_test(sources: dict[str, str]) -> None:
    assert len(sources) > 50
    found = [f"{file}::{name}" for file, source in sources.items() for name in hollow_tests(source)]
    assert found == [], "assert first that there is something to loop over"


@pytest.mark.parametrize(
    "body",
    [
        "for item in made(): assert item",
        "assert all(item for item in made())",
        "assert [item for item in made() if wrong(item)] == []",
        "assert not [item for item in made() if wrong(item)]",
        "assert not any(wrong(item) for item in made())",
        "items = made()\n    for item in items:\n        assert item",
        "for item in sorted(made()):\n        for letter in 'ab':\n            assert letter in item",
        "for item in made()['a']: assert item",
    ],
)
def test_a_test_that_would_pass_with_nothing_is_seen(body: str) -> None:
    assert hollow_tests(f"def test_it():\n    {body}\n") == ["test_it"]


@pytest.mark.parametrize(
    "body",
    [
        "assert made() == [1]",
        "for item in (1, 2): assert item",
        "for item in CASES: assert item",
        "for number, item in enumerate(sorted(CASES)): assert item",
        "items = made()\n    assert items\n    for item in items: assert item",
        "items = made()\n    assert len(items) == 3\n    for item in items: assert item",
        "items = made()\n    assert len(items) > 3\n    assert not [item for item in items if wrong(item)]",
        "one, two = made()\n    assert one",
        "with pytest.raises(ValueError):\n        made()\n    for item in made(): assert item",
        "assert all(item in made() for item in (1, 2))",
    ],
)
def test_a_test_that_fails_with_nothing_is_let_be(body: str) -> None:
    assert hollow_tests(f"CASES = {{'a': 1}}\ndef test_it():\n    {body}\n") == []


def test_every_test_asserts_something(sources: dict[str, str]) -> None:
    assert len(sources) > 50
    # Helpers that one module of tests has of another.
    known = frozenset(name for source in sources.values() for name in asserting(source) if not name.startswith("test_"))
    found = [f"{file}::{name}" for file, source in sources.items() for name in without_assertion(source, known)]
    assert found == [], "say what has to come out"


def test_a_test_that_asserts_nothing_is_seen() -> None:
    module = "def helper(x):\n    {}\ndef test_it():\n    helper(1)\n"
    assert without_assertion(module.format("return x")) == ["test_it"]
    assert without_assertion(module.format("assert x")) == []


def test_no_test_measures_time(sources: dict[str, str]) -> None:
    """How fast something is depends on the machine, and on what else it does: that is for `make bench`."""
    assert sources
    found = [f"{file}:{line}" for file, source in sources.items() for line in timed(source)]
    assert found == [], "count the work (tests/unit/work.py), or what happened in which order"


def test_a_measured_time_is_seen() -> None:
    assert timed("began = time.monotonic()\nassert time.monotonic() - began < 5") == [2]
    assert timed("began = time.monotonic()\nended = time.monotonic()\nassert ended - began < 5") == [3]
    assert timed("end = time.monotonic() + 5\nwhile time.monotonic() < end: pass") == []
