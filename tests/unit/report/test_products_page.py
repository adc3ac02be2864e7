# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source ports, protocols, idle times, mappings, the Internet and datagram notifications, as a reader sees them."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.flow_words import (
    cut_name,
    idle_words,
    kept_open,
    outside_ends,
    port_words,
    wrapped,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.junit import junit_xml
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.matrix import make_matrix, summary_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.placing import lay_out
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.scene import CARRIED, CLIENT, SERVER, make_scene
from tests.unit.report.test_page import outline
from tests.unit.verification.offices import as_planned, planned, source_of, two_offices
from tests.unit.verification.products import flow, products, products_report


def answered(probe: dict[str, Any]) -> str:
    """Answer as a network does that holds exactly the plan: a range's ends need no program."""
    if probe["kind"] == "control":
        return "open"
    return {"silent": "silent", "open": "open", "through": "refused"}[probe["expect"]]


@pytest.fixture
def plan() -> dict[str, Any]:
    return products()


def words_of(report: Report) -> str:
    return re.sub(r"\s+", " ", " ".join(outline(report).words))


# --- the drawing ------------------------------------------------------------------------------------------------------


def test_lines_say_who_starts_by_which_protocol_from_which_port(plan: dict[str, Any]) -> None:
    scene = make_scene(view_plan(plan))
    lines = {(line.source, line.target, line.kind): (line.transport, line.label) for line in scene.lines}
    assert lines["fl-pc1", "fl-press", CLIENT] == ("udp", "4644 udp")
    assert lines["fl-press", "fl-pc1", SERVER] == ("udp", "any port udp from 4644")
    assert lines["fl-press", "uk-pc1", CARRIED] == ("udp", "any port udp from 4644")
    assert lines["uk-pc1", "fl-kerio", CLIENT] == ("both", "44333 tcp+udp")


def test_a_switched_off_flow_is_not_drawn(plan: dict[str, Any]) -> None:
    scene = make_scene(view_plan(plan))
    drawn = {(line.source, line.target) for line in scene.lines}
    assert ("fl-press", "fl-pc1") in drawn
    assert ("fl-press", "fl-pc2") not in drawn


def test_each_service_between_two_sites_has_an_arrow_of_its_own_with_its_idle_time(plan: dict[str, Any]) -> None:
    scene = make_scene(view_plan(plan))
    between = {(line.service, line.kind): line.idle for line in scene.trunks if line.target == "florida"}
    assert between == {
        ("faxpress", CLIENT): "kept open 5 d idle",
        ("kerio_control", CLIENT): "partly kept open 2 h idle",
    }


def test_ends_that_are_no_hosts_stand_in_the_internet(plan: dict[str, Any]) -> None:
    scene = make_scene(view_plan(plan))
    assert scene.outside == ("192.0.2.153", "the Internet")
    outward = {(line.source, line.target, line.kind) for line in scene.trunks if line.target in scene.outside}
    assert outward == {("branch", "192.0.2.153", SERVER), ("branch", "the Internet", SERVER)}
    assert [line.label for line in scene.trunks if line.source == "the Internet"] == ["25 tcp, 60000\u201360999 udp"]


def test_many_addresses_outside_are_one_end(plan: dict[str, Any]) -> None:
    for last in range(5):
        way = f"10.3.0.12 198.18.0.{last} 203.0.113.30 198.18.0.{last}"
        plan["flows"].append(flow("communigate.dns_udp", f"br-cgp>198.18.0.{last}", "udp", "53", way))
    view = view_plan(plan)
    assert list(dict.fromkeys(outside_ends(view).values())) == ["6 addresses", "the Internet"]
    assert make_scene(view).outside == ("6 addresses", "the Internet")


def test_nothing_in_the_internet_stands_on_anything_else(plan: dict[str, Any]) -> None:
    scene = make_scene(view_plan(plan))
    layout = lay_out(scene)
    taken = sorted(
        [(y - 15, y + 15 + 17 * sum(len(line.words) for line in lines)) for y, lines in layout.nodes.values()]
        + [(level - 17 * (1 + len(line.words)), level) for line, level in layout.levels.items()]
    )
    for (_top, bottom), (top, _bottom) in itertools.pairwise(taken):
        assert bottom <= top
    assert taken[-1][1] < layout.height


def test_both_directions_between_two_sites_with_servers_have_levels_of_their_own(plan: dict[str, Any]) -> None:
    way = "10.1.0.21 203.0.113.20 198.51.100.10 10.2.0.21"
    plan["flows"].append(flow("kerio_control.admin", "fl-pc1>uk-pc1", "tcp", "44333", way))
    layout = lay_out(make_scene(view_plan(plan)))
    levels = [level for line, level in layout.levels.items() if {line.source, line.target} == {"florida", "sheffield"}]
    assert len(levels) == len(set(levels)) == 4


