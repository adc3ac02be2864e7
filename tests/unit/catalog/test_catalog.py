# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: NetCFax as its documents have it, and profiles that users add."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog import catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog, extend_catalog
from tests.unit.networks import Made, Network, two_offices

MODEM: dict[str, Any] = {
    "title": "Modem pool",
    "settings": {"control": {"default": 5000}},
    "exchanges": [
        {"name": "control", "initiator": "client", "transport": "tcp", "ports": "control", "purpose": "orders a line"},
        {
            "name": "line.1",
            "initiator": "client",
            "transport": "udp",
            "ports": "5100-5109",
            "purpose": "carries the fax",
        },
    ],
    "sources": [{"document": "the handbook"}],
}
CALLBACK = {"fixed_port": 7000, "lowest": 1025, "highest": 65000, "size": 100, "smallest": 10, "pool": "10000-32767"}
CALLING_BACK = {"name": "back", "initiator": "server", "transport": "udp", "ports": "callback", "purpose": "tells news"}


def said(services: object) -> list[Finding]:
    """What is said of the user's own services."""
    findings: list[Finding] = []
    extend_catalog(builtin_catalog(), services, findings)
    return findings


def modem_office(profile: Any) -> Network:
    """Two offices whose second client also uses a service of the user's own."""
    net = two_offices()
    net.services = {"modem": profile}
    net.host("modems", "florida", "10.1.0.12", offers=[{"service": "modem"}])
    net.hosts["uk-pc1"]["faxnet_uses"].append({"service": "modem", "server": "modems"})
    return net


@pytest.mark.acceptance("NR-02", "NR-06")
def test_netcfax_has_the_ports_of_its_documents() -> None:
    profile = builtin_catalog().profiles["netcfax"]
    assert {name: setting.default for name, setting in profile.settings.items()} == {"primary_port": (7488, 7488)}
    pcp, scp = profile.exchanges
    assert (pcp.initiator, pcp.transport, pcp.setting) == ("client", "tcp", "primary_port")
    assert (scp.initiator, scp.transport, scp.is_callback) == ("server", "tcp", True)
    assert profile.callback is not None
    assert profile.callback.fixed_port == 7485
    assert profile.callback.bounds == PortRange(1025, 65000)
    assert (profile.callback.size, profile.callback.smallest) == (100, 10)
    assert profile.sources


@pytest.mark.acceptance("NP-01", "NP-02")
@pytest.mark.parametrize(
    ("system", "dynamic", "environments"),
    [
        ("windows_98", "1024-5000", {"single_user"}),
        ("windows_me", "1024-5000", {"single_user"}),
        ("windows_2000_pro", "1024-5000", {"single_user"}),
        ("windows_xp_home", "1024-5000", {"single_user", "fast_user_switching"}),
        ("windows_xp_pro", "1024-5000", {"single_user", "fast_user_switching", "remote_desktop"}),
        ("windows_server_2000", "1024-5000", {"single_user", "remote_desktop", "terminal_server"}),
        ("windows_server_2003", "1024-5000", {"single_user", "remote_desktop", "terminal_server"}),
        ("windows", "49152-65535", {"single_user", "fast_user_switching", "remote_desktop", "terminal_server"}),
    ],
)
def test_every_system_that_the_documents_name_is_there(system: str, dynamic: str, environments: set[str]) -> None:
    known = builtin_catalog().systems[system]
    assert known.dynamic.text == dynamic
    assert set(known.environments) == environments


@pytest.mark.acceptance("NR-16")
@pytest.mark.parametrize("port", [20, 21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 3389, 5060])
def test_the_ports_that_any_good_manual_lists_are_known(port: int) -> None:
    assert builtin_catalog().well_known[port]


def test_a_profile_of_the_users_own_is_planned_like_a_built_in_one() -> None:
    made = modem_office(MODEM).made()
    flows = {
        flow["id"]: (flow["transport"], flow["ports"]) for flow in made.document["flows"] if "modem." in flow["id"]
    }
    assert flows == {
        "modem.control/uk-pc1>modems": ("tcp", "5000"),
        "modem.line.1/uk-pc1>modems": ("udp", "5100-5109"),
    }
    assert made.trace("uk-pc1", "modems", 5109, "udp").reached == "modems"
    assert not made.trace("uk-pc1", "modems", 5109).reached


def test_a_users_profile_may_override_a_built_in_one() -> None:
    net = two_offices()
    mine = copy.deepcopy(MODEM) | {"title": "My NetCFax"}
    mine["settings"] = {"primary_port": {"default": 4711}}
    mine["exchanges"] = [{**MODEM["exchanges"][0], "ports": "primary_port"}]
    net.services = {"netcfax": mine}
    del net.hosts["uk-pc2"]
    net.hosts["uk-ts1"]["faxnet_uses"][0].update({"environment": "single_user", "instances": 1})
    assert {flow["ports"] for flow in net.made().document["flows"]} == {"4711"}


