# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory's JSON schema says what the reader, the argument specs and the guide say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import (
    accepted_losses,
    firewall_profiles,
    intent,
    reserved_ports,
    variables,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import approval as read_approval
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import hosts as read_hosts
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import offers as read_offers
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import permits as read_permits
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import sites as read_sites
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import uses as read_uses

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/schema/inventory.schema.json").read_text(encoding="utf-8"))
SPECS = yaml.safe_load((ROOT / "roles/plan/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
OPTIONS: dict[str, Any] = SPECS["inventory"]["options"]
SERVICES = json.loads((ROOT / "docs/schema/services.schema.json").read_text(encoding="utf-8"))
REGISTRY = Registry().with_resource("services.schema.json", Resource.from_contents(SERVICES))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, registry=REGISTRY)


def _keys(name: str) -> set[str]:
    return set(SCHEMA["$defs"][name]["anyOf"][0]["properties"])


def _errors(data: object) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(data)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_specs_and_collection_know_the_same_variables() -> None:
    known = {*variables.NETWORK_VARIABLES, *variables.HOST_VARIABLES}
    assert set(SCHEMA["properties"]) == known
    assert set(OPTIONS) == known


def test_every_variable_is_in_the_guide() -> None:
    guide = (ROOT / "docs/guides/inventory.md").read_text(encoding="utf-8")
    assert OPTIONS
    assert [name for name in OPTIONS if f"| `{name}` |" not in guide] == []


@pytest.mark.parametrize(
    ("part", "keys", "option"),
    [
        ("site", read_sites.SITE_KEYS, None),
        ("use", read_uses.USE_KEYS, None),
        ("opening", read_permits.OPENING_KEYS, "faxnet_permits"),
        ("opening", read_permits.OPENING_KEYS, "faxnet_management"),
        ("forward_permit", read_permits.FORWARD_KEYS, "faxnet_forward_permits"),
        ("reservedPorts", reserved_ports.KEYS, None),
    ],
)
def test_schema_reader_and_specs_know_the_same_keys(part: str, keys: tuple[str, ...], option: str | None) -> None:
    assert _keys(part) == set(keys)
    if option is not None:
        assert set(OPTIONS[option]["options"]) == set(keys)


@pytest.mark.parametrize(
    ("option", "keys", "of_client"),
    [("faxnet_offers", read_offers.OFFER_KEYS, False), ("faxnet_uses", read_uses.USE_KEYS, True)],
)
def test_offers_and_uses_have_their_keys_and_every_products_settings(
    option: str, keys: tuple[str, ...], of_client: bool
) -> None:
    profiles = builtin_catalog().profiles.values()
    settings = [setting for profile in profiles for setting in profile.settings.values()]
    wanted = {setting.name for setting in settings if setting.of_client or not of_client}
    assert wanted
    assert set(OPTIONS[option]["options"]) == {*keys, *wanted}


def test_accepted_losses_have_the_same_keys() -> None:
    assert set(OPTIONS["faxnet_accepted_losses"]["options"]) == set(accepted_losses.KEYS)


def test_call_backs_have_the_same_keys() -> None:
    callback = SCHEMA["$defs"]["use"]["anyOf"][0]["properties"]["callback"]["anyOf"][0]["properties"]
    assert set(callback) == set(read_uses.CALLBACK_KEYS)
    assert set(OPTIONS["faxnet_uses"]["options"]["callback"]["options"]) == set(read_uses.CALLBACK_KEYS)


def test_an_approval_has_the_same_keys() -> None:
    assert set(SCHEMA["properties"]["faxnet_approval"]["anyOf"][0]["properties"]) == set(read_approval.KEYS)
    assert set(OPTIONS["faxnet_approval"]["options"]) == set(read_approval.KEYS)


def test_choices_are_the_catalogues_and_the_readers() -> None:
    assert OPTIONS["faxnet_system"]["choices"] == SCHEMA["properties"]["faxnet_system"]["anyOf"][0]["enum"]
    assert set(OPTIONS["faxnet_system"]["choices"]) == set(builtin_catalog().systems)
    assert tuple(OPTIONS["faxnet_outbound"]["choices"]) == read_hosts.OUTBOUND
    assert tuple(OPTIONS["faxnet_stance"]["choices"]) == intent.STANCES
    assert tuple(OPTIONS["faxnet_firewall_profiles"]["choices"]) == firewall_profiles.PROFILES
    assert tuple(OPTIONS["faxnet_firewall_profiles"]["default"]) == firewall_profiles.USUAL_PROFILES
    held = SCHEMA["properties"]["faxnet_firewall_profiles"]["anyOf"][0]["items"]["anyOf"][0]["enum"]
    assert tuple(held) == firewall_profiles.PROFILES
    assert OPTIONS["faxnet_platform"]["default"] == read_hosts.DEFAULT_PLATFORM


@pytest.mark.parametrize(
    "path", sorted((ROOT / "inventories").glob("*/*_vars/*.yml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_the_examples_keep_to_it(path: Path) -> None:
    assert _errors(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "data",
    [
        {"faxnet_address": ["10.0.0.1", "2001:db8::1"], "faxnet_site": "{{ place }}", "faxnet_system": "{{ omit }}"},
        {"faxnet_permits": [{"name": "web", "ports": [80, "443", "8000-8010"]}], "faxnet_management": [{"ports": 22}]},
        {"faxnet_permits": [{"name": "vpn", "protocols": ["udp", "ESP", 50], "ports": 500}, {"protocols": "any"}]},
        {"faxnet_offers": [{"service": "netcfax", "callback_range": "20000-20999"}]},
        {"faxnet_uses": "{{ common_uses + more_uses }}", "other": {"faxnet": 1}},
        {"faxnet_sites": {"s": {"networks": ["10.0.0.0/24"], "gateways": [{"host": "r", "public_address": "::1"}]}}},
        {
            "faxnet_sites": {
                "s": {
                    "networks": ["10.0.0.0/24"],
                    "gateway": "r",
                    "public_address": ["dynamic", "::1"],
                    "outside_address": "192.168.1.2",
                    "public_networks": ["192.0.2.0/24"],
                }
            }
        },
        {"faxnet_clamp_mss": {"size": 1452, "interfaces": ["ppp0"]}},
        {"faxnet_reserved_ports": [5357, "50000-50059", {"ports": [80, "90-99"], "transport": "tcp", "reason": "a"}]},
        {"faxnet_reserved_ports": "{{ hyperv_ports + [1194] }}"},
        {"faxnet_platform": "windows", "faxnet_firewall_profiles": ["domain", "{{ kind }}"]},
        {"faxnet_approval": {"change": 20417, "approved_on": "2026-11-29", "digest": "9f2c61d0a7be"}},
        {"faxnet_approval": {"network": "Two offices", "digest": "{{ digest }}"}},
    ],
)
def test_sound_variables_pass(data: object) -> None:
    assert _errors(data) == []


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"faxnet_sites": {"s": {"gateway": "r"}}}, "$.faxnet_sites.s"),
        ({"faxnet_sites": {"s": {"networks": ["10.0.0.0/24"], "gateway": "r", "gateways": []}}}, "$.faxnet_sites.s"),
        ({"faxnet_sites": {"s": {"networks": ["ten"]}}}, "$.faxnet_sites.s"),
        ({"faxnet_uses": [{"service": "netcfax"}]}, "$.faxnet_uses"),
        ({"faxnet_uses": [{"service": "netcfax", "server": "fl-fax", "instances": "many"}]}, "$.faxnet_uses"),
        ({"faxnet_uses": [{"service": "netcfax", "server": "fl-fax", "callbacks": {}}]}, "$.faxnet_uses"),
        ({"faxnet_offers": [{"service": "netcfax", "primary_port": 70000}]}, "$.faxnet_offers"),
        ({"faxnet_permits": [{"name": 'web"; flush', "ports": 80}]}, "$.faxnet_permits"),
        ({"faxnet_permits": [{"name": "web"}]}, "$.faxnet_permits"),
        ({"faxnet_permits": [{"name": "web", "protocols": 256}]}, "$.faxnet_permits"),
        ({"faxnet_management": []}, "$.faxnet_management"),
        ({"faxnet_address": "10.2.0.27\n10.2.0.28"}, "$.faxnet_address"),
        ({"faxnet_outbound": "some"}, "$.faxnet_outbound"),
        ({"faxnet_firewall_profiles": []}, "$.faxnet_firewall_profiles"),
        ({"faxnet_firewall_profiles": ["work"]}, "$.faxnet_firewall_profiles"),
        ({"faxnet_firewall_profiles": "public"}, "$.faxnet_firewall_profiles"),
        ({"faxnet_approval": {"approver": "security"}}, "$.faxnet_approval"),
        ({"faxnet_approval": {"digest": "9f2c61d0"}}, "$.faxnet_approval"),
        ({"faxnet_services": {"mine": {"exchanges": []}}}, "$.faxnet_services.mine"),
    ],
)
def test_mistakes_are_marked(data: object, path: str) -> None:
    found = _errors(data)
    assert found
    assert all(item.startswith("$.faxnet_") for item in found)
    assert any(path.startswith(item) or item.startswith(path) for item in found)
