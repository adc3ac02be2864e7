# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of products in the argument specs of the role `plan`, made by `make docs` from the catalogue's profiles.

An offer takes every setting of its product's profile, a use those that are a client's own. Ansible's validator knows no
"and any other key", so each setting of each product has to be there by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools.made import ROOT, Generator

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import ADDRESSES, PORT, PORTS, Setting

SPECS = Path("roles/plan/meta/argument_specs.yml")
BEGIN = "# Made by `make docs` from the catalogue's profiles: settings of {}."
END = "# Until here."
WIDTH = 120

_HOLDS = {PORT: "a port", PORTS: "ports", ADDRESSES: "addresses"}


def _always(_setting: Setting) -> bool:
    return True


def _of_client(setting: Setting) -> bool:
    return setting.of_client


#: Whose settings stand in which part of the specs, by the word in the line that begins it.
PARTS: dict[str, Callable[[Setting], bool]] = {"offers": _always, "uses": _of_client}


def settings(wanted: Callable[[Setting], bool]) -> dict[str, list[tuple[str, Setting]]]:
    """Return the settings that are wanted, by name, each with the products that have it."""
    found: dict[str, list[tuple[str, Setting]]] = {}
    for service, profile in sorted(builtin_catalog().profiles.items()):
        for setting in profile.settings.values():
            if wanted(setting):
                found.setdefault(setting.name, []).append((service, setting))
    return dict(sorted(found.items()))


def _folded(text: str, indent: str) -> list[str]:
    """The text in quotes, in lines of the file's width."""
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    lines, line = [], indent + "-"
    for word in quoted.split():
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = indent + " "
        line += f" {word}"
    return [*lines, line]


def options(part: str, indent: str) -> list[str]:
    """Return the options of a part, as lines of YAML."""
    lines: list[str] = []
    for name, held in settings(PARTS[part]).items():
        lines += [f"{indent}{name}:", f"{indent}  description:"]
        owners: dict[str, list[str]] = {}
        for service, setting in held:
            owners.setdefault(f"{setting.title} ({_HOLDS[setting.kind]}).", []).append(f"V({service})")
        for what, services in owners.items():
            lines += _folded(f"{', '.join(services)}: {what}", f"{indent}    ")
        lines.append(f"{indent}  type: raw")
    return lines


def _specs() -> dict[str, str]:
    text = (ROOT / SPECS).read_text(encoding="utf-8")
    for part in PARTS:
        begin = BEGIN.format(part)
        before, found, rest = text.partition(begin)
        _old, _end, after = rest.partition(END)
        indent = " " * (len(before) - before.rindex("\n") - 1) if found else ""
        text = "\n".join([before + begin, *options(part, indent), indent + END]) + after
    return {SPECS.as_posix(): text}


GENERATOR = Generator(_specs)
