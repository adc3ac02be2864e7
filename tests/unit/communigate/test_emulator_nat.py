# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's SIP listener: which clients stand behind NAT, their dummy packets, and calls to them."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.communigate import sip_client as client
from tests.unit.communigate.world import SIP_PORT, Emulated

NATED = "192.168.0.0-192.168.255.255\n!192.168.7.0/24\n127.9.9.9"


def started(server: Emulated, *options: str) -> subprocess.Popen[str]:
    """A client in a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            str(Path(client.__file__)),
            "--server",
            server.host,
            "--port",
            str(SIP_PORT),
            "--seconds",
            "20",
            *options,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def events(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """What a client printed until it ended."""
    text, _errors = process.communicate(timeout=30)
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("stated", "behind"),
    [
        pytest.param("192.168.1.5", True, id="stated in the list, seen from outside of it"),
        pytest.param("10.0.0.5", False, id="stated outside of the list"),
        pytest.param("192.168.7.5", False, id="stated in what the list excludes"),
        pytest.param("127.0.0.1", False, id="stated as seen"),
        pytest.param("anna.example.com", False, id="stated as a name"),
    ],
)
@pytest.mark.acceptance("CG-05", "CG-06")
def test_a_client_is_behind_nat_by_the_address_that_it_states(server: Emulated, stated: str, behind: bool) -> None:
    server.server.store.settings["NATedIPs"] = NATED
    (registered, *_rest) = events(started(server, "--name", "anna", "--own", stated, "--until", "registered"))
    assert registered["event"] == "registered"
    assert registered["behind_nat"] is behind
    assert f"is {'' if behind else 'not '}behind a NAT" in server.log


@pytest.mark.acceptance("CG-06")
def test_a_client_that_is_seen_from_a_nated_address_is_not_behind_nat(server: Emulated) -> None:
    server.server.store.settings["NATedIPs"] = "192.168.0.0/16\n127.0.0.0/8"
    (registered, *_rest) = events(started(server, "--name", "anna", "--own", "192.168.1.5", "--until", "registered"))
    assert registered["behind_nat"] is False


@pytest.mark.acceptance("CG-07")
def test_dummy_packets_go_to_clients_behind_nat_only(server: Emulated) -> None:
    server.server.store.settings["NATedIPs"] = NATED
    server.server.store.settings["Network"]["NATPing"] = "0.2"
    both = [
        started(server, "--name", name, "--own", own, "--seconds", "2")
        for name, own in (("anna", "192.168.1.5"), ("bert", "10.0.0.5"))
    ]
    counts = [events(process)[-1]["counts"] for process in both]
    assert counts[0]["dummy"] >= 3
    assert "dummy" not in counts[1]


@pytest.mark.acceptance("CG-07")
def test_a_call_reaches_a_registered_client_through_its_opening(server: Emulated) -> None:
    called = started(server, "--name", "anna", "--own", "192.168.1.5", "--until", "called")
    deadline = time.monotonic() + 5
    while "anna at" not in server.log and time.monotonic() < deadline:
        time.sleep(0.05)
    caller = events(started(server, "--name", "bert", "--call", "anna", "--until", "answered"))
    assert [event["event"] for event in caller] == ["answered", "end"]
    assert caller[0]["status"] == "200 OK"
    assert events(called)[-1]["counts"] == {"registered": 1, "called": 1}


def test_nobody_is_called_who_is_not_there(server: Emulated) -> None:
    caller = events(started(server, "--name", "bert", "--call", "nobody", "--until", "answered"))
    assert caller[0]["status"] == "404 Not Found"


def test_a_registration_ends_when_the_client_says_so(server: Emulated) -> None:
    sip = server.server.sip
    said: list[bytes] = []
    for expires, there in ((60, True), (0, False)):
        data = client.request("REGISTER", "anna", server.host, ("10.0.0.5", 5), "1", expires)
        server.in_loop(functools.partial(sip.heard, data, ("127.0.0.1", 5), said.append))
        assert ("anna" in sip.registered) is there
    assert [answer.partition(b"\r\n")[0] for answer in said] == [b"SIP/2.0 200 OK"] * 2


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\xff" * 50, b"REGISTER", b"REGISTER sip:a SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\nCall-ID: no\r\n\r\n"),
        *(
            b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
            b"REGISTER sip:a SIP/2.0\r\nVia:\r\nTo: x\r\nExpires: \xb2\r\n\r\n",
        ),
    ],
)
def test_junk_does_not_end_it(server: Emulated, data: bytes) -> None:
    said: list[bytes] = []
    server.in_loop(lambda: server.server.sip.heard(data, ("127.0.0.1", 5), said.append))
    (registered, *_rest) = events(started(server, "--name", "anna", "--until", "registered"))
    assert registered["event"] == "registered"
