# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever reaches the emulated server's commands, SIP listener, DNS reader and settings, it goes on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.text import to_text
from tests.emulators.communigate.address_lists import entries
from tests.emulators.communigate.data_format import as_text, values
from tests.emulators.communigate.errors import CommandError
from tests.emulators.communigate.faults import Faults
from tests.emulators.communigate.journal import Journal
from tests.emulators.communigate.listeners import listeners
from tests.emulators.communigate.resolver import dns_addresses
from tests.emulators.communigate.server import Server
from tests.emulators.communigate.store import DICTIONARIES, Store
from tests.property.test_communigate_text import almost, data

QUICK = settings(max_examples=300, derandomize=True)

VERBS = [
    *(f"{kind}{name.upper()}" for kind in ("GET", "SET") for name in ("LANIPs", "DebugIPs", *DICTIONARIES)),
    *("GETMODULE", "SETMODULE", "UPDATEMODULE", "GETVERSION", "GETIPSTATE", "REFRESHOSDATA", "FANTASY", ""),
]
PARAMETERS = [
    "SIP",
    "{}",
    "()",
    "#5",
    "#NULL#",
    '"10.0.0.1\\e!10.0.0.0/8"',
    "#I[10.0.0.1]",
    "{Listener={Port=#0;};}",
    "a",
]
commands = st.tuples(
    st.sampled_from(VERBS),
    st.lists(st.sampled_from(PARAMETERS) | data.map(to_text), max_size=3).map(" ".join) | almost,
)
first_lines = st.sampled_from(
    ["REGISTER sip:a SIP/2.0", "INVITE sip:anna@a SIP/2.0", "OPTIONS sip:a SIP/2.0", "SIP/2.0 200 OK", "SIP/2.0", "x"]
)
headers = st.sampled_from(
    [
        *(
            "Via: SIP/2.0/UDP 192.168.1.5:5060",
            "Via: SIP/2.0/UDP [2001:db8::5]",
            "Via:",
            "Via: SIP/2.0/UDP ::::",
            "To:",
        ),
        *("To: <sip:anna@a>", "Call-ID: 1", "Expires: 0", "Expires: 99999999999", "Expires: \u00b2", "", "x", ":"),
    ]
)
messages = st.tuples(first_lines, st.lists(headers, max_size=6)).map(lambda parts: "\r\n".join([parts[0], *parts[1]]))
lists = st.lists(
    st.lists(st.sampled_from(["!", "#", "10.0.0.1", "::1", "-", "/", "8", " ", ";", "x", "0"]), max_size=5).map(
        "".join
    ),
    max_size=4,
).map("\n".join)


def with_server(job: Callable[[Server], None]) -> None:
    """Do something with a server that listens nowhere."""

    async def done() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            store.settings["NATedIPs"] = "192.168.0.0/16\n2001:db8::/32"
            store.settings["Modules"] = {"SIP": {}}
            store.save()
            server = Server(store, Journal(Path(folder) / "log", False), False, Faults(None))
            job(server)
            server.sip.stop()

    asyncio.run(done())


@QUICK
@given(st.lists(commands, max_size=8))
def test_a_command_is_done_or_answered_with_an_error(told: list[tuple[str, str]]) -> None:
    def tell(server: Server) -> None:
        for verb, rest in told:
            try:
                answer = server.commands.carry_out(verb, rest)
            except CommandError as error:
                event(f"{error.code}")
                continue
            event("data" if answer else "done")
            assert answer is None or values(as_text(answer[0])) == [answer[0]]
            list(listeners(server.store.settings))  # whatever was set, it says where to listen or nothing
            server.resolver.servers()
        # What was set is on the disk, and a server that starts again reads it.
        assert Store(server.store.base).settings == server.store.settings

    with_server(tell)


@QUICK
@given(
    st.lists(messages.map(str.encode) | st.binary(max_size=30), max_size=5),
    st.sampled_from(["10.0.0.1", "192.168.1.5", "2001:db8::5"]),
)
def test_no_datagram_ends_the_sip_listener(datagrams: list[bytes], source: str) -> None:
    said: list[bytes] = []

    def hear(server: Server) -> None:
        for data_ in datagrams:
            server.sip.heard(data_ + b"\r\n\r\n", (source, 5060), said.append)

    with_server(hear)
    event(f"{min(len(said), 3)} answers")
    assert all(answer.startswith((b"SIP/2.0 ", b"INVITE ")) for answer in said)


@QUICK
@given(st.binary(max_size=80))
def test_no_dns_answer_is_too_wrong_to_read(answer: bytes) -> None:
    assert all(isinstance(each, str) for each in dns_addresses(b"\0\0\x81\x80\0\1\0\2\0\0\0\0" + answer))


@QUICK
@given(lists | almost, st.sampled_from(["5.0", "5.1", "6.3", "6.4"]))
def test_no_list_raises_anything_but_an_error_with_a_line(text: str, version: str) -> None:
    problem = ""
    try:
        list(entries(text, version))
    except ValueError as error:
        problem = str(error)
    assert not problem or problem.startswith("line ")
