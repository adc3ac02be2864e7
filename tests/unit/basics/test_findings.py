# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: codes, severities, texts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import (
    KINDS,
    Finding,
    Severity,
    errors,
    short,
    sort_findings,
)


def finding(code: str = "FXN201", **changes: Any) -> Finding:
    told: dict[str, Any] = {"hosts": ("a",), "variable": "v", "value": "x", "message": "is wrong", "cure": "do better"}
    return Finding(code, **{**told, **changes})


def test_every_code_is_stable_in_form_and_has_a_title() -> None:
    assert KINDS
    for code, kind in KINDS.items():
        assert re.fullmatch(r"FXN[1-7]\d\d", code)
        assert kind.code == code
        assert kind.title
        assert kind.title[-1] != "."


def test_only_errors_stop_a_run() -> None:
    told = [finding("FXN201"), finding("FXN212"), finding("FXN311")]
    assert [item.severity for item in told] == [Severity.ERROR, Severity.ADVICE, Severity.WARNING]
    assert errors(told) == told[:1]


def test_the_text_names_host_variable_value_problem_and_cure() -> None:
    text = finding().text()
    for line in ("FXN201 Unknown service", "host      a", "variable  v", "value     x", "problem   is wrong"):
        assert line in text
    assert "cure      do better" in text
    assert "host      all hosts" in finding(hosts=()).text()


def test_a_finding_said_twice_is_told_once_and_the_order_is_fixed() -> None:
    first, second, third = finding("FXN101"), finding("FXN201"), finding("FXN201", hosts=("b",), value="y")
    assert sort_findings([third, first, second, first]) == (first, second, third)


def test_a_mistake_of_many_hosts_is_told_once_with_all_of_them() -> None:
    told = sort_findings([finding(hosts=("c",)), finding(hosts=("a", "d")), finding(hosts=("b",), value="y")])
    assert [item.hosts for item in told] == [("a", "d", "c"), ("b",)]
    assert "host      a, d, c\n" in told[0].text()
    assert told[0].as_dict()["hosts"] == ["a", "d", "c"]


def test_a_terminal_is_told_a_few_hosts_by_name_and_the_rest_by_number() -> None:
    assert "host      pc0, pc1, pc2, pc3, pc4 and 15 more\n" in finding(hosts=tuple(f"pc{n}" for n in range(20))).text()


def test_a_host_name_cannot_break_the_lines_of_a_finding() -> None:
    assert len(finding(hosts=("a\nhost: b",)).text().splitlines()) == len(finding().text().splitlines())


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a\nb", "a\\nb"), ("\x1b[31m", "\\x1b[31m"), ("\u202e", "\\u202e"), ("a" * 200, "a" * 119 + "…"), ([1], "[1]"),
     ("é", "é"), (None, "None")],
)  # fmt: skip
def test_values_are_shown_as_one_short_printable_line(value: object, shown: str) -> None:
    assert short(value) == shown


def test_a_number_too_long_to_print_is_shown_all_the_same() -> None:
    assert len(short(10**5000)) <= 120
