# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's rules as people type them in: what a product asks for besides its port stands in the rule."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.rule_list import rule_list

ALERT = {"version": 4, "source": "10.1.0.10", "destination": "10.1.0.21", "transport": "udp", "source_ports": "4644"}
ALERT |= {"ports": "1-65535", "idle": None, "helper": None, "enabled": True, "direction": "in"}
ALERT |= {"flows": ["faxpress.alert/fl-press>fl-pc1"]}
LOG = {"version": 4, "source": "0.0.0.0/0", "destination": "10.1.0.11", "transport": "udp", "source_ports": None}
LOG |= {"ports": "44333", "idle": 7200, "helper": "ftp", "enabled": True, "direction": "in"}
LOG |= {"flows": ["kerio_control.log/internet>fl-kerio"]}
FORWARD = {"source": "0.0.0.0/0", "address": "198.51.100.10", "target": "10.1.0.11", "transport": "udp"}
FORWARD |= {"ports": "44333", "enabled": True, "flows": ["kerio_control.log/internet>fl-kerio"]}
EXCHANGES = [
    {"service": "faxpress", "name": "alert", "title": "FaxAlert"},
    {"service": "kerio_control", "name": "log", "title": "log channel"},
]


def part(**policy: Any) -> dict[str, Any]:
    sections = {"input": [], "forward": [], "destination_nat": [], "output": []}
    return {"host": "gate", "exchanges": EXCHANGES, "flows": [], "policy": {**sections, **policy}}


def test_a_rule_for_a_fixed_source_port_says_so_and_so_does_its_service() -> None:
    told = rule_list(part(input=[ALERT]))
    (rule,), (service,) = told["rules"], told["services"]
    assert (rule["source_ports"], rule["ports"], rule["idle"], rule["helper"]) == ("4644", "1-65535", None, None)
    assert service == {
        "name": "faxpress FaxAlert 1-65535 from 4644",
        "transport": "udp",
        "source_ports": "4644",
        "ports": "1-65535",
    }
    assert rule["service"] == service["name"]


def test_two_rules_that_differ_in_the_source_port_alone_have_two_services() -> None:
    told = rule_list(part(input=[ALERT, {**ALERT, "source_ports": None}]))
    assert [service["name"] for service in told["services"]] == [
        "faxpress FaxAlert 1-65535",
        "faxpress FaxAlert 1-65535 from 4644",
    ]


def test_idle_time_and_helper_stand_in_the_rule() -> None:
    (rule,) = rule_list(part(forward=[LOG]))["rules"]
    assert (rule["idle"], rule["helper"]) == (7200, "ftp")


def test_anyone_is_named_in_words() -> None:
    (rule,) = rule_list(part(forward=[LOG]))["rules"]
    assert (rule["name"], rule["from"]) == ("kerio_control log channel anyone to fl-kerio", "0.0.0.0/0")


def test_a_forward_and_its_permit_are_one_rule_that_keeps_what_the_permit_says() -> None:
    (rule,) = rule_list(part(destination_nat=[FORWARD], forward=[LOG]))["rules"]
    assert (rule["public"], rule["target"], rule["idle"], rule["helper"]) == ("198.51.100.10", "10.1.0.11", 7200, "ftp")


@pytest.mark.parametrize("difference", [{"source": "192.0.2.66"}, {"ports": "44334"}, {"transport": "tcp"}])
def test_a_permit_that_no_forward_goes_with_is_a_rule_of_its_own(difference: dict[str, Any]) -> None:
    assert len(rule_list(part(destination_nat=[FORWARD], forward=[{**LOG, **difference}]))["rules"]) == 2


def test_what_the_host_starts_itself_says_from_which_port_and_for_how_long() -> None:
    flow = {"id": "faxpress.alert/gate>fl-pc1", "source": "gate", "source_address": "10.1.0.10", "dial": "10.1.0.21"}
    flow |= {"transport": "udp", "source_ports": "4644", "ports": "1-65535", "idle": 60, "helper": None}
    (rule,) = rule_list({**part(), "flows": [{**flow, "enabled": True}]})["rules"]
    assert (rule["direction"], rule["source_ports"], rule["idle"]) == ("out", "4644", 60)