def test_a_service_on_a_router_is_drawn_to_it_and_named_below_it(plan: dict[str, Any]) -> None:
    way = "10.1.0.21 10.1.0.1 10.1.0.21 10.1.0.1"
    plan["flows"].append(flow("kerio_control.admin", "fl-pc1>fl-router", "tcp", "44333", way))
    scene = make_scene(view_plan(plan))
    (door,) = next(card.doors for card in scene.cards if card.name == "florida")
    assert door.note == "serves 44333 tcp"
    assert [line.label for line in scene.lines if line.target == "fl-router"] == ["44333 tcp"]


def test_a_machine_that_nobody_manages_says_so(plan: dict[str, Any]) -> None:
    rows = {row.key: row for card in make_scene(view_plan(plan)).cards for row in card.rows}
    assert (rows["trunk"].managed, rows["trunk"].note) == (False, "set by others")
    assert 'class="device endpoint unmanaged"' in report_page(products_report(plan, None))


def test_the_legend_explains_what_is_drawn_and_nothing_else(plan: dict[str, Any]) -> None:
    words = words_of(products_report(plan, None))
    assert "passes only through what the client's own packets keep open" in words
    assert "TCP and UDP" in words
    (document, slices) = planned(two_offices())
    plain = words_of(make_report(source_of(document, slices, None, {})))
    assert "the client's own packets" not in plain
    assert "TCP and UDP" not in plain


def test_who_stands_beside_a_public_service_is_not_crossed_out(plan: dict[str, Any]) -> None:
    assert 'class="cross"' not in report_page(products_report(plan, None))
    plan["flows"] = [item for item in plan["flows"] if item["source"] != "internet"]
    assert 'class="cross"' in report_page(products_report(plan, None))


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 s"), (90, "90 s"), (600, "10 min"), (7200, "2 h"), (432000, "5 d"), (90000, "25 h")]
)
def test_idle_times_are_said_in_the_largest_unit_that_fits(seconds: int, words: str) -> None:
    assert idle_words(seconds) == words


def test_ports_of_one_protocol_stand_together() -> None:
    flows = [
        item
        for item in view_plan(products()).flows
        if item.service in ("kerio_control", "communigate") and item.enabled
    ]
    assert port_words(flows) == "25 tcp, 53, 60000\u201360999 udp, 44333 tcp+udp"
    assert kept_open(flows) == "partly kept open 2 h idle"
    assert kept_open([]) == ""


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("25 tcp", ("25 tcp",)),
        ("25 tcp, 53 udp, 993 tcp", ("25 tcp,", "53 udp,", "993 tcp")),
        ("1 tcp, 2 tcp, 3333333 udp, 4444444 udp, 5555555 udp", ("1 tcp,", "2 tcp,", "3333333 u\u2026")),
    ],
)
def test_what_is_long_is_broken_after_commas_and_cut_at_last(words: str, lines: tuple[str, ...]) -> None:
    assert wrapped(words, 8) == lines


# --- the matrix -------------------------------------------------------------------------------------------------------


def test_the_internet_has_a_row_and_a_column_and_an_address_a_column(plan: dict[str, Any]) -> None:
    matrix = make_matrix(products_report(plan, answered))
    assert matrix.rows[-1:] == ("the Internet",)
    assert matrix.columns[-2:] == ("192.0.2.153", "the Internet")
    assert matrix.left_out == 0


def test_what_played_the_internet_counts_for_it_and_not_as_a_right_of_that_host(plan: dict[str, Any]) -> None:
    matrix = make_matrix(products_report(plan, answered, emulated=True))
    public = matrix.cells["the Internet", "br-cgp"]
    assert ({item.exchange for item in public.flows}, public.verdict) == ({"smtp", "media_udp"}, "passed")
    assert matrix.cells["stranger", "br-cgp"].flows == ()
    words = summary_of(matrix.cells["stranger", "br-cgp"], "stranger", "br-cgp", public="br-cgp" in matrix.public)
    assert words.startswith("no fax flow but what is open to everybody from stranger to br-cgp")


def test_a_clients_own_packet_to_what_is_public_counts_for_both(plan: dict[str, Any]) -> None:
    own = flow("communigate.smtp", "uk-pc1>br-cgp", "tcp", "25", "10.2.0.21 203.0.113.30 203.0.113.20 10.3.0.12")
    plan["flows"] = [own, *(item for item in plan["flows"] if item["id"] == "communigate.smtp/internet>br-cgp")]
    for name in ("stranger", "fl-pc1", "fl-pc2", "fl-kerio", "fl-press"):
        plan["hosts"][name]["platform"] = "unmanaged"
    matrix = make_matrix(products_report(plan, answered))
    assert matrix.cells["uk-pc1", "br-cgp"].verdict == "passed"
    assert matrix.cells["the Internet", "br-cgp"].verdict == "passed"


