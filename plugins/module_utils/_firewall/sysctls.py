# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router's kernel settings: forwarding, and what keeps it from cutting the router itself off.

Linux takes no default route from router advertisements any more, and drops the one it has, once it forwards IPv6 itself
(rt6_purge_dflt_routers in net/ipv6/route.c), unless the interface's accept_ra is 2 (ip-sysctl.rst). So accept_ra
becomes 2 before forwarding is switched on, where the default route is such a one. Where another program reads the
advertisements (systemd-networkd, NetworkManager), accept_ra is 0 and stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import (
    default_routes_by_advertisement,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    SYSCTL_FILE,
    FirewallError,
    Machine,
)

_FORWARDING_6 = "net.ipv6.conf.all.forwarding"
#: With slashes, the name of an interface may hold dots (sysctl.d(5)).
_ACCEPT_RA = "net/ipv6/conf/{}/accept_ra"
_IS_ACCEPT_RA = re.compile(r"net/ipv6/conf/(?P<interface>[^/]+)/accept_ra")

_TEXT = """\
# Written by faxnet.deploy: this host is a router of the plan.
# Before that: {before}
{settings}"""


def targets(machine: Machine, names: Sequence[str]) -> dict[str, str]:
    """The settings that `names`, which must be 1, are to be with, in the order in which they are to be written."""
    found: dict[str, str] = {}
    if _FORWARDING_6 in names:
        found.update((name, "2") for name, _value in before(machine) if _IS_ACCEPT_RA.fullmatch(name))
        # A host that forwards already has only such default routes as forwarding leaves it.
        if read(machine, _FORWARDING_6) == "0" and machine.find("ip"):
            for interface in default_routes_by_advertisement(machine):
                name = _ACCEPT_RA.format(interface)
                if (machine.read(path(name)) or "").strip() == "1":
                    found[name] = "2"
    found.update(dict.fromkeys(names, "1"))
    return found


def file_text(machine: Machine, wanted: Mapping[str, str]) -> str | None:
    """The text of our file for these settings, None for no file."""
    if not wanted:
        return None
    known = dict(before(machine))
    was = {name: known[name] if name in known else read(machine, name) for name in wanted}
    return _TEXT.format(
        before=" ".join(f"{name}={was[name]}" for name in wanted),
        settings="".join(f"{name} = {value}\n" for name, value in wanted.items()),
    )


def before(machine: Machine) -> list[tuple[str, str]]:
    """Kernel settings and the values they had before we first changed them, from our own file."""
    text = machine.read(SYSCTL_FILE) or ""
    line = re.search(r"^# Before that: (.*)$", text, re.MULTILINE)
    return re.findall(r"(\S+)=(\S+)", line.group(1)) if line else []


def read(machine: Machine, name: str) -> str:
    """The value of a kernel setting such as net.ipv4.ip_forward."""
    value = machine.read(path(name))
    if value is None:
        raise FirewallError(f"this host's kernel has no setting {name}; is IPv6 switched off?")
    return value.strip()


def path(name: str) -> str:
    """The file under /proc/sys of a kernel setting, whose name is in dots, or in slashes."""
    return "/proc/sys/" + (name if "/" in name else name.replace(".", "/"))


def changes(machine: Machine, wanted: Mapping[str, str]) -> dict[str, str]:
    """Kernel settings whose value must change now, in order, with the new value; what is not wanted is as before us."""
    # What was set last is taken back first.
    target = {name: value for name, value in reversed(before(machine)) if name not in wanted}
    target.update(wanted)
    return {name: value for name, value in target.items() if _there(machine, name) and read(machine, name) != value}


def _there(machine: Machine, name: str) -> bool:
    """Whether the setting is there: that of an interface may be gone with it."""
    return not _IS_ACCEPT_RA.fullmatch(name) or machine.read(path(name)) is not None
