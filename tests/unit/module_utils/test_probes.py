# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against sockets of this machine's loopback: what comes back is told apart, and waiting is shared."""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._probing import probes as probes_module
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.answers import (
    echo_request,
    is_echo_reply,
    outcome_of_bind,
    outcome_of_error,
    outcome_of_icmp,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.probes import UDP_PAYLOAD, ProbeError, run_probes
from tests.unit import loopback


@pytest.fixture
def listening() -> Iterator[int]:
    """A TCP port on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def quiet() -> Iterator[int]:
    """A UDP port that takes everything and says nothing: on loopback, the only silence there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


@pytest.fixture
def shut() -> int:
    """A port on which nobody listens."""
    return loopback.port()


def probe(port: int | None = None, transport: str = "tcp", **more: Any) -> dict[str, Any]:
    return {"id": "x", "address": "127.0.0.1", "transport": transport, "port": port, **more}


def outcome(item: dict[str, Any], **options: Any) -> str:
    return str(run_probes([item], **{"timeout": 0.3, **options})[0]["outcome"])


def test_a_listening_port_is_open(listening: int) -> None:
    assert outcome(probe(listening)) == "open"


def test_a_reset_is_refused_and_not_silence(shut: int) -> None:
    assert outcome(probe(shut)) == "refused"


def test_port_unreachable_is_refused_and_names_its_sender(shut: int) -> None:
    found = run_probes([probe(shut, "udp")], timeout=0.5)[0]
    assert (found["outcome"], found["detail"]) == ("refused", "port unreachable, said by 127.0.0.1")


def test_no_answer_is_silent_after_the_last_try(quiet: int) -> None:
    found = run_probes([probe(quiet, "udp")], timeout=0.1, tries=3)[0]
    assert (found["outcome"], found["tries"], found["milliseconds"]) == ("silent", 3, None)


def test_an_answer_that_waits_is_taken_however_late_this_process_gets_its_turn(
    listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes_module._Run, "_collect", lambda _run: time.sleep(0.2))
    assert outcome(probe(listening), timeout=0.1, tries=1) == "open"


def test_a_udp_reply_is_open_and_the_payload_is_what_an_emulator_answers() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        port = server.getsockname()[1]
        heard: list[bytes] = []

        def answer() -> None:
            data, address = server.recvfrom(100)
            heard.append(data)
            server.sendto(b"yes", address)

        helper = threading.Thread(target=answer)
        helper.start()
        assert outcome(probe(port, "udp"), timeout=3.0) == "open"
        helper.join()
    assert heard == [UDP_PAYLOAD]


def test_an_echo_request_is_answered() -> None:
    assert outcome(probe(transport="icmp")) in ("open", "unsent")


def test_an_address_that_is_not_ours_sends_nothing(listening: int) -> None:
    assert outcome(probe(listening, source_address="192.0.2.1")) == "unsent"


def test_a_source_port_is_used(shut: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert outcome(probe(server.getsockname()[1], source_port=shut)) == "open"
        _connection, peer = server.accept()
        _connection.close()
    assert peer[1] == shut


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_udp_probe_shares_its_source_port_and_takes_only_its_own_answers(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as program,
        socket.socket(family, socket.SOCK_DGRAM) as far_end,
        socket.socket(family, socket.SOCK_DGRAM) as client,
    ):
        program.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for each in (program, far_end, client):
            each.bind((address, 0))
            each.settimeout(5)
        shared = program.getsockname()[1]
        heard: list[Any] = []

        def answer() -> None:
            _data, peer = far_end.recvfrom(100)
            # While the probe waits, the program goes on hearing everybody else.
            client.sendto(b"for the program", (address, shared))
            heard.extend([peer[1], program.recv(100)])
            far_end.sendto(b"for the probe", peer)

        helper = threading.Thread(target=answer)
        helper.start()
        found = run_probes(
            [probe(far_end.getsockname()[1], "udp", address=address, source_port=shared)], timeout=3.0, tries=1
        )
        helper.join()
    assert (found[0]["outcome"], found[0]["detail"]) == ("open", "13 bytes")
    assert heard == [shared, b"for the program"]


def test_many_udp_probes_leave_from_one_port_at_a_time(shut: int) -> None:
    probes = [probe(loopback.port(), "udp", source_port=shut, id=str(number)) for number in range(7)]
    assert "unsent" not in {item["outcome"] for item in run_probes(probes, timeout=0.2, tries=2)}


def test_a_udp_source_port_that_nobody_shares_is_named(quiet: int, shut: int) -> None:
    found = run_probes([probe(shut, "udp", source_port=quiet)])[0]
    assert found["outcome"] == "unsent"
    assert f"source port {quiet} is taken by a program of this host that does not share it" in found["detail"]


def test_nobody_can_connect_from_a_port_on_which_somebody_listens(listening: int, shut: int) -> None:
    found = run_probes([probe(shut, source_port=listening)])[0]
    assert found["outcome"] == "unsent"
    assert f"listens on source port {listening}" in found["detail"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_tcp_source_port_is_free_again_for_the_next_run(shut: int, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as server:
        item = probe(server.getsockname()[1], address=address, source_port=shut)
        assert [outcome(item) for _run in range(3)] == ["open"] * 3


@pytest.mark.parametrize(
    ("number", "transport", "port", "words"),
    [
        ("EACCES", "tcp", 700, "only root may send"),
        ("EACCES", "udp", 4644, "Permission denied"),
        ("EADDRNOTAVAIL", "udp", 4644, "does not have the source address"),
    ],
)
def test_what_bind_refuses_was_not_sent(number: str, transport: str, port: int, words: str) -> None:
    found, detail = outcome_of_bind(getattr(errno, number), transport, port)
    assert found == "unsent"
    assert words in detail


def test_ipv6_is_probed_alike() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert outcome(probe(server.getsockname()[1], address="::1")) == "open"


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What is sent, in order: the probe's place in the list, and which try it is."""
    sent: list[tuple[int, int]] = []
    send = probes_module._send

    def record(one: Any, index: int, number: int, timeout: float) -> Any:
        sent.append((index, number))
        return send(one, index, number, timeout)

    monkeypatch.setattr(probes_module, "_send", record)
    return sent


def test_five_hundred_silent_probes_wait_together(quiet: int, tries: list[tuple[int, int]]) -> None:
    probes = [probe(quiet, "udp", id=str(index)) for index in range(500)]
    found = run_probes(probes, timeout=0.5, tries=2)
    # Nobody asks a second time before everybody asked once.
    assert sorted(tries[:500]) == [(index, tries[0][1]) for index in range(500)]
    assert len(tries) == 1000
    assert {item["outcome"] for item in found} == {"silent"}
    assert [item["id"] for item in found] == [str(index) for index in range(500)]


def test_probes_beyond_the_parallel_limit_wait_their_turn(quiet: int, tries: list[tuple[int, int]]) -> None:
    probes = [probe(quiet, "udp", id=str(index)) for index in range(6)]
    run_probes(probes, timeout=0.1, tries=2, parallel=2)
    order = [index for index, _number in tries]
    assert [set(order[start : start + 4]) for start in (0, 4, 8)] == [{0, 1}, {2, 3}, {4, 5}]


def test_sockets_are_closed(listening: int, quiet: int) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    run_probes([probe(listening), probe(quiet, "udp")] * 20, timeout=0.05, tries=1)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (probe(70000), "port 70000 is not a port"),
        (probe(True), "port True is not a port"),
        (probe(None), "port None is not a port"),
        (probe(1, address="fax.example"), "names are not looked up"),
        (probe(1, address=None), "is not an IP address"),
        (probe(1, transport="sctp"), "not one of tcp, udp, icmp"),
        (probe(1, source_address="::1"), "two IP versions"),
        (probe(1, source_port=0), "source_port 0 is not a port"),
    ],
)
def test_a_malformed_probe_is_named_and_none_is_sent(item: dict[str, Any], words: str, listening: int) -> None:
    with pytest.raises(ProbeError, match=r"^x: ") as raised:
        run_probes([probe(listening), item])
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("version", "kind", "code", "expected"),
    [
        (4, 3, 3, "refused"),
        (4, 3, 13, "prohibited"),
        (4, 3, 10, "prohibited"),
        (4, 3, 1, "unreachable"),
        (4, 3, 0, "unreachable"),
        (4, 11, 0, "unreachable"),
        (6, 1, 4, "refused"),
        (6, 1, 1, "prohibited"),
        (6, 1, 3, "unreachable"),
        (6, 3, 0, "unreachable"),
    ],
)
def test_icmp_errors_are_told_apart(version: int, kind: int, code: int, expected: str) -> None:
    assert outcome_of_icmp(version, kind, code, "192.0.2.1")[0] == expected


@pytest.mark.parametrize(
    ("number", "sending", "expected"),
    [("EPERM", True, "prohibited"), ("ENETUNREACH", True, "unsent"), ("ENETUNREACH", False, "unreachable")],
)
def test_errors_of_this_host_are_told_from_answers(number: str, sending: bool, expected: str) -> None:
    assert outcome_of_error(getattr(errno, number), sending)[0] == expected


@pytest.mark.parametrize(("sending", "expected"), [(True, "unsent"), (False, "unreachable")])
def test_an_error_that_python_raises_without_a_number_is_an_outcome_too(sending: bool, expected: str) -> None:
    """The error of a bad address family has none (Modules/socketmodule.c), and os.strerror() takes numbers alone."""
    assert outcome_of_error(OSError("bad family").errno, sending) == (expected, "an error without a number")
    assert outcome_of_bind(OSError("bad family").errno, "udp", 7)[0] == "unsent"


def test_an_echo_reply_to_somebody_else_is_not_taken_for_ours() -> None:
    ours = echo_request(socket.AF_INET, 7, 2)
    reply = b"\x00" + ours[1:]
    header = b"\x45" + b"\0" * 19
    assert is_echo_reply(header + reply, socket.AF_INET, True, 7, 2)
    assert not is_echo_reply(header + reply, socket.AF_INET, True, 8, 2)
    assert not is_echo_reply(header + ours, socket.AF_INET, True, 7, 2)
    assert not is_echo_reply(reply, socket.AF_INET, False, 7, 3)
    assert not is_echo_reply(b"", socket.AF_INET, True, 7, 2)


def test_many_open_ports_are_found_open() -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _number in range(50)]
        probes = [probe(server.getsockname()[1]) for server in servers]
        assert {item["outcome"] for item in run_probes(probes, timeout=2.0)} == {"open"}
