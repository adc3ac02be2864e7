# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments and instructions: what NetCFax's pages say about clients, read back from the clients' slices."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from tests.unit.networks import Network, two_offices

OLD_SINGLE = ("windows_98", "windows_me", "windows_2000_pro")


def client(system: str | None, environment: str, instances: int = 1, **callback: Any) -> Network:
    """Two offices with one client more, `pc`."""
    told: dict[str, Any] = {"environment": environment, "instances": instances}
    if system is not None:
        told["system"] = system
    if callback:
        told["callback"] = callback
    return two_offices().client("pc", "sheffield", "10.2.0.40", **told)


def instructions(net: Network, host: str = "pc") -> list[str]:
    (use,) = net.made().slices[host]["uses"]
    return list(use["instructions"])


@pytest.mark.acceptance("NP-08")
@pytest.mark.parametrize("system", OLD_SINGLE)
@pytest.mark.parametrize("callback", [{}, {"mode": "dynamic"}, {"mode": "fixed", "port": 7490}])
def test_single_user_systems_take_dynamic_and_fixed_ports(system: str, callback: dict[str, Any]) -> None:
    assert client(system, "single_user", **callback).findings() == ()


@pytest.mark.acceptance("NP-09")
@pytest.mark.parametrize("callback", [{}, {"mode": "fixed", "port": 7490}])
def test_xp_pro_without_switching_and_sessions_takes_both(callback: dict[str, Any]) -> None:
    assert client("windows_xp_pro", "single_user", **callback).findings() == ()


MANY = [
    pytest.param(system, environment, id=f"{system}, {environment}")
    for system, environment in (
        ("windows_xp_home", "fast_user_switching"),
        ("windows_xp_pro", "fast_user_switching"),
        ("windows_xp_pro", "remote_desktop"),
        ("windows_server_2000", "terminal_server"),
        ("windows_server_2003", "terminal_server"),
        ("windows_server_2003", "remote_desktop"),
        ("windows", "fast_user_switching"),
        ("windows", "terminal_server"),
    )
]


@pytest.mark.acceptance("NP-01", "NP-10", "NP-11")
@pytest.mark.parametrize(("system", "environment"), MANY)
@pytest.mark.parametrize("instances", [1, 2, 40, 400])
def test_where_several_sessions_share_an_address_dynamic_ports_take_any_number(
    system: str, environment: str, instances: int
) -> None:
    made = client(system, environment, instances).made()
    callback = made.slices["pc"]["uses"][0]["callback"]
    assert callback["high"] - callback["low"] + 1 >= instances


@pytest.mark.acceptance("NR-07", "NP-10", "NP-11")
@pytest.mark.parametrize(("system", "environment"), MANY)
@pytest.mark.parametrize("instances", [1, 2])
def test_where_several_sessions_share_an_address_a_fixed_port_is_refused(
    system: str, environment: str, instances: int
) -> None:
    (finding,) = client(system, environment, instances, mode="fixed").findings()
    assert (finding.code, finding.host, finding.value) == ("FXN304", "pc", "fixed")
    assert "a fixed port serves exactly one client" in finding.message
    assert "mode dynamic" in finding.cure


@pytest.mark.acceptance("NP-01")
@pytest.mark.parametrize(
    ("system", "environment"),
    [
        ("windows_98", "fast_user_switching"),
        ("windows_2000_pro", "remote_desktop"),
        ("windows_xp_home", "remote_desktop"),
        ("windows_xp_pro", "terminal_server"),
        ("windows_server_2003", "fast_user_switching"),
    ],
)
def test_an_environment_that_the_system_does_not_have_is_refused(system: str, environment: str) -> None:
    (finding,) = client(system, environment).findings()
    assert (finding.code, finding.host, finding.value) == ("FXN206", "pc", environment)


