# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab that is brought up once more costs no more than a look; podman is a stand-in that remembers what it made."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tools.lab import lifecycle
from tools.lab.containers import LINE_LABEL, labels
from tools.lab.errors import LabError
from tools.lab.podman import Output, Podman
from tools.lab.progress import Progress
from tools.lab.runtime import Runtime

HOSTS = 10


def has(labels: dict[str, str], wanted: list[str]) -> bool:
    """Whether a container bears all of these labels: ``name=value``, or a name with any value."""
    return all(word in labels or word in {f"{name}={value}" for name, value in labels.items()} for word in wanted)


@dataclass(frozen=True, slots=True)
class StandIn(Podman):
    """Podman that makes nothing."""

    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    networks: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    systemd: dict[str, str] = field(default_factory=dict)
    #: For each coming removal, the containers that will not die.
    immortal: list[set[str]] = field(default_factory=list)

    def try_run(self, *arguments: str, stdin: str | None = None) -> Output:  # noqa: ARG002, nothing takes it
        """Answer as podman would."""
        out = ""
        if arguments[0] == "run":
            options = list(pairwise(arguments))
            name = dict(options)["--name"]
            labels = dict(value.split("=", 1) for option, value in options if option == "--label")
            self.containers[name] = {"Names": [name], "State": "running", "Labels": labels}
        elif arguments[:2] == ("network", "create"):
            self.networks.append(arguments[-1])
        elif arguments[0] == "ps":
            wanted = [value.removeprefix("label=") for option, value in pairwise(arguments) if option == "--filter"]
            out = json.dumps([row for row in self.containers.values() if has(row["Labels"], wanted)])
        elif arguments[:2] == ("network", "ls"):
            out = json.dumps([{"name": name} for name in self.networks])
        elif arguments[0] == "rm":
            left = self.immortal.pop(0) if self.immortal else set()
            for name in self.containers.keys() & set(arguments) - left:
                del self.containers[name]
            if left:
                return Output(125, "", "given PIDs did not die within timeout")
        elif "is-system-running" in arguments:
            self.asked.append(arguments[1])
            out = self.systemd.get(arguments[1], "running")
        return Output(0, out, "")

    def waited_for(self) -> int:
        """How many hosts were asked since the last time whether they are up."""
        count = len(self.asked)
        self.asked.clear()
        return count


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(lifecycle, "BUILD", tmp_path)
    monkeypatch.setattr(lifecycle, "_IMAGE_LOCK", tmp_path / "image")
    monkeypatch.setattr(lifecycle.limits, "check", lambda _containers: None)
    return StandIn("podman", Runtime(None, (), ""))


def up(podman: StandIn, root: Path) -> lifecycle.Lab:
    return lifecycle.up(podman, root / "inventories" / "two_offices", Progress(io.StringIO()))


def test_hosts_that_are_up_are_not_waited_for_again(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    assert podman.waited_for() == len(lab.container_of) == HOSTS
    up(podman, root)
    assert podman.waited_for() == 0


def test_a_host_that_was_made_anew_is(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    podman.waited_for()
    del podman.containers[lab.container_of["fl-pc1"]]
    up(podman, root)
    assert podman.asked == [lab.container_of["fl-pc1"]]


def test_after_a_start_that_failed_all_are(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    podman.waited_for()
    podman.systemd[lab.container_of["fl-pc1"]] = "degraded"
    del podman.containers[lab.container_of["fl-pc1"]]
    with pytest.raises(LabError, match="units failed"):
        up(podman, root)
    podman.waited_for()
    podman.systemd.clear()
    up(podman, root)
    assert podman.waited_for() == HOSTS


def test_containers_that_die_slowly_are_removed_all_the_same(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    slow = set(list(lab.container_of.values())[:2])
    podman.immortal.extend([slow, slow])
    lifecycle.down(podman, lifecycle.Which.named(lab.name), Progress(io.StringIO()))
    assert podman.containers == {}


def test_containers_that_do_not_die_at_all_are_named(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    one = lab.container_of["fl-pc1"]
    podman.immortal.extend([{one}] * 10)
    with pytest.raises(LabError, match=rf"podman rm failed \(.*{one}\): given PIDs did not die within timeout"):
        lifecycle.down(podman, lifecycle.Which.named(lab.name), Progress(io.StringIO()))
    assert set(podman.containers) == {one}


def test_a_line_that_was_left_a_bad_one_is_mended(podman: StandIn, root: Path) -> None:
    lab = up(podman, root)
    podman.run("run", "--name", "bad", *labels(lab.name), "--label", f"{LINE_LABEL}=fl-router")
    podman.run("run", "--name", "other", *labels("other"), "--label", f"{LINE_LABEL}=fl-router")
    up(podman, root)
    assert "bad" not in podman.containers
    assert "other" in podman.containers
