# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which call-back port a client takes, and when the product would not start: the rules that its machine enforces."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.emulator import Emulator
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_world import (
    HIGH,
    LOW,
    all_logged_in,
    async_test,
    client,
    fixed,
    instances,
    notify,
    running,
    server,
)

NOWHERE = "127.0.0.1"  # no server listens there: these clients only have to take, or not to take, their ports


@contextlib.contextmanager
def foreign_process(place: str, port: int) -> Iterator[None]:
    """A program that is none of ours and holds a port."""
    family = "AF_INET6" if ":" in place else "AF_INET"
    code = (
        "import socket, sys\n"
        f"held = socket.create_server(({place!r}, {port}), family=socket.{family})\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate("")


def dynamic(low: int, high: int, **more: Any) -> dict[str, Any]:
    return {"mode": "dynamic", "low": low, "high": high, **more}


def ports(of: Emulator) -> list[int | None]:
    return [one["port"] for one in instances(of)]


@pytest.mark.acceptance("NP-12")
@async_test
async def test_a_port_that_another_program_holds_is_skipped(tmp_path: Path) -> None:
    place = address()
    with foreign_process(place, LOW + 1):
        async with running(tmp_path, client(NOWHERE, place=place, instances=3)) as (clients,):
            assert ports(clients) == [LOW, LOW + 2, LOW + 3]


@pytest.mark.acceptance("NP-12")
@async_test
async def test_nobody_can_share_a_port_that_a_client_has_taken(tmp_path: Path) -> None:
    place = address()
    async with running(tmp_path, client(NOWHERE, place=place)):
        for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            with socket.socket() as other:
                if option is not None:
                    other.setsockopt(socket.SOL_SOCKET, option, 1)
                with pytest.raises(OSError, match="in use") as refused:
                    other.bind((place, LOW))
                assert refused.value.errno == errno.EADDRINUSE


@async_test
async def test_instances_begin_their_search_each_at_a_place_of_its_own_and_go_round(tmp_path: Path) -> None:
    place = address()
    with foreign_process(place, LOW + 2):
        office = client(NOWHERE, place=place, instances=3, callback=dynamic(LOW, LOW + 3))
        async with running(tmp_path, office) as (clients,):
            assert ports(clients) == [LOW, LOW + 1, LOW + 3]
        office["uses"][0]["callback"] = dynamic(LOW, LOW + 2)
        async with running(tmp_path, office) as (clients,):
            assert ports(clients) == [LOW, LOW + 1, None]


@pytest.mark.acceptance("NR-12")
@async_test
async def test_an_instance_too_many_says_so_and_the_others_go_on(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0], instances=11, callback=dynamic(LOW, LOW + 9))
    async with running(tmp_path, offices, office) as (fax, clients):
        *well, late = instances(clients)
        assert late["state"] == "refused"
        assert late["errors"][-1]["text"] == (
            f"no free port in the call-back range {LOW}-{LOW + 9}: every one is taken;"
            " widen the range, or run fewer instances"
        )
        while not all(one["connected"] for one in instances(clients)[:10]):
            await asyncio.sleep(0.005)
        assert [one["outcome"] for one in await notify(fax)] == ["delivered"] * len(well)


@pytest.mark.acceptance("NP-10", "NP-12")
@async_test
async def test_a_fixed_port_is_refused_to_a_second_instance_and_the_first_goes_on(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0], environment="single_user", instances=2, callback=fixed(17485))
    async with running(tmp_path, offices, office) as (fax, clients):
        while not instances(clients)[0]["connected"]:
            await asyncio.sleep(0.005)
        first, second = instances(clients)
        assert (first["port"], second["port"]) == (17485, None)
        assert second["state"] == "refused"
        assert second["errors"][-1]["text"].startswith("fixed call-back port 17485 is in use on this machine: address")
        assert [one["outcome"] for one in await notify(fax)] == ["delivered"]


