# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the settings let the server listen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_PORTS = 64  # sockets that one range of media ports may take; of a larger range the first and the last port listen


@dataclass(frozen=True)
class Listener:
    """Where something listens, and for what."""

    module: str
    transport: str
    address: str  # empty: all of this machine's
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.module} {self.transport}/{self.port}" + (f" at {self.address}" if self.address else "")


def port_range(text: str) -> list[int]:
    """The ports of a range like C(7000-7009) that are to listen: all of a small one, the ends of a large one."""
    found = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", str(text))
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= 65535:
        return []
    low, high = int(found[1]), int(found[2])
    return list(range(low, high + 1)) if high - low < MOST_PORTS else [low, high]


def listeners(settings: Mapping[str, Any]) -> Iterator[Listener]:
    """Where the settings let the server listen: each module's listeners, and the media ports."""
    for module, found in settings["Modules"].items():
        for key, several in found.items() if isinstance(found, dict) else ():
            if not key.lower().endswith("listener"):
                continue
            transport = "udp" if "udp" in key.lower() else "tcp"
            for listener in several if isinstance(several, list) else [several]:
                if not isinstance(listener, dict):
                    continue
                address, tls = str(listener.get("LocalIP", "")), listener.get("TLS") == "YES"
                port = str(listener.get("Port", ""))
                if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536:
                    yield Listener(module, transport, address, int(port), tls)
    for key, transport in (("UDPPorts", "udp"), ("TCPPorts", "tcp")):
        for number in port_range(settings["MediaServer"].get(key, "")):
            yield Listener("MEDIA", transport, str(settings["MediaServer"].get("LocalIP", "")), number)


def listeners_of_slice(slice_: Mapping[str, Any]) -> dict[str, Any]:
    """Modules with listeners for what a host's slice of the plan lets it serve, named as the exchanges are."""
    modules: dict[str, Any] = {}
    for offer in slice_.get("offers", []):
        settings = offer.get("settings") or {}
        running = offer.get("exchanges")
        for exchange in slice_.get("exchanges", []):
            if exchange["service"] != offer["service"] or exchange.get("initiator", "client") != "client":
                continue
            if running is not None and exchange["name"] not in running:
                continue
            ports = str(settings.get(exchange.get("ports"), exchange.get("ports")))
            numbers = port_range(ports if "-" in ports else f"{ports}-{ports}")
            key = "UDPListener" if exchange["transport"] == "udp" else "Listener"
            modules[exchange["name"]] = {key: [{"Port": number} for number in numbers]}
    return modules
