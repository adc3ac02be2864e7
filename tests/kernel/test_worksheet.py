# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router that a person sets up by its worksheet: what the sheet says, typed in, carries exactly the planned packets.

The person is this file: it reads the sheet's table of rules, as anybody would, and types each line into a plain NAT
router. The router is Linux with a few lines of nft that know nothing of the plan; no device of another maker was tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from tests.kernel import networks
from tests.kernel.offices import PUBLIC, SERVER, STRANGER, Net, two_sides
from tests.unit.networks import ports_of, two_offices

CLIENTS = {"uk-ts1": "10.2.0.10", "uk-pc1": "10.2.0.21", "uk-pc2": "10.2.0.22"}

#: What such a router does before anybody types a rule: it lets its LAN out under its address, and nobody in.
BARE = """\
table ip box {{
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr 10.2.0.0/24 ip daddr != 10.2.0.0/24 accept
    {permitted}
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    {translated}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr 10.2.0.0/24 ip daddr != 10.2.0.0/24 snat to {public}
  }}
}}
"""


@pytest.fixture(scope="module")
def net() -> Iterator[Net]:
    """The Internet's side, a router, an office with the clients of the plan."""
    with two_sides() as made:
        for address in CLIENTS.values():
            networks.run("ip", "-n", made.office, "address", "add", f"{address}/32", "dev", "lo")
        yield made


def typed_in(sheet: str) -> str:
    """The sheet's switched-on inward rules in a plain router, line by line."""
    table = sheet.partition("2. Rules:")[2].splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in table if line.startswith("  ")]
    header, _line, *rules = rows
    inward = [dict(zip(header, rule, strict=True)) for rule in rules]
    inward = [rule for rule in inward if (rule["On"], rule["Direction"], rule["Action"]) == ("yes", "in", "allow")]
    assert inward
    permitted, translated = [], []
    for rule in inward:
        transport, ports = rule["Protocol"].lower(), rule["Port or range"]
        match = f"ip saddr {rule['From']} {transport} dport {ports}"
        permitted.append(f"{match} ip daddr {rule['To address']} accept")
        translated.append(f"{match} ip daddr {PUBLIC} dnat to {rule['To address']}")
    return BARE.format(permitted="\n    ".join(permitted), translated="\n    ".join(translated), public=PUBLIC)


@pytest.mark.acceptance("NR-17", "NR-20", "NR-21")
def test_a_router_that_was_typed_in_from_its_sheet_carries_the_planned_packets_and_no_others(net: Net) -> None:
    offices = two_offices()
    offices.hosts["uk-router"]["faxnet_platform"] = "worksheet"
    made = offices.made()
    networks.load(net.router, typed_in(render_slice(made.slices["uk-router"])))
    for client, address in CLIENTS.items():
        low, _hyphen, high = ports_of(made.plan, client).partition("-")
        for port in sorted({int(low), int(high or low)}):
            with networks.listen(net.office, address, port) as listener:
                assert networks.connects(net.outside, PUBLIC, port, source=SERVER), f"{port} to {client}"
                listener.accept()[0].close()
                assert not networks.connects(net.outside, PUBLIC, port, source=STRANGER), f"{port} from a stranger"
        with networks.listen(net.office, address, int(high or low) + 1):
            assert not networks.connects(net.outside, PUBLIC, int(high or low) + 1, source=SERVER)
