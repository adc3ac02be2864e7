# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every product of the catalogue, planned in two offices behind NAT: the ports of its documents, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import errors
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import Exchange, Profile
from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network

#: What an offer has to say, because no document does.
NEEDED: dict[str, dict[str, Any]] = {
    "communigate": {"media_udp": "60000-60099", "media_tcp": "61000-61099"},
    "sip_trunk": {"media": "30000-39999"},
}

#: Open at the server for its clients unless somebody switches it off, from the products' documents.
DEFAULTS: dict[str, set[str]] = {
    "netcfax": {"tcp 7488"},
    "faxpress": {"udp 4644"},
    "kerio_control": {"tcp 4081"},
    "kerio_connect": {"tcp 4040"},
    "communigate": {
        *(f"tcp {port}" for port in (25, 110, 143, 993, 5060, 5061, 5222, 5349, 8021, 8100, 9100, 11024)),
        *("udp 3478", "udp 5060", "udp 60000-60099", "tcp 61000-61099"),
    },
    "hylafax": {"tcp 4559"},
    "iax2": {"udp 4569"},
    "asterisk": {"udp 5060", "udp 10000-20000", "udp 4000-4999"},
    "freeswitch": {"udp 5060", "udp 16384-32768"},
    "windows_fax": {"tcp 135", "tcp 445", "tcp 49152-65535"},
    "xmediusfax": {"tcp 7600-7800", "tcp 7812-7813"},
    "t38fax_trunk": {"udp 5060", "udp 5080", "udp 16384-32768"},
    "t38modem": {"udp 5060", "udp 5000-5199", "udp 6000-6199"},
    "sip_trunk": {"udp 5060", "udp 30000-39999"},
    "fax_adapter": {"udp 5060", "udp 16384-16482"},
    "satisfaxtion": {"tcp 80"},
    "mobilchange": {"tcp 445"},
    "mail_to_fax": {"tcp 25"},
}
#: More ports, open only where an offer names them.
NAMED: dict[str, set[str]] = {
    "communigate": {f"tcp {port}" for port in (106, 389, 465, 587, 636, 674, 995, 5223, 8010, 9010, 11025)},
    "kerio_connect": {
        *("tcp 25", "tcp 80", "tcp 110", "tcp 119", "tcp 143", "tcp 389", "tcp 443", "tcp 465", "tcp 563", "tcp 587"),
        *("tcp 636", "tcp 993", "tcp 995", "tcp 2000", "tcp 5222", "tcp 5223", "tcp 8800", "tcp 8843"),
        *("udp 514", "tcp 11211", "tcp 44337"),
    },
    "asterisk": {"tcp 5060", "tcp 5061"},
    "freeswitch": {"tcp 5060", "tcp 5061", "udp 5080", "tcp 5080", "tcp 5081", "tcp 8021"},
    "hylafax": {"tcp 444"},
    "t38fax_trunk": {"tcp 5060"},
    "t38modem": {"tcp 1720"},
    "xmediusfax": {
        *("udp 5061", "tcp 1720", "udp 49152-65535", "tcp 7596-7599", "tcp 7802-7803", "tcp 7806-7807", "tcp 7809"),
        *("tcp 7810", "tcp 25", "tcp 8080", "tcp 8825", "tcp 3306", "udp 1718"),
    },
    "sip_trunk": {"tcp 5060", "tcp 5061"},
    "fax_adapter": {"tcp 80"},
    "mail_to_fax": {"tcp 587"},
}
#: What servers start where an offer names it, and what it has to say for that: the source's ports, the destination's.
STARTED: dict[str, tuple[dict[str, Any], set[str]]] = {
    "asterisk": (
        {"client_media": "16384-16482", "client_udptl": "16500-16509"},
        {"udp 5060>5060", "udp 10000-20000>16384-16482", "udp 4000-4999>16500-16509"},
    ),
    "freeswitch": ({"client_media": "16384-16482"}, {"udp 5080>5060", "udp 16384-32768>16384-16482"}),
    "t38modem": ({"client_media": "16384-16482"}, {"udp 5060>5060", "udp any>16384-16482"}),
    "xmediusfax": (
        {"client_media": "16384-16482"},
        {"udp any>5060", "tcp any>1720", "udp 49152-65535>16384-16482"},
    ),
    "sip_trunk": (
        {"client_media": "5000-5199", "client_udptl": "6000-6199", "client_sip_port": 5062},
        {"udp any>5062", "udp any>5000-5199", "udp any>6000-6199"},
    ),
    "t38fax_trunk": (
        {"client_media": "5000-5199", "client_udptl": "6000-6199"},
        {"udp any>5060", "udp any>5000-5199", "udp any>6000-6199"},
    ),
}
PROFILES = builtin_catalog().profiles


