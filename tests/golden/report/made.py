# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of the two offices: as planned, without any rule, and before anything was tested."""

from __future__ import annotations

from ansible_collections.faxnet.deploy.plugins.plugin_utils.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from tests.unit.expectations.offices import as_planned, planned, reported, two_offices, wide_open


def files() -> dict[str, str]:
    """Return every golden file."""
    found = {"probes.txt": _probes()}
    for name, answer in (("as_planned", as_planned), ("without_rules", wide_open), ("untested", None)):
        report = reported(two_offices(), answer)
        # One element a line: a review sees what changed, and not one long line.
        found[f"{name}.html"] = report_page(report).replace("><", ">\n<")
        if answer is as_planned:
            found[f"{name}.json"] = report_json(report)
            found[f"{name}.xml"] = junit_xml(report)
    return found


def _probes() -> str:
    """What is expected of the two offices, a line each."""
    plan, slices = planned(two_offices())
    every = [probe for probes in expectations(plan, slices).probes.values() for probe in probes]
    lines = [f"{probe.expect:8}{probe.kind:24}{probe.id}" for probe in every]
    return "\n".join(lines) + "\n"
