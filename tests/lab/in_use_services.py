# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers on ports and protocols of a lab's host, and says who answers; runs inside a container, with Python alone.

Its argument is a JSON object: ``name``, and lists ``tcp``, ``udp`` (ports), ``raw`` (numbers of IP protocols) and
``groups`` (multicast groups that the raw sockets join).
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading


def tcp(name: str, port: int) -> None:
    """Say who answers to everybody who connects, by both IP versions."""
    with socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        while True:
            accepted, _peer = server.accept()
            with accepted:
                accepted.sendall(f"{name}/tcp/{port}".encode())


def udp(name: str, port: int) -> None:
    """Send every datagram back, behind who answers."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("", port))
        while True:
            data, peer = server.recvfrom(2048)
            server.sendto(f"{name}/udp/{port} ".encode() + data, peer)


def raw(name: str, protocol: int, groups: list[str]) -> None:
    """Send every question of an IP protocol back, behind who answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) as server:
        for group in groups:
            for _number, interface in socket.if_nameindex():
                request = struct.pack("4s4si", socket.inet_aton(group), bytes(4), socket.if_nametoindex(interface))
                server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        while True:
            packet, (address, _port) = server.recvfrom(2048)
            data = packet[4 * (packet[0] & 15) :]
            if data[4:].startswith(b"ask "):
                # The first four octets are a header without options for GRE, and an index for ESP.
                server.sendto(data[:4] + f"{name}/ip/{protocol} ".encode() + data[8:], (address, 0))


def main() -> None:
    """Serve until the process ends."""
    wanted = json.loads(sys.argv[1])
    name = wanted["name"]
    workers = [threading.Thread(target=tcp, args=(name, port)) for port in wanted.get("tcp", [])]
    workers += [threading.Thread(target=udp, args=(name, port)) for port in wanted.get("udp", [])]
    workers += [
        threading.Thread(target=raw, args=(name, protocol, wanted.get("groups", [])))
        for protocol in wanted.get("raw", [])
    ]
    for worker in workers:
        worker.start()


if __name__ == "__main__":
    main()
