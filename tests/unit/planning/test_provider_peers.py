# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Providers of several addresses and networks, by exchange; and settings that hold several ranges of ports."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.field_cases import field_case
from tests.unit.networks import Network

SIGNALLING = ("198.18.34.111", "198.18.34.112", "198.18.91.194")
MEDIA = ("198.18.34.128/26", "198.18.91.128/25")
PUBLIC = "198.51.100.40"


def grave(net: Network) -> list[Finding]:
    """The errors."""
    return [item for item in net.findings() if item.severity == "error"]


def changed(**offer: Any) -> Network:
    """The case, with another offer of the provider's."""
    net = field_case("provider_of_several_addresses")
    net.hosts["provider"]["faxnet_offers"][0].update(offer)
    return net


@pytest.mark.acceptance("FC-04")
def test_each_address_of_a_provider_calls_and_each_media_network_sends_to_both_ranges() -> None:
    made = field_case("provider_of_several_addresses").made()
    forwards = {
        (item["source"], item["address"], item["ports"], item["target"])
        for item in made.policy("cloud-fw")["destination_nat"]
        if item["flows"][0].startswith("t38fax")
    }
    assert forwards == {(source, PUBLIC, "5060", "10.142.0.2") for source in SIGNALLING} | {
        (source, PUBLIC, ports, "10.142.0.2") for source in MEDIA for ports in ("10000-20000", "30000-30999")
    }
    for source in SIGNALLING:
        assert made.trace(source, PUBLIC, 5060, "udp").reached == "pbx"
    for source, port in (("198.18.34.130", 10000), ("198.18.91.200", 30999)):
        assert made.trace(source, PUBLIC, port, "udp").reached == "pbx"
    strangers = (("198.18.34.130", 5060), ("198.18.34.111", 30000), ("192.0.2.9", 5060), ("198.18.91.200", 31000))
    for source, port in strangers:
        assert made.trace(source, PUBLIC, port, "udp").outcome is Outcome.REFUSED
    # The adapter's media go to both ranges as well, and it is met by nobody else.
    ports = {flow["ports"] for flow in made.document["flows"] if flow["exchange"] == "rtp"}
    assert ports == {"10000-20000", "30000-30999"}


def test_the_first_address_is_dialled_and_the_others_are_named() -> None:
    made = field_case("provider_of_several_addresses").made()
    (use,) = [use for use in made.slices["pbx"]["uses"] if use["service"] == "t38fax_trunk"]
    assert (use["dial"], use["also_at"]) == (SIGNALLING[0], list(SIGNALLING[1:]))
    assert f"SIP provider: {' or '.join(SIGNALLING)}, port 5080" in use["instructions"][0]
    assert use["settings"]["client_media"] == "10000-20000,30000-30999"
    assert made.flow("t38fax_trunk.sip/pbx>provider")["dial"] == ", ".join(SIGNALLING)
    assert made.flow("t38fax_trunk.media/pbx>provider")["dial"] == ", ".join(MEDIA)
    assert made.trace("pbx", "198.18.91.194", 5080, "udp").reached == "provider"
    assert made.trace("pbx", "provider", 5080, "udp").reached == "provider"


def test_verification_shows_the_address_that_is_dialled_and_lists_what_has_none() -> None:
    made = field_case("provider_of_several_addresses").made()
    expected = expectations(made.document, made.slices)
    sent = {(probe.address, probe.port) for probe in expected.probes["pbx"] if probe.target == "provider"}
    assert {(SIGNALLING[0], 5060), (SIGNALLING[0], 5080)} <= sent
    listed = {flow: item.reason for item in expected.not_probed for flow in item.flows}
    assert "nobody there is named by an address" in listed["t38fax_trunk.media/pbx>provider"]
    assert "provider stands for" in listed["t38fax_trunk.sip_in/provider>pbx"]


def test_without_a_word_every_exchange_is_with_all_of_a_provider() -> None:
    net = field_case("provider_of_several_addresses")
    del net.hosts["provider"]["faxnet_offers"][0]["addresses"]
    flow = net.made().flow("t38fax_trunk.sip_in/provider>pbx")
    assert flow["arrives_from"] == ", ".join((*SIGNALLING, *MEDIA))


@pytest.mark.parametrize(
    ("offer", "code", "variable"),
    [
        ({"addresses": {"sip": ["198.18.34.9"]}}, "FXN219", "faxnet_offers[0].addresses.sip"),
        ({"addresses": {"siip": ["198.18.34.111"]}}, "FXN102", "faxnet_offers[0].addresses.siip"),
        ({"addresses": {"sip": "198.18.34"}}, "FXN105", "faxnet_offers[0].addresses.sip"),
        ({"addresses": {"sip": []}}, "FXN103", "faxnet_offers[0].addresses.sip"),
        ({"addresses": ["198.18.34.111"]}, "FXN101", "faxnet_offers[0].addresses"),
        (
            {"addresses": {name: [MEDIA[0]] for name in ("sip", "second_sip", "media")}},
            "FXN160",
            "faxnet_offers[0].addresses",
        ),
        ({"media": [16384, "20000-19000"]}, "FXN204", "faxnet_offers[0].media[1]"),
        ({"media": []}, "FXN103", "faxnet_offers[0].media"),
        ({"second_sip_port": [5080, 25]}, "FXN205", "faxnet_offers[0].second_sip_port[1]"),
    ],
)
def test_a_mistake_is_named_where_it_stands(offer: dict[str, Any], code: str, variable: str) -> None:
    assert (code, "provider", variable) in {(item.code, item.host, item.variable) for item in grave(changed(**offer))}


def test_several_machines_behind_one_public_address_are_refused() -> None:
    net = changed()
    net.sites["trunk"]["public_address"] = "203.0.113.99"
    found = {(item.code, item.host, item.variable) for item in grave(net)}
    assert ("FXN401", "provider", "faxnet_address") in found


def test_a_setting_of_one_port_may_hold_several() -> None:
    said = {"web_user_tls_port": [443, 9100], "exchanges": ["web_user_tls"]}
    net = Network().site("office", "10.1.0.0/24", "2001:db8:1::/64")
    net.offers("mail", "office", ["10.1.0.10", "2001:db8:1::10"], "communigate", **said)
    made = net.uses("pc", "office", ["10.1.0.21", "2001:db8:1::21"], "communigate", "mail").made()
    assert {item["ports"] for item in made.policy("mail")["input"]} == {"443", "9100"}
    assert made.slices["mail"]["offers"][0]["settings"]["web_user_tls_port"] == "443,9100"
    assert {flow["id"].partition("/")[2] for flow in made.document["flows"]} == {
        *("pc>mail", "pc>mail/9100", "pc>mail/6", "pc>mail/9100/6"),
    }
