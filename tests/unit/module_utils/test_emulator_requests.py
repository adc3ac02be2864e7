# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests over UDP: who asks from where, who answers from where, and what is done about what gets lost."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import load_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.control import unready
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.datagrams import Loss
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.settings import Timing
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.probes import run_probes
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
    start,
    until,
    using,
    write,
)


@pytest.mark.acceptance("FP-06", "FP-08", "FP-09")
@async_test
async def test_an_answer_comes_from_the_service_port_to_the_port_that_asked(tmp_path: Path) -> None:
    async with serving(tmp_path, "asking") as (_fax, place):
        with Datagrams(address()) as client:
            client.send((place, ASKED), {"request": "r-1", "from": "pc/asking@server/1"})
            answer, there = await client.hear()
            assert there == (place, ASKED)
            assert answer == {"response": "r-1", "by": "server/asking/request", "seen_as": list(client.here)}
        with socket.socket() as tcp:  # nothing of it is TCP
            assert tcp.connect_ex((place, ASKED)) != 0


@pytest.mark.acceptance("FP-08")
@async_test
async def test_forty_programs_ask_from_a_port_each_and_the_server_knows_them_by_it(tmp_path: Path) -> None:
    server = offering("asking", "server")
    clients = using("asking", server["addresses"][0], instances=40, environment="terminal_server")
    clients["timing"].update(retry_first=5.0)  # nothing is repeated because this machine is slow
    async with running(tmp_path, server, clients) as (fax, pc):
        await all_logged_in(pc)
        found = {one["name"]: one["port"] for one in instances(pc)}
        assert len(set(found.values())) == 40
        assert {one["instance"]: one["port"] for one in server_of(fax)["logins"]} == found
        assert [one["retries"] for one in instances(pc)] == [0] * 40
        assert unready(pc.state()) == []


@pytest.mark.acceptance("FP-13")
@pytest.mark.parametrize("lossy", [("server",), ("pc",), ("server", "pc")])
@async_test
async def test_a_client_succeeds_although_packets_get_lost(tmp_path: Path, lossy: tuple[str, ...]) -> None:
    server = offering("asking", "server")
    clients = using("asking", server["addresses"][0], instances=20)
    for one in (server, clients):
        one["timing"].update(tries=60, retry_most=0.02)  # with a half lost at each end, one in 30 million is not enough
        if one["host"] in lossy:
            one["timing"].update(loss=0.5, seed=7)
    async with running(tmp_path, server, clients) as (fax, pc):
        await all_logged_in(pc)
        assert [one["login_count"] for one in instances(pc)] == [1] * 20
        assert [one["errors"] for one in instances(pc)] == [[]] * 20
        assert sum(one["retries"] for one in instances(pc)) >= 10
        assert (server_of(fax)["lost"] > 0) == ("server" in lossy)
        assert (sum(one["lost"] for one in instances(pc)) > 0) == ("pc" in lossy)


@pytest.mark.acceptance("FP-13")
@async_test
async def test_a_client_whose_requests_all_get_lost_says_so_and_goes_on_trying(tmp_path: Path) -> None:
    server = offering("asking", "server")
    place = server["addresses"][0]
    client = using("asking", place)
    client["timing"].update(loss=1, tries=3)
    async with running(tmp_path, server, client) as (_fax, pc):
        await until(lambda: instances(pc)[0]["requests"] == 2)
        (one,) = instances(pc)
        text = f"{place} port {ASKED} answered none of 3 requests in 0.14 s"
        assert one["errors"][0]["text"] == text
        assert not one["connected"]
        assert unready(pc.state()) == [f"pc/asking@server/1: {text}"]


def drops(seed: int | None, name: str = "pc/asking@server/1", loss: float = 0.5) -> list[bool]:
    made = Loss(Timing(loss=loss, seed=seed), name)
    return [made.hits() for _turn in range(200)]


@pytest.mark.acceptance("FP-13")
def test_a_seed_loses_the_same_packets_in_each_run() -> None:
    assert drops(7) == drops(7)
    assert drops(7) != drops(8)
    assert drops(7) != drops(7, "pc/asking@server/2")
    assert 60 < sum(drops(7)) < 140
    assert not any(drops(7, loss=0))
    assert all(drops(7, loss=1))


