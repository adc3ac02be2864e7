# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio Control on the firewall itself and Kerio Connect behind it, administered from the office, home and anywhere."""

from __future__ import annotations

import time
from typing import Any

import pytest

CONTROL, CONNECT = 44333, 44337
FIREWALL = "10.20.1.1"
MAIL = "10.20.1.25"
OFFICE = "198.51.100.50"
HOME = "203.0.113.60"
LAPTOP = "192.0.2.70"
# Each console: its host, the product, the server, the address that it dials and that the server sees, and the port.
CONSOLES = [
    ("office-console", "kerio_control", "office-firewall", FIREWALL, "10.20.1.21", CONTROL),
    ("home-console", "kerio_control", "office-firewall", OFFICE, HOME, CONTROL),
    ("home-console", "kerio_connect", "mail", OFFICE, HOME, CONNECT),
    ("laptop", "kerio_connect", "mail", OFFICE, LAPTOP, CONNECT),
]
NAMED = [f"{host} to {service}" for host, service, *_rest in CONSOLES]
# Linux forgets UDP without an answer after 30 seconds, and a conversation after 120.
LONGER_THAN_UNANSWERED = 35
LONGER_THAN_A_STREAM = 130
DAY = 86400

each_console = pytest.mark.parametrize(("host", "service", "server", "dialled", "seen_as", "port"), CONSOLES, ids=NAMED)


def log_items(network: Any, server: str) -> dict[str, dict[str, Any]]:
    """Let a server send a new log item to every console; the results by console's host."""
    results = network.ask(server, "notify")["results"]
    return {result["instance"].split("/")[0]: result for result in results}


def received(network: Any, host: str, service: str, server: str) -> list[str]:
    """Tokens of the log items that a console has received; a datagram needs a moment."""
    time.sleep(0.3)
    return [each["token"] for each in network.instance(host, service, server)["notifications"]]


def has_log_channel(network: Any, host: str, service: str, server: str) -> bool:
    channel = network.instance(host, service, server)["log_channel"]
    return bool(channel and channel["open"])


@pytest.fixture(scope="module", autouse=True)
def every_console_is_connected(network: Any) -> None:
    network.settled(lambda: all(has_log_channel(network, *console[:3]) for console in CONSOLES))


# ---- what must pass


@pytest.mark.acceptance("KE-02", "KE-03", "KE-08", "KE-09")
@each_console
def test_a_console_connects_over_tcp_and_opens_its_log_channel_by_udp_on_the_same_port(
    network: Any, host: str, service: str, server: str, dialled: str, seen_as: str, port: int
) -> None:
    console = network.instance(host, service, server)
    assert (console["connected"], console["seen_as"]) == (True, seen_as)
    assert console["log_channel"]["open"]
    assert network.knock(host, dialled, [port]) == {port: "open"}
    assert network.knock(host, dialled, [port], "udp") == {port: "open"}


@pytest.mark.acceptance("KE-01", "KE-05", "KE-06")
@each_console
def test_log_items_come_from_the_application_port_to_the_port_of_the_consoles_first_datagram(
    network: Any, host: str, service: str, server: str, dialled: str, seen_as: str, port: int
) -> None:
    sent = log_items(network, server)[host]
    assert sent["outcome"] == "sent"
    assert received(network, host, service, server)[-1] == sent["token"]
    console = network.instance(host, service, server)
    latest = console["notifications"][-1]
    assert (latest["from"], latest["from_port"]) == (dialled, port)
    assert sent["address"] == seen_as
    if seen_as != HOME:  # a NAT on the way may choose another port
        assert sent["port"] == console["log_channel"]["port"]


@pytest.mark.acceptance("KE-04")
@pytest.mark.parametrize(
    ("host", "address", "port"), [("laptop", OFFICE, CONNECT), ("office-console", FIREWALL, CONTROL)]
)
def test_the_connection_is_encrypted(network: Any, host: str, address: str, port: int) -> None:
    met = network.host(host).run("timeout 10 openssl s_client -brief -connect %s </dev/null 2>&1", f"{address}:{port}")
    assert "CONNECTION ESTABLISHED" in met.stdout, met.stdout
    assert "Protocol version: TLSv1." in met.stdout


# ---- what must not


@pytest.mark.acceptance("KE-08")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("host", "address", "port"),
    [
        ("internet", OFFICE, CONTROL),
        ("internet", OFFICE, CONNECT),
        ("internet", MAIL, CONNECT),
        ("laptop", OFFICE, CONTROL),
        ("office-console", MAIL, CONNECT),
        ("mail", FIREWALL, CONTROL),
    ],
)
def test_who_administers_nothing_there_reaches_no_application_port(
    network: Any, host: str, address: str, port: int, transport: str
) -> None:
    assert network.knock(host, address, [port], transport) == {port: "silent"}


@pytest.mark.acceptance("KE-08")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_no_port_beside_the_application_port_is_open(network: Any, transport: str) -> None:
    around = [CONNECT - 1, CONNECT + 1, 25, 443, 4040]
    assert network.knock("laptop", OFFICE, around, transport) == dict.fromkeys(around, "silent")


