# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's notifications have in common, whichever way they travel, and how a client keeps what it received."""

from __future__ import annotations

import abc
import asyncio
import collections
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .endpoint import Endpoint, now
from .errors import GoneError, NonsenseError, SilenceError, reason
from .settings import LAST_PORT, LAST_SYSTEM_PORT, Timing

KEPT_NOTIFICATIONS = 100  # latest ones kept in memory for each instance; the count goes on

CALL_BACK, ALERT, LOG_ITEM = "call-back", "alert", "log item"
_TRANSPORTS = {CALL_BACK: "tcp", ALERT: "udp", LOG_ITEM: "udp"}


@dataclass(frozen=True)
class Way:
    """How one client can be notified: the kind, where to, and from which port (None: any)."""

    kind: str
    address: str | None = None
    port: int | None = None
    source_port: int | None = None


@dataclass(frozen=True)
class Notification:
    """One notification on its way: C(patience) is in seconds, for a connection and then for its acknowledgement."""

    instance: str
    way: Way
    token: str
    patience: float


class NotifyingServer(Endpoint):
    """A server that knows clients and can send each of them a notification with a token of its own."""

    kind: str | None = None  # of its notifications; None where the service has none

    @abc.abstractmethod
    def known(self) -> list[str]:
        """The clients that it knows now, by name."""

    @abc.abstractmethod
    def ways(self, instance: str) -> list[Way]:
        """How a client that it knows wants to be notified: the one way that its service has, or none."""

    @abc.abstractmethod
    async def deliver(self, notification: Notification) -> dict[str, Any]:
        """Send one. Returns what is known of its outcome, for L(notify)'s result.

        Raises what the network and the peer give cause for: OSError, SilenceError, GoneError, NonsenseError.
        """

    async def notify(
        self, instances: Sequence[str] | None, patience: float, parallel: int, rehearse: bool = False
    ) -> list[dict[str, Any]]:
        """Notify these instances (all that are known and want to be, if None), each with a token of its own.

        Each connection, and then each acknowledgement, has C(patience) seconds; C(parallel) are under way at once;
        C(rehearse) sends nothing and says who would be notified.
        """
        limit = asyncio.Semaphore(parallel)

        async def one(instance: str, way: Way) -> dict[str, Any]:
            async with limit:
                return await self._notified(instance, way, patience, rehearse)

        chosen = self.known() if instances is None else instances
        found: list[Any] = []
        for instance in chosen:
            if instance not in self.known():
                unknown = "it is not logged in, or has not asked lately; see to its way to the server first"
                found.append(self._result(instance, self.kind, outcome="not_logged_in", detail=unknown))
                continue
            ways = self.ways(instance)
            if not ways and instances is not None:
                unwanted = "this client is never notified: its service does not, or it is switched off"
                found.append(self._result(instance, self.kind, outcome="not_wanted", detail=unwanted))
            found.extend([one(instance, way) for way in ways])
        done = await asyncio.gather(*(item for item in found if not isinstance(item, dict)))
        sent = iter(done)
        return [item if isinstance(item, dict) else next(sent) for item in found]

    def _result(self, instance: str, kind: str | None, **more: Any) -> dict[str, Any]:
        blank = {"address": None, "port": None, "source_port": None, "token": None, "answered_by": None}
        transport = _TRANSPORTS.get(kind or "")
        about = {"server": self.settings.name, "kind": kind, "transport": transport, "instance": instance}
        return {**about, **blank, "detail": "", "seconds": 0.0, **more}

    async def _notified(self, instance: str, way: Way, patience: float, rehearse: bool) -> dict[str, Any]:
        result = self._result(instance, way.kind, address=way.address, port=way.port, source_port=way.source_port)
        if way.port is None:
            lacking = "it is logged in, but its UDP message never arrived; see to UDP from the client to the server"
            return dict(result, outcome="no_log_channel", detail=lacking)
        if rehearse:
            return dict(result, outcome="not_tried")
        result["token"] = token = secrets.token_hex(8)
        began = asyncio.get_running_loop().time()
        try:
            result.update(await self.deliver(Notification(instance, way, token, patience)))
        except ConnectionRefusedError as error:
            result.update(outcome="refused", detail=reason(error))
        except SilenceError as error:
            result.update(outcome="timed_out", detail=reason(error))
        except OSError as error:
            result.update(outcome="unreachable", detail=reason(error))
        except (GoneError, NonsenseError) as error:
            result.update(outcome="unacknowledged", detail=reason(error))
        result["seconds"] = round(asyncio.get_running_loop().time() - began, 3)
        return result


class Instance(Endpoint):
    """One running copy of a client program, and the notifications that it received."""

    def __init__(self, settings: Any, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.connected = False
        self.login_time: str | None = None
        self.login_count = 0
        self.seen_as: str | None = None
        self.notification_count = 0
        self.notifications: collections.deque[dict[str, Any]] = collections.deque(maxlen=KEPT_NOTIFICATIONS)

    def welcomed(self, condition: str, seen_as: Any) -> None:
        """Note that the server took this client. Raises NonsenseError when the server does not say how it sees it."""
        if not isinstance(seen_as, list) or not seen_as:
            raise NonsenseError("no welcome")
        self.condition, self.connected, self.login_time = condition, True, now()
        self.seen_as = str(seen_as[0])
        self.login_count += 1
        self._delay = self.timing.retry_first

    def received(self, message: dict[str, Any], kind: str, there: tuple[Any, ...]) -> str:
        """Keep a notification. Returns its token. Raises NonsenseError when it is none."""
        token = message.get("notification")
        if not isinstance(token, str):
            raise NonsenseError(f"a message that is no {kind}")
        meant_for = str(message.get("to"))
        about = {"time": now(), "kind": kind, "token": token, "to": meant_for, "server": str(message.get("server"))}
        self.notification_count += 1
        self.notifications.append({**about, "from": there[0], "from_port": there[1]})
        if meant_for != self.settings.name:
            self.note(f"got a notification that is meant for {meant_for}")
        return token

    def state(self) -> dict[str, Any]:
        """As every endpoint, and what the server and this client have had to do with each other."""
        return dict(
            super().state(),
            connected=self.connected,
            login_time=self.login_time,
            login_count=self.login_count,
            seen_as=self.seen_as,
            notification_count=self.notification_count,
            notifications=list(self.notifications),
        )


def instance_name(value: Any) -> str:
    """A client's name as it gave it. Raises NonsenseError when it is none."""
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not value.isprintable():
        raise NonsenseError("a first message that is no login")
    return value


def forgotten_after(keep_alive: Any) -> float:
    """Seconds of silence after which a client that promised a sign of life every so often counts as gone."""
    return 3 * (keep_alive if isinstance(keep_alive, (int, float)) and 0 < keep_alive < 3600 else 600)


def may_be_called(port: int) -> bool:
    """Whether a client may report this port to be called back on; 0 means that it wants no call-back."""
    return port == 0 or LAST_SYSTEM_PORT < port <= LAST_PORT
