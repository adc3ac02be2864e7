# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the wanted ports listen on this host, where, and for which program."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._listening.holders import UNKNOWN, holders
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.tables import Socket, listening_sockets

_PAUSE = 0.2  # seconds between two looks


def look(wanted: Sequence[dict[str, Any]], proc: str = "/proc") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What listens of *wanted*, and what does not.

    Args:
        wanted: dictionaries with "transport", "port" and "name" (for people; may be None).
        proc: where the kernel's tables are.

    Returns:
        The wanted ones again: those that others can reach, with "addresses", and those that they can't, with "problem";
        all with "program" and "unit", which are empty where there is none or it can't be told, and with "text".
    """
    found: dict[tuple[str, int], list[Socket]] = {}
    for one in listening_sockets({each["transport"] for each in wanted}, proc):
        found.setdefault((one.transport, one.port), []).append(one)
    held = holders({one.inode for several in found.values() for one in several}, proc)
    listening, deaf = [], []
    for each in wanted:
        mine = found.get((each["transport"], each["port"]), [])
        outside = sorted({one.address for one in mine if not one.is_loopback})
        holder = next((held[one.inode] for one in mine if one.inode in held), UNKNOWN)
        known = {**each, **holder._asdict()}
        where = f"port {each['port']}/{each['transport']}" + (f" ({each['name']})" if each["name"] else "")
        if outside:
            listening.append({**known, "addresses": outside, "text": f"{where} is held by {holder.text}"})
        else:
            problem = f"{holder.text} listens on the loopback address alone" if mine else "nothing listens"
            deaf.append({**known, "problem": problem, "text": f"{where}: {problem}"})
    return listening, deaf


def wait_for(
    wanted: Sequence[dict[str, Any]], seconds: float, proc: str = "/proc"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Look until all listens, for *seconds* at most; what :func:`look` returns."""
    end = time.monotonic() + seconds
    while True:
        listening, deaf = look(wanted, proc)
        if not deaf or time.monotonic() >= end:
            return listening, deaf
        time.sleep(_PAUSE)
