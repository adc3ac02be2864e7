# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's resolver, asked against DNS servers that the test plays itself."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators.communigate.data_format import as_text
from tests.emulators.communigate.resolver import dns_addresses
from tests.unit.communigate.world import Emulated, made, wanted_list
from tests.unit.loopback import address

T = 0.4  # the initial time-out in seconds: short, and longer than most of a busy machine's hiccups


class Names:
    """A DNS server that answers every question with the same addresses, or with silence, and remembers the times."""

    def __init__(self, place: str, port: int, answers: list[str] | None, truncated: bool = False) -> None:
        self.place, self.answers, self.truncated = place, answers, truncated
        self.asked: list[tuple[str, float]] = []
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((place, port))
        self.port = self.udp.getsockname()[1]
        self.tcp = socket.create_server((place, self.port))
        for serve in (self._by_udp, self._by_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def answer(self, query: bytes, addresses: list[str], flags: int) -> bytes:
        """A response to a query (RFC 1035): its question, and a record for each address."""
        head = query[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
        records = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(each) for each in addresses
        )
        return head + query[12:] + records

    def _by_udp(self) -> None:
        while True:
            try:
                query, there = self.udp.recvfrom(4096)
            except OSError:
                return
            self.asked.append(("udp", time.monotonic()))
            if self.answers is not None:
                flags, found = (0x8380, []) if self.truncated else (0x8180, self.answers)
                self.udp.sendto(self.answer(query, found, flags), there)

    def _by_tcp(self) -> None:
        while True:
            try:
                talk, _there = self.tcp.accept()
            except OSError:
                return
            with talk:
                (size,) = struct.unpack("!H", talk.recv(2))
                self.asked.append(("tcp", time.monotonic()))
                answer = self.answer(talk.recv(size), self.answers or [], 0x8180)
                talk.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self) -> None:
        """Answer no more."""
        self.udp.close()
        self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()


@pytest.fixture
def names() -> Iterator[Any]:
    """Starts DNS servers on one port, each with an address of its own."""
    running: list[Names] = []

    def start(answers: list[str] | None, truncated: bool = False, place: str | None = None) -> Names:
        port = running[0].port if running else 0
        running.append(Names(place or address(), port, answers, truncated))
        return running[-1]

    yield start
    for each in running:
        each.close()


def resolved(server: Emulated, *used: Names, rbl: bool = False, **settings: Any) -> str:
    """The log records of one resolution. Source and servers are those that the server's settings hold."""
    made_settings = {"InitialTimeout": str(T), "Port": used[0].port, "Source": "Custom", **settings}
    if "Servers" not in settings:
        made_settings["Servers"] = ",".join(each.place for each in used)
    with server.session() as session:
        held = session.get("GETDNRSETTINGS")
        assert isinstance(held, dict)
        session.set("SETDNRSETTINGS", as_text({**held, **made_settings}))
        session.set("EMULATORRESOLVE", '"fax.example.net"' + (" RBL" if rbl else ""))
    deadline = time.monotonic() + 60 * T
    while not re.search(r"DNR.*(resolved|unknown host|dummy|no response)", server.log) and time.monotonic() < deadline:
        time.sleep(0.02)
    return "".join(line for line in server.log.splitlines(keepends=True) if " DNR-" in line)


@pytest.mark.acceptance("CG-12")
def test_the_resolvers_log_records_carry_its_tag(server: Emulated, names: Any) -> None:
    told = resolved(server, names(["192.0.2.7"]))
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3} 4 DNR-00001\(fax.example.net\) request sent to", told)
    assert "resolved to 192.0.2.7" in told


@pytest.mark.acceptance("CG-13")
def test_custom_without_an_address_means_this_machine(server: Emulated, names: Any) -> None:
    told = resolved(server, names(["192.0.2.7"], place="127.0.0.1"), Servers="")
    assert "request sent to [127.0.0.1]:" in told
    assert "resolved to 192.0.2.7" in told


@pytest.mark.acceptance("CG-14", "CG-15")
def test_each_repeat_waits_longer_and_goes_to_the_next_server(server: Emulated, names: Any) -> None:
    first, second = names(None), names(None)
    told = resolved(server, first, second)
    assert re.findall(r"request sent to \[([0-9.]+)\]:\d+, time-out ([0-9.]+) s", told) == [
        (first.place, f"{T:g}"),
        (second.place, f"{2 * T:g}"),
        (first.place, f"{3 * T:g}"),
    ]
    at = [when for _by, when in first.asked], [when for _by, when in second.asked]
    assert [len(times) for times in at] == [2, 1]
    assert at[1][0] - at[0][0] > T * 0.9
    assert at[0][1] - at[1][0] > 2 * T * 0.9
    assert "no response from any domain name server" in told


@pytest.mark.acceptance("CG-15")
def test_the_next_server_answers_what_the_first_did_not(server: Emulated, names: Any) -> None:
    assert "resolved to 192.0.2.8" in resolved(server, names(None), names(["192.0.2.8"]))


@pytest.mark.acceptance("CG-16")
def test_an_rbl_request_is_sent_twice_at_most_with_the_same_time_out(server: Emulated, names: Any) -> None:
    silent = names(None)
    told = resolved(server, silent, rbl=True)
    assert re.findall(r"time-out ([0-9.]+) s", told)[:2] == [f"{T:g}", f"{T:g}"]
    time.sleep(2 * T)
    assert len(silent.asked) == 2


@pytest.mark.acceptance("CG-17")
def test_a_truncated_answer_is_asked_for_again_by_tcp(server: Emulated, names: Any) -> None:
    short = names(["192.0.2.7", "192.0.2.8"], truncated=True)
    told = resolved(server, short)
    assert [by for by, _when in short.asked] == ["udp", "tcp"]
    assert "resolved to 192.0.2.7, 192.0.2.8" in told


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (["192.0.2.7", "198.51.100.1"], "unknown host"),
        (["198.51.100.1", "192.0.2.7"], "resolved to 198.51.100.1, 192.0.2.7"),
        ([], "unknown host"),
    ],
)
@pytest.mark.acceptance("CG-18")
def test_only_the_first_address_is_looked_up_in_the_dummy_list(
    server: Emulated, names: Any, answer: list[str], end: str
) -> None:
    told = resolved(server, names(answer), DummyIPs="192.0.2.0-192.0.2.255 ; the registry's")
    assert end in told


@pytest.mark.acceptance("CG-13", "CG-14", "CG-18")
def test_the_module_sets_what_the_resolver_goes_by(server: Emulated, names: Any) -> None:
    used = names(["192.0.2.7"])
    made(
        server,
        resolver={
            "Source": "Custom",
            "Servers": f"[{used.place}]:{used.port}",
            "DummyIPs": "192.0.2.7",
            "RetryLimit": 1,
        },
    )
    with server.session() as session:
        session.set("EMULATORRESOLVE", '"fax.example.net"')
    deadline = time.monotonic() + 20
    while "dummy address" not in server.log and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "192.0.2.7 is a dummy address" in server.log
    assert made(server, lan_ips=wanted_list(), resolver={"RetryLimit": 1}).changes == ()


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0" * 12, b"\0" * 4 + b"\xff" * 8, b"\0\0\x81\x80\0\1\0\1\0\0\0\0" + b"\x3f", bytes(range(256))],
)
def test_a_dns_answer_that_cannot_be_read_holds_no_address(answer: bytes) -> None:
    assert dns_addresses(answer) == []
