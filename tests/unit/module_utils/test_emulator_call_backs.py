# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is called back, where, and who gets what: the emulated server and its clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import GoneError
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import Connection, dialled
from tests.unit.loopback import address, port
from tests.unit.module_utils.emulator_world import (
    HIGH,
    LOW,
    PCP,
    all_logged_in,
    async_test,
    client,
    instances,
    notify,
    running,
    server,
    until,
)


@pytest.mark.acceptance("NR-04", "NR-05", "NP-12")
@async_test
async def test_forty_sessions_on_one_address_have_a_call_back_port_each(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=40)) as (_fax, terminal_server):
        await all_logged_in(terminal_server)
        found = instances(terminal_server)
        assert len({tuple(one["addresses"]) for one in found}) == 1
        assert len({one["port"] for one in found}) == 40
        assert all(LOW <= one["port"] <= HIGH for one in found)


@pytest.mark.acceptance("NR-05", "NR-13", "NP-03")
@async_test
async def test_each_of_forty_sessions_gets_the_notification_that_is_meant_for_it(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=40)) as (fax, terminal_server):
        await all_logged_in(terminal_server)
        sent = await notify(fax)
        assert [one["outcome"] for one in sent] == ["delivered"] * 40
        told = {one["instance"]: one["token"] for one in sent}
        assert len(set(told.values())) == 40
        for one in instances(terminal_server):
            assert [(note["token"], note["to"]) for note in one["notifications"]] == [(told[one["name"]], one["name"])]
            assert one["errors"] == []


@pytest.mark.acceptance("NR-13", "NP-03")
@async_test
async def test_the_server_calls_back_the_very_port_that_the_client_reported(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=3)) as (fax, office):
        await all_logged_in(office)
        reported = {one["name"]: one["port"] for one in instances(office)}
        logins = fax.state()["servers"][0]["logins"]
        assert {one["instance"]: one["call_back_port"] for one in logins} == reported
        assert {one["instance"]: one["port"] for one in await notify(fax)} == reported


@contextlib.asynccontextmanager
async def router(public: str, to_server: str, forwards: dict[int, tuple[str, int]]) -> AsyncIterator[None]:
    """A NAT router: clients dial its address and are seen with it; its forwards lead to the clients."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(4096):
                sink.write(data)
        sink.close()

    async def relayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        target, own = ((to_server, PCP), (public, 0)) if port == PCP else (forwards[port], None)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*target, local_addr=own)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async with contextlib.AsyncExitStack() as stack:
        for port in (PCP, *forwards):
            await stack.enter_async_context(await asyncio.start_server(relayed, public, port))
        yield


@pytest.mark.acceptance("NR-13")
@async_test
async def test_a_client_behind_nat_is_called_back_at_the_address_that_its_login_came_from(tmp_path: Path) -> None:
    offices, inside, public = server(), address(), address()
    terminal_server = client(public, place=inside, instances=2)
    forwards = {LOW: (inside, LOW), LOW + 1: (inside, LOW + 1)}
    async with (
        router(public, offices["addresses"][0], forwards),
        running(tmp_path, offices, terminal_server) as (fax, clients),
    ):
        await all_logged_in(clients)
        assert {one["seen_as"] for one in instances(clients)} == {public}
        results = await notify(fax)
        assert [(one["address"], one["port"]) for one in results] == [(public, LOW), (public, LOW + 1)]
        assert [one["outcome"] for one in results] == ["delivered"] * 2
        await clients.stop()  # before the router: its relays end with their connections


@pytest.mark.acceptance("NR-20")
@async_test
async def test_forwards_that_lead_to_the_wrong_client_are_found_out_on_both_sides(tmp_path: Path) -> None:
    offices, inside, public = server(), address(), address()
    swapped = {LOW: (inside, LOW + 1), LOW + 1: (inside, LOW)}
    async with (
        router(public, offices["addresses"][0], swapped),
        running(tmp_path, offices, client(public, place=inside, instances=2)) as (fax, clients),
    ):
        await all_logged_in(clients)
        first, second = (one["name"] for one in instances(clients))
        results = {one["instance"]: one for one in await notify(fax)}
        assert (results[first]["outcome"], results[first]["answered_by"]) == ("wrong_instance", second)
        assert (results[second]["outcome"], results[second]["answered_by"]) == ("wrong_instance", first)
        errors = [one["errors"][0]["text"] for one in instances(clients)]
        assert errors == [
            f"got a notification that is meant for {second}",
            f"got a notification that is meant for {first}",
        ]
        await clients.stop()


async def logged_in(place: str, name: str, call_back_port: int) -> Connection:
    """A client by hand on the server's own address; it listens nowhere unless its test makes it."""
    connection = await dialled(place, PCP, 2, own_address=place)
    connection.say(login=name, call_back_port=call_back_port, keep_alive=60)
    assert "welcome" in await connection.hear(2)
    return connection


