# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router without the plan's address, or on which another translation would win, is refused before a change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, Ran
from tests.kernel import networks, rule_sets, translating
from tests.kernel.translating import PUBLIC, said, theirs, wanted
from tests.unit.platforms.policies import forward, nft_rules, permit, router

#: A realm: packets to 10.3.0.0/24 go through a tunnel, untranslated.
REALM = router(
    source_nat=[
        {"version": 4, "networks": ["10.2.0.0/24"], "except": ["10.2.0.0/24", "10.3.0.0/24"], "address": PUBLIC}
    ]
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A router between office, provider and a tunnel; this process stands in it."""
    with translating.router_host(tmp_path) as host:
        yield host


def test_addresses_that_are_not_there_are_refused_all_with_the_cure_and_can_be_tolerated(machine: Machine) -> None:
    policy = router(destination_nat=[forward("198.51.100.10", "203.0.113.21", "10000-10099", "10.2.0.10")])
    assert "203.0.113.21 is not an address of this router" in said(machine, policy)
    assert "outside_address" in said(machine, policy)
    assert f"{PUBLIC} is not" not in said(machine, policy)
    networks.run("ip", "address", "del", f"{PUBLIC}/24", "dev", "wan0")
    assert f"{PUBLIC} is not an address of this router" in said(machine, policy)
    found = ensure.compare(machine, wanted(policy, tolerated=("tolerate_absent_address",)))
    assert [other.partition(" ")[0] for other in found.others] == [PUBLIC, "203.0.113.21"]
    assert all("tolerated because tolerate_absent_address is set" in other for other in found.others)


@pytest.mark.parametrize(
    "command",
    [
        "ip address add 203.0.113.20/32 dev lo",
        "ip address add 203.0.113.20/28 dev tun0",
        "ip route add local 203.0.113.16/28 dev lo",
    ],
)
def test_an_address_is_the_routers_however_it_has_it(machine: Machine, command: str) -> None:
    networks.run("ip", "address", "del", f"{PUBLIC}/24", "dev", "wan0")
    assert said(machine, router())
    networks.run(*command.split())
    assert said(machine, router()) == ""


def test_where_no_rule_changes_a_missing_address_is_told_and_fails_nothing(machine: Machine) -> None:
    networks.run("nft", "-f", "-", text=nft_rules(router()))
    networks.run("ip", "address", "del", f"{PUBLIC}/24", "dev", "wan0")
    found = ensure.compare(machine, wanted(router()))
    assert not found.risky
    assert "left alone, for no rule of ours changes here" in found.others[0]


@pytest.mark.parametrize(
    "rule",
    [
        "oifname wan0 snat to 203.0.113.99",
        "snat to 203.0.113.99",
        "ip saddr 10.2.0.7 snat to 203.0.113.99",
        "ip saddr 10.0.0.0/8 oifname != lan0 snat to 203.0.113.99",
        "ip saddr @some snat to 203.0.113.99",
        "tcp dport 25 oifname wan0 snat to 203.0.113.99",
        "oifname ppp0 masquerade",
        "ip daddr 198.51.100.0/24 accept; snat to 203.0.113.99",
        "ip saddr 10.2.0.7 accept; snat to 203.0.113.99",
    ],
)
def test_a_translation_that_wins_is_refused_by_name_and_can_be_tolerated(machine: Machine, rule: str) -> None:
    theirs(rule if "@some" not in rule else rule.replace("@some", "{ 10.2.0.7, 10.2.0.9 }"))
    assert "table ip theirs, chain out translates the source of packets from 10.2.0.0/24" in said(machine, REALM)
    assert "tolerate_translations" in said(machine, REALM)
    ensure.compare(machine, wanted(REALM, tolerated=("tolerate_translations",)))


@pytest.mark.parametrize(
    "rule",
    [
        "oifname wan0 masquerade",
        "oifname wan0 snat to 203.0.113.20",
        "ip saddr 172.16.0.0/12 snat to 203.0.113.99",
        "ip daddr 10.2.0.0/24 masquerade",
        "oifname lan0 masquerade",
        "ip saddr 10.2.0.0/24 accept; snat to 203.0.113.99",
        "ip saddr != 10.2.0.0/24 snat to 203.0.113.99",
        "iifname tun0 snat to 203.0.113.99",
    ],
)
def test_what_gives_the_plans_address_or_meets_none_of_its_packets_is_left_alone(machine: Machine, rule: str) -> None:
    theirs(rule)
    assert said(machine, REALM) == ""


def test_a_masquerade_that_would_give_another_address_is_refused(machine: Machine) -> None:
    networks.run("ip", "address", "add", "198.51.100.77/24", "dev", "wan0")
    networks.run("ip", "address", "del", f"{PUBLIC}/24", "dev", "wan0")
    networks.run("ip", "address", "add", f"{PUBLIC}/32", "dev", "lo")
    networks.run("ip", "route", "replace", "default", "via", "198.51.100.1")
    theirs("oifname wan0 masquerade")
    assert f"by which they would wear {PUBLIC}" in said(machine, REALM)


def test_a_later_chain_matters_for_what_the_plan_leaves_as_it_is_alone(machine: Machine) -> None:
    theirs("oifname wan0 snat to 203.0.113.99", "101")
    assert said(machine, REALM) == ""
    theirs("oifname tun0 masquerade", "102", "others")
    assert "to 10.3.0.0/24, which the plan leaves as they are" in said(machine, REALM)


def test_what_wins_is_what_the_kernel_does(machine: Machine) -> None:
    """The packets agree: of two chains of one priority the one that is loaded last decides."""
    with networks.namespace("office") as office, networks.namespace("outside") as outside:
        networks.run("ip", "link", "add", "in0", "type", "veth", "peer", "name", "e0", "netns", office)
        networks.run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "e0", "netns", outside)
        for name, address in (("in0", "10.2.1.1/24"), ("out0", "198.51.100.1/24")):
            networks.run("ip", "address", "add", address, "dev", name)
            networks.run("ip", "link", "set", name, "up")
        for name, address in ((office, "10.2.1.9/24"), (outside, "198.51.100.9/24")):
            networks.run("ip", "-n", name, "address", "add", address, "dev", "e0")
            networks.run("ip", "-n", name, "link", "set", "e0", "up")
            networks.route(name, address.replace(".9/24", ".1"))
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        worn = {"version": 4, "networks": ["10.2.1.0/24"], "except": ["10.2.1.0/24"], "address": PUBLIC}
        policy = router(networks=["10.2.1.0/24"], source_nat=[worn])

        def seen() -> str:
            with networks.datagrams(outside, "198.51.100.9", 5000, patience=3) as bound:
                networks.datagrams(office, "10.2.1.9").sendto(b"x", ("198.51.100.9", 5000))
                came = networks.received(bound)
            return came[1][0] if came else ""

        networks.run("nft", "-f", "-", text=nft_rules(policy))
        assert seen() == PUBLIC
        assert said(machine, policy) == ""
        theirs("snat to 203.0.113.99")
        assert seen() == "203.0.113.99"
        networks.run("nft", "-f", "-", text=nft_rules(policy))
        assert seen() == PUBLIC
        networks.run("nft", "delete", "table", "inet", "faxnet")
        assert "translates the source of packets from 10.2.1.0/24" in said(machine, policy)


@pytest.mark.parametrize("name", rule_sets.NAMES)
def test_what_docker_and_podman_translate_is_their_own(machine: Machine, name: str) -> None:
    rule_sets.load(name)
    networks.run("iptables-nft", "-P", "FORWARD", "ACCEPT")
    assert said(machine, REALM) == ""
    meeting = router(source_nat=[{**REALM["source_nat"][0], "networks": ["10.88.0.0/14", "172.16.0.0/12"]}])
    assert "translates the source of packets" in said(machine, meeting)


@pytest.mark.parametrize(("address", "refused"), [(PUBLIC, False), ("203.0.113.99", True)])
def test_the_address_of_iptables_own_extension_is_read(machine: Machine, address: str, refused: bool) -> None:
    rule = f"-t nat -A POSTROUTING -o wan0 -j SNAT --to-source {address}"
    networks.run("iptables-nft", *rule.split())
    assert bool(said(machine, REALM)) == refused
    assert (f"(snat to {address})" in said(machine, REALM)) == refused


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ("-A POSTROUTING -o wan0 -j SNAT --to-source 203.0.113.99", True),
        ("-A POSTROUTING -o wan0 -j MASQUERADE", False),
        (
            "-A POSTROUTING -d 10.3.0.0/24 -j RETURN\n-A POSTROUTING -d 192.0.2.0/30 -j RETURN\n"
            "-A POSTROUTING -o tun0 -j MASQUERADE",
            False,
        ),
        ("-A POSTROUTING -o tun0 -j MASQUERADE", True),
    ],
)
def test_legacy_tables_are_read_too(machine: Machine, rule: str, refused: bool) -> None:
    """The kernel has no such tables here: what the program prints is a stand-in."""

    def legacy(argv: list[str], text: str | None) -> Ran:
        if argv[0] != "iptables-legacy":
            return machine.run(argv, text)
        return Ran(0, "-P PREROUTING ACCEPT\n-P POSTROUTING ACCEPT\n" + rule + "\n", "")

    proc = Path(machine.root, "proc")
    proc.unlink()
    proc.mkdir()
    (proc / "sys").symlink_to("/proc/sys")
    (proc / "self" / "net").mkdir(parents=True)
    (proc / "self" / "net" / "ip_tables_names").write_text("nat\n", encoding="ascii")
    host = replace(machine, run=legacy, find=lambda name: name)
    assert bool(said(host, REALM)) == refused


#: The clients' server is beyond the default route; nothing of the plan goes through the tunnel.
FLOWS = router(forward=[permit("10.2.0.10", "198.51.100.10", "4559", direction="out")], outbound="any")


@pytest.mark.parametrize("priority", ["srcnat", "101"])
@pytest.mark.parametrize("rule", ["oifname tun0 masquerade", "oifname != lan0 masquerade", "masquerade"])
def test_what_others_translate_where_no_flow_of_the_plan_leaves_is_left_to_them(
    machine: Machine, rule: str, priority: str
) -> None:
    theirs(rule, priority)
    found = ensure.compare(machine, wanted(FLOWS))
    text = str(found.wanted.text)
    left = [line.strip() for line in text.splitlines() if "left to others" in line]
    assert left == ['oifname "tun0" ip saddr 10.2.0.0/24 counter return comment "left to others on tun0"']
    networks.run("nft", "-f", "-", text=text)
    assert not ensure.compare(machine, wanted(FLOWS)).risky
    # A tunnel that is down for a while is still theirs; one that was never there may be the way outside.
    networks.run("ip", "link", "del", "tun0")
    assert not ensure.compare(machine, wanted(FLOWS)).risky
    networks.run("nft", "delete", "table", "inet", "faxnet")
    assert bool(said(machine, FLOWS)) == (rule == "oifname tun0 masquerade" and priority == "srcnat")


def test_a_link_that_flows_of_the_plan_leave_through_is_not_left_to_others(machine: Machine) -> None:
    through = router(forward=[permit("10.2.0.10", "10.3.0.5", "4559", direction="out")])
    theirs("oifname tun0 masquerade")
    assert f"by which they would wear {PUBLIC}" in said(machine, through)
    theirs("oifname tun0 meta mark 1 ip protocol tcp counter masquerade", table="more")
    assert "table ip more" in said(machine, through)


def test_packets_through_such_a_link_wear_what_they_wore(machine: Machine) -> None:
    """The packets agree, whoever was loaded last."""
    with networks.namespace("office") as office, networks.namespace("beyond") as beyond:
        for name, there, own, other in (
            ("in0", office, "10.2.1.1/24", "10.2.1.9/24"),
            ("tun1", beyond, "172.31.0.1/24", "172.31.0.9/24"),
        ):
            networks.run("ip", "link", "add", name, "type", "veth", "peer", "name", "e0", "netns", there)
            networks.run("ip", "address", "add", own, "dev", name)
            networks.run("ip", "link", "set", name, "up")
            networks.run("ip", "-n", there, "address", "add", other, "dev", "e0")
            networks.run("ip", "-n", there, "link", "set", "e0", "up")
            networks.route(there, own.partition("/")[0])
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        worn = {"version": 4, "networks": ["10.2.1.0/24"], "except": ["10.2.1.0/24"], "address": PUBLIC}
        held = router(networks=["10.2.1.0/24"], source_nat=[worn])

        def seen() -> str:
            with networks.datagrams(beyond, "172.31.0.9", 5000, patience=3) as bound:
                networks.datagrams(office, "10.2.1.9").sendto(b"x", ("172.31.0.9", 5000))
                came = networks.received(bound)
            return came[1][0] if came else ""

        theirs("oifname tun1 masquerade")
        assert seen() == "172.31.0.1"
        networks.run("nft", "-f", "-", text=nft_rules(held))
        assert seen() == PUBLIC
        networks.run("nft", "delete", "table", "inet", "faxnet")
        networks.run("nft", "-f", "-", text=str(ensure.compare(machine, wanted(held)).wanted.text))
        assert seen() == "172.31.0.1"
