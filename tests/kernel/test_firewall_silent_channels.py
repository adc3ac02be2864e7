# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that was promised a long silence keeps it when the rules change, unless the change takes it away."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Ran
from tests.kernel import networks
from tests.kernel.hosts import Host, silent
from tests.unit.platforms.policies import nft_rules, permit, policy


def tracked_for(port: int) -> int:
    """For how many more seconds the kernel knows a connection to a port."""
    listed = Path("/proc/self/net/nf_conntrack").read_text(encoding="ascii").splitlines()
    (seconds,) = [int(line.split()[4]) for line in listed if f"dport={port} " in line]
    return seconds


@pytest.mark.acceptance("KE-10")
@pytest.mark.parametrize(
    ("later", "known"),
    [
        (policy(output=[silent(9000)], input=[permit("192.0.2.2", "10.1.0.10")]), True),
        (
            policy(output=[silent(9000), silent(9001, 7200)], input=[permit("192.0.2.2", "10.1.0.10", helper="ftp")]),
            True,
        ),
        (policy(output=[silent(9000, 7200)]), False),
        (policy(output=[]), False),
    ],
    ids=["other rules", "more objects", "another time", "no time"],
)
def test_a_change_leaves_a_silent_channel_its_time_unless_it_takes_it_away(
    host: Host, later: dict[str, Any], known: bool
) -> None:
    host.settle(nft_rules(policy(output=[silent(9000)])))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.sendto(b"identifier", ("127.0.0.1", 9000))
        assert tracked_for(9000) > 400000
        host.settle(nft_rules(later))
        console.sendto(b"still there", ("127.0.0.1", 9000))
        assert (tracked_for(9000) > 400000) == known


def test_what_was_added_by_hand_goes_and_the_channel_stays(host: Host) -> None:
    text = nft_rules(policy(output=[silent(9000)]))
    host.settle(text)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as console:
        console.sendto(b"identifier", ("127.0.0.1", 9000))
        for by_hand in (
            "add chain inet faxnet spare",
            "add rule inet faxnet faxnet_input jump spare",
            "add map inet faxnet where { type inet_service : verdict ; elements = { 25 : goto spare } ; }",
            "add quota inet faxnet much { 25 mbytes }",
            "add rule inet faxnet faxnet_input tcp dport vmap @where",
        ):
            networks.run("nft", by_hand)
        host.settle(text)
        assert host.bring(text) == ([], "")
        console.sendto(b"still there", ("127.0.0.1", 9000))
        assert tracked_for(9000) > 400000


def test_a_table_that_cannot_be_replaced_piece_by_piece_is_replaced_as_a_whole(host: Host) -> None:
    text, other = (nft_rules(policy(output=[silent(9000), silent(port, 500)])) for port in (9001, 9002))
    host.settle(text)

    def fussy(argv: list[str], given: str | None) -> Ran:
        if given and "flush table" in given:
            return Ran(1, "", "Error: Could not process rule: Device or resource busy")
        return host.machine.run(argv, given)

    replace_host = replace(host, machine=replace(host.machine, run=fussy))
    replace_host.settle(other)
    assert host.bring(other) == ([], "")
