# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of the two offices: as planned, without any rule, and before anything was tested; probes of every kind."""

from __future__ import annotations

from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing import drawing
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.expectations.offices import as_planned, planned, reported, two_offices, wide_open
from tests.unit.expectations.products import products, router_slices


def files() -> dict[str, str]:
    """Return every golden file."""
    mixed = products()
    found = {
        "probes.txt": _probes(*planned(two_offices())),
        "products_probes.txt": _probes(mixed, router_slices(mixed)),
        "products.svg": str(drawing(make_scene(view_plan(mixed)))).replace("><", ">\n<") + "\n",
    }
    for name, answer in (("as_planned", as_planned), ("without_rules", wide_open), ("untested", None)):
        report = reported(two_offices(), answer)
        # One element a line: a review sees what changed, and not one long line.
        found[f"{name}.html"] = report_page(report).replace("><", ">\n<")
        if answer is as_planned:
            found[f"{name}.json"] = report_json(report)
            found[f"{name}.xml"] = junit_xml(report)
    return found


def _probes(plan: dict[str, Any], slices: dict[str, dict[str, Any]]) -> str:
    """What is expected of a plan, a line each, and what nobody can show."""
    expected = expectations(plan, slices)
    every = [probe for probes in expected.probes.values() for probe in probes]
    lines = [f"{probe.expect:8}{probe.kind:24}{probe.id}" for probe in every]
    lines += [f"not tried: {item.exchange}, {', '.join(item.flows)}: {item.reason}" for item in expected.not_probed]
    return "\n".join(lines) + "\n"
