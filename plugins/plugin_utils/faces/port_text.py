# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports as devices write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..basics.findings import short
from ..basics.ports import PortError, PortRange, parse_ranges, ports_text
from .filter_input import InputError

#: iptables' multiport match takes 15 ports, and a range counts as two (iptables-extensions(8)).
_MULTIPORT_LIMIT = 15


def _plain(ranges: tuple[PortRange, ...]) -> str:
    return ports_text(ranges)


def _nft(ranges: tuple[PortRange, ...]) -> str:
    text = ports_text(ranges, ", ")
    return text if len(ranges) == 1 else f"{{ {text} }}"


def _iptables(ranges: tuple[PortRange, ...]) -> str:
    used = sum(1 if item.size == 1 else 2 for item in ranges)
    if used > _MULTIPORT_LIMIT:
        raise InputError(
            f"{ports_text(ranges)} counts as {used} ports, and iptables' multiport match takes {_MULTIPORT_LIMIT} "
            "(a range counts as two): split the ports over several rules"
        )
    return ",".join(item.text.replace("-", ":") for item in ranges)


def _cisco(ranges: tuple[PortRange, ...]) -> str:
    return "\n".join(f"eq {item.low}" if item.size == 1 else f"range {item.low} {item.high}" for item in ranges)


#: How devices write ports: merged ranges to text.
PORT_STYLES: Mapping[str, Callable[[tuple[PortRange, ...]], str]] = {
    "plain": _plain,
    "nft": _nft,
    "iptables": _iptables,
    "windows": _plain,
    "cisco": _cisco,
}


def port_text(value: object, style: str = "plain") -> str:
    """Return ports and ranges, merged and sorted, as a device writes them.

    Args:
        value: a port, a range (``4558-4560``), a text of several with commas, or a list of these.
        style: a key of :data:`PORT_STYLES`.

    Raises:
        InputError: not ports, no ports, or no such style.
    """
    if style not in PORT_STYLES:
        raise InputError(f"style {short(style)!r} is not known: use one of {', '.join(PORT_STYLES)}")
    try:
        ranges = parse_ranges(value)
    except PortError as error:
        cure = "pass ports such as 7488, ranges such as '10000-10099', or a list of these"
        raise InputError(f"{error}: {cure}") from error
    if not ranges:
        raise InputError("no ports: an empty list would read as any port on most devices; omit such a rule")
    return PORT_STYLES[style](ranges)
