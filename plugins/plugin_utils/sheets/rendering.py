# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheets of one host, from its slice of the plan and from nothing else."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from .definitions import FOLDER, Definition, SheetError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as two texts: for people, and (JSON) for programs."""

    name: str
    text: str
    data: str

    def files(self, stem: str) -> dict[str, str]:
        """The sheet's files: content by name, which begins with *stem*."""
        names = file_names(self.name, stem)
        return dict(zip(names, (self.text, self.data), strict=True))


def file_names(name: str, stem: str = "") -> tuple[str, str]:
    """Return the names of a sheet's files: the text's, the data's."""
    return f"{stem}{name}.txt", f"{stem}{name}.json"


def is_about(definition: Definition, part: Mapping[str, Any]) -> bool:
    """Whether a host offers, or uses, what the sheet is for."""
    return any(entry["service"] in definition.services for entry in part[definition.key])


def render(part: Mapping[str, Any], wanted: Iterable[Definition]) -> tuple[Sheet, ...]:
    """Return those of the sheets that a host has, in the order of *wanted*.

    Nothing on a sheet changes when another host does: it is what the slice says of the product's services here.

    Args:
        part: the host's slice.
        wanted: the sheets to look at.

    Raises:
        SheetError: a user's template cannot be read, or fails.
    """
    return tuple(_sheet(part, definition) for definition in wanted if is_about(definition, part))


def _sheet(part: Mapping[str, Any], definition: Definition) -> Sheet:
    host, key, services = part["host"], definition.key, definition.services
    entries = [entry for entry in part[key] if entry["service"] in services]
    values = {
        "host": host,
        "entries": entries,
        "flows": [flow for flow in part["flows"] if flow["service"] in services],
        "exchanges": [exchange for exchange in part["exchanges"] if exchange["service"] in services],
        "warnings": [
            finding
            for finding in part["findings"]
            if finding["severity"] == "warning"
            and finding["variable"].startswith(f"faxnet_{key}[")
            and finding["service"] in services
        ],
    }
    data = json.dumps({"format": FORMAT, "host": host, key: entries}, indent=4, sort_keys=True, ensure_ascii=False)
    return Sheet(definition.name, _text(definition, values), f"{data}\n")


def _text(definition: Definition, values: Mapping[str, Any]) -> str:
    where = definition.template
    try:
        return _environment(where.parent).get_template(where.name).render(values)
    except jinja2.TemplateNotFound as error:
        raise SheetError(f"{where.parent / (error.name or where.name)}: the sheet's text is not there") from error
    except jinja2.TemplateSyntaxError as error:
        raise SheetError(f"{error.filename or where}, line {error.lineno}: {error.message}") from error
    except (jinja2.TemplateError, OSError, UnicodeDecodeError) as error:
        raise SheetError(f"{where}: {error}") from error


@functools.cache
def _environment(folder: Path) -> jinja2.Environment:
    """Templates of one folder, as Ansible reads them; the collection's own parts can be included everywhere."""
    return jinja2.Environment(  # noqa: S701, sheets are plain text
        loader=jinja2.FileSystemLoader([folder, FOLDER]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
