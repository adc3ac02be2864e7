# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a profile's words: each value is what it must be, or an error says where it stands and what cures it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ..basics.findings import short
from ..basics.names import name_problem, near_words
from ..basics.ports import PortError

T = TypeVar("T")


class ProfileError(ValueError):
    """What is wrong with a profile: the path into it, the value, the message, the cure."""

    def __init__(self, path: str, value: object, message: str, cure: str) -> None:
        super().__init__(message)
        self.path = path
        self.value = value
        self.cure = cure


class InvalidProfileError(ValueError):
    """Everything that is wrong with a profile, as far as one mistake does not hide another."""

    def __init__(self, faults: Iterable[ProfileError]) -> None:
        super().__init__("invalid profile")
        self.faults = tuple(faults)


def gathered(readings: Iterable[Callable[[], T]]) -> list[T]:
    """Return what the readings return, in order.

    Raises:
        InvalidProfileError: with the faults of all of them, when any has one.
    """
    found: list[T] = []
    faults: list[ProfileError] = []
    for reading in readings:
        try:
            found.append(reading())
        except ProfileError as error:
            faults.append(error)
        except InvalidProfileError as error:
            faults += error.faults
    if faults:
        raise InvalidProfileError(faults)
    return found


def read_mapping(data: object, path: str, keys: set[str], required: set[str]) -> Mapping[str, Any]:
    """A mapping with no keys but *keys*, and all of *required*; raises InvalidProfileError with all that is wrong."""
    if not isinstance(data, Mapping):
        raise ProfileError(path, data, "is not a mapping", "write it as key: value lines")
    faults = []
    for key in data:
        if key not in keys:
            near = near_words(key, sorted(keys))
            meant = f" (is {near[0]!r} meant?)" if near else ""
            message = f"{short(key, 40)!r} is not a key here{meant}"
            cure = f"use one of: {', '.join(sorted(keys))}"
            faults.append(ProfileError(f"{path}.{short(key, 40)}", data[key], message, cure))
    faults += [
        ProfileError(path, data, f"{key!r} is missing", f"add {key!r}") for key in sorted(required) if key not in data
    ]
    if faults:
        raise InvalidProfileError(faults)
    return data


def read_choice(value: object, path: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise ProfileError(path, value, "is not a known value", f"use one of: {', '.join(choices)}")
    return value


def read_string(value: object, path: str) -> str:
    """A text in one line."""
    if not isinstance(value, str) or not value.strip():
        raise ProfileError(path, value, "is not a text", "write a text")
    text = " ".join(value.split())
    if not text.isprintable():
        raise ProfileError(path, value, "holds a character that cannot be printed", "write letters, digits and signs")
    return text


def read_name(value: object, path: str) -> str:
    """A name that is safe everywhere it goes."""
    problem = name_problem(value)
    if problem:
        raise ProfileError(path, value, problem, "use letters, digits, dots, hyphens and underscores")
    return str(value)


def read_flag(value: object, path: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ProfileError(path, value, "is neither true nor false", "write true or false")
    return value


def read_list(value: object, path: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise ProfileError(path, value, "is not a list", "write it as a list")
    return value


def read_number(value: object, path: str) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ProfileError(path, value, "is not a whole number above 0", "write a number without quotes")
    return value


def read_ports(parse: Callable[[object], Any], value: object, path: str) -> Any:
    """Ports, by one of the parsers of ports.py."""
    try:
        return parse(value)
    except PortError as error:
        raise ProfileError(path, value, str(error), "write a port from 1 to 65535, or a range low-high") from error
