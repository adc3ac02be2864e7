# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices, filters and traces as templates and plays use them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays.network import Network

PARTS = """
- name: Parts of the plan
  hosts: {hosts}
  gather_facts: false
  tasks:
    - name: Show
      ansible.builtin.set_fact:
        shown: "{{{{ {expression} }}}}"
"""

TASK = """
- name: One task
  hosts: {hosts}
  gather_facts: false
  tasks:
    - name: Do it
      {task}
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A plan of the two offices."""
    network = Network(tmp_path_factory.mktemp("planned"))
    network.write(network.two_offices())
    network.planned()
    return network


def _shown(network: Network, expression: str, hosts: str = "uk-router") -> Any:
    outcome = network.run(PARTS.format(hosts=hosts, expression=expression))
    assert outcome.code == 0, outcome.text
    return outcome.results[0]["ansible_facts"]["shown"]


def test_the_module_returns_the_hosts_own_slice_and_the_groups_it_belongs_to(planned: Network) -> None:
    outcome = planned.run(TASK.format(hosts="uk-pc1", task="faxnet.deploy.slice:"))
    result = outcome.results[0]
    assert (result["changed"], result["roles"], result["slice"]["host"]) == (False, ["client"], "uk-pc1")
    assert result["groups"] == ["faxnet_planned", "faxnet_client", "faxnet_netcfax_client"]


def test_a_slice_that_is_not_there_is_refused_with_the_cure(planned: Network, network: Network) -> None:
    outcome = planned.run(TASK.format(hosts="localhost", task="faxnet.deploy.slice: {host: nobody}"))
    assert "run the playbook faxnet.deploy.plan first" in outcome.text
    network.write(network.two_offices())
    outcome = network.run(TASK.format(hosts="uk-pc1", task="faxnet.deploy.slice: {missing: empty}"))
    assert outcome.code != 0
    assert "run the playbook faxnet.deploy.plan first" in outcome.text


def test_a_host_that_is_not_planned_may_have_an_empty_slice(planned: Network) -> None:
    outcome = planned.run(TASK.format(hosts="localhost", task="faxnet.deploy.slice: {missing: empty}"))
    assert (outcome.code, outcome.results[0]["roles"], outcome.results[0]["groups"]) == (0, [], [])


@pytest.mark.acceptance("NR-17", "NR-20", "NR-21")
def test_a_routers_rules_are_one_for_each_client_with_name_ports_action_and_target(planned: Network) -> None:
    slice_ = "lookup('faxnet.deploy.slice')"
    rules = _shown(planned, f"{slice_} | faxnet.deploy.port_rules(direction='in')")
    assert sorted((rule["target"], rule["action"], rule["from"], rule["public"]) for rule in rules) == [
        (target, "allow", "198.51.100.10", "203.0.113.20") for target in ("10.2.0.21", "10.2.0.22")
    ]
    ports = {use["host"]: f"{use['low']}-{use['high']}" for use in _ranges(planned)}
    assert {rule["ports"] for rule in rules} == set(ports.values())
    assert all(rule["name"] for rule in rules)
    services = {entry["name"]: entry for entry in _shown(planned, f"{slice_}.rules.services")}
    assert all(services[rule["service"]]["ports"] == rule["ports"] for rule in rules)
    assert any("PCP" in name for name in services)


def _ranges(planned: Network) -> list[dict[str, Any]]:
    document = "lookup('ansible.builtin.file', inventory_dir ~ '/.faxnet/plan/plan.json') | from_json"
    found: list[dict[str, Any]] = _shown(planned, f"{document} | faxnet.deploy.callback_ranges")
    return found


def test_call_back_ranges_come_from_a_plan_and_from_a_slice(planned: Network) -> None:
    of_plan = _ranges(planned)
    assert [(item["host"], item["server"], item["instances"], item["public_address"]) for item in of_plan] == [
        ("uk-pc1", "fl-fax", 1, "203.0.113.20"),
        ("uk-pc2", "fl-fax", 1, "203.0.113.20"),
    ]
    assert all(item["high"] - item["low"] == 99 for item in of_plan)
    of_slice = _shown(planned, "lookup('faxnet.deploy.slice', 'uk-pc2') | faxnet.deploy.scp_ranges")
    assert of_slice == of_plan[1:]


def test_a_plan_answers_questions(planned: Network) -> None:
    where = "(inventory_dir ~ '/.faxnet/plan')"
    callers = _shown(planned, f"""{where} | faxnet.deploy.plan_query('flows[?exchange==`scp`].dial')""")
    assert callers == ["203.0.113.20", "203.0.113.20"]
    reasons = _shown(planned, f"""{where} | faxnet.deploy.plan_query('flows[?exchange==`pcp`].reason')""")
    assert len(reasons) == 2
    assert all("PCP" in reason for reason in reasons)
    own = _shown(planned, "lookup('faxnet.deploy.slice') | faxnet.deploy.plan_query('length(flows)')")
    assert own == 0


