# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet for a device that nobody can automate: a router, or a host's own firewall."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from tests.unit.platforms.policies import forward, permit, policy, router


def sheet_slice(**rule: Any) -> dict[str, Any]:
    """A router's slice with one forward."""
    return {
        "host": "uk-router",
        "platform": "worksheet",
        "policy": router(destination_nat=[forward("198.51.100.10", "203.0.113.20", "10000-10099", "10.2.0.21")]),
        "rules": {
            "services": [{"name": "netcfax SCP 10000-10099", "transport": "tcp", "ports": "10000-10099"}],
            "rules": [
                {
                    "name": "netcfax SCP to uk-pc1",
                    "direction": "in",
                    "service": "netcfax SCP 10000-10099",
                    "transport": "tcp",
                    "ports": "10000-10099",
                    "action": "allow",
                    "enabled": True,
                    "from": "198.51.100.10",
                    "target": "10.2.0.21",
                    "flows": ["netcfax.scp/fl-fax>uk-pc1"],
                    **rule,
                }
            ],
        },
    }


@pytest.mark.acceptance("NR-17", "NR-21")
def test_the_sheet_lists_services_and_rules_with_name_ports_action_and_target() -> None:
    text = render_slice(sheet_slice())
    services, rules = text.split("2. Rules")
    assert ["netcfax SCP 10000-10099", "TCP", "10000-10099"] in cells(services)
    row = ["yes", "netcfax SCP to uk-pc1", "in", "netcfax SCP 10000-10099", "TCP", "10000-10099", "allow"]
    assert [*row, "198.51.100.10", "10.2.0.21"] in cells(rules)


def test_the_first_line_says_whether_the_device_is_a_router() -> None:
    part = sheet_slice()
    assert render_slice(part).startswith("Router worksheet for uk-router\n")
    part["host"], part["policy"] = "uk-pc1", policy(input=[permit("198.51.100.10", "10.2.0.21")])
    text = render_slice(part)
    assert text.startswith("Host firewall worksheet for uk-pc1\n")
    assert "router" not in text.lower()


@pytest.mark.acceptance("NR-18")
def test_a_rule_that_is_switched_off_stays_on_the_sheet_and_says_so() -> None:
    assert any(row[:2] == ["no", "netcfax SCP to uk-pc1"] for row in cells(render_slice(sheet_slice(enabled=False))))


def test_a_senders_port_stands_beside_the_sender() -> None:
    rows = cells(render_slice(sheet_slice(source_ports="4644")))
    assert any(row[-2:] == ["198.51.100.10 port 4644", "10.2.0.21"] for row in rows)


def test_the_sheet_says_how_long_a_silent_connection_must_be_remembered() -> None:
    text = render_slice(sheet_slice(idle=3600))
    assert "3600 s" in [cell for row in cells(text) for cell in row]
    assert "switch the exchange off in the inventory" in text
    assert "Remember" not in render_slice(sheet_slice())


@pytest.mark.parametrize(
    ("wish", "line"),
    [
        ({"size": None}, "3. TCP segment size (MSS clamping): what the path holds (clamp to path MTU), on everything"),
        ({"size": 1452, "interfaces": ["ppp0"]}, "3. TCP segment size (MSS clamping): 1452 bytes, on ppp0."),
    ],
)
def test_the_sheet_says_what_segment_size_to_set(wish: dict[str, Any], line: str) -> None:
    part = sheet_slice()
    part["policy"]["clamp_mss"] = wish
    assert line in render_slice(part)
    assert "MSS" not in render_slice(sheet_slice())


def test_a_name_with_a_line_break_stays_in_its_row() -> None:
    text = render_slice(sheet_slice(name="a\nb\x1b[2J"))
    assert any(row[1] == "a b [2J" for row in cells(text) if len(row) == 9)


@pytest.mark.acceptance("NR-22")
def test_a_range_of_targets_is_refused() -> None:
    with pytest.raises(RefusedError, match="uk-router: platform worksheet cannot hold a range of target addresses"):
        render_slice(sheet_slice(), address_ranges=True)


def test_a_need_that_such_a_router_cannot_meet_is_refused() -> None:
    part = sheet_slice()
    part["policy"]["forward"] = [permit("2001:db8::1", "2001:db8::2")]
    with pytest.raises(RefusedError, match="cannot hold rules for IPv6"):
        render_slice(part)


def cells(text: str) -> list[list[str]]:
    """The rows of the sheet's tables."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]
