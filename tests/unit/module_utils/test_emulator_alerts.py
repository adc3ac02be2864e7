# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server sends to its clients unasked, how it is switched off, and how clients look for servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import load_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_world import (
    ASKED,
    Datagrams,
    all_logged_in,
    async_test,
    connected,
    instances,
    notify,
    offering,
    running,
    server_of,
    serving,
    until,
    using,
    write,
)

# A broadcast reaches every program on this machine: each process that runs tests has a port of its own for it.
LOOKED_FOR = 20000 + os.getpid() % 10000
WITHOUT_ALERTS = ["request", "response"]


def received(of: Any) -> list[int]:
    return [one["notification_count"] for one in instances(of)]


def logins(of: Any) -> list[str]:
    return [one["instance"] for one in server_of(of)["logins"]]


@pytest.mark.acceptance("FP-10")
@async_test
async def test_an_alert_comes_from_the_service_port_to_the_port_that_asked(tmp_path: Path) -> None:
    async with serving(tmp_path, "asking") as (fax, place):
        with Datagrams(address()) as client:
            client.send((place, ASKED), {"request": "r-1", "from": "pc/asking@server/1", "alerts": True})
            await client.hear()
            (sent,) = await notify(fax)
            alert, there = await client.hear()
            assert there == (place, ASKED)
            assert alert == {"notification": sent["token"], "to": sent["instance"], "server": "server/asking/request"}
            assert (sent["kind"], sent["transport"], sent["outcome"]) == ("alert", "udp", "sent")
            assert (sent["address"], sent["port"], sent["source_port"]) == (*client.here, ASKED)


@pytest.mark.acceptance("FP-10")
@async_test
async def test_each_of_forty_programs_gets_the_alert_that_is_meant_for_it(tmp_path: Path) -> None:
    server = offering("asking", "server")
    clients = using("asking", server["addresses"][0], instances=40)
    async with running(tmp_path, server, clients) as (fax, pc):
        await all_logged_in(pc)
        tokens = {one["instance"]: one["token"] for one in await notify(fax)}
        await until(lambda: received(pc) == [1] * 40)
        assert len(instances(pc)) == 40
        for one in instances(pc):
            (note,) = one["notifications"]
            assert (note["token"], note["to"]) == (tokens[one["name"]], one["name"])
            assert (note["kind"], note["from"], note["from_port"]) == ("alert", server["addresses"][0], ASKED)


@contextlib.asynccontextmanager
async def mapping(public: str, inside: str, server: str) -> AsyncIterator[list[bytes]]:
    """A NAT router with one mapping: who asks at C(inside) is seen at C(public), and gets what comes there."""
    passed: list[bytes] = []
    with Datagrams(public) as outer, Datagrams(inside, ASKED) as inner:
        client: list[Any] = []

        def out() -> None:
            data, there = inner.socket.recvfrom(65535)
            client[:] = [there]
            outer.socket.sendto(data, (server, ASKED))

        def back() -> None:
            data, _there = outer.socket.recvfrom(65535)
            passed.append(data)
            inner.socket.sendto(data, client[0])

        loop = asyncio.get_running_loop()
        loop.add_reader(inner.socket, out)
        loop.add_reader(outer.socket, back)
        yield passed
        loop.remove_reader(inner.socket)
        loop.remove_reader(outer.socket)


@pytest.mark.acceptance("FP-09", "FP-10")
@async_test
async def test_behind_nat_answers_and_alerts_go_to_the_mapping_that_the_request_made(tmp_path: Path) -> None:
    server, public, inside = offering("asking", "server"), address(), address()
    client = using("asking", inside)
    client["timing"].update(retry_first=5.0)  # nothing is repeated because this machine is slow
    async with (
        mapping(public, inside, server["addresses"][0]) as passed,
        running(tmp_path, server, client) as (fax, pc),
    ):
        await all_logged_in(pc)
        assert instances(pc)[0]["seen_as"] == public
        (sent,) = await notify(fax)
        assert sent["address"] == public
        assert sent["port"] != instances(pc)[0]["port"]
        await until(lambda: received(pc) == [1])
        assert len(passed) == 2
        await pc.stop()


@pytest.mark.acceptance("FP-11")
@pytest.mark.parametrize("at", ["server", "client"])
@async_test
async def test_alerts_that_are_switched_off_are_not_sent(tmp_path: Path, at: str) -> None:
    off = {"exchanges": WITHOUT_ALERTS}
    server = offering("asking", "server", **(off if at == "server" else {}))
    client = using("asking", server["addresses"][0], **(off if at == "client" else {}))
    async with running(tmp_path, server, client) as (fax, pc):
        await all_logged_in(pc)
        assert await notify(fax) == []
        (asked_for,) = await notify(fax, instances=["pc/asking@server/1"])
        assert (asked_for["outcome"], asked_for["token"]) == ("not_wanted", None)
        await asyncio.sleep(0.05)
        assert received(pc) == [0]
        assert instances(pc)[0]["kind"] == (None if at == "client" else "alert")


