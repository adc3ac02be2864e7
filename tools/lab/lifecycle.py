# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a lab up and take it down."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tools.lab import containers as recipes
from tools.lab import image as images
from tools.lab import inventory as inventories
from tools.lab import limits
from tools.lab import line as lines
from tools.lab.checkout import BUILD, ROOT
from tools.lab.errors import LabError
from tools.lab.network import Topology
from tools.lab.plain_router import PlainRouter
from tools.lab.podman import Podman
from tools.lab.progress import Progress
from tools.lab.proof import prove_wiring
from tools.lab.topology import topology

# One image serves every checkout of the machine.
_IMAGE_LOCK = Path("/run/lock/faxnet-lab-image")
# Two labs that start at once would both count on the same room.
_ROOM_LOCK = Path("/run/lock/faxnet-lab-room")
_BOOT_SECONDS = 60
_REMOVE = ("rm", "--force", "--time", "0", "--volumes")
_REMOVALS = 3  # times that podman is asked to remove containers; each waits some ten seconds for their processes
# Booting is mostly the processor's work; more at once than this only makes each of them slower.
_AT_ONCE = max(2, os.cpu_count() or 2)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab, up or not.

    Attributes:
        name: its name.
        inventory: the sites and hosts it was made from.
        topology: its network.
        container_of: container of each host.
    """

    name: str
    inventory: inventories.Inventory
    topology: Topology
    container_of: dict[str, str]

    @property
    def directory(self) -> Path:
        """Where the lab keeps its files."""
        return BUILD / self.name

    @property
    def connection(self) -> Path:
        """The inventory source that leads Ansible into the containers."""
        return self.directory / "inventory.yml"


def described(source: Path, name: str | None = None) -> Lab:
    """The lab that an inventory describes, whether it is up or not; nothing is made.

    Raises:
        LabError: the inventory can't be read or has no network to build.
    """
    read = inventories.load(source)
    lab, network = name or inventories.lab_name(source), topology(read)
    container_of = {node.name: recipes.container_name(lab, node.name) for node in network.nodes}
    return Lab(lab, read, network, container_of)


def up(
    podman: Podman,
    source: Path,
    progress: Progress,
    *,
    name: str | None = None,
    base: str | None = None,
    more: Path | None = None,
) -> Lab:
    """Make and start what is not there yet, and prove that the wires are right.

    Args:
        podman: podman.
        source: the inventory.
        progress: tells what is done.
        name: the lab's name; None: after the inventory.
        base: what the image stands on; None: what the environment says, or Debian.
        more: a folder with what goes on top of the lab's own image (``images.reference``).

    Raises:
        LabError: a step failed; what has been made so far stays for a look at it, `down` removes it.
    """
    with progress.step(f"reading {source}"):
        lab = described(source, name)
    network = lab.topology
    special = {host.name: images.named(host.image) for host in lab.inventory.hosts if host.image is not None}
    _check_lines(lab)
    for remark in network.remarks:
        progress.say(f"note: {remark}")
    progress.say(f"this machine: {podman.runtime.reason}")
    _check_versions(podman, network)
    with _locked(_IMAGE_LOCK, progress):
        image = images.ensure(podman, images.base_from(base), progress, more)
        others = {
            host: images.ensure(podman, images.base_from(recipe.base), progress, recipe.more)
            for host, recipe in special.items()
        }
    with _locked(BUILD / lab.name, progress):
        lines.mend(podman, lab.name, progress)
        wanted = recipes.containers(lab.name, network, image, podman.runtime, others)
        # Written last and taken away first: while it is there, all that was made has said that it is up.
        seen_up = lab.connection.exists()
        lab.connection.unlink(missing_ok=True)
        with _locked(_ROOM_LOCK, progress):
            fresh = _make(podman, lab.name, network, wanted, progress)
            booting = [each for each in wanted if not seen_up or each.name in fresh]
            if booting:
                with progress.step(f"waiting for systemd in {len(booting)} containers"):
                    _each(booting, lambda each: _wait_for_boot(podman, each.name))
        if len(fresh) == len(wanted):
            with progress.step(f"proving the wiring, {len(network.reaches)} ways"):
                prove_wiring(podman, network, lab.container_of)
        else:
            progress.say("the wiring is not proved again: hosts that were up already may have firewall rules by now")
        for host in lab.inventory.hosts:
            if host.line is not None:
                with progress.step(f"making the line of {host.name} a bad one: {host.line}"):
                    lines.make_bad(podman, lab.name, host.name, host.line, progress)
        inventories.write_connection(lab.directory, lab.inventory.hosts, lab.container_of)
    progress.say(f"lab {lab.name} is up: {len(wanted)} containers, {len(network.segments)} networks")
    return lab


def _check_lines(lab: Lab) -> None:
    outside = {node.name for node in lab.topology.nodes for leg in node.legs if leg.interface == lines.OUTSIDE}
    for host in lab.inventory.hosts:
        if host.line is not None and host.name not in outside:
            raise LabError(
                f"host {host.name}: lab_line is for a router with a line to the outside ({', '.join(sorted(outside))})"
            )


def _check_versions(podman: Podman, network: Topology) -> None:
    if network.uses_ipv6 and not podman.runtime.ipv6:
        raise LabError(
            "the inventory has IPv6 addresses, and this machine's kernel runs without IPv6 (no /proc/sys/net/ipv6): "
            "boot it without ipv6.disable=1, or rehearse with a copy of the inventory that has IPv4 addresses only"
        )


def _make(
    podman: Podman, lab: str, network: Topology, wanted: tuple[recipes.Container, ...], progress: Progress
) -> list[str]:
    """Make missing networks and containers, drop those with another recipe; the containers that were made."""
    here = {row["Names"][0]: row for row in _containers(podman, Which.named(lab))}
    keep = {
        each.name
        for each in wanted
        if each.name in here
        and here[each.name]["State"] == "running"
        and here[each.name]["Labels"].get(recipes.RECIPE_LABEL) == each.recipe
    }
    stale = sorted(set(here) - keep)
    if stale:
        with progress.step(f"removing {len(stale)} containers that are out of date"):
            podman.run("rm", "--force", "--time", "0", *stale)
    there = {row["name"] for row in _networks(podman, Which.named(lab))}
    segments = {recipes.network_name(lab, segment): segment for segment in network.segments}
    for unwanted in sorted(there - set(segments)):
        podman.run("network", "rm", unwanted)
    for missing in [segment for full, segment in segments.items() if full not in there]:
        progress.say(f"network {missing}")
        podman.run(*recipes.network_arguments(lab, missing))
    fresh = [each for each in wanted if each.name not in keep]

    def start(each: recipes.Container) -> None:
        podman.run(*each.arguments)
        progress.say(f"started {each.node}")

    if fresh:
        limits.make_sure(len(fresh), progress)
        with progress.step(f"starting {len(fresh)} containers, {_AT_ONCE} at a time"):
            _each(fresh, start)
    return [each.name for each in fresh]


@dataclass(frozen=True, slots=True)
class Which:
    """Which labs are meant.

    Attributes:
        words: what a person reads.
        filters: podman's filters for the labels of their containers and networks.
        files: their folders' pattern below this checkout's ``BUILD``; another checkout's files stay with it.
    """

    words: str
    filters: tuple[str, ...]
    files: str = "*"

    @classmethod
    def named(cls, lab: str) -> Which:
        """The one of this name that this checkout made."""
        own = cls.checkouts()
        return cls(f"lab {lab}", (*own.filters, f"label={recipes.LABEL}={lab}"), lab)

    @classmethod
    def checkouts(cls) -> Which:
        """Every lab that this checkout made."""
        return cls("any lab of this checkout", (f"label={recipes.CHECKOUT_LABEL}={ROOT}",))

    @classmethod
    def machines(cls) -> Which:
        """Every lab on this machine, whoever made it."""
        return cls("any lab", (f"label={recipes.LABEL}",))


def type_in(
    podman: Podman, source: Path, host: str, sheet: Path, progress: Progress, *, name: str | None = None
) -> None:
    """Set a router of a lab up by its worksheet, from the side and without Ansible: what was typed before goes.

    Raises:
        LabError: there is no such sheet, it cannot be typed in, or the lab is not up.
    """
    lab = described(source, name)
    router = PlainRouter.before(lab.inventory, host)
    try:
        text = sheet.read_text(encoding="utf-8")
    except OSError as problem:
        raise LabError(
            f"{sheet}: {problem.strerror}; `deploy` writes worksheets/{host}.txt beside the plan"
        ) from problem
    with progress.step(f"typing {sheet} into {host}"):
        podman.run("exec", "--interactive", lab.container_of[host], "nft", "-f", "-", stdin=router.typed_in(text))
        podman.run("exec", lab.container_of[host], "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1")


def down(podman: Podman, which: Which, progress: Progress) -> None:
    """Remove labs, also what a broken run left.

    Raises:
        LabError: podman cannot, also not when it is asked again.
    """
    names = _names(podman, which)
    if names:
        with progress.step(f"removing {len(names)} containers"):
            _remove(podman, which, names)
    networks = sorted(row["name"] for row in _networks(podman, which))
    if networks:
        with progress.step(f"removing {len(networks)} networks"):
            podman.run("network", "rm", "--force", *networks)
    for folder in sorted(path for path in BUILD.glob(which.files) if path.is_dir()):
        shutil.rmtree(folder)
    if not names and not networks:
        progress.say(f"there is nothing to remove of {which.words}")


def _names(podman: Podman, which: Which) -> list[str]:
    return sorted(row["Names"][0] for row in _containers(podman, which))


def _remove(podman: Podman, which: Which, names: list[str]) -> None:
    """Remove containers, and ask again for what is left: podman gives one up whose processes die slowly."""
    for _patience in range(_REMOVALS - 1):
        if podman.try_run(*_REMOVE, *names).status == 0:
            return
        names = _names(podman, which)
        if not names:
            return
    podman.run(*_REMOVE, *names)


def status(podman: Podman, which: Which) -> list[tuple[str, str, str, str]]:
    """Checkout, lab, container or network, and state of everything that labs have here."""
    found = [(row["Labels"], row["Names"][0], row["Status"]) for row in _containers(podman, which)]
    found += [(row["labels"], row["name"], "network") for row in _networks(podman, which)]
    return sorted(
        (labels.get(recipes.CHECKOUT_LABEL, ""), labels[recipes.LABEL], name, state) for labels, name, state in found
    )


def _containers(podman: Podman, which: Which) -> list[dict[str, Any]]:
    return podman.listed("ps", "--all", *_filters(which))


def _networks(podman: Podman, which: Which) -> list[dict[str, Any]]:
    return podman.listed("network", "ls", *_filters(which))


def _filters(which: Which) -> list[str]:
    # Labels of several filters must all be there.
    return [word for each in which.filters for word in ("--filter", each)]


def _wait_for_boot(podman: Podman, container: str) -> None:
    """Wait until a container's systemd says "running".

    Raises:
        LabError: units failed, or it took too long.
    """
    end = time.monotonic() + _BOOT_SECONDS
    while True:
        answer = podman.try_run("exec", container, "timeout", "5", "systemctl", "is-system-running", "--wait")
        state = answer.out.strip()
        if state == "running":
            return
        if state == "degraded":
            failed = podman.try_run("exec", container, "systemctl", "--failed", "--no-legend", "--plain").out.strip()
            raise LabError(
                f"{container}: systemd is up but units failed:\n{failed}\nlook at them with "
                f"`podman exec {container} journalctl -b`"
            )
        if time.monotonic() > end:
            logs = podman.try_run("logs", "--tail", "10", container)
            raise LabError(
                f"{container}: systemd is {state or answer.error.strip()!r} after {_BOOT_SECONDS} s; its last words:\n"
                f"{logs.out}{logs.error}"
            )
        time.sleep(0.2)


def _each(items: Iterable[_Item], action: Callable[[_Item], None]) -> None:
    """Do it for all, some at a time; the first error ends the wait for the rest."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for future in [pool.submit(action, item) for item in items]:
            future.result()


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """One at a time: a second `up` of the same lab waits for the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"waiting for another run that works on {path.name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
