# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad values for what the products brought: exchanges, public offers, ranges, addresses, and keys of profiles."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.findings import Finding, errors

from .networks import Network

MEDIA = {"media_udp": "60000-60099", "media_tcp": "60000-60099"}

#: A sound profile with every key that an exchange can have; each mistake is made in a copy of its own.
PROFILE: dict[str, Any] = {
    "title": "Gateway",
    "client_system": "linux",
    "mapped_ipv4": True,
    "settings": {
        "control_port": {"title": "Control", "default": 9220},
        "media": {"title": "Media", "kind": "ports", "default": "20000-20099"},
        "resolvers": {"title": "Resolvers", "kind": "addresses", "default": ["192.0.2.53"]},
    },
    "broadcast": {"response": "answer", "near_instruction": "It is found.", "far_instruction": "Enter {dial}."},
    "exchanges": [
        {
            "name": "control",
            "initiator": "client",
            "transport": "udp",
            "ports": "control_port",
            "kind": "request",
            "idle": 300,
            "with": "everyone",
            "purpose": "asks",
        },
        {
            "name": "answer",
            "initiator": "server",
            "transport": "udp",
            "source_ports": "control_port",
            "ports": "any",
            "part_of": "control",
            "only": "one_network",
            "purpose": "answers",
        },
        {
            "name": "alert",
            "initiator": "server",
            "transport": "udp",
            "source_ports": "control_port",
            "ports": "any",
            "kind": "alert",
            "rides_on": "control",
            "idle": 600,
            "optional": True,
            "purpose": "alerts",
        },
        {"name": "files", "initiator": "client", "transport": "tcp", "ports": 9221, "helper": "ftp", "purpose": "f"},
        {"name": "media", "initiator": "client", "transport": "udp", "ports": "media", "purpose": "sounds"},
        {
            "name": "names",
            "initiator": "server",
            "transport": "udp",
            "ports": 53,
            "with": "resolvers",
            "default": False,
            "purpose": "asks for names",
        },
    ],
    "instructions": ["{broadcast_instruction}"],
    "sources": [{"document": "test"}],
}
CONTROL, ANSWER, ALERT, FILES, NAMES = 0, 1, 2, 3, 5


class Mistake(NamedTuple):
    """One mistake, made on hosts, sites and profiles of its own, and the finding that it gives."""

    make: Callable[[Network], object]
    code: str
    host: str
    variable: str
    value: str
    cure: str


def products() -> Network:
    """An office with a FaxPress, a mail server and a gateway behind NAT, their clients there and in another office."""
    return (
        Network(services={"gateway": copy.deepcopy(PROFILE)})
        .site("main", "10.1.0.0/24", gateway="router", public="198.51.100.10")
        .site("away", "10.2.0.0/24", gateway="away-router", public="203.0.113.20")
        .site("outside", "192.0.2.0/24")
        .offers("press", "main", "10.1.0.10", "faxpress", platform="unmanaged")
        .offers("mail", "main", "10.1.0.12", "communigate", exchanges=["imap", "sip_udp"])
        .offers("gateway", "main", "10.1.0.13", "gateway")
        .uses("pc", "main", "10.1.0.21", "faxpress", "press")
        .uses("reader", "away", "10.2.0.21", "communigate", "mail", exchanges=["imap"])
        .uses("caller", "away", "10.2.0.22", "gateway", "gateway", exchanges={"alert": False})
    )


def _offer(name: str, number: int, service: str, **offer: Any) -> Callable[[Network], object]:
    """A server of its own, reached without NAT."""
    return lambda net: net.offers(name, "outside", f"192.0.2.{number}", service, **offer)


def _use(name: str, number: int, service: str, server: str, **use: Any) -> Callable[[Network], object]:
    """A client of its own, beside the servers."""
    return lambda net: net.uses(name, "main", f"10.1.0.{number}", service, server, **use)


def _profile(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Network], object]:
    """A profile of its own, with something changed."""

    def make(net: Network) -> None:
        profile = copy.deepcopy(PROFILE)
        change(profile)
        net.services[name] = profile

    return make


def _exchange(name: str, index: int, **keys: Any) -> Callable[[Network], object]:
    """A profile of its own, with keys of one exchange changed (`with_` is `with`)."""
    return _profile(
        name, lambda profile: profile["exchanges"][index].update({key.rstrip("_"): keys[key] for key in keys})
    )


