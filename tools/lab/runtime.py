# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which container runtime and limits this machine needs.

Podman's default runtime (crun) refuses the hybrid cgroup layout, without CAP_SYS_RESOURCE no container can be given
higher limits than podman itself has, and a kernel booted without IPv6 has no settings for it. All of these are
properties of the machine, so they are looked up and never asked for.
"""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tools.lab.errors import LabError

# The effective capability set is a bit mask in hexadecimal; the bit's number: linux/capability.h, CAP_SYS_RESOURCE.
_CAP_SYS_RESOURCE = 24


class Cgroups(Enum):
    """The layout of the machine's control groups."""

    V1 = "v1"
    HYBRID = "hybrid"
    V2 = "v2"


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides how a container can be started.

    Attributes:
        cgroups: layout of the control groups.
        sys_resource: whether limits may be raised (CAP_SYS_RESOURCE).
        open_files: hard limit of open files of this process, a count.
        processes: hard limit of processes that podman will have, a count.
        default_runtime: podman's own choice, for example ``crun``.
        runtimes: runtimes found on the machine.
        ipv6: whether the kernel can do IPv6.
    """

    cgroups: Cgroups
    sys_resource: bool
    open_files: int
    processes: int
    default_runtime: str
    runtimes: Collection[str]
    ipv6: bool = True


@dataclass(frozen=True, slots=True)
class Runtime:
    """How podman is called on this machine.

    Attributes:
        name: runtime to name, or None for podman's default.
        ulimits: values for ``--ulimit``.
        ipv6: whether containers can have IPv6 at all.
        reason: one sentence for the person who looks on.
    """

    name: str | None
    ulimits: tuple[str, ...]
    reason: str
    ipv6: bool = True

    @property
    def arguments(self) -> list[str]:
        """Arguments for ``podman run`` (and ``build``, but for ``--runtime``, which is a global option there too)."""
        return [argument for limit in self.ulimits for argument in ("--ulimit", limit)]

    @property
    def global_arguments(self) -> list[str]:
        """Arguments that stand before podman's command."""
        return ["--runtime", self.name] if self.name else []


def runtime_for(machine: Machine) -> Runtime:
    """Decide on runtime and limits.

    Raises:
        LabError: the machine needs a runtime that is not installed.
    """
    name: str | None = None
    reasons = [f"cgroup {machine.cgroups.value}"]
    if machine.cgroups is Cgroups.HYBRID and machine.default_runtime == "crun":
        if "runc" not in machine.runtimes:
            raise LabError(
                "this machine has cgroups in hybrid mode, which the runtime crun refuses, and runc is not installed: "
                "install runc (apt-get install runc), or boot with systemd.unified_cgroup_hierarchy=1"
            )
        name = "runc"
    elif machine.default_runtime not in machine.runtimes:
        raise LabError(
            f"podman's default runtime {machine.default_runtime!r} is not installed: apt-get install crun (or runc)"
        )
    reasons.append(f"runtime {name or machine.default_runtime}")
    ulimits: tuple[str, ...] = ()
    if not machine.sys_resource:
        ulimits = (
            f"nofile={machine.open_files}:{machine.open_files}",
            f"nproc={machine.processes}:{machine.processes}",
        )
        reasons.append(f"no CAP_SYS_RESOURCE, so limits stay at {' and '.join(ulimits)}")
    if not machine.ipv6:
        reasons.append("no IPv6")
    return Runtime(name, ulimits, ", ".join(reasons), machine.ipv6)


def cgroups_of(root: Path = Path("/sys/fs/cgroup")) -> Cgroups:
    """The layout found below ``root``."""
    if (root / "cgroup.controllers").exists():
        return Cgroups.V2
    return Cgroups.HYBRID if (root / "unified").is_dir() else Cgroups.V1


def has_ipv6(settings: Path = Path("/proc/sys/net")) -> bool:
    """Whether the kernel can do IPv6. Switched off by sysctl it still can, in a network name space of its own."""
    return (settings / "ipv6").is_dir()


def has_sys_resource(status: str) -> bool:
    """Whether the text of ``/proc/self/status`` shows CAP_SYS_RESOURCE as effective."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_RESOURCE & 1)
    return False


def this_machine(podman_info: str) -> Machine:
    """Look the machine up.

    Args:
        podman_info: output of ``podman info --format json``.
    """
    pid_max = int(Path("/proc/sys/kernel/pid_max").read_text(encoding="ascii"))
    # Podman lowers its own process limit to pid_max when it starts (containers/common, getDefaultProcessLimits), and
    # what has been lowered can't be raised again without CAP_SYS_RESOURCE.
    processes = _at_most(resource.getrlimit(resource.RLIMIT_NPROC)[1], pid_max)
    files = _at_most(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1 << 20)
    default = json.loads(podman_info)["host"]["ociRuntime"]["name"]
    return Machine(
        cgroups=cgroups_of(),
        sys_resource=has_sys_resource(Path("/proc/self/status").read_text(encoding="ascii")),
        open_files=files,
        processes=processes,
        default_runtime=default,
        runtimes=tuple(name for name in ("crun", "runc") if shutil.which(name, path=_SYSTEM_PATH)),
        ipv6=has_ipv6(),
    )


# runc lives in /usr/sbin on Debian, which is not on every person's PATH.
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _at_most(limit: int, ceiling: int) -> int:
    """A limit that may be "infinity" (-1), held at ``ceiling``."""
    return ceiling if limit == resource.RLIM_INFINITY else min(limit, ceiling)
