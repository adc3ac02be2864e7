# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: whole, readable without anything else, and safe whatever names and values it is made of."""

from __future__ import annotations

import base64
import hashlib
import html
import html.parser
import re
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing_file import STYLE_SHEET
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.markup import tag, text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import SCRIPT, report_page
from tests.unit.verification.offices import as_planned, planned, reported, source_of, two_offices, wide_open

VOID = {"meta", "br", "hr", "img", "link", "col", "input", "wbr"}
HOSTILE = "<script>alert('x')</script>\"'&\x07\u202e"


class Outline(html.parser.HTMLParser):
    """Reads a page strictly: every element is closed in order; collects ids, links, attributes and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        values = dict(attrs)
        self.attributes.update(values)
        self.ids += [values["id"]] if values.get("id") else []
        self.links += [value for key, value in attrs if key in ("href", "src", "xlink:href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1:] == [tag], f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.words.append(data)


def outline(report: Report) -> Outline:
    read = Outline()
    read.feed(report_page(report))
    read.close()
    assert read.open == []
    return read


@pytest.fixture(params=["good", "bad", "untested", "limited"])
def report(request: pytest.FixtureRequest) -> Report:
    answers = {"good": as_planned, "bad": wide_open, "untested": None, "limited": as_planned}
    return reported(two_offices(), answers[request.param], only="fl-" if request.param == "limited" else "")


def test_every_element_is_closed_and_no_id_stands_twice(report: Report) -> None:
    read = outline(report)
    assert len(read.ids) == len(set(read.ids))


def test_nothing_is_loaded_from_anywhere_and_no_script_but_our_own_may_run(report: Report) -> None:
    read = outline(report)
    page = report_page(report)
    assert all(re.fullmatch(r"#[\w-]+|[a-z]+\.[a-z]+", link) for link in read.links)
    assert not {"link", "iframe", "img", "object"} & set(read.seen)
    assert not [name for name in read.attributes if name.startswith("on") or name == "style"]
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttp|import\(", page)
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', page)
    allowed = dict(part.split(" ", 1) for part in html.unescape(policy).split("; "))
    hashes = {}
    for element in ("style", "script"):
        (own,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        hashes[f"{element}-src"] = f"'sha256-{base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()}'"
    assert allowed == {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", **hashes}


def test_the_page_carries_its_style_sheet_and_its_script_whole(report: Report) -> None:
    page = report_page(report)
    for element, path in (("style", STYLE_SHEET), ("script", SCRIPT)):
        assert f"<{element}>{path.read_text(encoding='utf-8')}</{element}>" in page
        assert page.count(f"</{element}>") == 1


def test_without_its_script_the_page_shows_no_field_that_does_nothing(report: Report) -> None:
    (field,) = re.findall(r'<div class="find"[^>]*>', report_page(report))
    assert " hidden" in field


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(report: Report) -> None:
    boxes = re.findall(r'<div class="(?:wide|picture)"[^>]*>', report_page(report))
    assert len(boxes) > 5
    assert [box for box in boxes if not re.search(r' tabindex="0" role="region" aria-label="[^"]+"', box)] == []


def test_every_link_of_the_contents_leads_somewhere(report: Report) -> None:
    read = outline(report)
    assert {link[1:] for link in read.links if link.startswith("#")} <= set(read.ids)


def test_the_verdict_comes_first_and_stands_in_the_title(report: Report) -> None:
    page = report_page(report)
    assert re.search(rf"<title>{re.escape(report.headline)}", page)
    assert page.index("<h1>") < page.index("<h2>")


def test_the_drawing_has_a_title_and_says_itself_in_words(report: Report) -> None:
    words = " ".join(outline(report).words)
    assert "fl-fax calls back uk-ts1 on 10500\u201310599 tcp." in words
    assert "uk-pc1 connects to fl-fax on 7488 tcp." in words


def sections(report: Report) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", report_page(report))


def test_what_is_not_as_planned_comes_first() -> None:
    assert sections(reported(two_offices(), wide_open))[0] == "What is not as planned"
    assert "What is not as planned" not in sections(reported(two_offices(), as_planned))


def test_a_page_before_any_test_says_so_and_claims_nothing() -> None:
    words = " ".join(outline(reported(two_offices(), None)).words)
    assert "Planned, not tested yet" in words
    assert "faxnet.deploy.verify" in words
    assert not {"passed", "failed", "not proven"} & set(words.split())
    assert "Notifications" not in sections(reported(two_offices(), None))


def test_digest_and_time_stand_on_the_page(report: Report) -> None:
    page = report_page(report)
    assert report.view.digest in page
    assert report.source.time in page


def test_router_sheets_hold_each_forward() -> None:
    words = outline(reported(two_offices(), None)).words
    assert "netcfax SCP 198.51.100.10 to uk-ts1" in words


def test_client_sheets_hold_the_instructions() -> None:
    words = " ".join(outline(reported(two_offices(), None)).words)
    assert "BEFORE you log in" in words
    assert "enter 10500 in the low field and 10599 in the high field" in words


def hostile(value: Any) -> Any:
    """Return *value* with a hostile text after every text that is shown and not computed with."""
    if isinstance(value, dict):
        shown = ("reason", "text", "message", "cure", "title", "purpose", "value", "system", "detail", "instance")
        return {
            key: f"{item}{HOSTILE}" if key in shown and isinstance(item, str) else hostile(item)
            for key, item in value.items()
        }
    return [hostile(item) for item in value] if isinstance(value, list) else value


def renamed(value: Any) -> Any:
    """Return *value* with a hostile name for a host, wherever it stands."""
    if isinstance(value, dict):
        return {renamed(key): renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item) for item in value]
    return value.replace("uk-pc1", f"uk-pc1{HOSTILE}") if isinstance(value, str) else value


def test_hostile_names_and_texts_stay_text() -> None:
    plan, slices = planned(two_offices())
    plan["findings"] = [
        {"code": "FXN311", "severity": "warning", "title": "t", "hosts": ["uk-pc1"], "message": "m", "cure": "c"}
    ]
    plan, slices = renamed(hostile(plan)), renamed(hostile(slices))
    probe = {"id": "a>b", "host": "uk-pc1", "target": "fl-fax", "address": "10.1.0.10", "port": 1, "transport": "tcp"}
    probe |= {"expect": "open", "kind": "flow", "reason": "r", "outcome": "silent", "detail": "d"}
    results = {"uk-pc1": {"plan": plan["digest"], "probes": [probe], "notifications": None, "instances": None}}
    report = make_report(source_of(plan, slices, None, renamed(hostile(results))))
    read = outline(report)
    assert read.seen.count("script") == 1
    assert report_page(report).count("<script") == 1
    assert any("<script>alert('x')</script>" in words for words in read.words)
    assert "\x07" not in report_page(report)


def test_a_finding_names_every_host_that_it_concerns() -> None:
    plan, slices = planned(two_offices())
    hosts = [f"pc{number}" for number in range(12)]
    finding = {"code": "FXN311", "severity": "warning", "title": "t", "message": "is so", "cure": "c"}
    plan["findings"] = [{**finding, "hosts": hosts}, {**finding, "hosts": []}]
    words = outline(make_report(source_of(plan, slices, None, {}))).words
    assert f"{', '.join(hosts)}: is so." in words
    assert "The whole network: is so." in words


def test_a_finding_of_many_hosts_folds_their_names_away_and_drops_none() -> None:
    plan, slices = planned(two_offices())
    hosts = [f"pc{number}" for number in range(300)]
    finding = {"code": "FXN311", "severity": "warning", "title": "t", "message": "is so", "cure": "c"}
    plan["findings"] = [{**finding, "hosts": hosts}]
    words = outline(make_report(source_of(plan, slices, None, {}))).words
    assert f"{', '.join(hosts[:12])} and 288 more: is so." in words
    assert ", ".join(hosts) in words


def test_markup_escapes_strings_and_attributes_and_nothing_twice() -> None:
    made = tag("p", "<b>&", tag("b", "x"), title='"<')
    assert made == '<p title="&quot;&lt;">&lt;b&gt;&amp;<b>x</b></p>'
    assert text([None, 1, "<", tag("br")]) == "1&lt;<br>"


def large(clients: int) -> dict[str, Any]:
    inventory = two_offices()
    uses = [{"service": "netcfax", "server": "fl-fax", "callback": {"size": 10}}]
    for site in range(clients // 20):
        name = f"site{site:03}"
        public = f"198.18.{site // 250}.{1 + site % 250}"
        network = f"10.{10 + site // 250}.{site % 250}"
        inventory["faxnet_sites"][name] = {
            "networks": [f"{network}.0/24"],
            "gateway": f"router{site:03}",
            "public_address": public,
        }
        inventory["hosts"][f"router{site:03}"] = {"faxnet_site": name, "faxnet_address": f"{network}.1"}
        for index in range(20):
            host = {"faxnet_site": name, "faxnet_address": f"{network}.{10 + index}", "faxnet_uses": uses}
            inventory["hosts"][f"pc{site:03}-{index:02}"] = host
    return inventory


def test_a_large_plan_is_shown_by_site_and_stays_readable() -> None:
    report = reported(large(600), as_planned, notify=False)
    page = report_page(report)
    read = outline(report)
    assert len(page) < 1_500_000
    assert "26 more sites" in " ".join(read.words)
    assert page.count("<tr>") < 5000
