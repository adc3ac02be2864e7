# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action, filter and lookup plugin does with bad calls, refusals and a missing library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleActionFail, AnsibleFilterError, AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.faxnet.deploy.plugins.filter.port_rules import FilterModule as PortRules
from ansible_collections.faxnet.deploy.plugins.filter.port_text import FilterModule as PortText
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces import action, filter, lookup  # noqa: A004, modules of the bases
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError


class Asked(action.EngineAction):
    """An action whose answer a test chooses."""

    argument_spec: ClassVar = {"directory": {"type": "path"}, "size": {"type": "int", "default": 3}}
    answer: Callable[[Mapping[str, Any]], dict[str, Any]]

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        return type(self).answer({**options, "plan": str(self.locations(options, variables).plan)})


def run(answer: Callable[[Mapping[str, Any]], dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    """The result of a task with these arguments."""
    asked = type("ActionModule", (Asked,), {"answer": staticmethod(answer)})
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, diff=False, action="faxnet.deploy.asked")
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    templar = Templar(loader=DataLoader(), variables={})
    module = asked(
        task=task,
        connection=connection,
        play_context=SimpleNamespace(),
        loader=None,
        templar=templar,
        shared_loader_obj=None,
    )
    variables = {"faxnet_directory": trust_as_template("/srv/{{ place }}"), "place": "fax", "playbook_dir": "/"}
    result: dict[str, Any] = module.run(task_vars=variables)
    return result


def refuse(error: Exception) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    def answer(options: Mapping[str, Any]) -> dict[str, Any]:
        raise error

    return answer


def test_an_action_is_given_checked_options_and_finds_the_plan_that_the_variables_name() -> None:
    assert run(dict, size="7") == {"changed": False, "directory": None, "size": 7, "plan": "/srv/fax/plan"}
    assert run(dict, directory="/elsewhere")["plan"] == "/elsewhere"


def test_an_unknown_option_of_an_action_is_refused() -> None:
    with pytest.raises(AnsibleActionFail, match="sise"):
        run(dict, sise=7)


def test_a_refusal_of_the_engine_is_the_message_and_not_said_twice() -> None:
    with pytest.raises(AnsibleActionFail) as caught:
        run(refuse(PlanFileError("there is no plan; make one")))
    assert str(caught.value) == "there is no plan; make one"
    assert caught.value.__cause__ is None


def test_a_file_that_the_controller_cannot_write_is_named() -> None:
    with pytest.raises(AnsibleActionFail, match=r"^/srv/fax: Permission denied \(on the controller\)"):
        run(refuse(PermissionError(13, "Permission denied", "/srv/fax")))


def test_a_mistake_of_our_own_is_no_refusal() -> None:
    with pytest.raises(KeyError):
        run(refuse(KeyError("host")))


def test_a_filter_says_which_arguments_it_takes() -> None:
    port_rules = PortRules().filters()["port_rules"]
    with pytest.raises(
        AnsibleFilterError, match=r"^port_rules: .*'way'; it takes direction, service, target_ranges$"
    ) as caught:
        port_rules({}, way="in")
    assert caught.value.__suppress_context__


def test_a_filters_refusal_begins_with_its_name() -> None:
    port_text = PortText().filters()["port_text"]
    assert port_text([4559, "4558-4560"]) == "4558-4560"
    with pytest.raises(AnsibleFilterError, match=r"^port_text: style 'ipchains' is not known"):
        port_text(25, style="ipchains")


class Found(lookup.PlanLookup):
    """A lookup of where the plan is."""

    def find(self, terms: Sequence[str], plan: Path, variables: Mapping[str, Any]) -> list[Any]:  # noqa: ARG002, a base's
        if terms:
            raise PlanFileError(f"no {terms[0]}")
        return [str(plan)]

    def set_options(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002, Ansible's
        self.directory = kwargs["direct"].get("directory")

    def get_option(self, option: str, hostvars: Any = None) -> Any:  # noqa: ARG002, Ansible's
        return getattr(self, option)


def test_a_lookup_finds_the_plan_as_actions_do_and_its_refusal_is_the_message() -> None:
    found = Found(loader=None, templar=Templar(loader=DataLoader(), variables={}))
    variables = {"faxnet_directory": trust_as_template("/srv/{{ place }}"), "place": "fax"}
    assert found.run([], variables) == ["/srv/fax/plan"]
    assert found.run([], variables, directory="/elsewhere") == ["/elsewhere"]
    with pytest.raises(AnsibleLookupError, match=r"^no pc$"):
        found.run(["pc"], variables)


@pytest.mark.parametrize(
    ("module", "call", "refused"),
    [
        (action, lambda: run(dict), AnsibleActionFail),
        (filter, lambda: PortText().filters()["port_text"](25), AnsibleFilterError),
        (lookup, lambda: Found(loader=None, templar=None).run([], {}), AnsibleLookupError),
    ],
    ids=["action", "filter", "lookup"],
)
def test_a_missing_library_is_named_before_anything_else(
    module: Any, call: Callable[[], Any], refused: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "missing_library", lambda: "No module named 'netaddr'. Install netaddr.")
    with pytest.raises(refused, match="Install netaddr"):
        call()