def office(service: str, use: dict[str, Any] | None = None, **offer: Any) -> Network:
    """A server in one office behind NAT, a client in another and one beside the server."""
    offered = {"service": service, **NEEDED.get(service, {}), **offer}
    used = [{"service": service, "server": "fax", **(use or {})}]
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
        .host("fax", "florida", "10.1.0.10", offers=[offered])
        .host("fl-pc", "florida", "10.1.0.21", uses=used)
        .host("uk-pc", "sheffield", "10.2.0.21", uses=used)
    )


def opened(made: Made, source: str = "uk-pc", destination: str = "fax") -> set[str]:
    return {
        f"{flow['transport']} {flow['ports']}"
        for flow in made.document["flows"]
        if (flow["source"], flow["destination"]) == (source, destination) and flow["enabled"]
    }


def _own_switch(profile: Profile) -> list[Exchange]:
    return [item for item in profile.exchanges_of(profile.present_version) if not item.part_of]


def test_every_product_is_in_these_tables() -> None:
    assert set(DEFAULTS) == set(PROFILES)


@pytest.mark.parametrize("service", sorted(DEFAULTS))
def test_a_client_reaches_the_ports_of_the_documents_and_no_others(service: str) -> None:
    made = office(service).made()
    assert opened(made) == DEFAULTS[service]
    assert opened(made, "fl-pc") == DEFAULTS[service]


@pytest.mark.parametrize("service", sorted(NAMED))
def test_what_is_off_is_opened_where_an_offer_names_it(service: str) -> None:
    names = [
        item.name
        for item in _own_switch(PROFILES[service])
        if item.initiator == "client" and not item.default and (item.setting is None or _is_set(service, item.setting))
    ]
    named = dict.fromkeys(names, True)
    assert opened(office(service, exchanges=named).made()) - DEFAULTS[service] == NAMED[service]


@pytest.mark.parametrize("service", sorted(STARTED))
def test_a_server_starts_calls_and_media_where_its_offer_names_them(service: str) -> None:
    said, wanted = STARTED[service]
    names = [item.name for item in PROFILES[service].exchanges if item.initiator == "server" and item.with_clients]
    net = office(service, exchanges=dict.fromkeys(names, True), **said)
    made = net.made()
    started = {
        f"{flow['transport']} {flow['source_ports'] or 'any'}>{flow['ports']}"
        for flow in made.document["flows"]
        if (flow["source"], flow["destination"]) == ("fax", "uk-pc")
    }
    assert started == wanted
    assert not [flow for flow in office(service).made().document["flows"] if flow["source"] == "fax"]


@pytest.mark.parametrize("service", sorted(STARTED))
def test_the_clients_media_ports_have_to_be_said(service: str) -> None:
    names = [item.name for item in PROFILES[service].exchanges if item.setting == "client_media"]
    (finding,) = errors(office(service, exchanges=dict.fromkeys(names, True)).findings())
    assert (finding.code, finding.variable) == ("FXN103", "faxnet_uses[0].client_media")


@pytest.mark.parametrize(
    ("service", "setting", "wanted"),
    [
        ("windows_fax", "mail_servers", {"tcp 25"}),
        ("mail_to_fax", "mail_servers", {"tcp 25"}),
        ("mobilchange", "global_catalogs", {"tcp 3268"}),
        ("mobilchange", "time_servers", {"udp 123"}),
    ],
)
def test_a_fax_server_talks_to_the_servers_that_its_offer_names(service: str, setting: str, wanted: set[str]) -> None:
    made = office(service, **{setting: ["192.0.2.53"]}).made()
    assert opened(made, "fax", "192.0.2.53") == wanted


