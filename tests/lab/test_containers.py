# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How podman is told to make networks and containers, and when an image is another one."""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tools.lab import image
from tools.lab.checkout import mark
from tools.lab.containers import container, container_name, containers, ip_batch, mac_address, network_arguments
from tools.lab.errors import LabError
from tools.lab.lifecycle import Which
from tools.lab.network import Leg, Node, Route, Topology
from tools.lab.runtime import Runtime
from tools.lab.ssh import Way, address_of, write_inventory

PLAIN = Runtime(None, (), "")


def interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(text)


PC = Node(
    "pc",
    (Leg("office", "lan0", (interface("10.1.0.5/24"), interface("2001:db8:1::5/64"))),),
    (Route(ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_address("10.1.0.1")),),
    neighbours=(("pc", ipaddress.ip_address("10.1.0.5")),),
)
ROUTER = Node(
    "router",
    (
        Leg("office", "lan0", (interface("10.1.0.1/24"),)),
        Leg("wan-198.51.100.0", "wan0", (interface("198.51.100.10/24"),)),
    ),
    (),
)
FAR = Node("far", (Leg("elsewhere", "lan0", (interface("192.0.2.66/24"),)),), ())
LAB = Topology(("office", "wan-198.51.100.0", "elsewhere"), (PC, ROUTER, FAR), ())
NAMES = {node.name: container_name("x", node.name) for node in LAB.nodes}


def test_a_container_brings_its_addresses_and_routes_itself() -> None:
    assert ip_batch(PC) == [
        "address replace 10.1.0.5/24 dev lan0",
        "address replace 2001:db8:1::5/64 dev lan0 nodad",
        "link set lan0 up",
        "route replace 0.0.0.0/0 via 10.1.0.1",
    ]


def test_a_route_may_say_which_address_it_is_used_with() -> None:
    default, via, own = ipaddress.ip_network("::/0"), ipaddress.ip_address("2001:2::1"), PC.legs[0].addresses[1].ip
    routed = Node("pc", PC.legs, (Route(default, via, own),))
    assert ip_batch(routed)[-1] == "route replace ::/0 via 2001:2::1 src 2001:db8:1::5"


def test_ipv6_is_on_and_its_addresses_need_no_waiting() -> None:
    arguments = container("x", PC, "image", PLAIN).arguments
    assert {"net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.lan0.accept_dad=0"} < set(arguments)


def test_a_machine_without_ipv6_is_asked_for_no_setting_of_it() -> None:
    arguments = container("x", PC, "image", Runtime(None, (), "", ipv6=False)).arguments
    assert not [argument for argument in arguments if argument.startswith("net.ipv6")]
    assert "net.ipv4.ip_forward=0" in arguments


def test_podman_gives_a_segment_no_addresses_and_no_way_out() -> None:
    arguments = network_arguments("x", "office")
    assert arguments[-1] == container_name("x", "net-office")
    assert {"--internal", "--disable-dns"} < set(arguments)
    assert arguments[arguments.index("--ipam-driver") + 1] == "none"
    assert "--subnet" not in arguments


def test_only_the_internet_router_forwards_from_the_start() -> None:
    forwarding = Node("internet", PC.legs, (), forwards=True)
    assert "net.ipv4.ip_forward=1" in container("x", forwarding, "image", PLAIN).arguments
    assert "net.ipv4.ip_forward=0" in container("x", PC, "image", PLAIN).arguments


def test_another_image_runtime_or_address_makes_another_recipe() -> None:
    moved = Node("pc", (Leg("office", "lan0", (interface("10.1.0.6/24"),)),), PC.routes, neighbours=PC.neighbours)
    recipes = {
        container("x", PC, "image", PLAIN).recipe,
        container("x", PC, "image2", PLAIN).recipe,
        container("x", PC, "image", Runtime("runc", (), "")).recipe,
        container("x", PC, "image", Runtime(None, ("nofile=5:5",), "")).recipe,
        container("x", moved, "image", PLAIN).recipe,
    }
    assert len(recipes) == 5
    assert container("x", PC, "image", PLAIN).recipe in recipes


def test_a_host_may_have_an_image_of_its_own() -> None:
    made = containers("x", LAB, "image", PLAIN, {"far": "another"})
    assert {each.node: each.arguments[-2] for each in made} == {"pc": "image", "router": "image", "far": "another"}


def test_a_leg_keeps_its_own_link_layer_address() -> None:
    legs = [(node.name, leg) for node in LAB.nodes for leg in node.legs]
    addresses = [mac_address("x", name, leg) for name, leg in legs]
    assert len(set(addresses)) == len(legs)
    assert addresses == [mac_address("x", name, leg) for name, leg in legs]
    assert all(re.fullmatch(r"02(:[0-9a-f]{2}){5}", address) for address in addresses)
    assert any(f"mac={addresses[0]}" in argument for argument in container("x", PC, "image", PLAIN).arguments)


@pytest.mark.parametrize("which", [Which.named("two_offices"), Which.checkouts(), Which.machines()])
def test_a_container_and_a_network_carry_the_labels_that_down_looks_for(which: Which) -> None:
    """podman takes what has all labels that it is asked for."""
    wanted = {each.removeprefix("label=") for each in which.filters}
    for arguments in (container("two_offices", PC, "image", PLAIN).arguments, network_arguments("two_offices", "wan")):
        labels = {value for option, value in pairwise(arguments) if option == "--label"}
        assert wanted <= labels | {label.partition("=")[0] for label in labels}


