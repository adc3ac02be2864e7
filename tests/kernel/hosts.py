# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed host in a namespace of its own, and the changes that tests of the transaction make to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, running, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, live_table
from tests.unit.platforms.policies import nft_rules, permit, policy

OLD = nft_rules(policy(input=[permit("192.0.2.1", "10.1.0.10")]))
NEW = nft_rules(policy(input=[permit("192.0.2.2", "10.1.0.10", "10000-10099")]))
LONG = 60  # seconds: a timer that does not fire within a test
SHORT = 1
#: What files that a run puts in place end with.
_IN_PLACE = {".nft", ".conf"}


@dataclass(frozen=True)
class Host:
    """A managed host in a namespace of its own."""

    machine: Machine
    root: Path

    def bring(
        self, text: str | None, timeout: int = LONG, settings: tuple[str, ...] = (), *, together: bool = False
    ) -> tuple[list[str], str]:
        """One run up to the confirmation: (differences found, transaction to confirm or "")."""
        wanted = ensure.Wanted(text, settings, (), tolerate_drops=False)
        with transaction.lock(self.machine, 5):
            found = ensure.compare(self.machine, wanted)
            name = os.urandom(6).hex()
            mark = ensure.apply(self.machine, found, timeout, name, together=together) if found.differences else ""
        return list(found.differences), mark

    def settle(self, text: str | None, settings: tuple[str, ...] = ()) -> None:
        """A whole run, confirmed."""
        _differences, mark = self.bring(text, settings=settings)
        if mark:
            transaction.confirm(self.machine, mark)

    @property
    def live(self) -> str | None:
        """Our table as the kernel lists it, without what spares running sessions for a while."""
        table = live_table(self.machine)
        return table and running.without_spared(table)

    @property
    def forwarding(self) -> str:
        """The kernel's switch in this namespace."""
        return Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii").strip()

    def picture(self) -> dict[str, str | None]:
        """Everything that a change touches: the table, the kernel's switch, each file byte for byte."""
        there = [path for path in (self.root / "etc").rglob("*") if path.is_file() or path.is_symlink()]
        texts = {str(path): None if path.is_symlink() else path.read_text(encoding="utf-8") for path in there}
        return {"table": self.live, "forwarding": self.forwarding, **texts}

    def loose_ends(self) -> list[str]:
        """Files that a run staged and did not put in place."""
        return [str(path) for path in (self.root / "etc").rglob("*") if path.is_file() and path.suffix not in _IN_PLACE]


TRACKED = nft_rules(
    policy(
        input=[permit("192.0.2.1", "10.1.0.10", "4559", helper="ftp")],
        output=[permit("10.1.0.10", "192.0.2.1", "44337", transport="udp", idle=432000)],
    )
)


def silent(port: int, idle: int | None = 432000) -> dict[str, Any]:
    """A permit for datagrams from this host to itself, that may be followed by silence."""
    return permit("127.0.0.1", "127.0.0.1", str(port), transport="udp", idle=idle)
