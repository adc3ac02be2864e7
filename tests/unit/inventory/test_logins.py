# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port that Ansible logs in to: every way to state it, in the order of ansible-core's connection plugins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import VaultedText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.login_defaults import login_defaults
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.logins import login_port, plugin_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, make_plan
from tests.unit.networks import Network

USUAL = {"ansible_ssh_args": "-C -o ControlMaster=auto -o ControlPersist=60s"}


@pytest.mark.parametrize(
    ("own", "defaults", "port"),
    [
        ({}, {}, 22),
        ({}, USUAL, 22),
        ({"ansible_port": 2222}, USUAL, 2222),
        ({"ansible_ssh_port": 2223}, {}, 2223),
        ({"ansible_port": 2222, "ansible_ssh_port": 2223}, {}, 2223),
        ({}, {"remote_port": 2224}, 2224),
        ({"ansible_port": 2222}, {"remote_port": 2224}, 2222),
        ({"ansible_ssh_common_args": "-o Port=2225"}, {}, "2225"),
        ({"ansible_ssh_extra_args": "-oPort=2226 -v"}, {}, "2226"),
        ({"ansible_ssh_common_args": "-J jump -p 2227", "ansible_ssh_extra_args": "-p 1"}, {}, "2227"),
        ({"ansible_ssh_common_args": "-o 'Port 2228'"}, {}, "2228"),
        ({"ansible_ssh_common_args": '-o "port = 2228"'}, {}, "2228"),
        ({}, {"ansible_ssh_common_args": "-o Port=2229"}, "2229"),
        ({"ansible_ssh_common_args": "-v"}, {"ansible_ssh_common_args": "-o Port=2229"}, 22),
        ({"ansible_ssh_common_args": "-o Port=2225"}, {"remote_port": 2224}, 2224),
        ({"ansible_ssh_args": "-o Port=2230", "ansible_port": 2222}, {}, "2230"),
        ({"ansible_ssh_common_args": "-o GatewayPorts=no -o ProxyPort=1"}, {}, 22),
        ({"ansible_connection": "winrm"}, {"remote_port": 2224, "ansible_ssh_args": "-p 1"}, 5986),
        ({"ansible_connection": "winrm", "ansible_port": 5985}, {}, 5985),
        ({"ansible_connection": "ansible.builtin.psrp", "ansible_psrp_port": 5987}, {}, 5987),
        ({"ansible_connection": "winrm", "ansible_winrm_scheme": "http"}, {}, 5986),
        ({"ansible_connection": "psrp"}, {"remote_port": 2224}, 5986),
        ({"ansible_connection": "psrp", "ansible_psrp_protocol": "http"}, {}, 5985),
        ({"ansible_connection": "psrp", "ansible_psrp_protocol": "https"}, {}, 5986),
        ({"ansible_connection": "psrp", "ansible_psrp_protocol": "http", "ansible_port": 5987}, {}, 5987),
        ({"ansible_connection": "winrm", "ansible_psrp_protocol": "http"}, {}, 5986),
        ({"ansible_shell_type": "powershell"}, {}, 22),
        ({"ansible_connection": "paramiko", "ansible_paramiko_port": 2231, "ansible_ssh_port": 1}, {}, 2231),
        ({"ansible_connection": "paramiko", "ansible_ssh_common_args": "-p 1"}, {}, 22),
    ],
)
def test_the_port_is_the_one_that_ansible_uses(own: dict[str, Any], defaults: dict[str, Any], port: object) -> None:
    assert login_port(own, defaults).value == port


def test_containers_and_the_controller_itself_are_no_logins() -> None:
    connections = ("ssh", "ansible.builtin.ssh", "local", "containers.podman.podman", 5)
    assert [plugin_of({"ansible_connection": item}) for item in connections] == ["ssh", "ssh", "", "", ""]
    assert plugin_of({}) == "ssh"


def test_the_plan_manages_that_port_and_names_the_variable_where_it_is_left_out() -> None:
    net = Network().site("florida", "10.1.0.0/24").server("fax", "florida", "10.1.0.10")
    net.client("pc", "florida", "10.1.0.11", "fax")
    net.hosts["fax"]["ansible_ssh_common_args"] = "-v -o Port=2222"
    net.hosts["pc"]["faxnet_management"] = [{"ports": 22}]
    planned = make_plan(Inputs(net.sites, net.hosts, logins={"remote_port": 2200}))
    (finding,) = planned.findings
    assert (finding.code, finding.hosts) == ("FXN116", ("pc",))
    assert "2200/tcp" in finding.message
    assert "remote_port of ansible.cfg" in finding.cure
    del net.hosts["pc"]
    (opening,) = net.plan().intent.hosts["fax"].management
    assert [ports.text for ports in opening.ports] == ["2222"]


def test_a_port_that_is_none_is_told_with_its_variable() -> None:
    net = Network().site("florida", "10.1.0.0/24").server("fax", "florida", "10.1.0.10")
    net.hosts["fax"]["ansible_ssh_extra_args"] = "-o Port=ssh"
    (finding,) = [item for item in net.findings() if item.code == "FXN204"]
    assert finding.variable == "ansible_ssh_extra_args"


def test_a_part_of_a_value_from_a_vault_is_not_shown() -> None:
    net = Network().site("florida", "10.1.0.0/24").server("fax", "florida", "10.1.0.10")
    net.hosts["fax"]["ansible_ssh_common_args"] = VaultedText("-v -o Port=hunter2")
    (finding,) = [item for item in net.findings() if item.code == "FXN204"]
    assert "hunter2" not in finding.text()


def test_what_ansible_is_told_for_all_hosts_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_REMOTE_PORT", "2244")
    monkeypatch.setenv("ANSIBLE_SSH_COMMON_ARGS", "-J jump")
    found = login_defaults()
    assert (found["remote_port"], found["ansible_ssh_common_args"]) == (2244, "-J jump")
    assert "ansible_ssh_extra_args" not in found
