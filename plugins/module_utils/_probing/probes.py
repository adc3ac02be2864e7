# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes: send one packet's worth of question to an address and port, and say what came back.

All probes of a call run side by side in one thread (`selectors`), so five hundred silent ones take as long as one.
Nothing here knows what an answer means for a plan; that is judged on the controller. Standard library only, for this
file travels to the managed host.

Outcomes:
    open         the other end answered: a TCP handshake, a UDP reply, an ICMP echo reply
    refused      the other end answered that nothing listens there: TCP reset or ICMP port unreachable
    prohibited   a filter answered (ICMP administratively prohibited), or this host's own filter forbade the sending
    unreachable  a router answered that no route or no such host is there
    silent       nothing came back within the time-out, in any try
    unsent       this host could not send at all: no route, no such source address, source port taken, not allowed

A probe may leave from a port that a program of this host uses. Over UDP the two share it where both say so
(SO_REUSEADDR): the probe's socket is connected, so it takes its peer's answers and nothing else. Over TCP nobody can
send from a port on which somebody listens; such a probe is unsent.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .answers import (
    OPEN,
    SILENT,
    UNSENT,
    Outcome,
    ask_for_errors,
    echo_request,
    icmp_error,
    is_echo_reply,
    outcome_of_bind,
    outcome_of_error,
    words,
)
from .questions import QUESTIONS

TRANSPORTS = ("tcp", "udp", "icmp")

#: A probe as a task gives it; check_probe() names the keys.
Probe = Mapping[str, Any]

#: struct linger: on, no waiting. Closing resets the connection, and its source port is free at once for the next run.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

#: What a UDP probe carries unless it is told otherwise: the question that the emulator answers.
UDP_PAYLOAD = b'{"probe":"faxnet"}\n'


class ProbeError(ValueError):
    """A probe that cannot be understood; the message names its id and the cure."""


class _Attempt:
    """One socket on its way: which probe, which try, and until when an answer counts."""

    __slots__ = ("deadline", "index", "number", "raw", "sequence", "socket", "started")

    def __init__(
        self,
        index: int,
        number: int,
        sock: socket.socket,
        started: float,
        deadline: float,
        raw: bool = False,
        sequence: int = 0,
    ) -> None:
        self.index = index
        self.number = number
        self.socket = sock
        self.started = started
        self.deadline = deadline
        self.raw = raw
        self.sequence = sequence


class _AnsweredError(Exception):
    """The outcome is known already, while sending; carries it."""

    def __init__(self, outcome: str, detail: str) -> None:
        super().__init__(outcome, detail)
        self.outcome = outcome
        self.detail = detail


def check_probe(probe: Probe) -> None:
    """Raise ProbeError unless *probe* (a dict) can be sent.

    Keys: ``id``, ``address`` (text, IPv4 or IPv6), ``transport`` (tcp, udp, icmp), ``port`` (1 to 65535; not for
    icmp), optional ``source_address``, ``source_port``, ``payload`` (text, UDP only), ``question`` (one of QUESTIONS,
    UDP only).
    """
    name = probe.get("id") or "probe without an id"
    if probe.get("transport") not in TRANSPORTS:
        raise ProbeError(f"{name}: transport {probe.get('transport')!r} is not one of {', '.join(TRANSPORTS)}")
    for key in ("address", "source_address"):
        value = probe.get(key)
        if (value is not None or key == "address") and not _is_address(value):
            raise ProbeError(f"{name}: {key} {value!r} is not an IP address; names are not looked up")
    if probe.get("source_address") and family_of(probe["source_address"]) != family_of(probe["address"]):
        raise ProbeError(f"{name}: source_address and address are of two IP versions")
    if probe.get("question") and probe["question"] not in QUESTIONS:
        raise ProbeError(f"{name}: question {probe['question']!r} is not one of {', '.join(QUESTIONS)}")
    if probe["transport"] == "icmp":
        return
    for key in ("port", "source_port"):
        value = probe.get(key)
        if value is None and key == "source_port":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
            raise ProbeError(f"{name}: {key} {value!r} is not a port from 1 to 65535")


