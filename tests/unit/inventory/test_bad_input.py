# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: each mistake gives one finding with code, host, variable, value and cure, all of them in one run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import NOT_SHOWN, VaultedText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.variables import HOST_VARIABLES
from tests.unit.inventory.mistakes import Ground, Mistake
from tests.unit.networks import Network, two_offices

OFFICES = Ground(two_offices)


def _client(name: str, address: str, **use: Any) -> Callable[[Network], object]:
    return lambda net: net.client(name, "sheffield", address, **use)


def _two_fixed(net: Network) -> None:
    net.client("fix-1", "sheffield", "10.2.0.101", callback={"mode": "fixed", "port": 20200})
    net.client("fix-2", "sheffield", "10.2.0.102", callback={"mode": "fixed", "port": 20200})


def _full_pool(net: Network) -> None:
    net.server("small-fax", "florida", "10.1.0.40", primary_port=7489, callback_range="30100-30149")
    for number in (1, 2):
        net.client(f"full-{number}", "sheffield", f"10.2.0.{110 + number}", "small-fax", callback={"size": 30})


def _server_port_in_range(net: Network) -> None:
    net.server("uk-fax", "sheffield", "10.2.0.50", primary_port=12000)
    net.client("fl-of-uk", "florida", "10.1.0.51", "uk-fax")
    net.client("over-pcp", "sheffield", "10.2.0.52", callback={"low": 11950, "high": 12049})


def _unreachable(net: Network) -> None:
    net.site("cellar", "10.9.0.0/24", gateway="cellar-router")
    net.server("cellar-fax", "cellar", "10.9.0.10")
    net.client("of-cellar", "sheffield", "10.2.0.60", "cellar-fax")


def _overlapping(net: Network) -> None:
    net.site("east", "192.0.2.128/25")


