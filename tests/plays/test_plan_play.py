# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan, as plays make it: whose variables count, what is written when, what an administrator gets to see."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.plays.network import Network, tree

Hosts = Callable[[str], dict[str, Any]]


def _inputs(network: Network, host: str) -> list[tuple[str, str]]:
    return [(permit["source"], permit["ports"]) for permit in network.slice(host)["policy"]["input"]]


def test_a_plan_is_for_the_whole_inventory_whatever_the_limit_leaves(
    network: Network, two_offices: dict[str, Any]
) -> None:
    network.write(two_offices)
    limited = network.planned("--limit", "uk-pc1")
    assert limited.plan["summary"]["roles"] == {
        "router": ["fl-router", "uk-router"],
        "server": ["fl-fax"],
        "client": ["uk-pc1", "uk-pc2"],
        "endpoint": [],
    }
    digest = limited.plan["digest"]
    whole = network.planned()
    assert whole.plan["digest"] == digest
    assert whole.plan["changed"] is False


def test_the_same_inventory_is_planned_once_and_then_left_alone(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    assert network.planned().changed == {"localhost": 1}
    before = tree(network.folder / ".faxnet"), network.lock.read_bytes(), network.lock.stat().st_mtime_ns
    assert network.planned().changed == {"localhost": 0}
    assert (tree(network.folder / ".faxnet"), network.lock.read_bytes(), network.lock.stat().st_mtime_ns) == before


def test_a_permit_may_name_a_group_of_the_inventory(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    host_of("fl-fax")["faxnet_permits"] = [{"name": "web", "ports": 80, "sources": ["group:florida"]}]
    network.write(two_offices)
    network.planned("--limit", "uk-pc1")
    members = list(two_offices["all"]["children"]["florida"]["hosts"])
    own = {f"{network.slice(name)['addresses'][0]}/32" for name in members}
    (opening,) = network.slice("fl-fax")["policy"]["openings"]
    assert set(opening["sources"]) == own


def test_variables_of_groups_hosts_and_the_command_line_count_in_ansibles_order(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    two_offices["all"]["vars"]["faxnet_outbound"] = "any"
    two_offices["all"]["children"]["sheffield"]["vars"]["faxnet_outbound"] = "flows"
    host_of("uk-pc2")["faxnet_uses"] = [
        {"service": "netcfax", "server": "fl-fax", "callback": {"mode": "fixed", "port": 7777}}
    ]
    network.write(two_offices)
    (network.folder / "host_vars").mkdir()
    network.write({"faxnet_address": "10.2.0.99"}, "host_vars/uk-pc1.yml")
    network.planned()
    assert network.slice("fl-router")["policy"]["outbound"] == "any"
    assert network.slice("uk-router")["policy"]["outbound"] == "flows"
    assert network.slice("uk-pc1")["addresses"] == ["10.2.0.99"]
    assert _inputs(network, "uk-pc2") == [("198.51.100.10", "7777")]
    network.planned("-e", "faxnet_outbound=flows")
    assert network.slice("fl-router")["policy"]["outbound"] == "flows"


def test_templates_are_evaluated_with_the_variables_of_their_own_host(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    two_offices["all"]["vars"]["fax_server"] = "fl-fax"
    clients = two_offices["all"]["children"]["sheffield"]["children"]["clients"]
    clients["vars"]["faxnet_uses"] = [
        {
            "service": "netcfax",
            "server": "{{ fax_server }}",
            "environment": "{{ 'terminal_server' if sessions | default(1) > 1 else 'single_user' }}",
            "instances": "{{ sessions | default(1) }}",
        }
    ]
    clients["vars"]["faxnet_address"] = "10.2.0.{{ number }}"
    clients["vars"]["faxnet_system"] = "{{ omit }}"
    for name, number in (("uk-pc1", 31), ("uk-pc2", 32)):
        host_of(name).clear()
        host_of(name)["number"] = number
    host_of("uk-pc2")["sessions"] = 40
    host_of("uk-router")["faxnet_address"] = "{{ hostvars['uk-pc1']['faxnet_address'] | replace('31', '1') }}"
    network.write(two_offices)
    network.planned()
    assert network.slice("uk-pc1")["addresses"] == ["10.2.0.31"]
    assert network.slice("uk-pc2")["addresses"] == ["10.2.0.32"]
    assert network.slice("uk-router")["addresses"] == ["10.2.0.1"]
    assert [network.slice(name)["uses"][0]["instances"] for name in ("uk-pc1", "uk-pc2")] == [1, 40]
    assert network.slice("uk-pc2")["uses"][0]["server"] == "fl-fax"


def test_logins_are_followed_from_where_ansible_runs_through_the_jump_hosts_of_each_host(
    network: Network, two_offices: dict[str, Any], host_of: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere, groups = two_offices["all"]["vars"], two_offices["all"]["children"]
    everywhere["faxnet_controller"] = "controller"
    two_offices["all"]["hosts"] = {"controller": {"ansible_host": "{{ seen_as }}", "seen_as": "192.0.2.7"}}
    network.write(two_offices)
    outcome = network.run("faxnet.deploy.plan")
    assert outcome.code != 0
    told = [(item["code"], item["hosts"]) for item in outcome.plan["findings"] if item["severity"] == "error"]
    assert sorted(told) == [("FXN116", ["fl-fax"]), ("FXN116", ["uk-pc1", "uk-pc2"])]
    # From a variable with a template for one office, from Ansible's own settings for the other.
    groups["sheffield"]["vars"] |= {"ansible_ssh_common_args": "-J admin@{{ jump }}", "jump": "uk-router"}
    host_of("uk-router")["ansible_ssh_common_args"] = ""
    host_of("uk-pc2")["ansible_ssh_common_args"] = "-J {{ ansible_user_id }}@uk-router"
    monkeypatch.setenv("ANSIBLE_SSH_COMMON_ARGS", "-J fl-router")
    network.write(two_offices)
    findings = network.planned().plan["findings"]
    assert [(item["code"], item["hosts"], item["severity"]) for item in findings] == [("FXN124", ["uk-pc2"], "advice")]


def test_a_template_that_fails_is_one_finding_with_host_variable_and_reason(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    clients = two_offices["all"]["children"]["sheffield"]["children"]["clients"]
    clients["vars"]["faxnet_uses"] = [{"service": "netcfax", "server": "{{ nobody }}"}]
    host_of("uk-router")["faxnet_address"] = "{{ 1 / 0 }}"
    network.write(two_offices)
    outcome = network.run("faxnet.deploy.plan")
    assert outcome.code != 0
    found = [
        (item["code"], item["hosts"], item["variable"], item["value"])
        for item in outcome.plan["findings"]
        if item["severity"] == "error"
    ]
    assert found == [
        ("FXN115", ["uk-pc1", "uk-pc2"], "faxnet_uses[0].server", "{{ nobody }}"),
        ("FXN115", ["uk-router"], "faxnet_address", "{{ 1 / 0 }}"),
    ]
    assert "'nobody' is undefined" in outcome.text
    assert "division by zero" in outcome.text


def test_check_mode_plans_and_writes_nothing(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    first = network.planned("--check")
    assert first.changed == {"localhost": 1}
    assert not network.lock.exists()
    assert not network.plan.exists()
    network.planned()
    assert network.planned("--check").changed == {"localhost": 0}
    before = tree(network.folder / ".faxnet")
    assert network.planned("--check", "-e", "faxnet_outbound=flows").changed == {"localhost": 1}
    assert tree(network.folder / ".faxnet") == before


def test_a_difference_says_in_words_what_changes_on_which_host(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    network.write(two_offices)
    network.planned()
    host_of("fl-fax")["faxnet_offers"][0]["primary_port"] = 7499
    network.write(two_offices)
    text = network.planned("--check", "--diff").text
    for host in ("fl-fax", "fl-router", "uk-router", "uk-pc1", "uk-pc2"):
        assert f"+++ after: plan of {host}\n" in text
    assert "-accept tcp 7488 from 203.0.113.20 to 10.1.0.10\n" in text
    assert "+accept tcp 7499 from 203.0.113.20 to 10.1.0.10\n" in text
    assert "+++ after: " + str(network.lock) not in text  # nobody's range moves


def test_a_difference_begins_with_who_gains_and_who_loses_access(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    network.write(two_offices)
    first = network.planned("--diff")
    assert first.plan["access"] is None  # no plan was before
    assert "Access:\n" not in first.text
    host_of("fl-fax")["faxnet_offers"][0]["primary_port"] = 7499
    host_of("uk-pc2")["faxnet_uses"] = []
    network.write(two_offices)
    changed = network.planned("--check", "--diff")
    assert (
        "Access:\n"
        "  loses: uk-pc2 to fl-fax: tcp 7488 (netcfax.pcp)\n"
        "  loses: fl-fax to uk-pc2: tcp 15200-15299 (netcfax.scp)\n"
        "  moves: uk-pc1 to fl-fax: tcp 7488 becomes tcp 7499 (netcfax.pcp)\n"
    ) in changed.text
    access = changed.plan["access"]
    assert {key: len(items) for key, items in access.items()} == {"gained": 1, "lost": 3, "needless": 0, "kept": 0}
    assert [item["packets"] for item in access["gained"]] == ["tcp 7499"]
    assert "access" not in network.planned("--check").plan


def test_hosts_that_disagree_about_the_sites_are_told(
    network: Network, two_offices: dict[str, Any], host_of: Hosts
) -> None:
    host_of("uk-pc2")["faxnet_sites"] = {"moon": {"networks": ["10.9.0.0/24"]}}
    network.write(two_offices)
    outcome = network.run("faxnet.deploy.plan")
    assert [(item["code"], item["hosts"], item["variable"]) for item in outcome.plan["findings"]] == [
        ("FXN114", ["uk-pc2"], "faxnet_sites")
    ]


def test_plan_and_lock_lie_beside_the_first_of_several_inventories(
    network: Network, two_offices: dict[str, Any]
) -> None:
    network.write(two_offices)
    (network.folder / "more").mkdir()
    network.write({"all": {"hosts": {"bystander": {}}}}, "more/hosts.yml")
    outcome = network.planned(sources=("hosts.yml", "more/hosts.yml"))
    assert outcome.plan["directory"] == str(network.plan)
    assert outcome.plan["lock"] == str(network.lock)
    assert "bystander" not in {path.stem for path in (network.plan / "hosts").iterdir()}


def test_a_peer_by_dns_name_is_asked_for_as_the_controllers_programs_do(network: Network) -> None:
    inventory = network.two_offices()
    trunk = {"faxnet_address": "trunk.example", "faxnet_platform": "unmanaged"}
    inventory["all"]["hosts"] = {"trunk": {**trunk, "faxnet_offers": [{"service": "t38fax_trunk"}]}}
    uses = [{"service": "t38fax_trunk", "server": "trunk"}]
    inventory["all"]["children"]["florida"]["hosts"]["pbx"] = {"faxnet_address": "10.1.0.30", "faxnet_uses": uses}
    network.write(inventory)
    unknown = network.run("faxnet.deploy.plan")
    assert unknown.code != 0
    assert [(item["code"], item["value"]) for item in unknown.plan["findings"]] == [("FXN161", "trunk.example")]
    assert not network.plan.exists()
    known = network.folder / "known_hosts_of_dns"
    known.write_text("127.0.0.1 localhost\n203.0.113.77 trunk.example\n", encoding="ascii")
    # In a mount namespace of its own the play finds another hosts file; nobody else does.
    other_hosts = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(known))
    first = network.planned("--diff", before=other_hosts)
    assert first.changed == {"localhost": 1}
    assert '"trunk.example": ["203.0.113.77"]' in network.lock.read_text(encoding="utf-8")
    assert "name trunk.example" in first.text
    offline = network.planned()
    assert "FXN162 DNS name that nobody could be asked for" in offline.text
    assert offline.changed == {"localhost": 1}, "the finding is part of the plan"


def test_in_an_inventory_that_is_a_directory_only_its_own_files_are_read_as_inventories(
    network: Network, two_offices: dict[str, Any]
) -> None:
    (network.folder / "hosts").mkdir()
    network.write(two_offices, "hosts/hosts.yml")
    first = network.planned(sources=("hosts",))
    lock = network.folder / "hosts" / ".faxnet.lock.json"
    ranges = lock.read_text(encoding="utf-8")
    again = network.planned(sources=("hosts",))
    assert (first.plan["lock"], again.changed) == (str(lock), {"localhost": 0})
    assert "[WARNING]" not in first.text + again.text

    # As it was called before: ansible takes it for an inventory, and is told of.
    old = lock.rename(network.folder / "hosts" / "faxnet.lock.json")
    checked = network.planned("--check", "--diff", sources=("hosts",))
    assert (checked.changed, old.exists(), lock.exists()) == ({"localhost": 1}, True, False)
    assert f"{lock} takes over the call-back ranges of" in checked.text.replace("\n", "")
    moved = network.planned(sources=("hosts",))
    assert (moved.changed, old.exists(), lock.read_text(encoding="utf-8")) == ({"localhost": 1}, False, ranges)
    assert network.planned(sources=("hosts",)).changed == {"localhost": 0}


def test_one_variable_moves_everything_and_another_the_lock(network: Network, two_offices: dict[str, Any]) -> None:
    two_offices["all"]["vars"]["faxnet_directory"] = "{{ inventory_dir }}/elsewhere"
    two_offices["all"]["vars"]["faxnet_lock"] = "{{ inventory_dir }}/locks/mine.json"
    network.write(two_offices)
    outcome = network.planned()
    assert outcome.plan["directory"] == str(network.folder / "elsewhere" / "plan")
    assert (network.folder / "locks" / "mine.json").exists()


def test_a_call_back_range_stays_when_other_clients_come_and_go(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    network.planned()
    before = _inputs(network, "uk-pc2")
    clients = two_offices["all"]["children"]["sheffield"]["children"]["clients"]["hosts"]
    del clients["uk-pc1"]
    clients.update({f"new-{number}": {"faxnet_address": f"10.2.0.{number}"} for number in range(100, 140)})
    network.write(two_offices)
    network.planned()
    assert _inputs(network, "uk-pc2") == before


def test_a_host_that_says_nothing_of_fax_is_left_out_even_if_its_connection_is_a_riddle(
    network: Network, two_offices: dict[str, Any]
) -> None:
    two_offices["all"]["hosts"] = {"web": {"ansible_host": "{{ not_known_now }}"}}
    network.write(two_offices)
    assert network.planned().plan["summary"]["hosts"] == 5


def test_no_finding_shows_what_a_vault_holds(network: Network, two_offices: dict[str, Any], host_of: Hosts) -> None:
    (network.folder / "password").write_text("opens the vault\n", encoding="utf-8")
    vault = ("--vault-password-file", str(network.folder / "password"))
    whole = network.folder / "group_vars" / "all" / "vault.yml"
    whole.parent.mkdir(parents=True)
    whole.write_text("whole: hunter1\nport: 71234\n", encoding="utf-8")
    subprocess.run(["ansible-vault", "encrypt", *vault, str(whole)], check=True, capture_output=True)
    single = subprocess.run(
        ["ansible-vault", "encrypt_string", *vault, "hunter2"], check=True, capture_output=True, text=True
    ).stdout
    (whole.parent / "plain.yml").write_text(f"single: {single}\njoined: x{{{{ single }}}}\n", encoding="utf-8")
    host_of("fl-fax")["faxnet_offers"] = [
        {"service": "netcfax", "primary_port": "{{ port }}", "password": "{{ whole }}"}
    ]
    host_of("uk-router")["faxnet_platform"] = "{{ single }}"
    host_of("uk-pc1")["faxnet_system"] = "{{ joined }}"
    network.write(two_offices)
    outcome = network.run("faxnet.deploy.plan", *vault)
    assert outcome.code != 0
    assert "hunter" not in outcome.text
    assert "71234" not in outcome.text
    found = {(item["hosts"][0], item["variable"]): item["value"] for item in outcome.plan["findings"]}
    hidden = "(a value from a vault)"
    assert found == {
        ("fl-fax", "faxnet_offers[0].password"): hidden,
        ("fl-fax", "faxnet_offers[0].primary_port"): hidden,
        ("uk-router", "faxnet_platform"): hidden,
        ("uk-pc1", "faxnet_system"): hidden,
    }
