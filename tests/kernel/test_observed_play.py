# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that shows what observing hosts have seen, on this machine in a namespace."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from tests.kernel import networks
from tests.plays.network import Network, Outcome

ADDRESS, NEIGHBOUR = "10.1.0.10", "10.1.0.66"
HERE = {
    "ansible_connection": "local",
    "ansible_become": False,
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    "faxnet_management": [{"ports": 22, "sources": ["192.0.2.0/24"]}],
}
INVENTORY: dict[str, Any] = {
    "all": {
        "vars": {"faxnet_sites": {"florida": {"networks": ["10.1.0.0/24"]}}, "faxnet_site": "florida", **HERE},
        "hosts": {
            "fl-fax": {
                "faxnet_address": ADDRESS,
                "faxnet_offers": [{"service": "netcfax"}],
                "faxnet_stance": "observe",
            },
        },
    }
}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """A fax server that observes, planned."""
    made = Network(tmp_path)
    made.write(INVENTORY)
    made.planned()
    return made


def told(outcome: Outcome) -> list[str]:
    """The lines that a run shows."""
    shown = re.search(r'^    "msg": (\[.*?^    \])$', outcome.text, re.MULTILINE | re.DOTALL)
    return list(json.loads(shown[1])) if shown else []


def test_what_was_seen_is_shown_as_permits_and_changes_nothing(network: Network) -> None:
    with networks.namespace("fax") as fax, networks.namespace("neighbour") as neighbour:
        networks.link(neighbour, [f"{NEIGHBOUR}/24"], fax, [f"{ADDRESS}/24"])
        networks.load(fax, render_slice(network.slice("fl-fax")))
        with networks.listen(fax, ADDRESS, 8080), networks.inside(fax):
            assert networks.connects(neighbour, ADDRESS, 8080, patience=3)
            shown = network.run("faxnet.deploy.observed")
            with networks.inside(fax):
                again = network.run("faxnet.deploy.observed", "--check", "-e", "ipv4_prefix=24")
    assert (shown.code, again.code) == (0, 0), shown.text
    assert sum(shown.changed.values()) == 0
    lines = told(shown)
    assert lines[0].startswith("# Watched for less than a minute, since ")
    assert lines[1] == "# What comes more rarely, such as once a month, was not seen."
    assert "faxnet_permits:" in lines
    # This test itself listens there.
    (permit,) = [line for line in lines if line.startswith("  - {name: seen-")]
    assert permit.endswith(f"tcp-8080, protocols: [tcp], ports: [8080], sources: [{NEIGHBOUR}/32]}}")
    assert "seen-tcp" not in permit, "the program is named"
    assert "sources: [10.1.0.0/24]" in again.text


def test_a_host_that_never_observed_is_passed_over(network: Network) -> None:
    with networks.namespace("fax") as fax, networks.inside(fax):
        shown = network.run("faxnet.deploy.observed")
    assert shown.code == 0, shown.text
    assert told(shown) == []


def test_a_prefix_that_there_is_not_is_refused(network: Network) -> None:
    shown = network.run("faxnet.deploy.observed", "-e", "ipv4_prefix=33")
    assert shown.code != 0
    assert "ipv4_prefix is 33: no prefix has that length; give one from 0 to 32" in shown.text
