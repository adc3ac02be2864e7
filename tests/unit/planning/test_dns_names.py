# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that are known by a DNS name: the plan is one of the addresses that it leads to when planning."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import Address, parse_address
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import vaulted
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.resolver import resolve
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.dns_names import ResolutionError, is_dns_name
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.terminal_text import slice_text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, Plan, Planned, make_plan
from tests.unit.networks import Made, Network

NAME = "sip.example.net"
Resolve = Callable[[str], Sequence[Address]]


def leads_to(**answers: Sequence[str]) -> Resolve:
    """Somebody who knows the names (a dot is an underscore here), and no other."""

    def asked(name: str) -> list[Address]:
        try:
            return [parse_address(text) for text in answers[name.replace(".", "_")]]
        except KeyError:
            raise ResolutionError("Name or service not known") from None

    return asked


def office(address: Any = NAME, **trunk: Any) -> Network:
    """A telephone system behind NAT and its provider, which is known by a name and stands in no site."""
    net = Network().site("hq", "10.1.0.0/24", gateway="router", public="198.51.100.1")
    net.hosts["trunk"] = {
        "faxnet_address": address,
        "faxnet_platform": "unmanaged",
        "faxnet_offers": [{"service": "t38fax_trunk"}],
        **trunk,
    }
    return net.uses("pbx", "hq", "10.1.0.10", "t38fax_trunk", "trunk")


def planned(net: Network, asked: Resolve | None, lock: str = "") -> Planned:
    return make_plan(Inputs(net.sites, net.hosts, resolve=asked, lock=lock))


def made(net: Network, asked: Resolve | None, lock: str = "") -> tuple[Plan, Made]:
    plan = planned(net, asked, lock).plan
    assert plan is not None, planned(net, asked, lock).findings
    return plan, Made.of(plan)


def said(found: Planned) -> list[tuple[str, tuple[str, ...], str, str]]:
    """Code, hosts, variable and value of each finding."""
    return [(item.code, item.hosts, item.variable, item.value) for item in found.findings]


def test_a_name_stands_for_all_that_it_leads_to_and_needs_no_site() -> None:
    plan, net = made(office(), leads_to(sip_example_net=["203.0.113.9", "203.0.113.7"]))
    flow = net.flow("t38fax_trunk.sip/pbx>trunk")
    assert (flow["dial"], flow["arrives_from"], flow["via"]) == ("203.0.113.7, 203.0.113.9", "198.51.100.1", ["router"])
    permits = {entry["destination"] for entry in net.policy("router")["forward"]}
    assert permits == {"203.0.113.7", "203.0.113.9"}
    assert net.document["sites"]["trunk"]["networks"] == ["203.0.113.7/32", "203.0.113.9/32"]
    assert net.document["hosts"]["trunk"]["dns_names"] == [NAME]
    assert slice_text(net.slices["trunk"]).splitlines()[1:4] == [
        f"name {NAME}",
        "address 203.0.113.7",
        "address 203.0.113.9",
    ]
    assert json.loads(plan.lock.as_text())["dns_names"] == {NAME: ["203.0.113.7", "203.0.113.9"]}


def test_whoever_sets_a_client_up_is_told_the_name() -> None:
    (use,) = made(office(), leads_to(sip_example_net=["203.0.113.7", "203.0.113.9"]))[1].slices["pbx"]["uses"]
    assert (use["dial"], use["also_at"]) == ("203.0.113.7", [NAME, "203.0.113.9"])


def test_one_address_of_each_version_is_one_machine_and_of_more_ipv4_is_taken() -> None:
    both = leads_to(sip_example_net=["2001:db8:9::7", "203.0.113.7"])
    assert made(office(), both)[1].slices["trunk"]["addresses"] == ["203.0.113.7", "2001:db8:9::7"]
    more = leads_to(sip_example_net=["2001:db8:9::7", "203.0.113.7", "2001:db8:9::8"])
    assert made(office(), more)[1].slices["trunk"]["addresses"] == ["203.0.113.7"]


def test_names_stand_beside_addresses_and_networks_and_each_is_asked_for_once() -> None:
    asked = mock.Mock(
        side_effect=leads_to(sip_example_net=["203.0.113.7"], media_example_net=["203.0.113.7", "203.0.113.8"])
    )
    net = office([NAME, "media.example.net", "203.0.113.64/26", "SIP.example.net"])
    _plan, found = made(net, asked)
    assert found.slices["trunk"]["stands_for"] == ["203.0.113.7", "203.0.113.8", "203.0.113.64/26"]
    assert [call.args for call in asked.mock_calls] == [(NAME,), ("media.example.net",)]


def test_while_nobody_answers_the_lock_files_addresses_stand_and_that_is_said() -> None:
    lock = made(office(), leads_to(sip_example_net=["203.0.113.7"]))[0].lock.as_text()
    for asked in (leads_to(), None):
        found = planned(office(), asked, lock)
        assert said(found) == [("FXN162", ("trunk",), "faxnet_address", NAME)]
        assert "203.0.113.7" in found.findings[0].message
        assert found.plan is not None
        assert found.plan.lock.as_text() == lock


