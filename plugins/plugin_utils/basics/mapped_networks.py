# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that are mapped one to one to others of the same size: a host keeps its place (NETMAP, 1:1 NAT)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .addresses import Address, End, Prefix, first_of, prefix_of


class Mapped(NamedTuple):
    """A network, and what others know it as."""

    own: Prefix
    shown: Prefix


def shown_as(end: End, mapped: Iterable[Mapped]) -> End:
    """Return what others know an address or a part of a network as; itself where it is in no mapped network."""
    return next((_moved(end, item.own, item.shown) for item in mapped if item.own.contains(prefix_of(end))), end)


def own_of(end: End, mapped: Iterable[Mapped]) -> End:
    """Return what others know as *end*; itself where it is in nothing that a network is mapped to."""
    return next((_moved(end, item.shown, item.own) for item in mapped if item.shown.contains(prefix_of(end))), end)


def shown_address(address: Address, mapped: Iterable[Mapped]) -> Address:
    """The same of an address as :func:`shown_as`."""
    return first_of(shown_as(address, mapped))


def own_address(address: Address, mapped: Iterable[Mapped]) -> Address:
    """The same of an address as :func:`own_of`."""
    return first_of(own_of(address, mapped))


def _moved(end: End, here: Prefix, there: Prefix) -> End:
    """An address or a network at the same place of another network of one size."""
    offset = there.first - here.first
    if isinstance(end, Address):
        return Address(there.version, end.value + offset)
    return Prefix(there.version, end.first + offset, end.last + offset, end.length)
