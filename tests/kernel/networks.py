# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private networks for tests: namespaces of this machine's kernel, with real packets and nothing of the host in them.

A socket belongs to the namespace in which it was made, so one test process can stand in many networks.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, Ran

_CLONE_NEWNET = 0x40000000  # sched.h
_NUMBERS = itertools.count()
_LIBC = ctypes.CDLL(None, use_errno=True)


def run(*argv: str, text: str | None = None) -> str:
    """Run a command where this process stands now; its output. Fails with the command's own words."""
    ran = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(argv)}: {ran.stderr}"
    return ran.stdout


def checked_by_nft(text: str) -> None:
    """Let nft read `text` in a namespace of its own; fails with nft's words."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    run("unshare", *as_root, "--net", "nft", "-c", "-f", "-", text=text)


@contextlib.contextmanager
def namespace(label: str) -> Iterator[str]:
    """A new network namespace named `faxnet-...`, loopback up, removed at the end."""
    assert os.geteuid() == 0, "network namespaces need root: run the tests as root or with sudo"
    name = f"faxnet-t{os.getpid()}-{next(_NUMBERS)}-{label}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "del", name)


@contextlib.contextmanager
def inside(name: str) -> Iterator[None]:
    """Stand in a namespace: sockets made and commands run here are in it."""
    with Path("/proc/self/ns/net").open("rb") as home, Path("/run/netns", name).open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def link(left: str, left_addresses: list[str], right: str, right_addresses: list[str]) -> None:
    """Connect two namespaces with a cable; addresses with prefix length, IPv6 without duplicate detection."""
    number = next(_NUMBERS)
    ends = (f"a{number}", f"b{number}")
    run("ip", "link", "add", ends[0], "netns", left, "type", "veth", "peer", "name", ends[1], "netns", right)
    for where, end, addresses in ((left, ends[0], left_addresses), (right, ends[1], right_addresses)):
        for address in addresses:
            run("ip", "-n", where, "address", "add", address, "dev", end, *(["nodad"] if ":" in address else []))
        # Nor of its link-local address: for that second the end asks for no neighbour.
        with inside(where), contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
            Path(f"/proc/sys/net/ipv6/conf/{end}/accept_dad").write_text("0", encoding="ascii")
        run("ip", "-n", where, "link", "set", end, "up")
    # The kernel tells of a cable's second end up to a second late; until then nothing asks for a neighbour by IPv6.
    until = time.monotonic() + 5
    while any(
        "state UP" not in run("ip", "-n", where, "link", "show", end)
        for where, end in zip((left, right), ends, strict=True)
    ):
        assert time.monotonic() < until, f"no carrier between {left} and {right}"
        time.sleep(0.02)


def route(where: str, via: str) -> None:
    """The default route of a namespace."""
    run("ip", "-n", where, "route", "add", "default", "via", via)


def load(where: str, text: str) -> None:
    """Load nft text in a namespace."""
    with inside(where):
        run("nft", "-f", "-", text=text)


def listen(where: str, address: str, port: int) -> socket.socket:
    """A TCP socket that listens in a namespace."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(where):
        listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    listener.settimeout(2)
    return listener


def connects(where: str, address: str, port: int, *, source: str | None = None, patience: float = 0.4) -> bool:
    """Whether a TCP connection from a namespace comes about within `patience` seconds."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(where):
        caller = socket.socket(family, socket.SOCK_STREAM)
    with caller:
        caller.settimeout(patience)
        if source:
            caller.bind((source, 0))
        try:
            caller.connect((address, port))
        except OSError:
            return False
        return True


def datagrams(where: str, address: str, port: int = 0, *, patience: float = 0.4) -> socket.socket:
    """A UDP socket bound in a namespace, that waits `patience` seconds for a datagram."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(where):
        bound = socket.socket(family, socket.SOCK_DGRAM)
    bound.bind((address, port))
    bound.settimeout(patience)
    return bound


def received(bound: socket.socket) -> tuple[bytes, tuple[str, int]] | None:
    """The next datagram and who sent it; None when none comes."""
    try:
        data, sender = bound.recvfrom(2048)
    except TimeoutError:
        return None
    return data, (sender[0], sender[1])


def machine(directory: Path) -> Machine:
    """A managed host whose files lie in `directory` and whose network is where this process stands; no systemd."""
    for absolute in ("etc/sysctl.d", "run"):
        (directory / absolute).mkdir(parents=True)
    (directory / "proc").symlink_to("/proc")

    def runner(argv: list[str], text: str | None) -> Ran:
        ran = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    return Machine(run=runner, find=shutil.which, root=str(directory))
