# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of findings: file, line and column of what a path into a variable leads to, never of anything else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import SHOWN_HOSTS, Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces import origins
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.places import Places

LONG = "x" * 60
TEXT = f"""
pc:
  inventory_hostname: pc
  faxnet_site: null
  faxnet_flag: true
  faxnet_address: 10.0.0.1
  faxnet_uses:
    - service: netcfax
      callback:
        low: 9000
        on_top: true
      server: "{{{{ the_server }}}}"
  faxnet_sites:
    head.office: {{networks: [10.0.0.0/24, 10.0.1.0/24]}}
    head: {{networks: [10.0.2.0/24]}}
    {LONG}: {{networks: []}}
    7: {{networks: [10.0.3.0/24]}}
  faxnet_tail: "{{{{ tail }}}}"
same:
  inventory_hostname: same
  faxnet_address: 10.0.0.1
other:
  inventory_hostname: other
  faxnet_address: 10.0.0.2
"""
CASES = {
    "a value": ("pc", "faxnet_address", "6:19"),
    "the key of a mapping": ("pc", "faxnet_uses[0].callback.low", "10:9"),
    "a mapping, by its key": ("pc", "faxnet_uses[0].callback", "9:7"),
    "an item of a list": ("pc", "faxnet_sites.head.networks[0]", "15:23"),
    "a list's second item": ("pc", "faxnet_sites.head.office.networks[1]", "14:43"),
    "a name with a dot, and not the one that is shorter": ("pc", "faxnet_sites.head.office", "14:5"),
    "a name that findings shorten": ("pc", f"faxnet_sites.{LONG[:39]}….networks", "16:68"),
    "a number as a name": ("pc", "faxnet_sites.7.networks[0]", "17:20"),
    "a switch, by its key": ("pc", "faxnet_uses[0].callback.on_top", "11:9"),
    "a template, by what holds it": ("pc", "faxnet_uses[0].server", "12:7"),
    "a part of what a template makes": ("pc", "faxnet_tail[2].server", "18:16"),
    "a key that is missing, by what should have it": ("pc", "faxnet_uses[0].instances", "8:7"),
    "an item that is missing": ("pc", "faxnet_uses[4].instances", "8:5"),
    "a variable that is not set, by the host": ("pc", "faxnet_offers", "3:23"),
    "a variable that is null": ("pc", "faxnet_site", "3:23"),
    "the host's own name": ("pc", "inventory_hostname", "3:23"),
    "the whole network's": ("", "faxnet_sites.head", "15:5"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "variables.yml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def variables(file: Path) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = DataLoader().load_from_file(str(file))
    return loaded


def finding(variable: str, *hosts: str) -> Finding:
    return Finding("FXN101", hosts, variable, "x", "is wrong", "make it right")


def places(variables: Mapping[str, Mapping[str, Any]], *, merged: bool = False) -> Places:
    return Places(variables, variables.__getitem__, {"faxnet_sites": "pc"}, merged=merged)


@pytest.mark.parametrize(("host", "variable", "expected"), CASES.values(), ids=CASES)
def test_a_path_leads_to_a_place(
    file: Path, variables: dict[str, Any], host: str, variable: str, expected: str
) -> None:
    hosts = (host,) if host else ()
    assert places(variables).of(finding(variable, *hosts)) == (f"{file}:{expected}",)


@pytest.mark.parametrize(
    ("host", "variable"),
    [
        ("pc", "faxnet_flag"),  # nothing can be tagged on a switch, and its key may be from another file
        ("", "faxnet_controller"),
        ("gone", "faxnet_address"),
    ],
)
def test_where_nothing_tells_there_is_no_place(variables: dict[str, Any], host: str, variable: str) -> None:
    assert places(variables).of(finding(variable, *filter(None, [host]))) == ()


def test_of_several_hosts_those_are_named_that_hold_the_same(file: Path, variables: dict[str, Any]) -> None:
    found = places(variables).of(finding("faxnet_address", "pc", "other", "same"))
    assert found == (f"{file}:6:19", f"{file}:21:19")


def test_a_mistake_of_a_group_is_one_place(file: Path, variables: dict[str, Any]) -> None:
    shared = dict.fromkeys(("a", "b", "c"), variables["pc"])
    assert places(shared).of(finding("faxnet_address", "a", "b", "c")) == (f"{file}:6:19",)


def test_merged_mappings_tell_only_the_place_of_a_value_itself(file: Path, variables: dict[str, Any]) -> None:
    merged = places(variables, merged=True)
    assert merged.of(finding("faxnet_uses[0].callback.low", "pc")) == (f"{file}:10:14",)
    assert merged.of(finding("faxnet_uses[0].callback.on_top", "pc")) == ()


def test_values_without_an_origin_have_no_place() -> None:
    assert places({"pc": {"faxnet_uses": [{"server": "x"}]}}).of(finding("faxnet_uses[0].server", "pc")) == ()


def test_an_ansible_that_does_not_tell_leaves_places_out(
    variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(origins, "TOLD", False)
    assert places(variables).of(finding("faxnet_address", "pc")) == ()


def test_variables_are_read_for_findings_alone_and_for_as_many_hosts_as_are_named() -> None:
    read: list[str] = []

    def variables_of(host: str) -> Mapping[str, Any]:
        read.append(host)
        return {}

    names = [f"h{number}" for number in range(20000)]
    asked = Places(dict.fromkeys(names), variables_of, {})
    assert read == []
    asked.of(finding("faxnet_address", *names))
    asked.of(finding("faxnet_address", *names))
    assert read == names[:SHOWN_HOSTS]
