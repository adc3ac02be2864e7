# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CommuniGate Pro server has to be told, computed from plans that the engine made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.faxnet.deploy.plugins.filter.communigate_settings import FilterModule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.communigate.network_list import contains
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.communigate.settings import (
    Wishes,
    communigate_settings,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.filter_input import InputError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from tests.unit.networks import Network

MEDIA = {"media_udp": "60000-60099", "media_tcp": "61000-61099"}
computed: Any = FilterModule().filters()["communigate_settings"]


def seed(**offer: Any) -> Network:
    """The guide's own example: a server whose NAT relays 77.77.77.77 to it; and clients behind a remote NAT."""
    return (
        Network()
        .site("office", "10.0.1.0/24", gateway="office-router", public="77.77.77.77")
        .site("branch", "10.0.8.0/24", gateway="branch-router", public="203.0.113.80")
        .site("elsewhere", "192.0.2.0/24")
        .host("cgate", "office", "10.0.1.12", offers=[{"service": "communigate", "public": True, **MEDIA, **offer}])
        .host("lan-phone", "office", "10.0.1.21", uses=[{"service": "communigate", "server": "cgate"}])
        .host("branch-phone", "branch", "10.0.8.21", uses=[{"service": "communigate", "server": "cgate"}])
    )


def of(network: Network, **wishes: Any) -> dict[str, Any]:
    """The settings of the host cgate."""
    return communigate_settings(network.made().document, "cgate", Wishes(**wishes))


@pytest.mark.acceptance("CG-09")
def test_the_wan_address_is_the_one_that_the_nat_relays_to_the_server() -> None:
    settings = of(seed())
    assert settings["wan_address"] == "77.77.77.77"
    assert settings["wan_addresses"] == {"4": "77.77.77.77", "6": None}


def chain(**offer: Any) -> Network:
    """Two routers in a chain before the server, each with a NAT of its own."""
    network = seed(**offer)
    network.sites["office"] = {
        "networks": ["10.0.1.0/24"],
        "gateways": [
            {"host": "office-router", "public_address": "172.16.0.2"},
            {"host": "outer-router", "public_address": "77.77.77.77"},
        ],
    }
    return network.host("outer-router", "office", ["172.16.0.1"], uses=[{"service": "communigate", "server": "cgate"}])


@pytest.mark.parametrize("public", [True, False])
def test_behind_two_nats_the_wan_address_is_the_outermost(public: bool) -> None:
    document = chain(public=public).made().document
    dialled = {flow["dial"] for flow in document["flows"] if flow["destination"] == "cgate"}
    assert dialled == {"10.0.1.12", "172.16.0.2", "77.77.77.77"}
    assert communigate_settings(document, "cgate")["wan_address"] == "77.77.77.77"


def test_switched_off_flows_relay_nothing() -> None:
    network = seed(public=False)
    for phone in ("branch-phone", "lan-phone"):
        network.hosts[phone]["faxnet_uses"][0]["enabled"] = False
    assert of(network)["wan_address"] is None


@pytest.mark.acceptance("CG-04")
def test_the_server_meets_its_lan_by_its_own_address() -> None:
    assert of(seed())["server_lan_address"] == "10.0.1.12"


@pytest.mark.acceptance("CG-01")
@pytest.mark.acceptance("CG-03")
def test_lan_addresses_are_what_the_server_meets_untranslated_and_the_internet_does_not() -> None:
    network = (
        seed()
        .site("warehouse", "10.0.2.0/24", gateway="warehouse-router", realm="firm")
        .site("vpn", "10.0.5.0/24", gateway="vpn-router", realm="firm")
    )
    network.sites["office"]["realm"] = "firm"
    settings = of(network)
    assert settings["lan_ips"] == [
        "10.0.1.0-10.0.1.255 ; site office",
        "10.0.5.0-10.0.5.255 ; site vpn",
        "10.0.2.0-10.0.2.255 ; site warehouse",
    ]
    for address, inside in {"10.0.1.21": True, "10.0.2.1": True, "10.0.8.21": False, "192.0.2.90": False}.items():
        assert contains(settings["lan_ips"], address) is inside


@pytest.mark.acceptance("CG-02")
def test_the_lan_may_relay_only_when_that_is_asked_for() -> None:
    assert of(seed())["client_ips"] == []
    assert of(seed(), clients_relay=True)["client_ips"] == ["10.0.1.0-10.0.1.255 ; site office"]


@pytest.mark.acceptance("CG-05")
def test_nated_addresses_are_the_networks_of_remote_nat_sites_that_use_the_server() -> None:
    use = {"service": "communigate", "server": "cgate"}
    network = (
        seed()
        .site("home", "192.168.7.0/24", "192.168.9.0/24", gateway="home-router", public="203.0.113.9")
        .site("other", "192.168.3.0/24", gateway="other-router", public="203.0.113.3")
        .site("quiet", "192.168.4.0/24", gateway="quiet-router", public="203.0.113.4")
        .host("home-phone", "home", "192.168.7.2", uses=[use])
        .host("other-phone", "other", "192.168.3.2")
        .host("quiet-phone", "quiet", "192.168.4.2", uses=[{**use, "enabled": False}])
        .host("public-phone", "elsewhere", "192.0.2.90", uses=[use])
    )
    assert of(network)["nated_ips"] == [
        "10.0.8.0-10.0.8.255 ; site branch",
        "192.168.7.0-192.168.7.255 ; site home",
        "192.168.9.0-192.168.9.255 ; site home",
    ]


def called_by_anybody(**offer: Any) -> Network:
    """A server that anybody may call, and of whose clients none is named."""
    return (
        Network()
        .site("office", "10.0.1.0/24", gateway="office-router", public="77.77.77.77")
        .host("cgate", "office", "10.0.1.12", offers=[{"service": "communigate", "public": True, **MEDIA, **offer}])
    )


@pytest.mark.acceptance("CG-05")
def test_where_anybody_may_call_the_private_networks_are_offered_as_nated() -> None:
    assert of(called_by_anybody())["nated_ips"] == []
    (warning,) = of(called_by_anybody())["warnings"]
    assert warning.startswith("cgate: anybody on the Internet may call (public: true), and no client behind a NAT")
    assert "communigate_nated: private" in warning
    listed = of(called_by_anybody(), nated="private")
    assert listed["nated_ips"] == [
        "10.0.0.0-10.255.255.255 ; private network (RFC 1918)",
        "172.16.0.0-172.31.255.255 ; private network (RFC 1918)",
        "192.168.0.0-192.168.255.255 ; private network (RFC 1918)",
    ]
    assert listed["warnings"] == []
    assert of(called_by_anybody(public=False))["warnings"] == []
    assert of(called_by_anybody(exchanges=["smtp"]))["warnings"] == [], "mail needs no NATed addresses"


@pytest.mark.acceptance("CG-05", "CG-06")
def test_a_client_that_comes_from_an_address_in_another_sites_nated_network_is_told() -> None:
    network = seed().site("depot", "203.0.113.0/24", gateway="depot-router", public="198.51.100.3")
    network.host("depot-phone", "depot", "203.0.113.21", uses=[{"service": "communigate", "server": "cgate"}])
    (warning,) = of(network)["warnings"]
    assert warning.startswith("the clients of branch come from 203.0.113.80, which lies in 203.0.113.0/24 of the NATed")
    assert "give branch a public_address that no network behind a NAT has" in warning


def test_a_server_on_the_internet_has_no_lan_and_no_nat_before_it() -> None:
    network = (
        Network()
        .site("hosted", "192.0.2.0/24")
        .site("branch", "10.0.8.0/24", gateway="branch-router", public="203.0.113.80")
        .host("cgate", "hosted", "192.0.2.12", offers=[{"service": "communigate", "public": True, **MEDIA}])
        .host("phone", "branch", "10.0.8.21", uses=[{"service": "communigate", "server": "cgate"}])
    )
    settings = of(network)
    assert (settings["lan_ips"], settings["server_lan_address"], settings["wan_address"]) == ([], None, None)
    assert settings["nated_ips"] == ["10.0.8.0-10.0.8.255 ; site branch"]


def test_private_networks_without_any_nat_are_lan() -> None:
    network = (
        Network()
        .site("office", "10.0.1.0/24", "192.0.2.0/24")
        .site("next", "172.16.0.0/16")
        .host("cgate", "office", "10.0.1.12", offers=[{"service": "communigate", **MEDIA}])
    )
    settings = of(network)
    assert settings["lan_ips"] == ["172.16.0.0-172.16.255.255 ; site next", "10.0.1.0-10.0.1.255 ; site office"]
    assert settings["server_lan_address"] == "10.0.1.12"


def test_both_ip_versions_are_seen_for_themselves() -> None:
    network = (
        Network()
        .site("office", "10.0.1.0/24", "fd00:1::/64", "2001:db8:1::/64", gateway="office-router", public="77.77.77.77")
        .site("branch", "10.0.8.0/24", "2001:db8:8::/64", gateway="branch-router", public="203.0.113.80")
        .host(
            "cgate",
            "office",
            ["10.0.1.12", "2001:db8:1::12"],
            offers=[{"service": "communigate", "public": True, **MEDIA}],
        )
        .host("phone", "branch", ["10.0.8.21", "2001:db8:8::21"], uses=[{"service": "communigate", "server": "cgate"}])
    )
    settings = of(network, grammar="5.2")
    assert settings["lan_ips"] == ["10.0.1.0/24 ; site office", "fd00:1::/64 ; site office"]
    assert settings["nated_ips"] == ["10.0.8.0/24 ; site branch"]
    assert settings["wan_addresses"] == {"4": "77.77.77.77", "6": None}
    assert of(network)["lan_ips"][1] == "fd00:1::-fd00:1::ffff:ffff:ffff:ffff ; site office"


def test_a_nat_of_ipv6_is_seen_too() -> None:
    network = (
        Network()
        .site("office", "fd00:1::/64", gateway="office-router", public="2001:db8::77")
        .site("branch", "fd00:8::/64", gateway="branch-router", public="2001:db8::80")
        .host("cgate", "office", "fd00:1::12", offers=[{"service": "communigate", "public": True, **MEDIA}])
        .host("phone", "branch", "fd00:8::21", uses=[{"service": "communigate", "server": "cgate"}])
    )
    settings = of(network, grammar="5.2")
    assert settings["lan_ips"] == ["fd00:1::/64 ; site office"]
    assert settings["nated_ips"] == ["fd00:8::/64 ; site branch"]
    assert settings["server_lan_address"] == "fd00:1::12"
    assert (settings["wan_address"], settings["wan_addresses"]) == ("2001:db8::77", {"4": None, "6": "2001:db8::77"})


@pytest.mark.acceptance("CG-11")
def test_passive_ftp_uses_the_media_tcp_ports() -> None:
    settings = of(seed())
    assert (settings["media_udp"], settings["media_tcp"]) == ("60000-60099", "61000-61099")
    assert settings["ftp_passive"] == "61000-61099"
    assert of(seed(exchanges=["smtp", "sip_udp", "media_udp", "media_tcp"]))["ftp_passive"] is None


def test_the_dns_servers_are_those_of_the_offer() -> None:
    assert of(seed())["dns_servers"] == []
    assert of(seed(dns_servers=["192.0.2.53", "192.0.2.54"]))["dns_servers"] == ["192.0.2.53", "192.0.2.54"]


@pytest.mark.acceptance("CG-24")
def test_debug_addresses_are_lines_of_a_list_like_the_others() -> None:
    assert of(seed())["debug_ips"] == []
    wanted = ["192.0.2.90 ; the phone that fails", "10.0.1.0/24", "!10.0.1.9"]
    assert of(seed(), debug_ips=wanted, grammar="6.4")["debug_ips"] == wanted
    assert of(seed(), debug_ips=wanted[:2])["debug_ips"] == [wanted[0], "10.0.1.0-10.0.1.255"]


def test_debug_addresses_that_cannot_be_read_are_named() -> None:
    with pytest.raises(InputError, match=r'the debug addresses cannot be read: line 2: "10\.0\.0\.9-10\.0\.0\.1" runs'):
        of(seed(), debug_ips=["10.0.0.1", "10.0.0.9-10.0.0.1"])


def test_a_remote_network_with_addresses_of_the_lan_is_a_warning() -> None:
    network = (
        seed()
        .site("twin", "10.0.1.0/25", gateway="twin-router", public="203.0.113.81")
        .host("twin-phone", "twin", "10.0.1.30", uses=[{"service": "communigate", "server": "cgate"}])
    )
    (warning,) = of(network)["warnings"]
    assert "10.0.1.0/25 behind the NAT of twin has addresses of the LAN 10.0.1.0/24 of office" in warning


def system(name: str, *addresses: str) -> Network:
    network = (
        Network()
        .site("office", "10.0.1.0/24", "fd00:1::/64", gateway="office-router", public="77.77.77.77")
        .host("cgate", "office", list(addresses), offers=[{"service": "communigate", **MEDIA}], system=name)
    )
    network.hosts["office-router"]["faxnet_address"] = ["10.0.1.1", "fd00:1::1"]
    return network


BOTH = ("10.0.1.12", "fd00:1::12")


@pytest.mark.acceptance("CG-20")
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("freebsd", "FreeBSD leaves IPv4-mapped addresses off"),
        ("netbsd", "NetBSD leaves IPv4-mapped addresses off"),
        ("openbsd", "OpenBSD has no IPv4-mapped addresses"),
    ],
)
def test_a_system_whose_ipv6_sockets_do_not_meet_ipv4_is_warned_of_once_and_in_the_same_words(
    name: str, word: str
) -> None:
    (finding,) = [item for item in system(name, *BOTH).findings() if item.code == "FXN216"]
    assert finding.message.startswith(word)
    assert of(system(name, *BOTH))["warnings"] == []
    # Of a start option the plan knows nothing.
    assert of(system(name, BOTH[0]), ipv6="on")["warnings"] == [f"cgate: {finding.message}; {finding.cure}"]