@async_test
async def test_a_client_keeps_its_port_while_its_server_is_away(tmp_path: Path) -> None:
    server = offering("asking", "server")
    client = using("asking", server["addresses"][0])
    client["timing"].update(keep_alive=0.05)
    async with running(tmp_path, client) as (pc,):
        fax = await start(tmp_path, server)
        await all_logged_in(pc)
        port = instances(pc)[0]["port"]
        await fax.stop()
        await until(lambda: instances(pc)[0]["state"] == "waiting")
        async with running(tmp_path, server) as (fax,):
            await all_logged_in(pc)
            assert instances(pc)[0]["port"] == port
            await until(lambda: [one["port"] for one in server_of(fax)["logins"]] == [port])


@async_test
async def test_a_late_answer_counts_and_is_not_taken_for_junk(tmp_path: Path) -> None:
    place = address()
    client = using("asking", place)
    with Datagrams(place, ASKED) as slow:
        async with running(tmp_path, client) as (pc,):
            first, there = await slow.hear()
            second, _there = await slow.hear()
            assert first == second  # a repeat is the same request
            answer = {"response": first["request"], "by": "slow", "seen_as": list(there)}
            slow.send(there, answer)
            await all_logged_in(pc)
            slow.send(there, answer)  # to the repeat
            await asyncio.sleep(0.05)
            assert instances(pc)[0]["ignored"] == 0
            assert instances(pc)[0]["notification_count"] == 0


NESTED = b"[" * 20_000  # deeper than a parser can go
JUNK = [b"", b"\0\xff", b"hello", b"[]", b"7", b"{}", NESTED, b'{"request": 7, "from": "x"}', b'{"response": "r"}']
JUNK += [b'{"request": "r"}', b'{"request": "r", "from": "a\\nb"}', b'{"leaving": true, "from": "who"}', b"x" * 60_000]


@async_test
async def test_junk_is_not_answered_and_disturbs_nobody(tmp_path: Path) -> None:
    async with connected(tmp_path, "asking") as (fax, pc, place):
        with Datagrams(address()) as stranger:
            for there in ((place, ASKED), (instances(pc)[0]["addresses"][0], port_of(pc))):
                for junk in JUNK:
                    stranger.send(there, junk)
            assert await stranger.silent()
        # A client that leaves without having come, and an answer to what was not asked, are no junk.
        assert server_of(fax)["ignored"] == len(JUNK) - 1
        assert instances(pc)[0]["ignored"] == len(JUNK) - 1
        assert [one["outcome"] for one in await notify(fax)] == ["sent"]
        await until(lambda: instances(pc)[0]["notification_count"] == 1)
        assert [one["instance"] for one in server_of(fax)["logins"]] == ["pc/asking@server/1"]


def port_of(host: Any) -> int:
    return int(instances(host)[0]["port"])


@async_test
async def test_every_udp_socket_answers_probes_whatever_is_lost(tmp_path: Path) -> None:
    server = offering("asking", "server")
    place = server["addresses"][0]
    client = using("asking", place)
    for one in (server, client):
        one["timing"].update(loss=1)
    async with running(tmp_path, server, client) as (_fax, pc):
        with Datagrams(address()) as prober:
            for there, name in (
                ((place, ASKED), "server/asking/request"),
                ((client["addresses"][0], port_of(pc)), "pc/asking@server/1"),
            ):
                prober.send(there, {"probe": "t-1"})
                answer, source = await prober.hear()
                assert source == there
                assert answer == {"answer": "t-1", "by": name, "seen_from": list(prober.here)}


@async_test
async def test_a_prober_shares_the_service_port_and_takes_nobody_elses_packets(tmp_path: Path) -> None:
    async with serving(tmp_path, "asking") as (_fax, place):
        with Datagrams(place, ASKED, reuse=True) as prober, Datagrams(address()) as target:
            prober.socket.connect(target.here)
            prober.socket.send(b"{}")
            assert (await target.hear())[1] == (place, ASKED)
            for turn in range(20):
                target.send((place, ASKED), {"turn": turn})
            assert [(await prober.hear())[0]["turn"] for _turn in range(20)] == list(range(20))
            clients = using("asking", place, instances=20)
            clients["timing"].update(retry_first=5.0)
            async with running(tmp_path, clients) as (pc,):
                await all_logged_in(pc)
                assert await prober.silent()
                assert [one["retries"] for one in instances(pc)] == [0] * 20


