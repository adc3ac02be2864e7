# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CommuniGate Pro in two offices behind NAT: what it shows to the Internet, media, calls, passive FTP and DNS."""

from __future__ import annotations

import pytest

from tests.unit.catalog.test_products import DEFAULTS, NEEDED, office, opened
from tests.unit.networks import Network


@pytest.mark.acceptance("CG-08")
def test_a_server_behind_nat_gets_all_its_communication_ports_from_the_internet() -> None:
    made = office("communigate", public=True).made()
    forwarded = {
        f"{entry['transport']} {entry['ports']}": entry["target"]
        for entry in made.policy("fl-router")["destination_nat"]
        if entry["source"] == "0.0.0.0/0"
    }
    assert set(forwarded) == DEFAULTS["communigate"] | {"tcp 5269"}
    assert set(forwarded.values()) == {"10.1.0.10"}


@pytest.mark.acceptance("CG-08")
def test_only_what_the_server_runs_is_forwarded() -> None:
    made = office("communigate", public=True, exchanges=["smtp", "imaps", "submission"]).made()
    forwarded = {entry["ports"] for entry in made.policy("fl-router")["destination_nat"]}
    assert forwarded == {"25", "993", "587"}


def test_administration_and_directories_are_never_forwarded_to_the_internet_at_large() -> None:
    private = ("pwd", "web_admin", "web_admin_tls", "ldap", "ldaps", "acap")
    both = dict.fromkeys(private, True)
    made = office("communigate", public=True, exchanges=both).made()
    assert {"tcp 106", "tcp 8010", "tcp 389", "tcp 674"} <= opened(made)
    assert not {"tcp 106", "tcp 8010", "tcp 9010", "tcp 389", "tcp 636", "tcp 674"} & opened(made, "internet")


@pytest.mark.acceptance("CG-10")
def test_lan_remote_nat_and_internet_each_get_the_media_ports() -> None:
    made = office("communigate", public=True).made()
    for source in ("fl-pc", "uk-pc", "internet"):
        assert {"udp 60000-60099", "tcp 61000-61099"} <= opened(made, source)
    out = made.flow("communigate.media_out/fax>internet")
    assert (out["transport"], out["source_ports"], out["ports"]) == ("udp", "60000-60099", "1-65535")


@pytest.mark.acceptance("CG-10")
def test_the_server_sends_media_first_where_no_nat_stands_before_the_receiver() -> None:
    """Early media. Who stands behind a NAT has to send first, which needs no flow of its own and no finding."""
    made = office("communigate", public=True).made()
    for exchange, transport, ports in (("media", "udp", "60000-60099"), ("media_tcp", "tcp", "61000-61099")):
        for to in (f"{exchange}_to_clients/fax>fl-pc", f"{exchange}_out/fax>internet"):
            flow = made.flow(f"communigate.{to}")
            assert (flow["transport"], flow["source_ports"], flow["ports"]) == (transport, ports, "1-65535")
    assert not [flow["id"] for flow in made.document["flows"] if "_to_clients/fax>uk-pc" in flow["id"]]
    assert not [finding for finding in made.document["findings"] if finding["code"] in ("FXN405", "FXN407")]
    let_in = {(entry["transport"], entry["source_ports"]) for entry in made.policy("fl-pc")["input"]}
    assert {("udp", "60000-60099"), ("tcp", "61000-61099")} <= let_in
    off = office("communigate", public=True, exchanges=["smtp", "media_udp"]).made()
    assert not [flow["id"] for flow in off.document["flows"] if "media_tcp" in flow["id"]]


@pytest.mark.acceptance("CG-10")
def test_the_server_signals_outward_by_udp_tcp_and_tls() -> None:
    made = office("communigate", public=True).made()
    signals = {
        (flow["transport"], flow["ports"])
        for flow in made.document["flows"]
        if flow["id"].startswith("communigate.sip") and flow["destination"] == "internet"
    }
    assert signals == {("udp", "5060"), ("tcp", "5060"), ("tcp", "5061")}


@pytest.mark.acceptance("CG-10")
def test_a_server_with_both_ip_versions_gets_media_by_both() -> None:
    net = Network().site("hq", "192.0.2.0/24", "2001:db8:1::/64")
    net.host(
        "fax", "hq", ["192.0.2.10", "2001:db8:1::10"], offers=[{"service": "communigate", **NEEDED["communigate"]}]
    )
    net.host("four", "hq", "192.0.2.21", uses=[{"service": "communigate", "server": "fax"}])
    net.host("six", "hq", "2001:db8:1::21", uses=[{"service": "communigate", "server": "fax"}])
    made = net.made()
    for way, version in (("four>fax", 4), ("six>fax/6", 6)):
        flow = made.flow(f"communigate.media_udp/{way}")
        assert (flow["version"], flow["ports"]) == (version, "60000-60099")


@pytest.mark.acceptance("CG-11")
def test_passive_ftp_takes_the_media_tcp_ports() -> None:
    made = office("communigate", media_tcp="62000-62009").made()
    assert made.flow("communigate.ftp_data/uk-pc>fax")["ports"] == "62000-62009"
    assert made.flow("communigate.ftp/uk-pc>fax")["ports"] == "8021"


@pytest.mark.acceptance("CG-11")
def test_ftps_data_ports_go_with_ftp() -> None:
    only = ["ftp"]
    assert opened(office("communigate", exchanges=only).made()) == {
        "tcp 8021",
        "tcp 61000-61099",
    }
    off = {"ftp": False, "media_tcp": False}
    assert "tcp 61000-61099" not in opened(office("communigate", {"exchanges": off}).made())


def test_media_ports_that_no_document_tells_have_to_be_said() -> None:
    net = office("communigate")
    for setting in NEEDED["communigate"]:
        del net.hosts["fax"]["faxnet_offers"][0][setting]
    found = {finding.variable for finding in net.findings()}
    assert found == {"faxnet_offers[0].media_tcp", "faxnet_offers[0].media_udp"}


def test_a_mail_server_without_calls_needs_no_media_ports() -> None:
    net = office("communigate", exchanges=["smtp", "imap"])
    for setting in NEEDED["communigate"]:
        del net.hosts["fax"]["faxnet_offers"][0][setting]
    assert opened(net.made()) == {"tcp 25", "tcp 143"}


def test_dns_goes_to_the_servers_of_the_list_by_udp_and_tcp() -> None:
    made = office("communigate", dns_servers=["192.0.2.53"]).made()
    assert opened(made, "fax", "192.0.2.53") == {"udp 53", "tcp 53"}
    assert not [flow for flow in office("communigate").made().document["flows"] if ".dns_" in flow["id"]]
