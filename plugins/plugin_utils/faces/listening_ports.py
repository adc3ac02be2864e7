# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a host's services ought to listen on, from its slice of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..basics.findings import short
from .filter_input import SLICE, InputError


def listening_ports(part: object, service: str | None = None) -> list[dict[str, Any]]:
    """Return the ports on which a host ought to listen, in the order of its offers and of their profiles' exchanges.

    Only single ports of exchanges that clients start and that the offer runs are listed: a range is taken port by port
    as it is needed (media), and what the server starts listens elsewhere. An offer that is switched off has none.

    Args:
        part: a host's slice.
        service: this service's ports only.

    Returns:
        Dictionaries with ``service``, ``exchange``, ``name`` (the exchange's title), ``transport`` and ``port``.

    Raises:
        InputError: not a slice.
    """
    if not isinstance(part, Mapping) or not isinstance(part.get("offers"), list):
        raise InputError(f"{short(part)!r} is not {SLICE}")
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for offer in part["offers"]:
        if not offer["enabled"] or (service is not None and offer["service"] != service):
            continue
        for exchange in part["exchanges"]:
            runs = exchange["service"] == offer["service"] and exchange["name"] in offer["exchanges"]
            if not runs or exchange["initiator"] != "client":
                continue
            port = _single(offer["settings"].get(exchange["ports"], exchange["ports"]))
            if port is not None:
                entry: dict[str, Any] = {
                    "service": offer["service"],
                    "exchange": exchange["name"],
                    "name": exchange["title"],
                }
                entry |= {"transport": exchange["transport"], "port": port}
                found.setdefault((exchange["transport"], port), entry)
    return list(found.values())


def _single(ports: object) -> int | None:
    """The one port that *ports* names, a number or its text; None for a range, for addresses and for words."""
    text = str(ports)
    return int(text) if text.isascii() and text.isdigit() else None
