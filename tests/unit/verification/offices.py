# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for tests, and a network that behaves as they say, so that results can be had without packets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.plans import (
    SinceApproved,
    places_of,
    plan_changes,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.changes import Changed
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.source import Source
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.probes import Expectations, Limits
from tests.golden.plan.made import read_case

TIME = "2026-11-20T14:00:00Z"
APPROVED_AT = "2026-11-13T09:30:00Z"

Answer = Callable[[dict[str, Any]], str]


def two_offices() -> dict[str, Any]:
    """Return the inventory of the two offices, to be changed at will."""
    return read_case("two_offices")


def planned(inventory: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the plan document and the slices of an inventory."""
    made = make_plan(Inputs(sites=inventory["faxnet_sites"], hosts=inventory["hosts"]))
    assert made.plan is not None, "\n".join(finding.text() for finding in made.findings)
    written = PlanDocuments(made.plan)
    parts = {part.host: read_slice_document(part.content, part.host, "") for part in written.slices}
    return json.loads(b"".join(written.plan)), parts


def expected(inventory: dict[str, Any], limits: Limits | None = None) -> Expectations:
    """Return what is expected of an inventory's plan."""
    plan, slices = planned(inventory)
    return expectations(plan, slices, limits)


def as_planned(probe: dict[str, Any]) -> str:
    """Answer as a network does that holds exactly the plan, its servers and clients running."""
    if probe["kind"] == "control":
        # A router answers echo requests, and so does a host to its own site; a router passes none on.
        private, own = probe["address"].startswith("10."), probe["target"][:2] == probe["host"][:2]
        return "open" if own or not private else "silent"
    return "silent" if probe["expect"] == "silent" else "open"


def wide_open(probe: dict[str, Any]) -> str:
    """Answer as a network without any rule: everything gets through, and hosts refuse what they do not serve."""
    return "open" if probe["expect"] != "silent" else "refused"


def dead(_probe: dict[str, Any]) -> str:
    """Answer nothing, as a cut line."""
    return "silent"


def results_of(
    plan: dict[str, Any], expects: Expectations, answer: Answer, *, only: str = "", notify: bool = True
) -> dict[str, dict[str, Any]]:
    """Return result documents of a network that answers so; *only*: hosts whose names begin with it."""
    found: dict[str, dict[str, Any]] = {}
    for host in expects.probes:
        if host.startswith(only):
            probes = [
                {**probe, "outcome": answer(probe), "detail": "", "tries": 1, "milliseconds": 0.5}
                for probe in expects.of_host(host)["probes"]
            ]
            found[host] = {"plan": plan["digest"], "host": host, "probes": probes}
            found[host] |= {"notifications": None, "instances": None}
    if notify:
        _notify(plan, found)
    return found


def _notify(plan: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    # Reversed, for the first one counts.
    dials = {flow["destination"]: flow["dial"] for flow in reversed(plan["flows"]) if flow["callback"]}
    for use in plan["uses"]:
        if use["server"] not in found:
            continue
        dial = dials[use["host"]]
        sent = found[use["server"]]["notifications"] = found[use["server"]]["notifications"] or []
        instances = []
        for index in range(use["instances"]):
            name = f"{use['host']}/{use['service']}@{use['server']}/{index + 1}"
            port = use["callback"]["fixed"] if use["callback"]["mode"] == "fixed" else use["callback"]["low"] + index
            sent.append({"instance": name, "token": f"token of {name}", "address": dial, "port": port})
            sent[-1] |= {"outcome": "delivered", "answered_by": name, "detail": ""}
            instances.append({"name": name, "notifications": [{"token": f"token of {name}"}]})
        if use["host"] in found:
            found[use["host"]]["instances"] = (found[use["host"]]["instances"] or []) + instances


def reported(
    inventory: dict[str, Any],
    answer: Answer | None,
    *,
    only: str = "",
    notify: bool = True,
    time: str = TIME,
    **more: Any,
) -> Report:
    """Return the report of an inventory in a network that answers so; None: before anything was tested.

    Args:
        more: what else the report's source has.
    """
    plan, slices = planned(inventory)
    expects = expectations(plan, slices)
    results = {} if answer is None else results_of(plan, expects, answer, only=only, notify=notify)
    return make_report(replace(source_of(plan, slices, expects, results, time), **more))


def since_plan_of(approved: dict[str, Any], inventory: dict[str, Any]) -> SinceApproved:
    """Hold the plan of an inventory against that of the one that was approved."""
    (before, old), (after, new) = planned(approved), planned(inventory)
    if before["digest"] == after["digest"]:
        return SinceApproved(before["digest"], APPROVED_AT, is_this=True)
    differing = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    changed = [Changed(name, old.get(name), new.get(name)) for name in differing]
    return SinceApproved(
        before["digest"], APPROVED_AT, changes=plan_changes(places_of(before), places_of(after), changed)
    )


def source_of(
    plan: dict[str, Any],
    slices: Mapping[str, Mapping[str, Any]],
    expects: Expectations | None,
    results: Mapping[str, Mapping[str, Any]],
    time: str = TIME,
) -> Source:
    """Return what a report is made of."""
    summary = None if expects is None else expects.summary()
    return Source(view_plan(plan), slices, summary, results, time, {"faxnet.deploy": "0.1.0"})
