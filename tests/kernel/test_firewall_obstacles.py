# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other packet filters on a host are found before ours is applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import obstacles
from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules, policy

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


def load(text: str) -> None:
    """Load what stands on one line, which nft wants on several."""
    lines = text.replace(" }", "\n}\n").replace("; ", ";\n").replace("{ ", "{\n")
    networks.run("nft", "-f", "-", text=lines)


@pytest.mark.fault("other filter")
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
    networks.run("nft", "flush", "ruleset")
    other(rule=f"jump side\n{rule}", side="counter")
    assert len(obstacles(machine, forwarding=False)) == 1
    networks.run("nft", "flush", "ruleset")
    other(rule=f"goto side\n{rule}", side="counter")
    assert obstacles(machine, forwarding=False) == []


@pytest.mark.fault("other filter")
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


HOOKS = {
    "ip raw prerouting": "table ip other { chain base { type filter hook prerouting priority raw; %s } }",
    "inet prerouting": "table inet other { chain base { type filter hook prerouting priority -400; %s } }",
    "ip6 output": "table ip6 other { chain base { type filter hook output priority filter; %s } }",
    "inet postrouting": "table inet other { chain base { type filter hook postrouting priority filter; %s } }",
    "netdev ingress": 'table netdev other { chain base { type filter hook ingress device "lo" priority 0; %s } }',
}


@pytest.mark.parametrize("where", HOOKS)
def test_whoever_drops_is_found_on_every_hook_that_packets_pass(machine: Machine, where: str) -> None:
    load(HOOKS[where] % "policy drop;")
    assert [found.certain for found in obstacles(machine, forwarding=False)] == [True]
    networks.run("nft", "flush", "ruleset")
    load(HOOKS[where] % "policy accept; meta mark 1 drop")
    assert [(found.certain, found.bans) for found in obstacles(machine, forwarding=False)] == [(False, False)]


#: As fail2ban's action nftables-multiport, CrowdSec's bouncer and sshguard write them; and fail2ban's for iptables, as
#: nft lists it.
BAN_LISTS = {
    "fail2ban": "table inet f2b-table { set addr-set-sshd { type ipv4_addr; } chain f2b-chain { "
    "type filter hook input priority filter - 1; tcp dport 22 ip saddr @addr-set-sshd reject } }",
    "crowdsec": "table ip crowdsec { set crowdsec-blacklists { type ipv4_addr; flags timeout; } "
    "chain crowdsec-chain-input { type filter hook input priority -10; ip saddr @crowdsec-blacklists drop } }",
    "sshguard": "table ip6 sshguard { set attackers { type ipv6_addr; flags interval; } "
    "chain blacklist { type filter hook input priority filter - 10; ip6 saddr @attackers drop } }",
    "by port": "table inet bans { set some { type ipv4_addr . inet_service; } "
    "chain in { type filter hook prerouting priority -300; ip saddr . tcp dport @some drop } }",
    "iptables": "table ip filter { chain INPUT { type filter hook input priority filter; tcp dport 22 jump f2b-sshd; } "
    "chain f2b-sshd { ip saddr 192.0.2.66 reject; return; } }",
}


@pytest.mark.parametrize("name", BAN_LISTS)
def test_a_ban_list_is_noted_and_is_no_obstacle(machine: Machine, name: str) -> None:
    load(BAN_LISTS[name])
    found = ensure.compare(machine, ensure.Wanted(nft_rules(policy()), (), (), tolerate_drops=False))
    assert "what the addresses of a ban list send" in found.ban_lists[0]
    assert (len(found.ban_lists), found.others) == (1, ())


@pytest.mark.parametrize(
    "rule",
    [
        "ip saddr != @good drop",
        "ip saddr @good accept; drop",
        "ip daddr @good drop",
        "ip saddr 192.0.2.0/24 drop",
        "ip saddr 192.0.2.7 drop",
        "ip saddr @good drop; tcp dport 25 drop",
    ],
)
def test_what_drops_others_too_or_a_single_named_host_is_no_ban_list(machine: Machine, rule: str) -> None:
    text = "table inet other { set good { type ipv4_addr; } chain in { type filter hook input priority 1; %s } }"
    load(text % rule)
    (found,) = obstacles(machine, forwarding=False)
    assert not found.bans


def test_where_no_rule_changes_another_filter_is_told_and_fails_nothing(machine: Machine) -> None:
    text = nft_rules(policy())
    networks.run("nft", "-f", "-", text=text)
    other(policy="drop")
    found = ensure.compare(machine, ensure.Wanted(text, (), (), tolerate_drops=False))
    assert not found.risky
    assert found.others == (
        "table inet other, chain base drops by default on the hook input; left alone, for no rule of ours changes here",
    )


LEGACY = {
    "-P PREROUTING DROP\n": (True, False),
    "-P PREROUTING ACCEPT\n-A PREROUTING -p tcp -j DROP\n": (False, False),
    "-P PREROUTING ACCEPT\n-A PREROUTING -m set --match-set bad src -j DROP\n": (False, True),
    "-P PREROUTING ACCEPT\n-A PREROUTING -m set ! --match-set good src -j DROP\n": (False, False),
    "-P PREROUTING ACCEPT\n-N f2b-sshd\n-A PREROUTING -p tcp -m multiport --dports 22 -j f2b-sshd\n"
    "-A f2b-sshd -s 192.0.2.66/32 -j REJECT --reject-with icmp-port-unreachable\n": (False, True),
}


@pytest.mark.parametrize("listing", LEGACY)
def test_every_legacy_table_that_can_drop_is_read(machine: Machine, listing: str) -> None:
    """The kernel has no such tables here: what the program prints is a stand-in."""
    asked: list[list[str]] = []

    def legacy(argv: list[str], text: str | None) -> Ran:
        if argv[0] != "iptables-legacy":
            return machine.run(argv, text)
        asked.append(argv[1:])
        return Ran(0, listing if "raw" in argv else "", "")

    proc = Path(machine.root, "proc")
    proc.unlink()
    names = proc / "self" / "net" / "ip_tables_names"
    names.parent.mkdir(parents=True)
    names.write_text("nat\nraw\n", encoding="ascii")
    host = replace(machine, run=legacy, find=lambda name: name)
    assert [(found.certain, found.bans) for found in obstacles(host, forwarding=False)] == [LEGACY[listing]]
    assert asked == [["-t", "nat", "-S"], ["-t", "raw", "-S"]]


@pytest.mark.fault("other filter")
def test_ufw_is_found_by_its_own_switch(machine: Machine) -> None:
    switch = Path(machine.path("/etc/ufw/ufw.conf"))
    switch.parent.mkdir()
    switch.write_text("ENABLED=no\n", encoding="ascii")
    assert obstacles(machine, forwarding=False) == []
    switch.write_text("ENABLED=yes\n", encoding="ascii")
    (found,) = obstacles(machine, forwarding=False)
    assert (found.who, found.cure) == ("ufw", "switch it off with: ufw disable")


@pytest.mark.fault("other filter")
def test_firewalld_is_asked_of_systemd(machine: Machine) -> None:
    Path(machine.path("/run/systemd/system")).mkdir(parents=True)

    def systemd(argv: list[str], text: str | None) -> Ran:
        if "is-active" in argv:
            return Ran(0 if active else 3, "", "")
        return machine.run(argv, text)

    asked = replace(machine, run=systemd, find=lambda name: f"/usr/bin/{name}" if name == "systemctl" else name)
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
