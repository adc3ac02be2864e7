# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that a person sets up is in the plan, gets its sheet, and is never connected to, whatever playbook runs.

No host of this network can be reached: whoever tries to connect to one fails. The gateways hold worksheets, the rest is
somebody else's, so nothing is left that a playbook would have to log in to.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plays.network import Network

GATEWAYS = ("fl-router", "uk-router")
#: Each of these must leave such a router alone. The playbook site is these one after the other.
PLAYBOOKS = ("deploy", "verify", "preflight")


def everybody(group: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every host below a group, with its variables."""
    found = dict(group.get("hosts", {}))
    for child in group.get("children", {}).values():
        found |= everybody(child)
    return found


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Two offices, none of whose hosts is there."""
    network = Network(tmp_path_factory.mktemp("worksheets"))
    offices = network.two_offices()
    for name, variables in everybody(offices["all"]).items():
        variables["ansible_host"] = "none.invalid"
        variables["faxnet_platform"] = "worksheet" if name in GATEWAYS else "unmanaged"
    network.write(offices)
    network.planned()
    return network


@pytest.mark.acceptance("NR-17")
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_no_playbook_connects_to_a_router_that_a_person_sets_up(planned: Network, playbook: str) -> None:
    outcome = planned.run(f"faxnet.deploy.{playbook}")
    assert outcome.code == 0, outcome.text
    assert "none.invalid" not in outcome.text
    assert "UNREACHABLE" not in outcome.text


def test_it_has_no_part_in_the_transaction_of_a_network(planned: Network) -> None:
    """A network whose other devices hold new rules would lose them, for this one answers nobody."""
    outcome = planned.run(
        "- hosts: fl-router\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - faxnet.deploy.network_transaction: {state: begun, routers: [fl-router]}\n"
        "      register: network\n"
        "    - faxnet.deploy.firewall: {together: '{{ network.transaction }}'}\n"
    )
    assert outcome.code == 0, outcome.text
    (transaction,) = (planned.plan.parent / "transactions").iterdir()
    assert sorted(path.name for path in transaction.iterdir()) == ["hold_timeout", "plan"]


def test_playbooks_may_follow_each_other_in_one_run(planned: Network) -> None:
    book = planned.folder / "twice.yml"
    book.write_text("- import_playbook: faxnet.deploy.preflight\n- import_playbook: faxnet.deploy.site\n", "utf-8")
    outcome = planned.run(str(book))
    assert outcome.code == 0, outcome.text


def test_its_sheet_is_on_the_controller_and_the_report_names_it_neither_tested_nor_broken(planned: Network) -> None:
    for playbook in ("deploy", "verify"):
        outcome = planned.run(f"faxnet.deploy.{playbook}")
        assert outcome.code == 0, outcome.text
    for name in GATEWAYS:
        sheet = planned.plan.parent / "worksheets" / f"{name}.txt"
        assert sheet.read_text(encoding="utf-8").startswith(f"Router worksheet for {name}\n")
    report = json.loads((planned.plan.parent / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] not in ("passed", "failed")
    assert not set(GATEWAYS) & {check["host"] for check in report["checks"]}
