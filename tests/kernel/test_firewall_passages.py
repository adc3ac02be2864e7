# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and routers whose own packet filter drops: it lets the plan's packets through, and is otherwise left alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, running, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import PASSAGES_FILE, FirewallError
from tests.kernel import networks, rule_sets
from tests.kernel.hosts import LONG, SHORT, Host
from tests.kernel.kept_filters import Kept, priorities
from tests.unit.platforms.policies import nft_rules, opening, permit, policy, router

# They stand beside the lab that has the programs themselves.
pytestmark = pytest.mark.labs

KEEPERS = ("iptables", "ufw", "nftables")
PEER, PEER6, HOST, HOST6 = "192.0.2.1", "2001:db8::1", "192.0.2.9", "2001:db8::9"
#: What the plan permits, what the host's owner permits, and what nobody does.
PLANNED, THEIRS, NOBODYS = 7488, 2222, 7489
RULES = nft_rules(
    policy(
        input=[permit(PEER, HOST, str(PLANNED)), permit(PEER6, HOST6, str(PLANNED))],
        openings=[opening("tcp", "7490")],
    )
)
OTHER_RULES = nft_rules(policy(input=[permit("192.0.2.3", HOST)]))
#: The same without any refusal of ours.
ADDITIVE = nft_rules(policy(input=[permit(PEER, HOST, str(PLANNED))], stance="additive"))


class Bench:
    """A host with a filter that somebody keeps, and a neighbour who tries its ports."""

    def __init__(self, kept: Kept, peer: str) -> None:
        self.kept, self.host, self._peer = kept, kept.host, peer

    def open(self, port: int, address: str = HOST) -> bool:
        """Whether a new connection from the neighbour comes about."""
        return networks.connects(self._peer, address, port)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Bench]]:
    """Makes a host by the name of who keeps its filter; this process stands in its namespace then."""
    monkeypatch.setattr(running, "WATCH", 0.0)
    with contextlib.ExitStack() as stack:
        own, peer = (stack.enter_context(networks.namespace(label)) for label in ("host", "peer"))
        networks.link(own, [f"{HOST}/24", f"{HOST6}/64"], peer, [f"{PEER}/24", f"{PEER6}/64"])
        stack.enter_context(networks.inside(own))
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n", encoding="ascii")
        for address in (HOST, HOST6):
            for port in (PLANNED, THEIRS, NOBODYS, 7490):
                stack.enter_context(networks.listen(own, address, port))

        def make(name: str) -> Bench:
            return Bench(Kept.on(Host(networks.machine(tmp_path), tmp_path), name), peer)

        yield make


