# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/plan.md says what the plan's files hold: every key of every table is held against real output."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import write_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from tests.unit.networks import Made, Network

#: What only some objects have.
ABSENT = " or absent"
TYPES: dict[str, set[type]] = {
    "list or absent": {list},
    "true/false or absent": {bool},
    "text or absent": {str},
    "mapping or absent": {dict},
    "text": {str},
    "number": {int},
    "true/false": {bool},
    "list": {list},
    "mapping": {dict},
    "text or null": {str, type(None)},
    "mapping or null": {dict, type(None)},
    "number or null": {int, type(None)},
}


def rich_network() -> Network:
    """Everything that shapes the files: IP versions, NAT, permits, helpers, idle times, something off, a finding."""
    permit = {"name": "dns", "transport": "udp", "ports": 53, "sources": ["10.1.0.0/24"]}
    net = (
        Network()
        .site("florida", "10.1.0.0/24", "2001:db8:1::/64", gateway="fl-router", public="198.51.100.10")
        .site("sheffield", "10.2.0.0/24", "2001:db8:2::/64", gateway="uk-router", public="203.0.113.20")
        .site("provider", "192.0.2.0/24")
        .server("fl-fax", "florida", ["10.1.0.10", "2001:db8:1::10"])
        .server("fl-idle", "florida", "10.1.0.11", callback_range={"low": 20000, "high": 24999}, primary_port=7490)
        .client("uk-ts1", "sheffield", ["10.2.0.10", "2001:db8:2::10"], environment="terminal_server", instances=40)
        .client("uk-pc1", "sheffield", "10.2.0.21", enabled=False, system="windows")
        .client("fl-pc1", "florida", "10.1.0.21", dials="public")
        .site("containers", "172.18.0.0/24", gateway="fl-docker", public="10.1.0.16")
        .host("fl-dns", "florida", "10.1.0.53", permits=[permit])
        .offers("fl-press", "florida", "10.1.0.12", "faxpress")
        .uses("uk-pc2", "sheffield", "10.2.0.22", "faxpress", "fl-press")
        .offers("fl-hyla", "florida", "10.1.0.13", "hylafax")
        .uses("uk-pc3", "sheffield", "10.2.0.23", "hylafax", "fl-hyla")
        .uses("uk-any", "sheffield", "10.2.0.128/25", "hylafax", "fl-hyla", platform="unmanaged")
        .offers("trunk", "provider", "trunk.example", "sip_trunk", platform="unmanaged", media="16384-32768")
        .uses("fl-pbx", "florida", "10.1.0.15", "sip_trunk", "trunk")
        .uses("fl-any", "florida", "10.1.0.99", "netcfax", "fl-idle", offer="second")
        .site("leeds", "192.168.1.0/24", realm="company")
        .site("york", "192.168.1.0/24", realm="company")
        .server("leeds-fax", "leeds", "192.168.1.10")
        .client("york-pc", "york", "192.168.1.21", server="leeds-fax")
        .offers("fl-mail", "florida", "10.1.0.14", "kerio_connect", public=True, exchanges=["smtp"])
        .offers("fl-winfax", "florida", "10.1.0.45", "windows_fax", platform="windows")
    )
    net.hosts["fl-winfax"]["faxnet_firewall_profiles"] = ["domain"]
    net.lock = json.dumps(
        {"format": 1, "callback_ranges": {}, "dns_names": {"trunk.example": ["192.0.2.7", "192.0.2.8"]}}
    )
    net.sites["leeds"]["mapped_as"] = {"192.168.1.0/24": "10.201.0.0/24"}
    net.sites["york"]["mapped_as"] = {"192.168.1.0/24": "10.202.0.0/24"}
    net.hosts["fl-idle"]["faxnet_offers"].append({"service": "netcfax", "name": "second", "primary_port": 7491})
    net.hosts["uk-router"]["faxnet_clamp_mss"] = {"size": 1452, "interfaces": ["ppp0"]}
    net.hosts["uk-router"]["faxnet_forward_permits"] = [
        {"name": "vpn", "from": ["10.9.0.0/24"], "to": "10.2.0.0/24", "to_interfaces": "wg0", "ports": [80, 443]},
        {"name": "esp", "from_interfaces": "wan0", "protocols": ["esp"], "both_directions": True},
    ]
    net.hosts["uk-router"]["faxnet_accepted_losses"] = [
        {"kind": "network", "networks": ["10.8.0.0/24"]},
        {"kind": "listener", "protocol": "udp", "ports": 53, "program": "dnsmasq"},
        {"kind": "bridge", "interface": "br0"},
    ]
    return net


