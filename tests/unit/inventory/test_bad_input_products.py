# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad values in what is said of the products: exchanges, public offers, protocols, ports, ranges and addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.inventory.mistakes import Mistake
from tests.unit.inventory.products import ALERT, PRODUCTS, products, profile_of_its_own
from tests.unit.networks import Network

MEDIA = {"media_udp": "60000-60099", "media_tcp": "60000-60099"}


def _offer(name: str, number: int, service: str, **offer: Any) -> Callable[[Network], object]:
    """A server of its own, reached without NAT."""
    return lambda net: net.offers(name, "outside", f"192.0.2.{number}", service, **offer)


def _use(name: str, number: int, service: str, server: str, **use: Any) -> Callable[[Network], object]:
    """A client of its own, beside the servers."""
    return lambda net: net.uses(name, "main", f"10.1.0.{number}", service, server, **use)


def _unreachable(net: Network) -> None:
    net.site("cellar", "10.9.0.0/24", gateway="cellar-router", realm="cellar")
    net.offers("cellar-mail", "cellar", "10.9.0.10", "kerio_connect", exchanges=["smtp"], public=True)


def _two_public(net: Network) -> None:
    net.site("plant", "10.5.0.0/24", gateway="plant-router", public="198.51.100.50")
    net.offers("plant-mail", "plant", "10.5.0.10", "communigate", exchanges=["smtp"], public=True)
    net.offers("plant-post", "plant", "10.5.0.11", "kerio_connect", exchanges=["smtp"], public=True)


def _no_ride(net: Network) -> None:
    profile_of_its_own("walker", lambda profile: profile["exchanges"][ALERT].pop("rides_on"))(net)
    net.offers("walking", "outside", "192.0.2.90", "walker")
    net.uses("walked", "away", "10.2.0.90", "walker", "walking")


def _no_request(net: Network) -> None:
    net.site("loft", "10.6.0.0/24", gateway="loft-router", public="198.51.100.60")
    net.uses("waiter", "loft", "10.6.0.10", "faxpress", "press", exchanges=["alert"])


