# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test pages in the report: what their records say, and no more than they can be trusted with."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.sent_pages import read_sent_pages
from tests.unit.verification.offices import as_planned, reported, two_offices

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()
CALL: dict[str, Any] = {
    "call": "florida to sheffield", "time": "2026-11-20 14:00:00", "plan": "", "delivered": True, "blame": "",
    "text": "the page arrived, whole and as it was sent", "cure": "", "picture": PNG,
}  # fmt: skip
LOST = {**CALL, "delivered": False, "blame": "network", "text": "it did not", "cure": "deploy again", "picture": ""}


def kept(base: Path, **files: object) -> Path:
    folder = base / "canary"
    folder.mkdir()
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return base


def told(base: Path, plan: str = "") -> Report:
    """The report of two offices beside such records; *plan* is put where a record names none."""
    report = reported(two_offices(), as_planned)
    pages, unread = read_sent_pages(base)
    pages = tuple(page._replace(plan=page.plan or plan or report.view.digest) for page in pages)
    return make_report(replace(report.source, sent_pages=pages, unread_pages=unread))


def test_the_newest_page_of_each_call_counts(tmp_path: Path) -> None:
    earlier = {key: value for key, value in CALL.items() if key not in ("call", "plan", "picture")}
    pages, unread = read_sent_pages(kept(tmp_path, a=[LOST, earlier, earlier], b=[{**CALL, "call": "back"}]))
    assert unread == ()
    assert [(page.call, page.delivered, page.arrived, page.calls) for page in pages] == [
        ("florida to sheffield", False, 2, 3),
        ("back", True, 1, 1),
    ]


def test_a_page_is_shown_as_it_arrived_and_nothing_else_may_be_loaded(tmp_path: Path) -> None:
    page = report_page(told(kept(tmp_path, a=[CALL])))
    assert f'src="data:image/png;base64,{PNG}"' in page
    assert "img-src data:" in page
    assert "florida to sheffield" in page
    assert "with this plan" in page
    document = json.loads("".join(report_json(told(tmp_path))))
    assert document["test_pages"][0]["delivered"] is True
    assert "picture" not in document["test_pages"][0]


def test_what_did_not_arrive_is_told_with_whom_to_blame(tmp_path: Path) -> None:
    page = report_page(told(kept(tmp_path, a=[LOST]), plan="0123456789abcdef"))
    for words in (
        "not delivered",
        "It did not.",
        "To blame: the network",
        "What to do: deploy again",
        "another plan, 0123456789ab",
    ):
        assert words in page
    assert "<img" not in page
    assert "img-src" not in page


def test_without_test_pages_the_page_says_nothing_of_them() -> None:
    page = report_page(reported(two_offices(), as_planned))
    assert "test-pages" not in page
    assert "img-src" not in page


@pytest.mark.parametrize(
    "record",
    ["", "{", "[]", "{}", "[1]", "null", "[" * 100_000, [{**CALL, "delivered": "yes"}], [{**CALL, "time": 5}], [{"call": "x"}], [CALL, 7]],  # noqa: E501, a list
    ids=str,
)  # fmt: skip
def test_a_damaged_record_is_a_finding_and_the_others_are_told(tmp_path: Path, record: object) -> None:
    report = told(kept(tmp_path, a=record, b=[CALL]))
    (finding,) = (each for each in report.findings if each["code"] == "FXN602")
    assert finding["variable"] == "canary/a.json"
    assert "\n" not in finding["message"]
    assert [page.call for page in report.source.sent_pages] == ["florida to sheffield"]
    assert report_page(report)


@pytest.mark.parametrize(
    "picture",
    ["javascript:alert(1)", base64.b64encode(b"<svg onload=x>").decode(), PNG + '"><script>', "A" * 2_000_000],
)  # fmt: skip
def test_only_a_picture_is_shown_as_one(tmp_path: Path, picture: str) -> None:
    assert "<img" not in report_page(told(kept(tmp_path, a=[{**CALL, "picture": picture}])))


def test_names_and_words_are_text(tmp_path: Path) -> None:
    hostile = "<script>alert('x')</script>"
    page = report_page(told(kept(tmp_path, a=[{**LOST, "call": hostile, "text": hostile, "cure": hostile}])))
    assert hostile not in page