MISTAKES = {
    "unknown service": Mistake(
        lambda net: net.host(
            "typo-service", "sheffield", "10.2.0.90", uses=[{"service": "netfacts", "server": "fl-fax"}]
        ),
        "FXN201", "typo-service", "faxnet_uses[0].service", "netfacts", "netcfax",
    ),
    "unknown server host": Mistake(
        _client("typo-host", "10.2.0.91", server="fl-fxa"),
        "FXN202", "typo-host", "faxnet_uses[0].server", "fl-fxa", "fl-fax",
    ),
    "server without the service": Mistake(
        _client("wrong-host", "10.2.0.92", server="uk-pc1"),
        "FXN203", "wrong-host", "faxnet_uses[0].server", "uk-pc1", "fl-fax",
    ),
    "host in no site": Mistake(
        lambda net: net.hosts.update({"nowhere": {"faxnet_address": "10.2.0.93", "faxnet_uses": [
            {"service": "netcfax", "server": "fl-fax"}]}}),
        "FXN106", "nowhere", "faxnet_site", "", "florida",
    ),
    "unknown site": Mistake(
        lambda net: net.client("typo-site", "shefield", "10.2.0.94"),
        "FXN107", "typo-site", "faxnet_site", "shefield", "sheffield",
    ),
    "address outside its site": Mistake(
        _client("outside", "10.3.0.1"),
        "FXN108", "outside", "faxnet_address", "10.3.0.1", "correct the address",
    ),
    "overlapping sites": Mistake(
        _overlapping, "FXN109", "", "faxnet_sites.east.networks[0]", "192.0.2.128/25", "one site",
    ),
    "unknown gateway": Mistake(
        lambda net: net.sites.update({"gone": {"networks": ["198.18.0.0/24"], "gateway": "no-router"}}),
        "FXN110", "", "faxnet_sites.gone.gateway", "no-router", "add the router",
    ),
    "range from below 1025": Mistake(
        _client("too-low", "10.2.0.95", callback={"low": 1024, "high": 1123}),
        "FXN302", "too-low", "faxnet_uses[0].callback.low", "1024-1123", "inside these bounds",
    ),
    "range to above 65000": Mistake(
        _client("too-high", "10.2.0.96", system="windows_xp_pro", callback={"low": 64950, "high": 65001}),
        "FXN302", "too-high", "faxnet_uses[0].callback.low", "64950-65001", "inside these bounds",
    ),
    "reversed range": Mistake(
        _client("reversed", "10.2.0.97", callback={"low": 20499, "high": 20400}),
        "FXN301", "reversed", "faxnet_uses[0].callback.low", "20499-20400", "swap",
    ),
    "range smaller than its instances": Mistake(
        _client("too-small", "10.2.0.98", environment="terminal_server", instances=40,
                callback={"low": 20500, "high": 20538}),
        "FXN303", "too-small", "faxnet_uses[0].callback.high", "20500-20538", "at least 40 ports",
    ),
    "size smaller than its instances": Mistake(
        _client("small-size", "10.2.0.99", environment="remote_desktop", instances=12, callback={"size": 11}),
        "FXN303", "small-size", "faxnet_uses[0].callback.size", "11", "at least 12 ports",
    ),
    "fixed port with fast user switching": Mistake(
        _client("fixed-fts", "10.2.0.80", environment="fast_user_switching", callback={"mode": "fixed", "port": 20300}),
        "FXN304", "fixed-fts", "faxnet_uses[0].callback.mode", "fixed", "dynamic",
    ),
    "fixed port with remote desktop": Mistake(
        _client("fixed-rdp", "10.2.0.81", environment="remote_desktop", callback={"mode": "fixed", "port": 20301}),
        "FXN304", "fixed-rdp", "faxnet_uses[0].callback.mode", "fixed", "dynamic",
    ),
    "two fixed clients with one port behind one address": Mistake(
        _two_fixed, "FXN305", "fix-2", "faxnet_uses[0].callback.port", "20200", "other ports",
    ),
    "pool exhausted": Mistake(
        _full_pool, "FXN306", "full-2", "faxnet_uses[0].callback", "30 ports", "smaller ranges",
    ),
    "server port inside a call-back range": Mistake(
        _server_port_in_range, "FXN307", "over-pcp", "faxnet_uses[0].callback.low", "11950-12049",
        "leave the server's port out",
    ),
    "range over a well-known port": Mistake(
        _client("over-rdp", "10.2.0.82", callback={"low": 3300, "high": 3400}),
        "FXN308", "over-rdp", "faxnet_uses[0].callback.low", "3300-3400", "belong to nobody",
    ),
    "server that nobody can reach": Mistake(
        _unreachable, "FXN401", "cellar-fax", "faxnet_sites.cellar.public_address", "not set", "public_address",
    ),
    "text where the number of instances belongs": Mistake(
        _client("text-count", "10.2.0.83", environment="terminal_server", instances="forty"),
        "FXN101", "text-count", "faxnet_uses[0].instances", "forty", "a number",
    ),
    "text where a port belongs": Mistake(
        lambda net: net.server("text-port", "elsewhere", "192.0.2.84", primary_port="seven").client(
            "of-text-port", "sheffield", "10.2.0.84", "text-port"
        ),
        "FXN204", "text-port", "faxnet_offers[0].primary_port", "seven", "a port from 1 to 65535",
    ),
    "well-known primary port": Mistake(
        lambda net: net.server("smtp-port", "elsewhere", "192.0.2.85", primary_port=25).client(
            "of-smtp-port", "sheffield", "10.2.0.85", "smtp-port"
        ),
        "FXN205", "smtp-port", "faxnet_offers[0].primary_port", "25", "7488",
    ),
    "host name with a quote": Mistake(
        lambda net: net.client("it's", "sheffield", "10.2.0.86"),
        "FXN104", "it's", "inventory_hostname", "it's", "letters, digits",
    ),
    "host name with a newline and nft syntax": Mistake(
        lambda net: net.client("x\n}; flush ruleset", "sheffield", "10.2.0.87"),
        "FXN104", "x\n}; flush ruleset", "inventory_hostname", "x\\n}; flush ruleset", "letters, digits",
    ),
    "name of a permit with nft syntax": Mistake(
        lambda net: net.host("bad-permit", "sheffield", "10.2.0.88", permits=[{"name": 'a" accept #', "ports": 80}]),
        "FXN104", "bad-permit", "faxnet_permits[0].name", 'a" accept #', "letters, digits",
    ),
    "two hosts with one address": Mistake(
        lambda net: net.host("twin", "elsewhere", "192.0.2.66"),
        "FXN112", "twin", "faxnet_address", "192.0.2.66", "its own address",
    ),
    "unknown environment": Mistake(
        _client("metaverse", "10.2.0.89", environment="metaverse"),
        "FXN206", "metaverse", "faxnet_uses[0].environment", "metaverse", "terminal_server",
    ),
    "many instances for a single user": Mistake(
        _client("crowd", "10.2.0.79", instances=3),
        "FXN207", "crowd", "faxnet_uses[0].instances", "3", "terminal_server",
    ),
    "unlimited dynamic ports": Mistake(
        _client("unlimited", "10.2.0.78", callback={"mode": "unlimited"}),
        "FXN310", "unlimited", "faxnet_uses[0].callback.mode", "unlimited", "'low' and 'high'",
    ),
    "no way in for the administrator": Mistake(
        lambda net: net.host("locked", "sheffield", "10.2.0.77", management=[]),
        "FXN116", "locked", "faxnet_management", "[]", "omit the variable",
    ),
    "management without the port that ansible connects to": Mistake(
        lambda net: net.host("shut", "sheffield", "10.2.0.74", management=[{"transport": "udp", "ports": 22}]),
        "FXN116", "shut", "faxnet_management", "[{'transport': 'udp', 'ports': 22}]", "the port 22",
    ),
    "management by no port": Mistake(
        lambda net: net.host("portless", "sheffield", "10.2.0.73", management=[{"ports": []}, {"ports": 2222}]),
        "FXN103", "portless", "faxnet_management[0].ports", "[]", "name a port",
    ),
    "a permit of no port": Mistake(
        lambda net: net.host("vain", "sheffield", "10.2.0.72", permits=[{"name": "web", "ports": [[]]}]),
        "FXN103", "vain", "faxnet_permits[0].ports", "[[]]", "name a port",
    ),
    "a protocol that is none": Mistake(
        lambda net: net.host("vpn", "sheffield", "10.2.0.71", permits=[{"name": "vpn", "protocols": ["esp", "grre"]}]),
        "FXN125", "vpn", "faxnet_permits[0].protocols[1]", "grre", "0 to 255",
    ),
    "a protocol beside any": Mistake(
        lambda net: net.host("all", "sheffield", "10.2.0.70", permits=[{"name": "all", "protocols": ["any", 50]}]),
        "FXN125", "all", "faxnet_permits[0].protocols", "['any', 50]", "alone",
    ),
    "management by a protocol without ports": Mistake(
        lambda net: net.host(
            "esp", "sheffield", "10.2.0.69",
            management=[{"protocols": "esp"}, {"ports": 22, "protocols": ["tcp", "udp"]}],
        ),
        "FXN125", "esp", "faxnet_management", "esp", "faxnet_permits",
    ),
    "ports of a protocol without ports": Mistake(
        lambda net: net.host(
            "ah", "sheffield", "10.2.0.68", permits=[{"name": "ah", "protocols": ["ah", 50], "ports": 500}]
        ),
        "FXN126", "ah", "faxnet_permits[0].ports", "500", "add the protocol",
    ),
    "a protocol with ports and none named": Mistake(
        lambda net: net.host("udp", "sheffield", "10.2.0.67", permits=[{"name": "udp", "protocols": ["udp", "esp"]}]),
        "FXN103", "udp", "faxnet_permits[0].ports", "", "1-65535",
    ),
    "two words for the protocol": Mistake(
        lambda net: net.host(
            "two", "sheffield", "10.2.0.66",
            permits=[{"name": "two", "protocols": "udp", "transport": "udp", "ports": 53}],
        ),
        "FXN101", "two", "faxnet_permits[0].transport", "udp", "protocols",
    ),
    "unknown key": Mistake(
        _client("typo-key", "10.2.0.76", instnaces=1),
        "FXN102", "typo-key", "faxnet_uses[0].instnaces", "1", "instances",
    ),
    "no common IP version": Mistake(
        lambda net: net.site("modern", "2001:db8:5::/64").client("new", "modern", "2001:db8:5::10"),
        "FXN403", "new", "faxnet_uses[0].server", "fl-fax", "both",
    ),
    "unknown platform": Mistake(
        lambda net: net.host("odd", "sheffield", "10.2.0.75", platform="nftable"),
        "FXN501", "odd", "faxnet_platform", "nftable", "nftables",
    ),
    "site that routes nowhere": Mistake(
        lambda net: net.sites.update({"half": {"networks": ["198.18.9.0/24"], "public_address": "198.51.100.99"}}),
        "FXN103", "", "faxnet_sites.half.gateway", "", "gateway",
    ),
    "public address of two sites": Mistake(
        lambda net: net.site("again", "198.18.8.0/24", gateway="again-router", public="203.0.113.77").site(
            "again2", "198.18.7.0/24", gateway="again2-router", public="203.0.113.77"
        ),
        "FXN113", "", "faxnet_sites.again2.public_address", "203.0.113.77", "its own",
    ),
}  # fmt: skip


