# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sheets there are: the collection's own, and a user's for other products."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..basics.findings import short
from ..basics.names import NAME_CURE, name_problem

FOLDER = Path(__file__).parent
SIDES = {"client": "uses", "server": "offers"}


class SheetError(ValueError):
    """A sheet that cannot be made; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One sheet.

    Attributes:
        name: ends the names of its files, ``netcfax-client``.
        product: the product's name, for people.
        side: ``client`` or ``server``.
        services: the product's services in the catalogue.
        template: the text, a Jinja template.
    """

    name: str
    product: str
    side: str
    services: tuple[str, ...]
    template: Path

    @property
    def key(self) -> str:
        """Where a slice lists what the sheet is about: ``uses`` or ``offers``."""
        return SIDES[self.side]


@functools.cache
def builtin_definitions() -> tuple[Definition, ...]:
    """Return the collection's own sheets, by name."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "sheets.yml").read_text(encoding="utf-8"))
    return tuple(
        Definition(name, each["product"], each["side"], tuple(each["services"]), FOLDER / f"{name}.txt.j2")
        for name, each in sorted(listed.items())
    )


def definitions(own: Iterable[Mapping[str, Any]] = ()) -> tuple[Definition, ...]:
    """Return all sheets by name; one of *own* takes the place of the collection's of the same name.

    Args:
        own: a user's, each with the attributes of a :class:`Definition`.

    Raises:
        SheetError: a name that is no good for files.
    """
    known = {each.name: each for each in builtin_definitions()}
    for each in own:
        name = str(each["name"])
        problem = name_problem(name)
        if problem:
            raise SheetError(f"the sheet's name {short(name)!r} {problem}: {NAME_CURE}")
        services = tuple(str(service) for service in each["services"])
        template = Path(str(each["template"])).expanduser()
        known[name] = Definition(name, str(each["product"]), str(each["side"]), services, template)
    return tuple(known[name] for name in sorted(known))
