# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, ranges and ports for people who write their own roles."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.callback_ranges import callback_ranges
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.filter_input import InputError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.group_names import group_names
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.port_rules import port_rules
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.port_text import port_text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.query import plan_query
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import PLATFORMS


def _rule(target: str, **changes: Any) -> dict[str, Any]:
    rule = {
        "name": f"netcfax SCP 7485 to {target}", "direction": "in", "service": "netcfax SCP 7485", "transport": "tcp",
        "ports": "7485", "action": "allow", "enabled": True, "from": "198.51.100.10", "public": "203.0.113.20",
        "target": target, "flows": [f"netcfax.scp/fl-fax>{target}"],
    }  # fmt: skip
    return {**rule, **changes}


def _slice(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"host": "r", "rules": {"services": [], "rules": list(rules)}}


@pytest.mark.acceptance("NR-22")
def test_consecutive_targets_are_one_rule_only_when_asked_for() -> None:
    rules = _slice(*(_rule(f"10.2.0.{last}") for last in (23, 21, 22, 30)))
    assert [rule["target"] for rule in port_rules(rules)] == ["10.2.0.23", "10.2.0.21", "10.2.0.22", "10.2.0.30"]
    merged = port_rules(rules, target_ranges=True)
    assert [rule["target"] for rule in merged] == ["10.2.0.21-10.2.0.23", "10.2.0.30"]
    assert len(merged[0]["flows"]) == 3


@pytest.mark.acceptance("NR-18")
def test_a_rule_that_is_switched_off_keeps_its_line_and_is_not_merged_with_others() -> None:
    rules = _slice(_rule("10.2.0.21"), _rule("10.2.0.22", enabled=False))
    assert [rule["enabled"] for rule in port_rules(rules)] == [True, False]
    assert len(port_rules(rules, target_ranges=True)) == 2


@pytest.mark.parametrize(
    "difference",
    [
        {"ports": "7486"},
        {"source_ports": "7485"},
        {"idle": 600},
        {"helper": "ftp"},
        {"from": "any"},
        {"transport": "udp"},
        {"direction": "out"},
        {"public": "203.0.113.21"},
    ],
)
def test_rules_that_differ_in_anything_else_stay_apart(difference: dict[str, Any]) -> None:
    rules = _slice(_rule("10.2.0.21"), _rule("10.2.0.22", **difference))
    assert len(port_rules(rules, target_ranges=True)) == 2


def test_addresses_of_two_versions_are_never_neighbours() -> None:
    rules = _slice(_rule("0.0.0.5"), _rule("::6"))
    assert [rule["target"] for rule in port_rules(rules, target_ranges=True)] == ["0.0.0.5", "::6"]


@pytest.mark.parametrize(
    ("service", "count"), [("netcfax", 2), ("netcfax PCP", 1), ("netcfax PCP 7488", 1), ("netc", 0), ("netcfax P", 0)]
)
def test_a_service_is_named_whole(service: str, count: int) -> None:
    rules = _slice(_rule("10.2.0.21"), _rule("10.2.0.21", service="netcfax PCP 7488"))
    assert len(port_rules(rules, service=service)) == count


def test_ranges_of_a_fixed_client_are_its_one_port() -> None:
    use = {
        "host": "pc", "service": "netcfax", "server": "fax", "instances": 1,
        "callback": {"mode": "fixed", "low": 9000, "high": 9099, "fixed": 7485},
    }  # fmt: skip
    call = {"callback": True, "destination": "pc", "service": "netcfax", "source": "fax"}
    calls = [{**call, "version": 6, "dial": "2001:db8::1"}, {**call, "version": 4, "dial": "203.0.113.20"}]
    (found,) = callback_ranges({"uses": [use, {**use, "callback": None}], "flows": calls})
    assert (found["mode"], found["low"], found["high"]) == ("fixed", 7485, 7485)
    assert found["public_address"] == "203.0.113.20"


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (7488, "plain", "7488"),
        ([4560, "4558-4559", "25"], "plain", "25,4558-4560"),
        ("30-40, 35-50", "windows", "30-50"),
        (["25", "4558-4560"], "nft", "{ 25, 4558-4560 }"),
        ("4558-4560", "nft", "4558-4560"),
        ("25,4558-4560", "iptables", "25,4558:4560"),
        ("25,4558-4560", "cisco", "eq 25\nrange 4558 4560"),
    ],
)
def test_ports_are_written_as_devices_want_them(value: object, style: str, text: str) -> None:
    assert port_text(value, style) == text


def test_more_ports_than_the_multiport_match_takes_are_refused() -> None:
    assert port_text(list(range(1, 31, 2)), "iptables").count(",") == 14
    with pytest.raises(InputError, match="takes 15"):
        port_text(list(range(1, 33, 2)), "iptables")


@pytest.mark.parametrize("value", [0, 65536, -1, "a", "9-1", True, None, 1.5, [], "", {}])
def test_what_is_no_port_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        port_text(value)


@pytest.mark.parametrize("data", [None, 5, "x", [], {}, {"rules": []}, {"rules": {"rules": ["x"]}}])
def test_what_is_no_slice_is_refused(data: object) -> None:
    with pytest.raises(InputError):
        port_rules(data)
    with pytest.raises(InputError):
        callback_ranges(data)


@pytest.mark.parametrize("expression", ["a[", "a[?b==", "'", "", "foo bar", "nope(a)", None, 5])
def test_what_is_no_query_is_refused(expression: object) -> None:
    with pytest.raises(InputError):
        plan_query({"a": 1}, expression)


def test_groups_are_roles_and_sides_of_services_in_names_that_ansible_takes() -> None:
    part = {
        "roles": ["server", "client"],
        "traits": PLATFORMS["worksheet"].traits.as_dict(),
        "offers": [{"service": "net-fax.2"}],
        "uses": [{"service": "netcfax"}, {"service": "netcfax"}],
    }
    assert group_names(part) == [
        "faxnet_planned", "faxnet_server", "faxnet_client", "faxnet_net_fax_2_server", "faxnet_netcfax_client",
    ]  # fmt: skip
    assert group_names({**part, "roles": []}) == []
    assert group_names({**part, "traits": PLATFORMS["unmanaged"].traits.as_dict()}) == ["faxnet_unmanaged"]
