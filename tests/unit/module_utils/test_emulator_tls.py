# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted logins: nothing can be read on the way, and what is missing for it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import GoneError
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_consoles import NAME, confirmed, logged_in, network
from tests.unit.module_utils.emulator_world import (
    APPLICATION,
    Datagrams,
    all_logged_in,
    async_test,
    instances,
    notify,
    offering,
    running,
    server_of,
    until,
    using,
)


@pytest.mark.acceptance("KE-04")
@async_test
async def test_nothing_of_a_login_can_be_read_on_the_wire(tmp_path: Path) -> None:
    server, inside = offering("console", "server"), address()
    place = server["addresses"][0]
    async with network(inside, place) as (passed, _ends), running(tmp_path, server):
        connection, identifier = await logged_in(inside)
        with Datagrams(address()) as console:
            console.send((place, APPLICATION), {"connection": identifier})
            await confirmed(connection)
        assert connection.encryption in ("TLSv1.2", "TLSv1.3")
        assert passed[0] == 22  # a TLS record of type handshake: RFC 8446, section 5.1
        for word in (b"login", b"welcome", b"connection", b"log_channel", NAME.encode(), identifier.encode()):
            assert word not in passed
        connection.close()
        await until(lambda: passed)


@pytest.mark.acceptance("KE-04")
@async_test
async def test_a_client_that_does_not_encrypt_gets_no_answer_and_no_login(tmp_path: Path) -> None:
    server = offering("console", "server")
    place = server["addresses"][0]
    async with running(tmp_path, server) as (fax,):
        connection = await dialled(place, APPLICATION, 5)
        connection.say(login=NAME, call_back_port=0, log_items=True)
        with pytest.raises(GoneError):  # and not NonsenseError: not even junk ends in a line
            await connection.hear(5)
        connection.close()
        assert server_of(fax)["logins"] == []
        assert server_of(fax)["errors"] == []


@pytest.mark.acceptance("KE-04")
@async_test
async def test_a_client_that_encrypts_is_not_content_with_a_server_that_does_not(tmp_path: Path) -> None:
    server = offering("console", "server", exchanges=["admin"])
    server["exchanges"].pop()  # nothing says that this login is an encrypted one
    place = server["addresses"][0]
    async with running(tmp_path, server, using("console", place)) as (_fax, pc):
        await until(lambda: instances(pc)[0]["errors"])
        assert instances(pc)[0]["errors"][0]["text"].startswith(f"can't reach {place} port {APPLICATION}: ")
        assert not instances(pc)[0]["connected"]


@async_test
async def test_a_login_stays_encrypted_where_the_log_channel_is_switched_off(tmp_path: Path) -> None:
    off = {"exchanges": ["admin"]}
    server = offering("console", "server", **off)
    place = server["addresses"][0]
    async with running(tmp_path, server, using("console", place, **off)) as (fax, pc):
        await all_logged_in(pc)
        (one,) = instances(pc)
        assert one["encryption"].startswith("TLSv1.")
        assert (one["log_channel"], one["kind"]) == (None, None)
        assert await notify(fax) == []
        assert [sent["outcome"] for sent in await notify(fax, instances=[NAME])] == ["not_wanted"]
        with Datagrams(place, APPLICATION):  # nothing holds the port for UDP
            pass


@async_test
async def test_a_host_without_openssl_says_so_and_everything_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    server, other = offering("console", "server"), offering("asking", "server")
    both = {"exchanges": server["exchanges"] + other["exchanges"], "offers": server["offers"] + other["offers"]}
    async with running(tmp_path, server | both) as (fax,):
        console, asking = fax.state()["servers"]
        assert console["state"] == "refused"
        assert console["errors"][0]["text"] == (
            "server/console/admin encrypts its connections and needs the command openssl to make a certificate, which"
            " is not on this host; install the package openssl, then restart the emulator"
        )
        assert asking["state"] == "listening"


@async_test
async def test_an_openssl_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "openssl"
    broken.write_text("#!/bin/sh\necho no such curve >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    async with running(tmp_path, offering("console", "server")) as (fax,):
        text = "server/console/admin got no certificate, openssl ended with 3: no such curve"
        assert server_of(fax)["errors"][0]["text"] == text


@async_test
async def test_no_key_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    server = offering("console", "server")
    async with running(tmp_path, server) as (fax,):
        assert server_of(fax)["state"] == "listening"
        assert list(folder.iterdir()) == []
