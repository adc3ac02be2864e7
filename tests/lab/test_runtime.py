# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which runtime and limits a machine needs, as a table of machines."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest

from tools.lab import lifecycle
from tools.lab.errors import LabError
from tools.lab.podman import Podman
from tools.lab.progress import Progress
from tools.lab.runtime import Cgroups, Machine, Runtime, cgroups_of, has_ipv6, has_sys_resource, runtime_for

LIMITS = ("nofile=20000:20000", "nproc=32768:32768")


def machine(
    cgroups: Cgroups, default: str = "crun", runtimes: tuple[str, ...] = ("crun", "runc"), *, may_raise: bool = True
) -> Machine:
    return Machine(cgroups, may_raise, 20000, 32768, default, runtimes)


@pytest.mark.parametrize(
    ("given", "name", "ulimits"),
    [
        pytest.param(machine(Cgroups.V2), None, (), id="a laptop with cgroup v2 keeps its defaults"),
        pytest.param(machine(Cgroups.V1), None, (), id="cgroup v1 alone suits crun"),
        pytest.param(machine(Cgroups.HYBRID), "runc", (), id="hybrid needs runc"),
        pytest.param(machine(Cgroups.HYBRID, "runc"), None, (), id="hybrid with runc as default"),
        pytest.param(machine(Cgroups.V2, may_raise=False), None, LIMITS, id="no CAP_SYS_RESOURCE: limits as they are"),
        pytest.param(machine(Cgroups.HYBRID, may_raise=False), "runc", LIMITS, id="both"),
        pytest.param(machine(Cgroups.V2, "runc", ("runc",)), None, (), id="no crun at all"),
    ],
)
def test_a_machine_gets_the_runtime_it_needs(given: Machine, name: str | None, ulimits: tuple[str, ...]) -> None:
    runtime = runtime_for(given)
    assert (runtime.name, runtime.ulimits) == (name, ulimits)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (machine(Cgroups.HYBRID, runtimes=("crun",)), "runc is not installed: install runc"),
        (machine(Cgroups.V2, runtimes=()), "default runtime 'crun' is not installed"),
    ],
)
def test_a_missing_runtime_is_named_with_the_cure(given: Machine, message: str) -> None:
    with pytest.raises(LabError, match=message):
        runtime_for(given)


@pytest.mark.parametrize(
    ("made", "cgroups"), [("cgroup.controllers", Cgroups.V2), ("unified", Cgroups.HYBRID), ("memory", Cgroups.V1)]
)
def test_the_layout_of_control_groups_is_seen(tmp_path: Path, made: str, cgroups: Cgroups) -> None:
    if "." in made:
        (tmp_path / made).touch()
    else:
        (tmp_path / made).mkdir()
    assert cgroups_of(tmp_path) is cgroups


def test_a_kernel_without_ipv6_is_found_out_and_said(tmp_path: Path) -> None:
    assert not has_ipv6(tmp_path)
    (tmp_path / "ipv6").mkdir()
    assert has_ipv6(tmp_path)
    without = runtime_for(dataclasses.replace(machine(Cgroups.V2), ipv6=False))
    assert not without.ipv6
    assert without.reason.endswith("no IPv6")


def test_an_inventory_with_ipv6_is_refused_where_the_kernel_has_none(root: Path) -> None:
    podman = Podman("/bin/false", Runtime(None, (), "no IPv6", ipv6=False))
    with pytest.raises(
        LabError, match=r"runs without IPv6 .*: boot it without ipv6\.disable=1, or rehearse with a copy"
    ):
        lifecycle.up(podman, root / "inventories" / "dual_stack", Progress(io.StringIO()))


@pytest.mark.parametrize(
    ("mask", "held"), [("000001ffffffffff", True), ("000001fffeffffff", False), ("0000000000000000", False)]
)
def test_the_capability_is_read_from_the_mask(mask: str, held: bool) -> None:
    assert has_sys_resource(f"Name:\tpython3\nCapEff:\t{mask}\n") is held
