# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether every call-back reached the client it was meant for, and nobody else.

The server's emulator sends each of its clients a notification with a token of its own; every client's emulator keeps
what it received. Both sides' words are compared here: what the server sent, and what each client says it got.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from .judgement import FAILED, PASSED, UNPROVEN


def judge_notifications(
    uses: Iterable[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return one judged check for each notification sent, and one for each client whose instances are not all there.

    Args:
        uses: the plan's uses.
        results: each host's result document; ``notifications`` is what its servers sent (None: no round was made
            there), ``instances`` what its clients received (None: not read).
    """
    received: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for host, result in results.items():
        for instance in result.get("instances") or ():
            for notification in instance["notifications"]:
                received[notification["token"]].append((host, instance["name"]))
    checks = []
    for server, result in sorted(results.items()):
        sent = result.get("notifications")
        if sent is None:
            continue
        called: dict[str, int] = defaultdict(int)
        for notification in sent:
            client = notification["instance"].split("/", 1)[0]
            called[client] += 1
            checks.append(_check(server, client, notification, received, results))
        called_back = [use for use in uses if use["server"] == server and use["enabled"] and use["callback"]]
        checks.extend(
            _missing(server, use, called[use["host"]]) for use in called_back if called[use["host"]] < use["instances"]
        )
    return checks


def _check(
    server: str,
    client: str,
    notification: Mapping[str, Any],
    received: Mapping[str, list[tuple[str, str]]],
    results: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    instance = notification["instance"]
    got = received.get(notification["token"], [])
    others = sorted({name for _host, name in got if name != instance})
    if others:
        verdict, text = FAILED, f"reached {', '.join(others)} instead of {instance}"
    elif notification["outcome"] != "delivered":
        detail = notification.get("detail") or ""
        verdict, text = FAILED, f"{notification['outcome'].replace('_', ' ')}{': ' if detail else ''}{detail}"
    elif len(got) == 1:
        verdict, text = PASSED, "arrived once, at the client it was meant for and nowhere else"
    elif got:
        verdict, text = FAILED, f"arrived {len(got)} times"
    elif results.get(client, {}).get("instances") is None:
        verdict, text = UNPROVEN, f"the far end acknowledged it, but {client} was not asked what it received"
    else:
        verdict, text = FAILED, f"acknowledged, but {instance} does not know of it"
    return {
        "server": server,
        "client": client,
        "instance": instance,
        "address": notification.get("address"),
        "port": notification.get("port"),
        "verdict": verdict,
        "text": text,
    }


def _missing(server: str, use: Mapping[str, Any], there: int) -> dict[str, Any]:
    client = use["host"]
    return {
        "server": server,
        "client": client,
        "instance": f"{client}/{use['service']}",
        "address": None,
        "port": None,
        "verdict": FAILED,
        "text": f"{there} of {use['instances']} instances of {client} were logged in to be called back",
    }