@async_test
async def test_a_call_back_that_is_turned_away_is_told_apart_from_one_that_vanishes(tmp_path: Path) -> None:
    offices = server()
    place = offices["addresses"][0]
    with socket.create_server((place, 0), backlog=0) as deaf:
        gone = port()
        async with running(tmp_path, offices) as (fax,):
            connections = [
                await logged_in(place, "a-closed", gone),
                await logged_in(place, "b-deaf", deaf.getsockname()[1]),
            ]
            results = await notify(fax, timeout=0.3)
            assert [one["outcome"] for one in results] == ["refused", "timed_out"]
            for connection in connections:
                connection.close()


@async_test
async def test_a_listener_that_is_no_client_does_not_count_as_delivered(tmp_path: Path) -> None:
    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail ready\n")
        writer.close()

    offices = server()
    place = offices["addresses"][0]
    async with (
        await asyncio.start_server(hangs_up, place, LOW),
        await asyncio.start_server(babbles, place, LOW + 1),
        running(tmp_path, offices) as (fax,),
    ):
        connections = [await logged_in(place, name, port) for name, port in (("a", LOW), ("b", LOW + 1))]
        assert [one["outcome"] for one in await notify(fax)] == ["unacknowledged"] * 2
        for connection in connections:
            connection.close()


@async_test
async def test_only_the_named_clients_are_called_back_and_absent_ones_are_named(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=3)) as (fax, office):
        await all_logged_in(office)
        results = await notify(fax, instances=["uk-ts1/netcfax@fl-fax/2", "uk-ts9/netcfax@fl-fax/1"])
        assert [one["outcome"] for one in results] == ["delivered", "not_logged_in"]
        assert [one["notification_count"] for one in instances(office)] == [0, 1, 0]


@pytest.mark.acceptance("NR-16")
@pytest.mark.parametrize("port", [25, 1023, -1, 65536, "17100", None])
@async_test
async def test_the_server_takes_no_login_with_a_call_back_port_that_no_client_may_use(
    tmp_path: Path, port: Any
) -> None:
    offices = server()
    async with running(tmp_path, offices) as (fax,):
        connection = await dialled(offices["addresses"][0], PCP, 2)
        connection.say(login="uk-ts1", call_back_port=port, keep_alive=60)
        assert (await connection.hear(2))["refused"] == f"call-back port {port!r} is not one that a client may use"
        assert fax.state()["servers"][0]["logins"] == []
        connection.close()


@async_test
async def test_the_newest_login_under_a_name_is_the_one_that_is_called_back(tmp_path: Path) -> None:
    offices = server()
    place = offices["addresses"][0]
    async with running(tmp_path, offices) as (fax,):
        old = await logged_in(place, "uk-ts1", LOW)
        new = await logged_in(place, "uk-ts1", LOW + 1)
        with pytest.raises(GoneError):
            await old.hear(2)
        assert [one["call_back_port"] for one in fax.state()["servers"][0]["logins"]] == [LOW + 1]
        new.close()
        await until(lambda: not fax.state()["servers"][0]["logins"])


@pytest.mark.acceptance("NR-02")
@pytest.mark.parametrize("port", [PCP, 18000])
@async_test
async def test_clients_reach_the_server_on_the_primary_port_that_is_set_there(tmp_path: Path, port: int) -> None:
    offices = server()
    offices["offers"][0]["settings"]["primary_port"] = port
    office = client(offices["addresses"][0], settings={"primary_port": port})
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        assert fax.state()["servers"][0]["port"] == port
        assert [one["outcome"] for one in await notify(fax)] == ["delivered"]


@async_test
async def test_both_families_are_called_back_each_in_its_own(tmp_path: Path, ipv6_loopback: str) -> None:
    offices = server()
    offices["addresses"].append(ipv6_loopback)
    four = client(offices["addresses"][0], host="uk-pc4")
    six = client(ipv6_loopback, host="uk-pc6", place=ipv6_loopback)
    async with running(tmp_path, offices, four, six) as (fax, pc4, pc6):
        await all_logged_in(pc4, pc6)
        results = await notify(fax)
        assert [(one["address"], one["outcome"]) for one in results] == [
            (four["addresses"][0], "delivered"),
            (ipv6_loopback, "delivered"),
        ]