def documented(root: Path) -> dict[str, dict[str, str]]:
    """Return the page's tables: by heading, each key's type."""
    tables: dict[str, dict[str, str]] = {}
    heading = ""
    for line in (root / "docs/reference/plan.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        row = re.match(r"\| `(\w+)` \| ([^|]+) \|", line)
        if row:
            tables.setdefault(heading, {})[row.group(1)] = row.group(2).strip()
    return tables


def stored(net: Network) -> Made:
    """A plan as its files hold it, without what reading adds."""
    plan = net.plan()
    documents = PlanDocuments(plan)
    parts = {part.host: json.loads(part.content) for part in documents.slices}
    return Made(plan, json.loads(b"".join(documents.plan)), parts)


def real(made: Made) -> dict[str, list[Mapping[str, Any]]]:
    """Return the objects that each table describes."""
    plan, parts = made.document, list(made.slices.values())
    policies = [part["policy"] for part in parts]

    def every(objects: Iterable[Mapping[str, Any]], key: str) -> list[Any]:
        return [item for one in objects for item in one[key]]

    uses = every(parts, "uses")
    return {
        "plan.json": [plan],
        "sites": list(plan["sites"].values()),
        "gateways": every(plan["sites"].values(), "gateways"),
        "hosts": list(plan["hosts"].values()),
        "traits": [*plan["platforms"].values(), *(part["traits"] for part in parts)],
        "exchanges": [item for listed in plan["services"].values() for item in listed] + every(parts, "exchanges"),
        "offers": plan["offers"] + every(parts, "offers"),
        "uses": plan["uses"] + [{key: use[key] for key in use if key != "instructions"} for use in uses],
        "callback": [use["callback"] for use in plan["uses"] + uses if use["callback"]],
        "openings": [item for key in ("management", "openings") for listed in plan[key].values() for item in listed]
        + every(policies, "management")
        + every(policies, "openings"),
        "routers": list(plan["routers"].values()),
        "management of others": every(plan["routers"].values(), "management"),
        "accepted_losses": [item for listed in plan["accepted_losses"].values() for item in listed],
        "forward_permits": [item for listed in plan["forward_permits"].values() for item in listed]
        + every(policies, "forward_permits"),
        "flows": plan["flows"] + every(parts, "flows"),
        "findings": plan["findings"] + every(parts, "findings"),
        "hosts/HOST.json": parts,
        "behind": [part["behind"] for part in parts if part["behind"]],
        "deployment": every(parts, "deployment"),
        "uses with instructions": [{"instructions": use["instructions"]} for use in uses],
        "policy": policies,
        "input, forward and output": every(policies, "input") + every(policies, "forward") + every(policies, "output"),
        "destination_nat": every(policies, "destination_nat"),
        "source_nat": every(policies, "source_nat"),
        "clamp_mss": [item["clamp_mss"] for item in policies if item["clamp_mss"]],
    }


def problems(tables: Mapping[str, Mapping[str, str]], objects: Mapping[str, list[Mapping[str, Any]]]) -> list[str]:
    """Return what differs between the page and the files, a line each."""
    found = [f"{heading}: no table" for heading in objects.keys() - tables.keys()]
    found += [f"{heading}: a table of nothing" for heading in tables.keys() - objects.keys()]
    for heading in objects.keys() & tables.keys():
        table = tables[heading]
        everywhere = {key for item in objects[heading] for key in item}
        found += [f"{heading}: {key} is nowhere" for key in table.keys() - everywhere if table[key].endswith(ABSENT)]
        if not objects[heading]:
            found.append(f"{heading}: this network holds none")
        for item in objects[heading]:
            found += [f"{heading}: {key} is not documented" for key in item.keys() - table.keys()]
            missing = (key for key in table.keys() - item.keys() if not table[key].endswith(ABSENT))
            found += [f"{heading}: {key} is not there" for key in missing]
            found += [
                f"{heading}: {key} is {value!r} and not {table[key]}"
                for key, value in item.items()
                if key in table and type(value) not in TYPES[table[key]]
            ]
    return sorted(set(found))


def test_the_page_describes_what_is_written(root: Path) -> None:
    assert problems(documented(root), real(stored(rich_network()))) == []


@pytest.mark.parametrize(
    ("heading", "key", "kind", "said"),
    [
        ("flows", "via", None, "flows: via is not documented"),
        ("flows", "colour", "text", "flows: colour is not there"),
        ("flows", "colour", "text or absent", "flows: colour is nowhere"),
        ("flows", "version", "text", "flows: version is 4 and not text"),
    ],
)
def test_a_difference_is_seen(root: Path, heading: str, key: str, kind: str | None, said: str) -> None:
    tables = documented(root)
    if kind is None:
        del tables[heading][key]
    else:
        tables[heading][key] = kind
    assert said in problems(tables, real(stored(rich_network())))


def test_the_page_names_the_files_of_a_plan_directory(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = PlanDocuments(rich_network().plan())
    write_plan(documents, tmp_path / "small" / "plan")
    monkeypatch.setattr(directory, "MOST_FILES", 1)
    write_plan(documents, tmp_path / "large" / "plan")
    page = (root / "docs/reference/plan.md").read_text(encoding="utf-8")
    written = {
        path.relative_to(tmp_path / size).as_posix()
        for size in ("small", "large")
        for path in (tmp_path / size).rglob("*")
        if path.is_file()
    }
    named = {re.sub(r"hosts/.+\.json$", "hosts/HOST.json", name) for name in written}
    assert named == set(re.findall(r"^\| `(plan/[^`]+)`", page, re.MULTILINE))
