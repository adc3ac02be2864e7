# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's page in a browser: axe-core finds nothing serious, the script does what it should, everything fits."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import Approval
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from tests.gates.browser import Browser, find_chromium
from tests.gates.command import run
from tests.unit.report.test_page import large
from tests.unit.verification.offices import as_planned, reported, since_plan_of, two_offices, wide_open

#: One browser for all of them.
pytestmark = pytest.mark.xdist_group("browser")

AXE = ".build/npm/axe-core/axe.min.js"

#: In the dark only colours are different, and telling whether they can be read is what takes axe longest.
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}

#: Opens one pop-up, and of what is folded the first two in each section. The others, of which a large network has
#: hundreds, hold the same again; axe would look at nothing in them and still take its time with each element.
OPEN = """
document.querySelectorAll("section").forEach((section) => {
  [...section.querySelectorAll("details.sheet, .finding details")].slice(0, 2).forEach((item) => { item.open = true; });
});
document.querySelectorAll("details.sheet:not([open])").forEach((item) => item.remove());
document.querySelector(".matrix details").open = true;
"""

LOOK = """
axe.run(document, {resultTypes: ["violations"], ...%s}).then((found) => ({
  rules: found.passes.map((rule) => rule.id),
  serious: found.violations.filter((rule) => ["serious", "critical"].includes(rule.impact)).map((rule) =>
    [rule.id, rule.impact, rule.help, ...rule.nodes.slice(0, 5).map((node) => node.html.slice(0, 200))].join(" ")),
}))
"""


def long_names(inventory: dict[str, Any]) -> dict[str, Any]:
    """The same network, every host named by a domain name of 60 letters."""
    text = json.dumps(inventory)
    for name in sorted(inventory["hosts"], key=len, reverse=True):
        text = text.replace(f'"{name}"', f'"{name}{".accounts-receivable.building-seven.leeds.example.org"[:60]}"')
    named: dict[str, Any] = json.loads(text)
    return named


def report_of(size: str) -> Report:
    """A report of so many hosts; of the smallest nothing is as planned, so that there is everything to show."""
    before = two_offices()
    del before["hosts"]["uk-pc2"]
    before["hosts"]["uk-pc1"]["faxnet_address"] = "10.2.0.99"
    before["hosts"]["fl-fax"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["10.1.0.0/24"]}]
    if size == "9 hosts":
        approval = Approval("Two offices", "CHG-20417", "Telephony", "Network security", digest="0" * 64)
        return reported(two_offices(), wide_open, since=since_plan_of(before, two_offices()), approval=approval)
    if size == "long names":
        inventory, before = long_names(two_offices()), long_names(before)
        approval = Approval(*("x" * 2000, "Network of many names " * 100, "9" * 300, "x-" * 500), digest="0" * 64)
        since = since_plan_of(before, inventory)
        return reported(inventory, wide_open, notify=False, since=since, approval=approval)
    return reported(large({"30 hosts": 20, "200 hosts": 180}[size]), as_planned, notify=False)


