# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that ask a service in its own protocol."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._probing import questions
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.probes import ProbeError, check_probe, run_probes
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import QUESTIONS

#: RFC 5456, 8.6: the answer to a POKE.
PONG = struct.pack("!HHIBBBB", 0x8001, 0x4658, 0, 0, 1, 0x06, 0x03)


@contextmanager
def server(answer: Callable[[bytes], bytes | None], family: int = socket.AF_INET) -> Iterator[tuple[int, list[bytes]]]:
    """A UDP server that answers what it knows, and nothing else; its port, and all that it was sent."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        heard: list[bytes] = []

        def serve() -> None:
            while (got := sock.recvfrom(4096))[0] != b"end":
                heard.append(got[0])
                said = answer(got[0])
                if said is not None:
                    sock.sendto(said, got[1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield sock.getsockname()[1], heard
        finally:
            with socket.socket(family, socket.SOCK_DGRAM) as last:
                last.sendto(b"end", sock.getsockname())
            thread.join()


def exchange(datagram: bytes) -> bytes | None:
    """Answers as Asterisk does: OPTIONS and POKE, and nothing that it does not know."""
    if datagram.startswith(b"OPTIONS sip:"):
        return b"SIP/2.0 401 Unauthorized\r\n\r\n"
    is_poke = len(datagram) == 12 and datagram[0] & 0x80 and datagram[10:] == b"\x06\x1e"
    return PONG if is_poke else None


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(("question", "outcome"), [("sip", "open"), ("iax2", "open"), ("", "silent")])
def test_a_real_program_answers_its_own_protocol_alone(question: str, outcome: str, family: int) -> None:
    address = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with server(exchange, family) as (port, _heard):
        probe = {"id": "x", "address": address, "transport": "udp", "port": port, "question": question}
        (result,) = run_probes([probe], timeout=0.3, tries=1)
    assert result["outcome"] == outcome


def test_an_emulator_is_asked_as_well() -> None:
    with server(lambda datagram: b"here" if b'"probe"' in datagram else None) as (port, heard):
        probe = {"id": "x", "address": "127.0.0.1", "transport": "udp", "port": port, "question": "sip"}
        (result,) = run_probes([probe], timeout=2.0, tries=1)
    assert result["outcome"] == "open"
    assert [datagram[:8] for datagram in heard] == [b"OPTIONS ", b'{"probe"']


def test_an_options_request_is_whole() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.connect(("::1", 5060))
        own = sock.getsockname()[1]
        lines = questions.sip(sock).decode("ascii").split("\r\n")
    assert lines[0] == "OPTIONS sip:[::1]:5060 SIP/2.0"
    assert lines[-2:] == ["", ""]
    headers = dict(line.split(": ", 1) for line in lines[1:-2])
    # RFC 3261, 8.1.1: what every request has.
    assert {"To", "From", "CSeq", "Call-ID", "Max-Forwards", "Via"} <= set(headers)
    assert headers["Via"].startswith(f"SIP/2.0/UDP [::1]:{own};rport;branch=z9hG4bK")
    assert headers["CSeq"] == "1 OPTIONS"


def test_a_question_that_nobody_knows_is_told() -> None:
    with pytest.raises(ProbeError, match=r"rtp.*sip, iax2"):
        check_probe({"id": "x", "address": "127.0.0.1", "transport": "udp", "port": 1, "question": "rtp"})


def test_every_question_of_the_catalogue_can_be_asked() -> None:
    assert set(questions.QUESTIONS) == set(QUESTIONS)