@pytest.mark.acceptance("NP-02")
@pytest.mark.parametrize(
    ("system", "ports"),
    [
        ("windows_98", "1024-5000"),
        ("windows_server_2003", "1024-5000"),
        ("windows", "49152-65535"),
        (None, "49152-65535"),
    ],
)
def test_unlimited_dynamic_ports_are_refused_with_the_ports_of_the_clients_system(
    system: str | None, ports: str
) -> None:
    (finding,) = client(system, "single_user", mode="unlimited").findings()
    assert finding.code == "FXN310"
    assert ports in finding.message


@pytest.mark.acceptance("NP-04")
def test_the_instructions_begin_with_before_you_log_in() -> None:
    first = instructions(client(None, "single_user"))[0]
    assert "BEFORE you log in" in first
    assert "administrator rights cannot change it afterwards" in first


@pytest.mark.acceptance("NP-05")
def test_a_dynamic_client_is_told_its_low_and_high_fields() -> None:
    net = client(None, "single_user", low=20000, high=20049)
    assert 'Select "Use dynamic port" and enter 20000 in the low field and 20049 in the high field.' in instructions(
        net
    )
    (use,) = net.made().slices["pc"]["uses"]
    assert use["callback"] == {"mode": "dynamic", "low": 20000, "high": 20049, "fixed": 20000}


@pytest.mark.acceptance("NP-05")
def test_a_fixed_client_is_told_its_low_field_only() -> None:
    net = client(None, "single_user", mode="fixed", port=7490)
    told = instructions(net)
    assert 'Select "Use specified port" and enter 7490 in the low field.' in told
    assert not any("high field" in line for line in told)
    (use,) = net.made().slices["pc"]["uses"]
    assert use["callback"] == {"mode": "fixed", "low": 7490, "high": 7490, "fixed": 7490}


@pytest.mark.acceptance("NP-05")
def test_every_client_gets_values_for_both_modes() -> None:
    made = two_offices().made()
    callbacks = {host: use["callback"] for host, part in made.slices.items() for use in part["uses"]}
    assert len(callbacks) > 1
    for host, callback in callbacks.items():
        assert callback["low"] <= callback["fixed"] <= callback["high"], host


@pytest.mark.acceptance("NP-07")
def test_the_instructions_say_what_to_restart_and_who_keeps_the_old_setting() -> None:
    told = " ".join(instructions(client(None, "terminal_server", 3)))
    assert "restart the NetCFax client program; Windows itself need not be restarted" in told
    assert (
        "already running in other sessions of this machine keep the old setting until each of them is restarted" in told
    )


@pytest.mark.acceptance("NP-12", "NP-13")
def test_all_sessions_of_a_machine_have_one_copy_one_address_and_one_set_of_ports() -> None:
    made = two_offices().made()
    assert (
        "All sessions of this machine run the one installed copy of the client and share its address and its ports."
        in (made.slices["uk-ts1"]["uses"][0]["instructions"])
    )
    flows = [flow for flow in made.document["flows"] if flow["callback"] and flow["destination"] == "uk-ts1"]
    assert [(flow["destination_address"], flow["ports"]) for flow in flows] == [
        ("10.2.0.10", made.plan.flows.callback_ranges[HostService("uk-ts1", "netcfax")].ports.text)
    ]


@pytest.mark.acceptance("NP-13")
def test_two_uses_of_one_installed_copy_cannot_have_two_settings() -> None:
    net = two_offices().server("fl-fax2", "florida", "10.1.0.11", primary_port=7489)
    uses = [
        {"service": "netcfax", "server": "fl-fax", "callback": {"mode": "fixed", "port": 7490}},
        {"service": "netcfax", "server": "fl-fax2"},
    ]
    (finding,) = net.host("pc", "sheffield", "10.2.0.40", uses=uses).findings()
    assert (finding.code, finding.host, finding.variable) == ("FXN101", "pc", "faxnet_uses[1].callback")
    assert "one installed copy has one setting" in finding.message
