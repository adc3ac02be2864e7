# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices: what the case asks for passes, from and to every host, and everything around it does not."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from typing import Any

import pytest

SERVER = "10.1.0.10"
FLORIDA = "198.51.100.10"
SHEFFIELD = "203.0.113.20"
PCP = 7488
FIXED_SCP = 7485
LOCAL = ("fl-pc1", "fl-pc2")
REMOTE = ("uk-ts1", "uk-pc1", "uk-pc2")
INSTANCES = {"fl-pc1": 1, "fl-pc2": 1, "uk-ts1": 40, "uk-pc1": 1, "uk-pc2": 1}
ADDRESS = {
    "fl-pc1": "10.1.0.21",
    "fl-pc2": "10.1.0.22",
    "uk-ts1": "10.2.0.10",
    "uk-pc1": "10.2.0.21",
    "uk-pc2": "10.2.0.22",
}


def instances_of(network: Any, host: str) -> list[dict[str, Any]]:
    return list(network.ask(host, "state")["instances"])


@pytest.fixture(scope="module", autouse=True)
def everybody_has_logged_in(network: Any) -> None:
    """Clients log in by themselves soon after the rules are in place; half a minute is their retry at its slowest."""
    end = time.monotonic() + 45
    while True:
        logins = [login for server in network.ask("fl-fax", "state")["servers"] for login in server["logins"]]
        if len(logins) >= sum(INSTANCES.values()) or time.monotonic() > end:
            return
        time.sleep(0.5)


# ---- what must pass


@pytest.mark.acceptance("NR-01", "NR-02", "NR-08", "NR-09", "NR-13", "NR-19")
def test_every_client_is_logged_in_at_the_server(network: Any) -> None:
    (server,) = network.ask("fl-fax", "state")["servers"]
    seen = Counter(login["address"] for login in server["logins"])
    assert seen == {"10.1.0.21": 1, "10.1.0.22": 1, SHEFFIELD: 42}


@pytest.mark.acceptance("NR-04", "NR-05", "NP-10", "NP-12")
@pytest.mark.parametrize("host", INSTANCES)
def test_every_client_of_a_host_has_a_call_back_port_of_its_own_inside_the_range(
    network: Any, call_back_ports: dict[str, range], host: str
) -> None:
    ports = [instance["port"] for instance in instances_of(network, host)]
    assert len(ports) == INSTANCES[host]
    assert len(set(ports)) == len(ports)
    assert set(ports) <= set(call_back_ports[host])


@pytest.mark.acceptance("NR-06")
def test_the_fixed_client_has_the_fixed_port(network: Any) -> None:
    assert [instance["port"] for instance in instances_of(network, "uk-pc2")] == [FIXED_SCP]


@pytest.mark.acceptance("NR-04", "NR-13", "NR-20", "NP-03")
def test_every_notification_reaches_the_client_that_it_is_meant_for(network: Any) -> None:
    results = network.ask("fl-fax", "notify")["results"]
    assert Counter(result["outcome"] for result in results) == {"delivered": sum(INSTANCES.values())}
    sent = {result["instance"]: result["token"] for result in results}
    received = {
        instance["name"]: instance["notifications"][-1]["token"]
        for host in INSTANCES
        for instance in instances_of(network, host)
    }
    assert received == sent


@pytest.mark.acceptance("NR-08", "NR-10", "NR-11", "NP-06")
@pytest.mark.parametrize("host", REMOTE)
def test_the_server_reaches_every_port_of_a_remote_client_s_range(
    network: Any, call_back_ports: dict[str, range], host: str
) -> None:
    answers = network.knock("fl-fax", SHEFFIELD, call_back_ports[host])
    assert {port: answer for port, answer in answers.items() if answer == "silent"} == {}


@pytest.mark.acceptance("NR-08")
@pytest.mark.parametrize("host", LOCAL)
def test_the_server_reaches_every_port_of_a_client_in_its_own_office(
    network: Any, call_back_ports: dict[str, range], host: str
) -> None:
    assert "silent" not in network.knock("fl-fax", ADDRESS[host], call_back_ports[host]).values()


@pytest.mark.acceptance("NR-20", "NR-21", "NP-05", "NP-06")
def test_the_router_forwards_to_each_client_what_the_client_s_sheet_says(network: Any) -> None:
    forwards = re.findall(
        rf"([\d-]+) \. {re.escape(SHEFFIELD)} \. {re.escape(FLORIDA)}.*? : (10\.2\.0\.\d+)", network.rules("uk-router")
    )
    sheets = {}
    for host in REMOTE:
        (use,) = json.loads(network.host(host).file("/etc/faxnet/netcfax-client.json").content_string)["uses"]
        values = use["callback"]
        dynamic = values["mode"] == "dynamic"
        sheets[ADDRESS[host]] = f"{values['low']}-{values['high']}" if dynamic else str(values["fixed"])
    assert {address: ports for ports, address in forwards} == sheets
    assert len(forwards) == len(REMOTE)


