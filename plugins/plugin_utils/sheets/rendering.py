# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheets of one host, from its slice of the plan and from nothing else."""

from __future__ import annotations

import functools
import json
import traceback
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
    return any(product_of(entry) in definition.services for entry in part[definition.key])


def product_of(entry: Mapping[str, Any]) -> str:
    """The service of the catalogue that an offer or a use is of: a named offer's service has the name behind it."""
    service, name = str(entry["service"]), entry.get("offer")
    return service.removesuffix(f"-{name}") if name else service


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
    host, key = part["host"], definition.key
    entries = [entry for entry in part[key] if product_of(entry) in definition.services]
    both = (*part["offers"], *part["uses"])
    services = {entry["service"] for entry in both if product_of(entry) in definition.services}
    values = {
        "host": host,
        "stands_for": part.get("stands_for", []),
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
    told = {"format": FORMAT, "host": host, "sheet": definition.name, key: entries}
    data = json.dumps(told, indent=4, sort_keys=True, ensure_ascii=False)
    return Sheet(definition.name, _text(definition, values), f"{data}\n")


def _text(definition: Definition, values: Mapping[str, Any]) -> str:
    where = definition.template
    sheet = f"{values['host']}: the sheet {definition.name} cannot be made from"
    try:
        return _environment(where.parent).get_template(where.name).render(values)
    except jinja2.TemplateNotFound as error:
        missing = where.parent / (error.name or where.name)
        raise SheetError(f"{sheet} {missing}: it is not there. Put it there, or correct the name") from error
    except jinja2.TemplateSyntaxError as error:
        said = f"line {error.lineno}: {error.message}"
        raise SheetError(f"{sheet} {error.filename or where}, {said}. Correct the template") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError(f"{sheet} {where}: {error}. Make it readable, as UTF-8") from error
    except Exception as error:
        # A template is a user's program: it may divide by nought, or add a text to a number.
        said = f"{_place(error, where)}: {type(error).__name__}: {error}"
        raise SheetError(f"{sheet} {said}. Correct the template; it is given {', '.join(values)}") from error


def _place(error: Exception, template: Path) -> str:
    """The file and line of the innermost template that an error comes from: Jinja gives its frames those names."""
    folders = {str(template.parent), str(FOLDER)}
    frames = traceback.extract_tb(error.__traceback__)
    found = [frame for frame in frames if str(Path(frame.filename).parent) in folders and frame.name != "_text"]
    return f"{found[-1].filename}, line {found[-1].lineno}" if found else str(template)


@functools.cache
def _environment(folder: Path) -> jinja2.Environment:
    """Templates of one folder, as Ansible reads them; the collection's own parts can be included everywhere."""
    return jinja2.Environment(  # noqa: S701, sheets are plain text
        loader=jinja2.FileSystemLoader([folder, FOLDER]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
