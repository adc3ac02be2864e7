# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a host ought to listen on, out of its slice."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.filter_input import InputError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.listening_ports import listening_ports


def exchange(name: str, ports: str, **other: str) -> dict[str, str]:
    told = {"service": "mail", "name": name, "title": name.upper(), "ports": ports}
    return {**told, "initiator": "client", "transport": "tcp", **other}


def offer(**other: Any) -> dict[str, Any]:
    return {
        "service": "mail",
        "settings": {"smtp_port": 2525, "media": "60000-60999", "servers": ["192.0.2.53"]},
        "exchanges": ["smtp", "log", "media", "alert", "plain"],
        "enabled": True,
        **other,
    }


EXCHANGES = [
    exchange("smtp", "smtp_port"),
    exchange("log", "smtp_port", transport="udp"),
    exchange("imap", "143"),
    exchange("media", "media", transport="udp"),
    exchange("alert", "2526", initiator="server"),
    exchange("plain", "8080"),
    exchange("plain", "9090", service="other"),
]


def ports(*offers: dict[str, Any], service: str | None = None) -> list[tuple[str, str, int]]:
    part = {"offers": list(offers), "exchanges": EXCHANGES}
    return [(each["name"], each["transport"], each["port"]) for each in listening_ports(part, service)]


def test_a_port_is_the_server_s_own_setting_or_the_profile_s_number() -> None:
    assert ports(offer()) == [("SMTP", "tcp", 2525), ("LOG", "udp", 2525), ("PLAIN", "tcp", 8080)]


def test_an_exchange_that_the_server_does_not_run_is_no_port_to_listen_on() -> None:
    assert ports(offer(exchanges=["imap"])) == [("IMAP", "tcp", 143)]


def test_a_port_that_two_exchanges_share_is_listed_once() -> None:
    assert ports(offer(exchanges=["plain"]), offer(service="other", exchanges=["plain"], settings={"9090": 8080})) == [
        ("PLAIN", "tcp", 8080)
    ]


def test_an_offer_that_is_switched_off_has_none() -> None:
    assert ports(offer(enabled=False)) == []


def test_one_service_can_be_asked_for() -> None:
    both = (offer(exchanges=["imap"]), offer(service="other", exchanges=["plain"]))
    assert ports(*both) == [("IMAP", "tcp", 143), ("PLAIN", "tcp", 9090)]
    assert ports(*both, service="other") == [("PLAIN", "tcp", 9090)]


@pytest.mark.parametrize("wrong", [None, "mail", [], {"offers": None}, {}])
def test_what_is_no_slice_is_refused_with_the_cure(wrong: object) -> None:
    with pytest.raises(InputError, match=r"read one with the lookup or the module faxnet\.deploy\.slice"):
        listening_ports(wrong)
