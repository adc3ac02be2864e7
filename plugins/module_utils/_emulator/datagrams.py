# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP sockets that carry one JSON object a datagram, answer probes by themselves, and can be made to lose some."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any, Callable

from .errors import NonsenseError, reason
from .settings import Timing
from .wire import bound, decoded, encoded

Address = tuple[Any, ...]  # as the socket module has it: address, port, and two more numbers for IPv6
LONGEST = 65535
AT_ONCE = 100  # datagrams taken from one socket before others get their turn


class Loss:
    """Which datagrams are dropped on their way, by chance or, with a seed, the same ones in each run. (FP-13)

    Dropped are requests, their answers and what opens log channels, for those are repeated. Nobody repeats an alert or
    a log item, and a probe is no traffic of the product.
    """

    def __init__(self, timing: Timing, name: str) -> None:
        self._share = timing.loss
        # Each client has a sequence of its own, at both ends: what happens to one must not move another's losses.
        self._chance = random.Random(None if timing.seed is None else f"{timing.seed}/{name}")  # noqa: S311 (no secret)
        self.count = 0

    def hits(self) -> bool:
        """Whether the next datagram is lost; counts those that are."""
        lost = self._chance.random() < self._share
        self.count += lost
        return lost


Heard = Callable[[dict[str, Any], Address, "DatagramPort"], None]


class DatagramPort:
    """A UDP socket of an endpoint. Probes are answered; what else is a message goes to C(heard), if that is given.

    The rest is counted and never answered: two that answer each other's answers would never end.
    """

    def __init__(self, name: str, made: socket.socket, heard: Heard | None = None) -> None:
        self._name, self._socket, self._heard = name, made, heard
        self.here: tuple[str, int] = made.getsockname()[:2]
        self.answered = self.ignored = 0
        asyncio.get_running_loop().add_reader(made, self._readable)

    def send(self, there: Address, **message: Any) -> None:
        """Send one message. Raises OSError: no route, forbidden by this host's own filter, ..."""
        self._socket.sendto(encoded(message), there)

    def close(self) -> None:
        """Give the port back."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _turn in range(AT_ONCE):
            if self._socket.fileno() < 0:  # closed by what the last message brought about
                return
            try:
                data, there = self._socket.recvfrom(LONGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # An ICMP error about a datagram sent before: its sender learns from the silence what he has to know.
                continue
            self._take(data, there)

    def _take(self, data: bytes, there: Address) -> None:
        try:
            message = decoded(data)
        except NonsenseError:
            self.ignored += 1
            return
        if "probe" not in message:
            if self._heard is None:
                self.ignored += 1
            else:
                self._heard(message, there, self)
            return
        try:
            self.send(there, answer=message["probe"], by=self._name, seen_from=list(there[:2]))
        except OSError:
            self.ignored += 1  # whoever asked has no way back: to him it is silence
        else:
            self.answered += 1


def place_of(address: str, port: int) -> Address:
    """A literal address and a port as the socket module has them. Raises OSError when it is no address."""
    found: Address = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0][4]
    return found


def towards(there: Address) -> str:
    """This host's own address that packets to another one leave with. Raises OSError when there is no way."""
    with socket.socket(socket.AF_INET6 if ":" in there[0] else socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(there)  # sends nothing
        own: str = asked.getsockname()[0]
        return own


def broadcast_listener(port: int) -> socket.socket:
    """A socket that broadcasts to a port arrive at, which any number of programs on a host may have. Raises OSError."""
    try:
        return bound("0.0.0.0", port, "udp", rebind=True)  # noqa: S104 (a broadcast reaches no other address)
    except OSError as error:
        raise OSError(error.errno, f"can't listen for broadcasts on port {port}: {reason(error)}") from None