@pytest.mark.acceptance("CG-19")
@pytest.mark.acceptance("CG-21")
@pytest.mark.parametrize(
    ("addresses", "ipv6", "warned"),
    [
        # On where a local IPv6 address exists, unless the start option says otherwise.
        (BOTH[1:], "auto", True),
        (BOTH[:1], "auto", False),
        (BOTH[1:], "off", False),
        (BOTH[:1], "on", True),
    ],
)
def test_the_warning_is_about_the_sockets_that_the_server_will_have(
    addresses: tuple[str, ...], ipv6: str, warned: bool
) -> None:
    assert bool(of(system("freebsd", *addresses), ipv6=ipv6)["warnings"]) is warned


@pytest.mark.parametrize("name", ["linux", "windows"])
def test_other_systems_need_no_warning(name: str) -> None:
    assert of(system(name, *BOTH))["warnings"] == []


def test_who_offers_nothing_has_no_settings() -> None:
    with pytest.raises(InputError, match=r"'lan-phone' offers no communigate in this plan \(its servers: cgate\);"):
        communigate_settings(seed().made().document, "lan-phone")


@pytest.mark.parametrize("host", [None, ["cgate"], 5])
def test_a_host_is_named_by_a_text(host: object) -> None:
    with pytest.raises(InputError, match="offers no communigate in this plan"):
        communigate_settings(seed().made().document, host)


