# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``faxnet_clamp_mss``: what a router does so that TCP fits through PPPoE and tunnels."""

from __future__ import annotations

import re

from ..basics.findings import short
from .intent import MssClamp
from .reader import Reader

VARIABLE = "faxnet_clamp_mss"

#: Bytes. 536 is what a host may always be sent (RFC 9293, 3.7.1); the field has 16 bits, and headers take 40 of them.
SMALLEST, LARGEST = 536, 65535 - 40

#: Bytes of a name that the kernel takes for an interface (IFNAMSIZ, 16 with the closing zero).
LONGEST_INTERFACE = 15

INTERFACE = re.compile(r"[A-Za-z0-9_.:@-]+\*?", re.ASCII)
_CURE = "write true for what the path holds, a number of bytes, or a mapping with size and interfaces"


def read_clamp_mss(reader: Reader, raw: object) -> MssClamp | None:
    """Return what ``faxnet_clamp_mss`` asks for: true, a number of bytes, or a mapping of ``size`` and ``interfaces``.

    Returns:
        None where it is not set, false, or in error (then the finding is noted).
    """
    if raw is None or raw is False:
        return None
    if raw is True:
        return MssClamp()
    if isinstance(raw, (str, int)):
        size = _size(reader, raw, VARIABLE)
        return None if size is None else MssClamp(size)
    entry = reader.mapping(raw, VARIABLE, ("size", "interfaces"))
    if entry is None:
        return None
    size = _size(reader, entry["size"], f"{VARIABLE}.size") if entry.get("size") is not None else 0
    interfaces = read_interfaces(reader, entry["interfaces"], f"{VARIABLE}.interfaces") if "interfaces" in entry else ()
    return None if size is None or interfaces is None else MssClamp(size, interfaces)


def _size(reader: Reader, value: object, variable: str) -> int | None:
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10
    number = int(value) if isinstance(value, str) and digits else value
    if isinstance(number, bool) or not isinstance(number, int) or not SMALLEST <= number <= LARGEST:
        message = f"is not a maximum segment size from {SMALLEST} to {LARGEST} bytes"
        reader.note("FXN150", variable, value, message, _CURE)
        return None
    return number


def read_interfaces(reader: Reader, raw: object, variable: str) -> tuple[str, ...] | None:
    """Return the names of interfaces, one or a list; None where there is none or one of them is in error."""
    names = [raw] if isinstance(raw, str) else reader.items(raw, variable)
    if not names:
        reader.note("FXN103", variable, raw, "names no interface", "name interfaces, or omit it for all of them")
        return None
    sound = True
    for index, name in enumerate(names):
        if not isinstance(name, str) or not INTERFACE.fullmatch(name) or len(name) > LONGEST_INTERFACE:
            cure = "write it as ip link shows it, such as ppp0; ppp* stands for all that begin so"
            reader.note("FXN150", f"{variable}[{index}]", short(name), "is not the name of an interface", cure)
            sound = False
    return tuple(sorted(set(names))) if sound else None
