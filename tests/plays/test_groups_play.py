# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate that is too large for one transaction is changed in groups of sites that belong together."""

from __future__ import annotations

import re

import pytest

from tests.plays.network import Network

#: Three sites whose hosts stand in the inventory in no order; nobody logs in to one of them.
HOSTS = {
    "c-one": {"faxnet_site": "c", "ansible_host": "10.3.0.2", "faxnet_permits": []},
    "b-router": {"faxnet_site": "b", "ansible_host": "10.1.0.1"},
    "a-fax": {"faxnet_site": "a", "ansible_host": "10.2.0.2", "faxnet_offers": [{"service": "netcfax"}]},
    "b-pc": {
        "faxnet_site": "b",
        "ansible_host": "10.1.0.2",
        "faxnet_uses": [{"service": "netcfax", "server": "a-fax"}],
    },
}
SITES = {
    "a": {"networks": ["10.2.0.0/24"], "realm": "wan"},
    "b": {"networks": ["10.1.0.0/24"], "realm": "wan", "gateways": [{"host": "b-router"}]},
    "c": {"networks": ["10.3.0.0/24"], "realm": "other"},
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The network, planned."""
    made = Network(tmp_path_factory.mktemp("groups"))
    made.write({"all": {"vars": {"faxnet_sites": SITES, "faxnet_platform": "worksheet"}, "hosts": HOSTS}})
    made.planned()
    return made


def transactions(network: Network, *arguments: str) -> list[set[str]]:
    """The hosts of each transaction, in order."""
    outcome = network.run("faxnet.deploy.deploy", *arguments)
    assert outcome.code == 0, outcome.text
    plays = re.split(r"^PLAY \[", outcome.text, flags=re.MULTILINE)
    return [
        set(re.findall(r"^(?:ok|changed): \[([^\]]+)\]", play, re.MULTILINE))
        for play in plays
        if play.startswith("Put the rules in force")
    ]


def test_without_the_variable_all_are_changed_together(network: Network) -> None:
    assert transactions(network) == [set(HOSTS)]


@pytest.mark.parametrize(
    ("size", "groups"),
    [
        ("3", [{"b-router", "b-pc", "a-fax"}, {"c-one"}]),
        ("75%", [{"b-router", "b-pc", "a-fax"}, {"c-one"}]),
        ("2", [{"a-fax"}, {"b-router", "b-pc"}, {"c-one"}]),
    ],
)
def test_sites_that_belong_together_are_changed_together(network: Network, size: str, groups: list[set[str]]) -> None:
    assert transactions(network, "-e", f"faxnet_together={size}") == groups


def test_a_limit_leaves_the_others_out(network: Network) -> None:
    assert transactions(network, "-e", "faxnet_together=2", "--limit", "b-pc,c-one") == [{"b-pc", "c-one"}]


@pytest.mark.parametrize("size", ["0", "some", "50 %", "-1"])
def test_what_is_no_number_of_hosts_is_told(network: Network, size: str) -> None:
    outcome = network.run("faxnet.deploy.deploy", "-e", f"faxnet_together='{size}'")
    assert outcome.code != 0
    assert (
        f"group_size (faxnet_together in the playbooks) is '{size}'; give a number (50) or a share (20%)"
        in outcome.text
    )
