# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks put their part of a plan into force on emulated hosts with Windows, by the real modules over real SSH."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.windows import Host
from tests.emulators.windows.firewall import Packet
from tests.emulators.windows.ssh import Endpoint, serving

SITES = {
    "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": "198.51.100.10"},
    "sheffield": {"networks": ["10.2.0.0/24"], "gateway": "uk-router", "public_address": "203.0.113.20"},
}
HOSTS: dict[str, dict[str, Any]] = {
    "fl-fax": {"faxnet_site": "florida", "faxnet_address": "10.1.0.10", "faxnet_offers": [{"service": "netcfax"}]},
    "uk-ts": {
        "faxnet_site": "sheffield", "faxnet_address": "10.2.0.20",
        "faxnet_uses": [{"service": "netcfax", "server": "fl-fax", "environment": "terminal_server", "instances": 40}],
    },
    "uk-pc": {
        "faxnet_site": "sheffield", "faxnet_address": "10.2.0.21",
        "faxnet_uses": [{"service": "netcfax", "server": "fl-fax", "environment": "single_user"}],
    },
}  # fmt: skip
#: Nobody here logs in to them.
ROUTERS = {
    name: {"faxnet_address": address, "faxnet_platform": "worksheet"}
    for name, address in {"fl-router": "10.1.0.1", "uk-router": "10.2.0.1"}.items()
}
TCP = 6
OURS = "EmbedCtxt=faxnet.deploy|"


