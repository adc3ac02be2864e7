# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Networks and containers of one lab: what they are called and how podman is told to make them. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tools.lab import vpn
from tools.lab.checkout import ROOT, mark
from tools.lab.errors import LabError
from tools.lab.network import Leg, Node, Topology
from tools.lab.runtime import Runtime

# Everything that belongs to a lab carries these labels with the lab's name and the checkout's folder: `down` finds its
# own by them, and never by a prefix (faxnet-two- would be one of faxnet-two-offices).
LABEL = "faxnet.lab"
CHECKOUT_LABEL = "faxnet.checkout"
# A container whose recipe changed since it was made is made anew; the label holds the recipe's digest.
RECIPE_LABEL = "faxnet.recipe"
# A container that makes a router's line a bad one names the router.
LINE_LABEL = "faxnet.line"
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
# systemd as process 1, rules and addresses, raw probes, units with DynamicUser or BindPaths, /dev/null in a chroot, and
# what root of a machine may: see whose socket it is, and enter the network of a container of its own.
_CAPABILITIES = "NET_ADMIN,NET_RAW,SYS_ADMIN,MKNOD,SYS_PTRACE"


@dataclass(frozen=True, slots=True)
class Container:
    """A container to be: its name in podman, the lab's name for it and the arguments of ``podman run``."""

    name: str
    node: str
    arguments: tuple[str, ...]
    recipe: str


def container_name(lab: str, node: str) -> str:
    """The container of a host in a lab of this checkout.

    Raises:
        LabError: podman would not take the name.
    """
    name = f"faxnet-{mark()}-{lab}-{node}"
    if not _NAME.fullmatch(name):
        raise LabError(f"host {node!r}: a container cannot have this name: use letters, digits, dot, dash, underscore")
    return name


def network_name(lab: str, segment: str) -> str:
    """The podman network of a segment."""
    return container_name(lab, f"net-{segment}")


def network_arguments(lab: str, segment: str) -> list[str]:
    """Arguments of podman that make a segment: a bridge and no more.

    Podman manages no addresses there (``--ipam-driver none``): containers bring their own, straight from the inventory.
    So a segment can't collide with a network of this machine or of another lab, whatever the addresses, and the machine
    has no address and no route in it.
    """
    return [
        "network", "create", "--internal", "--disable-dns", "--ipam-driver", "none", *labels(lab),
        network_name(lab, segment),
    ]  # fmt: skip


def labels(lab: str) -> list[str]:
    """Arguments of podman that say whose a container or network is."""
    return ["--label", f"{LABEL}={lab}", "--label", f"{CHECKOUT_LABEL}={ROOT}"]


def ip_batch(node: Node) -> list[str]:
    """Commands for ``ip -batch`` that give a container its addresses and routes, at each boot."""
    lines: list[str] = []
    for leg in node.legs:
        # Without duplicate address detection an IPv6 address can be used at once.
        lines.extend(
            f"address replace {address} dev {leg.interface}{' nodad' if address.version == 6 else ''}"
            for address in leg.addresses
        )
        lines.append(f"link set {leg.interface} up")
    for route in node.routes:
        source = f" src {route.source}" if route.source is not None else ""
        lines.append(f"route replace {route.network} via {route.via}{source}")
    return [*lines, *vpn.ways(node.mappings)]


def mac_address(lab: str, node: str, leg: Leg) -> str:
    """The leg's own link-layer address, locally administered (IEEE 802, the second bit of the first octet).

    A machine keeps it when it boots again. With a new one each time, its neighbours would send to the old one for as
    long as they remember it.
    """
    octets = hashlib.sha256(f"{lab}/{node}/{leg.interface}".encode()).digest()[:5]
    return "02:" + octets.hex(":")


def _settings(node: Node, *, ipv6: bool) -> list[str]:
    # Stated for all: without it a container takes over what this machine has. A gateway does not forward before its
    # role says so, as a router out of its box may not; that the role does it is then seen.
    forwards = int(node.forwards)
    settings = {"net.ipv4.ip_forward": forwards}
    if ipv6:
        settings["net.ipv6.conf.all.disable_ipv6"] = 0
        settings["net.ipv6.conf.default.disable_ipv6"] = 0
        settings["net.ipv6.conf.all.forwarding"] = forwards
        # Nobody else can have the address: the lab gave it out. Without asking around (RFC 4862) it is there at once.
        settings |= {f"net.ipv6.conf.{leg.interface}.accept_dad": 0 for leg in node.legs}
    return [part for name, value in settings.items() for part in ("--sysctl", f"{name}={value}")]


def container(lab: str, node: Node, image: str, runtime: Runtime) -> Container:
    """How a node's container is made."""
    networks = [
        part
        for leg in node.legs
        for part in (
            "--network",
            f"{network_name(lab, leg.segment)}:interface_name={leg.interface},mac={mac_address(lab, node.name, leg)}",
        )
    ]
    hosts = ";".join(f"{address} {name}" for name, address in node.neighbours)
    arguments = [
        "run", "--detach", "--systemd", "always", "--hostname", node.name,
        "--cap-add", _CAPABILITIES, "--security-opt", "unmask=/proc/sys",
        # Names and name servers of this machine mean nothing in the lab.
        "--no-hosts", "--dns", "none",
        "--env", f"FAXNET_LAB_IP={';'.join(ip_batch(node))}", "--env", f"FAXNET_LAB_HOSTS={hosts}",
        "--env", f"FAXNET_LAB_NFT={';'.join(vpn.rules(node.mappings))}",
        *_settings(node, ipv6=runtime.ipv6), *runtime.arguments, *networks,
    ]  # fmt: skip
    name = container_name(lab, node.name)
    recipe = hashlib.sha256(json.dumps([image, runtime.name, *arguments]).encode()).hexdigest()[:16]
    told = [*labels(lab), "--label", f"{RECIPE_LABEL}={recipe}"]
    return Container(name, node.name, (*arguments, *told, "--name", name, image, "/sbin/init"), recipe)


def containers(
    lab: str, topology: Topology, image: str, runtime: Runtime, others: Mapping[str, str] | None = None
) -> tuple[Container, ...]:
    """All containers of a lab.

    Args:
        lab: its name.
        topology: its network.
        image: what they are made of,
        runtime: and by what.
        others: the images of hosts that have one of their own.
    """
    own = others or {}
    return tuple(container(lab, node, own.get(node.name, image), runtime) for node in topology.nodes)
