# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the wanted ports listen on this host, where, and for which program: from the kernel's tables (proc(5))."""

from __future__ import annotations

import ipaddress
import os
import re
import struct
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

# TCP_LISTEN, and TCP_CLOSE for a UDP socket that has no peer (include/net/tcp_states.h).
_LISTENING = {"tcp": "0A", "udp": "07"}
_PAUSE = 0.2  # seconds between two looks
# The unit in a control group's path, the last one: a service may have groups of its own below, and stand in a user's.
_UNIT = re.compile(r"/([^/\n]+\.(?:service|socket|scope))(?=/|$)", re.MULTILINE)


class Socket(NamedTuple):
    """A listening socket: "tcp" or "udp", its address and port, and the inode by which a process holds it."""

    transport: str
    address: str
    port: int
    inode: str


class Holder(NamedTuple):
    """Who holds a socket: the program's name and its systemd unit; each is empty where it can't be told."""

    program: str
    unit: str

    @property
    def text(self) -> str:
        """In words."""
        return (self.program or "a program") + (f" ({self.unit})" if self.unit else "")


_UNKNOWN = Holder("", "")


def look(wanted: Sequence[dict[str, Any]], proc: str = "/proc") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What listens of *wanted*, and what does not.

    Args:
        wanted: dictionaries with "transport", "port" and "name" (for people; may be None).
        proc: where the kernel's tables are.

    Returns:
        The wanted ones again: those that others can reach, with "addresses", and those that they can't, with "problem";
        all with "program" and "unit", which are empty where there is none or it can't be told, and with "text".
    """
    found = list(_sockets({each["transport"] for each in wanted}, proc))
    holders = _holders({each.inode for each in found}, proc)
    listening, deaf = [], []
    for each in wanted:
        mine = [one for one in found if (one.transport, one.port) == (each["transport"], each["port"])]
        outside = sorted({one.address for one in mine if not _is_loopback(one.address)})
        holder = next((holders[one.inode] for one in mine if one.inode in holders), _UNKNOWN)
        known = {**each, **holder._asdict()}
        where = f"port {each['port']}/{each['transport']}" + (f" ({each['name']})" if each["name"] else "")
        if outside:
            listening.append({**known, "addresses": outside, "text": f"{where} is held by {holder.text}"})
        else:
            problem = f"{holder.text} listens on the loopback address alone" if mine else "nothing listens"
            deaf.append({**known, "problem": problem, "text": f"{where}: {problem}"})
    return listening, deaf


def wait_for(
    wanted: Sequence[dict[str, Any]], seconds: float, proc: str = "/proc"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Look until all listens, for *seconds* at most; what :func:`look` returns."""
    end = time.monotonic() + seconds
    while True:
        listening, deaf = look(wanted, proc)
        if not deaf or time.monotonic() >= end:
            return listening, deaf
        time.sleep(_PAUSE)


def _sockets(transports: Iterable[str], proc: str) -> Iterator[Socket]:
    for transport in sorted(transports):
        for suffix in ("", "6"):
            try:
                with open(os.path.join(proc, "self", "net", transport + suffix), encoding="ascii") as table:
                    lines = table.readlines()[1:]
            except FileNotFoundError:
                continue  # a kernel without IPv6
            for line in lines:
                fields = line.split()
                if fields[3] == _LISTENING[transport]:
                    address, port = fields[1].split(":")
                    yield Socket(transport, _address(address), int(port, 16), fields[9])


def _address(text: str) -> str:
    """An address as the tables write it: 32-bit words in this machine's byte order, hexadecimal."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(words)}I", *words)))


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _holders(inodes: set[str], proc: str) -> dict[str, Holder]:
    """Who holds each socket, as far as this user may know it."""
    found: dict[str, Holder] = {}
    for pid in filter(str.isdigit, os.listdir(proc)):
        folder = os.path.join(proc, pid)
        try:
            links = [os.readlink(entry.path) for entry in os.scandir(os.path.join(folder, "fd"))]
            held = inodes.intersection(re.findall(r"^socket:\[(\d+)\]$", "\n".join(links), re.MULTILINE))
            if held:
                units = _UNIT.findall(_text(os.path.join(folder, "cgroup")))
                holder = Holder(_text(os.path.join(folder, "comm")).strip(), units[-1] if units else "")
                found.update(dict.fromkeys(held, holder))
        except OSError:
            continue  # the process has ended, or is not ours to see
    return found


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
