# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one host emulates, as checked values: one class a kind of endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Union

# RFC 6335, section 6: System Ports, also known as the Well Known Ports, are 0 to 1023. (NR-16)
LAST_SYSTEM_PORT = 1023
LAST_PORT = 65535
# Sessions in these environments share their machine's one address and one set of ports. (NR-05, NP-10, NP-11, NP-12)
SHARED_ENVIRONMENTS = ("fast_user_switching", "remote_desktop", "terminal_server", "modems")
ENVIRONMENTS = ("single_user", *SHARED_ENVIRONMENTS)


@dataclass(frozen=True)
class Timing:
    """Patience, in seconds; how often things are tried; and how lossy the network is made to look.

    Attributes:
        connect: for a connection to be made.
        answer: for an answer to come over a connection.
        keep_alive: between two signs of life of an idle client.
        retry_first, retry_most: before the first repeat, and the most before any later one; each is twice as long.
        tries: how often a datagram is sent that needs an answer, before that is given up for a while.
        call_backs_at_once: notifications that a server has under way at one time.
        loss: share (0 to 1) of the datagrams with an answer to come, and of these answers, that this host drops.
        seed: makes the same datagrams drop in each run; None for chance.
    """

    connect: float = 5.0
    answer: float = 5.0
    keep_alive: float = 15.0
    retry_first: float = 0.5
    retry_most: float = 10.0
    tries: int = 5
    call_backs_at_once: int = 32
    loss: float = 0.0
    seed: int | None = None

    def pauses(self) -> Iterator[float]:
        """Seconds to wait for the answer to each try, one after the other."""
        pause = self.retry_first
        for _try in range(self.tries):
            yield pause
            pause = min(2 * pause, self.retry_most)


@dataclass(frozen=True)
class CallBack:
    """How a client chooses the port it wants to be called back on: dynamic in low..high, or fixed."""

    mode: str
    low: int
    high: int
    fixed: int
    avoid: tuple[int, ...] = ()

    def ports(self) -> range:
        """Every port that it may come to, those to avoid included."""
        return range(self.fixed, self.fixed + 1) if self.mode == "fixed" else range(self.low, self.high + 1)

    def candidates(self, number: int) -> Iterator[int]:
        """The ports instance C(number) may try, in its order: each begins at a place of its own in the range."""
        if self.mode == "fixed":
            yield self.fixed
            return
        size = self.high - self.low + 1
        for step in range(size):
            port = self.low + (number - 1 + step) % size
            if port not in self.avoid:
                yield port


@dataclass(frozen=True)
class ServerSettings:
    """A server that clients log in to over TCP.

    Attributes:
        tls: the connection is encrypted.
        log_port: UDP port where clients open their log channel; 0 without one.
    """

    name: str
    service: str
    exchange: str
    addresses: tuple[str, ...]
    port: int
    tls: bool = False
    log_port: int = 0


@dataclass(frozen=True)
class RequestServerSettings:
    """A server that answers requests over UDP.

    Attributes:
        alert_port: source port of the alerts that it sends unasked; 0 where they are switched off.
        broadcast_port: port where it listens for clients that look for servers; 0 for nowhere.
    """

    name: str
    service: str
    exchange: str
    addresses: tuple[str, ...]
    port: int
    alert_port: int = 0
    broadcast_port: int = 0


@dataclass(frozen=True)
class InstanceSettings:
    """One running copy of a client program."""

    name: str
    service: str
    server: str
    number: int
    addresses: tuple[str, ...]
    dial: tuple[str, ...]
    primary_port: int
    environment: str


@dataclass(frozen=True)
class ClientSettings(InstanceSettings):
    """A client that logs in over TCP; see L(ServerSettings) for C(tls) and C(log_port)."""

    call_back: CallBack | None = None
    tls: bool = False
    log_port: int = 0

    def refusal(self) -> str | None:
        """Why the product would not start with these settings, or None."""
        if self.call_back is None:
            return None
        if self.call_back.mode == "fixed":
            if self.environment in SHARED_ENVIRONMENTS:
                return (
                    f"a fixed call-back port can't be used in the environment {self.environment}: its sessions share"
                    " one address, so only one of them could have the port; set callback.mode to dynamic"
                )
            lowest = self.call_back.fixed
        else:
            lowest = self.call_back.low
            if self.call_back.low > self.call_back.high:
                return (
                    f"the call-back range {self.call_back.low}-{self.call_back.high} is reversed;"
                    " write callback.low no higher than callback.high"
                )
        if lowest <= LAST_SYSTEM_PORT:
            return f"call-back port {lowest} is a well-known port; choose one above {LAST_SYSTEM_PORT}"
        if self.call_back.mode == "fixed" and lowest in self.call_back.avoid:
            return f"call-back port {lowest} is one to avoid; choose another"
        return None


@dataclass(frozen=True)
class RequestClientSettings(InstanceSettings):
    """A client that asks over UDP and is answered.

    Attributes:
        source_ports: first and last port that it may send from; None leaves it to the system.
        alerts: whether it wants the server to send to it unasked.
        broadcast_port: port that it broadcasts to when it looks for servers; 0 to look for none.
    """

    source_ports: tuple[int, int] | None = None
    alerts: bool = False
    broadcast_port: int = 0


@dataclass(frozen=True)
class ResponderSettings:
    """Something that only listens and answers probes."""

    name: str
    service: str
    exchange: str
    transport: str
    addresses: tuple[str, ...]
    ports: tuple[int, ...]


Settings = Union[ServerSettings, RequestServerSettings, ClientSettings, RequestClientSettings, ResponderSettings]


@dataclass(frozen=True)
class Config:
    """Everything one host emulates."""

    host: str
    control_socket: str
    timing: Timing
    endpoints: Mapping[str, Settings]  # by name
