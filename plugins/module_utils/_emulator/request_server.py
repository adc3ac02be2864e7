# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers requests over UDP, and that may send alerts to its clients unasked. (FP-06 to FP-11, FP-13)"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from .datagrams import Address, DatagramPort, Loss, broadcast_listener, towards
from .endpoint import now
from .errors import NonsenseError, reason
from .notifications import ALERT, Notification, NotifyingServer, Way, forgotten_after, instance_name
from .settings import RequestServerSettings, Timing
from .wire import bound_everywhere


@dataclass
class Caller:
    """A client that has asked lately, as its server remembers it."""

    instance: str
    there: Address  # where its latest request came from: behind NAT the router's public address, and its port
    port: DatagramPort  # where that request arrived
    wants_alerts: bool
    since: str
    expires: float  # on the clock of time.monotonic()
    loss: Loss
    requests: int = 0
    delivered: int = 0


class RequestServer(NotifyingServer):
    """Answers each request from its service port to the port that the request came from. (FP-08, FP-09)"""

    settings: RequestServerSettings

    def __init__(self, settings: RequestServerSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.kind = ALERT if settings.alert_port else None
        self.ignored = self.lost = 0
        self._callers: dict[str, Caller] = {}
        self._serving: dict[str, DatagramPort] = {}  # by own address, as is the next one
        self._alerting: dict[str, DatagramPort] = {}

    async def _run(self) -> None:
        settings = self.settings
        ports = dict.fromkeys([settings.port, settings.alert_port or settings.port])
        sockets = bound_everywhere(settings.addresses, ports, "udp")
        try:
            listener = [broadcast_listener(settings.broadcast_port)] if settings.broadcast_port else []
        except OSError:
            for each in sockets:
                each.close()
            raise
        opened = [DatagramPort(settings.name, each, self._heard) for each in sockets]
        self._alerting = {port.here[0]: port for port in opened if port.here[1] == settings.alert_port}
        self._serving = {port.here[0]: port for port in opened if port.here[1] == settings.port}
        self.datagrams.extend(opened)
        self.datagrams.extend([DatagramPort(settings.name, each, self._looked_for) for each in listener])
        await self._serve_forever()

    def _heard(self, message: dict[str, Any], there: Address, port: DatagramPort) -> None:
        try:
            instance = instance_name(message.get("from"))
        except NonsenseError:
            self.ignored += 1
            return
        if "leaving" in message:
            caller = self._callers.get(instance)
            if caller is not None and caller.there == there:
                del self._callers[instance]
        elif isinstance(message.get("request"), str):
            if self._remember(instance, message, there, port).loss.hits():
                self.lost += 1
            else:
                self._answer(there, port, response=message["request"], by=self.settings.name, seen_as=list(there[:2]))
        else:
            self.ignored += 1

    def _remember(self, instance: str, message: dict[str, Any], there: Address, port: DatagramPort) -> Caller:
        expires = time.monotonic() + forgotten_after(message.get("keep_alive"))
        caller = self._callers.get(instance)
        if caller is None:
            loss = Loss(self.timing, f"{self.settings.name}/{instance}")
            caller = self._callers[instance] = Caller(instance, there, port, False, now(), expires, loss)
        elif caller.there[0] != there[0]:
            self.note(f"{instance} asked from {caller.there[0]} and then from {there[0]}")
        caller.there, caller.port, caller.expires = there, port, expires
        caller.wants_alerts = bool(message.get("alerts"))
        caller.requests += 1
        return caller

    def _answer(self, there: Address, port: DatagramPort, **message: Any) -> None:
        try:
            port.send(there, **message)
        except OSError as error:
            self.note(f"can't answer {there[0]}: {reason(error)}")

    def _looked_for(self, message: dict[str, Any], there: Address, port: DatagramPort) -> None:
        """Answer a client's broadcast from the service port, at this host's own address in that network. (FP-07)"""
        if message.get("looking_for") != self.settings.service:
            port.ignored += 1
            return
        try:
            own = towards(there)
        except OSError as error:
            self.note(f"can't answer {there[0]}: {reason(error)}")
            return
        # Where that address is not one of the plan's, the first of those, as a program with one setting would do.
        serving = self._serving.get(own) or next(
            (port for address, port in self._serving.items() if ":" not in address), None
        )
        if serving is not None:  # else only IPv6 is served, which knows no broadcast
            self._answer(there, serving, server=self.settings.name, service=self.settings.service)

    def known(self) -> list[str]:
        """Who has asked lately; whoever broke the promise of a sign of life is forgotten."""
        clock = time.monotonic()
        for gone in [name for name, caller in self._callers.items() if caller.expires < clock]:
            del self._callers[gone]
        return sorted(self._callers)

    def ways(self, instance: str) -> list[Way]:
        """An alert from the alert port to the port that the client is known at, unless switched off. (FP-10, FP-11)"""
        caller = self._callers[instance]
        if not self.settings.alert_port or not caller.wants_alerts:
            return []
        address, port = caller.there[:2]
        return [Way(ALERT, address, port, self.settings.alert_port)]

    async def deliver(self, notification: Notification) -> dict[str, Any]:
        """Send an alert; nothing comes back, so all that is known is that it was sent. Raises OSError."""
        caller = self._callers.get(notification.instance)
        if caller is None:
            return {"outcome": "not_logged_in", "detail": "it left during the round"}
        port = self._alerting[caller.port.here[0]]
        port.send(caller.there, notification=notification.token, to=caller.instance, server=self.settings.name)
        caller.delivered += 1
        return {"outcome": "sent"}

    def state(self) -> dict[str, Any]:
        """As every endpoint, and who has asked lately; C(lost) counts answers dropped on purpose, C(ignored) junk."""
        return dict(
            super().state(),
            kind="request",
            logins=[self._login_state(self._callers[name]) for name in self.known()],
            lost=self.lost,
            ignored=self.ignored + sum(port.ignored for port in self.datagrams),
        )

    @staticmethod
    def _login_state(caller: Caller) -> dict[str, Any]:
        found = {key: getattr(caller, key) for key in ("instance", "since", "requests", "delivered", "wants_alerts")}
        return dict(found, address=caller.there[0], port=caller.there[1])
