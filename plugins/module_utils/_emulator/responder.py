# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What listens and answers probes: it stands in for an exchange whose conversation is not emulated."""

from __future__ import annotations

from typing import Any

from .datagrams import DatagramPort
from .endpoint import Endpoint
from .settings import ResponderSettings, Timing
from .wire import Connection, bound_everywhere


class Responder(Endpoint):
    """Listens on the ports of one exchange."""

    settings: ResponderSettings

    def __init__(self, settings: ResponderSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self._answered = 0

    async def _run(self) -> None:
        settings, tcp = self.settings, self.settings.transport == "tcp"
        sockets = bound_everywhere(settings.addresses, settings.ports, settings.transport, rebind=tcp)
        if tcp:
            await self._listen(sockets, self._serve)
        else:
            self.datagrams.extend([DatagramPort(settings.name, each) for each in sockets])
        await self._serve_forever()

    async def _serve(self, connection: Connection) -> None:
        while self.answered_probe(connection, await connection.hear(self.timing.answer)):
            self._answered += 1

    def state(self) -> dict[str, Any]:
        """As every endpoint, and how many probes it answered."""
        return dict(super().state(), answered=self._answered + sum(port.answered for port in self.datagrams))
