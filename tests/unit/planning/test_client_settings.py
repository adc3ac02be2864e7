# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are a client's own, and pools of ports that hold another service's port."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from tests.unit.field_cases import field_case
from tests.unit.networks import Network

PROVIDER = "198.18.34.111"


def grave(net: Network, severity: str = "error") -> list[Finding]:
    """The findings of a severity."""
    return [item for item in net.findings() if item.severity == severity]


def use_of(net: Network, host: str) -> dict[str, Any]:
    """The one use of a host, to be changed."""
    use: dict[str, Any] = net.hosts[host]["faxnet_uses"][0]
    return use


@pytest.mark.acceptance("FC-06")
def test_each_device_behind_one_router_has_its_forward() -> None:
    net = field_case("two_devices_at_one_provider")
    made = net.made()
    forwards = {
        (item["source"], item["address"], item["ports"], item["target"])
        for item in made.slices["router"]["policy"]["destination_nat"]
    }
    assert forwards == {
        (PROVIDER, "203.0.113.5", "5090", "192.168.1.20"),
        (PROVIDER, "203.0.113.5", "5092-5093", "192.168.1.20"),
        (PROVIDER, "203.0.113.5", "5060", "192.168.1.30"),
        (PROVIDER, "203.0.113.5", "10000-10099", "192.168.1.30"),
    }
    for port, host in ((5090, "faxbox"), (5093, "faxbox"), (5060, "pbx"), (10099, "pbx")):
        assert made.trace(PROVIDER, "203.0.113.5", port, "udp").reached == host
        assert not made.trace("198.51.100.9", "203.0.113.5", port, "udp").passes


def test_a_devices_own_ports_stand_in_its_slice_and_sheet() -> None:
    made = field_case("two_devices_at_one_provider").made()
    told = {name: made.slices[name]["uses"][0]["settings"] for name in ("faxbox", "pbx")}
    assert (told["faxbox"]["client_sip_port"], told["faxbox"]["client_media"]) == (5090, "5092-5093")
    assert (told["pbx"]["client_sip_port"], told["pbx"]["client_media"]) == (5060, "10000-10099")


def test_two_devices_with_one_port_are_refused_with_the_key_that_cures_it() -> None:
    net = field_case("two_devices_at_one_provider")
    del use_of(net, "faxbox")["client_sip_port"]
    (found,) = grave(net)
    assert (found.code, found.value) == ("FXN404", "5060/udp")
    assert "(client_sip_port in its faxnet_uses)" in found.cure


def test_what_no_side_says_is_asked_for_at_the_device() -> None:
    net = field_case("two_devices_at_one_provider")
    del use_of(net, "pbx")["client_media"]
    (found,) = grave(net)
    assert (found.code, found.host, found.variable) == ("FXN103", "pbx", "faxnet_uses[0].client_media")
    use_of(net, "pbx")["exchanges"] = {"media_in": False}
    assert not grave(net)


def test_what_the_offer_says_is_for_devices_that_say_nothing() -> None:
    net = field_case("two_devices_at_one_provider")
    del use_of(net, "pbx")["client_media"]
    net.hosts["provider"]["faxnet_offers"][0]["client_media"] = "30000-30009"
    made = net.made()
    media = {flow["destination"]: flow["ports"] for flow in made.document["flows"] if flow["exchange"] == "media_in"}
    assert media == {"faxbox": "5092-5093", "pbx": "30000-30009"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("sip_port", 5070, "FXN102"),  # the provider's own
        ("client_sip_prt", 5070, "FXN102"),
        ("client_sip_port", 70000, "FXN204"),
        ("client_media", "5093-5092", "FXN204"),
    ],
)
def test_a_mistake_in_a_devices_setting_is_found_there(key: str, value: object, code: str) -> None:
    net = field_case("two_devices_at_one_provider")
    use_of(net, "faxbox")[key] = value
    assert [(item.code, item.variable) for item in grave(net)] == [(code, f"faxnet_uses[0].{key}")]


@pytest.mark.acceptance("FC-07")
def test_a_media_pool_over_another_services_port_is_a_warning_and_iaxmodems_are_instances() -> None:
    net = field_case("asterisk_and_iax2")
    made = net.made()
    (found,) = [item for item in grave(net, "warning") if item.code == "FXN218"]
    assert (found.host, found.variable, found.value) == ("pbx", "faxnet_offers[1]", "4569")
    flows = {(flow["source"], flow["ports"]) for flow in made.document["flows"] if flow["destination"] == "pbx"}
    assert flows == {("faxbox", "4569"), ("ata", "5060"), ("ata", "4000-4999"), ("ata", "10000-20000")}
    assert made.slices["faxbox"]["uses"][0]["instances"] == 8


def test_a_system_that_runs_no_iaxmodems_has_one_client() -> None:
    net = field_case("asterisk_and_iax2")
    net.hosts["faxbox"]["faxnet_system"] = "windows"
    assert [item.code for item in grave(net)] == ["FXN207"]
    use_of(net, "faxbox")["instances"] = 1
    assert not grave(net)


def test_two_services_that_choose_no_ports_still_clash() -> None:
    net = field_case("asterisk_and_iax2")
    net.hosts["pbx"]["faxnet_offers"] = [{"service": "freeswitch"}, {"service": "asterisk", "rtp": "20000-29999"}]
    net.hosts["faxbox"]["faxnet_uses"] = []
    codes = {(item.code, item.value) for item in net.findings() if item.code in ("FXN210", "FXN218")}
    assert codes == {("FXN210", "5060"), ("FXN218", "20000-29999")}


def test_a_pool_over_a_port_of_its_own_product_is_a_warning() -> None:
    net = field_case("asterisk_and_iax2")
    net.hosts["pbx"]["faxnet_offers"][0]["rtp"] = "5000-31000"
    found = [item for item in grave(net, "warning") if item.variable == "faxnet_offers[0].rtp"]
    assert [(item.code, item.value) for item in found] == [("FXN218", "5000-31000")]


@pytest.mark.acceptance("FC-17")
@pytest.mark.parametrize(
    ("passive", "codes"), [("4560-4564", []), ("4559-4564", ["FXN210"]), ("4550-4559", ["FXN210"])]
)
def test_passive_ports_lie_beside_the_control_port_and_not_over_it(passive: str, codes: list[str]) -> None:
    net = field_case("passive_range_beside_control")
    net.hosts["faxbox"]["faxnet_offers"][0]["passive_ports"] = passive
    assert [item.code for item in grave(net)] == codes
    if not codes:
        forwards = {item["ports"] for item in net.made().slices["router"]["policy"]["destination_nat"]}
        assert forwards == {"4559", "4560-4564"}
