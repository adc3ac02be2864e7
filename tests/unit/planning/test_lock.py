# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock file: what it holds, and what is no lock file."""

from __future__ import annotations

import json

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.callbacks.lock import Lock, read_lock
from tests.unit.networks import two_offices


def sound(text: str) -> Lock:
    """The lock that a text holds, which has nothing wrong with it."""
    findings: list[Finding] = []
    lock = read_lock(text, "x", findings)
    assert findings == []
    return lock


def test_a_lock_reads_back_what_was_written_a_client_a_line_and_sorted() -> None:
    lock = Lock(
        {
            HostService("a", "netcfax"): PortRange(20000, 20099),
            HostService("a-b", "netcfax"): PortRange(10100, 10199),
        }
    )
    text = lock.as_text()
    assert sound(text) == lock
    assert json.loads(text)["format"] == 1
    assert [line.strip(" ,") for line in text.splitlines() if "netcfax" in line] == [
        '"a-b/netcfax": "10100-10199"',
        '"a/netcfax": "20000-20099"',
    ]


def test_no_file_and_an_empty_lock_hold_nothing() -> None:
    assert sound("") == Lock()
    assert sound(Lock().as_text()) == Lock()


def test_only_ranges_that_the_plan_chose_are_locked() -> None:
    ranges = two_offices().plan().lock.ranges
    assert {client.text for client in ranges} == {"fl-pc1/netcfax", "uk-ts1/netcfax", "uk-pc1/netcfax"}


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "null", "5", '"x"', "{}", '{"format": 2, "callback_ranges": {}}', '{"format": 1}',
     '{"format": 1, "callback_ranges": []}', '{"format": 1, "callback_ranges": {"a/netcfax": "x"}}',
     '{"format": 1, "callback_ranges": {"a/netcfax": "10099-10000"}}', '{"format": 1, "callback_ranges": {"a": null}}',
     '{"format": 1, "callback_ranges": {"a": "10100-10199"}}',
     '{"format": 1, "callback_ranges": {"a/": "10100-10199"}}',
     '{"format": 1, "callback_ranges": {"a/b/c": "10100-10199"}}',
     "<<<<<<< HEAD\n{}", "\x00"],
)  # fmt: skip
def test_what_is_no_lock_file_is_an_error_and_not_a_fresh_start(text: str) -> None:
    net = two_offices()
    net.lock = text
    planned = net.planned()
    assert planned.plan is None
    (finding,) = planned.findings
    assert (finding.code, finding.variable) == ("FXN314", "faxnet_lock")
    assert "version control" in finding.cure


def test_entries_of_clients_that_are_gone_are_dropped() -> None:
    net = two_offices()
    net.lock = Lock({HostService("gone", "netcfax"): PortRange(20000, 20099)}).as_text()
    assert HostService("gone", "netcfax") not in net.plan().lock.ranges
