# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders, names in any case."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from . import paths
from .clock import Clock


class Files:
    """The files of the drive C on the host's state, which is changed where it lies."""

    def __init__(self, entries: dict[str, Any], clock: Clock, wrote: Callable[[], None] = lambda: None) -> None:
        self._entries, self._clock = entries, clock  # path in small letters: {"path", "folder", "data", "written"}
        self._wrote = wrote  # told of each change

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        return paths.key(path) in self._entries

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder."""
        return bool(self._entries.get(paths.key(path), {}).get("folder"))

    def spelled(self, path: str) -> str:
        """A path as it was written when it was made."""
        return str(self._entries[paths.key(path)]["path"])

    def written(self, path: str) -> float:
        """When it was written last."""
        return float(self._entries[paths.key(path)]["written"])

    def read(self, path: str) -> bytes:
        """A file's content. Raises KeyError where there is no such file."""
        return base64.b64decode(self._entries[paths.key(path)]["data"])

    def write(self, path: str, data: bytes) -> None:
        """Write a file. Raises FileNotFoundError where its folder is missing, IsADirectoryError where it is one."""
        if not self.is_folder(paths.parent(path)):
            raise FileNotFoundError(f"Could not find a part of the path '{paths.absolute(path)}'.")
        if self.is_folder(path):
            raise IsADirectoryError(f"Access to the path '{paths.absolute(path)}' is denied.")
        self._put(path, folder=False, data=base64.b64encode(data).decode())

    def make_folder(self, path: str) -> None:
        """Make a folder and all above it. Raises FileExistsError where a file is in the way."""
        if self.exists(path) and not self.is_folder(path):
            raise FileExistsError(f"An item with the specified name {paths.absolute(path)} already exists.")
        if not self.exists(path):
            if paths.parent(path) != paths.absolute(path):
                self.make_folder(paths.parent(path))
            self._put(path, folder=True)

    def touch(self, path: str) -> None:
        """Set the time of the last writing."""
        self._wrote()
        self._entries[paths.key(path)]["written"] = self._clock.now()

    def below(self, path: str) -> list[str]:
        """The paths of all that a folder holds, at any depth, sorted."""
        top = paths.key(path).rstrip("\\") + "\\"
        return sorted(entry["path"] for key, entry in self._entries.items() if key.startswith(top))

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all in it."""
        self._wrote()
        for each in [*self.below(path), path]:
            self._entries.pop(paths.key(each), None)

    def _put(self, path: str, folder: bool, data: str = "") -> None:
        self._wrote()
        full = paths.absolute(path)
        full = self.spelled(path) if self.exists(path) else full
        self._entries[full.lower()] = {"path": full, "folder": folder, "data": data, "written": self._clock.now()}
