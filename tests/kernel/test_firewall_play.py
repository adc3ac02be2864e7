# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action as a play sees it: what it refuses before a host is touched, and a worksheet that needs no host at all."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import RULES_FILE
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from tests.kernel import networks
from tests.unit.networks import Network, two_offices
from tests.unit.platforms.policies import permit, policy, router

PLAY = """\
- name: Try the action
  hosts: uk-router
  gather_facts: false
  tasks:
    - name: Call it
      faxnet.deploy.firewall: "{{ item }}"
      loop: "{{ options }}"
      register: outcome
      ignore_errors: true

    - name: Keep what came of it
      ansible.builtin.copy:
        content: "{{ outcome.results | to_json }}"
        dest: "{{ result }}"
        mode: "0600"
      delegate_to: localhost
      check_mode: false
      diff: false
"""


@dataclass(frozen=True)
class Play:
    """A play for one host: one that does not exist, or this machine."""

    directory: Path
    host: str = "uk-router ansible_host=none.invalid"
    wrapper: tuple[str, ...] = ()

    def run(self, options: list[dict[str, Any]], *arguments: str) -> list[dict[str, Any]]:
        """The action's results."""
        playbook, result = self.directory / "play.yml", self.directory / "result.json"
        playbook.write_text(PLAY.replace("uk-router", self.host.split()[0]), encoding="utf-8")
        values = {
            "options": options,
            "result": str(result),
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        inventory = self.directory / "hosts"
        hosts = f"{self.host}\nlocalhost ansible_connection=local\n"
        inventory.write_text(hosts, encoding="utf-8")
        ran = subprocess.run(
            [
                *self.wrapper,
                "ansible-playbook",
                "-i",
                str(inventory),
                "-e",
                json.dumps(values),
                *arguments,
                str(playbook),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        read: list[dict[str, Any]] = json.loads(result.read_text(encoding="utf-8"))
        return read


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A play for a host without an address: whoever connects to it fails."""
    return Play(tmp_path)


def test_what_is_rendered_is_compared_on_the_host_and_in_check_mode_nothing_more(tmp_path: Path) -> None:
    play = Play(tmp_path, "uk-router ansible_connection=local")
    with networks.namespace("host") as name, networks.inside(name):
        checked, absent = play.run([{"policy": policy()}, {"state": "absent", "policy": policy()}], "--check", "--diff")
        assert networks.run("nft", "list", "tables") == ""
    assert (checked["changed"], checked["differences"]) == (True, ["table inet faxnet", RULES_FILE]), checked
    assert "chain faxnet_input" in checked["diff"][0]["after"]
    assert "transaction" not in checked
    assert (absent["changed"], absent["differences"], absent["diff"]) == (False, [], []), absent


def test_a_rule_that_takes_the_plans_packets_is_told_in_check_mode_too(tmp_path: Path) -> None:
    offering = policy(input=[permit("192.0.2.1", "127.0.0.1", "8080")])
    play = Play(tmp_path, "uk-router ansible_connection=local")
    rules = "chain come {\ntype nat hook prerouting priority dstnat;\ntcp dport 8080 dnat to 127.0.0.2\n}"
    with networks.namespace("host") as name, networks.inside(name):
        networks.run("nft", "-f", "-", text=f"table ip theirs {{\n{rules}\n}}\n")
        refused, tolerated = play.run(
            [{"policy": offering}, {"policy": offering, "tolerate_translations": True}], "--check"
        )
    assert refused["failed"]
    assert "table ip theirs, chain come leads packets to tcp port 8080" in refused["msg"]
    assert tolerated["changed"]
    assert "tolerated because tolerate_translations is set" in str(tolerated)


def test_a_change_is_applied_and_confirmed_and_then_left_alone(tmp_path: Path) -> None:
    """On this machine, in a namespace, with an /etc and a /run that end with the play."""
    private = 'cp -a /etc "$0"/etc && mount --bind "$0"/etc /etc && mount -t tmpfs none /run && exec "$@"'
    here = ("unshare", "--mount", "sh", "-c", private, str(tmp_path))
    play = Play(tmp_path, "uk-router ansible_connection=local", here)
    with networks.namespace("host") as name, networks.inside(name):
        made, again, removed = play.run([{"policy": policy()}, {"policy": policy()}, {"state": "absent"}])
        assert networks.run("nft", "list", "tables") == ""
    assert (made["changed"], made["confirmed"], made["confirmed_over"]) == (True, True, "local"), made
    assert (again["changed"], again["differences"]) == (False, []), again
    assert "confirmed" not in again
    assert (removed["changed"], removed["confirmed"]) == (True, True), removed
    assert not (tmp_path / "etc/faxnet").exists()


def test_sessions_that_a_change_took_away_end_when_it_is_confirmed(tmp_path: Path) -> None:
    private = 'cp -a /etc "$0"/etc && mount --bind "$0"/etc /etc && mount -t tmpfs none /run && exec "$@"'
    here = ("unshare", "--mount", "sh", "-c", private, str(tmp_path))
    play = Play(tmp_path, "uk-router ansible_connection=local", here)
    opened = policy(openings=[{"name": "web", "transport": "tcp", "ports": "8000", "sources": ["10.1.0.2"]}])
    with networks.namespace("host") as name, networks.namespace("peer") as peer, ThreadPoolExecutor() as side:
        networks.link(name, ["10.1.0.1/24"], peer, ["10.1.0.2/24"])
        with networks.listen(name, "10.1.0.1", 8000):
            caller = side.submit(_session_when_open, name, peer)
            with networks.inside(name):
                _first, changed, again = play.run([{"policy": opened}, {"policy": policy()}, {"policy": policy()}])
            caller.result().close()
    assert (changed["confirmed"], changed["ended_sessions"]) == (True, 1), changed
    assert (again["changed"], again["ended_sessions"]) == (False, 0), again


def _session_when_open(host: str, peer: str) -> socket.socket:
    """A session from the peer, once the host's rules are there."""
    while "8000" not in networks.run("ip", "netns", "exec", host, "nft", "list", "ruleset"):
        time.sleep(0.05)
    with networks.inside(peer):
        return socket.create_connection(("10.1.0.1", 8000), timeout=2)


def test_what_would_stop_ends_the_hosts_part_until_it_is_named(tmp_path: Path) -> None:
    private = 'cp -a /etc "$0"/etc && mount --bind "$0"/etc /etc && mount -t tmpfs none /run && exec "$@"'
    here = ("unshare", "--mount", "sh", "-c", private, str(tmp_path))
    play = Play(tmp_path, "uk-router ansible_connection=local", here)
    web = {"name": "web", "transport": "tcp", "ports": "8000", "sources": ["0.0.0.0/0", "::/0"]}
    wanted = [{"policy": policy()}]
    accepting = ["-e", json.dumps({"faxnet_accepted_losses": [{"kind": "listener", "protocol": "tcp", "ports": 8000}]})]
    mistaken = ["-e", json.dumps({"faxnet_accepted_losses": [{"kind": "listner"}, {"kind": "bridge", "ports": 8000}]})]
    with networks.namespace("host") as name, networks.namespace("peer") as peer:
        networks.link(name, ["10.1.0.1/24"], peer, ["10.1.0.2/24"])
        with networks.inside(name), networks.listen(name, "10.1.0.1", 8000):
            (told,) = play.run(wanted, "--check")
            (mistake,) = play.run(wanted, *mistaken)
            permits = [{"policy": policy(openings=[web])}, {"state": "absent"}]
            refused, permitted, removed = play.run([*wanted, *permits])
            assert networks.run("nft", "list", "tables") == ""
            # Once it is refused, it is nothing that would stop.
            given_up, again = play.run([*wanted, {"policy": policy(openings=[{**web, "ports": "8001"}])}], *accepting)
    assert [item["ports"] for item in told["losses"]] == ["8000"]
    assert (told["changed"], told.get("failed", False)) == (True, False)
    assert told["losses_text"] == refused["msg"]
    assert refused["failed"]
    assert refused["losses"] == told["losses"]
    assert "faxnet_permits:\n  - {name: in-use-1, protocols: [tcp], ports: [8000]}\n" in refused["msg"]
    assert "faxnet_accepted_losses:\n  - {kind: listener, protocol: tcp, ports: [8000]}\n" in refused["msg"]
    for words in ("FXN101", "'listener' meant", "FXN140", "faxnet_accepted_losses[1].ports"):
        assert words in mistake["msg"]
    for done in (permitted, removed, given_up, again):
        assert (done["changed"], done["losses"]) == (True, []), done


def test_what_the_host_is_asked_is_for_the_action_alone(play: Play) -> None:
    (refused,) = play.run([{"policy": policy(), "phase": "confirm"}])
    assert "phase" in refused["msg"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"policy": policy(management=[])}, "uk-router: policy.management is empty"),
    ({"policy": policy(), "confirm_timeout": 2}, "confirm_timeout is 2; a new connection needs time"),
    ({"policy": policy(), "mark_bit": 32}, "mark_bit is 32; a packet's mark has the bits 0 to 31"),
    ({"policy": policy(), "forwarding": True}, "uk-router is no router in this plan; name it as a gateway"),
    ({"policy": router(), "forwarding": False}, "is a router in this plan; use the role faxnet.deploy.router"),
    ({}, "run the playbook faxnet.deploy.plan first"),
    ({"policy": policy(), "stat": "present"}, "stat"),
]


def test_a_mistake_is_refused_before_any_connection(play: Play) -> None:
    results = play.run([options for options, _message in REFUSED])
    assert len(results) == len(REFUSED) > 0
    for result, (_options, message) in zip(results, REFUSED, strict=True):
        assert result["failed"]
        assert message in result["msg"]
        assert "none.invalid" not in json.dumps(result)


@pytest.mark.acceptance("NR-17", "NR-20", "NR-21")
def test_a_worksheet_is_written_on_the_controller_and_left_alone_when_equal(play: Play) -> None:
    offices = two_offices()
    offices.hosts["uk-router"]["faxnet_platform"] = "worksheet"
    write_plan(PlanDocuments(offices.plan()), play.directory / "plan")
    here = {"directory": str(play.directory / "plan")}
    sheet = play.directory / "worksheets" / "uk-router.txt"

    (shown,) = play.run([here], "--check", "--diff")
    assert shown["changed"]
    assert "7485" in shown["diff"]["after"]
    assert not sheet.exists()
    first, again = play.run([here, here])
    assert (first["changed"], again["changed"]) == (True, False)
    text = sheet.read_text(encoding="utf-8")
    assert text.startswith("Router worksheet for uk-router\n")
    for client in clients_of(offices):
        assert re.search(rf"^ *yes +.*\ballow +198\.51\.100\.10 +{re.escape(client)}$", text, re.MULTILINE), text
    gone, still_gone = play.run([{**here, "state": "absent"}] * 2)
    assert (gone["changed"], still_gone["changed"]) == (True, False)
    assert not sheet.exists()


def test_a_device_that_has_left_the_plan_is_cleaned_in_the_way_of_the_platform_that_it_names(play: Play) -> None:
    offices = two_offices()
    write_plan(PlanDocuments(offices.plan()), play.directory / "plan")
    sheet = play.directory / "worksheets" / "left.txt"
    sheet.parent.mkdir()
    sheet.write_text("Router worksheet for left\n", encoding="utf-8")
    here = {"directory": str(play.directory / "plan"), "state": "absent"}
    left = replace(play, host="left ansible_host=none.invalid faxnet_platform=worksheet")
    (gone,) = left.run([here])
    assert (gone["changed"], sheet.exists()) == (True, False)


def test_nobodys_machine_is_left_alone_and_nothing_is_written_for_it(play: Play) -> None:
    offices = two_offices()
    offices.hosts["uk-router"]["faxnet_platform"] = "unmanaged"
    write_plan(PlanDocuments(offices.plan()), play.directory / "plan")
    here = {"directory": str(play.directory / "plan")}
    for result in play.run([here, {**here, "state": "absent"}]):
        assert (result["changed"], result["msg"]) == (False, "uk-router is unmanaged: nothing is put on it")
    assert not (play.directory / "worksheets").exists()


def clients_of(offices: Network) -> list[str]:
    """Addresses of the clients behind uk-router."""
    return [
        values["faxnet_address"]
        for values in offices.hosts.values()
        if values.get("faxnet_site") == "sheffield" and "faxnet_uses" in values
    ]
