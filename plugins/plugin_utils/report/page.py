# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page: nothing is loaded from anywhere, and its script is a comfort that nothing needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..verification.judgement import FAILED, PASSED, UNPROVEN
from .also_open_section import also_open_section
from .approval_section import approval_section
from .changes_section import changes_section
from .drawing_file import STYLE_SHEET
from .failures_section import failures_section
from .markup import Markup, raw, tag
from .matrix_section import matrix_section
from .model import BROKEN, INCOMPLETE, SOUND, UNTESTED, Report
from .page_policy import content_policy
from .parts import file_links, number
from .plan_sections import (
    drawing_section,
    findings_section,
    ranges_section,
    sheets_section,
    special_section,
)
from .proof_sections import gaps_section, notifications_section, tests_section
from .sent_pages_section import sent_pages_section

SCRIPT = Path(__file__).with_name("page.js")

_STYLES = {SOUND: "good", BROKEN: "bad", INCOMPLETE: "doubt", UNTESTED: "untested"}
_SIGNS = {
    SOUND: "M16,25 L22,31 L33,18",
    BROKEN: "M17,17 L31,31 M31,17 L17,31",
    INCOMPLETE: "M19,19 A5.5,5.5 0 1 1 24.5,26 V28.5 M24.5,34 V34.5",
    UNTESTED: "M16,24 H32",
}
#: A word or two each: all of them fit into one line of a wide screen.
_CONTENTS = (
    ("failures", "Failed"),
    ("approved", "Changes"),
    ("network", "Network"),
    ("matrix", "Matrix"),
    ("also-open", "Also open"),
    ("tests", "Tests"),
    ("notifications", "Notifications"),
    ("test-pages", "Test pages"),
    ("gaps", "Untested"),
    ("special", "Special flows"),
    ("ranges", "Ranges"),
    ("findings", "Findings"),
    ("sheets", "Sheets"),
    ("approval", "Approval"),
)


def report_page(report: Report) -> str:
    """Return the page."""
    sections = {
        "failures": failures_section(report),
        "approved": changes_section(report),
        "network": drawing_section(report),
        "matrix": matrix_section(report),
        "also-open": also_open_section(report),
        "tests": tests_section(report),
        "notifications": notifications_section(report),
        "test-pages": sent_pages_section(report),
        "gaps": gaps_section(report),
        "special": special_section(report),
        "ranges": ranges_section(report),
        "findings": findings_section(report),
        "sheets": sheets_section(report),
        "approval": approval_section(report),
    }
    style, script = (path.read_text(encoding="utf-8") for path in (STYLE_SHEET, SCRIPT))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(report, style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="faxnet.deploy"),
        tag("title", f"{report.headline} \u2013 fax network report"),
        tag("style", raw(style)),
    )
    top = tag("div", _contents(sections, report), _find(), class_="bar")
    main = tag("main", sections.values())
    body = tag("body", _verdict(report), top, main, _footer(report), tag("script", raw(script)))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _policy(report: Report, style: str, script: str) -> str:
    return content_policy(style, script, pictures=any(page.picture for page in report.source.sent_pages))


def _verdict(report: Report) -> Markup:
    style = _STYLES[report.verdict]
    sign = tag(
        "svg",
        tag("circle", cx=24, cy=24, r=21),
        tag("path", d=_SIGNS[report.verdict]),
        viewBox="0 0 48 48",
        class_="sign",
        aria_hidden="true",
    )
    words = tag(
        "div",
        tag("p", " \u00b7 ".join(filter(None, _names(report))), class_="kicker"),
        tag("h1", report.headline),
        tag("p", report.sentence, class_="sentence"),
        _facts(report),
    )
    return tag("header", tag("div", sign, words, class_="banner"), class_=f"verdict {style}")


def _names(report: Report) -> tuple[str, str, str]:
    """What the page is, of which network, and for which change."""
    said = report.source.approval
    return "Fax network report", said.network, f"change {said.change}" if said.change else ""


def _facts(report: Report) -> Markup:
    view, counts = report.view, report.counts()
    enabled = sum(flow.enabled for flow in view.flows)
    facts = [number(len(view.sites), "site"), number(len(view.hosts), "host"), number(enabled, "flow")]
    if report.checks:
        facts += [f"{counts[PASSED]} passed", f"{counts[FAILED]} failed", f"{counts[UNPROVEN]} not proven"]
    if report.findings:
        facts.append(number(len(report.findings), "finding"))
    moment = tag("time", report.source.time.replace("T", " ").replace("Z", " UTC"), datetime=report.source.time)
    return tag("ul", [tag("li", fact) for fact in facts], tag("li", moment), class_="facts")


def _contents(sections: Mapping[str, Markup | None], report: Report) -> Markup:
    # Of an approval of which nobody said anything there is nothing to be seen but on paper.
    hidden = {"approval"} if not report.source.approval else set()
    shown = [entry for entry in _CONTENTS if sections[entry[0]] is not None and entry[0] not in hidden]
    links = [tag("a", title, href=f"#{identity}") for identity, title in shown]
    return tag("nav", links, aria_label="Sections")


def _find() -> Markup:
    """A field that finds rows; the script shows it, for without one it does nothing."""
    label = tag("label", "Find ", tag("input", type="search", placeholder="host, address, port"))
    return tag("div", label, tag("output"), class_="find", role="search", hidden=True)


def _footer(report: Report) -> Markup:
    versions = ", ".join(f"{name} {version}" for name, version in report.source.versions.items())
    return tag(
        "footer",
        tag("p", "Plan ", tag("code", report.view.digest)),
        tag("p", f"Made {report.source.time} by {versions}."),
        file_links("The same for programs", "report.json", "junit.xml"),
    )
