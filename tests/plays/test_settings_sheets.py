# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings sheets, written by plays on hosts (every one is this machine) and on the controller.

What stands on them is tested in tests/unit/sheets.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network, Outcome, tree

ROLE = """
- name: Write the sheets
  hosts: {hosts}
  gather_facts: false
  vars:
    settings_sheets_path: "{{{{ inventory_dir }}}}/on/{{{{ inventory_hostname }}}}"
  roles:
    - role: faxnet.deploy.settings_sheets
"""


def write(network: Network, uses: list[dict[str, Any]] | None = None, **platforms: str) -> None:
    """A FaxPress and a fax server, a host that uses both (or what is said), and one that uses the fax server."""
    both = [{"service": "netcfax", "server": "fax"}, {"service": "faxpress", "server": "press"}]
    hosts: dict[str, dict[str, Any]] = {
        "fax": {"faxnet_address": "10.1.0.10", "faxnet_offers": [{"service": "netcfax"}]},
        "press": {"faxnet_address": "10.1.0.11", "faxnet_offers": [{"service": "faxpress"}]},
        "pc": {"faxnet_address": "10.1.0.21", "faxnet_uses": both if uses is None else uses},
        "pc2": {"faxnet_address": "10.1.0.22", "faxnet_uses": both[:1]},
    }
    for name, platform in platforms.items():
        hosts[name]["faxnet_platform"] = platform
    everywhere = {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "faxnet_site": "office",
        "faxnet_sites": {"office": {"networks": ["10.1.0.0/24"]}},
    }
    network.write({"all": {"vars": everywhere, "hosts": hosts}})
    network.planned()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The network, planned; the press is an appliance and pc2 is set up by a person."""
    made = Network(tmp_path_factory.mktemp("sheets"))
    write(made, press="unmanaged", pc2="worksheet")
    return made


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def collected(network: Network) -> list[str]:
    return files(network.folder / ".faxnet" / "sheets")


def both_files(*stems: str) -> list[str]:
    return sorted(f"{stem}.{end}" for stem in stems for end in ("txt", "json"))


ON_HOSTS = both_files("fax/netcfax-server", "pc/netcfax-client", "pc/faxpress-client")
ON_CONTROLLER = both_files(
    "fax.netcfax-server", "press.faxpress-server", "pc.netcfax-client", "pc.faxpress-client", "pc2.netcfax-client"
)


def differences(outcome: Outcome) -> list[str]:
    return [line.removeprefix("+++ after: ") for line in outcome.text.splitlines() if line.startswith("+++ ")]


def test_all_sheets_of_a_host_come_and_go_with_one_task_and_nobody_logs_in_where_nobody_should(
    network: Network,
) -> None:
    play, on = ROLE.format(hosts="all"), network.folder / "on"
    checked = network.run(play, "--check", "--diff")
    assert (checked.code, checked.changed) == (0, {"fax": 1, "press": 1, "pc": 1, "pc2": 1}), checked.text
    assert not on.exists()
    assert collected(network) == []
    named = [*(str(on / name) for name in ON_HOSTS)]
    named += [str(network.folder / ".faxnet" / "sheets" / name) for name in ON_CONTROLLER]
    assert sorted(differences(checked)) == sorted(named)

    first = network.run(play)
    assert (first.code, first.changed) == (0, checked.changed), first.text
    assert files(on) == ON_HOSTS
    assert collected(network) == ON_CONTROLLER
    for name in ("pc/netcfax-client.txt", "pc/faxpress-client.json"):
        same = network.folder / ".faxnet" / "sheets" / name.replace("/", ".")
        assert (on / name).read_bytes() == same.read_bytes()
    assert (on / "pc/netcfax-client.txt").stat().st_mode & 0o777 == 0o644

    before = [tree(on), tree(network.folder / ".faxnet")]
    again = network.run(play, "--diff")
    assert (again.code, set(again.changed.values()), differences(again)) == (0, {0}, []), again.text
    assert [tree(on), tree(network.folder / ".faxnet")] == before

    gone = network.run(play, "-e", "settings_sheets_state=absent")
    assert (gone.code, gone.changed) == (0, checked.changed), gone.text
    assert (files(on), collected(network)) == ([], [])


def test_what_somebody_changed_is_put_right_and_only_that(network: Network) -> None:
    play, on = ROLE.format(hosts="pc"), network.folder / "on" / "pc"
    assert network.run(play).code == 0
    (on / "netcfax-client.txt").write_text("something else\n", encoding="utf-8")
    (on / "faxpress-client.txt").chmod(0o600)
    (on / "notes.txt").write_text("a person's own\n", encoding="utf-8")
    outcome = network.run(play, "--diff")
    (result,) = [result for result in outcome.results if "written" in result]
    assert result["written"] == ["faxpress-client.txt", "netcfax-client.txt"]
    assert "-something else" in outcome.text
    assert (on / "netcfax-client.txt").read_text(encoding="utf-8").startswith("NetCFax client settings of pc\n")
    assert (on / "faxpress-client.txt").stat().st_mode & 0o777 == 0o644
    assert (on / "notes.txt").exists()


def test_the_sheet_of_a_product_that_left_the_host_is_removed(tmp_path: Path) -> None:
    network = Network(tmp_path)
    write(network)
    assert network.run(ROLE.format(hosts="pc")).code == 0
    write(network, uses=[{"service": "faxpress", "server": "press"}])
    outcome = network.run(ROLE.format(hosts="pc"))
    assert (outcome.code, outcome.changed) == (0, {"pc": 1}), outcome.text
    assert files(tmp_path / "on") == both_files("pc/faxpress-client")
    assert collected(network) == both_files("pc.faxpress-client")


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ("faxpress-client", "pc2: the plan names no FaxPress client here. Add the service faxpress to faxnet_uses of"),
        ("netcfax", "only names the sheet netcfax, which is not one of faxpress-client, faxpress-server, kerio-admin"),
    ],
)
def test_a_sheet_that_the_plan_has_nothing_for_is_refused_with_the_cure(
    network: Network, only: str, message: str
) -> None:
    outcome = network.run(ROLE.format(hosts="pc2"), "-e", json.dumps({"settings_sheets_only": [only]}))
    assert outcome.code != 0
    assert message in outcome.text
    assert outcome.changed == {"pc2": 0}


def test_the_playbook_that_deploys_writes_the_sheets_of_hosts_that_nobody_logs_in_to(tmp_path: Path) -> None:
    network = Network(tmp_path)
    write(network, fax="unmanaged", press="unmanaged", pc="worksheet", pc2="worksheet")
    where = {"settings_sheets_path": f"{tmp_path}/on", "ansible_become": False}
    outcome = network.run("faxnet.deploy.deploy", "-e", json.dumps(where))
    assert outcome.code == 0, outcome.text
    assert collected(network) == ON_CONTROLLER
    assert not (tmp_path / "on").exists()

    write(network, uses=[], fax="unmanaged", press="unmanaged", pc="worksheet", pc2="worksheet")
    outcome = network.run("faxnet.deploy.deploy", "-e", json.dumps(where))
    assert outcome.code == 0, outcome.text
    assert collected(network) == [name for name in ON_CONTROLLER if not name.startswith("pc.")]


def test_a_host_that_left_the_plan_is_connected_to_only_if_its_platform_is(tmp_path: Path) -> None:
    network = Network(tmp_path)
    write(network)
    gone = {"faxnet_platform": "unmanaged", "ansible_connection": "ssh", "ansible_host": "none.invalid"}
    network.write({"all": {"hosts": {"gone": gone}}}, "gone.yml")
    absent = ("-e", "settings_sheets_state=absent")
    outcome = network.run(ROLE.format(hosts="gone"), *absent, sources=("hosts.yml", "gone.yml"))
    assert (outcome.code, outcome.changed) == (0, {"gone": 0}), outcome.text


OWN = {"name": "letter", "product": "HylaFAX", "side": "client", "services": ["netcfax"], "template": "letter.j2"}


def test_a_users_own_sheet_that_is_dropped_from_the_list_goes_and_what_is_no_sheet_stays(tmp_path: Path) -> None:
    network = Network(tmp_path)
    write(network, press="unmanaged")
    (tmp_path / "letter.j2").write_text("Dear {{ host }}\n", encoding="utf-8")
    own = ("-e", json.dumps({"settings_sheets_own": [{**OWN, "template": str(tmp_path / "letter.j2")}]}))
    assert network.run(ROLE.format(hosts="pc,pc2"), *own).code == 0
    ours = both_files("pc/netcfax-client", "pc/faxpress-client", "pc2/netcfax-client")
    assert files(tmp_path / "on") == sorted([*ours, *both_files("pc/letter", "pc2/letter")])
    kept = {"pc/notes.json": '{"host": "pc"}', "pc/letter.csv": "", "pc2/other.json": '{"host": "x", "sheet": "other"}'}
    for name, content in kept.items():
        (tmp_path / "on" / name).write_text(content, encoding="utf-8")
        (tmp_path / ".faxnet" / "sheets" / name.replace("/", ".")).write_text(content, encoding="utf-8")

    one = network.run(ROLE.format(hosts="pc2"), "-e", '{"settings_sheets_only": ["netcfax-client"]}')
    assert (one.code, one.changed) == (0, {"pc2": 0}), one.text
    checked = network.run(ROLE.format(hosts="pc,pc2"), "--check", "--diff")
    assert (checked.code, checked.changed) == (0, {"pc": 1, "pc2": 1}), checked.text
    assert checked.text.count("-Dear pc\n") == 2
    outcome = network.run(ROLE.format(hosts="pc,pc2"))
    assert (outcome.code, outcome.changed) == (0, {"pc": 1, "pc2": 1}), outcome.text
    assert files(tmp_path / "on") == sorted([*ours, *kept])
    assert collected(network) == sorted(name.replace("/", ".") for name in (*ours, *kept))
    assert network.run(ROLE.format(hosts="pc,pc2")).changed == {"pc": 0, "pc2": 0}


def test_sheets_of_hosts_that_left_the_plan_or_are_no_longer_set_by_hand_go(tmp_path: Path) -> None:
    network = Network(tmp_path)
    everybody = {"fax": "unmanaged", "press": "worksheet", "pc": "worksheet", "pc2": "worksheet"}
    write(network, **everybody)
    elsewhere = {"settings_sheets_path": "", "ansible_become": False, "settings_sheets_collection": f"{tmp_path}/all"}
    assert network.run("faxnet.deploy.deploy", "-e", '{"settings_sheets_path": ""}').code == 0
    assert network.run(ROLE.format(hosts="all"), "-e", json.dumps(elsewhere)).code == 0
    assert files(tmp_path / ".faxnet" / "worksheets") == ["pc.txt", "pc2.txt", "press.txt"]
    note = tmp_path / ".faxnet" / "worksheets" / "note.txt"
    note.write_text("The press is in the cellar.\n", encoding="utf-8")

    inventory = network.read()
    hosts = inventory["all"]["hosts"]
    del hosts["pc2"]
    hosts["press"]["faxnet_platform"] = "unmanaged"
    network.write(inventory)
    gone = [f"{tmp_path}/.faxnet/sheets/pc2.netcfax-client.{end}" for end in ("txt", "json")]
    gone += [f"{tmp_path}/.faxnet/worksheets/{host}.txt" for host in ("pc2", "press")]
    checked = network.planned("--check", "--diff")
    assert (checked.changed, checked.plan["removed"]) == ({"localhost": 1}, gone)
    assert f"--- before: {gone[-1]}\n" in checked.text
    assert files(tmp_path / ".faxnet" / "worksheets") == ["note.txt", "pc.txt", "pc2.txt", "press.txt"]
    assert network.planned().plan["removed"] == gone
    assert files(tmp_path / ".faxnet" / "worksheets") == ["note.txt", "pc.txt"]
    assert collected(network) == [name for name in ON_CONTROLLER if not name.startswith("pc2.")]
    assert network.planned().changed == {"localhost": 0}

    # A folder that the plan does not know of.
    assert files(tmp_path / "all") == ON_CONTROLLER
    outcome = network.run(ROLE.format(hosts="fax,pc"), "-e", json.dumps(elsewhere))
    assert (outcome.code, outcome.changed) == (0, {"fax": 1, "pc": 0}), outcome.text
    assert files(tmp_path / "all") == [name for name in ON_CONTROLLER if not name.startswith("pc2.")]