def _exchange_without(name: str, index: int, key: str) -> Callable[[Network], object]:
    return _profile(name, lambda profile: profile["exchanges"][index].pop(key))


def _unreachable(net: Network) -> None:
    net.site("cellar", "10.9.0.0/24", gateway="cellar-router", realm="cellar")
    net.offers("cellar-mail", "cellar", "10.9.0.10", "kerio_connect", exchanges=["smtp"], public=True)


def _two_public(net: Network) -> None:
    net.site("plant", "10.5.0.0/24", gateway="plant-router", public="198.51.100.50")
    net.offers("plant-mail", "plant", "10.5.0.10", "communigate", exchanges=["smtp"], public=True)
    net.offers("plant-post", "plant", "10.5.0.11", "kerio_connect", exchanges=["smtp"], public=True)


def _no_ride(net: Network) -> None:
    _profile("walker", lambda profile: profile["exchanges"][ALERT].pop("rides_on"))(net)
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
        "FXN215", "attic", "faxnet_offers[0].public", "True", "leave 'public' away",
    ),
    "public where nobody gets in": Mistake(
        _unreachable, "FXN401", "cellar-mail", "faxnet_sites.cellar.public_address", "not set", "leave 'public' away",
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
        _offer("jumper", 18, "kerio_control", application_port=70000),
        "FXN204", "jumper", "faxnet_offers[0].application_port", "70000", "from 1 to 65535",
    ),
    "port of another service": Mistake(
        _offer("squatter", 19, "kerio_control", application_port=443),
        "FXN205", "squatter", "faxnet_offers[0].application_port", "443", "44333",
    ),
    "setting that the product has not": Mistake(
        _offer("speller", 20, "kerio_control", aplication_port=44334),
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
    "two ranges where one belongs": Mistake(
        _offer("doubler", 31, "communigate", **{**MEDIA, "media_tcp": ["60000-60009", "60020-60029"]}),
        "FXN204", "doubler", "faxnet_offers[0].media_tcp", "['60000-60009', '60020-60029']", "write",
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
        "FXN313", "calling", "faxnet_uses[0].callback", "{'low': 20000, 'high': 20099}", "leave",
    ),
    "range for call-backs of a product that calls nobody back": Mistake(
        _offer("called", 29, "faxpress", callback_range="20000-20099"),
        "FXN313", "called", "faxnet_offers[0].callback_range", "20000-20099", "leave",
    ),
    "alerts to a port that nobody knows, through NAT, with nothing to ride on": Mistake(
        _no_ride, "FXN407", "walked", "faxnet_uses[0].exchanges.alert", "on", "alert: false",
    ),
    # keys of a profile
    "idle: none at all": Mistake(
        _exchange("p-idle", CONTROL, idle=0),
        "FXN209", "", "faxnet_services.p-idle.exchanges[0].idle", "0", "number",
    ),
    "idle: a time with its unit": Mistake(
        _exchange("p-unit", CONTROL, idle="5 min"),
        "FXN209", "", "faxnet_services.p-unit.exchanges[0].idle", "5 min", "number",
    ),
    "idle: longer than a kernel can count": Mistake(
        _exchange("p-long", CONTROL, idle=2147484),
        "FXN209", "", "faxnet_services.p-long.exchanges[0].idle", "2147484", "shorter",
    ),
    "helper for TCP, by UDP": Mistake(
        _exchange("p-udp", CONTROL, helper="ftp"),
        "FXN209", "", "faxnet_services.p-udp.exchanges[0].helper", "ftp", "leave it away",
    ),
    "helper that the kernel has and the collection does not set": Mistake(
        _exchange("p-helper", FILES, helper="sip"),
        "FXN209", "", "faxnet_services.p-helper.exchanges[3].helper", "sip", "ftp",
    ),
    "source_ports that everybody may choose": Mistake(
        _exchange("p-any", ALERT, source_ports="any"),
        "FXN209", "", "faxnet_services.p-any.exchanges[2].source_ports", "any", "from 1 to 65535",
    ),
    "source_ports: addresses": Mistake(
        _exchange("p-from", ALERT, source_ports="resolvers"),
        "FXN209", "", "faxnet_services.p-from.exchanges[2].source_ports", "resolvers", "holds ports",
    ),
    "ports: addresses": Mistake(
        _exchange("p-ports", FILES, ports="resolvers"),
        "FXN209", "", "faxnet_services.p-ports.exchanges[3].ports", "resolvers", "holds ports",
    ),
    "part_of nothing": Mistake(
        _exchange("p-part", ANSWER, part_of="question"),
        "FXN209", "", "faxnet_services.p-part.exchanges[1].part_of", "question", "control, alert",
    ),
    "part_of itself": Mistake(
        _exchange("p-self", ANSWER, part_of="answer"),
        "FXN209", "", "faxnet_services.p-self.exchanges[1].part_of", "answer", "control, alert",
    ),
    "part_of a part": Mistake(
        _exchange("p-parts", FILES, part_of="answer"),
        "FXN209", "", "faxnet_services.p-parts.exchanges[3].part_of", "answer", "control, alert",
    ),
    "rides_on what the server starts": Mistake(
        _exchange("p-ride", ALERT, rides_on="names"),
        "FXN209", "", "faxnet_services.p-ride.exchanges[2].rides_on", "names", "the client starts",
    ),
    "rides_on what only the Internet sends": Mistake(
        _exchange("p-far2", CONTROL, with_="internet"),
        "FXN209", "", "faxnet_services.p-far2.exchanges[2].rides_on", "control", "the client starts",
    ),
    "rides_on what passes no NAT": Mistake(
        _exchange("p-near", CONTROL, only="one_network"),
        "FXN209", "", "faxnet_services.p-near.exchanges[2].rides_on", "control", "the client starts",
    ),
    "rides_on another transport": Mistake(
        _exchange("p-tcp", ALERT, rides_on="files"),
        "FXN209", "", "faxnet_services.p-tcp.exchanges[2].rides_on", "files", "by udp",
    ),
    "rides_on without idle": Mistake(
        _exchange_without("p-short", ALERT, "idle"),
        "FXN209", "", "faxnet_services.p-short.exchanges[2].rides_on", "control", "set 'idle'",
    ),
    "rides_on to a known port": Mistake(
        _exchange("p-known", ALERT, ports=9222),
        "FXN209", "", "faxnet_services.p-known.exchanges[2].rides_on", "control", "the client starts",
    ),
    "with nobody that there is": Mistake(
        _exchange("p-with", NAMES, with_="world"),
        "FXN209", "", "faxnet_services.p-with.exchanges[5].with", "world", "everyone, resolvers",
    ),
    "with a setting of another kind": Mistake(
        _exchange("p-kind", NAMES, with_="media"),
        "FXN209", "", "faxnet_services.p-kind.exchanges[5].with", "media", "everyone, resolvers",
    ),
    "with addresses that a client would talk to": Mistake(
        _exchange("p-whom", FILES, with_="resolvers"),
        "FXN209", "", "faxnet_services.p-whom.exchanges[3].with", "resolvers", "let the server start it",
    ),
    "only in a place that is none": Mistake(
        _exchange("p-only", ANSWER, only="one_site"),
        "FXN209", "", "faxnet_services.p-only.exchanges[1].only", "one_site", "one_network",
    ),
    "kind that is none": Mistake(
        _exchange("p-sort", CONTROL, kind="question"),
        "FXN209", "", "faxnet_services.p-sort.exchanges[0].kind", "question", "request",
    ),
    "default that is neither true nor false": Mistake(
        _exchange("p-default", NAMES, default="off, mostly"),
        "FXN209", "", "faxnet_services.p-default.exchanges[5].default", "off, mostly", "true or false",
    ),
    "broadcast that nothing answers": Mistake(
        _profile("p-shout", lambda profile: profile["broadcast"].update(response="alert")),
        "FXN209", "", "faxnet_services.p-shout.broadcast.response", "alert", "answer",
    ),
    "broadcast with an instruction that cannot be filled in": Mistake(
        _profile("p-far", lambda profile: profile["broadcast"].update(far_instruction="Enter {adress}.")),
        "FXN209", "", "faxnet_services.p-far.broadcast.far_instruction", "Enter {adress}.", "dial",
    ),
    "broadcast instruction without a broadcast": Mistake(
        _profile("p-mute", lambda profile: profile.pop("broadcast")),
        "FXN209", "", "faxnet_services.p-mute.instructions[0]", "{broadcast_instruction}", "dial",
    ),
    "mapped_ipv4 that is neither true nor false": Mistake(
        _profile("p-mapped", lambda profile: profile.update(mapped_ipv4="by_default")),
        "FXN209", "", "faxnet_services.p-mapped.mapped_ipv4", "by_default", "true or false",
    ),
    "setting of a kind that is none": Mistake(
        _profile("p-range", lambda profile: profile["settings"]["media"].update(kind="range")),
        "FXN209", "", "faxnet_services.p-range.settings.media.kind", "range", "port, ports, addresses",
    ),
    "setting's range reversed": Mistake(
        _profile("p-back", lambda profile: profile["settings"]["media"].update(default="20099-20000")),
        "FXN209", "", "faxnet_services.p-back.settings.media.default", "20099-20000", "range",
    ),
    "setting's addresses as a text": Mistake(
        _profile("p-addr", lambda profile: profile["settings"]["resolvers"].update(default="192.0.2.53")),
        "FXN209", "", "faxnet_services.p-addr.settings.resolvers.default", "192.0.2.53", "list",
    ),
    "setting with a name that means something else": Mistake(
        _profile("p-word", lambda profile: profile["settings"].update(internet={"default": 9230})),
        "FXN209", "", "faxnet_services.p-word.settings.internet", "internet", "another name",
    ),
    "setting well known to whom": Mistake(
        _profile("p-known2", lambda profile: profile["settings"]["media"].update(well_known="IANA")),
        "FXN209", "", "faxnet_services.p-known2.settings.media.well_known", "IANA", "true or false",
    ),
    "key with a typing error": Mistake(
        _exchange("p-typo", CONTROL, idel=300),
        "FXN209", "", "faxnet_services.p-typo.exchanges[0].idel", "300", "idle",
    ),
}  # fmt: skip