def family_of(address: str) -> int:
    """Return the socket family of an address in text. Raises OSError or UnicodeError when it is not an address."""
    try:
        socket.inet_pton(socket.AF_INET, address)
    except OSError:
        socket.inet_pton(socket.AF_INET6, address)
        return socket.AF_INET6
    return socket.AF_INET


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        family_of(value)
    except (OSError, UnicodeError):
        return False
    return True


def run_probes(
    probes: Sequence[Probe], timeout: float = 1.0, tries: int = 2, parallel: int = 500
) -> list[dict[str, Any]]:
    """Send all probes and return one result a probe, in their order.

    Args:
        probes: dicts, see check_probe().
        timeout: seconds to wait for an answer, each try.
        tries: how often a probe is sent before it counts as silent.
        parallel: probes on their way at one time; fewer when the process may not open as many files.

    Returns:
        dicts with ``id``, ``outcome``, ``detail`` (short text, may be empty), ``tries`` (sent so far) and
        ``milliseconds`` (from the last sending to the answer; None when silent or unsent).

    Raises:
        ProbeError: a probe is malformed; then none was sent.
    """
    for probe in probes:
        check_probe(probe)
    return _Run(probes, timeout, max(1, tries), _bounded(parallel)).results()


def _bounded(parallel: int) -> int:
    """Return *parallel*, or less where the limit of open files of this process is lower."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return max(1, parallel)
    return max(1, min(parallel, soft - 64))


class _Run:
    """One call of run_probes(): the queue, what is on its way, and what is known."""

    def __init__(self, probes: Sequence[Probe], timeout: float, tries: int, parallel: int) -> None:
        self._probes = probes
        self._timeout = timeout
        self._tries = tries
        self._parallel = parallel
        self._results: dict[int, dict[str, Any]] = {}
        self._waiting = [(index, 1) for index in range(len(probes) - 1, -1, -1)]
        self._selector = selectors.DefaultSelector()
        self._underway: set[_Attempt] = set()

    def results(self) -> list[dict[str, Any]]:
        try:
            while self._waiting or self._underway:
                self._launch()
                self._collect()
                self._expire()
        finally:
            for attempt in self._underway:
                attempt.socket.close()
            self._selector.close()
        return [self._results[index] for index in range(len(self._probes))]

    def _launch(self) -> None:
        while self._waiting and len(self._underway) < self._parallel:
            index, number = self._waiting.pop()
            try:
                attempt = _send(self._probes[index], index, number, self._timeout)
            except _AnsweredError as known:
                self._settle(index, number, known.outcome, known.detail, None)
                continue
            wanted = selectors.EVENT_READ
            if self._probes[index]["transport"] == "tcp":
                wanted = selectors.EVENT_WRITE
            self._selector.register(attempt.socket, wanted, attempt)
            self._underway.add(attempt)

    def _collect(self) -> None:
        if not self._underway:
            return
        nearest = min(attempt.deadline for attempt in self._underway)
        self._take(max(0.0, nearest - time.monotonic()))

    def _take(self, patience: float) -> None:
        """Take the answers that come within so many seconds; at 0 those that are there."""
        for key, _events in self._selector.select(patience):
            attempt = key.data
            answer = _answer(self._probes[attempt.index], attempt)
            if answer is not None:
                took = (time.monotonic() - attempt.started) * 1000.0
                self._finish(attempt)
                self._settle(attempt.index, attempt.number, answer[0], answer[1], took)

    def _expire(self) -> None:
        now = time.monotonic()
        # A process that got no turn for a while finds its time over, and the answer waiting all the same.
        self._take(0.0)
        for attempt in [item for item in self._underway if item.deadline <= now]:
            self._finish(attempt)
            if attempt.number < self._tries:
                self._waiting.append((attempt.index, attempt.number + 1))
            else:
                self._settle(attempt.index, attempt.number, SILENT, "", None)

    def _finish(self, attempt: _Attempt) -> None:
        self._selector.unregister(attempt.socket)
        attempt.socket.close()
        self._underway.discard(attempt)

    def _settle(self, index: int, number: int, outcome: str, detail: str, took: float | None) -> None:
        self._results[index] = {
            "id": self._probes[index].get("id", str(index)),
            "outcome": outcome,
            "detail": detail,
            "tries": number,
            "milliseconds": None if took is None else round(took, 1),
        }


def _send(probe: Probe, index: int, number: int, timeout: float) -> _Attempt:
    """Open a socket, send the probe's packet and return the attempt.

    Raises:
        _AnsweredError: the operating system knew the outcome at once.
    """
    family = family_of(probe["address"])
    transport = probe["transport"]
    sock, raw = _socket(family, transport)
    sequence = number & 0xFFFF
    try:
        sock.setblocking(False)
        ask_for_errors(sock, family)
        if probe.get("source_address") or probe.get("source_port"):
            _bind(sock, family, transport, probe.get("source_address") or "", probe.get("source_port") or 0)
        started = time.monotonic()
        code = sock.connect_ex((probe["address"], probe.get("port") or 0))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        if transport == "udp":
            _ask(sock, probe)
        elif transport == "icmp":
            sock.send(echo_request(family, index & 0xFFFF, sequence))
    except OSError as error:
        sock.close()
        raise _AnsweredError(*outcome_of_error(error.errno, sending=True)) from error
    return _Attempt(index, number, sock, started, started + timeout, raw, sequence)


def _ask(sock: socket.socket, probe: Probe) -> None:
    """Send a UDP probe's datagram; where a service can be asked in its own words, those first, and the emulator's."""
    if probe.get("question"):
        sock.send(QUESTIONS[probe["question"]](sock))
    payload = probe.get("payload")
    sock.send(UDP_PAYLOAD if payload is None else payload.encode("utf-8"))


def _bind(sock: socket.socket, family: int, transport: str, address: str, port: int) -> None:
    """Have the socket send from this address and port.

    Raises:
        _AnsweredError: it cannot; the detail says why and names the port.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # Or it would take the port from this host's IPv4 programs as well.
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if transport == "tcp" and port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    try:
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise _AnsweredError(*outcome_of_bind(error.errno, transport, port)) from error


