# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FaxPress: requests from near, far and behind NAT, alerts where they are wanted, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

PORT = 4644
PRESS = "10.10.1.10"
OFFICE = "198.51.100.30"
BRANCH = "203.0.113.30"
ADDRESS = {
    "near-pc": "10.10.1.21",
    "far-pc": "10.10.2.21",
    "mail-gateway": "10.10.2.25",
    "branch-pc": "10.10.8.21",
}
# Where each client meets the FaxPress, and how the FaxPress sees the client.
DIALLED = {"near-pc": PRESS, "far-pc": PRESS, "mail-gateway": PRESS, "branch-pc": OFFICE}
SEEN_AS = {**ADDRESS, "branch-pc": BRANCH}
ALERTED = ("near-pc", "far-pc", "branch-pc")
# Linux forgets UDP without an answer after 30 seconds, and a conversation after 120.
LONGER_THAN_UNANSWERED = 35
LONGER_THAN_A_STREAM = 130
DAY = 86400

# A FaxAlert that does not ask again by itself, as the emulator's clients do every few seconds.
QUIET = f"""
import signal, socket
said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
said.bind(("", 5070))
request = b'{{"request": "1", "from": "branch-pc_quiet", "alerts": true, "keep_alive": 3000}}\\n'
def ask(*_):
    said.sendto(request, ("{OFFICE}", {PORT}))
signal.signal(signal.SIGUSR1, ask)
ask()
while True:
    print(said.recv(512).decode(), flush=True)
"""


def client(network: Any, host: str) -> dict[str, Any]:
    return dict(network.instance(host, "faxpress", "faxpress"))


def logins(network: Any) -> dict[str, dict[str, Any]]:
    """Who has asked the FaxPress lately, by host."""
    (server,) = network.ask("faxpress", "state")["servers"]
    return {login["instance"].split("/")[0]: login for login in server["logins"]}


def alert(network: Any) -> dict[str, dict[str, Any]]:
    """Let the FaxPress alert everybody who wants it; the results by host."""
    results = network.ask("faxpress", "notify")["results"]
    return {result["instance"].split("/")[0]: result for result in results}


def received(network: Any, host: str) -> list[str]:
    """Tokens of the alerts that a host's client has received; a datagram needs a moment."""
    time.sleep(0.3)
    return [each["token"] for each in client(network, host)["notifications"]]


@pytest.fixture(scope="module", autouse=True)
def everybody_has_asked(network: Any) -> None:
    network.settled(lambda: set(ADDRESS) <= set(logins(network)))


@dataclass(frozen=True, slots=True)
class Quiet:
    """A FaxAlert in the branch that asks once, and then only when it is told to."""

    network: Any

    def start(self) -> None:
        """Let it ask for the first time, and wait until the FaxPress knows it."""
        self.stop()
        self.network.host("branch-pc").check_output("systemd-run --unit=quiet /usr/bin/python3 -u -c %s", QUIET)
        self.network.wait_for(lambda: "branch-pc_quiet" in logins(self.network), "the quiet client has asked")

    def stop(self) -> None:
        self.network.host("branch-pc").check_output("systemctl stop quiet.service 2>/dev/null || true")

    def ask(self) -> None:
        """Let it ask once more."""
        self.network.host("branch-pc").check_output("systemctl kill --signal=USR1 quiet.service")
        time.sleep(0.3)

    def alerted(self) -> str:
        """Let the FaxPress alert it; the alert's token."""
        (sent,) = self.network.ask("faxpress", "notify", instances=["branch-pc_quiet"])["results"]
        assert sent["outcome"] == "sent"
        return str(sent["token"])

    def heard(self) -> str:
        """Everything that it has received; a datagram needs a moment."""
        time.sleep(0.5)
        return str(self.network.host("branch-pc").check_output("journalctl --unit=quiet --output=cat"))


@pytest.fixture
def quiet(network: Any) -> Iterator[Quiet]:
    made = Quiet(network)
    made.start()
    yield made
    made.stop()


# ---- what must pass


@pytest.mark.acceptance("FP-02", "FP-08", "FP-09")
@pytest.mark.parametrize("host", ADDRESS)
def test_every_program_is_answered_a_mail_gateway_like_any_pc(network: Any, host: str) -> None:
    asking = client(network, host)
    assert (asking["state"], asking["seen_as"]) == ("answered", SEEN_AS[host])
    assert logins(network)[host]["address"] == SEEN_AS[host]


@pytest.mark.acceptance("FP-08", "FP-09")
# None of these is a port at which another test expects silence: what was asked from is open to the answer for a while.
@pytest.mark.parametrize("source_port", [1024, 33333, 64999])
@pytest.mark.parametrize("host", ADDRESS)
def test_a_request_may_come_from_any_port(network: Any, host: str, source_port: int) -> None:
    assert network.knock(host, DIALLED[host], [PORT], "udp", source_port=source_port) == {PORT: "open"}