def told(net: Network) -> list[Finding]:
    """The errors, in the order of the run."""
    return errors(net.findings())


def test_the_inventory_that_the_mistakes_are_made_in_is_sound() -> None:
    assert told(products()) == []
    made = products().made()
    assert {flow["service"] for flow in made.document["flows"]} == {"faxpress", "communigate", "gateway"}


@pytest.mark.acceptance("FP-05", "NR-16")
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gives_one_finding_at_its_place(mistake: Mistake) -> None:
    net = products()
    mistake.make(net)
    (finding,) = told(net)
    assert finding.code == mistake.code, finding.text()
    assert (finding.host, finding.variable, finding.value) == (mistake.host, mistake.variable, mistake.value)
    assert mistake.cure in finding.cure
    assert finding.message
    assert net.planned().plan is None


def test_all_mistakes_in_one_run_give_all_findings_and_nothing_else() -> None:
    net = products()
    for mistake in MISTAKES.values():
        mistake.make(net)
    found = sorted((finding.code, finding.host, finding.variable) for finding in told(net))
    assert found == sorted((mistake.code, mistake.host, mistake.variable) for mistake in MISTAKES.values())


def test_two_mistakes_in_one_profile_are_two_findings_of_one_run() -> None:
    net = products()
    _profile("p-two", lambda profile: profile.update(titel="Gateway") or profile["exchanges"][FILES].update(idle=-1))(
        net
    )
    assert [(item.code, item.variable) for item in told(net)] == [
        ("FXN209", "faxnet_services.p-two.exchanges[3].idle"),
        ("FXN209", "faxnet_services.p-two.titel"),
    ]


@pytest.mark.parametrize("exchanges", [["smpt", "imap"], [], "smtp", {"smtp": "yes"}], ids=str)
def test_a_servers_mistake_is_not_told_again_at_its_clients(exchanges: object) -> None:
    net = products()
    net.offers("post", "main", "10.1.0.40", "communigate", exchanges=exchanges)
    net.uses("writer", "away", "10.2.0.92", "communigate", "post", exchanges=["smtp"])
    assert [item.host for item in told(net)] == ["post"]


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
    assert told(net) == []


@pytest.mark.acceptance("CG-13")
def test_a_resolver_of_the_servers_own_host_needs_no_rule() -> None:
    net = products()
    _offer("own-dns", 60, "communigate", exchanges=["dns_udp"], dns_servers=["127.0.0.1", "::1", "192.0.2.60"])(net)
    assert not [flow for flow in net.made().document["flows"] if flow["source"] == "own-dns"]


def test_every_finding_stays_on_printable_lines() -> None:
    net = products()
    for mistake in MISTAKES.values():
        mistake.make(net)
    for finding in net.findings():
        for part in (finding.variable, finding.value, finding.message, finding.cure):
            assert part.isprintable(), finding
