# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running CommuniGate Pro server listens on, as an offer: asked of the emulator, and planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.faxnet.deploy.plugins.filter.communigate_offer import FilterModule
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.facts import gathered, module_listeners
from tests.emulators.communigate.data_format import values
from tests.unit.communigate.world import PWD_PORT, Emulated
from tests.unit.networks import Network

offer: Any = FilterModule().filters()["communigate_offer"]
FRESH = Path(__file__).parents[2] / "communigate" / "fresh_install.settings"
KEYS = {"media_udp": "UDPPorts", "media_tcp": "TCPPorts"}


def told(**modules: Any) -> dict[str, Any]:
    """A result of the module, for modules that are named with their settings."""
    return {"listeners": {name: module_listeners(settings) for name, settings in modules.items()}, "settings": {}}


def fresh() -> dict[str, Any]:
    """A result of the module for a fresh installation."""
    (settings,) = values(FRESH.read_text(encoding="utf-8"))
    result = told(**settings["Modules"])
    result["settings"] = {"media": settings["MediaServer"], "resolver": settings["DNRSettings"]}
    return result


@pytest.mark.acceptance("CG-08")
def test_all_listeners_of_a_fresh_installation_are_offered_or_named() -> None:
    made = offer(fresh(), KEYS)
    assert made["offer"] == {
        "service": "communigate",
        "exchanges": [
            "smtp", "pop", "imap", "imaps", "sip_udp", "sip_tcp", "sips", "stun", "stun_tls", "media_udp", "media_tcp",
            "ftp", "xmpp", "xmpp_server", "ximss", "web_user", "web_user_tls", "smtp_out",
        ],
        "media_udp": "60000-60999",
        "media_tcp": "60000-60999",
    }  # fmt: skip
    left = {item["text"]: item["reason"] for item in made["left_out"]}
    assert set(left) == {
        "ACAP 674/tcp", "HTTPA 8010/tcp", "HTTPA 9010/tcp", "LDAP 389/tcp", "LDAP 636/tcp", "PWD 106/tcp",
        "STUN 3478/tcp",
    }  # fmt: skip
    assert left["PWD 106/tcp"] == "PWD and CLI is for administrators or trusted networks alone"
    assert left["STUN 3478/tcp"].startswith("the catalogue's profile communigate has no exchange for it")


def test_what_administrators_need_is_offered_when_that_is_asked_for() -> None:
    made = offer(fresh(), administration=True)
    assert {"pwd", "ldap", "ldaps", "acap", "web_admin", "web_admin_tls"} <= set(made["offer"]["exchanges"])
    assert [item["text"] for item in made["left_out"]] == ["STUN 3478/tcp"]


def test_the_offer_can_be_planned_as_it_is() -> None:
    made = offer(fresh(), KEYS, True)["offer"]
    network = (
        Network()
        .site("office", "10.0.1.0/24", gateway="router", public="77.77.77.77")
        .host("cgate", "office", "10.0.1.12", offers=[{**made, "public": True}])
    )
    assert {(flow["exchange"], flow["ports"]) for flow in network.made().document["flows"]} >= {
        ("smtp", "25"),
        ("imaps", "993"),
        ("media_udp", "60000-60999"),
        ("smtp_out", "25"),
    }


@pytest.mark.acceptance("CG-08")
def test_a_server_is_asked_over_its_own_interface(tmp_path: Path) -> None:
    def at(port: int) -> list[dict[str, Any]]:
        return [{"Port": port, "LocalIP": server.host}]

    server = Emulated(tmp_path)
    server.first["Modules"].update(
        SMTP={"Listener": [*at(10025), *at(10587)]}, SIP={"UDPListener": at(15060), "Listener": at(15060)}
    )
    server.first["MediaServer"] = {"UDPPorts": "60000-60099", "TCPPorts": ""}
    with server, server.session() as session:
        info = gathered(session, ["media"], ["SMTP", "SIP", "PWD"], [])
    made = offer(info, KEYS, True)
    assert made["offer"] == {
        "service": "communigate",
        "exchanges": ["smtp", "sip_udp", "sip_tcp", "media_udp", "pwd", "smtp_out"],
        "smtp_port": 10025,
        "sip_port": 15060,
        "pwd_port": PWD_PORT,
        "media_udp": "60000-60099",
    }
    assert [(item["text"], item["reason"]) for item in made["left_out"]] == [
        ("SMTP 10587/tcp", "an offer has one smtp_port, and that is 10025 already")
    ]


