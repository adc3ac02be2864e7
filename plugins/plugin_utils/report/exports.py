# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside the page to be sorted, compared or pasted: flows, rules, call-back ranges, changes of access.

Each table is gone through once for both of its files, a row at a time, and says the same in every run of one plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ..access.since_words import since_lines
from ..access.words import told_changes
from ..basics.ports import PortRange, ports_text
from ..plan_files.view import FlowView, PlanView
from ..platforms.rule_list import rule_list
from .model import Report
from .table_files import Row, both

DRAWING = "network.svg"
CHANGES = "changes"

_ANY = "any"


class FlowRow(NamedTuple):
    """One flow: what its packets look like where they begin (``dial``) and where they end."""

    service: str
    exchange: str
    started_by: str
    source: str
    source_site: str
    source_ports: str
    seen_as: str
    dial: str
    destination: str
    destination_site: str
    destination_address: str
    ports: str
    transport: str
    state: str
    via: str
    idle_seconds: int | None
    helper: str
    carried_by: str
    reason: str


class RuleRow(NamedTuple):
    """One rule of one device, as a person would type it."""

    device: str
    platform: str
    rule: str
    direction: str
    service: str
    action: str
    transport: str
    ports: str
    source: str
    source_ports: str
    public_address: str | None
    target: str
    idle_seconds: int | None
    helper: str | None
    state: str


class ChangeRow(NamedTuple):
    """What becomes of one entry since the approved plan."""

    change: str
    source: str
    destination: str
    through: str
    ip_version: int
    packets: str
    becomes: str
    entry: str


class RangeRow(NamedTuple):
    """The ports on which a client is called back, as they stand in its settings."""

    client: str
    site: str
    server: str
    service: str
    environment: str
    instances: int
    mode: str
    low: int | None
    high: int | None
    fixed: int | None
    called_back_at: str | None
    state: str


def tables(report: Report) -> dict[tuple[str, ...], Iterator[tuple[str, ...]]]:
    """Return the texts of each pair of files, CSV and Markdown, piece by piece."""
    note = f"Of the plan {report.view.digest}."
    found: dict[tuple[str, ...], Iterator[tuple[str, ...]]] = {}
    for name, (title, head, rows) in _TABLES.items():
        more = f" {_since(report)}" if name == CHANGES else ""
        found[f"{name}.csv", f"{name}.md"] = both(title, f"{note}{more}", head, rows(report))
    return found


def table_names() -> list[str]:
    """Return the names of all these files."""
    return [f"{name}.{kind}" for name in _TABLES for kind in ("csv", "md")]


def _flows(report: Report) -> Iterator[FlowRow]:
    view = report.view
    for flow in view.flows:
        yield FlowRow(
            service=flow.service,
            exchange=flow.exchange,
            started_by="server" if flow.from_server else "client",
            source=flow.source,
            source_site=_site(view, flow.source),
            source_ports=_ports(flow.source_ports) or _ANY,
            seen_as=flow.arrives_from,
            dial=flow.dial,
            destination=flow.destination,
            destination_site=_site(view, flow.destination),
            destination_address=flow.destination_address,
            ports=_ports(flow.ports),
            transport=flow.transport,
            state=_state(flow.enabled),
            via=", ".join(flow.via),
            idle_seconds=flow.idle,
            helper=flow.helper,
            carried_by=flow.carried_by,
            reason=flow.reason,
        )


def _rules(report: Report) -> Iterator[RuleRow]:
    slices = report.source.slices
    for name, host in report.view.hosts.items():
        for rule in rule_list(slices[name])["rules"] if name in slices else ():
            yield RuleRow(
                device=name,
                platform=host.platform,
                rule=rule["name"],
                direction=rule["direction"],
                service=rule["service"],
                action=rule["action"],
                transport=rule["transport"],
                ports=rule["ports"],
                source=rule["from"] or _ANY,
                source_ports=rule["source_ports"] or _ANY,
                public_address=rule["public"],
                target=rule["target"] or _ANY,
                idle_seconds=rule["idle"],
                helper=rule["helper"],
                state=_state(rule["enabled"]),
            )


def _ranges(report: Report) -> Iterator[RangeRow]:
    view = report.view
    called = called_back(view)
    for use in view.uses:
        callback = use.get("callback")
        if callback:
            fixed = callback["mode"] == "fixed"
            flow = called.get((use["host"], use["server"], use["service"]))
            yield RangeRow(
                client=use["host"],
                site=_site(view, use["host"]),
                server=use["server"],
                service=use["service"],
                environment=use["environment"],
                instances=use["instances"],
                mode=callback["mode"],
                low=None if fixed else callback["low"],
                high=None if fixed else callback["high"],
                fixed=callback["fixed"] if fixed else None,
                called_back_at=flow.dial if flow else None,
                state=_state(use["enabled"]),
            )


def _changes(report: Report) -> Iterator[ChangeRow]:
    changes = report.source.since.changes
    for told in told_changes(changes.access) if changes is not None else ():
        yield ChangeRow(*told)


def _since(report: Report) -> str:
    return " ".join(line.strip() for line in islice(since_lines(report.source.since), 1))


def called_back(view: PlanView) -> dict[tuple[str, str, str], FlowView]:
    """Return the flow by which each client is called back, by client, server and service."""
    return {(flow.destination, flow.source, flow.service): flow for flow in view.flows if flow.callback}


def _site(view: PlanView, end: str) -> str:
    return view.hosts[end].site if end in view.hosts else ""


def _ports(ranges: tuple[PortRange, ...]) -> str:
    return ports_text(ranges, ", ")


def _state(enabled: bool) -> str:
    return "on" if enabled else "off"


_TABLES: Mapping[str, tuple[str, Sequence[str], Callable[[Report], Iterator[Row]]]] = {
    "flows": ("Flows", FlowRow._fields, _flows),
    "rules": ("Rules of each device", RuleRow._fields, _rules),
    "ranges": ("Call-back ranges", RangeRow._fields, _ranges),
    CHANGES: ("Access since the approved plan", ChangeRow._fields, _changes),
}
