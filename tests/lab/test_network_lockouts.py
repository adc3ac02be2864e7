# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would lock management out of a network is refused before, or undone after; no device has anything of it then."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tests.lab.estate import INVENTORY, Estate

pytestmark = [pytest.mark.lab(INVENTORY.name), pytest.mark.labs]

FOUR, SIX = "10.81.1.10/32", "fd81:1::10/128"
ELSEWHERE = "192.0.2.0/24"


def managed(*sources: str, ports: int = 22) -> dict[str, Any]:
    """Variables of a host that is administered from there."""
    return {"faxnet_management": [{"transport": "tcp", "ports": ports, **({"sources": [*sources]} if sources else {})}]}


class LockOut(NamedTuple):
    """Variables of hosts that lock management out; where that shows, and how it is said."""

    hosts: dict[str, dict[str, Any]]
    shows: str
    said: str


PLAN, RUN = "in the plan", "in the run"
LOCKOUTS = {
    "another port, behind a router": LockOut({"branch-fax": managed(FOUR, ports=2222)}, PLAN, "FXN116"),
    "another port, the router": LockOut({"branch-router": managed(FOUR, ports=2222)}, PLAN, "FXN116"),
    "other sources, behind two routers": LockOut({"annex-pc": managed(ELSEWHERE, "fd81:9::/64")}, RUN, "annex-pc"),
    "the other IP version": LockOut({"annex-pc": managed(FOUR)}, RUN, "annex-pc"),
    "other sources, a router behind a router": LockOut({"annex-inner": managed(ELSEWHERE)}, RUN, "annex-inner"),
    "other sources, the controller's own router": LockOut({"hq-router": managed(ELSEWHERE)}, RUN, "hq-router"),
    "other sources, the jump host": LockOut({"shop-router": managed(ELSEWHERE)}, RUN, "shop-router"),
    "the controller instead of the jump host": LockOut({"shop-pc": managed(FOUR)}, PLAN, "FXN116"),
    "nobody is let out": LockOut({"hq-router": {"faxnet_outbound": "flows"}, "shop-router": managed()}, RUN, ""),
}


#: One of each kind is quick enough for every circle: what the plan refuses costs no login.
QUICK = {"the other IP version", *(name for name, lockout in LOCKOUTS.items() if lockout.shows == PLAN)}


@pytest.mark.parametrize(
    "lockout", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in LOCKOUTS]
)
def test_a_lock_out_that_can_be_written_down_is_refused_or_undone(estate: Estate, lockout: str) -> None:
    hosts, shows, said = LOCKOUTS[lockout]
    before = estate.prepare()
    for arguments in (("--check",), ()):
        status, printed = estate.try_to_plan(2, hosts, *arguments)
        if shows == PLAN:
            assert status != 0
            assert said in printed
    if shows == RUN:
        assert status == 0, printed
        status, printed = estate.deploy("--check")
        assert estate.difference(before) == ""
        status, printed = estate.deploy()
        assert status != 0, printed
        assert said in printed
    assert (estate.difference(before), estate.waiting()) == ("", [])


#: Rules that nobody planned: these routers forward nothing, and stay reachable themselves.
SHUT = """\
- name: Sort hosts by their part of the plan
  hosts: all
  gather_facts: false
  tasks:
    - name: Read this host's part of the plan
      faxnet.deploy.slice:
      register: part

- name: Shut out what stands behind
  hosts: branch-router, annex-outer
  gather_facts: false
  tasks:
    - name: Begin
      faxnet.deploy.network_transaction:
        state: begun
      run_once: true
      register: network

    - name: Forward nothing
      faxnet.deploy.firewall:
        together: "{{ network.transaction }}"
        policy: "{{ part.slice.policy | combine({'forward': [], 'outbound': 'flows'}) }}"
      throttle: 1
      # What failed is what the decision is about.
      ignore_errors: true

    - name: Decide
      faxnet.deploy.network_transaction:
        state: ended
        transaction: "{{ network.transaction }}"
      run_once: true
"""


@pytest.mark.fault("shut out behind")
def test_rules_that_shut_hosts_behind_a_router_out_change_nothing_anywhere(estate: Estate) -> None:
    before = estate.prepare()
    shut = estate.directory / "shut.yml"
    shut.write_text(SHUT, encoding="utf-8")
    status, printed = estate.play(str(shut), "--check")
    assert status == 0, printed
    assert estate.picture == before
    status, printed = estate.play(str(shut))
    assert status != 0
    assert "With the new rules of this router" in printed
    assert "The network keeps its old rules" in printed
    assert (estate.difference(before), estate.waiting()) == ("", [])