@async_test
async def test_a_verifiers_probe_from_the_service_port_is_answered_by_the_client(tmp_path: Path) -> None:
    async with connected(tmp_path, "asking") as (_fax, pc, place):
        (one,) = instances(pc)
        probe = {"id": "alert", "transport": "udp", "address": one["addresses"][0], "port": one["port"]}
        probe |= {"source_address": place, "source_port": ASKED}
        (result,) = await asyncio.to_thread(run_probes, [probe], timeout=5.0)
        assert (result["outcome"], result["tries"]) == ("open", 1)


@async_test
async def test_a_client_asks_from_the_ports_that_are_named_for_it(tmp_path: Path) -> None:
    server = offering("asking", "server")
    client = using("asking", server["addresses"][0], instances=3)
    client["exchanges"][0]["source_ports"] = "17470-17471"
    async with running(tmp_path, server, client) as (_fax, pc):
        await until(lambda: sum(one["connected"] for one in instances(pc)) == 2)
        assert [one["port"] for one in instances(pc)] == [17470, 17471, None]
        assert instances(pc)[2]["state"] == "refused"
        assert instances(pc)[2]["errors"][0]["text"].startswith("no free port in 17470-17471 to ask from")


@async_test
async def test_a_second_address_is_asked_when_the_first_is_silent(tmp_path: Path, ipv6_loopback: str) -> None:
    server = offering("asking", "server", ipv6_loopback)
    client = using("asking", ipv6_loopback)
    client["uses"][0]["dial"] = [address(), ipv6_loopback]
    client["addresses"].append(ipv6_loopback)
    client["timing"].update(tries=2)
    async with running(tmp_path, server, client) as (_fax, pc):
        await all_logged_in(pc)
        assert instances(pc)[0]["seen_as"] == ipv6_loopback


@async_test
async def test_an_address_that_this_host_does_not_have_is_named_and_the_other_family_used(
    tmp_path: Path, ipv6_loopback: str
) -> None:
    server = offering("asking", "server", ipv6_loopback)
    client = using("asking", ipv6_loopback, place="192.0.2.1")
    client["uses"][0]["dial"] = [address(), ipv6_loopback]
    client["addresses"].append(ipv6_loopback)
    async with running(tmp_path, server, client) as (_fax, pc):
        await all_logged_in(pc)
        text = "can't ask from 192.0.2.1: Cannot assign requested address"
        assert [one["text"] for one in instances(pc)[0]["errors"]] == [text]


@async_test
async def test_a_changed_port_needs_a_restart_and_takes_effect_with_it(tmp_path: Path) -> None:
    server = offering("asking", "server")
    client = using("asking", server["addresses"][0])
    async with running(tmp_path, server, client) as (fax, pc):
        await all_logged_in(pc)
        for one, kind, host in ((server, "offers", fax), (client, "uses", pc)):
            one[kind][0]["settings"]["port"] = ASKED + 1
            write(tmp_path, one)
            assert (await host.reload())["restart_needed"] != []
            await host.restart(host.changed())
        await all_logged_in(pc)
        assert (server_of(fax)["port"], instances(pc)[0]["primary_port"]) == (ASKED + 1, ASKED + 1)


def test_what_a_request_service_becomes_is_decided_by_its_kinds_alone(tmp_path: Path) -> None:
    server = offering("asking", "server")
    for exchange in server["exchanges"]:
        exchange["service"] = "another"
    server["offers"][0]["service"] = "another"
    found = load_config(str(write(tmp_path, server))).endpoints
    assert list(found) == ["server/another/request"]
    assert json.dumps(sorted(vars(found["server/another/request"]))) == json.dumps(
        ["addresses", "alert_port", "broadcast_port", "exchange", "name", "port", "service"]
    )