@pytest.mark.acceptance("KE-09")
def test_nothing_is_opened_inward_where_the_console_stands_behind_the_firewall(
    network: Any, slices: dict[str, dict[str, Any]]
) -> None:
    policy = slices["home-router"]["policy"]
    assert policy["destination_nat"] == []
    assert {permit["direction"] for permit in policy["forward"]} == {"out"}
    console = network.instance("home-console", "kerio_connect", "mail")
    ports = [
        80,
        CONTROL,
        CONNECT,
        50000,
        console["log_channel"]["port"],
    ]  # and not 22: the router is managed from anywhere
    for source in ("laptop", "internet"):
        for transport in ("tcp", "udp"):
            for address in (HOME, "10.20.9.21"):
                assert network.knock(source, address, ports, transport) == dict.fromkeys(ports, "silent")


@pytest.mark.acceptance("KE-09")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_outward_the_console_gets_to_the_application_ports_and_no_further(network: Any, transport: str) -> None:
    ports = [22, 443, CONTROL - 1, CONNECT + 1]
    assert network.knock("home-console", OFFICE, ports, transport) == dict.fromkeys(ports, "silent")
    assert network.knock("home-console", LAPTOP, [CONTROL], transport) == {CONTROL: "silent"}


# ---- the log channel's life


@pytest.mark.acceptance("KE-10")
@pytest.mark.parametrize("device", ["home-console", "home-router", "office-firewall", "mail"])
def test_every_device_on_the_way_remembers_the_log_channel_for_days(network: Any, device: str) -> None:
    own = "10.20.9.21" if device in ("home-console", "home-router") else HOME
    address = MAIL if device == "mail" else OFFICE
    kept = [
        each for each in network.tracked(device, "udp", CONNECT) if (each.source, each.destination) == (own, address)
    ]
    # The latest one is the channel's; others are of probes.
    assert max(each.seconds for each in kept) > DAY, kept


@pytest.mark.acceptance("KE-10")
def test_log_items_still_arrive_after_an_idle_time_in_which_linux_would_have_forgotten(network: Any) -> None:
    for device in ("home-router", "office-firewall", "mail"):
        default = int(network.host(device).sysctl("net.netfilter.nf_conntrack_udp_timeout"))
        assert default < LONGER_THAN_UNANSWERED
    # A new channel, on which nothing but the console's own datagram has passed.
    both = (("kerio_control", "office-firewall"), ("kerio_connect", "mail"))
    before = [network.instance("home-console", *each) for each in both]
    network.ask("home-console", "restart", names=[console["name"] for console in before])
    for each, console in zip(both, before, strict=True):
        network.wait_for(lambda each=each: has_log_channel(network, "home-console", *each), "the console is back")
        after = network.instance("home-console", *each)
        assert after["log_channel"]["port"] != console["log_channel"]["port"]
    time.sleep(LONGER_THAN_UNANSWERED)
    for service, server in both:
        sent = log_items(network, server)["home-console"]
        assert received(network, "home-console", service, server)[-1:] == [sent["token"]]


@pytest.mark.slow
@pytest.mark.acceptance("KE-10")
def test_the_same_after_longer_than_linux_keeps_a_stream(network: Any) -> None:
    stream = int(network.host("home-router").sysctl("net.netfilter.nf_conntrack_udp_timeout_stream"))
    assert stream < LONGER_THAN_A_STREAM
    log_items(network, "mail")
    time.sleep(LONGER_THAN_A_STREAM)
    sent = log_items(network, "mail")["home-console"]
    assert received(network, "home-console", "kerio_connect", "mail")[-1] == sent["token"]


@pytest.mark.acceptance("KE-07")
def test_with_the_tcp_connection_the_log_channel_ends_and_with_a_new_one_a_new_channel_begins(network: Any) -> None:
    before = network.instance("laptop", "kerio_connect", "mail")["log_channel"]["port"]
    network.host("laptop").check_output(
        "systemctl kill --signal=KILL faxnet-emulator && systemctl stop faxnet-emulator"
    )
    network.wait_for(
        lambda: "laptop" not in log_items(network, "mail"), "the server has forgotten the laptop's console"
    )
    network.host("laptop").check_output("systemctl start faxnet-emulator")
    network.wait_for(lambda: has_log_channel(network, "laptop", "kerio_connect", "mail"), "the console is back")
    sent = log_items(network, "mail")["laptop"]
    assert (sent["outcome"], sent["port"] != before) == ("sent", True)
    assert received(network, "laptop", "kerio_connect", "mail") == [sent["token"]]


@pytest.mark.acceptance("KE-07")
def test_a_datagram_with_no_living_identifier_opens_nothing(network: Any) -> None:
    (server,) = network.ask("mail", "state")["servers"]
    logged_in = {login["instance"]: login["log_channel"] for login in server["logins"]}
    unknown = '{"connection": "00000000000000000000000000000000"}'
    network.host("laptop").check_output("echo %s | timeout 2 nc -u -q 0 %s %s", unknown, OFFICE, str(CONNECT))
    network.wait_for(
        lambda: network.ask("mail", "state")["servers"][0]["ignored"] > server["ignored"], "the datagram was ignored"
    )
    (after,) = network.ask("mail", "state")["servers"]
    assert {login["instance"]: login["log_channel"] for login in after["logins"]} == logged_in


# ---- that it stays


def test_rules_and_time_outs_are_back_after_a_reboot(network: Any) -> None:
    before = network.rules("home-router")
    assert "timeout" in before
    network.reboot("home-router")
    assert network.rules("home-router") == before
    assert network.knock("home-console", OFFICE, [CONTROL, CONNECT]) == {CONTROL: "open", CONNECT: "open"}
