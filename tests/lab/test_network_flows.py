# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network keeps its new rules when the plan's own flows come about, all rules are of one plan, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.lab.estate import INVENTORY, Estate

pytestmark = [pytest.mark.lab(INVENTORY.name), pytest.mark.labs]

#: Somebody else's rules on a router of the way: logins pass, the flow to the fax server does not.
STRANGER = "table inet stranger { chain onward { type filter hook forward priority 10; tcp dport 7488 drop; }; }"


@contextlib.contextmanager
def stranger(estate: Estate, host: str) -> Iterator[None]:
    """Have somebody else's rules on a router."""
    estate.inside(host, f"nft '{STRANGER}'")
    try:
        yield
    finally:
        estate.inside(host, "nft delete table inet stranger")


@pytest.mark.fault("flow held up")
def test_a_flow_that_does_not_come_about_takes_all_back_and_is_named(estate: Estate) -> None:
    before = estate.prepare()
    with stranger(estate, "branch-router"):
        status, printed = estate.deploy(router_tolerate_drops="true")
    assert status != 0, printed
    said = " ".join(printed.split())
    assert "The network keeps its old rules: annex-pc: no connection to 198.51.100.10 port 7488/tcp" in said
    assert "(netcfax.pcp/annex-pc>branch-fax) came about while all new rules were in force" in said
    assert (estate.difference(before), estate.waiting()) == ("", [])
    # Whoever knows of it can keep the rules.
    with stranger(estate, "branch-router"):
        status, printed = estate.deploy(router_tolerate_drops="true", faxnet_flows_tried="0")
    assert status == 0, printed
    assert estate.difference(before) != ""


PLANNED_ANEW = """\
- name: Put the rules of one plan in force
  hosts: annex-pc
  gather_facts: false
  tasks:
    - name: Begin
      faxnet.deploy.network_transaction:
        state: begun
      run_once: true
      register: network

    - name: Hold the rules
      faxnet.deploy.firewall:
        together: "{{ network.transaction }}"

- name: Make another plan
  import_playbook: faxnet.deploy.plan

- name: Decide
  hosts: annex-pc
  gather_facts: false
  tasks:
    - name: Decide
      faxnet.deploy.network_transaction:
        state: ended
        transaction: "{{ network.transaction }}"
"""


@pytest.mark.fault("planned anew")
def test_a_plan_that_is_made_anew_meanwhile_takes_all_back(estate: Estate) -> None:
    before = estate.prepare()
    play = estate.directory / "planned-anew.yml"
    play.write_text(PLANNED_ANEW, encoding="utf-8")
    status, printed = estate.play(str(play), low="25000")
    assert status != 0, printed
    said = " ".join(printed.split())
    assert "The network keeps its old rules: plan: it was made anew meanwhile" in said
    assert (estate.difference(before), estate.waiting()) == ("", [])
