# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel modules that nobody loads by himself: the half of a connection-tracking helper that translates.

`ct helper` in a rule makes the kernel load nf_conntrack_ftp (nf_conntrack_helper_try_module_get), and never nf_nat_ftp.
Without it a router lets the data connection in and leaves the client's own address in what it tells the server, which
leads nowhere. So a router that translates loads both, now and at boot, and one that cannot is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine

#: systemd-modules-load.service reads it, after which our unit loads the rules (modules-load.d(5)).
MODULES_FILE = "/etc/modules-load.d/faxnet.conf"
_TEXT = """\
# Written by faxnet.deploy: the rules watch flows with these helpers of connection tracking.
{names}"""
_CURE = (
    "install the kernel's package that holds it (linux-modules-extra on Ubuntu, kernel-modules-extra on Red Hat's; in "
    "a container, load it on the machine that runs it: modprobe {name}), or switch the flow off"
)


def file_text(names: Sequence[str]) -> str | None:
    """The text of the file that has modules loaded at boot, None for no file."""
    return _TEXT.format(names="".join(name + "\n" for name in names)) if names else None


def to_load(machine: Machine, names: Sequence[str]) -> tuple[str, ...]:
    """Which of the modules are not in the kernel now. Raises FirewallError for those that it cannot have."""
    absent = tuple(name for name in names if not _in_kernel(machine, name))
    missing = [name for name in absent if not _loadable(machine, name)]
    if missing:
        said = "; ".join(
            f"this host's kernel has no module {name}, which flows through this router need: " + _CURE.format(name=name)
            for name in missing
        )
        raise FirewallError(f"nothing was changed: {said}")
    return absent


def load(machine: Machine, names: Sequence[str]) -> None:
    """Load modules. Raises FirewallError when one does not come."""
    for name in names:
        ran = machine.run([machine.program("modprobe", "install the package kmod"), name], None)
        if ran.code != 0:
            raise FirewallError(
                f"the kernel module {name} cannot be loaded (modprobe says: {ran.err.strip()}); look in "
                "/etc/modprobe.d whether it is forbidden"
            )


def unloading(machine: Machine, names: Sequence[str]) -> str:
    """Lines of a shell script that take modules away again, unless somebody else uses them by now."""
    modprobe = machine.find("modprobe")
    if not modprobe:
        return ""
    return "".join(f"'{modprobe}' -r -q {name} 2>/dev/null\n" for name in reversed(names))


def _in_kernel(machine: Machine, name: str) -> bool:
    """Whether a module is loaded, or built in."""
    if os.path.isdir(machine.path(f"/sys/module/{name}")):
        return True
    loaded = machine.read("/proc/modules")
    if re.search(rf"^{name} ", loaded or "", re.MULTILINE):
        return True
    if re.search(rf"/{name}\.ko\b", _of_kernel(machine, "modules.builtin")):
        return True
    # A kernel that loads no modules has all that it has built in, and often nothing that says so but its symbols.
    return loaded is None and bool(re.search(rf" {name}(_init)?$", machine.read("/proc/kallsyms") or "", re.MULTILINE))


def _loadable(machine: Machine, name: str) -> bool:
    modprobe = machine.find("modprobe")
    if modprobe:
        return machine.run([modprobe, "--dry-run", "--quiet", name], None).code == 0
    # To be told of the program that is missing, where the module is there.
    return bool(re.search(rf"/{name}\.ko\b", _of_kernel(machine, "modules.dep")))


def _of_kernel(machine: Machine, name: str) -> str:
    """A list of the running kernel's modules; empty where it is not there."""
    release = (machine.read("/proc/sys/kernel/osrelease") or "").strip()
    return machine.read(f"/lib/modules/{release}/{name}") or ""