#: Bad input to the filters and the lookup, and what is said to it.
REFUSED = {
    "'7488,x' | faxnet.deploy.port_text": "port_text: 'x' is not a port number: pass ports such as 7488",
    "[] | faxnet.deploy.port_text": "port_text: no ports",
    "7488 | faxnet.deploy.port_text(style='morse')": "use one of plain, nft, iptables, windows, cisco",
    "{'a': 1} | faxnet.deploy.port_rules": "port_rules: a mapping with the keys a is not a host's slice",
    "lookup('faxnet.deploy.slice') | faxnet.deploy.port_rules(direction='up')": "use one of in, out",
    "[1] | faxnet.deploy.scp_ranges": "callback_ranges: '[1]' is not a plan (plan.json) or a host's slice",
    "{} | faxnet.deploy.plan_query('a[?b==')": "is not JMESPath from position 6 on: a[?b== >>> ",
    "{'a': 1} | faxnet.deploy.plan_query('length(a)')": "cannot be applied",
    "'/nowhere' | faxnet.deploy.plan_query('a')": "there is no /nowhere: pass a plan's directory",
    "lookup('faxnet.deploy.slice', 'nobody')": "run the playbook faxnet.deploy.plan first",
}


@pytest.fixture(scope="module")
def refusals(planned: Network) -> list[str]:
    """What each of REFUSED printed: one play, a task for each."""
    tasks = [
        {"name": f"Refusal {number}", "ansible.builtin.debug": {"msg": f"{{{{ {given} }}}}"}, "ignore_errors": True}
        for number, given in enumerate(REFUSED)
    ]
    play = {"name": "Refusals", "hosts": "uk-router", "gather_facts": False, "tasks": tasks}
    return planned.run(yaml.safe_dump([play])).text.split("TASK [Refusal ")[1:]


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=REFUSED)
def test_bad_input_is_refused_with_its_value_and_the_cure(refusals: list[str], number: int) -> None:
    sentence = list(REFUSED.values())[number]
    text = refusals[number]
    assert "FAILED!" in text
    told = next(line for line in text.splitlines() if sentence in line)
    assert told.count(sentence) == 1


def test_a_packet_is_traced_to_the_rule_that_decides(planned: Network) -> None:
    outcome = planned.run("faxnet.deploy.trace", "-e", "from=uk-pc1", "-e", "to=fl-fax", "-e", "to_port=7488")
    verdict = next(result for result in outcome.results if "outcome" in result)
    assert (verdict["outcome"], verdict["reached"]) == ("arrives", "fl-fax")
    assert [hop["device"] for hop in verdict["hops"]] == ["uk-router", "fl-router", "fl-fax"]
    assert verdict["hops"][-1]["flows"] == ["netcfax.pcp/uk-pc1>fl-fax", "netcfax.pcp/uk-pc2>fl-fax"]
    assert verdict["text"][-1].startswith("ARRIVES")
    outcome = planned.run("faxnet.deploy.trace", "-e", "from=uk-pc1", "-e", "to=fl-fax", "-e", "to_port=7489")
    verdict = next(result for result in outcome.results if "outcome" in result)
    assert (verdict["outcome"], verdict["passes"]) == ("refused", False)
    assert verdict["near_misses"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say which packet, for instance: -e from=fl-fax"),
        (("-e", "from=x", "-e", "to=fl-fax", "-e", "to_port=7488"), "'x' is neither a host of this plan nor an add"),
        (("-e", "from=uk-pc1", "-e", "to=fl-fax", "-e", "to_port=0"), "is not between 1 and 65535"),
    ],
)
def test_a_packet_that_is_not_described_well_is_refused(
    planned: Network, arguments: tuple[str, ...], sentence: str
) -> None:
    outcome = planned.run("faxnet.deploy.trace", *arguments)
    assert outcome.code != 0
    assert sentence in outcome.text


def _forwards_play(root: Path, where: str) -> str:
    """The play that writes a router's forwards, as the guide and the filter's own documentation have it."""
    if where == "guide":
        text = (root / "docs/guides/playbooks.md").read_text(encoding="utf-8")
        (play,) = [part for part in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "port_rules" in part]
        return str(play)
    source = (root / "plugins/filter/port_rules.py").read_text(encoding="utf-8")
    first, _second = yaml.safe_load(source.partition('EXAMPLES = r"""')[2].partition('"""')[0])
    return yaml.safe_dump([{"name": "One task", "hosts": "localhost", "gather_facts": False, "tasks": [first]}])


@pytest.mark.parametrize("where", ["guide", "filter"])
def test_the_documented_forwards_name_who_may_send_and_to_which_address(
    planned: Network, root: Path, where: str
) -> None:
    outcome = planned.run(_forwards_play(root, where))
    assert outcome.code == 0, outcome.text
    forwards = planned.slice("uk-router")["policy"]["destination_nat"]
    assert len(forwards) == 2
    written = (planned.folder / "uk-router.txt").read_text(encoding="utf-8")
    assert sorted(re.findall(r"forward .*\n .*\n", written)) == sorted(
        f"forward {item['transport']} {item['address']} port {item['ports']} to {item['target']}\n"
        f"  from {item['source']} port any\n"
        for item in forwards
    )
