# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight leaves no emulator behind, whatever befell a host.

Hosts are folders of this machine, and systemctl is a script that does nothing. The plays are the playbook's own, but
those that put rules in force and send packets, for which this machine is no place.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays.network import Network, Outcome

SYSTEMCTL = """#!/bin/sh
case "$1" in
  show) echo LoadState=loaded; echo ActiveState=inactive; echo FragmentPath=/x; echo UnitFileState=disabled ;;
  is-enabled) echo disabled; exit 1 ;;
  is-active) echo inactive; exit 3 ;;
esac
exit 0
"""

HOSTS = ("fax", "pc")

#: In place of the role that sends packets. An emulator appears on every host, as if it had come up; then things happen.
VERIFY = """
- name: Come back
  ansible.builtin.file:
    path: "{{ inventory_dir }}/down"
    state: absent
  run_once: true
  # The first host of the play may be the one that is down: hosts are sorted as they come.
  delegate_to: localhost

- name: Have an emulator
  ansible.builtin.copy:
    content: as if it ran
    dest: "{{ item }}"
    mode: "0644"
  loop: ["{{ __emulator_file }}", "{{ __emulator_config }}", "{{ __emulator_unit_file }}"]

- name: Break down
  ansible.builtin.file:
    path: "{{ inventory_dir }}/down/{{ breaks_down }}"
    state: directory
    mode: "0755"
  when: breaks_down | length > 0
  run_once: true

- name: Ask who answers
  ansible.builtin.ping:

- name: Come back
  ansible.builtin.file:
    path: "{{ inventory_dir }}/down"
    state: absent
  run_once: true
  # The first host of the play may be the one that is down: hosts are sorted as they come.
  delegate_to: localhost

- name: Give the verdict
  ansible.builtin.fail:
    msg: a packet fared otherwise
  when: fails | bool
  run_once: true
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(tmp_path)
    where = "{{ inventory_dir }}/on/{{ inventory_hostname }}"
    everywhere = {
        # A host that is down refuses connections.
        "ansible_connection": "{{ 'ssh' if (inventory_dir ~ '/down/' ~ inventory_hostname) is exists else 'local' }}",
        "ansible_host": "127.0.0.1",
        "ansible_port": 1,
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "faxnet_site": "office",
        "faxnet_sites": {"office": {"networks": ["10.1.0.0/24"]}},
    }
    hosts: dict[str, dict[str, Any]] = {
        "fax": {"faxnet_address": "10.1.0.10", "faxnet_offers": [{"service": "netcfax"}]},
        "pc": {"faxnet_address": "10.1.0.21", "faxnet_uses": [{"service": "netcfax", "server": "fax"}]},
    }
    made.write({"all": {"vars": everywhere, "hosts": hosts}})
    for host in HOSTS:
        (tmp_path / "on" / host).mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text(SYSTEMCTL, encoding="utf-8")
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    overrides = {
        "ansible_become": False,
        "settings_sheets_path": "",
        "emulator_python": sys.executable,
        "__emulator_file": f"{where}/emulator.pyz",
        "__emulator_config": f"{where}/emulator.json",
        "__emulator_unit_file": f"{where}/faxnet-emulator.service",
    }
    (tmp_path / "overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
    return made


def playbook(network: Network, root: Path, deploy: bool) -> str:
    """Return the playbook without rules and packets; without *deploy* no emulator is tried to be set up."""
    books = root / "playbooks"
    services = yaml.safe_load((books / "deploy.yml").read_text("utf-8"))[-1]
    assert services["name"] == "Provide the services"
    services["vars"]["faxnet_emulate"] = True
    plays = []
    for play in yaml.safe_load((books / "preflight.yml").read_text("utf-8")):
        imported = play.get("ansible.builtin.import_playbook")
        if imported == "deploy.yml":
            plays += [services] if deploy else []
        elif imported:
            plays.append({"ansible.builtin.import_playbook": f"faxnet.deploy.{Path(imported).stem}"})
        else:
            if play["name"] == "Verify the network with packets, and report":
                steps = play["tasks"][0]["block"]
                assert steps[0].pop("ansible.builtin.import_role")["name"] == "faxnet.deploy.verify"
                steps[0]["block"] = yaml.safe_load(VERIFY)
            plays.append(play)
    tasks = network.folder / "tasks"
    tasks.mkdir(exist_ok=True)
    (tasks / "sort_hosts.yml").write_bytes((books / "tasks" / "sort_hosts.yml").read_bytes())
    return yaml.safe_dump(plays, sort_keys=False)


def run(network: Network, root: Path, *, deploy: bool, breaks_down: str = "", fails: bool = False) -> Outcome:
    events = json.dumps({"breaks_down": breaks_down, "fails": fails})
    text = playbook(network, root, deploy)
    return network.run(text, "-e", f"@{network.folder}/overrides.json", "-e", events)


def left(network: Network) -> list[str]:
    on = network.folder / "on"
    return sorted(str(path.relative_to(on)) for path in on.rglob("*") if path.is_file())


def test_an_emulator_that_does_not_come_up_is_removed_and_so_is_what_an_earlier_run_left(
    network: Network, root: Path
) -> None:
    for host in HOSTS:
        for name in ("emulator.pyz", "emulator.json", "faxnet-emulator.service"):
            path = network.folder / "on" / host / name
            path.write_text("left\n", encoding="utf-8")
    outcome = run(network, root, deploy=True)
    # Nothing answers on the control socket: no systemctl has started it.
    assert outcome.code != 0
    assert "TASK [faxnet.deploy.emulator : Run it now and at every boot]" in outcome.text
    assert (
        "fax: the emulator could not be set up and was removed again. The step 'See that its servers listen"
        in outcome.text
    )
    assert left(network) == []


def test_where_all_goes_well_no_emulator_is_left(network: Network, root: Path) -> None:
    outcome = run(network, root, deploy=False)
    assert outcome.code == 0, outcome.text
    assert "TASK [Have an emulator]" in outcome.text
    assert left(network) == []


def test_a_verdict_that_fails_the_run_leaves_no_emulator_on_any_host(network: Network, root: Path) -> None:
    outcome = run(network, root, deploy=False, fails=True)
    assert outcome.code != 0
    assert left(network) == []
    assert "2 of 2 hosts were not tried to the end, or the network fares otherwise than planned" in outcome.text


@pytest.mark.labs
@pytest.mark.parametrize(("host", "fails"), [("pc", False), ("fax", True)], ids=["once", "and then the verdict fails"])
def test_a_host_that_breaks_down_and_comes_back_keeps_no_emulator(
    network: Network, root: Path, host: str, fails: bool
) -> None:
    outcome = run(network, root, deploy=False, breaks_down=host, fails=fails)
    assert outcome.code != 0
    assert f"fatal: [{host}]: UNREACHABLE!" in outcome.text
    many, which = (2, "fax, pc") if fails else (1, host)
    assert f"{many} of 2 hosts were not tried to the end" in outcome.text
    assert f"the reason is above. These are {which}." in outcome.text
    assert left(network) == []


@pytest.mark.labs
def test_a_host_that_does_not_answer_at_first_is_not_given_up(network: Network, root: Path) -> None:
    (network.folder / "down" / "pc").mkdir(parents=True)
    outcome = run(network, root, deploy=False)
    assert outcome.code == 0, outcome.text
    assert "fatal: [pc]: UNREACHABLE!" in outcome.text
    assert left(network) == []
