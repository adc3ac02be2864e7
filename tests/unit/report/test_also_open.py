# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes besides the flows stands in the report: all of it, each once, with where it was said."""

from __future__ import annotations

import html
import json
import re

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.also_open import (
    AlsoOpen,
    Carried,
    LetIn,
    Service,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.document import report_json
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.model import Report, make_report
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.page import report_page
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.networks import Network
from tests.unit.verification.offices import as_planned, results_of, source_of

ANYWHERE = ("0.0.0.0/0", "::/0")
PC = "10.3.0.10/32"


def company() -> Network:
    """Two offices of one realm, with permits of every kind, beside a branch behind NAT."""
    net = Network()
    net.site("leeds", "10.3.0.0/24", gateway="leeds-router", realm="company")
    net.site("york", "10.4.0.0/24", gateway="york-router", realm="company")
    net.site("hull", "10.5.0.0/24", gateway="hull-router", public="203.0.113.7")
    net.server("fax", "york", "10.4.0.10").client("pc", "leeds", "10.3.0.10", "fax")
    net.host("store", "york", "10.4.0.11").host("branch", "hull", "10.5.0.10", platform="unmanaged")
    names = {"name": "names", "protocols": ["tcp", "udp"], "ports": [53, "853-854"], "sources": ["10.3.0.0/24"]}
    for host in ("fax", "store"):
        net.hosts[host]["faxnet_permits"] = [names]
    net.hosts["branch"]["faxnet_permits"] = [{"name": "names", "protocols": ["tcp"], "ports": 53}]
    net.hosts["fax"]["faxnet_management"] = [{"ports": 22, "sources": [PC]}]
    net.hosts["leeds-router"] |= {
        "faxnet_outbound": "flows",
        "faxnet_stance": "observe",
        "faxnet_forward_permits": [
            {"name": "vpn", "from": "10.3.0.0/24", "to_interfaces": "wg*", "protocols": "esp", "both_directions": True},
            {"name": "web", "from": "10.3.0.0/24", "to": ["10.4.0.0/24"], "ports": [443, 80]},
            {"name": "published", "only_translated": True},
        ],
        "faxnet_accepted_losses": [{"kind": "listener", "protocol": "udp", "ports": 53, "program": "dnsmasq"}],
    }
    return net


def reported(net: Network) -> Report:
    """The report of an inventory before anything was tested."""
    made = net.made()
    return make_report(source_of(made.document, made.slices, None, {}))


@pytest.fixture(scope="module")
def report() -> Report:
    return reported(company())


@pytest.fixture
def found(report: Report) -> AlsoOpen:
    return report.also_open


def test_hosts_that_let_the_same_in_share_an_entry_and_a_permits_protocols_do(found: AlsoOpen) -> None:
    names = Service("tcp", "53,853-854"), Service("udp", "53,853-854")
    assert LetIn(("fax", "store"), "faxnet_permits", "names", names, ("10.3.0.0/24",)) in found.let_in
    ssh, by = (Service("tcp", "22"),), "faxnet_management"
    usual = ("branch", "hull-router", "leeds-router", "pc", "store", "york-router")
    assert [item for item in found.let_in if item.variable == by] == [
        LetIn(usual, by, "management", ssh, ANYWHERE),
        LetIn(("fax",), by, "management", ssh, (PC,)),
    ]


def carried(found: AlsoOpen, router: str, name: str) -> Carried:
    (only,) = [item for item in found.carried if router in item.routers and item.name == name]
    return only


def test_both_directions_are_one_entry_and_one_direction_is_not_both(found: AlsoOpen) -> None:
    vpn, web = (carried(found, "leeds-router", name) for name in ("vpn", "web"))
    assert (vpn.services, vpn.both_directions) == ((Service("esp", ""),), True)
    assert (vpn.sources, vpn.destinations, vpn.from_interfaces, vpn.to_interfaces) == (
        ("10.3.0.0/24",),
        (),
        (),
        ("wg*",),
    )
    assert (web.services, web.both_directions, web.variable) == (
        (Service("tcp", "80,443"),),
        False,
        "faxnet_forward_permits",
    )
    assert carried(found, "leeds-router", "published").only_translated


def test_what_is_named_twice_between_the_same_ends_is_both_directions_only_where_that_was_said() -> None:
    net = company()
    ends = {"from": "10.3.0.0/24", "to": "10.3.0.0/24"}
    net.hosts["leeds-router"]["faxnet_forward_permits"] = [
        {"name": "one", "protocols": "gre", **ends},
        {"name": "both", "protocols": "gre", "both_directions": True, **ends},
    ]
    found = reported(net).also_open
    assert [carried(found, "leeds-router", name).both_directions for name in ("one", "both")] == [False, True]


def test_it_says_whose_permit_a_router_carries(found: AlsoOpen) -> None:
    both = [item for item in found.carried if item.variable == "faxnet_permits"]
    assert {item.routers for item in both} == {("leeds-router", "york-router")}
    (item,) = both
    assert (item.name, item.carried_for) == ("names", ("fax", "store"))
    assert item.destinations == ("10.4.0.10/31",)


def test_a_host_of_another_realm_with_the_same_address_is_not_the_one_that_is_carried_for() -> None:
    net = company()
    net.sites["hull"]["networks"] = ["10.4.0.0/24"]
    net.hosts["hull-router"]["faxnet_address"], net.hosts["branch"]["faxnet_address"] = "10.4.0.1", "10.4.0.10"
    net.hosts["branch"]["faxnet_permits"] = net.hosts["fax"]["faxnet_permits"]
    found = reported(net).also_open
    assert {item.carried_for for item in found.carried if item.variable == "faxnet_permits"} == {("fax", "store")}


def test_what_routers_let_through_for_management_is_there(found: AlsoOpen) -> None:
    passed = [
        item for item in found.carried if (item.variable, item.routers) == ("faxnet_management", ("york-router",))
    ]
    assert (PC,) in [item.sources for item in passed if "10.4.0.10/32" in item.destinations]
    assert ANYWHERE[:1] in [item.sources for item in passed if "10.4.0.11/32" in item.destinations]


def test_it_says_what_networks_may_start_outward_and_what_they_wear(found: AlsoOpen) -> None:
    assert {item.router: (item.sites, item.outbound, item.worn) for item in found.outward} == {
        "hull-router": (("hull",), "any", ("203.0.113.7",)),
        "leeds-router": (("leeds",), "flows", ()),
        "york-router": (("york",), "any", ()),
    }


def test_stances_are_counted_and_who_holds_no_rules_is_named(found: AlsoOpen) -> None:
    assert (found.stances, found.without_rules) == ({"exclusive": 5, "observe": 1}, ("branch",))


def test_the_json_holds_an_entry_a_line(report: Report) -> None:
    text = "".join(report_json(report))
    read = json.loads(text)
    assert read["stances"] == {"exclusive": 5, "observe": 1}
    nothing_more = {"networks": [], "interface": None}
    loss = {"kind": "listener", "protocol": "udp", "ports": "53", "program": "dnsmasq", **nothing_more}
    assert read["accepted_losses"] == [{"hosts": ["leeds-router"], "loss": loss}]
    (names,) = [item for item in read["let_in"] if item["name"] == "names" and item["hosts"] == ["fax", "store"]]
    assert names["services"] == [{"protocol": "tcp", "ports": "53,853-854"}, {"protocol": "udp", "ports": "53,853-854"}]
    for key in ("let_in", "carried", "outward", "accepted_losses"):
        assert text.partition(f'"{key}": [')[2].partition("\n ]")[0].count("\n") == len(read[key]) > 0


def rows(report: Report) -> dict[str, list[str]]:
    """The page's section: by heading, each row as text."""
    page = report_page(report).partition('id="also-open"')[2].partition("</section>")[0]
    found = {}
    for part in page.split("<h3>")[1:]:
        heading, _end, rest = part.partition("</h3>")
        cells = re.findall(r"<(?:tr|li)>(.*?)</(?:tr|li)>", rest)
        found[heading] = [
            html.unescape(re.sub(r"<[^>]*>", "|", re.sub(r"</td><td[^>]*>", " ; ", cell))) for cell in cells
        ]
    return {heading: [re.sub(r"\|+", "", row) for row in told] for heading, told in found.items()}


def test_the_page_says_all_of_it(report: Report) -> None:
    told = rows(report)
    assert told["Everything else"][-1].startswith("no rules 1 host: ")
    assert "fax and store ; names ; tcp+udp 53, 853\u2013854 ; 10.3.0.0/24 ; faxnet_permits" in told["Into hosts"]
    assert (
        "leeds-router ; vpn both directions ; esp ; 10.3.0.0/24 ; out by wg* ; faxnet_forward_permits"
        in told["Through routers"]
    )
    assert (
        "leeds-router and york-router ; names ; tcp+udp 53, 853\u2013854 ; 10.3.0.0/24 ; 10.4.0.10/31 ; "
        "faxnet_permits of fax and store"
    ) in told["Through routers"]
    assert (
        "leeds-router ; leeds ; anything: nothing is refused there (observe) ; their own addresses" in told["Outward"]
    )
    assert told["Accepted losses"][-1] == "leeds-router ; a service that listens: udp port 53 of dnsmasq"


def test_permits_that_no_packet_proves_are_said_not_to_be_tested() -> None:
    made = company().made()
    expects = expectations(made.document, made.slices)
    told = make_report(source_of(made.document, made.slices, expects, results_of(made.document, expects, as_planned)))
    gaps = report_page(told).partition('id="gaps"')[2].partition("</section>")[0]
    assert "1 permit of routers not tried (leeds-router: vpn (esp)): a protocol without ports" in gaps
    assert "their own network, where no router stands between, was not tried" in gaps
    (esp,) = [item for item in json.loads("".join(report_json(told)))["by_reasoning"] if "ports" in item["reason"]]
    assert (esp["count"], esp["permits"]) == (1, ["leeds-router: vpn (esp)"])


def test_a_page_of_a_plan_without_any_of_it_says_so() -> None:
    net = Network().site("lan", "10.4.0.0/24").server("fax", "lan", "10.4.0.10").client("pc", "lan", "10.4.0.11", "fax")
    page = report_page(reported(net))
    for sentence in ("no router carries anything but flows", "There are no routers", "nothing in use may stop"):
        assert sentence in page


def test_many_hosts_that_say_the_same_are_one_row_with_their_names_folded_away() -> None:
    net = Network().site("lan", "10.4.0.0/16").server("fax", "lan", "10.4.0.10")
    for number in range(40):
        net.host(f"host{number:02}", "lan", f"10.4.1.{number + 1}")
    told = rows(reported(net))["Into hosts"]
    assert len(told) == 2
    assert told[-1].startswith("all 41 hostsfax, host00, ")
    assert "host39 ; management" in told[-1]