def test_a_trunks_published_addresses_are_told_to_whoever_sets_it_up() -> None:
    told = " ".join(office("t38fax_trunk").made().slices["uk-pc"]["uses"][0]["instructions"])
    for address in ("8.34.182.111", "8.34.182.112", "8.20.91.194", "8.34.182.128/26", "8.20.91.128/25"):
        assert address in told


def test_a_fax_modem_of_ours_may_be_a_providers_client() -> None:
    net = Network().site("office", "10.1.0.0/24", gateway="router", public=FLORIDA).site("provider", "192.0.2.0/24")
    both = {"sip_in": True, "media_in": True, "udptl_in": True}
    offer = {"service": "sip_trunk", "exchanges": both, "media": "30000-39999", **STARTED["sip_trunk"][0]}
    net.host("trunk", "provider", "192.0.2.111", offers=[offer], platform="unmanaged")
    uses = [{"service": "sip_trunk", "server": "trunk"}]
    net.host("modems", "office", "10.1.0.10", offers=[{"service": "t38modem", "sip_port": 5062}], uses=uses)
    net.host("pbx", "office", "10.1.0.11", uses=[{"service": "t38modem", "server": "modems"}])
    made = net.made()
    assert opened(made, "trunk", "modems") == {"udp 5062", "udp 5000-5199", "udp 6000-6199"}
    assert {entry["target"] for entry in made.policy("router")["destination_nat"]} == {"10.1.0.10"}


def _is_set(service: str, setting: str) -> bool:
    return PROFILES[service].settings[setting].default is not None


@pytest.mark.parametrize("service", sorted(PROFILES))
def test_a_products_own_defaults_may_be_written_down(service: str) -> None:
    profile = PROFILES[service]
    there = profile.exchanges_of(profile.present_version)
    used = {name for item in there for name in (item.setting, item.source_setting)}
    settings = [item for item in profile.settings.values() if item.name in used]
    said = {item.name: item.default.text for item in settings if isinstance(item.default, PortRange)}
    assert opened(office(service, **said).made()) == DEFAULTS[service]


@pytest.mark.parametrize("service", sorted(PROFILES))
def test_every_fact_has_a_source_that_says_how_far_to_trust_it(service: str) -> None:
    assert PROFILES[service].sources
    for source in PROFILES[service].sources:
        assert {"document", "covers", "confidence"} <= set(source)


@pytest.mark.parametrize("service", sorted(PROFILES))
def test_a_clients_sheet_has_every_value_filled_in(service: str) -> None:
    made = office(service).made()
    for host in ("fl-pc", "uk-pc"):
        (use,) = made.slices[host]["uses"]
        assert use["instructions"]
        assert not [line for line in use["instructions"] if "{" in line or "}" in line]


@pytest.mark.parametrize("service", sorted(PROFILES))
def test_every_exchange_says_what_people_need(service: str) -> None:
    profile = PROFILES[service]
    assert any(item.advice for item in profile.exchanges) or service == "netcfax"
    assert not [item.purpose for item in profile.exchanges if item.purpose.endswith(".")]
    assert all(item.advice.endswith(".") for item in profile.exchanges if item.advice)


@pytest.mark.acceptance("FP-01")
def test_all_faxpress_products_are_one_service() -> None:
    (profile,) = [item for item in PROFILES.values() if "FaxPress" in item.title]
    products = " ".join(source["document"] for source in profile.sources)
    assert all(name in products for name in ("SBE", "Office Connect", "1500", "2500", "3500", "5000"))


@pytest.mark.parametrize(
    ("service", "exchange", "idle"),
    [("communigate", "sip_udp", 3600), ("iax2", "iax", 600), ("asterisk", "udptl", 300), ("t38fax_trunk", "sip", 3600)],
)
def test_openings_live_longer_than_clients_are_silent(service: str, exchange: str, idle: int) -> None:
    made = office(service).made()
    assert made.flow(f"{service}.{exchange}/uk-pc>fax")["idle"] == idle
    kept = [
        entry["idle"] for entry in made.policy("uk-pc")["output"] if f"{service}.{exchange}/uk-pc>fax" in entry["flows"]
    ]
    assert kept == [idle]


