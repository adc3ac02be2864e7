# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every nft from 0.9.8 on lists our table in its own way, and each way is read (tools/nft_versions.py)."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import seen
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import in_order
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.replace import replacement
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import Rules, Verdict

LISTINGS = Path(__file__).resolve().parents[2] / "listings"
VERSIONS = sorted(path.name for path in LISTINGS.iterdir())
USUAL = "1.0.6"
OBJECT = re.compile(r"^\t(?:counter|ct \w+) \S+ \{\n.*?\t\}\n\n", re.MULTILINE | re.DOTALL)
PACKETS = [
    Packet(4, transport, source, 40000, destination, port)
    for transport, source, destination, port in itertools.product(
        ("tcp", "udp"),
        ("10.1.0.9", "10.2.0.10", "192.0.2.1", "198.51.100.1", "203.0.113.20"),
        ("10.1.0.10", "10.2.0.10", "203.0.113.20", "198.51.100.10"),
        (22, 4559, 4644, 7488, 10000, 10050, 44337),
    )
]


def text(version: str, policy: str) -> str:
    return (LISTINGS / version / f"{policy}.nft").read_text(encoding="utf-8")


def verdicts(version: str, policy: str) -> list[Verdict | str | None]:
    rules = Rules((LISTINGS / version / f"{policy}.json").read_text(encoding="utf-8"))
    judged = [rules.judge(hook, packet) for hook in ("input", "forward") for packet in PACKETS]
    return [*judged, *map(rules.target, PACKETS)]


def test_there_are_listings_of_four_releases_of_debian() -> None:
    assert len(VERSIONS) == 4
    assert VERSIONS[:2] == ["0.9.8", USUAL]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_order_of_objects_is_no_difference(version: str) -> None:
    """The kernel lists them by age, and an older one was kept through a change."""
    listed = text(version, "tracked")
    objects = [found[0] for found in OBJECT.finditer(listed)]
    assert len(objects) == 3
    start = listed.index(objects[0])
    assert listed[start:].startswith("".join(objects))
    rest = listed[start + len("".join(objects)) :]
    orders = {in_order(listed[:start] + "".join(order) + rest) for order in itertools.permutations(objects)}
    assert orders == {in_order(listed)}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_idle_time_that_connections_hold_is_kept_through_a_change(version: str) -> None:
    """What is kept is not deleted, and everything else is, the counter among it."""
    before = in_order(text(version, "tracked"))
    changed = replacement(before, before.replace("dport", "sport", 1), "table inet faxnet\ndelete table inet faxnet\n")
    assert "delete ct timeout" not in changed
    assert "delete counter inet faxnet faxnet_refused\n" in changed
    assert "delete ct helper inet faxnet faxnet_helper_ftp\n" in changed
    assert "delete chain inet faxnet faxnet_forward\n" in changed


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("policy", ["router", "stateless_router", "tracked"])
def test_what_a_host_says_of_its_rules_is_the_same_with_each(version: str, policy: str) -> None:
    usual = verdicts(USUAL, policy)
    assert len({verdict.accepted for verdict in usual if isinstance(verdict, Verdict)} - {None}) == 2
    assert verdicts(version, policy) == usual


@pytest.mark.parametrize("version", VERSIONS)
def test_rules_that_observe_let_everything_pass_with_each(version: str) -> None:
    accepted = {verdict.accepted for verdict in verdicts(version, "observing_router") if isinstance(verdict, Verdict)}
    assert accepted == {True}
    listed = in_order(text(version, "observing_router"))
    assert in_order(listed) == listed
    assert seen.observes(listed)
    assert not seen.observes(text(version, "router"))
