# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the server's primary port has moved: one changed variable, and every client, host and router follows."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

OLD, NEW = 7488, 9550
SERVER_AS_SEEN = {"fl-pc1": "10.1.0.10", "fl-pc2": "10.1.0.10"} | dict.fromkeys(
    ("uk-ts1", "uk-pc1", "uk-pc2"), "198.51.100.10"
)
CLIENTS = 44
pytestmark = pytest.mark.acceptance("NR-03")


def test_every_client_has_logged_in_again(network: Any) -> None:
    end = time.monotonic() + 45
    while True:
        (server,) = network.ask("fl-fax", "state")["servers"]
        if len(server["logins"]) == CLIENTS or time.monotonic() > end:
            break
        time.sleep(0.5)
    assert (server["port"], len(server["logins"])) == (NEW, CLIENTS)


@pytest.mark.parametrize(("client", "server"), SERVER_AS_SEEN.items())
def test_the_new_port_is_open_and_the_old_one_shut(network: Any, client: str, server: str) -> None:
    assert network.knock(client, server, [OLD, NEW]) == {OLD: "silent", NEW: "open"}


@pytest.mark.parametrize("name", ["fl-router", "uk-router", "fl-fax"])
def test_no_rule_names_the_old_port_any_more(network: Any, name: str) -> None:
    rules = network.rules(name)
    assert str(OLD) not in rules
    assert str(NEW) in rules


@pytest.mark.parametrize("client", SERVER_AS_SEEN)
def test_the_settings_of_every_client_name_the_new_port(network: Any, client: str) -> None:
    sheet = network.host(client).file("/etc/faxnet/netcfax-client.json").content_string
    assert str(NEW) in sheet
    assert str(OLD) not in sheet
    assert json.loads(sheet)


def test_every_notification_still_reaches_its_client(network: Any) -> None:
    outcomes = [result["outcome"] for result in network.ask("fl-fax", "notify")["results"]]
    assert outcomes == ["delivered"] * CLIENTS