def test_hylafaxs_data_connections_follow_by_the_helper() -> None:
    made = office("hylafax").made()
    assert made.flow("hylafax.control/uk-pc>fax")["helper"] == "ftp"
    for router in ("fl-router", "uk-router"):
        assert [entry["helper"] for entry in made.policy(router)["forward"]] == ["ftp"]


def test_hylafax_plus_may_name_its_passive_ports_instead() -> None:
    both = {"passive_data": True}
    made = office("hylafax", exchanges=both, passive_ports="42000-42099").made()
    assert opened(made) == {"tcp 4559", "tcp 42000-42099"}


def test_windows_notifications_reach_one_client_behind_a_nat_and_not_two() -> None:
    net = office("windows_fax")
    assert opened(net.made(), "fax", "uk-pc") == {"tcp 49152-65535"}
    net.host("uk-pc2", "sheffield", "10.2.0.22", uses=[{"service": "windows_fax", "server": "fax"}])
    assert {finding.code for finding in net.findings()} == {"FXN404"}
    net.hosts["uk-pc2"]["faxnet_uses"][0]["exchanges"] = {"notify": False}
    assert net.findings() == ()


def test_a_trunk_by_address_is_called_from_the_provider_only() -> None:
    net = Network().site("office", "10.1.0.0/24", gateway="router", public=FLORIDA).site("provider", "192.0.2.0/24")
    both = {"sip_in": True, "media_in": True}
    offer = {"service": "t38fax_trunk", "exchanges": both, "client_sip_port": 5070, "client_media": "4000-4999"}
    net.host("trunk", "provider", "192.0.2.111", offers=[offer], platform="unmanaged")
    net.host("pbx", "office", "10.1.0.10", uses=[{"service": "t38fax_trunk", "server": "trunk"}])
    made = net.made()
    assert opened(made, "trunk", "pbx") == {"udp 5070", "udp 4000-4999"}
    assert {entry["source"] for entry in made.policy("router")["destination_nat"]} == {"192.0.2.111"}


def test_two_exchanges_offer_and_use_each_other() -> None:
    net = office("asterisk")
    net.hosts["uk-pc"]["faxnet_offers"] = [{"service": "asterisk", "udptl": "4000-4499"}]
    net.hosts["fax"]["faxnet_uses"] = [{"service": "asterisk", "server": "uk-pc"}]
    made = net.made()
    assert opened(made) == DEFAULTS["asterisk"]
    assert opened(made, "fax", "uk-pc") == {"udp 5060", "udp 10000-20000", "udp 4000-4499"}


@pytest.mark.parametrize(
    ("system", "dynamic", "mapped"),
    [
        ("linux", "32768-60999", "by_default"),
        ("windows", "49152-65535", "on_request"),
        ("freebsd", "10000-65535", "by_setting"),
        ("netbsd", "49152-65535", "by_setting"),
        ("openbsd", "1024-49151", "never"),
    ],
)
def test_systems_have_their_dynamic_ports_and_mapped_addresses(system: str, dynamic: str, mapped: str) -> None:
    known = builtin_catalog().systems[system]
    assert (known.dynamic.text, known.mapped_ipv4) == (dynamic, mapped)


def test_what_a_systems_services_hold_and_how_ports_are_kept_is_as_documents_say() -> None:
    systems = builtin_catalog().systems
    held = {name: [item.text for item in system.reserved] for name, system in systems.items() if system.reserved}
    assert held == {"windows": ["5357-5358/tcp (Web Services on Devices)"]}
    lines = {name: system.reserving[-1].line for name, system in systems.items() if system.reserving}
    assert lines == {
        "windows_xp_pro": "{low}-{high}",
        "windows_server_2000": "{low}-{high}",
        "windows_server_2003": "{low}-{high}",
        "windows": "netsh int {ip} add excludedportrange protocol={transport} startport={low} numberofports={count} "
        "store=persistent",
        "linux": "net.ipv4.ip_local_reserved_ports = {low}-{high}",
    }
