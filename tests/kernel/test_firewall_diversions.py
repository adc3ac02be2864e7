# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where another rule leads packets of the plan somewhere else, a change is refused before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from tests.kernel import networks, rule_sets, translating
from tests.kernel.translating import PUBLIC, said, wanted
from tests.unit.platforms.policies import forward, nft_rules, permit, policy, router

FAR, INSIDE = "198.51.100.10", "10.2.0.10"
#: A server elsewhere calls a client behind this router back; the client asks a server elsewhere, and one in the realm.
POLICY = router(
    destination_nat=[forward(FAR, PUBLIC, "10000-10099", INSIDE), forward("0.0.0.0/0", PUBLIC, "7488", INSIDE)],
    forward=[
        permit(FAR, INSIDE, "10000-10099", direction="in"),
        permit("0.0.0.0/0", INSIDE, "7488", direction="in"),
        permit(INSIDE, FAR, "4559", direction="out"),
        permit(INSIDE, "10.3.0.5", "25", direction="out"),
    ],
)


def theirs(rule: str, priority: str = "", table: str = "theirs") -> None:
    """Load somebody else's rules that lead packets on."""
    translating.theirs(rule, priority, table, hook="prerouting")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A router between office, provider and a tunnel; this process stands in it."""
    with translating.router_host(tmp_path) as host:
        yield host


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("tcp dport 10050 dnat to 10.2.0.99", f"tcp port 10050 of {PUBLIC} from {FAR} (netcfax.scp"),
        ("iifname wan0 tcp dport 10000-10010 dnat to 10.2.0.99", "tcp ports 10000-10010"),
        ("ip daddr 203.0.113.20 dnat to 10.2.0.99", "to 10.2.0.99 (dnat), before the plan's forward to 10.2.0.10 can"),
        ("ip saddr 198.51.100.0/24 tcp dport 10000-10099 dnat to 10.2.0.10:5000", "on to 10.2.0.10 port 5000 (dnat)"),
        ("tcp dport 10050 redirect to :8080", "to this host's own port 8080 (redirect)"),
        ("fib daddr type local tcp dport 7488 dnat to 10.2.0.99", "tcp port 7488"),
        ("tcp dport 7000-8000 redirect", "tcp port 7488"),
        ("meta l4proto tcp meta mark 7 dnat to 10.2.0.99", "before the plan's forward"),
        ("iifname ppp0 tcp dport 10050 dnat to 10.2.0.99", "tcp port 10050"),
        ("dnat to tcp dport map { 22 : 10.2.0.7, 10050 : 10.2.0.99 }", "tcp port 10050"),
        ("tcp dport vmap { 10050 : goto side }", "tcp port 10050"),
        ("iifname lan0 tcp dport 4559 dnat to 10.2.0.99", f"of {FAR} from {INSIDE}"),
        ("tcp dport 25 redirect to :2525", "so that they do not come to where the plan lets them through"),
        ("ip saddr 198.51.100.7 accept; tcp dport 10050 dnat to 10.2.0.99", "tcp port 10050"),
    ],
)
def test_a_rule_that_takes_packets_of_the_plan_is_refused_by_name_and_can_be_tolerated(
    machine: Machine, rule: str, told: str
) -> None:
    if "goto side" in rule:
        networks.run("nft", "-f", "-", text="table ip theirs {\nchain side {\ndnat to 10.2.0.99\n}\n}\n")
    theirs(rule)
    message = said(machine, POLICY)
    assert "table ip theirs, chain come" in message
    assert "leads packets to" in message
    assert told in message
    assert "nft -a list ruleset shows it" in message
    assert "tolerate_translations" in message
    found = ensure.compare(machine, wanted(POLICY, tolerated=("tolerate_translations",)))
    assert "tolerated because tolerate_translations is set" in found.others[0]


@pytest.mark.parametrize(
    "rule",
    [
        "udp dport 10050 dnat to 10.2.0.99",
        "tcp dport 22 dnat to 10.2.0.99",
        "ip daddr 203.0.113.21 tcp dport 10050 dnat to 10.2.0.99",
        "ip saddr 172.16.0.0/12 tcp dport 10050 dnat to 10.2.0.99",
        "iifname lan0 tcp dport 10050 dnat to 10.2.0.99",
        "fib daddr type local tcp dport 4559 dnat to 10.2.0.99",
        "ip daddr 203.0.113.20 tcp dport 10000-10099 dnat to 10.2.0.10",
        "tcp dport 10000-10099 dnat to 10.2.0.10; tcp dport 10000-10099 dnat to 10.2.0.99",
        "ip daddr 203.0.113.20 tcp dport 10000-10099 accept; tcp dport 10050 dnat to 10.2.0.99",
        "ip saddr 198.51.100.0/24 return; tcp dport 10050 dnat to 10.2.0.99",
        "dnat to tcp dport map { 22 : 10.2.0.7, 23 : 10.2.0.99 }",
        "dnat to ip daddr . tcp dport map { 203.0.113.21 . 10050 : 10.2.0.7 }",
    ],
)
def test_a_rule_that_meets_none_of_them_or_leads_them_to_the_same_place_is_left_alone(
    machine: Machine, rule: str
) -> None:
    theirs(rule)
    assert said(machine, POLICY) == ""


def test_a_later_rule_would_stop_where_the_plans_is_the_first(machine: Machine) -> None:
    theirs("tcp dport 10050 dnat to 10.2.0.99", "-90")
    assert f"which stops when the plan's forward to {INSIDE} takes them first" in said(machine, POLICY)


def test_a_program_that_takes_packets_on_their_way_is_seen(machine: Machine) -> None:
    rules = "chain come {\ntype filter hook prerouting priority mangle;\ntcp dport 4559 tproxy to :3128\n}"
    networks.run("nft", "-f", "-", text=f"table ip theirs {{\n{rules}\n}}\n")
    assert "leads packets to tcp port 4559" in said(machine, POLICY)


def test_what_wins_is_what_the_kernel_does(machine: Machine) -> None:
    """The packets agree: of two chains of one priority the one that is loaded last decides."""
    with networks.namespace("caller") as caller, networks.namespace("office") as office:
        for name, address in (("in0", "10.2.1.1/24"), ("out0", "198.51.100.1/24")):
            there = office if name == "in0" else caller
            networks.run("ip", "link", "add", name, "type", "veth", "peer", "name", "e0", "netns", there)
            networks.run("ip", "address", "add", address, "dev", name)
            networks.run("ip", "link", "set", name, "up")
        for name, addresses in ((office, ("10.2.1.10/24", "10.2.1.99/24")), (caller, (f"{FAR}/24",))):
            for address in addresses:
                networks.run("ip", "-n", name, "address", "add", address, "dev", "e0")
            networks.run("ip", "-n", name, "link", "set", "e0", "up")
            networks.route(name, "10.2.1.1" if name == office else "198.51.100.1")
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        led = router(
            networks=["10.2.1.0/24"],
            source_nat=[],
            destination_nat=[forward(FAR, PUBLIC, "5000", "10.2.1.10", transport="udp")],
            forward=[permit(FAR, "10.2.1.10", "5000", transport="udp", direction="in")],
        )

        def comes_to() -> set[str]:
            """Which of the two addresses a call to the public one comes to."""
            found = set()
            for address in ("10.2.1.10", "10.2.1.99"):
                with networks.datagrams(office, address, 5000, patience=1) as bound:
                    networks.datagrams(caller, FAR).sendto(b"x", (PUBLIC, 5000))
                    if networks.received(bound):
                        found.add(address)
            return found

        networks.run("nft", "-f", "-", text=nft_rules(led))
        assert comes_to() == {"10.2.1.10"}
        assert said(machine, led) == ""
        theirs("udp dport 5000 dnat to 10.2.1.99")
        assert "10.2.1.10" not in comes_to()
        networks.run("nft", "delete", "table", "inet", "faxnet")
        assert comes_to() == {"10.2.1.99"}
        assert "leads packets to udp port 5000" in said(machine, led)


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ("-d 203.0.113.20 -p tcp --dport 10000:10099 -j DNAT --to-destination 10.2.0.10", False),
        ("-d 203.0.113.20 -p tcp --dport 10000:10099 -j DNAT --to-destination 10.2.0.10:5000-5099", True),
        ("-p tcp --dport 10000:10099 -j DNAT --to-destination 10.2.0.99", True),
        ("-p tcp -m addrtype --dst-type LOCAL --dport 7488 -j REDIRECT --to-ports 99", True),
        ("-p tcp -m addrtype --dst-type LOCAL --dport 4559 -j REDIRECT --to-ports 99", False),
        ("-d 203.0.113.0/24 -j NETMAP --to 10.9.0.0/24", True),
        ("-d 203.0.113.20 -m comment --comment mine -p udp -j DNAT --to-destination 10.2.0.99", False),
    ],
)
def test_rules_of_iptables_are_read_too(machine: Machine, rule: str, refused: bool) -> None:
    networks.run("iptables-nft", "-t", "nat", "-A", "PREROUTING", *rule.split())
    assert ("leads packets to" in said(machine, POLICY)) == refused


@pytest.mark.parametrize("name", rule_sets.NAMES)
def test_ports_of_containers_are_told_where_the_plan_needs_them(machine: Machine, name: str) -> None:
    """Docker or Podman publishes 8080, on the router and on a host."""
    rule_sets.load(name)
    networks.run("iptables-nft", "-P", "FORWARD", "ACCEPT")
    assert said(machine, POLICY) == ""
    held = router(destination_nat=[forward(FAR, PUBLIC, "8000-8100", INSIDE)])
    assert f"publish the container's port under another port or address ({rule_sets.engine(name)}'s" in said(
        machine, held
    )
    offering = policy(input=[permit(FAR, PUBLIC, "8080")])
    assert "do not come to the service of the plan on this host" in said(machine, offering)
    assert said(machine, policy(input=[permit(FAR, PUBLIC, "8083")])) == ""


def test_the_way_that_the_run_itself_comes_is_not_asked_for(machine: Machine) -> None:
    theirs("tcp dport 22 dnat to 10.2.0.99")
    through = permit(FAR, INSIDE, "22", direction="in")
    assert "leads packets to tcp port 22" in said(machine, router(forward=[through]))
    assert said(machine, router(forward=[{**through, "flows": ["management/anywhere>york"]}])) == ""