MISTAKES = {
    # exchanges
    "exchange that the product has not, in a list": Mistake(
        _offer("lister", 10, "communigate", exchanges=["smtp", "imup"]),
        "FXN102", "lister", "faxnet_offers[0].exchanges[1]", "imup", "imap",
    ),
    "exchange that the product has not, in a mapping": Mistake(
        _use("mapper", 101, "faxpress", "press", exchanges={"pager": False}),
        "FXN102", "mapper", "faxnet_uses[0].exchanges.pager", "False", "alert, request",
    ),
    "part of an exchange, switched by itself": Mistake(
        _offer("parter", 11, "communigate", exchanges=["smtp", "dns_tcp"]),
        "FXN102", "parter", "faxnet_offers[0].exchanges[1]", "dns_tcp", "dns_udp",
    ),
    "switch that is neither true nor false": Mistake(
        _use("switcher", 102, "faxpress", "press", exchanges={"alert": "never"}),
        "FXN101", "switcher", "faxnet_uses[0].exchanges.alert", "never", "true or false",
    ),
    "no exchange at all": Mistake(
        _offer("empty", 12, "communigate", exchanges=[]),
        "FXN103", "empty", "faxnet_offers[0].exchanges", "[]", "enabled: false",
    ),
    "text where exchanges belong": Mistake(
        _offer("texter", 13, "kerio_connect", exchanges="smtp"),
        "FXN101", "texter", "faxnet_offers[0].exchanges", "smtp", "write",
    ),
    "exchange that the server does not run": Mistake(
        _use("hoper", 103, "communigate", "mail", exchanges=["imap", "ldap"]),
        "FXN214", "hoper", "faxnet_uses[0].exchanges", "ldap", "faxnet_offers of mail",
    ),
    # public
    "public that is neither true nor false": Mistake(
        _offer("shop", 14, "kerio_connect", exchanges=["smtp"], public="yes, please"),
        "FXN101", "shop", "faxnet_offers[0].public", "yes, please", "true or false",
    ),
    "public with nothing for the public": Mistake(
        _offer("attic", 15, "kerio_connect", exchanges=["web_admin"], public=True),
        "FXN215", "attic", "faxnet_offers[0].public", "True", "omit 'public'",
    ),
    "public where nobody gets in": Mistake(
        _unreachable, "FXN401", "cellar-mail", "faxnet_sites.cellar.public_address", "not set", "omit 'public'",
    ),
    "two public services on one port of one address": Mistake(
        _two_public, "FXN404", "plant-post", "faxnet_offers", "25/tcp", "another port",
    ),
    # protocol
    "IPX at a server": Mistake(
        _offer("old-press", 16, "faxpress", protocol="ipx"),
        "FXN211", "old-press", "faxnet_offers[0].protocol", "ipx", "TCP/IP",
    ),
    "IPX at a client": Mistake(
        _use("old-pc", 104, "faxpress", "press", protocol="ipx/spx"),
        "FXN211", "old-pc", "faxnet_uses[0].protocol", "ipx/spx", "TCP/IP",
    ),
    # settings
    "port that is none": Mistake(
        _offer("worder", 17, "faxpress", port="0x1224"),
        "FXN204", "worder", "faxnet_offers[0].port", "0x1224", "from 1 to 65535",
    ),
    "port above all ports": Mistake(
        _offer("jumper", 18, "kerio_control", version="console", application_port=70000),
        "FXN204", "jumper", "faxnet_offers[0].application_port", "70000", "from 1 to 65535",
    ),
    "port of another service": Mistake(
        _offer("squatter", 19, "kerio_control", version="console", application_port=443),
        "FXN205", "squatter", "faxnet_offers[0].application_port", "443", "44333",
    ),
    "setting that the product has not": Mistake(
        _offer("speller", 20, "kerio_control", version="console", aplication_port=44334),
        "FXN102", "speller", "faxnet_offers[0].aplication_port", "44334", "application_port",
    ),
    "range that no document states, not said": Mistake(
        _offer("sayer", 21, "communigate", exchanges=["media_udp"]),
        "FXN103", "sayer", "faxnet_offers[0].media_udp", "not set", "switch media_udp off",
    ),
    "range reversed": Mistake(
        _offer("turner", 22, "communigate", **{**MEDIA, "media_udp": "60099-60000"}),
        "FXN204", "turner", "faxnet_offers[0].media_udp", "60099-60000", "swap",
    ),
    "range with one end": Mistake(
        _offer("ender", 23, "communigate", **{**MEDIA, "media_tcp": {"low": 60000}}),
        "FXN103", "ender", "faxnet_offers[0].media_tcp", "{'low': 60000}", "both ends",
    ),
    "range to above all ports": Mistake(
        _offer("reacher", 24, "communigate", **{**MEDIA, "media_tcp": "60000-65536"}),
        "FXN204", "reacher", "faxnet_offers[0].media_tcp.high", "65536", "from 1 to 65535",
    ),
    "range over a well-known port": Mistake(
        _offer("roller", 25, "gateway", media="3300-3400"),
        "FXN205", "roller", "faxnet_offers[0].media", "3300-3400", "20000-20099",
    ),
    "address that is none": Mistake(
        _offer("asker", 26, "communigate", exchanges=["dns_udp"], dns_servers=["192.0.2.53", "192.0.2.530"]),
        "FXN105", "asker", "faxnet_offers[0].dns_servers[1]", "192.0.2.530", "an address such as",
    ),
    "text where addresses belong": Mistake(
        _offer("joiner", 27, "communigate", exchanges=["dns_udp"], dns_servers="192.0.2.53, 192.0.2.54"),
        "FXN101", "joiner", "faxnet_offers[0].dns_servers", "192.0.2.53, 192.0.2.54", "after a hyphen",
    ),
    "word where a range belongs": Mistake(
        _offer("chatter", 30, "communigate", **{**MEDIA, "media_udp": "many"}),
        "FXN204", "chatter", "faxnet_offers[0].media_udp", "many", "write",
    ),
    "one of several ranges reversed": Mistake(
        _offer("doubler", 31, "communigate", **{**MEDIA, "media_tcp": ["60000-60009", "60029-60020"]}),
        "FXN204", "doubler", "faxnet_offers[0].media_tcp[1]", "60029-60020", "swap",
    ),
    "address that no host has": Mistake(
        _offer("shouter", 32, "communigate", exchanges=["dns_udp"], dns_servers=["255.255.255.255"]),
        "FXN105", "shouter", "faxnet_offers[0].dns_servers[0]", "255.255.255.255", "one host",
    ),
    "address that nothing leads to": Mistake(
        _offer("seeker", 33, "communigate", exchanges=["dns_udp"], dns_servers=["10.77.0.53"]),
        "FXN408", "seeker", "faxnet_offers[0].dns_servers[0]", "10.77.0.53", "can reach",
    ),
    "address behind another site's NAT": Mistake(
        _offer("prober", 34, "communigate", exchanges=["dns_udp"], dns_servers=["192.0.2.53", "10.2.0.21"]),
        "FXN408", "prober", "faxnet_offers[0].dns_servers[1]", "10.2.0.21", "can reach",
    ),
    "address of an IP version that the server has not": Mistake(
        _offer("older", 35, "communigate", exchanges=["dns_udp"], dns_servers=["2001:db8::53"]),
        "FXN408", "older", "faxnet_offers[0].dns_servers[0]", "2001:db8::53", "can reach",
    ),
    "two exchanges on one port": Mistake(
        _offer("merger", 36, "kerio_connect", exchanges=["smtp", "imap"], imap_port=25),
        "FXN210", "merger", "faxnet_offers[0].imap_port", "25", "another port",
    ),
    "alerts through NAT without the requests that carry them": Mistake(
        _no_request,
        "FXN407", "waiter", "faxnet_uses[0].exchanges.alert", "on", "alert: false",
    ),
    "two services on one port": Mistake(
        lambda net: net.host("both", "outside", "192.0.2.28", offers=[
            {"service": "communigate", "exchanges": ["imap"]}, {"service": "kerio_connect", "exchanges": ["imap"]},
        ]),
        "FXN210", "both", "faxnet_offers[1]", "143", "another port",
    ),
    "call-backs of a product that calls nobody back": Mistake(
        _use("calling", 105, "faxpress", "press", callback={"low": 20000, "high": 20099}),
        "FXN313", "calling", "faxnet_uses[0].callback", "{'low': 20000, 'high': 20099}", "omit",
    ),
    "range for call-backs of a product that calls nobody back": Mistake(
        _offer("called", 29, "faxpress", callback_range="20000-20099"),
        "FXN313", "called", "faxnet_offers[0].callback_range", "20000-20099", "omit",
    ),
    "alerts to a port that nobody knows, through NAT, with nothing to ride on": Mistake(
        _no_ride, "FXN407", "walked", "faxnet_uses[0].exchanges.alert", "on", "alert: false",
    ),
}  # fmt: skip


