# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 through NAT and IPv6 from end to end, in one network: what passes by each version, and what does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

PCP = 7488
FAXPRESS = 4644
OAK, ELM = "198.51.100.40", "203.0.113.50"
FAX, PRESS = "2001:db8:4::10", "2001:db8:4::20"
PC, NEW = "2001:db8:5::21", "2001:db8:5::66"
# How a client gets to the NetCFax server and to the FaxPress, by each version that it has.
SERVICES = [("netcfax", "oak-fax"), ("faxpress", "oak-press")]
WAYS = [("elm-pc", OAK, OAK), ("elm-pc", FAX, PRESS), ("elm-new", FAX, PRESS)]


def received(network: Any, host: str, service: str, server: str) -> list[str]:
    """Tokens of the notifications that a client has received; a datagram needs a moment."""
    time.sleep(0.3)
    return [each["token"] for each in network.instance(host, service, server)["notifications"]]


def notified(network: Any, server: str) -> dict[str, dict[str, Any]]:
    return {result["instance"].split("/")[0]: result for result in network.ask(server, "notify")["results"]}


@pytest.fixture(scope="module", autouse=True)
def everybody_is_known(network: Any) -> None:
    wanted = [(host, *service) for host in ("elm-pc", "elm-new") for service in SERVICES]
    network.settled(lambda: all(network.instance(*each)["connected"] for each in wanted))


# ---- what must pass


def test_a_server_sees_ipv4_behind_nat_and_ipv6_as_it_is(network: Any) -> None:
    (server,) = network.ask("oak-fax", "state")["servers"]
    seen = {login["instance"].split("/")[0]: login["address"] for login in server["logins"]}
    assert seen == {"elm-pc": ELM, "elm-new": NEW}


@pytest.mark.parametrize(("host", "fax", "press"), WAYS)
def test_a_client_reaches_both_servers_by_each_version_that_it_has(
    network: Any, host: str, fax: str, press: str
) -> None:
    assert network.knock(host, fax, [PCP]) == {PCP: "open"}
    assert network.knock(host, press, [FAXPRESS], "udp") == {FAXPRESS: "open"}


def test_call_backs_reach_a_client_behind_nat_and_one_without(network: Any) -> None:
    sent = notified(network, "oak-fax")
    assert {host: result["outcome"] for host, result in sent.items()} == {"elm-pc": "delivered", "elm-new": "delivered"}
    assert sent["elm-new"]["address"] == NEW
    for host, result in sent.items():
        assert received(network, host, "netcfax", "oak-fax")[-1] == result["token"]


@pytest.mark.parametrize(("host", "addresses"), [("elm-pc", [ELM, PC]), ("elm-new", [NEW])])
def test_the_server_reaches_the_whole_range_by_each_version(
    network: Any, call_back_ports: dict[str, range], host: str, addresses: list[str]
) -> None:
    assert addresses
    for address in addresses:
        answers = network.knock("oak-fax", address, call_back_ports[host])
        assert len(answers) == len(call_back_ports[host]) > 0
        assert "silent" not in answers.values(), address


@pytest.mark.acceptance("FP-10")
def test_alerts_ride_on_a_mapping_by_ipv4_and_need_none_by_ipv6(network: Any) -> None:
    sent = notified(network, "oak-press")
    assert {host: result["outcome"] for host, result in sent.items()} == {"elm-pc": "sent", "elm-new": "sent"}
    for host, result in sent.items():
        assert received(network, host, "faxpress", "oak-press")[-1] == result["token"]
    ports = [1023, 5000, 65535]
    assert network.knock("oak-press", NEW, ports, "udp", source_port=FAXPRESS) == dict.fromkeys(ports, "refused")
    assert network.knock("oak-press", ELM, ports, "udp", source_port=FAXPRESS) == dict.fromkeys(ports, "silent")


def test_no_router_translates_ipv6(network: Any, slices: dict[str, dict[str, Any]]) -> None:
    for router in ("oak-router", "elm-router"):
        policy = slices[router]["policy"]
        assert {entry["version"] for entry in (*policy["destination_nat"], *policy["source_nat"])} == {4}
        assert {permit["version"] for permit in policy["forward"]} == {4, 6}


# ---- what must not


@pytest.mark.parametrize("source", ["stranger", "internet"])
@pytest.mark.parametrize("address", [OAK, "10.4.0.10", FAX])
def test_nobody_else_reaches_the_servers(network: Any, source: str, address: str) -> None:
    # Not 22: the routers are managed from anywhere.
    assert network.knock(source, address, [PCP, 80]) == dict.fromkeys([PCP, 80], "silent")
    assert network.knock(source, address, [FAXPRESS], "udp") == {FAXPRESS: "silent"}


@pytest.mark.parametrize("source", ["stranger", "internet"])
@pytest.mark.parametrize(("host", "address"), [("elm-pc", PC), ("elm-pc", ELM), ("elm-new", NEW)])
def test_nobody_else_reaches_a_call_back_port_though_no_nat_stands_before_ipv6(
    network: Any, call_back_ports: dict[str, range], source: str, host: str, address: str
) -> None:
    assert set(network.knock(source, address, call_back_ports[host]).values()) == {"silent"}
    ports = [22, 1023, 5000, 65535]
    assert network.knock(source, address, ports, "udp", source_port=FAXPRESS) == dict.fromkeys(ports, "silent")


@pytest.mark.parametrize(("host", "fax", "press"), WAYS)
def test_a_client_reaches_no_other_port_of_the_servers(network: Any, host: str, fax: str, press: str) -> None:
    around = [PCP - 1, PCP + 1, 80, 65000]
    assert network.knock(host, fax, around) == dict.fromkeys(around, "silent")
    # Behind the one public IPv4 address are both servers; by IPv6 each of them is met by itself.
    others = [FAXPRESS] if press == fax else [FAXPRESS, PCP]
    assert network.knock(host, press, others) == dict.fromkeys(others, "silent")


def test_the_servers_reach_no_port_beside_the_ranges_by_ipv6(network: Any, call_back_ports: dict[str, range]) -> None:
    for host, address in (("elm-pc", PC), ("elm-new", NEW)):
        ports = call_back_ports[host]
        beside = [ports[0] - 1, ports[-1] + 1, 22, PCP]
        assert network.knock("oak-fax", address, beside) == dict.fromkeys(beside, "silent")
        assert network.knock("oak-press", address, ports[:3]) == dict.fromkeys(ports[:3], "silent")


# ---- that it stays


@pytest.mark.parametrize("name", ["elm-router", "elm-new"])
def test_both_versions_are_back_after_a_reboot(network: Any, call_back_ports: dict[str, range], name: str) -> None:
    before = network.rules(name)
    network.reboot(name)
    assert network.rules(name) == before
    assert "silent" not in network.knock("oak-fax", NEW, call_back_ports["elm-new"]).values()
    first = call_back_ports["elm-new"][0]
    assert network.knock("stranger", NEW, [first]) == {first: "silent"}