@pytest.mark.acceptance("FP-11")
@pytest.mark.parametrize(
    ("chosen", "on"),
    [
        (None, True),
        ({}, True),
        ({"alert": False}, False),
        ({"alert": True}, True),
        (["request"], False),
        (["request", "alert"], True),
    ],
)
def test_the_switch_may_be_written_as_a_list_or_a_mapping(tmp_path: Path, chosen: Any, on: bool) -> None:
    config = offering("asking", "server", exchanges=chosen)
    (server,) = load_config(str(write(tmp_path, config))).endpoints.values()
    assert vars(server)["alert_port"] == (ASKED if on else 0)


def test_what_is_off_by_default_runs_only_where_it_is_named(tmp_path: Path) -> None:
    config = offering("asking", "server", exchanges=None)
    config["exchanges"][2]["default"] = False
    ports = []
    for chosen in (None, {"alert": True}, {"request": True}):
        config["offers"][0]["exchanges"] = chosen
        (server,) = load_config(str(write(tmp_path, config))).endpoints.values()
        ports.append(vars(server)["alert_port"])
    assert ports == [0, ASKED, 0]


@async_test
async def test_a_client_that_never_asked_is_not_known(tmp_path: Path) -> None:
    async with running(tmp_path, offering("asking", "server")) as (fax,):
        assert await notify(fax) == []
        (missing,) = await notify(fax, instances=["pc/asking@server/1"])
        assert (missing["outcome"], missing["kind"], missing["port"]) == ("not_logged_in", "alert", None)


@async_test
async def test_a_client_that_left_or_fell_silent_is_alerted_no_more(tmp_path: Path) -> None:
    async with serving(tmp_path, "asking") as (fax, place):
        client = using("asking", place)
        client["timing"].update(keep_alive=600)  # it is not for its silence that it is forgotten
        async with running(tmp_path, client) as (pc,):
            await all_logged_in(pc)
            assert logins(fax) == ["pc/asking@server/1"]
        await until(lambda: logins(fax) == [])
        with Datagrams(address()) as mute:
            mute.send((place, ASKED), {"request": "r", "from": "mute", "alerts": True, "keep_alive": 0.3})
            await mute.hear()
            assert logins(fax) == ["mute"]
            await until(lambda: logins(fax) == [])
            assert await notify(fax) == []


@async_test
async def test_nobody_can_make_another_client_leave(tmp_path: Path) -> None:
    async with connected(tmp_path, "asking") as (fax, _pc, place):
        with Datagrams(address()) as stranger:
            stranger.send((place, ASKED), {"leaving": True, "from": "pc/asking@server/1"})
            stranger.send((place, ASKED), {"request": "r", "from": "other"})
            await stranger.hear()
        assert "pc/asking@server/1" in logins(fax)


@async_test
async def test_a_sent_alert_says_nothing_about_its_arrival(tmp_path: Path) -> None:
    async with serving(tmp_path, "asking") as (fax, place):
        with Datagrams(address()) as client:
            client.send((place, ASKED), {"request": "r", "from": "gone", "alerts": True})
            await client.hear()
        assert [one["outcome"] for one in await notify(fax)] == ["sent"]


@async_test
async def test_an_alert_that_this_host_cannot_send_is_told_apart(tmp_path: Path, monkeypatch: Any) -> None:
    async with serving(tmp_path, "asking") as (fax, place):
        with Datagrams(address()) as client:
            client.send((place, ASKED), {"request": "r", "from": "far", "alerts": True})
            await client.hear()
        (endpoint,) = fax.running.values()
        # As a login whose way back has gone: the kernel has no route from a loopback address to a real one.
        # Of an endpoint mypy does not know that it is a server which takes requests.
        endpoint._callers["far"].there = ("198.51.100.1", 9)  # type: ignore[attr-defined]
        (sent,) = await notify(fax)
        assert sent["outcome"] == "unreachable"
        assert sent["detail"] != ""


@async_test
async def test_a_rehearsed_round_sends_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path, "asking") as (fax, pc, _place):
        (rehearsed,) = await notify(fax, rehearse=True)
        assert (rehearsed["outcome"], rehearsed["token"]) == ("not_tried", None)
        assert rehearsed["port"] == instances(pc)[0]["port"]
        await asyncio.sleep(0.05)
        assert received(pc) == [0]


@async_test
async def test_alerts_may_leave_from_another_port_than_answers(tmp_path: Path) -> None:
    server = offering("asking", "server")
    server["exchanges"][2]["source_ports"] = ASKED + 1
    async with running(tmp_path, server, using("asking", server["addresses"][0])) as (fax, pc):
        await all_logged_in(pc)
        assert [one["source_port"] for one in await notify(fax)] == [ASKED + 1]
        await until(lambda: received(pc) == [1])
        assert instances(pc)[0]["notifications"][0]["from_port"] == ASKED + 1


def looking(config: dict[str, Any], port: Any = LOOKED_FOR) -> dict[str, Any]:
    return config | {"broadcast": {"asking": port}}


