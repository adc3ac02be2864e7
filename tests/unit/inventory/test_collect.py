# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collecting variables: what is evaluated, how often, and what is said when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jinja2

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import NOT_SHOWN
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.collecting import (
    OMITTED,
    Collected,
    EvaluationError,
    collect,
    without_echoes,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.logins import UNKNOWN

Variables = dict[str, dict[str, Any]]


class Evaluator:
    """Evaluates like ansible, but for strings only, and counts."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self._environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701, no page is made

    def __call__(self, raw: Any, variables: Mapping[str, Any]) -> Any:
        self.calls.append(raw)
        if isinstance(raw, dict):
            return {key: self(value, variables) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self(value, variables) for value in raw]
        if raw == "{{ omit }}":
            return OMITTED
        if not isinstance(raw, str) or "{{" not in raw:
            return raw
        try:
            text = self._environment.from_string(raw).render(variables)
        except jinja2.TemplateError as error:
            raise EvaluationError(str(error)) from error
        return self(text, variables)


def _collected(variables: Variables) -> tuple[Collected, Evaluator]:
    evaluator = Evaluator()
    return collect(variables, variables.__getitem__, evaluator), evaluator


def test_values_without_templates_are_taken_as_they_stand() -> None:
    sites = {"s": {"networks": ["10.0.0.0/24"]}}
    collected, evaluator = _collected({"a": {"faxnet_sites": sites, "faxnet_site": "s", "other": "{{ no }}"}})
    assert collected.hosts == {"a": {"faxnet_site": "s"}}
    assert collected.network == {"faxnet_sites": sites}
    assert evaluator.calls == []


def test_a_template_is_evaluated_once_for_hosts_that_share_what_it_reads() -> None:
    uses = [{"server": "{{ fax_server }}"}]
    server, inner = "{{ region }}-fax", "north"
    hosts = {f"h{number}": {"faxnet_uses": uses, "fax_server": server, "region": inner} for number in range(50)}
    hosts["far"] = {"faxnet_uses": uses, "fax_server": server, "region": "south"}
    collected, evaluator = _collected(hosts)
    assert collected.hosts["h7"] == {"faxnet_uses": [{"server": "north-fax"}]}
    assert collected.hosts["far"] == {"faxnet_uses": [{"server": "south-fax"}]}
    assert evaluator.calls.count(uses) == 2


def test_a_template_that_may_read_anything_is_evaluated_for_each_host() -> None:
    address = "{{ lookup('x') }}"
    evaluated: list[str] = []

    def evaluate(_raw: Any, variables: Mapping[str, Any]) -> Any:
        evaluated.append(variables["me"])
        return f"10.0.0.{variables['me']}"

    hosts = {name: {"faxnet_address": address, "me": name} for name in ("1", "2")}
    collected = collect(hosts, hosts.__getitem__, evaluate)
    assert evaluated == ["1", "2"]
    assert collected.hosts["2"] == {"faxnet_address": "10.0.0.2"}


def test_a_result_never_passes_to_a_host_that_lacks_what_the_template_reads() -> None:
    address = "10.0.0.{{ number }}"
    hosts: Variables = {"a": {"faxnet_address": address, "number": 1}, "b": {"faxnet_address": address}}
    collected, _evaluator = _collected(hosts)
    assert collected.hosts == {"a": {"faxnet_address": "10.0.0.1"}, "b": {}}
    assert [(item.code, item.host) for item in collected.findings] == [("FXN115", "b")]


def test_null_and_omit_mean_not_set() -> None:
    collected, _evaluator = _collected({"a": {"faxnet_site": None, "faxnet_system": "{{ omit }}"}})
    assert collected.hosts == {"a": {}}


def test_a_shared_template_that_fails_is_one_finding_for_all_its_hosts() -> None:
    uses = [{"service": "netcfax"}, {"server": "{{ nobody }}"}]
    collected, _evaluator = _collected({name: {"faxnet_uses": uses} for name in ("a", "b", "c")})
    (finding,) = collected.findings
    assert (finding.code, finding.hosts) == ("FXN115", ("a", "b", "c"))
    assert (finding.variable, finding.value) == ("faxnet_uses[1].server", "{{ nobody }}")
    assert finding.message == "'nobody' is undefined"


def test_what_works_only_while_ansible_connects_is_not_known_and_no_mistake() -> None:
    fact, known = "-J {{ ansible_user_id }}@gate", "-J {{ inventory_hostname }}-gate"
    everywhere = {"faxnet_site": "s", "faxnet_address": "10.0.0.1", "faxnet_management": [{"ports": 22}]}
    collected, _evaluator = _collected(
        {
            "a": {**everywhere, "ansible_ssh_common_args": fact, "ansible_connection": "{{ how }}"},
            "b": {**everywhere, "ansible_ssh_common_args": fact},
            "c": {**everywhere, "ansible_ssh_common_args": known, "inventory_hostname": "c"},
            "d": {**everywhere, "ansible_port": "{{ ansible_facts.port }}"},
            "gate": {"ansible_host": "192.0.2.9", "ansible_ssh_common_args": fact},
        }
    )
    assert collected.hosts["a"]["ansible_ssh_common_args"] is UNKNOWN
    assert collected.hosts["a"]["ansible_connection"] is UNKNOWN
    assert collected.hosts["c"]["ansible_ssh_common_args"] == "-J c-gate"
    assert collected.hosts["d"]["ansible_port"] is UNKNOWN
    assert collected.hosts["gate"] == {"ansible_host": "192.0.2.9"}
    found = {(item.code, item.variable): item for item in collected.findings}
    assert {key: item.hosts for key, item in found.items()} == {
        ("FXN124", "ansible_ssh_common_args"): ("a", "b"),
        ("FXN124", "ansible_connection"): ("a",),
        ("FXN124", "ansible_port"): ("d",),
    }
    advice = found["FXN124", "ansible_ssh_common_args"]
    assert (advice.value, advice.severity.value) == (fact, "advice")
    assert "'ansible_user_id' is undefined" in advice.message
    assert "faxnet_management" in advice.cure


def test_a_port_that_nothing_else_names_has_to_be_known() -> None:
    host = {"faxnet_site": "s", "faxnet_address": "10.0.0.1", "ansible_port": "{{ ansible_facts.port }}"}
    collected, _evaluator = _collected({"a": host, "b": {**host, "faxnet_management": [{"ports": 22}]}})
    assert [(item.code, item.hosts) for item in collected.findings] == [("FXN115", ("a",)), ("FXN124", ("b",))]


def test_hosts_that_disagree_are_one_finding_for_each_other_value() -> None:
    hosts: Variables = {name: {"faxnet_sites": {"s": {}}} for name in ("a", "b", "c")}
    hosts["x"] = {"faxnet_sites": {"t": {}}}
    hosts["y"] = {"faxnet_sites": {"t": {}}}
    hosts["none"] = {}
    collected, _evaluator = _collected(hosts)
    assert collected.network["faxnet_sites"] == {"s": {}}
    assert [(item.code, item.hosts) for item in collected.findings] == [("FXN114", ("x", "y"))]


def test_near_misses_of_names_are_found_and_other_names_let_be() -> None:
    variables = {"faxnet_ofers": [], "faxnet_adress": "x", "faxnet_emulate": True, "faxnet_company_phone": 1}
    collected, _evaluator = _collected({"a": variables})
    assert [(item.code, item.variable) for item in collected.findings] == [
        ("FXN102", "faxnet_ofers"),
        ("FXN102", "faxnet_adress"),
    ]


def test_the_way_to_a_host_is_evaluated_only_where_the_plan_needs_it() -> None:
    riddle = "{{ unknown_now }}"
    collected, evaluator = _collected(
        {
            "bystander": {"ansible_host": riddle},
            "addressed": {"faxnet_site": "s", "faxnet_address": "10.0.0.1", "ansible_host": riddle},
            "client": {"faxnet_site": "s", "ansible_host": "10.0.0.{{ number }}", "number": 2},
            "router": {"ansible_host": "10.0.0.{{ number }}", "number": 3},
            "plain": {"ansible_host": "10.0.0.4", "ansible_port": 2222},
            "all": {"faxnet_sites": {"s": {"gateways": [{"host": "router"}]}}},
        }
    )
    assert collected.findings == ()
    assert riddle not in evaluator.calls
    assert collected.hosts["client"]["ansible_host"] == "10.0.0.2"
    assert collected.hosts["router"] == {"ansible_host": "10.0.0.3"}
    assert collected.hosts["plain"] == {"ansible_host": "10.0.0.4", "ansible_port": 2222}


def test_values_come_in_pythons_own_types() -> None:
    class Tagged(str):
        """A string with more to it, as ansible's are."""

    collected, _evaluator = _collected({"a": {"faxnet_permits": ({Tagged("name"): Tagged("web"), "on": True},)}})
    (entry,) = collected.hosts["a"]["faxnet_permits"]
    assert entry == {"name": "web", "on": True}
    assert {type(part) for pair in entry.items() for part in pair} == {str, bool}


def test_a_list_under_vault_is_not_shown_in_a_finding() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "the password"

    def evaluate(_raw: Any, _variables: Mapping[str, Any]) -> Any:
        raise EvaluationError("no vault secret found")

    hosts = {"a": {"faxnet_site": Secret()}}
    (finding,) = collect(hosts, hosts.__getitem__, evaluate).findings
    assert "password" not in finding.text()


def test_what_a_failed_template_brings_about_is_not_said_again() -> None:
    failed = Finding("FXN115", ("a", "b"), "faxnet_site", "{{ x }}", "'x' is undefined", "correct it")
    echo = Finding("FXN106", ("b",), "faxnet_site", "", "the host is in no site", "set it")
    other = Finding("FXN201", ("a",), "faxnet_uses[0].service", "x", "no such service", "correct it")
    assert without_echoes((failed, echo, other), (failed,)) == (failed, other)
    shared = replace(echo, hosts=("b", "c"))
    assert without_echoes((failed, shared), (failed,)) == (failed, replace(echo, hosts=("c",)))


def test_without_the_sites_nothing_else_is_said() -> None:
    failed = Finding("FXN115", ("a",), "faxnet_sites.s.networks", "{{ x }}", "'x' is undefined", "correct it")
    echo = Finding("FXN107", ("b",), "faxnet_site", "s", "is not a site", "use one of:")
    assert without_echoes((failed, echo), (failed,)) == (failed,)


class Vaulted(str):
    """A text that a vault holds."""

    __slots__ = ()


def test_what_came_from_a_vault_is_marked_and_so_is_what_a_template_makes_of_it() -> None:
    secret = Vaulted("hunter2")
    variables = {
        "secret": secret,
        "faxnet_site": secret,
        "faxnet_uses": [{"service": "{{ plain }}", "server": "x{{ secret }}", "mode": "written"}],
        "faxnet_permits": [{"ports": "{{ secret | length }}"}],
        "plain": "netcfax",
    }
    environment = jinja2.Environment()  # noqa: S701, no page

    def evaluate(raw: Any, own: Mapping[str, Any]) -> Any:
        if isinstance(raw, dict):
            return {key: evaluate(item, own) for key, item in raw.items()}
        if isinstance(raw, list):
            return [evaluate(item, own) for item in raw]
        return environment.from_string(raw).render(own)

    hosts = {"a": variables}
    own = collect(hosts, hosts.__getitem__, evaluate, lambda value: isinstance(value, Vaulted)).hosts["a"]
    assert own["faxnet_site"] == "hunter2"
    assert own["faxnet_uses"] == [{"service": "netcfax", "server": "xhunter2", "mode": "written"}]
    assert [repr(item) for item in (own["faxnet_site"], own["faxnet_uses"], own["faxnet_permits"])] == [
        NOT_SHOWN,
        f"[{{'service': 'netcfax', 'server': {NOT_SHOWN}, 'mode': 'written'}}]",
        f"[{{'ports': {NOT_SHOWN}}}]",
    ]


def test_why_a_template_with_a_value_from_a_vault_failed_is_not_told() -> None:
    def evaluate(_raw: Any, _variables: Mapping[str, Any]) -> Any:
        raise EvaluationError("'hunter2' is not a number")

    hosts = {"a": {"secret": Vaulted("hunter2"), "faxnet_site": "{{ secret | int }}", "faxnet_sit": Vaulted("hunter3")}}
    findings = collect(hosts, hosts.__getitem__, evaluate, lambda value: isinstance(value, Vaulted)).findings
    assert [(item.code, item.value) for item in findings] == [("FXN102", NOT_SHOWN), ("FXN115", "{{ secret | int }}")]
    assert not [item for item in findings if "hunter" in item.text()]
