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
from tools.lab.errors import LabError
from tools.lab.network import Topology
from tools.lab.podman import Podman
from tools.lab.progress import Progress
from tools.lab.proof import prove_wiring
from tools.lab.topology import topology

BUILD = Path(__file__).parents[2] / ".build" / "lab"
_BOOT_SECONDS = 60
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


def up(podman: Podman, source: Path, progress: Progress, *, name: str | None = None, base: str | None = None) -> Lab:
    """Make and start what is not there yet, and prove that the wires are right.

    Raises:
        LabError: a step failed; what has been made so far stays for a look at it, `down` removes it.
    """
    with progress.step(f"reading {source}"):
        lab = described(source, name)
    network = lab.topology
    for remark in network.remarks:
        progress.say(f"note: {remark}")
    progress.say(f"this machine: {podman.runtime.reason}")
    _check_versions(podman, network)
    with _locked("image", progress):
        image = images.ensure(podman, images.base_from(base), progress)
    with _locked(lab.name, progress):
        wanted = recipes.containers(lab.name, network, image, podman.runtime)
        fresh = _make(podman, lab.name, network, wanted, progress)
        with progress.step(f"waiting for systemd in {len(wanted)} containers"):
            _each(wanted, lambda each: _wait_for_boot(podman, each.name))
        if len(fresh) == len(wanted):
            with progress.step(f"proving the wiring, {len(network.reaches)} ways"):
                prove_wiring(podman, network, lab.container_of)
        else:
            progress.say("the wiring is not proved again: hosts that were up already may have firewall rules by now")
        inventories.write_connection(lab.directory, lab.inventory.hosts, lab.container_of)
    progress.say(f"lab {lab.name} is up: {len(wanted)} containers, {len(network.segments)} networks")
    return lab


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
    here = {row["Names"][0]: row for row in _containers(podman, lab)}
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
    there = {row["name"] for row in _networks(podman, lab)}
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
        limits.check(len(fresh))
        with progress.step(f"starting {len(fresh)} containers, {_AT_ONCE} at a time"):
            _each(fresh, start)
    return [each.name for each in fresh]


def down(podman: Podman, lab: str | None, progress: Progress) -> None:
    """Remove a lab, or all labs (None), also what a broken run left."""
    rows = _containers(podman, lab)
    names = sorted(row["Names"][0] for row in rows)
    if names:
        with progress.step(f"removing {len(names)} containers"):
            podman.run("rm", "--force", "--time", "0", "--volumes", *names)
    networks = sorted(row["name"] for row in _networks(podman, lab))
    if networks:
        with progress.step(f"removing {len(networks)} networks"):
            podman.run("network", "rm", "--force", *networks)
    folders = [BUILD / lab] if lab else sorted(path for path in BUILD.glob("*") if path.is_dir())
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
    if not names and not networks:
        progress.say(f"there is nothing to remove of {'lab ' + lab if lab else 'any lab'}")


def status(podman: Podman, lab: str | None) -> list[tuple[str, str, str]]:
    """Lab, container and state of everything that labs have here."""
    rows = [(row["Labels"][recipes.LABEL], row["Names"][0], row["Status"]) for row in _containers(podman, lab)]
    rows += [(row["labels"][recipes.LABEL], row["name"], "network") for row in _networks(podman, lab)]
    return sorted(rows)


def _filter(lab: str | None) -> str:
    return f"label={recipes.LABEL}" + (f"={lab}" if lab else "")


def _containers(podman: Podman, lab: str | None) -> list[dict[str, Any]]:
    return podman.listed("ps", "--all", "--filter", _filter(lab))


def _networks(podman: Podman, lab: str | None) -> list[dict[str, Any]]:
    return podman.listed("network", "ls", "--filter", _filter(lab))


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
def _locked(name: str, progress: Progress) -> Iterator[None]:
    """One at a time: a second `up` of the same lab waits for the first."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / f"{name}.lock").open("w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"waiting for another run that works on {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