class Offices:
    """Two offices with Windows hosts, and plays against them."""

    def __init__(self, endpoints: dict[str, Endpoint], folder: Path) -> None:
        self.endpoints, self.folder = endpoints, folder
        self.hosts = {name: {**HOSTS[name], **endpoint.variables()} for name, endpoint in endpoints.items()}

    def play(self, playbook: str, *arguments: str, **values: object) -> subprocess.CompletedProcess[str]:
        """Run one of the collection's playbooks."""
        inventory = {"all": {"vars": {"faxnet_sites": SITES}, "hosts": {**self.hosts, **ROUTERS}}}
        (self.folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
        ran = subprocess.run(
            ["ansible-playbook", "-i", "hosts.json", playbook, "-e", json.dumps(values), *arguments],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stdout + ran.stderr
        return ran

    def host(self, name: str) -> Host:
        """An emulated host."""
        return self.endpoints[name].host

    def rules(self, name: str) -> dict[str, str]:
        """Our rules on a host, as texts."""
        return {key: text for key, text in self.all_rules(name).items() if OURS in text}

    def all_rules(self, name: str) -> dict[str, str]:
        """All rules of a host's own, as texts."""
        values = self.host(name).state.registry.values(LOCAL_RULES)
        return {key: text for key, (_kind, text) in values.items()}


LOCAL_RULES = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules"


#: The faults take their time.
LABS = pytest.mark.labs


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[Offices]:
    """Planned, without rules."""
    hosts = {name: Host(tmp_path / f"{name}.json") for name in HOSTS}
    with serving(hosts, tmp_path) as endpoints:
        made = Offices(endpoints, tmp_path)
        planned = made.play("faxnet.deploy.plan")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        yield made


def changed(ran: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """By host, how many tasks changed something; the run must have succeeded."""
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", ran.stdout, re.MULTILINE)
    return {host: int(count) for host, count in found}


def wrote(host: Host, since: int = 0) -> list[str]:
    """The modules that wrote something on a host."""
    return [entry.module for entry in host.log[since:] if entry.wrote]


def test_a_plan_is_put_in_force_once(offices: Offices) -> None:
    checked = offices.play("faxnet.deploy.deploy", "--tags", "rules", "--check", "--diff")
    assert all(changed(checked)[name] == 1 for name in HOSTS), checked.stdout
    assert "LPort2_10=" in checked.stdout
    for name in HOSTS:
        assert wrote(offices.host(name)) == []
    first = offices.play("faxnet.deploy.deploy", "--tags", "rules")
    assert all(changed(first)[name] == 1 for name in HOSTS), first.stdout
    for name in HOSTS:
        assert 2 <= len(offices.rules(name)) <= 10
        assert offices.host(name).state.data["tasks"] == {}
        timers = [entry for entry in offices.host(name).log if entry.module == "win_scheduled_task"]
        armed = [entry.wrote for entry in timers if entry.arguments["state"] == "present"]
        # For itself, for the time in which others are changed, and anew when all are heard: each starts its time again.
        assert armed == [True, True, True]
    before = {name: len(offices.host(name).log) for name in HOSTS}
    again = offices.play("faxnet.deploy.deploy", "--tags", "rules", "--diff")
    assert {changed(again)[name] for name in HOSTS} == {0}, again.stdout
    for name, count in before.items():
        assert wrote(offices.host(name), count) == []
    looked = offices.play("faxnet.deploy.deploy", "--tags", "rules", "--check")
    assert {changed(looked)[name] for name in HOSTS} == {0}, looked.stdout
    excluded = offices.host("uk-ts").state.data["ports"]["excluded"]["ipv4 tcp"]
    assert [(item["count"], item["administered"]) for item in excluded] == [(100, True)]


def test_packets_meet_what_the_plan_permits_and_nothing_else(offices: Offices) -> None:
    changed(offices.play("faxnet.deploy.deploy", "--tags", "rules"))
    plan = json.loads((offices.folder / ".faxnet" / "plan" / "plan.json").read_text(encoding="utf-8"))
    called = next(flow for flow in plan["flows"] if flow["callback"] and flow["destination"] == "uk-ts")
    low = int(called["ports"].partition("-")[0])
    server, stranger = called["arrives_from"], "198.51.100.66"

    def passes(host: str, remote: str, port: int) -> bool:
        local = ip_address(str(HOSTS[host]["faxnet_address"]))
        return offices.host(host).judge(Packet("In", TCP, local, ip_address(remote), port, 50000)).allowed

    assert passes("uk-ts", server, low)
    assert not passes("uk-ts", stranger, low)
    assert not passes("uk-ts", server, low - 1)
    assert passes("fl-fax", "203.0.113.20", 7488)
    assert not passes("fl-fax", "203.0.113.20", 7489)
    management = int(offices.hosts["uk-ts"]["ansible_port"])
    assert passes("uk-ts", stranger, management)


@LABS
def test_what_is_removed_leaves_everything_else_as_it_was(offices: Offices) -> None:
    before = {name: offices.all_rules(name) for name in HOSTS}
    changed(offices.play("faxnet.deploy.deploy"))
    assert all(offices.rules(name) for name in HOSTS)
    removed = offices.play("faxnet.deploy.remove")
    assert all(changed(removed)[name] for name in HOSTS)
    assert {name: offices.all_rules(name) for name in HOSTS} == before
    assert {changed(offices.play("faxnet.deploy.remove"))[name] for name in HOSTS} == {0}


def alone(offices: Offices, *arguments: str, **values: object) -> subprocess.CompletedProcess[str]:
    """Put one host's rules in force, apart from the network."""
    values = {"faxnet_transaction": "host", "host_firewall_confirm_timeout": SHORT, **values}
    return offices.play("faxnet.deploy.deploy", "--tags", "rules", "--limit", "uk-ts", *arguments, **values)


#: Calls of PowerShell: one lists reserved ports, one lays the way back, the third one changes the rules.
CHANGING = 3
SHORT = 6  # seconds that a host waits for its confirmation


def deployed_otherwise(offices: Offices) -> dict[str, str]:
    """Deploy, then plan another range for call-backs; our rules as they stand."""
    changed(offices.play("faxnet.deploy.deploy", "--tags", "rules"))
    offices.hosts["uk-ts"]["faxnet_uses"] = [{**HOSTS["uk-ts"]["faxnet_uses"][0], "instances": 20}]
    offices.hosts["uk-ts"]["faxnet_permits"] = [{"name": "web", "ports": "8080"}]
    changed(offices.play("faxnet.deploy.plan"))
    before = offices.rules("uk-ts")
    assert before
    return before


@LABS
@pytest.mark.parametrize("fault", ["the answer is lost", "nobody gets in any more", "the host boots"])
def test_a_change_that_is_not_confirmed_undoes_itself(offices: Offices, fault: str) -> None:
    before = deployed_otherwise(offices)
    host = offices.host("uk-ts")
    if fault == "the host boots":
        host.faults.reboot(CHANGING, module="win_powershell")
    else:
        host.faults.drop(CHANGING, after=True, module="win_powershell")
    shuts_out = fault == "nobody gets in any more"
    host.on_change(lambda changed: setattr(changed.faults, "unreachable", shuts_out and "8080" in str(changed.rules())))
    ran = alone(offices)
    assert ran.returncode != 0
    until = time.monotonic() + SHORT + 10
    while offices.rules("uk-ts") != before or host.state.data["tasks"]:
        assert time.monotonic() < until, (offices.rules("uk-ts"), host.state.data["tasks"])
        time.sleep(0.2)
    shuts_out = False
    # The next run puts them in force, and leaves nothing else behind.
    assert changed(alone(offices))["uk-ts"] == 1
    assert offices.rules("uk-ts") != before
    assert host.state.data["tasks"] == {}


@LABS
def test_a_module_that_fails_leaves_the_old_rules_and_says_so(offices: Offices) -> None:
    before = deployed_otherwise(offices)
    offices.host("uk-ts").faults.fail("Access is denied.", CHANGING, module="win_powershell")
    ran = alone(offices)
    assert ran.returncode != 0
    assert "Access is denied.; the old rules are back" in " ".join(ran.stdout.split())
    assert offices.rules("uk-ts") == before
    assert offices.host("uk-ts").state.data["tasks"] == {}


@LABS
def test_the_network_keeps_its_old_rules_where_one_host_fails(offices: Offices) -> None:
    before = {name: offices.rules(name) for name in HOSTS}
    offices.host("uk-pc").faults.fail("Access is denied.", CHANGING, module="win_powershell")
    ran = offices.play("faxnet.deploy.deploy", "--tags", "rules")
    assert ran.returncode != 0
    said = " ".join(ran.stdout.split())
    assert "The network keeps its old rules: uk-pc: ansible.windows.win_powershell: Access is denied." in said
    assert "The old rules are back on fl-fax, uk-ts" in said
    assert {name: offices.rules(name) for name in HOSTS} == before
    assert all(offices.host(name).state.data["tasks"] == {} for name in HOSTS)


@LABS
def test_a_rule_that_somebody_changed_by_hand_is_mended_and_told(offices: Offices) -> None:
    changed(offices.play("faxnet.deploy.deploy", "--tags", "rules"))
    right = offices.rules("uk-ts")
    name, text = next((name, text) for name, text in right.items() if "LPort2_10=" in text)
    wider = re.sub(r"RA4=[^|]*[|]", "", text)
    assert wider != text
    offices.host("uk-ts").put_rule(name, wider)
    ran = alone(offices, "--diff")
    assert changed(ran)["uk-ts"] == 1
    assert name in ran.stdout + ran.stderr
    assert sorted(offices.rules("uk-ts").values()) == sorted(right.values())


@LABS
def test_a_block_of_somebody_else_that_beats_the_plan_ends_the_hosts_part(offices: Offices) -> None:
    plan = json.loads((offices.folder / ".faxnet" / "plan" / "plan.json").read_text(encoding="utf-8"))
    (ports,) = {flow["ports"] for flow in plan["flows"] if flow["callback"] and flow["destination"] == "uk-ts"}
    block = f"v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort={ports.partition('-')[2]}|Name=Nothing there|"
    offices.host("uk-ts").put_rule("{BLOCK}", block)
    ran, looked = alone(offices), alone(offices, "--check")
    assert ran.returncode != 0
    said = " ".join((ran.stdout + ran.stderr).split())
    assert "nothing was changed" in said
    assert "Nothing there" in said
    assert "Nothing there" in looked.stdout + looked.stderr
    assert looked.returncode == 0
    assert offices.rules("uk-ts") == {}
    assert changed(alone(offices, host_firewall_tolerate_drops=True))["uk-ts"] == 1
    assert offices.all_rules("uk-ts")["{BLOCK}"] == block


def test_without_the_collections_of_windows_modules_one_sentence_says_what_to_install(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = offices.folder / "bare" / "ansible_collections"
    bare.mkdir(parents=True)
    (bare / "faxnet").symlink_to(Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections" / "faxnet")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(bare.parent))
    ran = alone(offices)
    assert ran.returncode != 0
    said = " ".join(ran.stdout.split())
    assert "ansible-galaxy collection install ansible.windows" in said


@LABS
def test_a_group_policy_that_lets_no_local_rule_count_is_told_and_nothing_is_changed(offices: Offices) -> None:
    key = r"HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall\PrivateProfile"
    offices.host("uk-ts").change(lambda state: state.registry.write(key, "AllowLocalPolicyMerge", "REG_DWORD", 0))
    ran = alone(offices)
    assert ran.returncode != 0
    assert "AllowLocalPolicyMerge" in ran.stdout
    assert offices.rules("uk-ts") == {}


@LABS
def test_rules_of_others_that_open_more_are_told_together_accepted_or_switched_off_by_name(offices: Offices) -> None:
    host = offices.host("uk-ts")
    for number in range(3):
        text = f"v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=900{number}|Name=Program {number}|"
        host.put_rule(f"other-{number}", text)
    ran = alone(offices)
    assert changed(ran)["uk-ts"] == 1
    said = " ".join((ran.stdout + ran.stderr).split())
    assert "3 rules of others let in what the plan does not name: other-0, other-1, other-2" in said
    named = {"host_firewall_accepted_rules": ["other-0"], "host_firewall_disabled_rules": ["other-1", "other-2"]}
    ran = alone(offices, **named)
    assert changed(ran)["uk-ts"] == 1
    assert "rules of others" not in ran.stdout + ran.stderr
    active = {name: "Active=TRUE" in text for name, text in offices.all_rules("uk-ts").items() if "other" in name}
    assert active == {"other-0": True, "other-1": False, "other-2": False}
    assert changed(alone(offices, **named))["uk-ts"] == 0
