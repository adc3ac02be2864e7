# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new TCP connection costs through the rules of a large policy, beside no rules at all: real packets."""

from __future__ import annotations

import os
import socket
import statistics
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables import nftables
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.bench.measure import BenchError, Goal, Part, by_turns, ratio
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


def measure(scale: Scale) -> Part:
    """Connect by turns through no rules and through the server's rules, in network namespaces made for it."""
    if os.geteuid() != 0:
        raise BenchError("network namespaces need root: run it as root or with sudo")
    client = {"source": CLIENT, "destination": SERVER, "ports": str(PORT)}
    # Somewhere in the middle: the place in the policy must not matter.
    permits = make_permits(scale.entries - 1)
    permits.insert(len(permits) // 2, client)
    rules = nftables.render(read_policy(policy_of(permits)))
    with namespace("client") as near, namespace("server") as far:
        link(near, [f"{CLIENT}/8"], far, [f"{SERVER}/8"])
        with _accepting(far):

            def connect_through(text: str) -> float:
                load(far, text)
                return _median_connect(near, scale.connections)

            _median_connect(near, scale.connections)  # neighbours found, caches warm
            taken = by_turns(
                {
                    "no rules": lambda: connect_through(NO_RULES),
                    "one rule that asks for the connection's state": lambda: connect_through(TRACKING),
                    f"{scale.entries:,} entries": lambda: connect_through(rules),
                },
                2 * scale.rounds,
                "us",
            )
    bare, tracked, ruled = taken.values()
    goal = Goal(ratio("with rules over without", ruled, bare), AIM, at_least=False)
    own = ratio("the rules' own part: with rules over one rule", ruled, tracked)
    about = (
        "Two network namespaces and a cable; a client opens TCP connections to a server one after the other, "
        f"{scale.connections:,} a round, and each value is the round's median time of `connect()`. The server has "
        "either no rules, or one rule that makes the kernel track connections, or the rendered rules of a policy with "
        f"{scale.entries:,} permits, one of them this client's."
    )
    return Part("connecting", "Connecting", about, (*taken.values(), own), (goal,))


@contextmanager
def _accepting(namespace_name: str) -> Iterator[None]:
    """Take connections in the namespace, and close them, until the block ends."""
    listener = listen(namespace_name, SERVER, PORT)
    over = threading.Event()

    def take() -> None:
        listener.settimeout(0.2)
        while not over.is_set():
            try:
                taken, _peer = listener.accept()
            except TimeoutError:
                continue
            taken.close()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        listener.close()


def _median_connect(where: str, count: int) -> float:
    """Return the median time of a connection, in microseconds."""
    taken = []
    with inside(where):
        for _number in range(count):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as caller:
                caller.settimeout(5)
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                start = time.perf_counter_ns()
                caller.connect((SERVER, PORT))
                taken.append(time.perf_counter_ns() - start)
                # Until the server has closed, so that its queue never fills; then this side resets, and neither keeps
                # a TIME-WAIT that a later connection with the same ports would meet.
                caller.recv(1)
    return statistics.median(taken) / 1000
