# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Showing a plan, approving it, and deploying no other."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network, Outcome, tree

ROOT = Path(__file__).parents[2]
Hosts = Callable[[str], dict[str, Any]]


@pytest.fixture
def planned(network: Network, two_offices: dict[str, Any]) -> Network:
    """Two offices, planned."""
    network.write(two_offices)
    network.planned()
    return network


def digest(network: Network) -> str:
    """Digest of the plan on disk."""
    return (network.plan / "digest").read_text(encoding="ascii").strip()


def approve(network: Network, *arguments: str) -> Outcome:
    return network.run("faxnet.deploy.approve", "-e", f"digest={digest(network)[:12]}", *arguments)


def test_a_plan_is_shown_in_words_and_as_a_page(planned: Network) -> None:
    shown = planned.run("faxnet.deploy.show")
    assert (shown.code, set(shown.changed.values())) == (0, {0}), shown.text
    for line in (
        f"Plan {digest(planned)} in ",
        "No plan has been approved so far.",
        "  florida: 10.1.0.0/24, behind fl-router (198.51.100.10)",
        "  fl-fax (10.1.0.10, florida): server on nftables",
        "  uk-pc1 and uk-pc2 to fl-fax: tcp 7488 (netcfax.pcp): PCP: the client logs in",
        "  fl-fax, fl-router, uk-pc1 and 2 more: tcp 22 from 0.0.0.0/0, ::/0 (management)",
        "  through fl-router: whatever its networks start outward",
    ):
        assert line in shown.text
    assert (planned.folder / ".faxnet" / "report" / "index.html").exists()


def test_one_host_is_shown_alone(planned: Network) -> None:
    shown = planned.run("faxnet.deploy.show", "-e", "host=uk-pc1")
    assert "uk-pc1 in sheffield: client on nftables" in shown.text
    assert "fl-router in florida" not in shown.text
    unknown = planned.run("faxnet.deploy.show", "-e", "host=nobody")
    assert unknown.code != 0
    assert "there is no slice of nobody" in unknown.text


