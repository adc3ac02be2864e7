# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated Windows host for a test, and module calls as ansible-core would make them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.emulators.windows import Entry, Host
from tests.emulators.windows.clock import MovedClock
from tests.emulators.windows.wire import ModuleCall

COLLECTIONS = Path(__file__).resolve().parents[4] / ".build/collections/ansible_collections"
COMMUNITY = ("win_firewall_rule", "win_scheduled_task", "win_scheduled_task_stat")


def collection_of(module: str) -> str:
    """The collection that a module is of."""
    return "community.windows" if module in COMMUNITY else "ansible.windows"


def path_of(module: str) -> Path:
    """Where a module's source lies."""
    return COLLECTIONS / collection_of(module).replace(".", "/") / "plugins/modules" / f"{module}.ps1"


@cache
def source_of(module: str) -> str:
    """A module's source, or a text without options for one that is not there."""
    path = path_of(module)
    return path.read_text(encoding="utf-8") if path.exists() else ""


class World:
    """A host, a clock that the test moves, and its modules."""

    def __init__(self, folder: Path) -> None:
        self.clock = MovedClock()
        self.file = folder / "host.json"
        self.host = Host(self.file, self.clock)

    def run(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run a module; the result is what it reports."""
        call = ModuleCall(f"{collection_of(module)}.{module}", source_of(module), arguments, check, diff=True)
        return dict(self.host.call(call).result)

    def done(self, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run a module that must not fail."""
        result = self.run(module, check=check, **arguments)
        assert not result.get("failed"), result
        return result

    def refused(self, module: str, **arguments: Any) -> str:
        """Run a module that must fail, and write nothing; the result is its text."""
        result = self.run(module, **arguments)
        assert result.get("failed"), result
        assert not self.last.wrote
        return str(result["msg"])

    def thrice(self, module: str, **arguments: Any) -> dict[str, Any]:
        """Run a module in check mode, then for real, then again: it changes, and only the real run writes."""
        foretold = self.done(module, check=True, **arguments)
        assert foretold["changed"], foretold
        assert not self.last.wrote
        result = self.done(module, **arguments)
        assert result["changed"], result
        assert self.last.wrote
        again = self.done(module, **arguments)
        assert not again["changed"], again
        assert not self.last.wrote
        return result

    def script(self, *lines: str, error_action: str = "stop") -> dict[str, Any]:
        """Run lines of PowerShell."""
        return self.run("win_powershell", script="\n".join(lines), error_action=error_action)

    @property
    def last(self) -> Entry:
        """The last entry of the host's log."""
        return self.host.log[-1]

    def rules(self) -> dict[str, str]:
        """The texts of the host's own firewall rules by their names."""
        return self.host.rules()

    def set_value(self, key: str, name: str, number: int) -> None:
        """Write a number into the registry as somebody else would."""
        self.host.change(lambda state: state.registry.write(key, name, "REG_DWORD", number))