@pytest.fixture(scope="module")
def axe(root: Path) -> str:
    """Return the text of axe-core, installed where it is not."""
    run(["tools/setup.sh", "browser"], cwd=root)
    return (root / AXE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(axe: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a browser; a system that has none, and no package of one, fails on a build server only."""
    program = find_chromium()
    if program is None and not os.environ.get("CI"):
        pytest.skip("this system has no Chromium, and no package of one: put one on the path")
    assert program is not None, "no Chromium, and tools/setup.sh could install none"
    with Browser(program, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the pages that were made already, by size."""
    return {"": tmp_path_factory.mktemp("pages")}


def page_of(pages: dict[str, Path], size: str) -> Path:
    """Return the page of so many hosts, made once."""
    if size not in pages:
        pages[size] = pages[""] / f"{size.replace(' ', '-')}.html"
        pages[size].write_text(report_page(report_of(size)), encoding="utf-8")
    return pages[size]


@pytest.mark.parametrize("scheme", list(RULES))
@pytest.mark.parametrize("size", ["9 hosts", "30 hosts", "200 hosts"])
def test_axe_finds_nothing_serious(browser: Browser, axe: str, pages: dict[str, Path], size: str, scheme: str) -> None:
    assert browser.open(page_of(pages, size), scheme=scheme) == []
    browser.run(OPEN)
    browser.run(f"{axe}; 0")
    found = browser.run(LOOK % json.dumps(RULES[scheme]))
    assert "color-contrast" in found["rules"]
    assert found["serious"] == []


def test_axe_sees_what_cannot_be_read(browser: Browser, axe: str, pages: dict[str, Path]) -> None:
    browser.open(page_of(pages, "9 hosts"))
    browser.run(f"{axe}; document.querySelector('h2').style.color = '#ddd'; 0")
    assert browser.run(LOOK % json.dumps(RULES["dark"]))["serious"] != []


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("size", ["9 hosts", "30 hosts", "long names"])
def test_the_page_is_no_wider_than_its_screen(browser: Browser, pages: dict[str, Path], size: str, width: int) -> None:
    browser.open(page_of(pages, size), width=width)
    browser.run(OPEN)
    assert browser.run("document.documentElement.scrollWidth") <= width


#: Follows each link of the bar, and says whether the link could be seen and where the bar and the section then were.
FOLLOW = """
(() => {
  const bar = document.querySelector(".bar");
  const edge = document.documentElement.clientWidth;
  document.documentElement.style.scrollBehavior = "auto";
  return [...document.querySelectorAll("nav a")].map((link) => {
    link.focus();
    const place = link.getBoundingClientRect();
    link.click();
    location.hash = link.hash;
    const top = document.querySelector(link.hash).getBoundingClientRect().top;
    return [link.textContent, place.right > 0 && place.left < edge, top >= bar.getBoundingClientRect().bottom];
  });
})()
"""


@pytest.mark.parametrize(("width", "lines"), [(1400, 1), (1000, 2), (820, 2), (700, 1), (390, 1)])
def test_every_section_is_reached_from_the_bar_by_keyboard_and_not_covered_by_it(
    browser: Browser, pages: dict[str, Path], width: int, lines: int
) -> None:
    browser.open(page_of(pages, "9 hosts"), width=width)
    # The most links that there can be: no network of so few hosts has something to show in each section.
    browser.run(
        "document.querySelector('nav').insertAdjacentHTML('beforeend', '<a href=\"#gaps\">Special flows</a>'); 0"
    )
    tops = browser.run("[...document.querySelectorAll('nav a')].map((link) => link.offsetTop)")
    assert (len(tops), len(set(tops))) == (13, lines)
    assert [found for found in browser.run(FOLLOW) if found[1:] != [True, True]] == []


def test_finding_moves_no_link(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(page_of(pages, "9 hosts"), width=1000)
    places = "[...document.querySelectorAll('nav a')].map((link) => [link.offsetLeft, link.offsetTop])"
    before = browser.run(places)
    assert browser.run(FIND % json.dumps("pc"))["said"]
    assert browser.run(places) == before


def test_paper_alone_has_lines_to_sign_on(browser: Browser, pages: dict[str, Path]) -> None:
    lines = "[...document.querySelectorAll('.approval .line')].map((item) => item.offsetHeight > 0)"
    said = "[...document.querySelectorAll('.approval .unsaid')].map((item) => item.offsetHeight > 0)"
    browser.open(page_of(pages, "9 hosts"), width=718)
    assert (browser.run(lines), browser.run(said)) == ([False] * 3, [True] * 2)
    browser.call("Emulation.setEmulatedMedia", media="print", features=[])
    try:
        assert (browser.run(lines), browser.run(said)) == ([True] * 3, [False] * 2)
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])


HEIGHTS = "[...document.querySelectorAll('.sheet > :not(summary)')].map((item) => item.offsetHeight)"


@pytest.mark.parametrize("size", ["9 hosts", "30 hosts", "long names"])
def test_on_paper_all_is_open_and_nothing_is_cut_off(browser: Browser, pages: dict[str, Path], size: str) -> None:
    # A4 with margins of 1 cm.
    browser.open(page_of(pages, size), width=718)
    browser.call("Emulation.setEmulatedMedia", media="print", features=[])
    try:
        assert browser.run("document.documentElement.scrollWidth") <= 718
        heights = browser.run(
            "[...document.querySelectorAll('.sheet > :not(summary)')].map((item) => item.offsetHeight)"
        )
        assert len(heights) > 20
        assert min(heights) > 0
        assert browser.run("document.querySelector('.approval').offsetHeight") > 0
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])


FIND = """
(async () => {
  const field = document.querySelector(".find input");
  field.value = %s;
  field.dispatchEvent(new Event("input"));
  await new Promise((done) => setTimeout(done, 300));
  const shown = (item) => item.offsetParent !== null;
  return {
    said: document.querySelector(".find output").textContent,
    grid: [...document.querySelectorAll(".wide .matrix tbody tr:not(.group)")].filter(shown).length,
    ranges: [...document.querySelectorAll("#ranges tbody tr")].filter(shown).map((row) => row.cells[0].textContent),
    open: [...document.querySelectorAll(".sheet[open]")].filter(shown).map((item) =>
      item.querySelector("summary strong").textContent),
  };
})()
"""


def test_the_field_finds_rows_and_sheets_and_gives_all_back(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(page_of(pages, "30 hosts"))
    whole = browser.run(FIND % json.dumps(""))
    assert (whole["said"], whole["grid"], len(whole["ranges"]), whole["open"]) == ("", 4, 24, [])
    found = browser.run(FIND % json.dumps("PC000-07 dynamic"))
    assert found["ranges"] == ["pc000-07"]
    assert re.fullmatch(r"[1-9]\d* of \d+", found["said"])
    found = browser.run(FIND % json.dumps("pc000-07"))
    assert {"site000", "pc000-07", "router000"} <= set(found["open"])
    assert "florida" not in found["open"]
    assert browser.run(FIND % json.dumps("")) == whole


def test_escape_closes_what_opened_over_the_page_and_gives_the_focus_back(
    browser: Browser, pages: dict[str, Path]
) -> None:
    browser.open(page_of(pages, "9 hosts"))
    browser.run("document.querySelector('.matrix summary').click()")
    assert browser.run("document.querySelectorAll('.matrix details[open]').length") == 1
    browser.press("Escape")
    assert browser.run("document.querySelectorAll('.matrix details[open]').length") == 0
    assert browser.run("document.activeElement === document.querySelector('.matrix summary')") is True