@pytest.mark.parametrize("plan", [None, [], {}, {"format": 1}, "plan", {"services": 5, "sites": []}])
def test_what_is_no_plan_is_refused(plan: object) -> None:
    with pytest.raises(InputError, match=r"is not a plan; pass a plan's folder, or the content of its file plan\.json"):
        communigate_settings(plan, "cgate")


def test_wishes_that_nobody_can_grant_are_refused() -> None:
    with pytest.raises(InputError, match=r"'5\.3' is no grammar of address lists; use one of: 5\.0, 5\.1, 5\.2"):
        of(seed(), grammar="5.3")
    with pytest.raises(InputError, match="'yes' is no mode of IPv6; use one of: auto, on, off"):
        of(seed(), ipv6="yes")


def test_the_filter_reads_a_plan_directory(tmp_path: Path) -> None:
    network = seed()
    write_plan(PlanDocuments(network.plan()), tmp_path / "plan")
    expected = of(network)
    assert computed(str(tmp_path / "plan"), "cgate") == expected
    assert computed(str(tmp_path / "plan" / "plan.json"), "cgate") == expected
    assert computed(network.made().document, "cgate", True)["client_ips"] == expected["lan_ips"]


def test_the_filter_takes_yaml_s_on_and_off() -> None:
    document = system("freebsd", BOTH[0]).made().document
    assert computed(document, "cgate", ipv6=False)["warnings"] == []
    assert computed(document, "cgate", ipv6=True)["warnings"]


def test_the_filter_says_what_is_wrong_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^communigate_settings: there is no .*plan\.json; run the playbook"):
        computed(str(tmp_path / "nowhere"), "cgate")
    with pytest.raises(AnsibleFilterError, match=r"^communigate_settings: 'x' offers no communigate in this plan"):
        computed(seed().made().document, "x")
