# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an observing host has seen outlives changes of its rules, kept or taken back."""

from __future__ import annotations

import dataclasses
import time

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, rules, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import TABLE, Ran, in_order
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Observed, observed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session, insist_on
from tests.kernel import networks
from tests.kernel.hosts import SHORT, Host
from tests.unit.platforms.policies import nft_rules, permit, policy

HERE = "10.9.0.1"
NOBODY = [{"transport": "tcp", "ports": "22", "sources": ["192.0.2.9/32"]}]
FIRST = policy(management=NOBODY, input=[permit("192.0.2.1", HERE)])
OTHER = policy(management=NOBODY, input=[permit("192.0.2.2", HERE, "10000-10099", transport="udp", idle=7200)])
OBSERVING, OBSERVING_OTHER = (nft_rules({**held, "stance": "observe"}) for held in (FIRST, OTHER))
REFUSING = nft_rules(OTHER)


@pytest.fixture
def watching(host: Host) -> Host:
    """A host that observes and has seen something come by its second interface, a while ago."""
    host.settle(OBSERVING)
    note(host, "10.9.0.7 . udp . 514")
    time.sleep(2)
    return host


def note(host: Host, element: str) -> None:
    """Let the kernel hold what a packet would leave."""
    for which in ("first", "last"):
        networks.run("nft", "add", "element", *TABLE.split(), f"faxnet_seen_input4_{which}", f"{{ {element} }}")
    assert host.live is not None


def seen(host: Host) -> Observed:
    return observed(host.machine)


def assert_same(before: Observed, after: Observed) -> None:
    """The same packets, first seen at the same time (nft tells whole seconds)."""
    assert [one[:7] for one in after.packets] == [one[:7] for one in before.packets]
    assert before.packets, "there is something to keep"
    for old, new in zip(before.packets, after.packets, strict=True):
        assert new.first == pytest.approx(old.first, abs=1.1)
    assert after.since == pytest.approx(before.since, abs=1.1)


def test_what_was_seen_is_no_difference(watching: Host) -> None:
    assert watching.bring(OBSERVING) == ([], "")


def test_a_change_of_the_rules_keeps_what_was_seen_and_is_no_difference_afterwards(watching: Host) -> None:
    before = seen(watching)
    watching.settle(OBSERVING_OTHER)
    assert_same(before, seen(watching))
    assert watching.bring(OBSERVING_OTHER) == ([], "")
    watching.settle(OBSERVING)
    assert_same(before, seen(watching))
    assert watching.bring(OBSERVING) == ([], "")


@pytest.mark.parametrize("text", [OBSERVING_OTHER, REFUSING], ids=["observing", "refusing"])
def test_a_change_that_is_taken_back_keeps_what_was_seen(watching: Host, text: str) -> None:
    before, table = seen(watching), watching.live
    _differences, mark = watching.bring(text, SHORT)
    assert watching.live != table
    assert transaction.outcome(watching.machine, mark) == "the old rules are back"
    assert watching.live == table
    assert seen(watching).observing
    assert_same(before, seen(watching))
    assert watching.bring(OBSERVING) == ([], "")


def test_a_confirmed_change_that_is_undone_keeps_it_too(watching: Host) -> None:
    before = seen(watching)
    _differences, mark = watching.bring(REFUSING, together=True)
    transaction.confirm(watching.machine, mark)
    assert transaction.undo(watching.machine, mark) == "the old rules are back"
    assert_same(before, seen(watching))


def test_a_host_that_refuses_at_last_still_tells_what_it_has_seen_and_differs_in_nothing(watching: Host) -> None:
    before = seen(watching)
    watching.settle(REFUSING)
    after = seen(watching)
    assert not after.observing
    assert_same(before, after)
    assert watching.bring(REFUSING) == ([], "")
    watching.settle(nft_rules(FIRST))
    assert_same(before, seen(watching))


def test_a_host_that_observes_anew_begins_with_nothing_seen(watching: Host) -> None:
    before = seen(watching)
    watching.settle(REFUSING)
    time.sleep(1)
    watching.settle(OBSERVING)
    after = seen(watching)
    assert after.packets == ()
    assert after.since is not None
    assert before.since is not None
    assert after.since > before.since + 1


def test_where_the_table_was_changed_meanwhile_the_old_rules_still_come_back(watching: Host) -> None:
    """The gentle way back needs the table as the change left it; the other needs nothing."""
    table = watching.live
    _differences, mark = watching.bring(REFUSING, 2)
    networks.run("nft", "delete", "table", *TABLE.split())
    assert transaction.outcome(watching.machine, mark) == "the old rules are back"
    assert watching.live == table
    assert seen(watching).observing


@pytest.fixture
def old_nft(watching: Host) -> Host:
    """The same with an nft that cannot replace a table piece by piece, as that of Debian 11."""

    def run(argv: list[str], text: str | None) -> Ran:
        if text and f"flush table {TABLE}" in text:
            return Ran(-11, "", "signal 11")
        return watching.machine.run(argv, text)

    return Host(dataclasses.replace(watching.machine, run=run), watching.root)


def test_what_was_seen_is_written_again_where_the_whole_table_must_be_loaded(old_nft: Host) -> None:
    networks.run("nft", "add", "element", *TABLE.split(), "faxnet_seen_limit4", "{ 10.9.0.7 . 10.9.0.1 . icmp }")
    before = seen(old_nft)
    old_nft.settle(OBSERVING_OTHER)
    assert_same(before, seen(old_nft))
    assert [stray[:5] for stray in seen(old_nft).strays] == [("limit", 4, "10.9.0.7", "10.9.0.1", "icmp")]
    assert old_nft.bring(OBSERVING_OTHER) == ([], "")


@pytest.mark.parametrize("text", [OBSERVING_OTHER, REFUSING], ids=["observing", "refusing"])
def test_so_it_is_where_a_change_is_taken_back(old_nft: Host, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensure, "taking_back", lambda *_: "")
    before = seen(old_nft)
    _differences, mark = old_nft.bring(text, SHORT)
    assert transaction.outcome(old_nft.machine, mark) == "the old rules are back"
    after = seen(old_nft)
    # As long as the change was tried, time stood still for it.
    assert [one[:7] for one in after.packets] == [one[:7] for one in before.packets]
    assert after.packets[0].first - before.packets[0].first < SHORT + 3


def test_the_number_of_elements_that_nft_lists_is_no_difference() -> None:
    """As that of Debian sid does."""
    listed = "table inet faxnet {\n\tset a {\n\t\tsize 32768\t# count 1\n\t}\n}\n"
    assert in_order(listed) == listed.replace("\t# count 1", "")


def test_rules_that_observe_keep_no_session_out_and_say_so(watching: Host) -> None:
    """A full set, or a socket that nobody can foretell: whatever is noted, the packet passes."""
    session = Session("198.51.100.7", 40000, HERE, 2222)
    listed = rules.listed(watching.machine)
    assert listed is not None
    insist_on(session, listed, watching.live or "")
    for protocol in ("tcp", "udp"):
        packet = rules.Packet(4, protocol, "198.51.100.7", 40000, HERE, 2222)
        verdict = listed.judge("input", packet)
        assert verdict is not None
        assert verdict.accepted is True
