# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log channel beside an encrypted login: how it is opened, where log items go, and how it ends."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.control import unready
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.tls import client_context
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_consoles import NAME, confirmed, logged_in, network
from tests.unit.module_utils.emulator_world import (
    APPLICATION,
    Datagrams,
    all_open,
    async_test,
    connected,
    instances,
    notify,
    offering,
    running,
    server_of,
    serving,
    start,
    until,
    using,
)


@pytest.mark.acceptance("KE-01", "KE-02", "KE-04", "KE-05", "KE-06")
@async_test
async def test_log_items_go_to_the_port_that_the_identifier_came_from(tmp_path: Path) -> None:
    async with serving(tmp_path, "console") as (fax, place):
        connection, identifier = await logged_in(place)
        with Datagrams(address()) as console:
            console.send((place, APPLICATION), {"connection": identifier})
            assert await confirmed(connection) == list(console.here)
            (sent,) = await notify(fax)
            item, there = await console.hear()
            assert there == (place, APPLICATION)  # one port number for TCP and UDP
            assert item == {"notification": sent["token"], "to": NAME, "server": "server/console/admin"}
            assert (sent["kind"], sent["transport"], sent["outcome"]) == ("log item", "udp", "sent")
            assert (sent["address"], sent["port"], sent["source_port"]) == (*console.here, APPLICATION)
        connection.close()


@pytest.mark.acceptance("KE-01", "KE-06")
@async_test
async def test_each_of_forty_consoles_gets_the_log_items_that_are_meant_for_it(tmp_path: Path) -> None:
    server = offering("console", "server")
    consoles = using("console", server["addresses"][0], instances=40)
    async with running(tmp_path, server, consoles) as (fax, pc):
        await all_open(pc)
        assert len({one["log_channel"]["port"] for one in instances(pc)}) == 40
        assert unready(pc.state()) == []
        tokens = {one["instance"]: one["token"] for one in await notify(fax)}
        await until(lambda: all(one["notification_count"] == 1 for one in instances(pc)))
        for one in instances(pc):
            (note,) = one["notifications"]
            assert (note["token"], note["to"]) == (tokens[one["name"]], one["name"])
            assert (note["kind"], note["from_port"]) == ("log item", APPLICATION)
            assert one["encryption"].startswith("TLSv1.")


def reset(ends: list[asyncio.StreamWriter]) -> None:
    """Cut connections as a network does that has lost them: with resets, and without a word in them."""
    for end in ends:
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.transport.abort()


@pytest.mark.acceptance("KE-07")
@pytest.mark.parametrize("ending", ["logout", "closed", "reset", "silence", "server"])
@async_test
async def test_when_tcp_ends_the_server_ignores_what_the_clients_port_still_sends(tmp_path: Path, ending: str) -> None:
    server, inside = offering("console", "server"), address()
    place = server["addresses"][0]
    async with network(inside, place) as (_passed, ends), running(tmp_path, server) as (fax,):
        connection = await dialled(inside, APPLICATION, 5, tls=client_context())
        connection.say(login=NAME, call_back_port=0, log_items=True, keep_alive=0.1 if ending == "silence" else 60)
        identifier = (await connection.hear(5))["connection"]
        with Datagrams(address()) as console:
            console.send((place, APPLICATION), {"connection": identifier})
            await confirmed(connection)
            if ending == "logout":
                connection.say(logout=NAME)
            elif ending == "closed":
                connection.close()
            elif ending == "reset":
                reset(ends)
            elif ending == "server":
                await fax.restart(["server/console/admin"])
            await until(lambda: server_of(fax)["logins"] == [])
            ignored = server_of(fax)["ignored"]
            console.send((place, APPLICATION), {"connection": identifier})
            await until(lambda: server_of(fax)["ignored"] == ignored + 1)
            assert await notify(fax) == []
            assert [sent["outcome"] for sent in await notify(fax, instances=[NAME])] == ["not_logged_in"]
            assert await console.silent()
        connection.close()


@pytest.mark.acceptance("KE-07")
@pytest.mark.parametrize("ending", ["reset", "server"])
@async_test
async def test_when_tcp_ends_the_client_drops_its_identifier_and_its_port(tmp_path: Path, ending: str) -> None:
    server = offering("console", "server")
    place = server["addresses"][0]
    client = using("console", place)
    async with running(tmp_path, client) as (pc,):
        fax = await start(tmp_path, server)
        await all_open(pc)
        (login,) = server_of(fax)["logins"]
        there = tuple(login["log_channel"])
        if ending == "server":
            await fax.stop()
        else:
            # Of an endpoint mypy does not know that it is a server with logins.
            fax.running["server/console/admin"].logins[NAME].connection.end()  # type: ignore[attr-defined]
        await until(lambda: instances(pc)[0]["log_channel"]["port"] != there[1])
        with Datagrams(place) as old:  # a log item that was still under way
            old.send(there, {"notification": "late", "to": NAME, "server": "server/console/admin"})
        if ending == "server":
            fax = await start(tmp_path, server)
        await all_open(pc)
        assert instances(pc)[0]["notification_count"] == 0
        assert instances(pc)[0]["login_count"] == 2
        assert instances(pc)[0]["log_channel"]["port"] == server_of(fax)["logins"][0]["log_channel"][1]
        await fax.stop()


