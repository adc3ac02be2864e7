# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other packet filters on a host are found before ours is applied, and sockets that it would shut are named."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.listeners import shut_listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import obstacles
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.host_requirements import open_ports
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, permit, policy

ACCEPTING = """
table inet other {{
  chain base {{
    type filter hook {hook} priority 10; policy {policy};
    {rule}
  }}
  chain side {{
    {side}
  }}
}}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A host in a namespace of its own; this process stands in it."""
    with networks.namespace("host") as name, networks.inside(name):
        yield networks.machine(tmp_path)


def other(hook: str = "input", policy: str = "accept", rule: str = "accept", side: str = "accept") -> None:
    """Load somebody else's table."""
    networks.run("nft", "-f", "-", text=ACCEPTING.format(hook=hook, policy=policy, rule=rule, side=side))


@pytest.mark.parametrize(
    "rule",
    [
        "tcp dport 25 drop",
        "reject with icmpx admin-prohibited",
        "tcp dport vmap { 25 : drop, 80 : accept }",
    ],
)
def test_a_foreign_rule_that_drops_is_found_where_it_is_and_through_a_jump(machine: Machine, rule: str) -> None:
    other(rule=rule)
    assert [found.who for found in obstacles(machine, forwarding=False)] == ["table inet other, chain base"]
    networks.run("nft", "flush", "ruleset")
    other(rule="jump side", side=rule)
    assert len(obstacles(machine, forwarding=False)) == 1


def test_a_foreign_chain_that_drops_by_default_is_certain(machine: Machine) -> None:
    other(policy="drop")
    (found,) = obstacles(machine, forwarding=False)
    assert found.certain
    assert "drops by default on the hook input" in found.reason


def test_a_drop_that_nothing_leads_to_is_no_obstacle(machine: Machine) -> None:
    other(rule="accept", side="drop")
    assert obstacles(machine, forwarding=False) == []


def test_the_forward_hook_matters_to_a_router_alone(machine: Machine) -> None:
    other(hook="forward", policy="drop")
    assert obstacles(machine, forwarding=False) == []
    assert len(obstacles(machine, forwarding=True)) == 1


def test_our_own_table_is_no_obstacle(machine: Machine) -> None:
    networks.run("nft", "-f", "-", text=nft_rules(policy()))
    assert obstacles(machine, forwarding=False) == []


def test_ufw_is_found_by_its_own_switch(machine: Machine) -> None:
    switch = Path(machine.path("/etc/ufw/ufw.conf"))
    switch.parent.mkdir()
    switch.write_text("ENABLED=no\n", encoding="ascii")
    assert obstacles(machine, forwarding=False) == []
    switch.write_text("ENABLED=yes\n", encoding="ascii")
    (found,) = obstacles(machine, forwarding=False)
    assert (found.who, found.cure) == ("ufw", "switch it off with: ufw disable")


def test_firewalld_is_asked_of_systemd(machine: Machine) -> None:
    Path(machine.path("/run/systemd/system")).mkdir(parents=True)

    def systemd(argv: list[str], text: str | None) -> Ran:
        if "is-active" in argv:
            return Ran(0 if active else 3, "", "")
        return machine.run(argv, text)

    asked = replace(machine, run=systemd, find=lambda name: f"/usr/bin/{name}" if name == "systemctl" else "nft")
    active = True
    assert [found.who for found in obstacles(asked, forwarding=False)] == ["firewalld"]
    active = False
    assert obstacles(asked, forwarding=False) == []


def test_single_drops_can_be_tolerated_and_a_drop_policy_cannot(machine: Machine) -> None:
    wanted = ensure.Wanted(nft_rules(policy()), (), (), tolerate_drops=False)
    other(rule="tcp dport 25 drop")
    with pytest.raises(FirewallError, match=r"nothing was changed: .* Cure: .*tolerate_drops"):
        ensure.compare(machine, wanted)
    assert ensure.compare(machine, replace(wanted, tolerate_drops=True)).others
    networks.run("nft", "flush", "ruleset")
    other(policy="drop")
    with pytest.raises(FirewallError, match="drops by default"):
        ensure.compare(machine, replace(wanted, tolerate_drops=True))


def test_iptables_rules_are_seen_through_nft(machine: Machine) -> None:
    iptables = machine.find("iptables-nft")
    if iptables is None:
        # The same thing as nft shows it, on a machine that has no iptables.
        other(rule="counter drop")
    else:
        networks.run(iptables, "-A", "INPUT", "-p", "tcp", "--dport", "25", "-j", "REJECT")
    assert len(obstacles(machine, forwarding=False)) == 1


def test_listeners_that_nothing_opens_are_named_with_their_program(machine: Machine) -> None:
    opened = open_ports(read_policy(policy(input=[permit("192.0.2.1", "10.1.0.10", "7488")])))
    kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
    ports = [("tcp", "", 22), ("tcp", "", 7488), ("tcp", "127.0.0.1", 25), ("tcp", "", 4559)]
    ports += [("udp", "", 53), ("udp", "127.0.0.1", 123), ("udp", "", 68)]
    sockets = []
    try:
        for transport, address, port in ports:
            made = socket.socket(socket.AF_INET, kinds[transport])
            sockets.append(made)
            made.bind((address, port))
            if transport == "tcp":
                made.listen()
        shut = shut_listeners(machine, opened)
    finally:
        for made in sockets:
            made.close()
    assert [(item["transport"], item["port"]) for item in shut] == [("tcp", 4559), ("udp", 53)]
    own = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert {item["program"] for item in shut} == {own}


def test_a_listener_on_ipv6_alone_is_seen(machine: Machine) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as made:
        made.bind(("::", 4560))
        made.listen()
        assert [item["port"] for item in shut_listeners(machine, [])] == [4560]
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as made:
        made.bind(("::1", 4560))
        made.listen()
        assert shut_listeners(machine, []) == []
