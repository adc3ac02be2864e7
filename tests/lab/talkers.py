# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions between two containers that tell whether anything of them was lost: each message wants its answer.

On each port there is a TCP session and an exchange of datagrams that talk all the time, and a TCP session that says
nothing until the end.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

_SERVER = """
import socket, sys, threading

def answer_tcp(listener):
    while True:
        session, _ = listener.accept()
        threading.Thread(target=answer, args=[session], daemon=True).start()

def answer(session):
    while True:
        said = session.recv(8)
        if not said:
            return
        session.sendall(said)

def answer_udp(bound):
    while True:
        said, sender = bound.recvfrom(8)
        bound.sendto(said, sender)

for port in map(int, sys.argv[2:]):
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind((sys.argv[1], port))
    for target, server in ((answer_udp, bound), (answer_tcp, socket.create_server((sys.argv[1], port)))):
        threading.Thread(target=target, args=[server], daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
"""

_CLIENT = """
import json, socket, sys, threading, time
done = threading.Event()
found = {}

def ask(name, session, number):
    message = number.to_bytes(8, "big")
    found[name][0] += 1
    session.send(message)
    while session.recv(8) != message:
        pass
    found[name][1] += 1

def talk(name, session):
    number = 0
    try:
        while not done.wait(0.02):
            number += 1
            ask(name, session, number)
    except OSError:
        pass

def connected(kind, port):
    session = socket.socket(socket.AF_INET, kind)
    session.settimeout(10)
    session.connect((sys.argv[1], port))
    return session

threads, silent = [], {}
for port in map(int, sys.argv[2:]):
    for kind, name in ((socket.SOCK_STREAM, f"tcp {port}"), (socket.SOCK_DGRAM, f"udp {port}")):
        found[name] = [0, 0]
        threads.append(threading.Thread(target=talk, args=[name, connected(kind, port)]))
    silent[f"silent {port}"] = connected(socket.SOCK_STREAM, port)
for thread in threads:
    thread.start()
print("ready", flush=True)
sys.stdin.read()
done.set()
for thread in threads:
    thread.join()
for name, session in silent.items():
    found[name] = [0, 0]
    try:
        ask(name, session, 1)
    except OSError:
        pass
print(json.dumps(found))
"""


@dataclass
class Talk:
    """What came of each session by its name ("tcp 7000", "udp 7000", "silent 7000"): messages sent, and answers."""

    sessions: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def lost(self) -> list[str]:
        """The names of those that stayed without an answer."""
        return sorted(name for name, (sent, answered) in self.sessions.items() if answered < sent or not sent)


@contextmanager
def talking(client: str, server: str, address: str, ports: Sequence[int]) -> Iterator[Talk]:
    """Talk from one container to another until the block ends; then what came of it is known."""
    talk = Talk()
    with _running(server, _SERVER, address, ports), _running(client, _CLIENT, address, ports) as process:
        yield talk
        assert process.stdin
        assert process.stdout
        process.stdin.close()
        talk.sessions = {
            name: (sent, answered) for name, (sent, answered) in json.loads(process.stdout.readline()).items()
        }


@contextmanager
def _running(container: str, program: str, address: str, ports: Sequence[int]) -> Iterator[subprocess.Popen[str]]:
    """A program in a container that says when it is ready, and ends when its standard input does."""
    argv = ["podman", "exec", "-i", container, "python3", "-c", program, address, *map(str, ports)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.stdin.close()