@pytest.mark.acceptance("FP-07")
def test_a_client_in_the_servers_own_network_finds_it_by_broadcast(network: Any) -> None:
    (found,) = client(network, "near-pc")["servers"]
    assert (found["address"], found["port"]) == (PRESS, PORT)


@pytest.mark.acceptance("FP-07")
@pytest.mark.parametrize("host", ["far-pc", "mail-gateway", "branch-pc"])
def test_a_client_in_another_network_does_not_and_its_sheet_has_the_address_to_enter(
    network: Any, slices: dict[str, dict[str, Any]], host: str
) -> None:
    assert client(network, host)["servers"] == []
    (use,) = slices[host]["uses"]
    advanced = [line for line in use["instructions"] if "Advanced" in line]
    assert len(advanced) == 1
    assert DIALLED[host] in advanced[0]


@pytest.mark.acceptance("FP-10")
def test_an_alert_reaches_each_client_that_wants_it_from_the_port_of_the_service(network: Any) -> None:
    sent = alert(network)
    assert {host: result["outcome"] for host, result in sent.items()} == dict.fromkeys(ALERTED, "sent")
    for host in ALERTED:
        assert received(network, host)[-1] == sent[host]["token"]
        latest = client(network, host)["notifications"][-1]
        assert (latest["from"], latest["from_port"]) == (DIALLED[host], PORT)


@pytest.mark.acceptance("FP-10")
@pytest.mark.parametrize("host", ["near-pc", "far-pc"])
def test_where_no_nat_stands_between_an_alert_may_go_to_any_port_of_the_client(network: Any, host: str) -> None:
    ports = [1, 1023, 5000, 65535]
    answers = network.knock("faxpress", ADDRESS[host], ports, "udp", source_port=PORT)
    # Nobody listens there, and it is the client's own kernel that says so: the packet has passed every firewall.
    assert answers == dict.fromkeys(ports, "refused")


@pytest.mark.acceptance("FP-13")
def test_requests_that_get_lost_are_made_again_until_one_is_answered(network: Any) -> None:
    """The mail gateway's emulator drops four packets of ten, and asks every second."""
    network.wait_for(lambda: client(network, "mail-gateway")["retries"] >= 3, "requests have been lost", 90)
    network.wait_for(lambda: client(network, "mail-gateway")["login_count"] >= 3, "requests have been answered", 90)
    gateway = client(network, "mail-gateway")
    assert gateway["lost"] >= 3
    assert (gateway["connected"], gateway["errors"]) == (True, [])


# ---- what must not


@pytest.mark.acceptance("FP-06")
@pytest.mark.parametrize("host", ADDRESS)
def test_the_service_is_udp_alone(network: Any, host: str) -> None:
    assert network.knock(host, DIALLED[host], [PORT]) == {PORT: "silent"}


@pytest.mark.acceptance("FP-06", "FP-12")
@pytest.mark.parametrize("host", ["office-router", "branch-router", "faxpress", *ADDRESS])
def test_no_rule_for_tcp_names_the_port(network: Any, host: str) -> None:
    rules = network.rules(host)
    assert "table inet faxnet" in rules
    assert [line for line in rules.splitlines() if str(PORT) in line and "tcp" in line] == []


@pytest.mark.acceptance("FP-03", "FP-04", "FP-12")
def test_nothing_but_requests_answers_and_alerts_is_planned(plan: dict[str, Any]) -> None:
    flows = {(flow["exchange"], flow["transport"], flow["ports"], flow["source_ports"]) for flow in plan["flows"]}
    assert flows == {
        ("request", "udp", "4644", None),
        ("response", "udp", "1-65535", "4644"),
        ("alert", "udp", "1-65535", "4644"),
    }


@pytest.mark.acceptance("FP-12")
@pytest.mark.parametrize("host", ADDRESS)
def test_no_other_port_of_the_server_answers(network: Any, host: str) -> None:
    around = [PORT - 1, PORT + 1, 137, 445, 8080]
    assert network.knock(host, DIALLED[host], around, "udp") == dict.fromkeys(around, "silent")
    assert network.knock(host, DIALLED[host], around) == dict.fromkeys(around, "silent")


@pytest.mark.acceptance("FP-11")
def test_where_alerts_are_switched_off_there_is_no_rule_and_no_way_for_them(
    network: Any, slices: dict[str, dict[str, Any]]
) -> None:
    assert "mail-gateway" not in alert(network)
    ports = [1023, 5000, 65535]
    answers = network.knock("faxpress", ADDRESS["mail-gateway"], ports, "udp", source_port=PORT)
    assert answers == dict.fromkeys(ports, "silent")
    assert str(PORT) not in network.rules("mail-gateway").split("chain fx_output")[0]
    flows = [flow for flow in slices["mail-gateway"]["flows"] if flow["exchange"] == "alert"]
    assert [flow["enabled"] for flow in flows] in ([], [False])


