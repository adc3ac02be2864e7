# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables and the drawing beside the page: they say what the plan says, and no cell runs, links or breaks anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing_file import drawing_file
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.exports import DRAWING, table_names, tables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.folder import replace_files
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import make_scene
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.table_files import both
from tests.unit.report.test_page import HOSTILE, outline
from tests.unit.verification.offices import as_planned, planned, reported, since_plan_of, source_of, two_offices
from tests.unit.verification.products import products, products_report


def texts(report: Report) -> dict[str, str]:
    """Each file's whole text by its name."""
    found = {}
    for names, steps in tables(report).items():
        found |= {name: "".join(pieces) for name, pieces in zip(names, zip(*steps, strict=True), strict=True)}
    return found


def records(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_flows_stand_a_row_each_in_the_plans_order_with_both_ends_and_all_that_they_need() -> None:
    report = products_report(products(), None)
    rows = records(texts(report)["flows.csv"])
    assert [(row["source"], row["destination"]) for row in rows] == [
        (flow.source, flow.destination) for flow in report.view.flows
    ]
    (alert,) = [row for row in rows if row["exchange"] == "alert" and row["destination"] == "uk-pc1"]
    wanted = {"started_by": "server", "source_ports": "4644", "ports": "1-65535", "via": "fl-router, uk-router"}
    wanted |= {"carried_by": "faxpress.request/uk-pc1>fl-press", "state": "on", "idle_seconds": ""}
    assert {key: alert[key] for key in wanted} == wanted
    assert [row["state"] for row in rows if row["destination"] == "fl-pc2"] == ["off"]
    assert {row["source_site"] for row in rows if row["source"] == "internet"} == {""}


def test_rules_stand_device_by_device_as_they_would_be_typed() -> None:
    rows = records(texts(reported(two_offices(), None))["rules.csv"])
    devices = [row["device"] for row in rows]
    assert devices == sorted(devices)
    assert {"fl-fax", "fl-router", "uk-router", "uk-ts1"} <= set(devices)
    (forward,) = [row for row in rows if row["device"] == "uk-router" and row["ports"] == "10500-10599"]
    wanted = {"rule": "netcfax SCP 198.51.100.10 to uk-ts1", "direction": "in", "action": "allow", "state": "on"}
    wanted |= {"source": "198.51.100.10", "public_address": "203.0.113.20", "target": "10.2.0.10", "transport": "tcp"}
    assert {key: forward[key] for key in wanted} == wanted


def test_ranges_are_those_of_the_clients_settings() -> None:
    rows = {row["client"]: row for row in records(texts(reported(two_offices(), None))["ranges.csv"])}
    assert set(rows) == {"fl-pc1", "uk-pc1", "uk-pc2", "uk-ts1"}
    assert (rows["uk-ts1"]["low"], rows["uk-ts1"]["high"], rows["uk-ts1"]["instances"]) == ("10500", "10599", "40")
    assert (rows["uk-pc2"]["mode"], rows["uk-pc2"]["low"], rows["uk-pc2"]["fixed"]) == ("fixed", "", "7485")
    assert rows["uk-pc2"]["called_back_at"] == "203.0.113.20"


def test_both_files_of_a_table_hold_the_same_rows() -> None:
    made = texts(reported(two_offices(), None))
    for name in ("flows", "rules", "ranges"):
        listed = [re.split(r"(?<!\\)\|", line)[1:-1] for line in made[f"{name}.md"].splitlines() if line[:1] == "|"]
        head, _rule, *rows = [[cell.strip() for cell in line] for line in listed]
        assert rows
        assert [head, *rows] == list(csv.reader(io.StringIO(made[f"{name}.csv"], newline="")))


def test_a_plan_without_call_backs_has_a_table_of_none() -> None:
    made = texts(products_report(products(), None))
    assert records(made["ranges.csv"]) == []
    assert made["ranges.csv"].startswith("client,site,server,")


# --- cells ------------------------------------------------------------------------------------------------------------


def cell(value: str | int | None) -> tuple[str, str]:
    """A cell as a spreadsheet reads it, and its Markdown."""
    _head, (line, marked) = both("t", "n", ("a", "b"), [(value, 1)])
    ((read, _one),) = csv.reader(io.StringIO(line, newline=""))
    return read, marked.removeprefix("| ").removesuffix(" | 1 |\n")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", " =", "\t=", "\r=", "\n=", "\uff1d"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert cell(f'{begin}cmd|"/c calc"!A1')[0].startswith("'")


@pytest.mark.parametrize(
    ("value", "read", "marked"),
    [
        ("uk-pc1", "uk-pc1", "uk-pc1"),
        ("10500-10599", "10500-10599", "10500-10599"),
        (None, "", ""),
        (-1, "-1", "-1"),
        ('a "b", c', 'a "b", c', 'a "b", c'),
        ("two\nlines\r\nand more", "two lines and more", "two lines and more"),
        ("a|b", "a|b", "a\\|b"),
        ("<b>&amp;", "<b>&amp;", "\\<b\\>\\&amp;"),
        ("[x](http://y) `z` *w*", "[x](http://y) `z` *w*", "\\[x\\](http://y) \\`z\\` \\*w\\*"),
        ("uk_pc_1 _x_", "uk_pc_1 _x_", "uk_pc_1 \\_x\\_"),
        ("bell\x07 \u202e", "bell\ufffd \ufffd", "bell\ufffd \ufffd"),
    ],
)
def test_what_stands_in_a_cell_stays_what_it_is(value: str | int | None, read: str, marked: str) -> None:
    assert cell(value) == (read, marked)


def test_hostile_texts_of_a_plan_break_no_row() -> None:
    plan, slices = planned(two_offices())
    for exchange in plan["services"]["netcfax"]:
        exchange["title"] = f"=1+1|{HOSTILE}\n"
    made = texts(make_report(source_of(plan, slices, None, {})))
    assert len(records(made["flows.csv"])) == len(plan["flows"])
    assert {row["reason"][:6] for row in records(made["flows.csv"])} == {"'=1+1|"}
    assert "<script>" not in made["flows.md"].replace("\\<", "")


# --- in the folder ----------------------------------------------------------------------------------------------------


class Watched(Mapping[str, Mapping[str, Any]]):
    """Slices that note how often each was asked for."""

    def __init__(self, slices: Mapping[str, Mapping[str, Any]]) -> None:
        self._slices = slices
        self.asked: list[str] = []

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        self.asked.append(host)
        return self._slices[host]

    def __contains__(self, host: object) -> bool:
        return host in self._slices

    def __iter__(self) -> Iterator[str]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)


