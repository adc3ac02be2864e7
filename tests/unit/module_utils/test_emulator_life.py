# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How emulated programs live: they stay logged in, come back, log out, and keep their settings until they restart."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator import cli
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_world import (
    LOW,
    PCP,
    all_logged_in,
    async_test,
    client,
    instances,
    notify,
    running,
    server,
    start,
    until,
    write,
)

FOLDER = Path(cli.__file__).resolve().parent
PROGRAM = FOLDER / "program.py"


@async_test
async def test_clients_come_back_with_their_ports_when_a_lost_server_returns(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, client(offices["addresses"][0], instances=5)) as (clients,):
        fax = await start(tmp_path, offices)
        await all_logged_in(clients)
        before = [one["port"] for one in instances(clients)]
        await fax.stop()
        await until(lambda: not any(one["connected"] for one in instances(clients)))
        await until(lambda: all(one["state"] == "waiting" for one in instances(clients)))
        async with running(tmp_path, offices) as (fax,):
            await all_logged_in(clients)
            assert [one["port"] for one in instances(clients)] == before
            assert [one["login_count"] for one in instances(clients)] == [2] * 5
            assert [one["outcome"] for one in await notify(fax)] == ["delivered"] * 5
            await clients.stop()


@async_test
async def test_a_server_that_answers_no_more_is_given_up_after_the_keep_alive(tmp_path: Path) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b'{"welcome":"mute","seen_as":["127.0.0.1",1]}\n')
        await reader.read()
        writer.close()

    place = address()
    office = client(place)
    office["timing"].update(keep_alive=0.1, answer=0.1)
    async with await asyncio.start_server(mute, place, PCP), running(tmp_path, office) as (clients,):
        await until(lambda: instances(clients)[0]["login_count"] == 2)
        assert instances(clients)[0]["errors"][0]["text"] == "no answer in 0.1 s"
        await clients.stop()


@async_test
async def test_an_idle_client_stays_logged_in(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0])
    office["timing"].update(keep_alive=0.05)
    async with running(tmp_path, offices, office) as (_fax, clients):
        await all_logged_in(clients)
        await asyncio.sleep(0.5)  # ten keep-alives; the server would give up after three
        assert instances(clients)[0]["login_count"] == 1
        assert instances(clients)[0]["errors"] == []


@async_test
async def test_a_server_forgets_a_client_that_has_gone_without_a_word(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices) as (fax,):
        line = await dialled(offices["addresses"][0], PCP, 2)
        line.say(login="uk-ts1", call_back_port=LOW, keep_alive=0.05)
        await until(lambda: fax.state()["servers"][0]["logins"])
        await until(lambda: not fax.state()["servers"][0]["logins"])
        line.close()


@async_test
async def test_a_stopped_client_has_logged_out(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=3)) as (fax, clients):
        await all_logged_in(clients)
        await clients.stop()
        await until(lambda: not fax.state()["servers"][0]["logins"])
        assert await notify(fax) == []
        assert [one["outcome"] for one in await notify(fax, instances=["uk-ts1/netcfax@fl-fax/1"])] == ["not_logged_in"]


@async_test
async def test_a_client_says_goodbye_before_it_closes(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def listening(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b'{"welcome":"fl-fax","seen_as":["127.0.0.1",1]}\n')
        heard.append(await reader.readline())
        writer.close()

    place = address()
    async with await asyncio.start_server(listening, place, PCP), running(tmp_path, client(place)) as (clients,):
        await all_logged_in(clients)
        await clients.stop()
        await until(lambda: len(heard) == 2)
        assert json.loads(heard[1]) == {"logout": "uk-ts1/netcfax@fl-fax/1"}


@pytest.mark.acceptance("NP-07", "NP-13")
@async_test
async def test_a_changed_setting_takes_effect_when_a_client_restarts_and_not_before(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0], instances=3)
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        office["uses"][0]["callback"].update(low=LOW + 50, high=LOW + 59)
        write(tmp_path, office)
        names = [one["name"] for one in instances(clients)]
        assert await clients.reload() == {"started": [], "stopped": [], "restart_needed": names}
        assert [one["port"] for one in instances(clients)] == [LOW, LOW + 1, LOW + 2]

        await clients.restart([names[1]])
        await all_logged_in(clients)
        state = {one["name"]: one for one in instances(clients)}
        assert [state[name]["port"] for name in names] == [LOW, LOW + 51, LOW + 2]
        assert [state[name]["restart_needed"] for name in names] == [True, False, True]
        assert [state[name]["login_count"] for name in names] == [1, 1, 1]
        assert {one["outcome"] for one in await notify(fax)} == {"delivered"}