def test_the_inventory_that_the_mistakes_are_made_in_is_sound() -> None:
    assert two_offices().findings() == ()


@pytest.mark.acceptance("NR-07", "NR-15", "NR-16", "NP-10", "NP-11")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gives_one_finding_and_nothing_else(mistake: Mistake) -> None:
    OFFICES.check(mistake)


def test_all_mistakes_in_one_run_give_all_findings_and_nothing_else() -> None:
    OFFICES.check_all(MISTAKES.values())


SECRET = VaultedText("70000")
SECRETS: dict[str, tuple[str, Any]] = {
    "a port": ("faxnet_offers", [{"service": "netcfax", "primary_port": SECRET}]),
    "a key that nobody knows": ("faxnet_offers", [{"service": "netcfax", "password": SECRET}]),
    "inside of what has the wrong shape": ("faxnet_offers", {"service": SECRET}),
    "an address": ("faxnet_address", SECRET),
    "host bits": ("faxnet_permits", [{"name": "x", "ports": 80, "sources": [VaultedText("10.60.0.1/16")]}]),
    "a reversed range": ("faxnet_permits", [{"name": "x", "ports": VaultedText("60001-60000")}]),
    "the two ends of a range": (
        "faxnet_offers",
        [{"service": "netcfax", "callback_range": {"low": VaultedText("60001"), "high": VaultedText("60000")}}],
    ),
    "a server": ("faxnet_uses", [{"service": "netcfax", "server": SECRET}]),
    "a platform": ("faxnet_platform", SECRET),
}