# ---- what must not


@pytest.mark.acceptance("NR-02", "NR-09")
@pytest.mark.parametrize(
    ("client", "server"), [*((host, FLORIDA) for host in REMOTE), *((host, SERVER) for host in LOCAL)]
)
def test_a_client_reaches_the_primary_port_and_no_other(network: Any, client: str, server: str) -> None:
    around = {PCP - 1, PCP, PCP + 1, FIXED_SCP, 80, 443, 1025, 65000}
    assert network.knock(client, server, around) == {port: "open" if port == PCP else "silent" for port in around}


@pytest.mark.acceptance("NR-02")
@pytest.mark.parametrize(("client", "server"), [("uk-pc1", FLORIDA), ("fl-pc1", SERVER)])
def test_the_primary_port_is_open_for_tcp_alone(network: Any, client: str, server: str) -> None:
    assert network.knock(client, server, [PCP], "udp") == {PCP: "silent"}


@pytest.mark.acceptance("NR-11")
def test_the_server_reaches_no_port_beside_the_ranges(network: Any, call_back_ports: dict[str, range]) -> None:
    permitted = {port for host in REMOTE for port in call_back_ports[host]}
    beside = {port + step for port in permitted for step in (-1, 1)} - permitted
    answers = network.knock("fl-fax", SHEFFIELD, beside | {PCP, 80, 1025, 65000})
    assert set(answers.values()) == {"silent"}, answers


@pytest.mark.acceptance("NR-11")
@pytest.mark.parametrize("host", INSTANCES)
def test_call_back_ports_are_open_for_tcp_alone(network: Any, call_back_ports: dict[str, range], host: str) -> None:
    address = SHEFFIELD if host in REMOTE else ADDRESS[host]
    assert set(network.knock("fl-fax", address, call_back_ports[host], "udp").values()) == {"silent"}


@pytest.mark.acceptance("NR-09", "NR-20")
@pytest.mark.parametrize("address", [FLORIDA, SERVER])
@pytest.mark.parametrize("source", ["stranger", "internet"])
def test_nobody_else_reaches_the_server(network: Any, source: str, address: str) -> None:
    assert network.knock(source, address, [PCP]) == {PCP: "silent"}


@pytest.mark.acceptance("NR-11", "NR-20")
@pytest.mark.parametrize("source", ["stranger", "internet"])
@pytest.mark.parametrize("host", INSTANCES)
def test_nobody_else_reaches_a_client_s_call_back_ports(
    network: Any, call_back_ports: dict[str, range], source: str, host: str
) -> None:
    outside = SHEFFIELD if host in REMOTE else FLORIDA
    for address in (outside, ADDRESS[host]):
        answers = network.knock(source, address, call_back_ports[host])
        assert set(answers.values()) == {"silent"}, (address, answers)


@pytest.mark.acceptance("NR-20")
@pytest.mark.parametrize(("source", "target"), [("uk-pc1", "uk-ts1"), ("uk-ts1", "uk-pc2"), ("fl-pc1", "fl-pc2")])
def test_colleagues_do_not_reach_each_other_s_call_back_ports(
    network: Any, call_back_ports: dict[str, range], source: str, target: str
) -> None:
    assert set(network.knock(source, ADDRESS[target], call_back_ports[target]).values()) == {"silent"}


@pytest.mark.acceptance("NR-01", "NR-09")
def test_unsolicited_traffic_to_the_offices_ends_at_the_routers(network: Any) -> None:
    """The internet router has a route to the private networks: it is the rules that say no."""
    for address in (SERVER, *ADDRESS.values()):
        assert set(network.knock("internet", address, [22, 80, PCP, FIXED_SCP, 50000]).values()) == {"silent"}


# ---- that it stays


@pytest.mark.acceptance("NR-08")
@pytest.mark.parametrize("name", ["uk-router", "uk-ts1"])
def test_rules_are_back_after_a_reboot(network: Any, call_back_ports: dict[str, range], name: str) -> None:
    """A container's reboot is a machine's: every process and the whole rule set are gone, the files are there."""
    before = network.rules(name)
    assert "policy drop" in before
    network.reboot(name)
    assert network.rules(name) == before
    answers = network.knock("fl-fax", SHEFFIELD, call_back_ports["uk-ts1"])
    assert "silent" not in answers.values()
    low = min(call_back_ports["uk-ts1"])
    assert network.knock("stranger", SHEFFIELD, [low]) == {low: "silent"}
