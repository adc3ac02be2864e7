# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions through a network, opened before something is done to it, and counted afterwards: how many were lost.

A session is pushed data over TCP, a silent TCP connection, or a stream of datagrams in both directions. None is ever
opened anew: one that no longer carries what it carried is lost.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

PUSH, SILENT, MEDIA = "push", "silent", "media"
#: Seconds until a session counts as lost. After a pause, TCP tries again after pauses that grow.
PATIENCE = 15.0
_ASIDE = 10.0  # seconds more for the programs that are asked

#: Pushes to, answers, or streams to whoever asks. A datagram says the sender's number; the answers say which came last.
_SERVER = """
import socket, sys, threading, time
def serve(session):
    kind = session.recv(1)
    number = 0
    try:
        while kind == b"p":
            number += 1
            session.sendall(b"%d\\n" % number)
            time.sleep(0.05)
        while data := session.recv(100):
            session.sendall(data)
    except OSError:
        pass
def tcp(port):
    with socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=50) as listener:
        print("ready", flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
def udp(port):
    line = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    line.bind(("::", port))
    heard = {}
    def stream():
        while True:
            for peer, last in list(heard.items()):
                line.sendto(last, peer)
            time.sleep(0.05)
    threading.Thread(target=stream, daemon=True).start()
    print("ready", flush=True)
    while True:
        data, peer = line.recvfrom(100)
        heard[peer] = data
for kind, port in (item.split(":") for item in sys.argv[1:]):
    threading.Thread(target={"tcp": tcp, "udp": udp}[kind], args=(int(port),), daemon=True).start()
sys.stdin.read()
"""

#: Opens the sessions that it is told of, says "ready", and at each line that it reads which of them are lost.
_CLIENT = """
import concurrent.futures, json, socket, sys, threading, time
def connected(item, kind):
    family = socket.AF_INET6 if ":" in item["address"] else socket.AF_INET
    session = socket.socket(family, kind)
    session.settimeout(10)
    session.connect((item["address"], item["port"]))
    return session
class Push:
    def __init__(self, item):
        self.session = connected(item, socket.SOCK_STREAM)
        self.session.sendall(b"p")
        self.count = 0
        threading.Thread(target=self.read, daemon=True).start()
        assert self.lives(10.0)
    def read(self):
        self.session.settimeout(None)
        while data := self.session.recv(1000):
            self.count += len(data)
    def lives(self, patience):
        before, until = self.count, time.monotonic() + patience
        while self.count == before and time.monotonic() < until:
            time.sleep(0.05)
        return self.count > before
class Silent:
    def __init__(self, item):
        self.session = connected(item, socket.SOCK_STREAM)
        self.session.sendall(b"s")
        self.number = 0
        assert self.lives(10.0)
    def lives(self, patience):
        self.number += 1
        wanted, said = b"%d." % self.number, b""
        self.session.settimeout(patience)
        try:
            self.session.sendall(wanted)
            # The answer to an earlier question may come late.
            while not said.endswith(wanted):
                data = self.session.recv(100)
                if not data:
                    return False
                said += data
        except OSError:
            return False
        return True
class Media:
    def __init__(self, item):
        self.session = connected(item, socket.SOCK_DGRAM)
        self.sent = self.heard = 0
        threading.Thread(target=self.send, daemon=True).start()
        threading.Thread(target=self.read, daemon=True).start()
        assert self.lives(10.0)
    def send(self):
        while True:
            self.sent += 1
            try:
                self.session.send(b"%d" % self.sent)
            except OSError:
                pass
            time.sleep(0.05)
    def read(self):
        self.session.settimeout(None)
        while True:
            try:
                self.heard = max(self.heard, int(self.session.recv(100)))
            except OSError:
                time.sleep(0.05)
    def lives(self, patience):
        # What the other end has heard from now on comes back from now on.
        before, until = self.sent, time.monotonic() + patience
        while self.heard <= before and time.monotonic() < until:
            time.sleep(0.05)
        return self.heard > before
kinds = {"push": Push, "silent": Silent, "media": Media}
open_ones = {item["name"]: kinds[item["kind"]](item) for item in json.loads(sys.argv[1])}
print("ready", flush=True)
for line in sys.stdin:
    with concurrent.futures.ThreadPoolExecutor(len(open_ones)) as pool:
        living = list(pool.map(lambda session: session.lives(float(line)), open_ones.values()))
    print(json.dumps([name for name, lives in zip(open_ones, living) if not lives]), flush=True)
"""