@pytest.mark.parametrize(("variable", "value"), SECRETS.values(), ids=list(SECRETS))
def test_no_finding_shows_a_value_from_a_vault(variable: str, value: Any) -> None:
    net = two_offices()
    net.hosts["fl-fax"][variable] = value
    findings = [finding for finding in net.findings() if finding.host == "fl-fax"]
    assert findings
    for finding in findings:
        assert not re.search("70000|6000[01]|10[.]60", json.dumps(finding.as_dict()))
    assert any(NOT_SHOWN in finding.value for finding in findings)


def test_of_many_sites_a_cure_names_some_and_says_how_many_more_there_are() -> None:
    net = two_offices()
    for number in range(200):
        net.site(f"branch{number:03}", f"10.200.{number}.0/24")
    net.hosts["uk-pc1"]["faxnet_site"] = "bransch"
    (finding,) = [item for item in net.findings() if item.code == "FXN107"]
    assert finding.cure.startswith("use one of: branch000, branch001")
    assert finding.cure.endswith("branch019 and 183 more")


@pytest.mark.parametrize("variable", HOST_VARIABLES)
def test_each_variable_is_read_on_a_host_that_says_nothing_else(variable: str) -> None:
    # Hosts that say nothing of their rules are read the short way (inventory/hosts.py): it must know each variable.
    net = two_offices()
    net.hosts["extra"] = {"faxnet_site": "sheffield", "faxnet_address": "10.2.0.77", variable: {"nonsense": 7}}
    (found,) = [one for one in net.findings() if "extra" in one.hosts]
    assert found.variable.partition(".")[0] == variable