def test_a_plan_is_approved_once_and_by_its_digest(planned: Network) -> None:
    refused = planned.run("faxnet.deploy.approve", "-e", "digest=000000000000")
    assert refused.code != 0
    assert "nothing was approved" in refused.text
    assert planned.run("faxnet.deploy.approve", "-e", f"digest={digest(planned)[:8]}").code != 0
    assert planned.run("faxnet.deploy.approve").code != 0
    approved = planned.folder / ".faxnet" / "approved"
    assert approve(planned, "--check").changed == {"localhost": 1}
    assert not approved.exists()
    first = approve(planned, "--diff")
    assert (first.code, first.changed) == (0, {"localhost": 1}), first.text
    assert f"+{digest(planned)}" in first.text
    kept = {name: content for name, (content, _time) in tree(approved).items()}
    assert re.fullmatch(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", kept.pop("approved_at"))
    assert kept == {name: content for name, (content, _time) in tree(planned.plan).items()}
    assert approve(planned).changed == {"localhost": 0}


def test_what_changed_since_the_approved_plan_is_told_as_access(planned: Network, host_of: Hosts) -> None:
    approve(planned)
    assert "This is the approved plan." in planned.run("faxnet.deploy.show").text
    inventory = planned.read()
    inventory["all"]["children"]["sheffield"]["children"]["clients"]["hosts"]["uk-pc3"] = {
        "faxnet_address": "10.2.0.23"
    }
    planned.write(inventory)
    planned.planned()
    shown = planned.run("faxnet.deploy.show")
    assert "The approved plan is another one: " in shown.text
    assert "  gains: uk-pc3 to fl-fax: tcp 7488 (netcfax.pcp)" in shown.text
    assert "  hosts added: uk-pc3" in shown.text
    drawn = page(planned)
    assert "The approved plan is another one." in drawn
    assert "Who gains access" in drawn
    assert "uk-pc3" in (planned.folder / ".faxnet/report/changes.csv").read_text(encoding="utf-8")


def page(network: Network) -> str:
    """The page that was drawn last."""
    return (network.folder / ".faxnet" / "report" / "index.html").read_text(encoding="utf-8")


def test_a_signature_is_shown_for_the_plan_that_it_names_and_makes_no_other_plan(planned: Network) -> None:
    before, approved = tree(planned.plan), digest(planned)
    said: dict[str, Any] = {"network": "Two offices", "change": 20417, "approved_by": "{{ boss }}"}
    # As YAML has a date that stands in no quotes.
    said["approved_on"] = datetime.date(2026, 11, 29)
    inventory = planned.read()
    inventory["all"]["vars"] |= {"boss": "A. Smith", "faxnet_approval": {**said, "digest": approved[:12]}}
    planned.write(inventory)
    assert planned.run("faxnet.deploy.plan").changed == {"localhost": 0}
    assert tree(planned.plan) == before
    signed = planned.run("faxnet.deploy.show")
    assert "This plan was approved by A. Smith on 2026-11-29." in signed.text
    assert "This plan was approved by A. Smith on 2026-11-29." in planned.run(LOOK).text
    for words in ("Two offices \u00b7 change 20417", "signed for this plan", "A. Smith"):
        assert words in page(planned)
    inventory["all"]["vars"]["faxnet_outbound"] = "flows"
    planned.write(inventory)
    planned.planned()
    other = planned.run("faxnet.deploy.show")
    assert other.code == 0
    assert "FXN702 Signature for another plan" in other.text
    assert f"The signature is for another plan: the plan {approved[:12]} was approved by A. Smith" in other.text
    assert "signed for another plan" in page(planned)
    deployed = planned.run(LOOK)
    assert deployed.code == 0
    assert "FXN702 Signature for another plan" in deployed.text
    assert "The signature is for another plan: the plan" in deployed.text


def test_mistakes_in_an_approval_are_told_all_at_once_and_stop_no_report(planned: Network) -> None:
    inventory = planned.read()
    inventory["all"]["vars"]["faxnet_approval"] = {"approver": "x", "approved_on": "soon", "digest": "abc"}
    planned.write(inventory)
    before = tree(planned.plan)
    for play in ("faxnet.deploy.plan", "faxnet.deploy.show", REPORT, LOOK):
        outcome = planned.run(play)
        assert outcome.code != 0
        for words in ("faxnet_approval.approver", "faxnet_approval.approved_on", "faxnet_approval.digest", "FXN701"):
            assert words in outcome.text
    assert tree(planned.plan) == before
    assert "FXN701" in page(planned)


REPORT = """
- hosts: localhost
  gather_facts: false
  tasks:
    - faxnet.deploy.report:
"""


def test_a_plan_that_was_not_approved_is_not_deployed(planned: Network, host_of: Hosts) -> None:
    approve(planned)
    inventory = planned.read()
    inventory["all"]["vars"]["faxnet_outbound"] = "flows"
    planned.write(inventory)
    planned.planned()
    outcome = planned.run("faxnet.deploy.deploy", "-e", "ansible_connection=local")
    assert outcome.code != 0
    assert "is not the one that was approved" in outcome.text
    assert "Ask who answers" not in outcome.text


LOOK = f"""
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: {ROOT}/playbooks/tasks/plan_on_disk.yml
"""


def test_deploy_says_which_plan_it_is_and_whether_the_inventory_gives_another(planned: Network) -> None:
    first = planned.run(LOOK)
    assert f"Plan {digest(planned)[:12]}, written 20" in first.text
    assert "by now" not in first.text
    inventory = planned.read()
    inventory["all"]["vars"]["faxnet_outbound"] = "flows"
    planned.write(inventory)
    assert "The inventory gives another plan by now" in planned.run(LOOK).text
    assert "by now" not in planned.run(LOOK, "-e", "__faxnet_just_planned=true").text
    inventory["all"]["vars"]["faxnet_outbound"] = "nothing"
    planned.write(inventory)
    broken = planned.run(LOOK)
    assert "The inventory gives no plan by now" in broken.text
    assert (broken.code, broken.changed) == (0, {"localhost": 0})
