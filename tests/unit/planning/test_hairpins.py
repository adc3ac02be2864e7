# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that dial their server's public address from inside its site: the router turns what they send."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.host_requirements import own_addresses
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.networks import FLORIDA, Network
from tests.unit.platforms.policies import nft_rules

ROUTER, SERVER, CLIENT = "10.1.0.1", "10.1.0.10", "10.1.0.21"


def office(**use: Any) -> Network:
    """A server and a client of it behind one router, and a client elsewhere."""
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", public="203.0.113.20")
        .server("fl-fax", "florida", SERVER)
        .client("fl-pc", "florida", CLIENT, **use)
        .client("uk-pc", "sheffield", "10.2.0.21")
    )


def two_in_a_row(**use: Any) -> Network:
    """The same behind two routers, each of which translates."""
    net = office(**use)
    net.sites["florida"] = {
        "networks": ["10.1.0.0/24"],
        "gateways": [
            {"host": "fl-router", "public_address": "192.168.100.2"},
            {"host": "fl-box", "public_address": FLORIDA},
        ],
    }
    net.hosts["fl-box"] = {"faxnet_address": "192.168.100.1"}
    return net


def addresses(flow: dict[str, Any]) -> tuple[str, str, str, str]:
    return flow["source_address"], flow["dial"], flow["arrives_from"], flow["destination_address"]


def test_without_the_word_a_client_inside_is_planned_with_the_servers_own_address() -> None:
    flow = office().made().flow("netcfax.pcp/fl-pc>fl-fax")
    assert addresses(flow) == (CLIENT, SERVER, CLIENT, SERVER)
    assert flow["via"] == []


def test_the_router_turns_what_is_sent_to_the_public_address_and_wears_its_own() -> None:
    made = office(dials="public").made()
    flow = made.flow("netcfax.pcp/fl-pc>fl-fax")
    assert addresses(flow) == (CLIENT, FLORIDA, ROUTER, SERVER)
    assert flow["via"] == ["fl-router"]
    (nat,) = [item for item in made.policy("fl-router")["destination_nat"] if flow["id"] in item["flows"]]
    assert (nat["source"], nat["address"], nat["target"], nat["becomes"]) == (CLIENT, FLORIDA, SERVER, ROUTER)
    # The forward hook stands between the two translations.
    (passed,) = [item for item in made.policy("fl-router")["forward"] if flow["id"] in item["flows"]]
    assert (passed["source"], passed["destination"]) == (CLIENT, SERVER)
    (taken,) = [item for item in made.policy("fl-fax")["input"] if flow["id"] in item["flows"]]
    assert (taken["source"], taken["destination"]) == (ROUTER, SERVER)
    assert made.slices["fl-pc"]["uses"][0]["dial"] == FLORIDA


def test_call_backs_go_to_the_router_that_the_server_saw() -> None:
    made = office(dials="public").made()
    flow = made.flow("netcfax.scp/fl-fax>fl-pc")
    assert addresses(flow) == (SERVER, ROUTER, ROUTER, CLIENT)
    (nat,) = [item for item in made.policy("fl-router")["destination_nat"] if flow["id"] in item["flows"]]
    assert (nat["source"], nat["address"], nat["target"], nat["becomes"]) == (SERVER, ROUTER, CLIENT, ROUTER)


def test_a_trace_follows_both_ways_through_the_router() -> None:
    made = office(dials="public").made()
    there = made.trace("fl-pc", FLORIDA, 7488)
    assert (there.reached, [hop.device for hop in there.hops]) == ("fl-fax", ["fl-router", "fl-fax"])
    assert there.hops[0].goes_as == f"{ROUTER} -> {SERVER}"
    assert f"and wear {ROUTER}" in there.hops[0].translation
    low = int(made.flow("netcfax.scp/fl-fax>fl-pc")["ports"].partition("-")[0])
    assert made.trace("fl-fax", ROUTER, low).reached == "fl-pc"
    # Nobody else is turned, and no other port.
    assert not office().made().trace("fl-pc", FLORIDA, 7488).passes
    assert not made.trace("fl-pc", FLORIDA, 7489).passes


def test_clients_outside_and_others_inside_are_met_as_before() -> None:
    net = office(dials="public").client("fl-pc2", "florida", "10.1.0.22")
    made, before = net.made(), office().client("fl-pc2", "florida", "10.1.0.22").made()
    for name in ("netcfax.pcp/uk-pc>fl-fax", "netcfax.scp/fl-fax>uk-pc", "netcfax.pcp/fl-pc2>fl-fax"):
        assert addresses(made.flow(name)) == addresses(before.flow(name))


def test_call_back_ranges_are_apart_on_the_routers_own_address() -> None:
    """Two clients whose calls come to one address of the router cannot have one port there."""
    fixed = {"mode": "fixed", "port": 7490}
    net = office(dials="public", callback=fixed)
    net.client("fl-pc2", "florida", "10.1.0.22", dials="public", callback=fixed)
    assert {finding.code for finding in net.findings()} == {"FXN305"}
    # Without turning, each is called at its own address.
    assert not office(callback=fixed).client("fl-pc2", "florida", "10.1.0.22", callback=fixed).findings()


