# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the emulator reads, what it refuses to read, and how it answers probes."""

from __future__ import annotations

import asyncio
import copy
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import read_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.entry import Entry
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.module_utils.emulator_world import LOW, PCP, all_logged_in, async_test, client, running, server


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    data = client("198.51.100.10")
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: data.update(format=2), "format: 2 is not known here; this emulator reads 1"),
        (lambda data: data.update(host="a\nb"), r"host: 'a\nb' is not a name; write printable text in one line"),
        (lambda data: data.update(addresses=[]), "addresses: [] is neither an address nor a list of addresses"),
        (lambda data: data.update(uses={}), "uses: {} is not a list"),
        (lambda data: data.update(uses=[7]), "uses[0]: 7 is not a mapping"),
        (lambda data: data["uses"][0].update(instances="40"), "uses[0].instances: '40' is not a whole number from 1"),
        (lambda data: data["uses"][0].update(instances=0), "uses[0].instances: 0 is not a whole number from 1"),
        (lambda data: data["uses"][0].update(dial=None), "uses[0].dial: None is neither an address nor a list"),
        (
            lambda data: data["uses"][0].update(environment="vista"),
            "uses[0].environment: 'vista' is unknown; write one of single_user, fast_user_switching",
        ),
        (
            lambda data: data["uses"][0]["callback"].update(low="abc"),
            "uses[0].callback.low: 'abc' is not a whole number from 1 to 65535",
        ),
        (
            lambda data: data["uses"][0]["callback"].update(mode="both"),
            "uses[0].callback.mode: 'both' is unknown; write one of dynamic, fixed",
        ),
        (
            lambda data: data["uses"][0]["settings"].update(primary_port=70000),
            "uses[0].settings.primary_port: '70000' does not run upward within 1 to 65535",
        ),
        (
            lambda data: data["uses"][0].update(settings={}),
            "exchanges[0].ports: 'primary_port' is neither a port nor a range of ports",
        ),
        (lambda data: data["uses"].append(copy.deepcopy(data["uses"][0])), "uses[1]: uk-ts1/netcfax@fl-fax/1 is there"),
        (lambda data: data.update(timing={"patience": 1}), "timing.patience: unknown; write one of connect, answer"),
        (lambda data: data.update(timing={"answer": 0}), "timing.answer: 0 is not a number above 0"),
    ],
)
def test_a_fault_is_named_with_its_place_and_its_value(change: Callable[[dict[str, Any]], Any], complaint: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        read_config(changed(change))
    assert str(caught.value).startswith(complaint)


def test_exchanges_that_mean_the_same_ports_listen_there_once() -> None:
    """FTP's data connections come in on the ports of media by TCP; on those of media by UDP nothing else does."""
    named = {"media_udp": ("udp", "7000-7009"), "media_tcp": ("tcp", "7000-7009"), "ftp_data": ("tcp", "7000-7009")}
    named["more"] = ("tcp", "7005-7014")
    exchanges = [
        {"service": "gateway", "name": name, "initiator": "client", "transport": transport, "ports": ports}
        for name, (transport, ports) in named.items()
    ]
    data = {"format": 1, "host": "cgate", "addresses": ["10.0.1.12"], "exchanges": exchanges}
    found = read_config({**data, "offers": [{"service": "gateway", "settings": {}}]}).endpoints
    ports = {name.rpartition("/")[2]: settings.ports for name, settings in found.items()}
    assert ports == {
        "media_udp": tuple(range(7000, 7010)),
        "media_tcp": tuple(range(7000, 7010)),
        "more": tuple(range(7010, 7015)),
    }


def test_a_slice_of_the_plan_is_a_configuration_as_it_is() -> None:
    host_slice = client("198.51.100.10", instances=40, instructions=["Save."]) | {
        "plan": "0" * 64,
        "digest": "1" * 64,
        "site": "sheffield",
        "roles": ["client"],
        "policy": {"forwarding": False},
        "offers": [],
        "flows": [],
        "findings": [],
    }
    endpoints = read_config(host_slice).endpoints
    assert list(endpoints) == [f"uk-ts1/netcfax@fl-fax/{number}" for number in range(1, 41)]


def test_what_is_switched_off_does_not_run() -> None:
    data = client("198.51.100.10", enabled=False)
    data["offers"] = [{"service": "netcfax", "settings": {"primary_port": PCP}, "enabled": False}]
    assert read_config(data).endpoints == {}


def other_service(transport: str, ports: str | int) -> dict[str, Any]:
    data = server("gateway")
    data["exchanges"] = [
        {
            "service": "other",
            "name": "main",
            "initiator": "client",
            "transport": transport,
            "kind": "request",
            "ports": ports,
        }
    ]
    data["offers"] = [{"service": "other", "settings": {}}]
    return data


@async_test
async def test_an_exchange_without_an_emulated_conversation_answers_probes_over_tcp(tmp_path: Path) -> None:
    gateway = other_service("tcp", f"{LOW}-{LOW + 1}")
    async with running(tmp_path, gateway) as (host,):
        for port in (LOW, LOW + 1):
            line = await dialled(gateway["addresses"][0], port, 2)
            line.say(probe="t-1")
            answer = await line.hear(2)
            assert (answer["answer"], answer["by"], answer["seen_from"]) == (
                "t-1",
                "gateway/other/main",
                list(line.here),
            )
            line.close()
        assert host.state()["responders"][0]["answered"] == 2


@async_test
async def test_an_exchange_without_an_emulated_conversation_answers_probes_over_udp(tmp_path: Path) -> None:
    gateway = other_service("udp", LOW)
    async with running(tmp_path, gateway):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect((gateway["addresses"][0], LOW))
            loop = asyncio.get_running_loop()
            # Neither noise nor an answer may be answered: two responders would never end.
            for nothing in (b"hello", b"[1]", b'{"answer": "t-0"}'):
                await loop.sock_sendall(asking, nothing)
            await loop.sock_sendall(asking, b'{"probe": "t-1"}')
            answer = json.loads(await asyncio.wait_for(loop.sock_recv(asking, 500), 2))
            assert (answer["answer"], answer["by"]) == ("t-1", "gateway/other/main")


@async_test
async def test_servers_and_clients_answer_probes_with_their_names(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0])
    async with running(tmp_path, offices, office) as (_fax, clients):
        await all_logged_in(clients)
        for place, port, name in (
            (offices["addresses"][0], PCP, "fl-fax/netcfax/pcp"),
            (office["addresses"][0], LOW, "uk-ts1/netcfax@fl-fax/1"),
        ):
            line = await dialled(place, port, 2)
            line.say(probe="t-1")
            assert (await line.hear(2))["by"] == name
            line.close()


@async_test
async def test_scans_and_noise_do_not_disturb(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0])
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        for place, port in ((offices["addresses"][0], PCP), (office["addresses"][0], LOW)):
            for noise in (b"", b"GET / HTTP/1.0\r\n\r\n", b"[]\n", b"{}\n", b"x" * 200_000):
                _reader, writer = await asyncio.open_connection(place, port)
                writer.write(noise)
                writer.close()
        answer = await fax.notify(Entry("", {}))
        assert [one["outcome"] for one in answer["results"]] == ["delivered"]