@pytest.mark.acceptance("NR-02")
@async_test
async def test_a_new_primary_port_reaches_server_and_clients_with_their_restart(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0])
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        for one, host in ((offices["offers"][0], offices), (office["uses"][0], office)):
            one["settings"]["primary_port"] = PCP + 1
            write(tmp_path, host)
        for each in (fax, clients):
            await each.reload()
            await each.restart(each.changed())
        await all_logged_in(clients)
        assert fax.state()["servers"][0]["port"] == PCP + 1
        assert [one["outcome"] for one in await notify(fax)] == ["delivered"]


@async_test
async def test_reading_again_starts_what_is_new_and_stops_what_is_gone(tmp_path: Path) -> None:
    offices = server()
    office = client(offices["addresses"][0], instances=2)
    async with running(tmp_path, offices, office) as (fax, clients):
        await all_logged_in(clients)
        first, second = (one["name"] for one in instances(clients))
        office["uses"][0]["instances"] = 1
        write(tmp_path, office)
        assert await clients.reload() == {"started": [], "stopped": [second], "restart_needed": []}
        await until(lambda: len(fax.state()["servers"][0]["logins"]) == 1)
        office["uses"][0]["instances"] = 2
        write(tmp_path, office)
        assert await clients.reload() == {"started": [second], "stopped": [], "restart_needed": []}
        assert [one["name"] for one in instances(clients)] == [first, second]


@async_test
async def test_a_changed_timing_needs_a_restart_as_well(tmp_path: Path) -> None:
    office = client("127.0.0.1")
    async with running(tmp_path, office) as (clients,):
        office["timing"]["keep_alive"] = 600
        write(tmp_path, office)
        names = [one["name"] for one in instances(clients)]
        assert await clients.reload() == {"started": [], "stopped": [], "restart_needed": names}
        await clients.restart(names)
        assert clients.changed() == []


@async_test
async def test_a_configuration_with_a_fault_leaves_everything_as_it_was(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0])) as (_fax, clients):
        await all_logged_in(clients)
        (tmp_path / "uk-ts1.json").write_text('{"format": 1, "host": ')
        with pytest.raises(EmulatorError, match=r"uk-ts1.json: not JSON"):
            await clients.reload()
        assert instances(clients)[0]["connected"]
        assert clients.changed() == []


@async_test
async def test_a_server_whose_port_is_taken_says_so_and_listens_once_it_is_free(tmp_path: Path) -> None:
    offices = server()
    place = offices["addresses"][0]
    with socket.create_server((place, PCP)) as other:
        async with running(tmp_path, offices) as (fax,):
            (found,) = fax.state()["servers"]
            assert found["state"] == "waiting"
            assert found["errors"][0]["text"] == f"can't listen on {place} port {PCP}: Address already in use"
            other.close()
            await until(lambda: fax.state()["servers"][0]["state"] == "listening")