def test_call_backs_do_not_take_a_port_of_the_router_itself() -> None:
    net = office(dials="public", callback={"low": 10100, "high": 10109})
    net.hosts["fl-router"]["faxnet_permits"] = [{"name": "web", "ports": 10105}]
    (finding,) = net.findings()
    assert (finding.code, finding.host) == ("FXN307", "fl-pc")
    assert "web on fl-router" in finding.message


def test_behind_two_routers_the_outer_one_turns() -> None:
    made = two_in_a_row(dials="public").made()
    there = made.flow("netcfax.pcp/fl-pc>fl-fax")
    assert addresses(there) == (CLIENT, FLORIDA, "192.168.100.1", SERVER)
    assert there["via"] == ["fl-router", "fl-box", "fl-router"]
    back = made.flow("netcfax.scp/fl-fax>fl-pc")
    assert addresses(back) == (SERVER, "192.168.100.1", "192.168.100.1", CLIENT)
    assert made.trace("fl-pc", FLORIDA, 7488).reached == "fl-fax"
    assert made.trace("fl-fax", "192.168.100.1", int(back["ports"].partition("-")[0])).reached == "fl-pc"


def test_a_router_further_in_leaves_what_goes_to_a_public_address_in_its_own_realm_as_it_is() -> None:
    net = two_in_a_row(dials="public")
    # What the outer router wears lies in a network to which routers of the realm translate nothing.
    net.sites["florida"]["realm"] = "company"
    net.site("around", "198.51.100.0/24", gateway="around-router", realm="company")
    made = net.made()
    flow = made.flow("netcfax.pcp/fl-pc>fl-fax")
    assert (flow["dial"], flow["via"]) == (FLORIDA, ["fl-router", "fl-box", "fl-router"])
    (forward,) = [item for item in made.policy("fl-box")["destination_nat"] if item["address"] == FLORIDA
                  and flow["id"] in item["flows"]]  # fmt: skip
    assert forward["source"] == CLIENT
    assert made.trace("fl-pc", FLORIDA, 7488).reached == "fl-fax"
    back = made.flow("netcfax.scp/fl-fax>fl-pc")
    assert made.trace("fl-fax", back["dial"], int(back["ports"].partition("-")[0])).reached == "fl-pc"


def test_a_router_before_which_another_device_translates_turns_the_address_that_clients_dial() -> None:
    net = office(dials="public")
    net.sites["florida"]["outside_address"] = "192.168.178.2"
    made = net.made()
    (nat,) = [item for item in made.policy("fl-router")["destination_nat"] if item["source"] == CLIENT]
    assert nat["address"] == FLORIDA
    assert made.trace("fl-pc", FLORIDA, 7488).reached == "fl-fax"
    # It need not have that address: it never comes to the device that has it.
    assert own_addresses(read_policy(made.policy("fl-router"))) == [ROUTER, "192.168.178.2"]


def test_a_server_that_wears_the_address_itself_sees_its_clients() -> None:
    net = Network().site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
    net.hosts["fl-router"]["faxnet_offers"] = [{"service": "netcfax"}]
    made = net.client("fl-pc", "florida", CLIENT, server="fl-router", dials="public").made()
    assert addresses(made.flow("netcfax.pcp/fl-pc>fl-router")) == (CLIENT, FLORIDA, CLIENT, FLORIDA)
    assert addresses(made.flow("netcfax.scp/fl-router>fl-pc")) == (ROUTER, CLIENT, ROUTER, CLIENT)
    assert made.trace("fl-pc", FLORIDA, 7488).reached == "fl-router"


def test_a_client_of_another_site_of_the_realm_meets_the_server_over_the_internet() -> None:
    net = office().client("york-pc", "york", "10.4.0.21", dials="public")
    net.site("york", "10.4.0.0/24", gateway="york-router", public="192.0.2.40", realm="company")
    net.sites["florida"]["realm"] = "company"
    made = net.made()
    assert addresses(made.flow("netcfax.pcp/york-pc>fl-fax")) == ("10.4.0.21", FLORIDA, "192.0.2.40", SERVER)
    assert addresses(made.flow("netcfax.scp/fl-fax>york-pc")) == (SERVER, "192.0.2.40", FLORIDA, "10.4.0.21")