def test_two_services_of_one_host_cannot_listen_on_one_port() -> None:
    net = modem_office(MODEM)
    net.hosts["modems"]["faxnet_offers"].append({"service": "netcfax", "primary_port": 5000})
    assert "FXN210" in [finding.code for finding in net.findings()]


@pytest.mark.parametrize("ports", [5000, "4990-5010"])
def test_two_servers_behind_one_address_cannot_share_a_public_port(ports: object) -> None:
    other = copy.deepcopy(MODEM) | {"settings": {}}
    other["exchanges"] = [{**MODEM["exchanges"][0], "ports": ports}]
    net = modem_office(MODEM)
    net.services["other"] = other
    net.host("others", "florida", "10.1.0.13", offers=[{"service": "other"}])
    net.hosts["uk-pc1"]["faxnet_uses"].append({"service": "other", "server": "others"})
    assert [finding.code for finding in net.findings()] == ["FXN404"]


def test_two_clients_behind_one_address_cannot_both_be_called_on_one_port_of_the_product() -> None:
    alert = copy.deepcopy(MODEM)
    alert["exchanges"].append(
        {"name": "alert", "initiator": "server", "transport": "udp", "ports": 5200, "purpose": "p"}
    )
    net = modem_office(alert)
    assert net.findings() == ()
    net.hosts["uk-pc2"]["faxnet_uses"].append({"service": "modem", "server": "modems"})
    assert [finding.code for finding in net.findings()] == ["FXN404"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (5, ""),
        ({"exchanges": None}, ".exchanges"),
        ({"exchanges": []}, ".exchanges"),
        ({"exchanges": [5]}, ".exchanges[0]"),
        ({"exchanges": [MODEM["exchanges"][0]] * 2}, ".exchanges"),
        ({"exchanges": [{**MODEM["exchanges"][0], "transport": "ipx"}]}, ".exchanges[0].transport"),
        ({"exchanges": [{**MODEM["exchanges"][0], "ports": "many"}]}, ".exchanges[0].ports"),
        ({"exchanges": [{**MODEM["exchanges"][0], "ports": 0}]}, ".exchanges[0].ports"),
        ({"exchanges": [{**MODEM["exchanges"][0], "ports": "callback"}]}, ".exchanges[0].ports"),
        ({"exchanges": [{**MODEM["exchanges"][0], "name": 'a"b'}]}, ".exchanges[0].name"),
        ({"exchanges": [{**MODEM["exchanges"][0], "optional": "no"}]}, ".exchanges[0].optional"),
        ({"settings": None}, ".settings"),
        ({"settings": 5}, ".settings"),
        ({"settings": [[1]]}, ".settings"),
        ({"settings": {"control": 5000}}, ".settings.control"),
        ({"settings": {"control": {"default": "x"}}}, ".settings.control.default"),
        ({"environments": {}}, ".environments"),
        ({"environments": {"e": {"many": 1, "modes": []}}}, ".environments.e.many"),
        ({"environments": {"e": {"many": True, "modes": ["odd"]}}}, ".environments.e.modes"),
        ({"callback": CALLBACK}, ".callback"),
        ({"callback": {**CALLBACK, "lowest": 65001}}, ".callback.lowest"),
        ({"callback": {**CALLBACK, "size": "x"}}, ".callback.size"),
        ({"sources": []}, ".sources"),
        ({"sources": [{"url": "x"}]}, ".sources[0]"),
        ({"client_system": "amiga"}, ".client_system"),
        ({"instructions": ["see {nothing}"]}, ".instructions"),
        ({"instructions": ["a { b"]}, ".instructions"),
        ({"instructions": ["{0}"]}, ".instructions"),
        ({"instructions": ["{}"]}, ".instructions"),
        ({"instructions": ["{dial.__class__}"]}, ".instructions"),
        ({"instructions": ["{dial:>{low}}"]}, ".instructions"),
        ({"instructions": ["{mode_instruction}"]}, ".instructions"),
        ({"mode_instructions": {"dynamic": "{x}"}}, ".mode_instructions"),
        ({"colour": "red"}, ".colour"),
    ],
)  # fmt: skip
def test_a_malformed_profile_is_one_finding_with_the_path_into_it(change: Any, path: str) -> None:
    profile = {**copy.deepcopy(MODEM), **change} if isinstance(change, dict) else change
    (finding,) = said({"modem": profile})
    assert finding.code == "FXN209"
    assert finding.variable.startswith(f"faxnet_services.modem{path}")
    assert finding.cure


