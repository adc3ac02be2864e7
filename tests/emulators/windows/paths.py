# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of Windows: one form for what is meant to be the same file."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Environment variables of a Windows host, as they are where nobody has moved anything.
ENVIRONMENT: Mapping[str, str] = {
    "systemdrive": "C:",
    "systemroot": "C:\\Windows",
    "windir": "C:\\Windows",
    "programdata": "C:\\ProgramData",
    "programfiles": "C:\\Program Files",
    "programfiles(x86)": "C:\\Program Files (x86)",
    "userprofile": "C:\\Users\\Administrator",
    "temp": "C:\\Users\\Administrator\\AppData\\Local\\Temp",
    "tmp": "C:\\Users\\Administrator\\AppData\\Local\\Temp",
}


class PathError(ValueError):
    """What stands there is no path of a file of this host."""


def expanded(text: str) -> str:
    """A text with its environment variables replaced; unknown ones stay, as with ExpandEnvironmentVariables."""
    return re.sub(r"%([^%]+)%", lambda found: ENVIRONMENT.get(found[1].lower(), found[0]), text)


def absolute(text: str) -> str:
    """A path in full form: drive letter, back slashes, no C(.) and C(..), no slash at the end.

    Raises:
        PathError: It is relative, on another drive than C, on a share, or holds a sign that no name may have.
    """
    path = expanded(text).replace("/", "\\").rstrip(" ")
    found = re.match(r"([A-Za-z]):\\", path + ("\\" if path.endswith(":") else ""))
    if found is None:
        raise PathError(f"the emulator takes paths that begin with a drive: {text!r}")
    if found[1].upper() != "C":
        raise PathError(f"Cannot find drive. A drive with the name '{found[1]}' does not exist.")
    parts: list[str] = []
    for part in path[3:].split("\\"):
        if part == "..":
            parts[-1:] = []
        elif part not in ("", "."):
            if re.search(r'[<>:"|?*\x00-\x1f]', part):
                raise PathError(f"Illegal characters in path: {text!r}")
            parts.append(part)
    return "C:\\" + "\\".join(parts)


def key(path: str) -> str:
    """What stands for a path where case makes no difference."""
    return absolute(path).lower()


def parent(path: str) -> str:
    """The folder that holds a path; of the drive's top the top itself."""
    full = absolute(path)
    above = full.rpartition("\\")[0]
    return above + "\\" if above.endswith(":") else above


def name(path: str) -> str:
    """The last part of a path."""
    return absolute(path).rpartition("\\")[2]
