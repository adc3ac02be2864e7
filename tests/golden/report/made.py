# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of the two offices: as planned, without any rule, and before anything was tested; probes of every kind."""

from __future__ import annotations

import html
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import Approval
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing import drawing
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing_file import STYLE_SHEET
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.exports import tables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import SCRIPT, report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page_policy import content_policy
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.verification.offices import as_planned, planned, reported, since_plan_of, two_offices, wide_open
from tests.unit.verification.products import products, router_slices


def files() -> dict[str, str]:
    """Return every golden file."""
    mixed = products()
    open_to_all, untested = (reported(two_offices(), answer) for answer in (wide_open, None))
    tested = _signed()
    found = {
        "probes.txt": _probes(*planned(two_offices())),
        "products_probes.txt": _probes(mixed, router_slices(mixed)),
        "products.svg": _lines(str(drawing(make_scene(view_plan(mixed))))),
        # One page is enough to be read by eye; what differs on the others is in the report's data.
        "as_planned.html": _lines(_with_marks(report_page(tested))),
        "as_planned.xml": "".join(junit_xml(tested)),
        "as_planned.json": "".join(report_json(tested)),
        "without_rules.json": "".join(report_json(open_to_all)),
        "untested.json": "".join(report_json(untested)),
    }
    for names, steps in tables(tested).items():
        # Tables end their lines as spreadsheets want it (tests/unit/report/test_exports.py); here all files do alike.
        found |= {
            name: "".join(pieces).replace("\r\n", "\n")
            for name, pieces in zip(names, zip(*steps, strict=True), strict=True)
        }
    return {f"expected/{name}": text for name, text in found.items()}


def _signed() -> Report:
    """All as planned, since another plan was approved: without one client, with another elsewhere, with a permit."""
    before, inventory = two_offices(), two_offices()
    del before["hosts"]["uk-pc2"]
    before["hosts"]["uk-pc1"]["faxnet_address"] = "10.2.0.99"
    before["hosts"]["fl-fax"]["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["10.1.0.0/24"]}]
    digest = planned(inventory)[0]["digest"]
    approval = Approval("Two offices", "CHG-20417", "Telephony", "Network security", "2026-11-19", digest[:12])
    return reported(inventory, as_planned, since=since_plan_of(before, inventory), approval=approval)


def _with_marks(page: str) -> str:
    """The page with marks where its style sheet and its script stand, which have files of their own to be read in."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in (STYLE_SHEET, SCRIPT)}
    allowed = html.escape(content_policy(*texts.values(), pictures=False))
    for text, mark in ((allowed, "page.css and page.js"), *((text, name) for name, text in texts.items())):
        assert page.count(text) == 1, f"the page has {mark} {page.count(text)} times"
        page = page.replace(text, f"[{mark}]")
    return page


def _lines(markup: str) -> str:
    """One element a line: a review sees what changed, and not one long line."""
    return markup.replace("><", ">\n<").rstrip("\n") + "\n"


def _probes(plan: dict[str, Any], slices: dict[str, dict[str, Any]]) -> str:
    """What is expected of a plan, a line each, and what nobody can show."""
    expected = expectations(plan, slices)
    every = [probe for probes in expected.probes.values() for probe in probes]
    lines = [f"{probe.expect:8}{probe.kind:24}{probe.id}" for probe in every]
    lines += [f"not tried: {item.exchange}, {', '.join(item.flows)}: {item.reason}" for item in expected.not_probed]
    return "\n".join(lines) + "\n"
