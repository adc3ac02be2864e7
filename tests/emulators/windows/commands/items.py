# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders: New-Item, Set-Content, Remove-Item; and Start-Sleep."""

from __future__ import annotations

import re
from typing import Any

from .. import paths
from ..errors import CommandError, EmulatorError
from ..state import State
from .given import SWITCH, TEXT, TEXTS, Given, Known

_ENCODINGS: dict[str, tuple[str, bytes]] = {
    "default": ("cp1252", b""),
    "ascii": ("ascii", b""),
    "utf8": ("utf-8", b"\xef\xbb\xbf"),  # Windows PowerShell 5.1 always writes the mark
    "unicode": ("utf-16-le", b"\xff\xfe"),
}


def _paths(given: Given) -> list[str]:
    """The paths of -Path or -LiteralPath in full form. Raises CommandError, EmulatorError for wildcards."""
    found = given.texts("LiteralPath") or given.texts("Path")
    if not found:
        given.required("Path")
    if not given.has("LiteralPath") and any(re.search(r"[*?\[]", path) for path in found):
        raise EmulatorError(f"{given.command.name}: wildcards such as in {found} are not emulated")
    try:
        return [paths.absolute(path) for path in found]
    except paths.PathError as error:
        raise CommandError(str(error), f"DriveNotFound,{given.command.name}", "ObjectNotFound") from None


def new_item(state: State, given: Given) -> list[Any]:
    """New-Item for a folder. Raises CommandError."""
    if given.text("ItemType").lower() != "directory":
        raise EmulatorError("New-Item makes folders here, and nothing else")
    for path in _paths(given):
        if state.files.exists(path) and not (given.has("Force") and state.files.is_folder(path)):
            raise CommandError(
                f"An item with the specified name {path} already exists.",
                "DirectoryExist,Microsoft.PowerShell.Commands.NewItemCommand",
                "ResourceExists",
            )
        state.files.make_folder(path)
    return []


def set_content(state: State, given: Given) -> list[Any]:
    """Set-Content: each value is a line. Raises CommandError."""
    encoding, mark = _ENCODINGS[_encoding(given)]
    text = "".join(f"{line}\r\n" for line in given.texts("Value"))
    for path in _paths(given):
        try:
            state.files.write(path, mark + text.encode(encoding, "replace"))
        except (FileNotFoundError, IsADirectoryError) as error:
            raise CommandError(
                str(error), "GetContentWriterFailure,Microsoft.PowerShell.Commands.SetContentCommand", "ObjectNotFound"
            ) from None
    return []


def _encoding(given: Given) -> str:
    value = given.text("Encoding", "default").lower()
    if value not in _ENCODINGS:
        raise EmulatorError(f"Set-Content: the encoding {value} is not emulated")
    return value


def remove_item(state: State, given: Given) -> list[Any]:
    """Remove-Item. A missing one is an error that others do not mind. Raises CommandError."""
    for path in _paths(given):
        if not state.files.exists(path):
            given.error(
                CommandError(
                    f"Cannot find path '{path}' because it does not exist.",
                    "PathNotFound,Microsoft.PowerShell.Commands.RemoveItemCommand",
                    "ObjectNotFound",
                )
            )
        elif state.files.below(path) and not given.has("Recurse"):
            raise CommandError(
                f"The item at {path} has children and the Recurse parameter was not specified: somebody would "
                "be asked, and nobody is there.",
                "InvalidOperation,Microsoft.PowerShell.Commands.RemoveItemCommand",
                "InvalidOperation",
            )
        else:
            state.files.remove(path)
    return []


def start_sleep(state: State, given: Given) -> list[Any]:
    """Start-Sleep, by the host's clock. Raises CommandError."""
    number = given.text("Seconds") or given.text("Milliseconds")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise CommandError(
            f"Cannot bind the time {number!r}.", "CannotConvertArgumentNoMessage,Start-Sleep", "InvalidArgument"
        )
    state.clock.sleep(int(number) / (1 if given.has("Seconds") else 1000))
    return []


_WHERE = {"path": TEXTS, "literalpath": TEXTS}

COMMANDS = {
    "new-item": Known({"path": TEXTS, "itemtype": TEXT, "force": SWITCH}, new_item),
    "set-content": Known({**_WHERE, "value": TEXTS, "encoding": TEXT, "force": SWITCH}, set_content),
    "remove-item": Known({**_WHERE, "recurse": SWITCH, "force": SWITCH}, remove_item),
    "start-sleep": Known({"seconds": TEXT, "milliseconds": TEXT}, start_sleep),
}
