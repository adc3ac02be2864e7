# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs out of the modules' own sources, held against their documentation; arguments against specs."""

from __future__ import annotations

import ast
from typing import Any

import pytest
import yaml

from tests.emulators.windows.arguments import checked
from tests.emulators.windows.errors import EmulatorError, ModuleFailure
from tests.emulators.windows.modules import MODULES
from tests.emulators.windows.specs import WRITTEN_BY_HAND, Spec, spec_of
from tests.unit.emulators.windows.world import path_of, source_of

#: Where source and documentation of the two collections differ; the source is what runs.
UNDOCUMENTED = {
    "win_firewall_rule": {"edge", "interfacetypes", "security"},
}
TYPES = {("win_service", "uint32"): "raw", ("win_firewall_rule", "raw"): "str"}
ALIASES = {("win_reg_stat", "name"): ["property"]}
CHOICES = {("win_scheduled_task", "logon_type"), ("win_scheduled_task", "compatibility"),
           ("win_scheduled_task", "multiple_instances")}  # fmt: skip


def documented(module: str) -> dict[str, Any]:
    """The options that a module's documentation has."""
    beside = path_of(module)
    if beside.with_suffix(".yml").exists():
        text = beside.with_suffix(".yml").read_text(encoding="utf-8")
        return dict(yaml.safe_load(text)["DOCUMENTATION"]["options"])
    tree = ast.parse(beside.with_suffix(".py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return dict(yaml.safe_load(ast.literal_eval(node.value)).get("options", {}))
    raise AssertionError(f"{module} has no documentation")


def spec(module: str) -> Spec:
    return spec_of(module, source_of(module))


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(WRITTEN_BY_HAND)))
def test_a_spec_read_out_of_the_source_is_what_the_documentation_says(module: str) -> None:
    options, known = spec(module).options, documented(module)
    assert options
    assert set(options) - UNDOCUMENTED.get(module, set()) == set(known)
    for name, entry in known.items():
        option = options[name]
        assert TYPES.get((module, option.type), option.type) == entry.get("type", "str"), name
        assert option.required == entry.get("required", False), name
        assert sorted([*option.aliases, *ALIASES.get((module, name), [])]) == sorted(entry.get("aliases", [])), name
        if (module, name) not in CHOICES:
            assert sorted(option.choices) == sorted(map(str, entry.get("choices", []))), name


def test_the_spec_of_win_package_by_hand_is_what_its_documentation_says() -> None:
    options, known = WRITTEN_BY_HAND["win_package"].options, documented("win_package")
    web = path_of("win_package").parents[1] / "doc_fragments/web_request.py"
    fragment = ast.parse(web.read_text(encoding="utf-8")).body[-1]
    assert isinstance(fragment, ast.ClassDef)
    texts = [node.value for node in fragment.body if isinstance(node, ast.Assign)]
    known |= yaml.safe_load(ast.literal_eval(texts[0]))["options"]
    assert {name: option.type for name, option in options.items()} == {
        name: entry.get("type", "str") for name, entry in known.items()
    }
    assert {name: option.default for name, option in options.items() if option.default is not None} == {
        name: entry["default"] for name, entry in known.items() if "default" in entry
    }


def test_entries_of_a_list_have_their_own_options() -> None:
    inner = spec("win_service").options["failure_actions"].inner
    assert inner is not None
    assert inner.options["delay_ms"].type == "uint32"
    assert inner.options["type"].required
    sensitive = spec("win_powershell").options["sensitive_parameters"].inner
    assert sensitive is not None
    assert sensitive.mutually_exclusive == (("value", "username"), ("value", "password"))
    assert spec("win_powershell").required_one_of == (("path", "script"),)


@pytest.mark.parametrize("module", ["win_copy", "win_dsc", "win_share"])
def test_a_source_whose_options_are_worked_out_is_refused(module: str) -> None:
    with pytest.raises(EmulatorError, match="cannot be read out of its source"):
        spec(module)


@pytest.mark.parametrize(
    ("module", "arguments", "text"),
    [
        ("win_reg_stat", {}, "Get-AnsibleParam: Missing required argument: path"),
        ("win_service", {}, "missing required arguments: name"),
        ("win_service", {"name": "a", "sate": "x"}, "Unsupported parameters for (win_service) module: sate"),
        ("win_service", {"name": "a", "state": "on"}, "value of state must be one of: started, stopped"),
        (
            "win_service",
            {"name": "a", "desktop_interact": "x"},
            "unable to convert to bool: The value 'x' is not a valid",
        ),
        (
            "win_service",
            {"name": "a", "failure_actions": [{"type": "no"}]},
            "Got no match for: no found in failure_act",
        ),
        ("win_service", {"name": "a", "failure_actions": [{"typ": "none"}]}, "module: typ found in failure_actions"),
        ("win_service", {"name": "a", "failure_reset_period_sec": -1}, "unable to convert to uint32"),
        ("win_service", {"name": "a", "password": "x"}, "missing parameter(s) required by 'password': username"),
        ("win_powershell", {}, "one of the following is required: path, script"),
        ("win_powershell", {"path": "a", "script": "b"}, "parameters are mutually exclusive: path, script"),
        ("win_powershell", {"script": "a", "depth": "x"}, "argument for depth is of type System.String and we were"),
        ("win_package", {}, "state is present but all of the following are missing: path"),
        ("win_package", {"state": "absent"}, "state is absent but any of the following are missing: path, product_id"),
        ("win_firewall", {"state": "enabled", "profiles": "Home"}, "must be one or more of: Domain, Private, Public"),
        ("win_firewall_rule", {"name": "a", "localports": "1"}, "win_firewall_rule has no option localports (a real"),
        (
            "win_firewall_rule",
            {"name": "a", "action": "x"},
            "Argument action needs to be one of allow,block but was x.",
        ),
        ("win_stat", {"path": "C:\\a|b"}, "invalid path characters"),
    ],
)
def test_wrong_arguments_fail_as_on_a_host(module: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ModuleFailure) as failure:
        checked(module, spec(module), arguments)
    assert text in failure.value.message


@pytest.mark.parametrize(
    ("module", "arguments", "name", "value"),
    [
        ("win_ping", {}, "data", "pong"),
        ("win_service", {"name": "a"}, "state", None),
        ("win_service", {"NAME": "a"}, "name", "a"),
        ("win_service", {"name": "a", "state": "STARTED"}, "state", "STARTED"),
        ("win_service", {"name": "a", "desktop_interact": "yes"}, "desktop_interact", True),
        ("win_service", {"name": "a", "dependencies": "b, c"}, "dependencies", ["b", "c"]),
        ("win_regedit", {"key": "HKLM:\\a"}, "path", "HKLM:\\a"),
        ("win_stat", {"path": "%TEMP%\\a"}, "path", "C:\\Users\\Administrator\\AppData\\Local\\Temp\\a"),
        ("win_firewall_rule", {"name": "a", "profile": "private,public"}, "profiles", ["private", "public"]),
        ("win_firewall_rule", {"name": "a", "enabled": "no"}, "enabled", False),
        ("win_firewall_rule", {"Name": "a", "PROFILE": 1}, "profiles", [1]),
        ("win_feature", {"name": "Fax"}, "state", "present"),
        ("win_package", {"path": "C:\\a.exe"}, "expected_return_code", [0, 3010]),
    ],
)
def test_arguments_are_found_by_alias_and_converted(
    module: str, arguments: dict[str, Any], name: str, value: Any
) -> None:
    assert checked(module, spec(module), arguments)[name] == value