def _socket(family: int, transport: str) -> tuple[socket.socket, bool]:
    """Return a socket for the transport, and whether it is a raw one (whose reader sees everybody's packets)."""
    if transport == "tcp":
        return socket.socket(family, socket.SOCK_STREAM), False
    if transport == "udp":
        return socket.socket(family, socket.SOCK_DGRAM), False
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol), False
    except OSError:
        # net.ipv4.ping_group_range shuts the unprivileged kind for root, too; root may use the other.
        try:
            return socket.socket(family, socket.SOCK_RAW, protocol), True
        except OSError as error:
            raise _AnsweredError(UNSENT, f"this host allows no ICMP echo here: {words(error.errno)}") from error


def _answer(probe: Probe, attempt: _Attempt) -> Outcome | None:
    """Return (outcome, detail) when what is readable on the socket settles the probe, else None."""
    icmp = icmp_error(attempt.socket)
    code = attempt.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if icmp is not None:
        return icmp
    if code:
        return outcome_of_error(code, sending=False)
    return (OPEN, "") if probe["transport"] == "tcp" else _reply(probe, attempt)


def _reply(probe: Probe, attempt: _Attempt) -> Outcome | None:
    """Return (outcome, detail) when a datagram that answers the probe has arrived, else None."""
    try:
        data = attempt.socket.recv(2048)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError as error:
        return outcome_of_error(error.errno, sending=False)
    if probe["transport"] == "udp":
        return OPEN, f"{len(data)} bytes"
    ours = is_echo_reply(data, attempt.socket.family, attempt.raw, attempt.index & 0xFFFF, attempt.sequence)
    return (OPEN, "") if ours else None
