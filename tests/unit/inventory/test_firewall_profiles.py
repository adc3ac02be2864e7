# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `faxnet_firewall_profiles` may say; and which hosts have the platform `windows` without saying so."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.hosts import default_platform
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.logins import UNKNOWN
from tests.unit.networks import Network


def network(wish: Any) -> Network:
    """A server with Windows that says so."""
    net = Network().site("office", "10.1.0.0/24").server("fax", "office", "10.1.0.10")
    net.hosts["fax"] |= {"ansible_connection": "psrp", "faxnet_firewall_profiles": wish}
    return net


@pytest.mark.parametrize(
    ("wish", "held"),
    [
        (None, None),
        (["private", "domain"], None),
        (["public"], ["public"]),
        (["public", "domain", "public"], ["domain", "public"]),
        (["public", "private", "domain"], ["domain", "private", "public"]),
    ],
)
def test_a_host_holds_the_kinds_of_networks_that_it_names_in_one_order(wish: Any, held: Any) -> None:
    made = network(wish).made()
    assert made.policy("fax").get("profiles") == held
    assert made.slices["fax"]["platform"] == "windows"


@pytest.mark.parametrize(
    ("wish", "code", "variable", "message"),
    [
        ([], "FXN103", "faxnet_firewall_profiles", "no rule would ever be in force"),
        ("public", "FXN101", "faxnet_firewall_profiles", "is not a list"),
        ({"public": True}, "FXN101", "faxnet_firewall_profiles", "is not a list"),
        (["domain", "privat"], "FXN101", "faxnet_firewall_profiles[1]", "is 'private' meant?"),
        ([["public"]], "FXN101", "faxnet_firewall_profiles[0]", "is not known"),
    ],
)
def test_a_mistake_is_one_finding_that_names_itself_and_a_cure(
    wish: Any, code: str, variable: str, message: str
) -> None:
    (finding,) = network(wish).findings()
    assert (finding.code, finding.hosts, finding.variable) == (code, ("fax",), variable)
    assert message in finding.message
    assert finding.cure


@pytest.mark.parametrize(
    ("own", "platform"),
    [
        ({}, "nftables"),
        ({"ansible_connection": "ssh"}, "nftables"),
        ({"ansible_connection": "local"}, "nftables"),
        ({"ansible_connection": UNKNOWN, "ansible_shell_type": UNKNOWN}, "nftables"),
        ({"ansible_shell_type": "sh"}, "nftables"),
        ({"ansible_connection": "winrm"}, "windows"),
        ({"ansible_connection": "ansible.builtin.psrp"}, "windows"),
        ({"ansible_connection": "ssh", "ansible_shell_type": "powershell"}, "windows"),
        ({"ansible_shell_type": "ansible.builtin.cmd"}, "windows"),
    ],
)
def test_a_host_that_names_no_platform_has_the_one_that_its_connection_tells(own: Any, platform: str) -> None:
    assert default_platform(own) == platform


def test_what_a_host_says_of_its_platform_goes_before_its_connection() -> None:
    net = network(None)
    net.client("pc", "office", "10.1.0.21", server="fax")
    net.hosts["fax"]["faxnet_platform"] = "worksheet"
    net.hosts["pc"]["ansible_connection"] = "winrm"
    made = net.made()
    assert {name: part["platform"] for name, part in made.slices.items()} == {"fax": "worksheet", "pc": "windows"}
    (opening,) = made.policy("pc")["management"]
    assert opening["ports"] == "5986"


def test_a_gateway_with_windows_is_refused_with_that_reason_alone() -> None:
    net = network(None).site("home", "10.2.0.0/24", gateway="box", public="203.0.113.20")
    net.hosts["box"]["ansible_connection"] = "winrm"
    net.hosts["box"]["faxnet_forward_permits"] = [{"name": "vpn", "from": "10.9.0.0/24"}]
    net.client("pc", "home", "10.2.0.21", server="fax")
    (finding,) = [item for item in net.findings() if item.hosts == ("box",)]
    assert (finding.code, finding.value) == ("FXN502", "windows")
    assert "platform windows cannot hold a router's part" in finding.message
