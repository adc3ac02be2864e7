# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides' inventories are planned, their commands and plays run, and what they show is what comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.plays.network import Network, tree

ROOT = Path(__file__).resolve().parents[2]


def text_of(guide: str) -> str:
    """A guide's page."""
    return (ROOT / f"docs/guides/{guide}.md").read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    """The blocks of a language on a guide's page, without the indentation of a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text_of(guide), re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def planned(network: Network, guide: str, number: int = 0, of: int = 1) -> Network:
    """Plan an inventory of a guide, by its number among those there; nothing is said against it."""
    inventories = [text for text in blocks(guide, "yaml") if text.startswith("all:\n")]
    assert len(inventories) == of
    network.write(inventories[number])
    assert network.planned().plan["findings"] == []
    return network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """An empty folder for an inventory."""
    return Network(tmp_path)


@pytest.mark.parametrize("guide", ["windows", "awx", "remove"])
def test_commands_name_playbooks_that_are_there(guide: str) -> None:
    named = re.findall(r"faxnet\.deploy\.(\w+)", " ".join(re.findall(r"ansible-playbook[^\n`]*", text_of(guide))))
    named += re.findall(r"import_playbook: faxnet\.deploy\.(\w+)", text_of(guide))
    assert named
    assert [name for name in named if not (ROOT / f"playbooks/{name}.yml").is_file()] == []


def test_windows_sheets_and_rules_are_written_without_contacting_anybody(network: Network) -> None:
    planned(network, "windows")
    outcome = network.run("faxnet.deploy.deploy", "--limit", "windows")
    assert outcome.code == 0, outcome.text
    assert sorted(outcome.changed) == ["faxserver", "reception", "terminals"]
    for name in re.findall(r"^\| `\.faxnet/([^`]+)`", text_of("windows"), re.MULTILINE):
        assert (network.folder / ".faxnet" / name).is_file()
    sheet = (network.folder / ".faxnet/sheets/reception.netcfax-client.txt").read_text(encoding="utf-8")
    told, command = blocks("windows", "text")
    assert [line for line in told.splitlines() if line not in sheet.splitlines()] == []
    (play,) = [text for text in blocks("windows", "yaml") if text.startswith("- name:")]
    assert network.run(play).code == 0
    assert (network.folder / "reception.cmd").read_text(encoding="utf-8") == command
    listed = (network.folder / ".faxnet/worksheets/faxserver.txt").read_text(encoding="utf-8")
    rules = (network.folder / "faxserver.cmd").read_text(encoding="utf-8").splitlines()
    assert len(rules) == len(re.findall(r"^  yes .*  in  ", listed, re.MULTILINE)) == 1
    assert "localport=7488 remoteport=any remoteip=203.0.113.9" in rules[0]


def test_dhcp_networks_are_planned_as_the_guide_says(network: Network) -> None:
    planned(network, "dhcp")
    (told,) = blocks("dhcp", "text")
    flows = json.loads((network.plan / "plan.json").read_text(encoding="utf-8"))["flows"]
    made = {f"{flow['id'].partition('/')[0]} {flow['transport']} {flow['ports']}" for flow in flows}
    assert made == {f"{name} {what}" for what, name in re.findall(r": (tcp [\d-]+) \(([\w.]+)\)", told)}
    names = [flow["id"].partition("/")[2].split(">") for flow in flows]
    assert sorted(f"{source} to {end}" for source, end in names) == sorted(re.findall(r"^(\w+ to \w+):", told, re.M))


def test_a_network_that_is_to_be_called_back_is_refused_as_the_guide_says(network: Network) -> None:
    (text,) = blocks("dhcp", "yaml")
    inventory = yaml.safe_load(text)
    uses = inventory["all"]["hosts"]["pcs"]["faxnet_uses"]
    uses.append({"service": "netcfax", "server": "faxbox"})
    network.write(inventory)
    outcome = network.run("faxnet.deploy.plan")
    assert [item["code"] for item in outcome.plan["findings"]] == ["FXN402"]
    assert "exchanges: {scp: false}" in outcome.plan["findings"][0]["cure"]
    uses[-1]["exchanges"] = {"scp": False}
    network.write(inventory)
    network.planned()


def test_a_vpn_is_planned_as_the_guide_says(network: Network) -> None:
    planned(network, "vpn", of=2)
    (use,) = network.slice("york-pc")["uses"]
    assert use["dial"] == "10.3.0.5"
    plan = json.loads((network.plan / "plan.json").read_text(encoding="utf-8"))
    (back,) = [flow for flow in plan["flows"] if flow["id"] == "netcfax.scp/faxserver>york-pc"]
    assert back["dial"] == "10.4.0.21"
    for router in ("leeds-router", "york-router"):
        policy = network.slice(router)["policy"]
        assert policy["destination_nat"] == []
        assert [(item["transport"], item["ports"]) for item in policy["openings"]] == [("udp", "51820")]


def test_equal_networks_are_planned_as_the_guide_says(network: Network) -> None:
    planned(network, "vpn", 1, of=2)
    (use,) = network.slice("york-pc")["uses"]
    assert use["dial"] == "10.201.0.5"
    plan = json.loads((network.plan / "plan.json").read_text(encoding="utf-8"))
    keys = ("source_address", "dial", "arrives_from", "destination_address")
    told = re.findall(r"^\| [\w -]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text_of("vpn"), re.MULTILINE)
    assert told == [tuple(flow[key] for key in keys) for flow in plan["flows"]]


def test_the_permits_of_each_vpn_are_taken(network: Network) -> None:
    text, _equal_networks = blocks("vpn", "yaml")
    inventory = yaml.safe_load(text)
    permits = [yaml.safe_load(item) for item in re.findall(r"^\| [\w]+ \| `(\{name:.*?\})` \|$", text_of("vpn"), re.M)]
    assert len(permits) == 4
    inventory["all"]["hosts"]["york-router"]["faxnet_permits"] = permits
    network.write(inventory)
    assert network.planned().plan["findings"] == []


def test_jobs_in_containers_find_plan_and_lock_file_again(tmp_path: Path) -> None:
    """Each job has its inventory in a folder of its own; what it writes lies in the two places."""
    (text,) = [block for block in blocks("awx", "yaml") if block.startswith("faxnet_directory:")]
    places = {
        name: path.replace("/srv/faxnet", str(tmp_path / "volume")) for name, path in yaml.safe_load(text).items()
    }
    (play,) = [block for block in blocks("awx", "yaml") if block.startswith("- name:")]
    inventory = Network.two_offices()
    inventory["all"]["vars"] |= places
    ranges = []
    for job, hosts in (("first", 2), ("second", 2), ("third", 3)):
        (tmp_path / job).mkdir()
        network = Network(tmp_path / job)
        clients = inventory["all"]["children"]["sheffield"]["children"]["clients"]["hosts"]
        if hosts == 3:
            clients["uk-aa"] = {"faxnet_address": "10.2.0.23"}
        network.write(inventory)
        outcome = network.run(play.replace("faxnet.deploy.site", "faxnet.deploy.plan"))
        assert outcome.code == 0, outcome.text
        assert outcome.plan["changed"] == (job != "second")
        assert sorted(tree(network.folder)) == ["hosts.yml", "play.yml"]
        ranges.append(json.loads(Path(places["faxnet_lock"]).read_text(encoding="utf-8"))["callback_ranges"])
    assert ranges[0] == ranges[1]
    assert ranges[0].items() < ranges[2].items()
    assert (Path(places["faxnet_directory"]) / "plan/plan.json").is_file()


def test_the_execution_environment_takes_the_tarball_that_is_built() -> None:
    (text,) = [block for block in blocks("awx", "yaml") if block.startswith("version: 3\n")]
    definition = yaml.safe_load(text)
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    tarball = f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"
    (added,) = definition["additional_build_files"]
    assert added == {"src": tarball, "dest": "collections"}
    # ansible-builder copies its folder _build to /build.
    assert definition["dependencies"]["galaxy"]["collections"] == [
        {"name": f"/build/collections/{tarball}", "type": "file"}
    ]


def test_the_order_of_removal_leaves_the_other_clients_their_ranges(network: Network) -> None:
    inventory = Network.two_offices()
    network.write(inventory)
    network.planned()
    before = json.loads(network.lock.read_text(encoding="utf-8"))["callback_ranges"]
    del inventory["all"]["children"]["sheffield"]["children"]["clients"]["hosts"]["uk-pc1"]
    network.write(inventory)
    network.planned()
    assert not (network.plan / "hosts/uk-pc1.json").exists()
    assert json.loads(network.lock.read_text(encoding="utf-8"))["callback_ranges"] == {
        client: ports for client, ports in before.items() if client != "uk-pc1/netcfax"
    }


def test_a_fax_server_for_two_offices_is_planned_with_the_flows_that_the_symptoms_name(network: Network) -> None:
    planned(network, "fax")
    flows = json.loads((network.plan / "plan.json").read_text(encoding="utf-8"))["flows"]
    assert {flow["id"] for flow in flows} == {
        "hylafax.control/fl-pc>fl-fax",
        "hylafax.control/uk-pc>uk-fax",
        "iax2.iax/fl-fax>exchange",
        "iax2.iax/uk-fax>exchange",
    }
    table = text_of("fax").partition("## From symptom")[2]
    assert {"hylafax.control", "iax2.iax"} <= set(re.findall(r"`(\w+\.\w+)/", table))
    deployed = {role["role"] for host in ("fl-fax", "fl-pc", "exchange") for role in network.slice(host)["deployment"]}
    assert deployed == {f"faxnet.deploy.{name}" for name in ("hylafax_server", "hylafax_client", "asterisk_fax")}


def test_the_guides_asterisks_are_planned_with_all_that_t38_takes(network: Network) -> None:
    inventory, pbx, trunk = (yaml.safe_load(text) for text in blocks("fax", "yaml"))
    hosts = inventory["all"]["hosts"]
    hosts |= {"fl-pbx": {**pbx["fl-pbx"]}, "trunk": trunk["trunk"]}
    hosts["fl-pbx"]["faxnet_uses"] = [*pbx["fl-pbx"]["faxnet_uses"], *trunk["fl-pbx"]["faxnet_uses"]]
    other = {"faxnet_offers": [{"service": "asterisk"}], "faxnet_uses": [{"service": "asterisk", "server": "fl-pbx"}]}
    hosts["uk-pbx"] = {"faxnet_site": "sheffield", "faxnet_address": "10.2.0.11", **other}
    network.write(inventory)
    assert network.planned().plan["findings"] == []
    flows = json.loads((network.plan / "plan.json").read_text(encoding="utf-8"))["flows"]
    pairs = {(flow["exchange"], flow["source"], flow["destination"]) for flow in flows if flow["service"] == "asterisk"}
    assert pairs == {
        (exchange, *ends)
        for exchange in ("sip", "rtp", "udptl")
        for ends in (("fl-pbx", "uk-pbx"), ("uk-pbx", "fl-pbx"))
    }
    assert ("media", "fl-pbx", "trunk") in {(flow["exchange"], flow["source"], flow["destination"]) for flow in flows}