@pytest.mark.parametrize("name", ['x"\n', 5, "", "a/b", None])
def test_a_profile_needs_a_safe_name(name: object) -> None:
    (finding,) = said({name: MODEM})
    assert finding.code == "FXN209"
    assert finding.variable.isprintable()
    assert finding.message.isprintable()


@pytest.mark.parametrize("services", [5, "netcfax", ["netcfax"]])
def test_services_are_a_mapping(services: object) -> None:
    (finding,) = said(services)
    assert (finding.code, finding.variable) == ("FXN209", "faxnet_services")


def test_a_product_that_calls_back_by_udp_gets_udp_rules_only() -> None:
    profile = {**MODEM, "callback": CALLBACK, "exchanges": [*MODEM["exchanges"], CALLING_BACK]}
    made = modem_office(profile).made()
    flow = made.flow("modem.back/modems>uk-pc1")
    assert (flow["transport"], flow["callback"]) == ("udp", True)
    assert _reached(made, flow) == "uk-pc1"


def _reached(made: Made, flow: dict[str, Any]) -> str:
    return made.trace(flow["source"], flow["dial"], int(flow["ports"].partition("-")[0]), flow["transport"]).reached


def test_every_mistake_of_a_profile_comes_out_at_once() -> None:
    exchange = {"name": "x", "initiator": "peer", "transport": "ipx", "ports": 70000, "purpose": "p", "idle": -1}
    other = {"name": "y", "initiator": "client", "transport": "udp", "ports": "one", "helper": "irc"}
    profile = {
        "titel": "typing error",
        "mapped_ipv4": "perhaps",
        "settings": {"one": {"default": 0}, "two": {"kind": "colour", "default": 1}},
        "exchanges": [exchange, other],
        "sources": [{"document": "d", "page": 5}],
    }
    findings = said({"mine": profile})
    assert {finding.code for finding in findings} == {"FXN209"}
    assert sorted(finding.variable.removeprefix("faxnet_services.mine.") for finding in findings) == [
        "exchanges[0].idle",
        "exchanges[0].initiator",
        "exchanges[0].ports",
        "exchanges[0].transport",
        "exchanges[1]",
        "exchanges[1].helper",
        "mapped_ipv4",
        "settings.one.default",
        "settings.two.kind",
        "sources[0].page",
        "titel",
    ]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"idle": 2_147_484}, ".idle"),
        ({"helper": "ftp", "transport": "udp"}, ".helper"),
        ({"part_of": "nothing"}, ".part_of"),
        ({"rides_on": "nothing"}, ".rides_on"),
        ({"with": "everybody"}, ".with"),
        ({"only": "two_networks"}, ".only"),
    ],
)
def test_a_wrong_key_of_an_exchange_is_named(change: dict[str, Any], place: str) -> None:
    exchange = {"name": "x", "initiator": "client", "transport": "tcp", "ports": 5000, "purpose": "p", **change}
    services = {"mine": {"exchanges": [exchange], "sources": [{"document": "d"}]}}
    (finding,) = said(services)
    assert (finding.code, finding.variable) == ("FXN209", f"faxnet_services.mine.exchanges[0]{place}")


def test_a_setting_in_error_is_not_a_mistake_of_the_exchanges_that_name_it() -> None:
    exchange = {"name": "x", "initiator": "server", "transport": "udp", "ports": 53, "with": "dns", "purpose": "p"}
    services = {"mine": {"settings": {"dns": None}, "exchanges": [exchange], "sources": [{"document": "d"}]}}
    (finding,) = said(services)
    assert finding.variable == "faxnet_services.mine.settings.dns"


def test_the_names_of_profiles_are_known_before_their_files_are_read() -> None:
    files = sorted(catalog.PROFILES_DIRECTORY.glob("[a-z]*.yml"))
    written = [name for path in files for name in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert list(builtin_catalog().profiles) == written
    assert len(builtin_catalog().profiles) == len(written) > 10
    assert "netcfax" in builtin_catalog().profiles
    assert "_systems" not in builtin_catalog().profiles


def test_a_products_file_is_read_when_it_is_asked_for_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    builtin_catalog.cache_clear()
    read = catalog._read
    taken: list[str] = []

    def watched(path: Path) -> Any:
        taken.append(path.name)
        return read(path)

    monkeypatch.setattr(catalog, "_read", watched)
    profiles = builtin_catalog().profiles
    assert sorted(taken) == ["_systems.yml", "_well_known.yml"]
    taken.clear()
    for name in ("kerio_control", "kerio_connect", "kerio_control"):
        assert profiles[name].name == name
    assert taken == ["kerio.yml"]
    builtin_catalog.cache_clear()