@pytest.mark.acceptance("FP-07")
@async_test
async def test_every_server_of_a_network_answers_a_broadcast_from_its_service_port(tmp_path: Path) -> None:
    places = [address(), address()]
    servers = [looking(offering("asking", host, place)) for host, place in zip(("one", "two"), places, strict=True)]
    async with running(tmp_path, *servers):
        with Datagrams(address()) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.send(("255.255.255.255", LOOKED_FOR), {"looking_for": "asking", "from": "pc/asking@server/1"})
            found = {there: answer async for answer, there in answers(client, 2)}
    assert found == {
        (places[0], ASKED): {"server": "one/asking/request", "service": "asking"},
        (places[1], ASKED): {"server": "two/asking/request", "service": "asking"},
    }


@async_test
async def test_two_offers_of_one_host_are_found_on_one_port_each_by_its_own_clients(tmp_path: Path) -> None:
    server = looking(offering("asking", "server"))
    (offer,) = server["offers"]
    server["exchanges"] += [{**exchange, "service": "asking-second"} for exchange in server["exchanges"]]
    second = {"service": "asking-second", "offer": "second", "settings": {"port": ASKED + 2}}
    server["offers"].append(offer | second)
    async with running(tmp_path, server):
        with Datagrams(address()) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            for service, port in (("asking", ASKED), ("asking-second", ASKED + 2)):
                client.send(("255.255.255.255", LOOKED_FOR), {"looking_for": service, "from": "pc/1"})
                answer, there = await client.hear()
                assert (answer["service"], there) == (service, (server["addresses"][0], port))


@async_test
async def test_a_server_of_several_networks_answers_with_its_address_in_the_clients(tmp_path: Path) -> None:
    server = looking(offering("asking", "server"))
    server["addresses"].append("127.0.0.1")  # what the kernel sends with, to any address on loopback
    async with running(tmp_path, server):
        with Datagrams(address()) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            client.send(("255.255.255.255", LOOKED_FOR), {"looking_for": "asking", "from": "pc/asking@server/1"})
            assert (await client.hear())[1] == ("127.0.0.1", ASKED)


async def answers(client: Datagrams, count: int) -> AsyncIterator[tuple[dict[str, Any], tuple[str, int]]]:
    for _turn in range(count):
        yield await client.hear()


@pytest.mark.acceptance("FP-07")
@async_test
async def test_a_client_that_knows_the_port_finds_servers_and_asks_the_one_it_is_told_to(tmp_path: Path) -> None:
    places = [address(), address()]
    servers = [looking(offering("asking", host, place)) for host, place in zip(("server", "two"), places, strict=True)]
    async with running(tmp_path, *servers, looking(using("asking", places[0]))) as (one, two, pc):
        await all_logged_in(pc)
        found = await until(lambda: len(instances(pc)[0]["servers"]) == 2 and instances(pc)[0]["servers"])
        assert [(each["address"], each["port"]) for each in found] == [(place, ASKED) for place in sorted(places)]
        assert (len(logins(one)), len(logins(two))) == (1, 0)


@pytest.mark.acceptance("FP-07")
@async_test
async def test_without_a_port_to_look_for_servers_nothing_is_broadcast(tmp_path: Path) -> None:
    server = offering("asking", "server")
    with Datagrams("0.0.0.0", LOOKED_FOR, reuse=True) as listener:  # noqa: S104 (where broadcasts arrive)
        async with running(tmp_path, server, using("asking", server["addresses"][0])) as (_fax, pc):
            await all_logged_in(pc)
            assert await listener.silent()
            assert (instances(pc)[0]["servers"], instances(pc)[0]["errors"]) == ([], [])
        async with running(tmp_path, server, looking(using("asking", server["addresses"][0]))) as (_fax, pc):
            assert (await listener.hear())[0]["looking_for"] == "asking"  # so it would have been heard


@async_test
async def test_servers_of_other_services_and_junk_are_not_taken_for_found(tmp_path: Path) -> None:
    place = address()
    with Datagrams(place, ASKED) as liar:
        async with running(tmp_path, using("asking", place)) as (pc,):
            _request, there = await liar.hear()
            for junk in ({"server": "x", "service": "console"}, {"server": 7, "service": "asking"}):
                liar.send(there, junk)
            await until(lambda: instances(pc)[0]["ignored"] == 2)
            assert instances(pc)[0]["servers"] == []


@pytest.mark.acceptance("FP-07")
@pytest.mark.parametrize("port", [0, 70000, "20000", None, True])
def test_a_port_to_look_for_servers_that_is_none_is_an_error(tmp_path: Path, port: Any) -> None:
    with pytest.raises(EmulatorError, match=r"broadcast.asking: .* is not a whole number from 1 to 65535"):
        load_config(str(write(tmp_path, looking(offering("asking", "server"), port))))


def test_ports_of_services_that_this_host_does_not_have_are_left_alone(tmp_path: Path) -> None:
    config = offering("asking", "server") | {"broadcast": {"console": 1}}
    (server,) = load_config(str(write(tmp_path, config))).endpoints.values()
    assert vars(server)["broadcast_port"] == 0