def test_each_slice_is_read_once_for_both_files_when_its_rows_are_due() -> None:
    plan, slices = planned(two_offices())
    watched = Watched(slices)
    steps = iter(tables(make_report(source_of(plan, watched, None, {})))["rules.csv", "rules.md"])
    next(steps)
    assert watched.asked == []
    next(steps)
    assert watched.asked == ["fl-fax"]
    assert len(list(steps)) > len(slices)
    assert watched.asked == sorted(slices)


def test_the_page_links_every_file_beside_it_and_no_other() -> None:
    before = two_offices()
    del before["hosts"]["uk-pc2"]
    report = reported(two_offices(), as_planned, since=since_plan_of(before, two_offices()))
    links = {link for link in outline(report).links if not link.startswith("#")}
    assert links == {*table_names(), DRAWING, "report.json", "junit.xml"}


def test_the_drawing_is_a_file_that_needs_nothing_else() -> None:
    text = drawing_file(make_scene(reported(two_offices(), None).view))
    root = ET.fromstring(text)  # noqa: S314, reads what the collection itself has written
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "uk-ts1" in "".join(root.itertext())
    assert not re.search(r"@import|url\((?!#)|href|<script", text)
    named = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert named
    assert named <= set(re.findall(r"(--[\w-]+):", text))


def test_files_of_one_passage_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    pair = ("a.csv", "a.md")

    def steps(last: str) -> Iterable[tuple[str, str]]:
        yield "1\r\n", "one\n"
        if last == "broken":
            raise PlanFileError("a slice cannot be read")
        yield "2\r\n", f"{last}\n"

    replace_files(tmp_path / "report", {}, {pair: steps("two")})
    assert (tmp_path / "report" / "a.csv").read_bytes() == b"1\r\n2\r\n"
    with pytest.raises(PlanFileError, match="a slice cannot be read"):
        replace_files(tmp_path / "report", {"b": ["b"]}, {pair: steps("broken")})
    assert (tmp_path / "report" / "a.md").read_text(encoding="utf-8") == "one\ntwo\n"
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == sorted(pair)
