# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interfaces packets of the plan come in by and leave through, and whether a rule that names some meets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import Rule
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import Interface, routes
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    HIGHEST,
    Span,
    Spans,
    both,
    without,
)

#: A router of the Internet's core has a million routes; its interfaces are not told apart here.
_MANY_ROUTES = 5000


class Ways:
    """Through which interfaces packets of one IP version leave, by their destination."""

    def __init__(self, machine: Machine, version: int) -> None:
        self._machine = machine
        self._version = version
        self._known: dict[Spans, frozenset[str] | None] = {}

    @cached_property
    def _routes(self) -> list[tuple[Span, set[str]]] | None:
        found: dict[Span, set[str]] = {}
        for span, name in routes(self._machine, self._version):
            found.setdefault(span, set()).add(name)
        return list(found.items()) if len(found) <= _MANY_ROUTES else None  # the narrowest first, as listed

    def through(self, destinations: Spans) -> frozenset[str] | None:
        """The names of the interfaces; None where that is not known."""
        if destinations not in self._known:
            self._known[destinations] = self._through(destinations)
        return self._known[destinations]

    def _through(self, destinations: Spans) -> frozenset[str] | None:
        if self._routes is None:
            return None
        names: set[str] = set()
        left = destinations
        for span, devices in self._routes:
            if both(left, (span,)):
                names |= devices
                left = without(left, (span,), HIGHEST[self._version])
        return frozenset(names)

    def outward(self) -> frozenset[str] | None:
        """Those of the default routes: what has no route of its own leaves through them."""
        if self._routes is None:
            return None
        everywhere = (0, HIGHEST[self._version])
        return frozenset(name for span, devices in self._routes if span == everywhere for name in devices)


def meets(rule: Rule, names: frozenset[str] | None, there: Iterable[Interface], *, incoming: bool = False) -> bool:
    """Whether packets through these interfaces can be the rule's. An interface that is away now may come (PPPoE)."""
    return names is None or bool(met(rule, names, there, incoming=incoming))


def met(rule: Rule, names: frozenset[str], there: Iterable[Interface], *, incoming: bool = False) -> frozenset[str]:
    """The interfaces at which it can meet them: of these, and of those that it names and that are away."""
    sides = rule.incoming if incoming else rule.outgoing
    here = {interface.name for interface in there}
    away = {name for side in sides if not side.excluded for name in side.names if name not in here}
    return frozenset(name for name in names | away if all(side.hold(name) for side in sides))


def addresses_on(names: Iterable[str], there: Sequence[Interface], version: int) -> set[str]:
    """The address that a masquerade gives on each of them; "" where several networks on one leave that open."""
    wanted = set(names)
    return {_first_address(item, version) for item in there if item.name in wanted}


def _first_address(interface: Interface, version: int) -> str:
    found = [network for network in interface.networks if network.version == version]
    one_network = all(item.span == found[0].span or item.span[0] == item.span[1] for item in found)
    return found[0].own if found and one_network else ""