def said(*arguments: str, program: Path = PROGRAM) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture(params=["folder", "archive"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The two ways to bring the emulator to a host: copy its folder, or bundle it first."""
    if request.param == "folder":
        shutil.copytree(FOLDER, tmp_path / "emulator", ignore=shutil.ignore_patterns("__pycache__"))
        return tmp_path / "emulator" / PROGRAM.name
    assert said("bundle", str(tmp_path / "emulator.pyz")).returncode == 0
    return tmp_path / "emulator.pyz"


def test_the_package_runs_alone_and_is_asked_over_its_socket(program: Path, tmp_path: Path) -> None:
    def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
        return said(*arguments, program=program)

    offices = server()
    office = client(offices["addresses"][0], instances=2)
    sockets = {host: str(tmp_path / f"{host}.sock") for host in ("fl-fax", "uk-ts1")}
    manager_path = str(tmp_path / "manager.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(manager_path)
        manager.settimeout(10)
        environment = {"NOTIFY_SOCKET": manager_path}
        processes = [
            subprocess.Popen(
                [sys.executable, "-I", str(program), "run", "--config", str(write(tmp_path, each))], env=environment
            )
            for each in (offices, office)
        ]
        try:
            assert [manager.recv(100), manager.recv(100)] == [b"READY=1"] * 2
            state = cli("state", "--socket", sockets["uk-ts1"], "--wait", "10")
            assert [one["connected"] for one in json.loads(state.stdout)["instances"]] == [True, True]
            assert Path(sockets["uk-ts1"]).stat().st_mode & 0o777 == 0o600

            told = cli("notify", "--socket", sockets["fl-fax"])
            assert told.returncode == 0
            assert [one["outcome"] for one in json.loads(told.stdout)["results"]] == ["delivered"] * 2

            office["uses"][0]["callback"].update(low=LOW + 20)
            write(tmp_path, office)
            assert len(json.loads(cli("reload", "--socket", sockets["uk-ts1"]).stdout)["restart_needed"]) == 2
            assert len(json.loads(cli("restart", "--socket", sockets["uk-ts1"]).stdout)["restarted"]) == 2

            missing = cli("notify", "--socket", sockets["fl-fax"], "uk-ts9/netcfax@fl-fax/1")
            assert missing.returncode == 1
            assert json.loads(missing.stdout)["results"][0]["outcome"] == "not_logged_in"
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
        assert [process.wait(10) for process in processes] == [0, 0]
    assert not Path(sockets["fl-fax"]).exists()


def test_a_bundle_has_the_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(FOLDER, tmp_path / "emulator", copy_function=shutil.copyfile))
    for name, source in (("first", PROGRAM), ("second", copied / PROGRAM.name)):
        assert said("bundle", str(tmp_path / name), program=source).returncode == 0
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_bundle_goes_to_the_users_cache_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, second = said("bundle").stdout, said("bundle").stdout
    assert first == second
    assert [str(path) for path in (tmp_path / "faxnet").iterdir()] == [first.strip()]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["state", "--socket", "/nowhere.sock"], "/nowhere.sock: No such file or directory; is the emulator running"),
        (["check", "--config", "/nowhere.json"], "/nowhere.json: No such file or directory"),
        (["run", "--config", "/nowhere.json"], "/nowhere.json: No such file or directory"),
        (
            ["bundle", "/proc/emulator.pyz"],
            "can't write /proc/emulator.pyz: No such file or directory; name another FILE",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(arguments: list[str], complaint: str) -> None:
    ended = said(*arguments)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"emulator: {complaint}")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("request_line", "complaint"),
    [
        ({"do": "explode"}, "do: 'explode' is unknown; write one of state, notify, restart, reload"),
        ({}, "do: None is not a name"),
        ({"do": "restart", "names": ["nobody"]}, "not running here: nobody"),
        ({"do": "notify"}, "no server that notifies clients runs on uk-ts1"),
    ],
)
@async_test
async def test_a_request_that_makes_no_sense_is_answered_with_the_reason(
    tmp_path: Path, request_line: dict[str, Any], complaint: str
) -> None:
    async with running(tmp_path, client("127.0.0.1")):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "uk-ts1.sock")
        writer.write(json.dumps(request_line).encode() + b"\n")
        answer = json.loads(await reader.readline())
        assert answer["ok"] is False
        assert answer["error"].startswith(complaint)
        writer.close()


@async_test
async def test_a_rehearsed_round_calls_nobody(tmp_path: Path) -> None:
    offices = server()
    async with running(tmp_path, offices, client(offices["addresses"][0], instances=2)) as (fax, clients):
        await all_logged_in(clients)
        assert [(one["outcome"], one["port"]) for one in await notify(fax, rehearse=True)] == [
            ("not_tried", LOW),
            ("not_tried", LOW + 1),
        ]
        assert [one["notification_count"] for one in instances(clients)] == [0, 0]