def test_another_answer_is_another_plan_and_another_lock_file() -> None:
    first, _made = made(office(), leads_to(sip_example_net=["203.0.113.7"]))
    second, net = made(office(), leads_to(sip_example_net=["203.0.113.8"]), first.lock.as_text())
    assert {entry["destination"] for entry in net.policy("router")["forward"]} == {"203.0.113.8"}
    assert json.loads(second.lock.as_text())["dns_names"] == {NAME: ["203.0.113.8"]}


@pytest.mark.parametrize("answers", [[], ["127.0.0.1"], ["0.0.0.1", "::1"]])
def test_a_name_that_leads_nowhere_is_one_error_and_nothing_follows_from_it(answers: list[str]) -> None:
    found = planned(office(), leads_to(sip_example_net=answers) if answers else leads_to())
    assert said(found) == [("FXN161", ("trunk",), "faxnet_address", NAME)]
    assert found.plan is None


def test_each_name_that_leads_nowhere_is_named() -> None:
    net = office([NAME, "media.example.net"], faxnet_site="hq")
    net.hosts["other"] = {**net.hosts["trunk"], "faxnet_address": "other.example.net"}
    assert [(item[0], item[2], item[3]) for item in said(planned(net, leads_to()))] == [
        ("FXN161", "faxnet_address", "other.example.net"),
        ("FXN161", "faxnet_address[0]", NAME),
        ("FXN161", "faxnet_address[1]", "media.example.net"),
    ]


def test_a_host_whose_rules_are_set_here_needs_an_address() -> None:
    asked = mock.Mock(side_effect=leads_to(sip_example_net=["203.0.113.7"]))
    found = planned(office(faxnet_platform="nftables", faxnet_site="hq"), asked)
    assert ("FXN105", ("trunk",), "faxnet_address", NAME) in said(found)
    assert asked.mock_calls == []


def test_nobody_calls_back_a_client_that_is_known_by_a_name() -> None:
    net = Network().site("hq", "10.1.0.0/24", gateway="router", public="198.51.100.1").server("fax", "hq", "10.1.0.10")
    home = {"faxnet_address": "home.example.net", "faxnet_platform": "unmanaged"}
    net.hosts["home"] = {**home, "faxnet_uses": [{"service": "netcfax", "server": "fax"}]}
    asked = leads_to(home_example_net=["203.0.113.7"])
    (finding,) = [item for item in planned(net, asked).findings if item.severity == "error"]
    assert (finding.code, finding.hosts[0]) == ("FXN402", "home")
    assert "is known by a DNS name, whose address may be another one tomorrow" in finding.message
    net.hosts["home"]["faxnet_uses"][0]["exchanges"] = {"scp": False}
    _plan, found = made(net, asked)
    assert found.flow("netcfax.pcp/home>fax")["arrives_from"] == "203.0.113.7"


@pytest.mark.parametrize("lock", ['{"sip.example.net": "203.0.113.7"}', '{"sip.example.net": ["7"]}', "[]"])
def test_a_lock_file_that_is_spoilt_there_is_an_error(lock: str) -> None:
    text = f'{{"format": 1, "callback_ranges": {{}}, "dns_names": {lock}}}'
    assert "FXN314" in [item[0] for item in said(planned(office(), None, text))]


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("sip.example.net", True), ("SIP.Example.NET", True), ("xn--bcher-kva.example", True), ("a.b-c.de", True),
     ("4.example", True), ("10.1.0.10", False), ("10.1", False), ("2001:db8::10", False), ("fax", False),
     ("10.1.0.0/24", False), ("-a.example", False), ("a..example", False), ("a b.example", False), ("", False),
     ("a.example\n; flush ruleset", False), (None, False), (["sip.example.net"], False), ("a." * 130 + "de", False),
     ("b\u00fccher.example", False), (vaulted("sip.example.net"), False)],
)  # fmt: skip
def test_what_a_dns_name_is(value: object, is_one: bool) -> None:
    assert is_dns_name(value) is is_one


def test_the_controllers_own_resolver_is_asked() -> None:
    answers = [(socket.AF_INET6, 1, 6, "", ("fe80::1%eth0", 0, 0, 2)), (socket.AF_INET, 1, 6, "", ("203.0.113.7", 0))]
    with mock.patch.object(socket, "getaddrinfo", return_value=answers):
        assert [address.text for address in resolve(NAME)] == ["fe80::1", "203.0.113.7"]
    with (
        mock.patch.object(socket, "getaddrinfo", side_effect=socket.gaierror(-2, "Name or service not known")),
        pytest.raises(ResolutionError, match=r"^Name or service not known$"),
    ):
        resolve(NAME)
