# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients whose address their servers do not know: what these would start towards them, and what anybody may start."""

from __future__ import annotations

from collections.abc import Iterator

from ..basics.findings import Finding
from ..basics.ports import ports_text
from ..inventory.intent import Intent, Use
from .client_flows import TakenExchanges
from .peers import UNCALLED
from .route import NoRoute


class Uncalled:
    """Clients that their servers would call where no call can be sent to: a public address that changes, a network."""

    def __init__(self, intent: Intent, taken: TakenExchanges) -> None:
        self._intent = intent
        self._taken = taken
        self._clients: dict[tuple[NoRoute, str, tuple[str, ...]], dict[str, None]] = {}

    def note(self, use: Use, problem: NoRoute) -> bool:
        """Note a client that its server would call; whether it is one. What only answers needs no address."""
        offer = self._intent.offer_of(use)
        profile = self._intent.catalog.profiles[use.service]
        called = tuple(item.exchange.name for item in self._taken.of(use, offer, profile) if item.calls)
        if not called or not (use.enabled and offer.enabled):
            return False
        self._clients.setdefault((problem, use.service, called), {})[use.host] = None
        return True

    def findings(self) -> Iterator[Finding]:
        """One for all clients of a site that take the same exchanges."""
        for (problem, service, called), clients in self._clients.items():
            names = " and ".join(self._intent.catalog.profiles[service].exchange(name).title for name in called)
            off = ", ".join(f"{name}: false" for name in called)
            message = f"{problem.reason}: {service} cannot start {names} towards the client"
            cure = f"{problem.cure}, or do without (exchanges: {{{off}}} in faxnet_uses)"
            yield Finding(problem.code or UNCALLED, tuple(clients), problem.variable, problem.value, message, cure)


class Anybody:
    """Clients of whose address nobody says anything, so that their servers take what they start from any address."""

    def __init__(self, intent: Intent, taken: TakenExchanges) -> None:
        self._intent = intent
        self._taken = taken
        self._clients: dict[tuple[NoRoute, str, str, str], dict[str, None]] = {}

    def note(self, use: Use, problem: NoRoute) -> None:
        """Note a client that is planned as anybody."""
        offer = self._intent.offer_of(use)
        profile = self._intent.catalog.profiles[use.service]
        opened = dict.fromkeys(
            f"{ports_text(item.ports)}/{item.exchange.transport}"
            for item in self._taken.of(use, offer, profile)
            if item.on and not item.from_server and item.ports
        )
        if opened and use.enabled and offer.enabled:
            key = (problem, use.service, use.server, ", ".join(opened))
            self._clients.setdefault(key, {})[use.host] = None

    def findings(self) -> Iterator[Finding]:
        """One for all clients of a site that take the same of a server."""
        for (problem, service, server, opened), clients in self._clients.items():
            message = f"{problem.reason}: {service} on {server} ({opened}) is open to any address for its clients there"
            cure = f"{problem.cure}; or name a fixed public_address"
            yield Finding("FXN410", (*clients, server), problem.variable, problem.value, message, cure)