class Wanted(NamedTuple):
    """A session to open from a container."""

    kind: str
    address: str
    port: int

    def name(self, host: str) -> str:
        """What it is called when it is lost."""
        return f"{self.kind} from {host} to {self.address} port {self.port}"


class _Program:
    """A program that is spoken to in lines."""

    def __init__(self, argv: Sequence[str]) -> None:
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._said: queue.Queue[str] = queue.Queue()
        self.count = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.count += 1
            self._said.put(line.strip())

    def ask(self, line: str) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def answer(self, patience: float = PATIENCE) -> str:
        """The next line; empty when none comes in so many seconds."""
        try:
            return self._said.get(timeout=patience)
        except queue.Empty:
            return ""

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Sessions:
    """Sessions that have been opened: programs in containers with many each, and SSH sessions."""

    inside: Mapping[str, _Program]
    silent: Mapping[str, _Program]
    receiving: Mapping[str, _Program]

    def lost(self, patience: float = PATIENCE) -> list[str]:
        """The sessions that carry nothing any more, each by its name."""
        before = {name: program.count for name, program in self.receiving.items()}
        asked = time.monotonic()
        for program in (*self.inside.values(), *self.silent.values()):
            program.ask(str(patience))
        found = []
        for name, program in self.inside.items():
            said = program.answer(patience + _ASIDE)
            found += json.loads(said) if said else [f"{name}: all"]
        left = asked + patience - time.monotonic()
        found += [
            f"ssh silent {name}"
            for name, program in self.silent.items()
            if program.answer(max(left, 1)) != str(patience)
        ]
        while time.monotonic() < asked + patience and any(
            self.receiving[name].count == before[name] for name in before
        ):
            time.sleep(0.1)
        found += [f"ssh receiving {name}" for name, count in before.items() if self.receiving[name].count == count]
        return sorted(found)


@contextlib.contextmanager
def serving(container: str, *ports: str) -> Iterator[None]:
    """Let a container answer at ports like "tcp:7488" and "udp:44337" until the block ends."""
    with _running(["podman", "exec", "-i", container, "python3", "-c", _SERVER, *ports]) as program:
        assert [program.answer() for _port in ports] == ["ready"] * len(ports)
        yield


@contextlib.contextmanager
def sessions(
    containers: Mapping[str, str], wanted: Mapping[str, Sequence[Wanted]], logins: Mapping[str, Path]
) -> Iterator[Sessions]:
    """Open sessions, and keep them open until the block ends.

    Args:
        containers: of the hosts.
        wanted: by the host that opens them.
        logins: files of Ansible's variables, by name: with each a silent SSH session and one that receives are opened.
    """
    with contextlib.ExitStack() as stack:
        inside = {}
        for host, items in wanted.items():
            named = [{"name": item.name(host), **item._asdict()} for item in items]
            argv = ["podman", "exec", "-i", containers[host], "python3", "-c", _CLIENT, json.dumps(named)]
            inside[host] = stack.enter_context(_running(argv))
            assert inside[host].answer() == "ready", host
        logged_in: dict[str, dict[str, _Program]] = {"exec cat": {}, "while echo tick; do sleep 0.1; done": {}}
        for command, programs in logged_in.items():
            for name, file in logins.items():
                values = yaml.safe_load(file.read_text(encoding="utf-8"))
                programs[name] = stack.enter_context(_running([*_ssh(values), command]))
        opened = Sessions(inside, *logged_in.values())
        assert opened.lost() == []
        yield opened


@contextlib.contextmanager
def _running(argv: Sequence[str]) -> Iterator[_Program]:
    program = _Program(argv)
    try:
        yield program
    finally:
        program.end()


def _ssh(values: Mapping[str, Any]) -> list[str]:
    """The command of Ansible's variables, without what would break a silence."""
    arguments = shlex.split(values["ansible_ssh_common_args"])
    login = f"{values['ansible_user']}@{values['ansible_host']}"
    return ["ssh", *arguments, "-o", "ControlPath=none", "-i", values["ansible_ssh_private_key_file"], login]