def test_an_open_public_port_that_is_shut_in_truth_fails_at_the_internets_cell(plan: dict[str, Any]) -> None:
    def shut(probe: dict[str, Any]) -> str:
        return "silent" if probe["flow"] == "communigate.smtp/internet>br-cgp" else answered(probe)

    assert make_matrix(products_report(plan, shut)).cells["the Internet", "br-cgp"].verdict == "failed"


# --- sections ---------------------------------------------------------------------------------------------------------


def test_what_needs_more_than_a_port_is_listed_with_what_it_needs(plan: dict[str, Any]) -> None:
    words = words_of(products_report(plan, None))
    assert "7200 s" in words
    assert "only through what faxpress.request/uk-pc1>fl-press keeps open" in words
    (document, slices) = planned(two_offices())
    assert 'id="special"' not in report_page(make_report(source_of(document, slices, None, {})))


def test_what_nobody_can_show_stands_among_what_was_not_tested(plan: dict[str, Any]) -> None:
    report = products_report(plan, answered)
    assert "192.0.2.153 is not a host of the plan" in words_of(report)
    document = json.loads("".join(report_json(report)))
    assert [item["exchange"] for item in document["not_probed"]] == ["communigate.dns_udp"]


def test_a_check_says_from_which_port_it_was_sent(plan: dict[str, Any]) -> None:
    assert "10.1.0.21 65535/udp from 4644" in words_of(products_report(plan, answered))


def test_without_call_backs_there_is_no_table_of_their_ranges(plan: dict[str, Any]) -> None:
    assert 'id="ranges"' not in report_page(products_report(plan, answered))
    assert 'href="#ranges"' not in report_page(products_report(plan, answered))


def test_datagrams_without_answer_fail_where_an_emulator_runs_and_nowhere_else(plan: dict[str, Any]) -> None:
    def deaf(probe: dict[str, Any]) -> str:
        return "silent" if probe["id"] == "uk-pc1>198.51.100.10:44333/udp" else answered(probe)

    assert products_report(plan, deaf, emulated=True).verdict == "failed"
    without = products_report(plan, deaf, emulated=False)
    (check,) = [check for check in without.checks if check["id"] == "uk-pc1>198.51.100.10:44333/udp"]
    assert (check["verdict"], without.verdict) == ("not proven", "incomplete")


# --- notifications ----------------------------------------------------------------------------------------------------

ALERT = {"server": "fl-press", "client": "fl-pc1", "instance": "fl-pc1/faxpress@fl-press/1", "kind": "alert"}
ALERT |= {"transport": "udp", "source_port": 4644, "address": "10.1.0.21", "port": 3002}
ALERT |= {"verdict": "passed", "text": "arrived once"}


def with_notifications(plan: dict[str, Any], *checks: dict[str, Any]) -> Report:
    report = products_report(plan, answered)
    return type(report)(**{name: getattr(report, name) for name in report.__slots__} | {"notifications": checks})


def test_alerts_and_log_items_are_told_from_call_backs(plan: dict[str, Any]) -> None:
    log = ALERT | {
        "kind": "log item",
        "client": "uk-pc1",
        "verdict": "failed",
        "text": "was lost",
        "source_port": 44333,
    }
    words = words_of(with_notifications(plan, ALERT, log))
    assert "fl-press fl-pc1 alert 1 1 3002 udp from 4644 passed" in words
    assert "fl-press uk-pc1 log item 1 0 3002 udp from 44333 failed" in words
    assert "log item, a notification" in words


def test_junit_names_each_kind_of_notification(plan: dict[str, Any]) -> None:
    text = "".join(junit_xml(with_notifications(plan, ALERT, ALERT | {"kind": "log item"})))
    root = ET.fromstring(text)  # noqa: S314, reads what the collection itself has written
    cases = root.findall("testsuite[@name='notifications']/testcase")
    assert [case.get("classname") for case in cases] == ["notifications.alert", "notifications.log item"]


def test_where_no_server_tells_anybody_anything_there_is_no_section_about_it(plan: dict[str, Any]) -> None:
    assert "no emulator of a fax server answered" in words_of(products_report(plan, answered))
    plan["flows"] = [item for item in plan["flows"] if item["service"] == "communigate"]
    assert 'id="notifications"' not in report_page(products_report(plan, as_planned))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("uk-pc1", "uk-pc1"),
        ("a-name-of-20-letters", "a-name-of-20-letters"),
        ("fax.sheffield.example.org", "fax.sheffield.examp\u2026"),
        ("fax-client-production-building-17.example.org", "fax-client-pro\u2026ng-17"),
        ("fax-client-production-building-18", "fax-client-pro\u2026ng-18"),
    ],
)
def test_a_long_name_keeps_what_tells_it_from_others(name: str, shown: str) -> None:
    assert cut_name(name, 20) == shown
    assert len(shown) <= 20
