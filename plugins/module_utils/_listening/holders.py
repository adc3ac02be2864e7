# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program, in which unit of systemd, holds a socket (proc(5))."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

# The unit in a control group's path, the last one: a service may have groups of its own below, and stand in a user's.
_UNIT = re.compile(r"/([^/\n]+\.(?:service|socket|scope))(?=/|$)", re.MULTILINE)


class Holder(NamedTuple):
    """Who holds a socket: the program's name and its systemd unit; each is empty where it can't be told."""

    program: str
    unit: str

    @property
    def text(self) -> str:
        """In words."""
        return (self.program or "a program") + (f" ({self.unit})" if self.unit else "")


#: Nobody, or nobody that this user may see.
UNKNOWN = Holder("", "")


def holders(inodes: set[str], proc: str = "/proc") -> dict[str, Holder]:
    """Who holds each socket, as far as this user may know it."""
    found: dict[str, Holder] = {}
    for pid in filter(str.isdigit, os.listdir(proc)):
        folder = os.path.join(proc, pid)
        try:
            links = [os.readlink(entry.path) for entry in os.scandir(os.path.join(folder, "fd"))]
            held = inodes.intersection(re.findall(r"^socket:\[(\d+)\]$", "\n".join(links), re.MULTILINE))
            if held:
                units = units_of(text_of(os.path.join(folder, "cgroup")))
                holder = Holder(text_of(os.path.join(folder, "comm")).strip(), units[-1] if units else "")
                found.update(dict.fromkeys(held, holder))
        except OSError:
            continue  # the process has ended, or is not ours to see
    return found


def units_of(groups: str) -> list[str]:
    """The units of systemd in the text of a process's control groups, its own last."""
    return _UNIT.findall(groups)


def text_of(path: str) -> str:
    """A file's text. Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
