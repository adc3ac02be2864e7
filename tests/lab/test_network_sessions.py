# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs through routers lives on, whatever is done to their rules: sessions are opened before, counted after."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import running as running_sessions
from tests.lab.estate import CONFIRM, HOLD_ALONE, INVENTORY, MANAGED, Estate, breaking
from tests.lab.sessions import MEDIA, PUSH, SILENT, Sessions, Wanted, serving, sessions

pytestmark = [pytest.mark.lab(INVENTORY.name), pytest.mark.labs]

SERVER = ("198.51.100.10", "fd81:2::10")
NETCFAX, KERIO, FOREIGN = 7488, 44337, 9000
#: Of flows in the plan: what is pushed, what is silent, and datagrams both ways; by both versions, and through NAT.
PLANNED = {
    "annex-pc": [
        Wanted(kind, address, port)
        for address in SERVER
        for kind, port in ((PUSH, NETCFAX), (SILENT, NETCFAX), (MEDIA, KERIO))
    ],
    "shop-pc": [Wanted(PUSH, SERVER[0], NETCFAX), Wanted(SILENT, SERVER[0], NETCFAX), Wanted(MEDIA, SERVER[0], KERIO)],
}
#: Of no flow in the plan: they came about when nobody filtered.
UNPLANNED = {"control": [Wanted(kind, address, FOREIGN) for address in SERVER for kind in (PUSH, SILENT, MEDIA)]}
#: SSH sessions from headquarters: through two routers by IPv6, and over the jump host.
LOGINS = ("annex-pc", "shop-pc")
STAGED = re.compile(r"\.[0-9a-f]{12}$")
#: Says something while a device holds a change; one that was kept stays beside it until the next run.
HELD = 'for held in /run/faxnet/firewall/*/held; do [ ! -e "${held%held}armed" ] || echo "$held"; done'


@contextlib.contextmanager
def running(estate: Estate, *, planned_only: bool = True) -> Iterator[Sessions]:
    """Sessions of all kinds through the network."""
    wanted = PLANNED if planned_only else {**PLANNED, **UNPLANNED}
    ports = [f"tcp:{NETCFAX}", f"udp:{KERIO}", f"tcp:{FOREIGN}", f"udp:{FOREIGN}"]
    host_vars = estate.sources[-1].parent / "host_vars"
    with (
        serving(estate.containers["branch-fax"], *ports),
        sessions(estate.containers, wanted, {name: host_vars / f"{name}.yml" for name in LOGINS}) as opened,
    ):
        yield opened


def settled(picture: str) -> str:
    """How a device looks, without what a boot takes away (running.py) and what the next run does (files.leftovers)."""
    return "".join(
        line for line in running_sessions.without_spared(picture).splitlines(True) if not STAGED.search(line)
    )


@pytest.mark.fault("first rules")
def test_the_first_rules_come_through_the_routers_that_they_are_for_and_spare_what_runs(estate: Estate) -> None:
    estate.make_bare()
    estate.plan(1)
    with running(estate, planned_only=False) as opened:
        status, printed = estate.deploy()
        assert status == 0, printed
        assert opened.lost() == []
        before = estate.picture
        assert set(before) == set(MANAGED)
        assert all("table inet faxnet" in text for text in before.values())
        status, printed = estate.deploy()
        assert status == 0, printed
        assert printed.count("changed=0 ") == len(MANAGED) + 1
        assert opened.lost() == []
        assert estate.picture == before
        estate.pictures[1] = before


def test_the_prober_sees_which_sessions_are_lost(estate: Estate) -> None:
    estate.settle(1)
    with running(estate) as opened:
        rule = f"th sport {{ {NETCFAX}, {KERIO} }} drop"
        chain = "chain cut { type filter hook forward priority -300; " + rule + "; };"
        estate.inside("branch-router", f"nft 'table inet cut {{ {chain} }}'")
        try:
            lost = opened.lost(3)
        finally:
            estate.inside("branch-router", "nft delete table inet cut")
        # SSH sessions do not go there.
        assert lost == sorted(item.name(host) for host, items in PLANNED.items() for item in items)
        assert opened.lost() == []


@pytest.mark.fault("one fails")
def test_another_plan_and_one_that_is_taken_back_spare_what_runs(estate: Estate) -> None:
    estate.settle(1)
    estate.plan(2)
    with running(estate) as opened:
        status, printed = estate.deploy()
        assert status == 0, printed
        assert opened.lost() == []
        estate.pictures[2] = before = estate.picture
        estate.plan(1)
        with breaking(estate, "annex-pc", "systemctl", "exit 1"):
            status, printed = estate.deploy()
        assert status != 0
        assert (estate.difference(before), estate.waiting()) == ("", [])
        assert opened.lost() == []


@pytest.mark.fault("controller killed")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("part of the plan into its packet filter", 2),
        ("part of the plan into its packet filter", 3),
        ("Keep all rules, or none", 1),
    ],
    ids=["among routers", "among hosts", "at the decision"],
)
def test_a_controller_that_is_killed_leaves_what_runs(estate: Estate, words: str, times: int) -> None:
    before = estate.prepare_both()
    with running(estate) as opened:
        assert estate.kill(words, times, 0.5)
        assert opened.lost() == []
        found = estate.settled(HOLD_ALONE + CONFIRM, *estate.pictures.values())
        assert found in estate.pictures.values(), estate.difference(before)
        assert opened.lost() == []


@pytest.mark.fault("reboot")
@pytest.mark.slow
def test_a_router_that_boots_before_the_confirmation_has_its_old_rules_and_so_has_everybody(estate: Estate) -> None:
    before = estate.prepare()
    with running(estate) as opened, estate.start("faxnet.deploy.deploy") as playing:
        while playing.poll() is None and not estate.inside("annex-inner", HELD):
            time.sleep(0.1)
        assert playing.poll() is None
        estate.reboot("annex-inner")
        printed, _nothing = playing.communicate()
        assert playing.returncode != 0, printed
        assert "annex-inner" in printed
        after = estate.picture
        assert settled(after.pop("annex-inner")) == settled(before["annex-inner"])
        assert after == {host: text for host, text in before.items() if host != "annex-inner"}
        assert estate.waiting() == []
        # What goes through this router may be lost with what it remembered. Others' sessions are not.
        of_others = [item.name("shop-pc") for item in PLANNED["shop-pc"]] + [
            "ssh silent shop-pc",
            "ssh receiving shop-pc",
        ]
        assert set(opened.lost()).isdisjoint(of_others)


@pytest.mark.slow
def test_fifty_changes_of_a_router_under_traffic_lose_no_session(estate: Estate) -> None:
    estate.settle(1)
    estate.plan(1)
    elsewhere = str(estate.directory / "other_plan")
    status, printed = estate.play("faxnet.deploy.plan", low="22000", faxnet_directory=elsewhere)
    assert status == 0, printed
    directories = (elsewhere, str(estate.directory / "faxnet"))
    with running(estate) as opened:
        for number in range(50):
            status, printed = estate.deploy("--limit", "branch-router", faxnet_directory=directories[number % 2])
            assert status == 0, printed
            assert "changed=1 " in printed
        assert opened.lost() == []
    assert estate.picture == estate.pictures[1]
