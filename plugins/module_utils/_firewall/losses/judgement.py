# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes into a host or through it today, and would not with the new rules.

Only hooks count at which the new rules refuse what they do not name and those in force do not. Where they did so
already, whatever passes was named, and who takes it out of the inventory has said so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import Ruleset
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import sessions
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.forwarded import bridges, networks
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.listeners import lasting, listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.multicast import memberships
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.portless import portless
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.translations import (
    published,
    translated_networks,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import FORWARD, INPUT, Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, in_words
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import OUTWARD, Rules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import address_of


def losses(machine: Machine, now: Rules | None, new: Rules, others: Ruleset) -> list[Use]:
    """What would be lost with the rules `new` in the place of `now` (None: there are none of ours), sorted.

    `others` are the rules of everybody else on the host.
    Raises FirewallError where the kernel does not tell what is in use.
    """
    hooks = [hook for hook in (INPUT, FORWARD) if new.closed(hook) and not (now and now.closed(hook))]
    if not hooks:
        return []
    view = NetworkView(machine)
    try:
        led_on = list(published(others, view))
        lost = [*_input(machine, view, new, led_on)] if INPUT in hooks else []
        lost += [use for use in _refused(new, led_on) if use.hook in hooks]
        if FORWARD in hooks:
            lost += _refused(new, [*networks(view, translated_networks(others)), *bridges(view)])
        # One after the other: there may be hundreds of thousands.
        there = (session for session in sessions.sessions(machine, view) if session.hook in hooks)
        gone = (session for session in _unnamed(there, tuple(lost)) if ends(new, session))
        lost += sessions.gathered(gone, view)
    except OSError as error:
        raise FirewallError(
            f"nothing was changed, for this host does not tell what is in use on it: {in_words(error)}"
        ) from error
    return _joined(lost)


def _input(machine: Machine, view: NetworkView, new: Rules, led_on: Iterable[Use]) -> Iterator[Use]:
    # What is led on past this host's input (to a container, though Docker's proxy listens there too) does not meet it.
    past = {
        (packet.version, use.protocol, ports)
        for use in led_on
        if use.hook == FORWARD and not use.sources
        for packet in use.packets
        for ports in use.ports
    }
    heard = list(listeners(machine, view))
    met = [use for use in heard if (use.packets[0].version, use.protocol, use.ports[0]) not in past]
    lost = [*lasting(machine, _refused(new, met)), *lasting(machine, _refused(new, portless(machine, view)))]
    yield from lost
    named = {(use.protocol, use.ports[0][0] if use.ports else None) for use in lost}
    for use in _refused(new, memberships(machine, heard)):
        # Where the port or the protocol itself is lost, the group says nothing more.
        if not all((packet.transport, packet.destination_port) in named for packet in use.packets):
            yield use


def _refused(rules: Rules, uses: Iterable[Use]) -> list[Use]:
    """The uses whose packets are all refused."""
    return [use for use in uses if all(_is_refused(rules, use.hook, packet) for packet in use.packets)]


def _is_refused(rules: Rules, hook: str, packet: Packet) -> bool:
    verdict = rules.judge(hook, packet)
    return verdict is not None and verdict.accepted is False


def ends(rules: Rules, session: sessions.Session) -> bool:
    """Whether the rules would not let a session come about as it is, whoever of the two began it."""
    if not _is_refused(rules, session.hook, session.packet):
        return False
    turned = session.turned
    verdict = rules.judge(session.hook, turned) if turned else None
    if verdict is None or verdict.accepted is False:
        return True
    # That its networks may start anything outward makes no client of a server.
    return verdict.reason == OUTWARD and not session.seems_turned


def _unnamed(there: Iterable[sessions.Session], lost: Sequence[Use]) -> Iterator[sessions.Session]:
    """The sessions that are not lost with all of their port, or of their network."""
    shut = {
        (use.protocol, port)
        for use in lost
        if use.kind in ("listener", "protocol")
        for port in ([low for low, _high in use.ports] or [0])
    }
    away = [ipaddress.ip_network(use.sources[0]) for use in lost if use.kind == "network"]
    for session in there:
        packet = session.packet
        if session.hook == INPUT:
            told = (packet.transport, packet.destination_port or 0) in shut
        else:
            told = any(address_of(end) in net for net in away for end in (packet.source, packet.destination))
        if not told:
            yield session


def _joined(lost: Iterable[Use]) -> list[Use]:
    """The same of both IP versions as one."""
    found: dict[tuple[object, ...], Use] = {}
    for use in lost:
        key = (use.kind, use.hook, use.protocol, use.ports, use.sources, use.destinations, use.interface, use.program)
        first = found.get(key)
        found[key] = replace(first, packets=first.packets + use.packets) if first else use
    return sorted(
        found.values(), key=lambda use: (_ORDER.index(use.kind), use.protocol, use.ports, use.sources, use.destinations)
    )


_ORDER = ("listener", "protocol", "multicast", "published", "network", "bridge", "session")
