# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's table of connections over netlink, without the program conntrack."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack
from tests.kernel.hosts import OLD, Host


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_connection_is_read_marked_and_forgotten(host: Host, address: str) -> None:
    host.settle(OLD)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sender, socket.socket(family, socket.SOCK_DGRAM) as receiver:
        receiver.bind((address, 9000))
        sender.bind((address, 9001))
        sender.sendto(b"one way", (address, 9000))
        (found,) = conntrack.connections()
        there = conntrack.End(address, 9001, address, 9000)
        assert (found.transport, found.original, found.answered) == ("udp", there, False)
        assert found.reply == conntrack.End(address, 9000, address, 9001)
        conntrack.mark_answered(found)
        assert [item.answered for item in conntrack.connections()] == [True]
        conntrack.forget(replace(found, number=bytes(4)))  # another one, which has ended since
        assert len(list(conntrack.connections())) == 1
        conntrack.forget(found)
        assert list(conntrack.connections()) == []
        conntrack.mark_answered(found)
        assert list(conntrack.connections()) == []


def test_a_tcp_connection_is_established_when_it_has_come_about(host: Host) -> None:
    host.settle(OLD)
    with (
        socket.create_server(("127.0.0.1", 9000)) as listener,
        socket.create_connection(("127.0.0.1", 9000)) as caller,
    ):
        accepted, _peer = listener.accept()
        with accepted:
            (found,) = conntrack.connections()
            assert (found.transport, found.established, found.answered) == ("tcp", True, True)
            assert found.original.source_port == caller.getsockname()[1]
