# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of real plans run as they are: the catalogue's products, emulated from nothing but their own profiles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import read_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.control import unready
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_world import (
    TIMING,
    async_test,
    instances,
    notify,
    running,
    until,
)
from tests.unit.verification.offices import planned


def slices(offer: dict[str, Any], **use: Any) -> list[dict[str, Any]]:
    """The slices of a server and of a client of one service, at loopback addresses of their own."""
    inventory = {
        "faxnet_sites": {"office": {"networks": ["10.1.0.0/24"]}},
        "hosts": {
            "server": {"faxnet_site": "office", "faxnet_address": "10.1.0.10", "faxnet_offers": [offer]},
            "pc": {
                "faxnet_site": "office",
                "faxnet_address": "10.1.0.21",
                "faxnet_uses": [{"service": offer["service"], "server": "server", **use}],
            },
        },
    }
    _plan, made = planned(inventory)
    places = {"10.1.0.10": address(), "10.1.0.21": address()}
    found = []
    for host in ("server", "pc"):
        text = json.dumps(made[host])
        for planned_address, place in places.items():
            text = text.replace(f'"{planned_address}"', f'"{place}"')
        found.append(json.loads(text) | {"timing": dict(TIMING)})
    return found


@pytest.mark.acceptance("FP-08", "FP-09", "FP-10")
@async_test
async def test_a_faxpress_answers_and_alerts_from_its_one_port(tmp_path: Path) -> None:
    server, pc = slices({"service": "faxpress"}, exchanges={"alert": True})
    async with running(tmp_path, server, pc) as (fax, client):
        await until(lambda: unready(client.state()) == [])
        state = fax.state()
        assert ([one["port"] for one in state["servers"]], state["responders"]) == ([4644], [])
        (sent,) = await notify(fax)
        assert (sent["kind"], sent["source_port"], sent["outcome"]) == ("alert", 4644, "sent")
        await until(lambda: instances(client)[0]["notification_count"] == 1)


@pytest.mark.acceptance("FP-11")
@pytest.mark.parametrize("exchanges", [{"alert": False}, ["request"]])
@async_test
async def test_faxalert_is_off_in_the_emulator_where_it_is_off_in_the_plan(tmp_path: Path, exchanges: Any) -> None:
    server, pc = slices({"service": "faxpress"}, exchanges=exchanges)
    async with running(tmp_path, server, pc) as (fax, client):
        await until(lambda: unready(client.state()) == [])
        assert await notify(fax) == []


@pytest.mark.acceptance("KE-02", "KE-03", "KE-04", "KE-06")
@pytest.mark.parametrize(("service", "port"), [("kerio_control", 44333), ("kerio_connect", 44337)])
@async_test
async def test_a_kerio_server_sends_log_items_beside_an_encrypted_login(
    tmp_path: Path, service: str, port: int
) -> None:
    server, pc = slices({"service": service, "version": "console"})
    async with running(tmp_path, server, pc) as (kerio, console):
        await until(lambda: unready(console.state()) == [])
        (listening,) = kerio.state()["servers"]
        assert (listening["port"], listening["log_port"], listening["tls"]) == (port, port, True)
        (sent,) = await notify(kerio)
        assert (sent["kind"], sent["source_port"], sent["outcome"]) == ("log item", port, "sent")
        await until(lambda: instances(console)[0]["notification_count"] == 1)
        assert instances(console)[0]["encryption"].startswith("TLSv1.")


CATALOG = builtin_catalog()
# What a user has to say because no document does; any range will do here.
UNSAID = {
    name: {key: "60000-60099" for key, setting in profile.settings.items() if setting.default is None}
    for name, profile in CATALOG.profiles.items()
}


@pytest.mark.parametrize("service", sorted(CATALOG.profiles))
def test_each_product_of_the_catalogue_runs_where_its_exchanges_begin_and_arrive(service: str) -> None:
    server, pc = slices({"service": service, **UNSAID[service]})
    at_server, at_client = read_config(server).endpoints, read_config(pc).endpoints
    by_name = {each["name"]: each for each in pc["exchanges"]}
    used = [by_name[name] for name in pc["uses"][0]["exchanges"]]
    known = [each for each in used if each["ports"] not in ("any", "callback")]
    assert bool(at_server) == any(each["initiator"] == "client" for each in known)
    talking = {"login", "request"} & {each["kind"] for each in used}
    arriving = [each for each in known if each["initiator"] == "server" and each["with"] in ("clients", "everyone")]
    assert bool(at_client) == bool(talking or arriving or pc["uses"][0]["callback"])