@pytest.mark.acceptance("NR-07", "NP-10", "NP-11")
@pytest.mark.parametrize("environment", ["fast_user_switching", "remote_desktop", "terminal_server"])
@async_test
async def test_a_fixed_port_is_refused_where_sessions_share_an_address(tmp_path: Path, environment: str) -> None:
    async with running(tmp_path, client(NOWHERE, environment=environment, callback=fixed(17485))) as (clients,):
        (one,) = instances(clients)
        assert (one["state"], one["port"]) == ("refused", None)
        assert one["errors"][-1]["text"].startswith(
            f"a fixed call-back port can't be used in the environment {environment}: its sessions share one address"
        )


@pytest.mark.acceptance("NP-10", "NP-11")
@pytest.mark.parametrize("environment", ["fast_user_switching", "remote_desktop", "terminal_server"])
@async_test
async def test_dynamic_ports_allow_any_number_of_sessions(tmp_path: Path, environment: str) -> None:
    async with running(tmp_path, client(NOWHERE, environment=environment, instances=100)) as (clients,):
        assert ports(clients) == list(range(LOW, HIGH + 1))


@pytest.mark.acceptance("NP-08", "NP-09", "NR-06")
@pytest.mark.parametrize("callback", [dynamic(LOW, HIGH), fixed(17485), fixed(18111)])
@async_test
async def test_a_single_user_may_have_either_mode(tmp_path: Path, callback: dict[str, Any]) -> None:
    offices = server()
    office = client(offices["addresses"][0], environment="single_user", callback=callback)
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        assert ports(clients) == [callback.get("fixed", LOW)]
        assert [one["outcome"] for one in await notify(fax)] == ["delivered"]


@pytest.mark.acceptance("NR-16")
@pytest.mark.parametrize(
    ("callback", "port"), [(fixed(25), 25), (fixed(110), 110), (fixed(21), 21), (dynamic(1020, 1100), 1020)]
)
@async_test
async def test_a_well_known_port_is_never_taken(tmp_path: Path, callback: dict[str, Any], port: int) -> None:
    async with running(tmp_path, client(NOWHERE, environment="single_user", callback=callback)) as (clients,):
        (one,) = instances(clients)
        assert (one["state"], one["port"]) == ("refused", None)
        assert one["errors"][-1]["text"] == f"call-back port {port} is a well-known port; choose one above 1023"


@pytest.mark.acceptance("NR-16")
@async_test
async def test_ports_to_avoid_are_neither_chosen_nor_accepted(tmp_path: Path) -> None:
    avoid = {"avoid": [LOW, LOW + 2]}
    async with running(
        tmp_path,
        client(NOWHERE, instances=2, callback=dynamic(LOW, LOW + 4, **avoid)),
        client(NOWHERE, "uk-pc1", environment="single_user", callback=fixed(LOW) | avoid),
    ) as (sessions, single):
        assert ports(sessions) == [LOW + 1, LOW + 3]
        assert instances(single)[0]["errors"][-1]["text"] == f"call-back port {LOW} is one to avoid; choose another"


@async_test
async def test_a_reversed_range_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, client(NOWHERE, callback=dynamic(HIGH, LOW))) as (clients,):
        assert instances(clients)[0]["errors"][-1]["text"].startswith(f"the call-back range {HIGH}-{LOW} is reversed")


@async_test
async def test_a_client_of_two_families_has_the_same_port_in_both(tmp_path: Path, ipv6_loopback: str) -> None:
    place = address()
    office = client(NOWHERE, place=place, callback=dynamic(LOW, LOW + 1))
    office["addresses"].append(ipv6_loopback)
    with foreign_process(ipv6_loopback, LOW):
        async with running(tmp_path, office) as (clients,):
            assert ports(clients) == [LOW + 1]
            for each in (place, ipv6_loopback):
                (await dialled(each, LOW + 1, 2)).close()