def test_the_inventory_that_the_mistakes_are_made_in_is_sound() -> None:
    assert PRODUCTS.told(products()) == []
    made = products().made()
    assert {flow["service"] for flow in made.document["flows"]} == {"faxpress", "communigate", "gateway"}


@pytest.mark.acceptance("FP-05", "NR-16")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gives_one_finding_at_its_place(mistake: Mistake) -> None:
    PRODUCTS.check(mistake)


def test_all_mistakes_in_one_run_give_all_findings_and_nothing_else() -> None:
    PRODUCTS.check_all(MISTAKES.values())


@pytest.mark.parametrize("exchanges", [["smpt", "imap"], [], "smtp", {"smtp": "yes"}], ids=str)
def test_a_servers_mistake_is_not_told_again_at_its_clients(exchanges: object) -> None:
    net = products()
    net.offers("post", "main", "10.1.0.40", "communigate", exchanges=exchanges)
    net.uses("writer", "away", "10.2.0.92", "communigate", "post", exchanges=["smtp"])
    assert [item.host for item in PRODUCTS.told(net)] == ["post"]


@pytest.mark.parametrize(
    "change",
    [
        _use("spelling", 110, "faxpress", "press", protocol="TCP/IP"),
        _offer("own-dns", 60, "communigate", exchanges=["dns_udp"], dns_servers=["127.0.0.1", "::1"]),
        _offer("ends", 61, "communigate", exchanges=["media_udp"], media_udp={"low": 60000, "high": "60099"}),
        _offer("one", 62, "communigate", exchanges=["media_udp"], media_udp=60000),
        _offer("none", 63, "communigate", exchanges=["imap"], dns_servers=[]),
        _use("repeated", 112, "faxpress", "press", exchanges=["request", "request"]),
    ],
    ids=["TCP/IP", "loopback", "both ends", "one port", "no address", "named twice"],
)
def test_what_is_meant_well_is_no_mistake(change: Callable[[Network], object]) -> None:
    net = products()
    change(net)
    assert PRODUCTS.told(net) == []


@pytest.mark.acceptance("CG-13")
def test_a_resolver_of_the_servers_own_host_needs_no_rule() -> None:
    def asked(*resolvers: str) -> list[str]:
        net = products()
        _offer("own-dns", 60, "communigate", exchanges=["dns_udp"], dns_servers=list(resolvers))(net)
        return [flow["dial"] for flow in net.made().document["flows"] if flow["source"] == "own-dns"]

    assert asked("127.0.0.1", "::1", "192.0.2.60") == []
    assert set(asked("127.0.0.1", "192.0.2.61")) == {"192.0.2.61"}
