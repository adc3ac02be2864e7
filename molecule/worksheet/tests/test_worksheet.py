# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that was set up from its worksheet: what was planned passes, nothing else does, and nobody logged in."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FLORIDA, SHEFFIELD = "198.51.100.10", "203.0.113.20"
PCP = 7488
INSTANCES = {"uk-ts1": 40, "uk-pc2": 1}


@pytest.fixture(scope="module", autouse=True)
def everybody_has_logged_in(network: Any) -> None:
    """Clients log in by themselves soon after the sheet was typed in; half a minute is their retry at its slowest."""
    network.settled(lambda: len(network.ask("fl-fax", "state")["servers"][0]["logins"]) >= sum(INSTANCES.values()))


@pytest.mark.acceptance("NR-17")
def test_the_router_holds_what_was_typed_in_and_nothing_that_ansible_leaves(
    network: Any, plan_directory: Path, slices: dict[str, dict[str, Any]]
) -> None:
    """Who logged in to it would have failed the run; here are the traces that it would have left."""
    assert slices["uk-router"]["platform"] == "worksheet"
    sheet = plan_directory.parent / "worksheets" / "uk-router.txt"
    assert sheet.read_text(encoding="utf-8").startswith("Router worksheet for uk-router\n")
    router = network.host("uk-router")
    assert router.check_output("nft list tables") == "table ip box"
    assert (
        router.check_output("find /etc/faxnet /usr/local/lib/faxnet /run/faxnet* ~/.ansible 2>/dev/null || true") == ""
    )


def test_the_report_names_it_as_a_router_with_a_worksheet(report: dict[str, Any], plan_directory: Path) -> None:
    page = (plan_directory.parent / "report" / "index.html").read_text(encoding="utf-8")
    assert "Worksheets" in page
    assert "uk-router" not in {check["host"] for check in report["checks"]}


@pytest.mark.acceptance("NR-01", "NR-13", "NR-20")
def test_every_client_behind_it_is_logged_in_and_gets_its_own_notification(network: Any) -> None:
    (server,) = network.ask("fl-fax", "state")["servers"]
    assert Counter(login["address"] for login in server["logins"]) == {SHEFFIELD: sum(INSTANCES.values())}
    results = network.ask("fl-fax", "notify")["results"]
    assert Counter(result["outcome"] for result in results) == {"delivered": sum(INSTANCES.values())}
    received = {
        instance["name"]: instance["notifications"][-1]["token"]
        for host in INSTANCES
        for instance in network.ask(host, "state")["instances"]
    }
    assert received == {result["instance"]: result["token"] for result in results}


@pytest.mark.acceptance("NR-08", "NR-17", "NR-20", "NR-21")
@pytest.mark.parametrize("host", INSTANCES)
def test_the_server_reaches_every_port_of_a_client_s_range(
    network: Any, call_back_ports: dict[str, range], host: str
) -> None:
    assert "silent" not in network.knock("fl-fax", SHEFFIELD, call_back_ports[host]).values()


@pytest.mark.acceptance("NR-11")
def test_the_server_reaches_no_port_beside_the_ranges(network: Any, call_back_ports: dict[str, range]) -> None:
    permitted = {port for host in INSTANCES for port in call_back_ports[host]}
    beside = {port + step for port in permitted for step in (-1, 1)} - permitted
    closed = beside | {22, 80, PCP, 65000}
    assert network.knock("fl-fax", SHEFFIELD, closed) == dict.fromkeys(closed, "silent")
    assert set(network.knock("fl-fax", SHEFFIELD, permitted, "udp").values()) == {"silent"}


@pytest.mark.acceptance("NR-20")
@pytest.mark.parametrize("source", ["stranger", "internet"])
def test_nobody_else_passes_it(network: Any, call_back_ports: dict[str, range], source: str) -> None:
    for host, address in (("uk-ts1", "10.2.0.10"), ("uk-pc2", "10.2.0.22")):
        for there in (SHEFFIELD, address):
            assert set(network.knock(source, there, call_back_ports[host]).values()) == {"silent"}


def test_its_office_goes_out_under_its_address(network: Any) -> None:
    """Such a router limits nothing outward: the server's own router refuses what no flow names."""
    assert network.knock("uk-pc2", FLORIDA, [PCP, PCP + 1]) == {PCP: "open", PCP + 1: "silent"}