@pytest.mark.parametrize(
    ("modules", "exchanges", "ports", "left"),
    [
        ({"SMTP": {"Listener": {"Port": 2525}}}, ["smtp", "smtp_out"], {"smtp_port": 2525}, []),
        ({"SMTP": {"Listener": [{"Port": 25}, {"Port": 587}, {"Port": 465}]}},
         ["smtp", "submission", "smtps", "smtp_out"], {}, []),
        # The server's own word for TLS, whatever the port.
        ({"POP": {"Listener": [{"Port": 110}, {"Port": 1995, "InitTLS": "YES"}]}},
         ["pop", "pops"], {"pops_port": 1995}, []),
        ({"POP": {"Listener": [{"Port": 995, "InitTLS": "NO"}]}}, ["pop"], {"pop_port": 995}, []),
        ({"SIP": {"UDPListener": [{"Port": 5070}], "Listener": [{"Port": 5060}]}}, ["sip_tcp"], {}, ["SIP 5070/udp"]),
        ({"XMPP": {"Listener": [{"Port": 5269}, {"Port": 5222}, {"Port": 5223}]}},
         ["xmpp", "xmpps", "xmpp_server"], {}, []),
        ({"RADIUS": {"UDPListener": [{"Port": 1812}]}}, [], {}, ["RADIUS 1812/udp"]),
        ({"imap": {"Listener": [{"Port": 143}, {"Port": 0}, {"Port": "none"}]}}, ["imap"], {}, []),
    ],
)  # fmt: skip
def test_listeners_find_their_exchanges(
    modules: dict[str, Any], exchanges: list[str], ports: dict[str, int], left: list[str]
) -> None:
    made = offer(told(**modules))
    assert made["offer"] == {"service": "communigate", "exchanges": exchanges, **ports}
    assert [item["text"] for item in made["left_out"]] == left


def test_dns_servers_and_their_exchange_come_from_the_resolver() -> None:
    info = {"listeners": {}, "settings": {"resolver": {"Servers": "192.0.2.53, [2001:db8::53]"}}}
    assert offer(info, {"dns_servers": "Servers"})["offer"] == {
        "service": "communigate",
        "exchanges": ["dns_udp"],
        "dns_servers": ["192.0.2.53", "2001:db8::53"],
    }


@pytest.mark.parametrize(
    ("info", "keys", "message"),
    [
        (None, None, "'None' holds no listeners; register the result of faxnet.deploy.communigate_network_info"),
        ({"lists": {}}, None, "holds no listeners; register the result"),
        ({"listeners": {"SMTP": 5}}, None, "'5' is no list of listeners of SMTP; pass the module's result as it is"),
        ({"listeners": {"a\x07": 5}}, None, r"'5' is no list of listeners of a\x07; pass"),
        ({"listeners": {"SMTP": ["x"]}}, None, "'x' is no listener of SMTP; pass the module's result as it is"),
        ({"listeners": {}}, {"wan": "x"}, "does not name settings; use a dictionary with: media_udp, media_tcp, dns_"),
        ({"listeners": {}}, {"media_udp": "UDP"}, "the server's media settings hold no 'UDP'; read them with"),
        ({"listeners": {}, "settings": {"media": {}}}, {"media_udp": ["x"]}, "the server's media settings hold no"),
        ({"listeners": {}, "settings": {"media": {"U": "5-x"}}}, {"media_udp": "U"}, "U cannot be read as a range"),
        (
            {"listeners": {}, "settings": {"resolver": {"S": "x"}}},
            {"dns_servers": "S"},
            "S cannot be read as addresses",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(info: object, keys: object, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        offer(info, keys)
    assert str(caught.value).startswith("communigate_offer: ")
    assert message in str(caught.value)