@pytest.mark.acceptance("KE-05", "KE-07")
@async_test
async def test_only_an_identifier_that_is_alive_opens_a_channel(tmp_path: Path) -> None:
    server = offering("console", "server")
    place = server["addresses"][0]
    junk = [
        b"",
        b"\0",
        b"[]",
        b"{}",
        b"[" * 20_000,
        {"connection": None},
        {"connection": "0" * 32},
        {"connection": [1]},
    ]
    async with running(tmp_path, server) as (fax,):
        connection, identifier = await logged_in(place)
        with Datagrams(address()) as stranger:
            for message in [*junk, {"connection": identifier[:-1]}, {"identifier": identifier}]:
                stranger.send((place, APPLICATION), message)
            await until(lambda: server_of(fax)["ignored"] == len(junk) + 2)
            (sent,) = await notify(fax)
            assert (sent["outcome"], sent["port"], sent["token"]) == ("no_log_channel", None, None)
            assert sent["detail"].startswith("it is logged in, but its UDP message never arrived")
            assert await stranger.silent()
        connection.close()


@pytest.mark.acceptance("KE-06")
@async_test
async def test_log_items_follow_a_client_to_which_nat_gave_another_port(tmp_path: Path) -> None:
    async with serving(tmp_path, "console") as (fax, place):
        connection, identifier = await logged_in(place)
        with Datagrams(address()) as before, Datagrams(address()) as after:
            for console in (before, after):
                console.send((place, APPLICATION), {"connection": identifier})
                assert await confirmed(connection) == list(console.here)
            await notify(fax)
            assert (await after.hear())[0]["to"] == NAME
            assert await before.silent()
        connection.close()


@async_test
async def test_the_channel_is_opened_once_and_then_left_alone_while_tcp_is_kept_alive(tmp_path: Path) -> None:
    async with connected(tmp_path, "console", keep_alive=0.05) as (fax, pc, _place):
        opened: list[Any] = []
        # Of an endpoint mypy does not know that it is a server with logins.
        login = fax.running["server/console/admin"].logins[NAME]  # type: ignore[attr-defined]
        login.channel.opened = opened.append
        await asyncio.sleep(0.5)  # ten keep-alives
        assert opened == []
        assert instances(pc)[0]["login_count"] == 1
        await notify(fax)
        await until(lambda: instances(pc)[0]["notification_count"] == 1)


@async_test
async def test_the_datagram_that_opens_the_channel_is_repeated_when_it_gets_lost(tmp_path: Path) -> None:
    server = offering("console", "server")
    consoles = using("console", server["addresses"][0], instances=10)
    consoles["timing"].update(loss=0.5, seed=7, tries=60, retry_most=0.02)
    async with running(tmp_path, server, consoles) as (_fax, pc):
        await all_open(pc)
        assert [one["errors"] for one in instances(pc)] == [[]] * 10


@async_test
async def test_a_client_whose_channel_does_not_open_says_what_to_look_at(tmp_path: Path) -> None:
    server = offering("console", "server")
    place = server["addresses"][0]
    client = using("console", place)
    client["timing"].update(loss=1, tries=2)
    async with running(tmp_path, server, client) as (fax, pc):
        text = (
            f"the server does not know the log channel after 2 datagrams to {place} port {APPLICATION}:"
            " see to UDP from here to there"
        )
        await until(lambda: instances(pc)[0]["errors"])
        assert unready(pc.state()) == [f"{NAME}: {text}"]
        assert instances(pc)[0]["connected"]
        assert [sent["outcome"] for sent in await notify(fax)] == ["no_log_channel"]


@async_test
async def test_the_identifier_is_told_to_its_client_and_to_nobody_else(tmp_path: Path) -> None:
    async with connected(tmp_path, "console") as (fax, pc, place):
        connection, first = await logged_in(place, "one")
        other, second = await logged_in(place, "two")
        # Of an endpoint mypy does not know that it is a server with log channels.
        handed_out = {first, second, *fax.running["server/console/admin"].channels._channels}  # type: ignore[attr-defined]
        assert len(handed_out) == 3
        told = json.dumps([fax.state(), pc.state(), await notify(fax)])
        assert not [identifier for identifier in handed_out if identifier in told]
        connection.close()
        other.close()


@async_test
async def test_the_ports_of_a_log_channel_answer_probes(tmp_path: Path) -> None:
    async with connected(tmp_path, "console") as (_fax, pc, place):
        (one,) = instances(pc)
        with Datagrams(address()) as prober:
            for there, name in (
                ((place, APPLICATION), "server/console/admin"),
                ((one["addresses"][0], one["log_channel"]["port"]), NAME),
            ):
                prober.send(there, {"probe": "t"})
                assert (await prober.hear())[0]["by"] == name
        connection = await dialled(place, APPLICATION, 5, tls=client_context())
        connection.say(probe="t")
        assert (await connection.hear(5))["by"] == "server/console/admin"
        connection.close()
