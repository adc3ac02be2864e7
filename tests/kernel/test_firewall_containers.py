# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's and Podman's rules stay as they are and work on; what they publish is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import containers, ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import obstacles
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import look
from tests.kernel import networks, rule_sets
from tests.unit.platforms.policies import nft_rules, policy, stateless_rules


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A host in a namespace of its own; this process stands in it."""
    with networks.namespace("host") as name, networks.inside(name):
        yield networks.machine(tmp_path)


@pytest.mark.parametrize("name", rule_sets.NAMES)
def test_their_own_rules_are_no_obstacle_on_a_host_or_a_router(machine: Machine, name: str) -> None:
    rule_sets.load(name)
    assert obstacles(machine, forwarding=False) == []
    found = obstacles(machine, forwarding=True)
    assert [(item.who, item.certain) for item in found] == (
        [("table ip filter, chain FORWARD", True)] if name == "docker-20.iptables" else []
    )


def test_the_cure_for_dockers_policy_leaves_docker_alone(machine: Machine) -> None:
    rule_sets.load("docker-20.iptables")
    (found,) = obstacles(machine, forwarding=True)
    assert "leave the table to Docker" in found.cure
    assert "ip-forward-no-drop" in found.cure
    command = re.search(r"iptables -P FORWARD ACCEPT", found.cure)
    assert command
    networks.run(*command[0].replace("iptables", "iptables-nft").split())
    assert obstacles(machine, forwarding=True) == []


@pytest.mark.parametrize("rule", ["-i eth0 -j DROP", "-s 198.51.100.0/24 -j DROP", "-j DROP"])
def test_what_the_owner_lets_docker_drop_is_an_obstacle_to_a_router(machine: Machine, rule: str) -> None:
    rule_sets.load("docker-28.iptables")
    networks.run("iptables-nft", "-I", "DOCKER-USER", *rule.split())
    assert len(obstacles(machine, forwarding=True)) == 1
    assert obstacles(machine, forwarding=False) == []


@pytest.mark.parametrize("name", rule_sets.NAMES)
def test_what_containers_publish_is_told(machine: Machine, name: str) -> None:
    rule_sets.load(name)
    (found,) = containers.published(look(machine).ruleset)
    assert (found.program, found.transport, found.ports, found.address) == (rule_sets.engine(name), "tcp", "8080", "")


@pytest.mark.parametrize("name", rule_sets.NAMES)
def test_their_bridges_are_known(machine: Machine, name: str) -> None:
    rule_sets.load(name)
    found = look(machine).bridges
    assert {bridge.name: bridge.engine for bridge in found} == dict.fromkeys(
        rule_sets.BRIDGES[name], rule_sets.engine(name)
    )


def test_a_bridge_with_a_network_card_is_no_containers_alone(machine: Machine) -> None:
    rule_sets.load("docker-28.iptables")
    networks.run("ip", "link", "add", "card", "type", "ifb")
    networks.run("ip", "link", "set", "card", "master", "shop0")
    assert [bridge.name for bridge in look(machine).bridges] == ["docker0"]


@pytest.mark.parametrize("rules", [nft_rules, stateless_rules])
def test_containers_reach_their_hosts_services_and_no_others_do(
    tmp_path: Path, rules: Callable[[dict[str, Any]], str]
) -> None:
    with networks.namespace("host") as host, networks.namespace("box") as box, networks.namespace("out") as out:
        with networks.inside(host):
            rule_sets.load("podman-netavark.nft")
            machine = networks.machine(tmp_path)
        networks.link(host, ["192.0.2.1/24"], out, ["192.0.2.9/24"])
        networks.link(host, [], box, ["10.88.0.2/16"])
        with networks.inside(host):
            (cable,) = [item.name for item in look(machine).interfaces if item.kind == "veth" and not item.networks]
            networks.run("ip", "link", "set", cable, "master", "podman0")
        networks.route(box, "10.88.0.1")
        networks.run("ip", "-n", out, "route", "add", "10.88.0.0/16", "via", "192.0.2.1")
        with networks.listen(host, "", 5432):
            assert networks.connects(box, "10.88.0.1", 5432, patience=3)
            text = rules(policy())
            networks.load(host, text)
            assert not networks.connects(box, "10.88.0.1", 5432)
            with networks.inside(host):
                around = look(machine)
                admitted = containers.admitting(machine, text, None, around.bridges, around.interfaces)
            networks.load(host, admitted)
            assert networks.connects(box, "10.88.0.1", 5432, patience=3)
            assert networks.connects(box, "192.0.2.1", 5432, patience=3)
            assert not networks.connects(out, "192.0.2.1", 5432)
            networks.run("ip", "-n", out, "address", "add", "10.88.0.7/16", "dev", "lo")
            assert not networks.connects(out, "192.0.2.1", 5432, source="10.88.0.7")


def test_a_bridge_that_is_away_keeps_its_place_until_its_program_is_gone_or_its_name_is_anothers(
    machine: Machine,
) -> None:
    podman = replace(machine, find=lambda name: name)
    nobody = replace(machine, find=lambda name: None if name in ("dockerd", "docker", "podman") else name)
    wanted = ensure.Wanted(nft_rules(policy()), (), (), tolerate_drops=False)
    rule_sets.load("podman-netavark.nft")
    found = ensure.compare(nobody, wanted)
    assert 'iifname "podman0" ip saddr 10.88.0.0/16' in str(found.after)
    networks.run("nft", "-f", "-", text=str(found.wanted.text))
    assert "table inet faxnet" not in ensure.compare(nobody, wanted).differences
    networks.run("ip", "link", "del", "podman0")
    assert "table inet faxnet" not in ensure.compare(podman, wanted).differences
    assert "table inet faxnet" in ensure.compare(nobody, wanted).differences
    networks.run("ip", "link", "add", "podman0", "type", "ifb")
    assert "table inet faxnet" in ensure.compare(podman, wanted).differences


def test_ports_are_told_as_open_where_the_host_is_no_router(machine: Machine) -> None:
    rule_sets.load("docker-28.iptables")
    wanted = ensure.Wanted(nft_rules(policy()), (), (), tolerate_drops=False)
    assert [item.ports for item in ensure.compare(machine, wanted).published] == ["8080"]
    assert ensure.compare(machine, replace(wanted, settings=("net.ipv4.ip_forward",))).published == ()
