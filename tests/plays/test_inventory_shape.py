# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point `inventory` of the role `plan`: Ansible's own validator over the variables of every host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network

EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[2] / "inventories").glob("*/hosts.yml"))

CHECK = """\
- name: Check the shape of every host's variables
  hosts: all
  gather_facts: false
  tasks:
    - name: Check them
      ansible.builtin.include_role:
        name: faxnet.deploy.plan
        tasks_from: inventory
"""


@pytest.mark.parametrize("inventory", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_of_the_right_shape(network: Network, inventory: Path) -> None:
    outcome = network.run(CHECK, sources=(str(inventory),))
    assert outcome.code == 0, outcome.text
    hosts = [result["validate_args_context"] for result in outcome.results if "validate_args_context" in result]
    assert len(hosts) == len(outcome.changed) >= 5
    assert {host["argument_spec_name"] for host in hosts} == {"inventory"}


def test_what_is_not_of_the_right_shape_is_told(
    network: Network, two_offices: dict[str, Any], host_of: Callable[[str], dict[str, Any]]
) -> None:
    """One mistake a host; an offer's settings are known by name, whichever product they are of."""
    host_of("fl-fax")["faxnet_offers"] = [
        {"service": "communigate", "smtp_port": 2525, "media_udp": [4000, "5000-5010"], "dns_servers": ["10.1.0.2"]},
        {"service": "netcfax", "primary_prot": 7488},
    ]
    host_of("uk-router")["faxnet_outbound"] = "most"
    host_of("uk-pc1")["faxnet_uses"] = [{"service": "asterisk", "server": "fl-fax", "client_media": "5000-5010"}]
    host_of("uk-pc2")["faxnet_uses"] = [{"service": "netcfax", "server": "fl-fax", "instances": "many"}]
    network.write(two_offices)
    outcome = network.run(CHECK)
    told = [result["argument_errors"] for result in outcome.results if "argument_errors" in result]
    assert len(told) == 3
    for word in ("primary_prot.", "faxnet_outbound", "'instances'"):
        assert len([errors for errors in told if word in errors[0]]) == 1, (word, told)
