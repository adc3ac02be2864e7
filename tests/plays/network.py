# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running plays for real: ansible-playbook with a local connection on small inventories."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

#: Two offices as an administrator writes them, as one data structure that tests change.
TWO_OFFICES: dict[str, Any] = {
    "all": {
        "vars": {
            "faxnet_sites": {
                "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": "198.51.100.10"},
                "sheffield": {"networks": ["10.2.0.0/24"], "gateway": "uk-router", "public_address": "203.0.113.20"},
            }
        },
        "children": {
            "florida": {
                "vars": {"faxnet_site": "florida"},
                "hosts": {
                    "fl-router": {"faxnet_address": "10.1.0.1"},
                    "fl-fax": {"faxnet_address": "10.1.0.10", "faxnet_offers": [{"service": "netcfax"}]},
                },
            },
            "sheffield": {
                "vars": {"faxnet_site": "sheffield"},
                "hosts": {"uk-router": {"faxnet_address": "10.2.0.1"}},
                "children": {
                    "clients": {
                        "vars": {"faxnet_uses": [{"service": "netcfax", "server": "fl-fax"}]},
                        "hosts": {"uk-pc1": {"faxnet_address": "10.2.0.21"}, "uk-pc2": {"faxnet_address": "10.2.0.22"}},
                    }
                },
            },
        },
    }
}

_TASK = re.compile(r"^(ok|changed|fatal|skipping): \[([^]]+)\](?:: (?:FAILED|UNREACHABLE)!)? => (\{.*)$", re.MULTILINE)
_RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass
class Outcome:
    """What a run printed and returned."""

    code: int
    text: str
    #: each task's result, in order
    results: list[dict[str, Any]] = field(default_factory=list)
    #: by host: number of tasks that changed something
    changed: dict[str, int] = field(default_factory=dict)

    @property
    def plan(self) -> dict[str, Any]:
        """The result of the first task that planned."""
        return next(result for result in self.results if "findings" in result)


def tree(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file below a directory."""
    return {
        str(path.relative_to(directory)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


class Network:
    """An inventory in a folder of its own, and plays over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = folder / ".faxnet" / "plan"
        self.lock = folder / ".faxnet.lock.json"

    @staticmethod
    def two_offices() -> dict[str, Any]:
        """The two offices, to be changed at will."""
        return copy.deepcopy(TWO_OFFICES)

    def write(self, inventory: Any, name: str = "hosts.yml") -> None:
        """Write the inventory (data, or text)."""
        text = inventory if isinstance(inventory, str) else yaml.safe_dump(inventory, sort_keys=False)
        (self.folder / name).write_text(text, encoding="utf-8")

    def read(self, name: str = "hosts.yml") -> dict[str, Any]:
        """What the inventory says."""
        data: dict[str, Any] = yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))
        return data

    def run(
        self, playbook: str, *arguments: str, sources: tuple[str, ...] = ("hosts.yml",), before: tuple[str, ...] = ()
    ) -> Outcome:
        """Run a playbook: the name of one of the collection's, or the text of one.

        Args:
            before: a command that runs it, where it is not run as it is.
        """
        if "\n" in playbook:
            (self.folder / "play.yml").write_text(playbook, encoding="utf-8")
            playbook = str(self.folder / "play.yml")
        command = [*before, "ansible-playbook", "-v", playbook, *arguments]
        for source in sources:
            command += ["-i", str(self.folder / source)]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "0"}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        text = done.stdout + done.stderr
        assert "Traceback" not in text, text
        results = [json.loads(found.group(3)) for found in _TASK.finditer(done.stdout) if found.group(3).endswith("}")]
        changed = {found.group(1): int(found.group(3)) for found in _RECAP.finditer(done.stdout)}
        return Outcome(done.returncode, text, results, changed)

    def planned(self, *arguments: str, **options: Any) -> Outcome:
        """Run the playbook that plans; it must succeed."""
        outcome = self.run("faxnet.deploy.plan", *arguments, **options)
        assert outcome.code == 0, outcome.text
        return outcome

    def slice(self, host: str) -> dict[str, Any]:
        """A host's slice, as the plan's file holds it."""
        data: dict[str, Any] = json.loads((self.plan / "hosts" / f"{host}.json").read_text(encoding="utf-8"))
        return data
