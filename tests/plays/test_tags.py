# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the site playbook by tags."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.plays.network import Network

PLAN = "faxnet.deploy.plan : Plan the whole network"
RULES = "Keep all rules, or none"
SERVICES = "Write down what a person enters"
VERIFY = "faxnet.deploy.verify : "
#: Whatever part is run, it has to know what the plan has for each host, and that the plan may be deployed.
ALWAYS = ("Read this host's part of the plan", "Go no further with a plan that was not approved")


def test_services_alone_are_provided_behind_the_rules_that_are_there(
    network: Network, two_offices: dict[str, Any]
) -> None:
    """No role of another part has a say, not even by the check of its arguments."""
    two_offices["all"]["vars"] |= {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    network.write(two_offices)
    network.planned()
    ran = network.run("faxnet.deploy.deploy", "--tags", "services", "-e", "settings_sheets_path=")
    assert ran.code == 0, ran.text
    assert set(ran.changed) == {"fl-router", "fl-fax", "uk-router", "uk-pc1", "uk-pc2"}


@pytest.mark.parametrize(
    ("tags", "there"),
    [
        ("plan", {PLAN}),
        ("rules", {RULES}),
        ("services", {SERVICES}),
        ("verify", {VERIFY}),
        ("services,verify", {SERVICES, VERIFY}),
        ("all", {PLAN, RULES, SERVICES, VERIFY}),
    ],
)
def test_a_tag_runs_its_part_and_what_all_parts_need(
    network: Network, two_offices: dict[str, Any], tags: str, there: set[str]
) -> None:
    network.write(two_offices)
    listed = network.run("faxnet.deploy.site", "--list-tasks", "--tags", tags).text
    assert {name for name in (PLAN, RULES, SERVICES, VERIFY) if name in listed} == there
    assert [name for name in ALWAYS if name not in listed] == []
