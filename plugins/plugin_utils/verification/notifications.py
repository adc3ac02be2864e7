# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every notification reached the client it was meant for, and nobody else.

The server's emulator sends each of its clients a notification with a token of its own: a call-back, which the client
acknowledges, or a datagram (an alert, a log item), of which the server knows only that it was sent. Every client's
emulator keeps what it received. Both sides' words are compared here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..basics.names import HostService
from .judgement import FAILED, PASSED, UNPROVEN

CALL_BACK, ALERT, LOG_ITEM = "call-back", "alert", "log item"
DELIVERED, SENT = "delivered", "sent"  # the emulator's outcomes that nothing speaks against

# What a notification rides on: the exchange that makes the client known to the server, by kind.
_NEEDS = {"callback": "login", "alert": "request", "log_channel": "login"}
_KINDS = {"callback": CALL_BACK, "alert": ALERT, "log_channel": LOG_ITEM}


def judge_notifications(
    uses: Iterable[Mapping[str, Any]],
    results: Mapping[str, Mapping[str, Any]],
    *,
    services: Mapping[str, Iterable[Mapping[str, Any]]] | None = None,
    without: Collection[str] = (),
) -> list[dict[str, Any]]:
    """Return one judged check for each notification sent, and one for each client whose instances are not all there.

    Args:
        uses: the plan's uses.
        results: each host's result document; ``notifications`` is what its servers sent (None: no round was made
            there), ``instances`` what its clients received (None: not read).
        services: the plan's services, the exchanges of each; without them only call-backs can be missed.
        without: hosts where no emulator can run, so that none of their clients is missed.
    """
    received: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for host, result in results.items():
        for instance in result.get("instances") or ():
            for notification in instance["notifications"]:
                received[notification["token"]].append((host, instance["name"]))
    expected = _expected([use for use in uses if use["host"] not in without], services)
    checks = []
    for server, result in sorted(results.items()):
        sent = result.get("notifications")
        if sent is None:
            continue
        told: dict[str, int] = defaultdict(int)
        for notification in sent:
            user = notification["instance"].split("@", 1)[0]
            told[user] += 1
            checks.append(_check(server, user.split("/", 1)[0], notification, received, results))
        for use, kind in expected:
            there = told[HostService(use["host"], use["service"]).text]
            if use["server"] == server and there < use["instances"]:
                checks.append(_missing(server, use, kind, there))
    return checks


def _expected(
    uses: Iterable[Mapping[str, Any]], services: Mapping[str, Iterable[Mapping[str, Any]]] | None
) -> list[tuple[Mapping[str, Any], str]]:
    """The uses whose clients want notifications, and of which kind."""
    wanted = []
    for use in uses:
        if not use["enabled"]:
            continue
        if services is None:
            kinds = {"callback", "login"} if use["callback"] else set()
        else:
            on = [item for item in services.get(use["service"], ()) if item["name"] in use.get("exchanges", ())]
            kinds = {item["kind"] for item in on}
        for kind, needed in _NEEDS.items():
            if kind in kinds and needed in kinds and (kind != "callback" or use["callback"]):
                wanted.append((use, _KINDS[kind]))
                break
    return wanted


def _check(
    server: str,
    client: str,
    notification: Mapping[str, Any],
    received: Mapping[str, list[tuple[str, str]]],
    results: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    instance, outcome = notification["instance"], notification["outcome"]
    got = received.get(notification["token"], [])
    others = sorted({name for _host, name in got if name != instance})
    acknowledged = outcome == DELIVERED
    if others:
        verdict, text = FAILED, f"reached {', '.join(others)} instead of {instance}"
    elif outcome not in (DELIVERED, SENT):
        detail = notification.get("detail") or ""
        verdict, text = FAILED, f"{outcome.replace('_', ' ')}{': ' if detail else ''}{detail}"
    elif len(got) == 1:
        verdict, text = PASSED, "arrived once, at the client it was meant for and nowhere else"
    elif got:
        verdict, text = FAILED, f"arrived {len(got)} times"
    elif results.get(client, {}).get("instances") is None:
        said = "the far end acknowledged it" if acknowledged else "it was sent"
        verdict, text = UNPROVEN, f"{said}, but {client} was not asked what it received"
    elif acknowledged:
        verdict, text = FAILED, f"acknowledged, but {instance} does not know of it"
    else:
        verdict, text = FAILED, f"sent, but it did not reach {instance}"
    return {
        "server": server,
        "client": client,
        "instance": instance,
        "kind": notification.get("kind") or CALL_BACK,
        "transport": notification.get("transport") or "tcp",
        "source_port": notification.get("source_port"),
        "address": notification.get("address"),
        "port": notification.get("port"),
        "verdict": verdict,
        "text": text,
    }


def _missing(server: str, use: Mapping[str, Any], kind: str, there: int) -> dict[str, Any]:
    client = use["host"]
    words = {
        CALL_BACK: "were logged in to be called back",
        ALERT: "were known to the server to be alerted",
        LOG_ITEM: "were logged in to be sent log items",
    }
    return {
        "server": server,
        "client": client,
        "instance": HostService(client, use["service"]).text,
        "kind": kind,
        "transport": "tcp" if kind == CALL_BACK else "udp",
        "source_port": None,
        "address": None,
        "port": None,
        "verdict": FAILED,
        "text": f"{there} of {use['instances']} instances of {client} {words[kind]}",
    }
