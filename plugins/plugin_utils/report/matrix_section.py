# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section with the grid: who may talk to whom, and what packets showed of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from ..plan_files.view import FlowView
from ..verification.judgement import FAILED, PASSED, UNPROVEN
from .flow_words import idle_words, port_words, ports_label
from .hosts_by_site import hosts_by_site
from .markup import Content, Markup, tag
from .matrix import Cell, Groups, Matrix, make_matrix, proof_of, summary_of
from .model import Report
from .parts import breakable, file_links, number, scrolled, section
from .scene import CARRIED, CLIENT, SERVER, kind_of

#: In a cell.
_MOST_LETTERS = 28

#: Columns of a grid that fit on a sheet of paper.
MOST_ON_PAPER = 7

#: In a pop-up.
_MOST_FLOWS = 6

_MARKS = {PASSED: ("\u2713", "good"), FAILED: ("\u2715", "bad"), UNPROVEN: ("?", "doubt"), "": ("", "untested")}


def matrix_section(report: Report) -> Markup:
    """Who may talk to whom."""
    matrix = make_matrix(report)
    what = "sites" if matrix.by_site else "hosts"
    intro = (
        f"Rows start a connection, columns receive it. Ports stand where {what} may connect; choose them to see why, "
        "and what was tried. A dash is no fax flow; what may pass apart from those stands under Also open."
    )
    grid = tag("table", _head(matrix, matrix.targets), _body(matrix, matrix.targets), class_="matrix")
    legend = tag(
        "p",
        [tag("span", tag("b", mark, class_=style), f" {words}  ") for mark, style, words in _legend()],
        class_="legend",
    )
    more = f"{matrix.left_out} more {what} are in the plan and not in this grid." if matrix.left_out else None
    files = file_links("All flows", "flows.csv", "flows.md")
    hosts = hosts_by_site(report) if matrix.by_site else []
    return section(
        "matrix",
        "Who may talk to whom",
        intro,
        scrolled("Who may talk to whom", grid, class_="wide"),
        _on_paper(matrix),
        legend,
        tag("p", more) if more else None,
        (tag("h3", "Host by host"), hosts) if hosts else None,
        files,
    )


def _on_paper(matrix: Matrix) -> Markup:
    """The grid in strips that are no wider than a sheet of paper, without what opens on a screen only."""
    strips = []
    for columns in _strips(matrix.targets):
        body = _body(matrix, columns, plain=True)
        strips.append(tag("table", _head(matrix, columns), body, class_="matrix"))
    return tag("div", strips, class_="paper")


def _strips(targets: Groups) -> Iterator[Groups]:
    """Targets in order, so many at a time; their groups with them."""
    every = [(group, name) for group, names in targets for name in names]
    strips = -(-len(every) // MOST_ON_PAPER)
    size = -(-len(every) // max(strips, 1))
    for first in range(0, len(every), max(size, 1)):
        groups = groupby(every[first : first + size], key=itemgetter(0))
        yield tuple((group, tuple(name for _group, name in members)) for group, members in groups)


def _legend() -> Iterator[tuple[str, str, str]]:
    yield "\u2713", "good", "all that was tried came out as planned"
    yield "\u2715", "bad", "not as planned"
    yield "?", "doubt", "not proven"


def _head(matrix: Matrix, targets: Groups) -> Markup:
    corner = "from \\ to"
    names = [tag("th", breakable(name), scope="col") for _group, listed in targets for name in listed]
    if matrix.by_site:
        return tag("thead", tag("tr", tag("th", corner, scope="col"), names))
    groups = [tag("th", group, scope="colgroup", colspan=len(listed)) for group, listed in targets]
    return tag("thead", tag("tr", tag("th", corner, scope="col", rowspan=2), groups, class_="group"), tag("tr", names))


def _body(matrix: Matrix, targets: Groups, *, plain: bool = False) -> list[Markup]:
    """The rows, those of a site together; *plain*: without anything that opens."""
    columns = [name for _group, names in targets for name in names]
    bodies = []
    for group, names in matrix.sources:
        rows = [
            tag(
                "tr",
                tag("th", breakable(source), scope="row"),
                [_cell(matrix, source, target, plain=plain) for target in columns],
            )
            for source in names
        ]
        title = tag("tr", tag("th", group, scope="rowgroup", colspan=1 + len(columns)), class_="group")
        bodies.append(tag("tbody", None if matrix.by_site else title, rows))
    return bodies


def _cell(matrix: Matrix, source: str, target: str, *, plain: bool) -> Markup:
    cell = matrix.cell(source, target)
    if source == target and not cell.flows and not matrix.by_site:
        return tag("td", class_="self")
    mark, style = _MARKS[cell.verdict]
    shown = (_cell_ports(cell) or tag("span", "\u2013", class_="dash"), _sign(cell, mark, style))
    way = "open" if cell.flows else "shut"
    if plain:
        return tag("td", shown, class_=f"{way} {style}")
    words = summary_of(cell, source, target, public=target in matrix.public)
    if not cell.flows and not cell.probes:
        return tag("td", shown, class_=f"{way} {style}", title=words)
    proof = tag("p", [f"{sentence[:1].upper()}{sentence[1:]}. " for sentence in proof_of(cell)], class_="proof")
    flows = [_flow_words(flow) for flow in cell.flows[:_MOST_FLOWS]]
    opening = tag(
        "details",
        tag("summary", shown, title=words),
        tag(
            "div", flows or tag("p", f"No fax flow from {source} to {target}."), _more_flows(cell), proof, class_="pop"
        ),
        name="matrix",
    )
    return tag("td", opening, class_=f"{way} {style}")


def _sign(cell: Cell, mark: str, style: str) -> Content:
    """The sign of what was tried; after it, where not every flow was, how many were."""
    if not mark:
        return None
    flows = len(cell.flows)
    part = tag("small", f" {flows - cell.untried} of {flows}") if cell.untried else None
    return tag("b", mark, part, class_=style)


def _cell_ports(cell: Cell) -> list[Content]:
    parts: list[Content] = []
    for kind in (CLIENT, SERVER, CARRIED):
        flows = [flow for flow in cell.flows if kind_of(flow) == kind]
        if flows:
            words = port_words(flows, 1)
            if len(words) > _MOST_LETTERS:
                protocols = "+".join(sorted({flow.transport for flow in flows}))
                words = f"{ports_label((item for flow in flows for item in flow.ports), 1)} {protocols}"
            parts.append(tag("span", words, class_=f"ports {kind}"))
    return parts


def _more_flows(cell: Cell) -> Content:
    more = len(cell.flows) - _MOST_FLOWS
    return tag("p", f"and {number(more, 'more flow')}") if more > 0 else None


def _flow_words(flow: FlowView) -> Markup:
    way = f" through {', '.join(flow.via)}" if flow.via else ""
    origin = f" from port {ports_label(flow.source_ports)}" if flow.source_ports else ""
    ports = ports_label(flow.ports)
    where = ports if flow.to_any_port else f"port {ports}"
    more = [f" Kept open for {idle_words(flow.idle)} though nothing passes." if flow.idle else ""]
    if flow.carried_by:
        more.append(f" It has no rule of its own: it passes only through what {flow.carried_by} keeps open.")
    return tag(
        "p",
        tag("strong", f"{flow.source} \u2192 {flow.destination} "),
        tag("code", f"{flow.dial} {where} {flow.transport}{origin}"),
        f"{way}. {flow.reason}.",
        more,
    )