def test_checkouts_of_one_machine_do_not_meet(root: Path) -> None:
    assert mark(root) == mark()
    assert mark(root / "other") != mark()
    assert container_name("two_offices", "pc") == f"faxnet-{mark()}-two_offices-pc"
    assert f"label=faxnet.checkout={root}" in Which.named("two_offices").filters
    assert f"label=faxnet.checkout={root}" in Which.checkouts().filters
    assert not any("checkout" in each for each in Which.machines().filters)


def test_a_name_that_podman_refuses_is_refused_first() -> None:
    with pytest.raises(LabError, match="host 'fax server': a container cannot have this name"):
        container_name("x", "fax server")


@pytest.mark.parametrize(
    ("base", "suite"),
    [("bookworm", True), ("trixie", True), ("debian:12", False), ("registry.example.com/debian", False)],
)
def test_a_plain_word_is_a_suite_and_all_else_an_image(base: str, suite: bool) -> None:
    assert image.is_suite(base) is suite


def test_the_option_beats_the_environment_and_that_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_IMAGE", raising=False)
    assert image.base_from(None) == image.DEFAULT_BASE
    monkeypatch.setenv("LAB_IMAGE", "trixie")
    assert image.base_from(None) == "trixie"
    assert image.base_from("debian:13") == "debian:13"


def test_an_image_has_another_name_when_its_base_a_package_or_a_file_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = image.reference("bookworm")
    assert re.fullmatch(r"localhost/faxnet-lab:bookworm-[0-9a-f]{12}", first)
    assert image.reference("bookworm") == first
    assert image.reference("debian:12") != first
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "tcpdump"))
    with_package = image.reference("bookworm")
    (tmp_path / "prepare.sh").write_text("true\n")
    monkeypatch.setattr(image, "_HERE", tmp_path)
    monkeypatch.setattr(image, "_ROOTFS", tmp_path / "rootfs")
    monkeypatch.setattr(image, "_PREPARE", tmp_path / "prepare.sh")
    assert len({first, with_package, image.reference("bookworm")}) == 3


def test_what_goes_on_top_of_the_labs_image_names_an_image_of_its_own(tmp_path: Path) -> None:
    plain, more = image.reference("bookworm"), tmp_path / "some_lab" / "image"
    more.mkdir(parents=True)
    (more / "Containerfile").write_text("ARG LAB\nFROM ${LAB}\n")
    first = image.reference("bookworm", more)
    assert re.fullmatch(r"localhost/faxnet-lab:bookworm-some-lab-[0-9a-f]{12}", first)
    (more / "settings").write_text("a = 1\n")
    assert len({plain, first, image.reference("bookworm", more)}) == 3


@pytest.mark.parametrize(
    ("target", "control", "version", "address"),
    [
        ("pc", "router", None, "10.1.0.5"),
        ("pc", "router", 6, "2001:db8:1::5"),
        ("router", "pc", None, "10.1.0.1"),
        ("router", "far", 4, "198.51.100.10"),
    ],
)
def test_ssh_goes_to_the_address_that_the_control_host_meets(
    target: str, control: str, version: int | None, address: str
) -> None:
    assert str(address_of(LAB, target, control, version)) == address


def test_a_host_without_an_address_of_the_wanted_version_is_named() -> None:
    with pytest.raises(LabError, match="router has no IPv6 address that far could connect to"):
        address_of(LAB, "router", "far", 6)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A lab's folder with a key in it."""
    (tmp_path / "ssh").mkdir()
    (tmp_path / "ssh" / "id_ed25519").touch()
    return tmp_path


def test_ssh_begins_in_the_control_container(keys: Path) -> None:
    path = write_inventory(keys, LAB, NAMES, {"router": Way("far")})
    values = yaml.safe_load((path.parent / "host_vars" / "router.yml").read_text())
    assert values["ansible_host"] == "198.51.100.10"
    assert values["ansible_ssh_common_args"] == f"-F {keys}/ssh/config"
    assert (keys / "ssh" / "config").read_text().splitlines()[:3] == [
        "Host 198.51.100.10",
        f"  ProxyCommand podman exec --interactive {container_name('x', 'far')} nc -N %h %p",
        "Host *",
    ]


def test_ssh_goes_on_from_a_jump_host_that_it_reaches_from_the_control_container(keys: Path) -> None:
    path = write_inventory(keys, LAB, NAMES, {"pc": Way("far", jump="router", version=6), "router": Way("far")})
    values = yaml.safe_load((path.parent / "host_vars" / "pc.yml").read_text())
    assert values["ansible_host"] == "2001:db8:1::5"
    assert values["ansible_ssh_common_args"] == f"-F {keys}/ssh/config -o ProxyJump=root@198.51.100.10"
    assert (keys / "ssh" / "config").read_text().count("ProxyCommand") == 1


def test_an_address_is_reached_from_one_control_alone(keys: Path) -> None:
    here = Node("here", (Leg("elsewhere", "lan0", (interface("192.0.2.67/24"),)),), ())
    lab = Topology(LAB.segments, (*LAB.nodes, here), ())
    ways = {"pc": Way("far", jump="router"), "router": Way("here")}
    with pytest.raises(LabError, match=r"both far and here connect to 198\.51\.100\.10: choose one of them"):
        write_inventory(keys, lab, {**NAMES, "here": "x"}, ways)
