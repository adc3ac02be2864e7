# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab reads an inventory as Ansible does, and leads Ansible into its containers without changing it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.lab import image, lifecycle
from tools.lab.errors import LabError
from tools.lab.inventory import Host, Line, lab_name, load, parse, write_connection
from tools.lab.podman import Podman
from tools.lab.progress import Progress
from tools.lab.runtime import Runtime

SITES = {"office": {"networks": ["10.1.0.0/24"], "gateway": "router", "public_address": "198.51.100.10"}}


def listing(**hosts: dict[str, Any]) -> dict[str, Any]:
    return {"_meta": {"hostvars": {name.replace("_", "-"): values for name, values in hosts.items()}}}


def test_the_two_offices_are_read_whole(root: Path) -> None:
    read = load(root / "inventories" / "two_offices")
    assert [site.name for site in read.sites] == ["elsewhere", "florida", "sheffield"]
    assert {host.name: str(host.addresses[0]) for host in read.hosts if host.site == "sheffield"} == {
        "uk-router": "10.2.0.1",
        "uk-ts1": "10.2.0.10",
        "uk-pc1": "10.2.0.21",
        "uk-pc2": "10.2.0.22",
    }


def test_the_stated_address_beats_ansible_host() -> None:
    read = parse(
        listing(
            router={"faxnet_sites": SITES},
            a={"faxnet_site": "office", "faxnet_address": "10.1.0.5", "ansible_host": "10.1.0.6"},
            b={"faxnet_site": "office", "ansible_host": "10.1.0.7"},
            c={"faxnet_site": "office", "ansible_host": "c.example.com"},
        )
    )
    found = {host.name: ([str(address) for address in host.addresses], host.from_ansible_host) for host in read.hosts}
    assert found["a"] == (["10.1.0.5"], False)
    assert found["b"] == (["10.1.0.7"], True)
    assert found["c"] == ([], False)


def test_a_host_without_variables_is_found_in_its_group() -> None:
    read = parse({**listing(a={"faxnet_sites": SITES}), "routers": {"hosts": ["router"]}})
    assert [host.name for host in read.hosts] == ["a", "router"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (listing(a={}), "no host of the inventory has the variable faxnet_sites"),
        (listing(a={"faxnet_sites": SITES}), "site office: gateway 'router' is no host of the inventory"),
        (
            listing(router={"faxnet_sites": SITES, "faxnet_site": "ofice"}),
            "host router: faxnet_site is 'ofice', which faxnet_sites does not have",
        ),
        (
            listing(router={"faxnet_sites": {"office": {"networks": ["10.1.0.5/24"]}}}),
            "site office: networks has '10.1.0.5/24': .*host bits",
        ),
        (listing(router={"faxnet_sites": {"office": {}}}), "site office: networks is missing"),
        (
            listing(router={"faxnet_sites": SITES, "faxnet_address": "10.1.0.300"}),
            "host router: faxnet_address is '10.1.0.300'",
        ),
        (
            listing(router={"faxnet_sites": SITES, "faxnet_address": "{{ first }}"}),
            "host router: faxnet_address is the template",
        ),
        (
            listing(router={"faxnet_sites": {"office": {**SITES["office"], "gateway": None, "gateways": ["router"]}}}),
            r"site office: gateways\[0\] needs a host",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place(given: dict[str, Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        parse(given)


def test_a_missing_inventory_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no inventory at"):
        load(tmp_path / "nowhere")


def test_the_connection_lets_a_taken_over_address_live_on(tmp_path: Path) -> None:
    read = parse(
        listing(
            router={"faxnet_sites": SITES, "faxnet_address": "10.1.0.1"},
            pc={"faxnet_site": "office", "ansible_host": "10.1.0.7"},
        )
    )
    path = write_connection(tmp_path, read.hosts, {"router": "faxnet-x-router", "pc": "faxnet-x-pc"})
    assert yaml.safe_load(path.read_text()) == {"all": {"hosts": {"pc": None, "router": None}}}
    router, pc = (yaml.safe_load((tmp_path / "host_vars" / f"{name}.yml").read_text()) for name in ("router", "pc"))
    assert router["ansible_host"] == "faxnet-x-router"
    assert router["ansible_connection"] == "faxnet.lab.podman"
    assert "faxnet_address" not in router
    assert pc["faxnet_address"] == ["10.1.0.7"]


def test_the_connection_forgets_hosts_of_an_earlier_run(tmp_path: Path) -> None:
    write_connection(tmp_path, [Host("old", None, ())], {"old": "faxnet-x-old"})
    write_connection(tmp_path, [Host("new", None, ())], {"new": "faxnet-x-new"})
    assert [path.name for path in (tmp_path / "host_vars").iterdir()] == ["new.yml"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("two_offices", "two_offices"), ("My Offices-2", "my_offices_2"), ("two_offices/hosts.yml", "two_offices")],
)
def test_the_lab_is_named_after_the_inventory_folder(tmp_path: Path, path: str, name: str) -> None:
    place = tmp_path / path
    (place if not place.suffix else place.parent).mkdir()
    assert lab_name(place) == name


def test_a_host_may_name_what_its_container_is_made_of(root: Path) -> None:
    hosts = {host.name: host for host in load(root / "inventories" / "fax").hosts}
    assert hosts["fl-router"].image is None
    assert image.named(str(hosts["fl-fax"].image)).base is None
    assert image.named(str(hosts["exchange"].image)).base == "bullseye"


def test_an_image_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(LabError, match=r"'fux'.*exchange, fax"):
        image.named("fux")


def test_a_bad_line_is_read_and_a_wrong_one_refused() -> None:
    read = parse(
        listing(router={"faxnet_sites": SITES, "faxnet_site": "office", "lab_line": {"loss": 5, "jitter": 0.5}})
    )
    assert [host.line for host in read.hosts] == [Line(loss=5, delay=0, jitter=0.5)]
    for wrong in (5, {"los": 5}, {"loss": "5 %"}, {"loss": -1}, {"delay": True}, [1]):
        with pytest.raises(LabError, match="host router: lab_line is"):
            parse(listing(router={"faxnet_sites": SITES, "lab_line": wrong}))


def test_only_a_router_has_a_line_to_the_outside(tmp_path: Path) -> None:
    source = tmp_path / "hosts.yml"
    hosts = {"router": {"faxnet_sites": SITES, "faxnet_site": "office", "faxnet_address": "10.1.0.1"},
             "pc": {"faxnet_site": "office", "faxnet_address": "10.1.0.5", "lab_line": {"loss": 5}}}  # fmt: skip
    source.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    podman = Podman("podman", Runtime("crun", (), "of a test"))
    with pytest.raises(LabError, match=r"host pc: lab_line is for a router .*\(router\)"):
        lifecycle.up(podman, source, Progress())
