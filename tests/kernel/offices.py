# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of the tests with packets: a server and a stranger on the Internet, a router, the office behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.kernel import networks

SERVER, STRANGER, PUBLIC = "198.51.100.10", "198.51.100.66", "203.0.113.20"
CLIENTS = [f"10.2.0.{n}" for n in range(100, 140)]


@dataclass(frozen=True)
class Net:
    """Namespaces: a fax server and a stranger on the Internet, a router, the office behind it."""

    outside: str
    router: str
    office: str


@contextlib.contextmanager
def two_sides() -> Iterator[Net]:
    """The Internet's side with two addresses, a router that forwards, an office with forty addresses."""
    with (
        networks.namespace("outside") as outside,
        networks.namespace("router") as gateway,
        networks.namespace("office") as office,
    ):
        wan = [f"{SERVER}/24", f"{STRANGER}/24", "2001:db8:1::10/64"]
        networks.link(outside, wan, gateway, ["198.51.100.1/24", f"{PUBLIC}/32", "2001:db8:1::1/64"])
        lan = [f"{client}/24" for client in CLIENTS]
        networks.link(office, [*lan, "2001:db8:2::21/64"], gateway, ["10.2.0.1/24", "2001:db8:2::1/64"])
        networks.route(outside, "198.51.100.1")
        networks.route(office, "10.2.0.1")
        networks.run("ip", "-n", outside, "-6", "route", "add", "default", "via", "2001:db8:1::1")
        networks.run("ip", "-n", office, "-6", "route", "add", "default", "via", "2001:db8:2::1")
        with networks.inside(gateway):
            for setting in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                Path("/proc/sys/net", setting).write_text("1\n", encoding="ascii")
        yield Net(outside, gateway, office)
