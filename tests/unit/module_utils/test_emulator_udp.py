# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests with alerts and log channels have in common: both notify over UDP from their service's port."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.module_utils.emulator_world import (
    APPLICATION,
    ASKED,
    Datagrams,
    async_test,
    connected,
    instances,
    notify,
    offering,
    running,
    server_of,
    until,
)

SERVICES = pytest.mark.parametrize(("service", "port"), [("asking", ASKED), ("console", APPLICATION)])


@SERVICES
@async_test
async def test_clients_are_served_and_notified_over_ipv6(
    tmp_path: Path, service: str, port: int, ipv6_loopback: str
) -> None:
    async with connected(tmp_path, service, ipv6_loopback) as (fax, pc, _place):
        (sent,) = await notify(fax)
        assert (sent["outcome"], sent["address"], sent["source_port"]) == ("sent", ipv6_loopback, port)
        await until(lambda: instances(pc)[0]["notification_count"] == 1)
        assert instances(pc)[0]["notifications"][0]["from"] == ipv6_loopback


@pytest.mark.parametrize("shared", [False, True], ids=["taken alone", "taken by one that shares it"])
@SERVICES
@async_test
async def test_a_taken_udp_port_is_noticed_and_leaves_no_half_of_a_server(
    tmp_path: Path, service: str, port: int, shared: bool
) -> None:
    server = offering(service, "server")
    place = server["addresses"][0]
    with Datagrams(place, port, reuse=shared) as other:
        async with running(tmp_path, server) as (fax,):
            text = f"can't listen on {place} port {port}: Address already in use"
            assert server_of(fax)["errors"][0]["text"] == text
            other.socket.close()
            await until(lambda: server_of(fax)["state"] == "listening")