@pytest.mark.acceptance("FP-10")
@pytest.mark.parametrize("host", ["near-pc", "far-pc"])
def test_only_the_servers_own_port_may_send_alerts(network: Any, host: str) -> None:
    ports = [1023, 5000, 65535]
    for source_port in (PORT - 1, PORT + 1, 53):
        answers = network.knock("faxpress", ADDRESS[host], ports, "udp", source_port=source_port)
        assert answers == dict.fromkeys(ports, "silent"), source_port


@pytest.mark.acceptance("FP-10")
@pytest.mark.parametrize(("source", "target"), [("far-pc", "near-pc"), ("near-pc", "far-pc"), ("internet", "near-pc")])
def test_only_the_server_may_send_alerts(network: Any, source: str, target: str) -> None:
    ports = [1023, 5000, 65535]
    answers = network.knock(source, ADDRESS[target], ports, "udp", source_port=PORT)
    assert answers == dict.fromkeys(ports, "silent")


@pytest.mark.acceptance("FP-12")
@pytest.mark.parametrize("address", [OFFICE, PRESS])
def test_a_stranger_reaches_no_faxpress(network: Any, address: str) -> None:
    assert network.knock("internet", address, [PORT], "udp") == {PORT: "silent"}


# ---- alerts through NAT


@pytest.mark.acceptance("FP-10")
def test_an_unasked_packet_to_a_client_behind_nat_ends_at_its_router(network: Any) -> None:
    # None of them is one that a request has come from: not the client's own, nor those of the tests above.
    ports = [1023, 5000, 61001]
    answers = network.knock("faxpress", BRANCH, ports, "udp", source_port=PORT)
    assert answers == dict.fromkeys(ports, "silent")


@pytest.mark.acceptance("FP-10")
@pytest.mark.parametrize("device", ["branch-pc", "branch-router", "office-router", "faxpress"])
def test_every_device_on_the_way_remembers_a_request_for_days(network: Any, device: str) -> None:
    own = BRANCH if device in ("office-router", "faxpress") else ADDRESS["branch-pc"]
    port = client(network, "branch-pc")["port"]
    kept = [each for each in network.tracked(device, "udp", PORT) if (each.source, each.source_port) == (own, port)]
    assert [each.seconds > DAY for each in kept] == [True]


@pytest.mark.acceptance("FP-10")
def test_an_alert_passes_the_nat_after_an_idle_time_in_which_linux_would_have_forgotten(
    network: Any, quiet: Quiet
) -> None:
    assert int(network.host("branch-router").sysctl("net.netfilter.nf_conntrack_udp_timeout")) < LONGER_THAN_UNANSWERED
    time.sleep(LONGER_THAN_UNANSWERED)
    assert quiet.alerted() in quiet.heard()


@pytest.mark.slow
@pytest.mark.acceptance("FP-10")
def test_the_same_after_longer_than_linux_keeps_an_answered_stream(network: Any, quiet: Quiet) -> None:
    stream = int(network.host("branch-router").sysctl("net.netfilter.nf_conntrack_udp_timeout_stream"))
    assert stream < LONGER_THAN_A_STREAM
    assert quiet.alerted() in quiet.heard()
    time.sleep(LONGER_THAN_A_STREAM)
    assert quiet.alerted() in quiet.heard()


@pytest.mark.acceptance("FP-10")
def test_an_alert_is_lost_once_the_router_has_forgotten_and_comes_again_after_the_next_request(
    network: Any, quiet: Quiet
) -> None:
    """A NAT router that boots again: what the plan warns of."""
    assert quiet.alerted() in quiet.heard()
    network.forget("branch-router")
    assert quiet.alerted() not in quiet.heard()
    quiet.ask()
    assert quiet.alerted() in quiet.heard()


@pytest.mark.acceptance("FP-07", "FP-10")
def test_the_plan_said_so_before(plan: dict[str, Any]) -> None:
    codes = {finding["code"]: finding for finding in plan["findings"]}
    assert {"FXN405", "FXN406"} <= set(codes)
    assert "branch-pc" in str(codes["FXN405"])


# ---- that it stays


def test_rules_and_time_outs_are_back_after_a_reboot(network: Any) -> None:
    before = network.rules("office-router")
    assert "timeout" in before
    network.reboot("office-router")
    assert network.rules("office-router") == before
    assert network.knock("far-pc", PRESS, [PORT], "udp") == {PORT: "open"}