def test_what_the_server_starts_goes_within_the_realm_where_it_saw_the_clients_own_address() -> None:
    # IPv6: the server's office translates it, the other one does not.
    net = Network().site("york", "2001:db8:2::/64", gateway="york-router", realm="company")
    net.site("florida", "2001:db8:1::/64", gateway="fl-router", public="2001:db8:ffff::1", realm="company")
    net.server("fl-fax", "florida", "2001:db8:1::10").client("york-pc", "york", "2001:db8:2::21", dials="public")
    made = net.made()
    assert addresses(made.flow("netcfax.pcp/york-pc>fl-fax/6")) == (
        "2001:db8:2::21",
        "2001:db8:ffff::1",
        "2001:db8:2::21",
        "2001:db8:1::10",
    )
    # Its router lets this out as it is: the other site is of its realm.
    assert addresses(made.flow("netcfax.scp/fl-fax>york-pc/6")) == (
        "2001:db8:1::10",
        "2001:db8:2::21",
        "2001:db8:1::10",
        "2001:db8:2::21",
    )
    assert "2001:db8:2::/64" in made.policy("fl-router")["source_nat"][0]["except"]
    port = int(made.flow("netcfax.scp/fl-fax>york-pc/6")["ports"].partition("-")[0])
    assert made.trace("fl-fax", "york-pc", port).reached == "york-pc"


def test_broadcasts_and_their_answers_turn_nowhere() -> None:
    net = office().offers("press", "florida", "10.1.0.12", "faxpress")
    made = net.uses("alert", "florida", "10.1.0.30", "faxpress", "press", dials="public").made()
    assert addresses(made.flow("faxpress.request/alert>press")) == ("10.1.0.30", FLORIDA, ROUTER, "10.1.0.12")
    assert addresses(made.flow("faxpress.response/press>alert")) == ("10.1.0.12", "10.1.0.30", "10.1.0.12", "10.1.0.30")


def test_nft_translates_both_ends_of_what_turns_and_of_nothing_else() -> None:
    net = office(dials="public")
    net.hosts["fl-fax"]["faxnet_offers"].append({"service": "kerio_connect", "exchanges": ["smtp"], "public": True})
    text = nft_rules(net.made().policy("fl-router"))
    # A forward for everybody leaves inside out, and what turns has a map of its own beside it.
    assert "ip saddr != 10.1.0.0/24 dnat ip to tcp dport . ip daddr . ip saddr map @faxnet_targets_tcp4" in text
    assert "\t\tdnat ip to tcp dport . ip daddr . ip saddr map @faxnet_turned_tcp4" in text
    assert f'7488 . {FLORIDA} . {CLIENT} comment "netcfax.pcp/fl-pc>fl-fax" : {SERVER}' in text
    worn = "ct status dnat snat ip to tcp dport . ip daddr . ip saddr map @faxnet_worn_tcp4"
    assert f'7488 . {SERVER} . {CLIENT} comment "netcfax.pcp/fl-pc>fl-fax" : {ROUTER}' in text
    assert text.index(worn) < text.index(f"snat ip to {FLORIDA}")


def test_switched_off_nothing_turns() -> None:
    policy = office(dials="public", enabled=False).made().policy("fl-router")
    assert any("becomes" in item for item in policy["destination_nat"])
    assert "faxnet_turned" not in nft_rules(policy)
    assert "faxnet_worn" not in nft_rules(policy)


def test_a_sheet_asks_for_nat_loopback_where_something_turns() -> None:
    net = office(dials="public")
    net.hosts["fl-router"]["faxnet_platform"] = "worksheet"
    made = net.made()
    assert [rule["becomes"] for rule in made.slices["fl-router"]["rules"]["rules"] if "becomes" in rule] == [ROUTER] * 2


def changing(net: Network) -> None:
    net.sites["florida"]["public_address"] = "dynamic"
    del net.hosts["uk-pc"]


def unsaid(net: Network) -> None:
    del net.sites["florida"]["public_address"], net.hosts["uk-pc"]


def nested(net: Network) -> None:
    net.sites["florida"]["realm"] = "company"
    net.site("lab", "10.9.0.0/24", gateway="lab-router", public="10.1.0.99", realm="company")
    net.hosts["fl-fax"] |= {"faxnet_site": "lab", "faxnet_address": "10.9.0.10"}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (changing, "it changes"),
        (unsaid, "nobody translates one for it"),
        (nested, "routers of one realm stand between it and fl-router"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_the_reason(spoil: Any, reason: str) -> None:
    net = office(dials="public")
    spoil(net)
    (finding,) = [item for item in net.findings() if item.code == "FXN411"]
    assert (finding.host, finding.variable, finding.value) == ("fl-pc", "faxnet_uses[0].dials", "public")
    assert reason in finding.message
    assert "omit 'dials'" in finding.cure


def test_a_router_cannot_dial_what_it_would_have_to_turn_itself() -> None:
    net = office()
    net.hosts["fl-router"]["faxnet_uses"] = [{"service": "netcfax", "server": "fl-fax", "dials": "public"}]
    (finding,) = net.findings()
    assert (finding.code, finding.host) == ("FXN411", "fl-router")
    assert "fl-router has it itself" in finding.message


def test_nothing_but_the_one_word_is_understood() -> None:
    (finding,) = office(dials="private").findings()
    assert (finding.code, finding.variable, finding.value) == ("FXN101", "faxnet_uses[0].dials", "private")
