# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the moments in which a host has no rules: it knocks at a closed port that the rules refuse in silence.

Without rules the host's kernel answers each knock by a reset; with them nothing answers.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PORT = 4999  # nobody listens, nothing opens it

_KNOCK = """
import json, select, socket, sys, time
address, port = sys.argv[1], int(sys.argv[2])
knocks = answers = 0
waiting = []
print("knocking", flush=True)
while not select.select([sys.stdin], [], [], 0.0005)[0]:
    knock = socket.socket()
    knock.setblocking(False)
    knock.connect_ex((address, port))
    waiting.append((time.monotonic(), knock))
    knocks += 1
    while waiting and waiting[0][0] < time.monotonic() - 0.2:
        _, old = waiting.pop(0)
        answers += old.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 111
        old.close()
time.sleep(0.2)
for _, old in waiting:
    answers += old.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 111
print(json.dumps([knocks, answers]))
"""


@dataclass
class Prober:
    """What a prober counted, once it has ended: each answer is a moment without rules."""

    knocks: int = 0
    answers: int = 0


@contextmanager
def knocking(container: str, address: str) -> Iterator[Prober]:
    """Knock from a container, some thousand times a second, until the block ends; then the prober holds its counts."""
    argv = ["podman", "exec", "-i", container, "python3", "-c", _KNOCK, address, str(PORT)]
    found = Prober()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "knocking\n"
        try:
            yield found
        finally:
            process.stdin.close()
            found.knocks, found.answers = json.loads(process.stdout.readline())
