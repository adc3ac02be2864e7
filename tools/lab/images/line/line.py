# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a router's line to the outside a bad one: loses packets, and delays the others.

    line.py INTERFACE LOSS DELAY JITTER [SEED]

LOSS in percent, DELAY and JITTER in milliseconds: each packet waits DELAY, more or less by up to JITTER. Each direction
has the same. None overtakes another, as on a line with a queue.

The kernel hands packets over by NFQUEUE (linux/netfilter/nfnetlink_queue.h) and waits for a verdict on each. Where this
program ends, nothing passes any more.
"""

from __future__ import annotations

import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections import deque

IN, OUT = 10, 11
NETLINK_NETFILTER = 12
SUBSYSTEM_QUEUE = 3
PACKET, VERDICT, CONFIG = 0, 1, 2
DROP, ACCEPT = 0, 1
NLMSG_ERROR = 2
#: Attributes of a packet, of a verdict and of a configuration.
PACKET_HEADER, VERDICT_HEADER = 1, 2
CONFIG_COMMAND, CONFIG_PARAMETERS, CONFIG_MOST = 1, 2, 3
BIND = 1
#: Packets that may wait in the kernel; a call needs a hundred a second.
MOST = 20_000


def attribute(kind: int, content: bytes) -> bytes:
    """A netlink attribute."""
    length = 4 + len(content)
    return struct.pack("=HH", length, kind) + content + b"\0" * (-length % 4)


def message(kind: int, queue: int, *attributes: bytes, flags: int = 1) -> bytes:
    """A netlink message for a queue."""
    body = struct.pack("!BBH", socket.AF_UNSPEC, 0, queue) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), SUBSYSTEM_QUEUE << 8 | kind, flags, 0, 0) + body


class Queue:
    """One direction: packets in the order in which they came, each with the moment when it may go on."""

    def __init__(self, number: int, loss: float, delay: float, jitter: float, chance: random.Random) -> None:
        self.number, self.loss, self.delay, self.jitter, self.chance = number, loss, delay, jitter, chance
        self.waiting: deque[tuple[float, int]] = deque()
        self.last = 0.0
        self.seen = self.lost = 0
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((0, 0))
        self._set(attribute(CONFIG_COMMAND, struct.pack("!BBH", BIND, 0, socket.AF_UNSPEC)))
        # Copy nothing of the packet but what describes it.
        self._set(attribute(CONFIG_PARAMETERS, struct.pack("!IB", 0, 1)))
        self._set(attribute(CONFIG_MOST, struct.pack("!I", MOST)))

    def _set(self, setting: bytes) -> None:
        # With NLM_F_ACK, so that a refusal is seen.
        self.socket.send(message(CONFIG, self.number, setting, flags=5))
        answer = self.socket.recv(65536)
        (code,) = struct.unpack_from("=i", answer, 16)
        if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR and code:
            raise SystemExit(f"the kernel refuses queue {self.number}: error {-code}")

    def take(self, now: float) -> None:
        """Take packets that came."""
        data, place = self.socket.recv(1 << 20), 0
        while place + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, place)
            if kind == SUBSYSTEM_QUEUE << 8 | PACKET:
                self._take_one(data[place + 20 : place + length], now)
            place += (length + 3) & ~3

    def _take_one(self, attributes: bytes, now: float) -> None:
        place = 0
        while place + 4 <= len(attributes):
            length, kind = struct.unpack_from("=HH", attributes, place)
            if kind & 0x7FFF == PACKET_HEADER:
                (identity,) = struct.unpack_from("!I", attributes, place + 4)
                self.seen += 1
                if self.chance.random() * 100 < self.loss:
                    self.lost += 1
                    self.send(identity, DROP)
                else:
                    wait = self.delay + self.chance.uniform(-self.jitter, self.jitter)
                    self.last = max(self.last, now + max(0.0, wait) / 1000)
                    self.waiting.append((self.last, identity))
                return
            place += (length + 3) & ~3

    def send(self, identity: int, verdict: int) -> None:
        """Tell the kernel what becomes of a packet."""
        self.socket.send(
            message(VERDICT, self.number, attribute(VERDICT_HEADER, struct.pack("!II", verdict, identity)))
        )

    def let_go(self, now: float) -> None:
        """Let those go on whose time has come."""
        while self.waiting and self.waiting[0][0] <= now:
            self.send(self.waiting.popleft()[1], ACCEPT)


def main() -> None:
    """Make the line a bad one until somebody ends this program."""
    interface, loss, delay, jitter = sys.argv[1], *map(float, sys.argv[2:5])
    chance = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else None)  # noqa: S311, no secret
    queues = [Queue(number, loss, delay, jitter, chance) for number in (IN, OUT)]
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        hand_over("-A", interface)
        print("the line is bad now", flush=True)
        let_through(queues)
    finally:
        hand_over("-D", interface)
        print(f"lost {sum(each.lost for each in queues)} of {sum(each.seen for each in queues)} packets", flush=True)


def hand_over(action: str, interface: str) -> None:
    """Have the kernel hand packets over, or no more."""
    for program in ("iptables", "ip6tables"):
        for chain, way, number in (("PREROUTING", "-i", IN), ("POSTROUTING", "-o", OUT)):
            rule = [chain, way, interface, "-j", "NFQUEUE", "--queue-num", str(number)]
            # A machine may be without IPv6.
            subprocess.run([program, "-w", "-t", "mangle", action, *rule], check=program == "iptables")


def let_through(queues: list[Queue]) -> None:
    """Take packets and let them go on, for ever."""
    while True:
        now = time.monotonic()
        for queue in queues:
            queue.let_go(now)
        next_ones = [queue.waiting[0][0] for queue in queues if queue.waiting]
        wait = max(0.0, min(next_ones) - time.monotonic()) if next_ones else None
        for ready in select.select([queue.socket for queue in queues], [], [], wait)[0]:
            next(queue for queue in queues if queue.socket is ready).take(time.monotonic())


if __name__ == "__main__":
    main()