@pytest.mark.fault("kept filter")
@pytest.mark.parametrize("name", KEEPERS)
def test_what_the_plan_permits_passes_and_nothing_else_changes(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    assert (made.open(THEIRS), made.open(PLANNED)) == (True, False)
    made.host.settle(RULES)
    assert all(made.open(PLANNED, address) for address in (HOST, HOST6))
    # The plan's rules refuse what they do not name, as on every host.
    assert not any(made.open(port, address) for port in (NOBODYS, THEIRS) for address in (HOST, HOST6))
    # Rules of ufw's own command that refuse go first.
    assert made.open(7490) == (name != "ufw")
    assert made.host.bring(RULES) == ([], "")
    made.kept.reload()
    assert made.host.bring(RULES) == ([], "")
    assert made.open(PLANNED)


@pytest.mark.fault("kept filter")
@pytest.mark.parametrize("name", KEEPERS)
def test_absent_leaves_the_rest_byte_for_byte(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    before = made.kept.picture()
    made.host.settle(RULES)
    assert made.kept.picture() != before
    made.host.settle(None)
    assert made.kept.picture() == before
    assert not Path(made.host.machine.path(PASSAGES_FILE)).exists()
    assert made.host.bring(None) == ([], "")


@pytest.mark.fault("controller dies")
@pytest.mark.parametrize("name", KEEPERS)
def test_without_a_confirmation_the_other_filter_is_as_it_was(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    before = made.kept.picture()
    _differences, mark = made.host.bring(RULES, SHORT)
    assert made.open(PLANNED)
    assert transaction.outcome(made.host.machine, mark) == "the old rules are back"
    assert made.kept.picture() == before
    assert (made.open(THEIRS), made.open(PLANNED)) == (True, False)


@pytest.mark.fault("reboot")
@pytest.mark.parametrize("name", KEEPERS)
def test_a_boot_before_the_confirmation_brings_the_other_filter_as_it_was(
    bench: Callable[[str], Bench], name: str
) -> None:
    made = bench(name)
    before = made.kept.picture()
    made.host.bring(RULES, LONG)
    networks.run("nft", "flush", "ruleset")
    made.kept.reload()
    assert made.kept.picture() == before


@pytest.mark.parametrize("name", KEEPERS)
def test_what_is_undone_after_its_confirmation_leaves_nothing(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    before = made.kept.picture()
    _differences, mark = made.host.bring(RULES)
    transaction.confirm(made.host.machine, mark)
    assert transaction.undo(made.host.machine, mark) == "the old rules are back"
    assert made.kept.picture() == before


@pytest.mark.parametrize("name", KEEPERS)
def test_a_change_of_rules_leaves_the_passage_where_it_is(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    made.host.settle(RULES)
    before = made.kept.picture()
    made.host.settle(OTHER_RULES)
    assert made.kept.picture() == before
    assert not made.open(PLANNED)


BY_HAND = {
    "iptables": "iptables -D INPUT 1",
    "ufw": "iptables -F ufw-after-input",
    "nftables": "nft flush chain inet site input",
}


@pytest.mark.fault("kept filter")
@pytest.mark.parametrize("name", KEEPERS)
def test_a_passage_that_was_taken_away_by_hand_is_seen_and_comes_back(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    made.host.settle(RULES)
    networks.run(*BY_HAND[name].split())
    differences, mark = made.host.bring(RULES)
    family, table, chain = {"nftables": ("inet", "site", "input")}.get(name, ("ip", "filter", BY_HAND[name].split()[2]))
    assert differences == [f"passage in table {family} {table}, chain {chain}"]
    transaction.confirm(made.host.machine, mark)
    assert made.open(PLANNED)
    assert made.host.bring(RULES) == ([], "")


def test_a_rule_in_front_of_the_passage_is_seen(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    made.host.settle(RULES)
    networks.run("iptables", "-I", "INPUT", "-p", "tcp", "-j", "DROP")
    assert not made.open(PLANNED)
    made.host.settle(RULES)
    assert made.open(PLANNED)


def test_who_is_banned_stays_banned(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    networks.run("iptables", "-N", "f2b-sshd")
    networks.run("iptables", "-A", "f2b-sshd", "-s", PEER, "-j", "DROP")
    networks.run("iptables", "-I", "INPUT", "-j", "f2b-sshd")
    made.host.settle(RULES)
    assert not made.open(PLANNED)
    assert made.open(PLANNED, HOST6)
    assert made.host.bring(RULES) == ([], "")
    # One that comes later goes to the head of the chain, as fail2ban has it.
    networks.run("ip6tables", "-I", "INPUT", "-s", PEER6, "-j", "DROP")
    assert made.host.bring(RULES) == ([], "")
    assert not made.open(PLANNED, HOST6)


def test_a_ban_list_in_a_table_of_nft_stays_in_front_of_the_passage(bench: Callable[[str], Bench]) -> None:
    made = bench("nftables")
    conf = Path(made.host.machine.path("/etc/nftables.conf"))
    banned = f"    set banned {{ type ipv4_addr; elements = {{ {PEER} }}; }}\n    chain input {{\n"
    policy_line = "policy drop;\n        iif"
    text = made.kept.read("/etc/nftables.conf").replace("    chain input {\n", banned)
    conf.write_text(
        text.replace(policy_line, policy_line.replace("iif", "ip saddr @banned drop\n        iif"), 1), encoding="utf-8"
    )
    made.kept.reload()
    made.host.settle(RULES)
    assert (made.open(PLANNED), made.open(PLANNED, HOST6)) == (False, True)
    made.kept.reload()
    assert made.host.bring(RULES) == ([], "")
    assert (made.open(PLANNED), made.open(PLANNED, HOST6)) == (False, True)


def test_a_ban_list_that_stands_behind_other_rules_is_told(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    networks.run("iptables", "-A", "INPUT", "-s", PEER, "-j", "DROP")
    wanted = ensure.Wanted(RULES, (), (), tolerate_drops=False)
    (notice,) = [text for text in ensure.compare(made.host.machine, wanted).notices if "ban list" in text]
    assert "does not keep out what the plan permits" in notice


@pytest.mark.parametrize("name", KEEPERS)
def test_what_rules_let_be_the_other_filter_decides(bench: Callable[[str], Bench], name: str) -> None:
    """A host that refuses nothing gives no mark to what its rules do not name."""
    made = bench(name)
    made.host.settle(ADDITIVE)
    assert (made.open(PLANNED), made.open(THEIRS), made.open(NOBODYS)) == (True, True, False)


@pytest.mark.parametrize("name", KEEPERS)
def test_a_router_lets_through_what_the_plan_forwards(bench: Callable[[str], Bench], name: str) -> None:
    made = bench(name)
    text = nft_rules(router(forward=[permit(PEER, "10.2.0.7")]))
    made.host.settle(text, ("net.ipv4.ip_forward",))
    assert priorities() == ["filter - 10", "filter - 10"]
    forward = {"nftables": "chain inet site forward", "ufw": "chain ip filter ufw-after-forward"}
    listed = networks.run("nft", "list", *forward.get(name, "chain ip filter FORWARD").split())
    assert "0x10000000" in listed
    assert made.host.bring(text, settings=("net.ipv4.ip_forward",)) == ([], "")


def test_without_another_filter_there_is_no_mark(bench: Callable[[str], Bench]) -> None:
    made = bench("nftables")
    networks.run("nft", "flush", "ruleset")
    made.host.settle(RULES)
    assert priorities() == ["filter"]
    assert "mark" not in networks.run("nft", "list", "table", "inet", "faxnet")


def test_another_mark_takes_the_place_of_the_first(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    made.host.settle(RULES)
    wanted = ensure.Wanted(RULES, (), (), tolerate_drops=False, mark=0x4000000)
    with transaction.lock(made.host.machine, 5):
        found = ensure.compare(made.host.machine, wanted)
        transaction.confirm(made.host.machine, ensure.apply(made.host.machine, found, LONG, "0" * 12))
    assert made.open(PLANNED)
    assert "0x10000000" not in str(made.kept.picture()) + networks.run("nft", "list", "ruleset")
    assert not ensure.compare(made.host.machine, wanted).differences


def test_a_host_that_moves_to_another_filter_keeps_nothing_in_the_old_one(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    before = made.kept.picture()
    made.host.settle(RULES)
    for program in ("iptables", "ip6tables"):
        for chain in ("INPUT", "FORWARD"):
            networks.run(program, "-P", chain, "ACCEPT")
        networks.run(program, "-D", "INPUT", "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP")
    made.host.settle(RULES)
    assert made.open(PLANNED)
    assert "faxnet" not in networks.run("iptables-save") + networks.run("ip6tables-save")
    assert made.kept.read("/etc/iptables/rules.v4") == before["/etc/iptables/rules.v4"]


def refused(made: Bench) -> str:
    """Why rules are refused here; nothing has changed then."""
    before = made.kept.picture()
    with pytest.raises(FirewallError) as error:
        made.host.settle(RULES)
    assert made.kept.picture() == before
    assert made.host.live is None
    return str(error.value)


@pytest.mark.fault("other filter")
def test_two_filters_at_once_are_refused(bench: Callable[[str], Bench]) -> None:
    made = bench("nftables")
    networks.run("iptables", "-P", "INPUT", "DROP")
    both = replace(made.host.machine, find=lambda name: name if "persistent" in name else made.host.machine.find(name))
    two = Bench(replace(made.kept, host=replace(made.host, machine=both)), "")
    assert "filter here at once, and only one can be spoken through. Cure: leave the filtering to one" in refused(two)


def test_iptables_whose_file_lacks_the_chain_is_refused(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    Path(made.host.machine.path("/etc/iptables/rules.v6")).write_text("", encoding="ascii")
    assert "/etc/iptables/rules.v6 does not hold that chain" in (said := refused(made))
    assert "save it with: netfilter-persistent save" in said


@pytest.mark.fault("other filter")
def test_ufw_whose_chains_are_gone_is_refused(bench: Callable[[str], Bench]) -> None:
    made = bench("ufw")
    networks.run("nft", "flush", "ruleset")
    assert "its chain ufw-after-input is not in force" in (said := refused(made))
    assert "ufw reload" in said


@pytest.mark.fault("other filter")
def test_a_table_that_a_boot_would_not_bring_is_refused(bench: Callable[[str], Bench]) -> None:
    made = bench("nftables")
    Path(made.host.machine.path("/etc/nftables.conf")).write_text("flush ruleset\n", encoding="ascii")
    assert "what nftables.service loads does not hold that chain" in refused(made)


def test_a_chain_that_is_asked_before_ours_is_refused(bench: Callable[[str], Bench]) -> None:
    made = bench("nftables")
    conf = Path(made.host.machine.path("/etc/nftables.conf"))
    conf.write_text(made.kept.read("/etc/nftables.conf").replace("priority 0", "priority -150"), encoding="utf-8")
    made.kept.reload()
    assert "drops by default on the hook input" in refused(made)


def test_a_file_that_its_owner_changed_meanwhile_stays_his(bench: Callable[[str], Bench]) -> None:
    made = bench("iptables")
    _differences, mark = made.host.bring(RULES)
    place = Path(made.host.machine.path("/etc/iptables/rules.v4"))
    changed = made.kept.read("/etc/iptables/rules.v4").replace("--dport 2222", "--dport 2223")
    place.write_text(changed, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(FirewallError, match=r"/etc/iptables/rules\.v4 was changed by somebody else meanwhile; start"):
        transaction.confirm(made.host.machine, mark)
    assert made.kept.read("/etc/iptables/rules.v4") == changed
    assert made.host.loose_ends() == [str(place), str(place.with_name("rules.v6"))]
    assert made.open(PLANNED)


@pytest.mark.parametrize("rules", ["docker-20.iptables", "docker-28.iptables"])
def test_dockers_rules_stay_as_they_are_beside_a_passage(bench: Callable[[str], Bench], rules: str) -> None:
    made = bench("iptables")
    for program in ("iptables", "ip6tables"):
        networks.run(program, "-F")
    rule_sets.load(rules)
    for program, version in (("iptables", "v4"), ("ip6tables", "v6")):
        networks.run(program, "-P", "INPUT", "DROP")
        saved = networks.run(f"{program}-save")
        Path(made.host.machine.path(f"/etc/iptables/rules.{version}")).write_text(saved, encoding="utf-8")
    before = made.kept.picture()
    text = nft_rules(router(input=[permit(PEER, HOST, str(PLANNED))]))
    made.host.settle(text, ("net.ipv4.ip_forward",))
    assert made.open(PLANNED)
    with_passages = str(made.kept.picture()["rules"])
    assert "faxnet.deploy" in with_passages
    theirs = [line for line in with_passages.splitlines() if "0x10000000" not in line]
    assert theirs == str(before["rules"]).splitlines()
    made.host.settle(None)
    assert made.kept.picture() == before
