# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new TCP connection costs through the rules of a large policy, beside no rules at all: real packets."""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import nftables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.bench.measure import BenchError, Figure, Goal, Part, ratio
from tests.bench.rendering import SERVER, make_permits, policy_of
from tests.bench.scale import Scale
from tests.kernel.networks import inside, link, listen, load, namespace

AIM = 1.15
CLIENT = "10.254.0.1"
PORT = 7488
#: SO_LINGER: on, 0 seconds.
RESET = struct.pack("ii", 1, 0)
NO_RULES = f"table {nftables.TABLE}\ndelete table {nftables.TABLE}\n"
#: The least that any stateful filter costs: the kernel follows every connection as soon as one rule asks for its state.
TRACKING = f"""{NO_RULES}table {nftables.TABLE} {{
\tchain faxnet_input {{
\t\ttype filter hook input priority filter; policy accept;
\t\tct state established,related accept
\t}}
}}
"""


@dataclass(frozen=True, slots=True)
class _Cable:
    """A client and its server, each in a network namespace of its own."""

    near: str
    far: str


def measure(scale: Scale) -> Part:
    """Connect by turns through no rules and through the server's rules, in network namespaces made for it."""
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it as root or with sudo")
    client = {"source": CLIENT, "destination": SERVER, "ports": str(PORT)}
    # Somewhere in the middle: the place in the policy must not matter.
    permits = make_permits(scale.entries - 1)
    permits.insert(len(permits) // 2, client)
    states = {
        "no rules": NO_RULES,
        "one rule that asks for the connection's state": TRACKING,
        f"{scale.entries:,} entries": nftables.render(read_policy(policy_of(permits))),
    }
    taken: dict[str, list[float]] = {name: [] for name in states}
    with ExitStack() as stack:
        cables = [stack.enter_context(_cable(number)) for number in range(len(states))]
        stack.enter_context(_accepting([cable.far for cable in cables]))
        _medians(cables, scale.connections)  # neighbours found, caches warm
        for number in range(2 * scale.rounds):
            # Each cable has each state in turn: what is peculiar to a cable falls on all states alike.
            dealt = cables[number % len(cables) :] + cables[: number % len(cables)]
            for cable, text in zip(dealt, states.values(), strict=True):
                load(cable.far, text)
            for name, median in zip(states, _medians(dealt, scale.connections), strict=True):
                taken[name].append(median)
    bare, tracked, ruled = (Figure(name, "us", tuple(values)) for name, values in taken.items())
    goal = Goal(ratio("with rules over without", ruled, bare), AIM, at_least=False)
    own = ratio("the rules' own part: with rules over one rule", ruled, tracked)
    least = ratio("following connections alone: one rule over no rules", tracked, bare)
    about = (
        "Three pairs of network namespaces, each with a cable; in each a client opens TCP connections to a server. One "
        "server has no rules, one has one rule that makes the kernel track connections, and one has the rendered rules "
        f"of a policy with {scale.entries:,} permits, one of them this client's. The connections are dealt out by "
        f"turns, one through each, {scale.connections:,} times a round; the states move on by a pair from round to "
        "round. Each value is the round's median time of `connect()`."
    )
    return Part("connecting", "Connecting", about, (bare, tracked, ruled, least, own), (goal,))


@contextmanager
def _cable(number: int) -> Iterator[_Cable]:
    with namespace(f"client{number}") as near, namespace(f"server{number}") as far:
        link(near, [f"{CLIENT}/8"], far, [f"{SERVER}/8"])
        yield _Cable(near, far)


@contextmanager
def _accepting(servers: Sequence[str]) -> Iterator[None]:
    """Take connections in the namespaces, and close them, until the block ends."""
    listeners = [listen(server, SERVER, PORT) for server in servers]
    over = threading.Event()

    def take() -> None:
        with selectors.DefaultSelector() as waiting:
            for listener in listeners:
                listener.setblocking(False)
                waiting.register(listener, selectors.EVENT_READ)
            while not over.is_set():
                for key, _events in waiting.select(0.2):
                    taken, _peer = key.fileobj.accept()  # type: ignore[union-attr] # a socket
                    taken.close()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for listener in listeners:
            listener.close()


def _medians(cables: Sequence[_Cable], count: int) -> list[float]:
    """Return for each cable the median time of a connection, in microseconds; one through each, over and over."""
    taken: list[list[int]] = [[] for _cable in cables]
    for turn in range(count):
        for place in range(len(cables)):
            # Who comes first is dealt out, too: it finds the caches as the previous turn left them.
            chosen = (turn + place) % len(cables)
            taken[chosen].append(_nanoseconds_to_connect(cables[chosen].near))
    return [statistics.median(times) / 1000 for times in taken]


def _nanoseconds_to_connect(where: str) -> int:
    with inside(where):
        caller = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with caller:
        caller.settimeout(5)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        start = time.perf_counter_ns()
        caller.connect((SERVER, PORT))
        taken = time.perf_counter_ns() - start
        # Until the server has closed, so that its queue never fills; then this side resets, and neither keeps a
        # TIME-WAIT that a later connection with the same ports would meet.
        caller.recv(1)
    return taken
