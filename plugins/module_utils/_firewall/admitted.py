# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packets that our rules take for the flows of the plan, as spans: what their sets and maps hold.

What a host itself opens (management, permits) is in no set and is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import FAMILY
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import LookedUp, Rules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import HIGHEST, Span, address_text

_VERSIONS = {name: version for version, name in FAMILY.items()}
#: Where packets are let in and through, and where they are led on.
_HOOKS = (("prerouting", "nat"), ("input", "filter"), ("forward", "filter"))

#: So many ports are any that a system gives out.
_ANY_PORT = 0x4000


class Admitted(NamedTuple):
    """Packets that a set or map names, as they come in; `flows` is its comment.

    `hook` is prerouting where they are led on, to `target`; else the hook that lets them in or through.
    """

    hook: str
    version: int
    transport: str
    source: Span
    destination: Span
    ports: Span
    target: str
    flows: str


def admitted(rules: Rules) -> Iterator[Admitted]:
    """All of them, in the order of the hooks; what is led on once, as it comes in.

    Without those of which only the sender's port is known: where they are sent to is nowhere said.
    """
    led_on: dict[tuple[int, str, str], list[Admitted]] = {}
    for hook, kind in _HOOKS:
        for looked_up in rules.looked_up(hook, kind):
            for packets in _of(hook, looked_up):
                key = (packets.version, packets.transport, packets.target or _one(packets))
                if packets.target:
                    led_on.setdefault(key, []).append(packets)
                elif hook == "forward" and any(_holds(outside, packets) for outside in led_on.get(key, ())):
                    continue
                yield packets


def _of(hook: str, looked_up: LookedUp) -> Iterator[Admitted]:
    """What one set or map holds."""
    names = [_name_of(field) for field in looked_up.fields]
    versions = {_VERSIONS[protocol] for protocol, _part in names if protocol in _VERSIONS}
    transports = {protocol for protocol, part in names if part == "dport"}
    if len(versions) != 1 or len(transports) != 1:
        return
    version, transport = versions.pop(), transports.pop()
    parts = [part for _protocol, part in names]
    everywhere = (0, HIGHEST[version])
    for spans, comment, data in looked_up.elements:
        held = dict(zip(parts, spans))
        low, high = held["dport"]
        if "sport" not in held or high - low < _ANY_PORT:
            source, destination = held.get("saddr", everywhere), held.get("daddr", everywhere)
            target = data if isinstance(data, str) else ""
            yield Admitted(hook, version, transport, source, destination, (low, high), target, comment)


def _one(packets: Admitted) -> str:
    low, high = packets.destination
    return address_text(packets.version, low) if low == high else ""


def _holds(outside: Admitted, packets: Admitted) -> bool:
    """Whether packets are those that are led on, on their way through."""
    pairs = ((outside.source, packets.source), (outside.ports, packets.ports))
    return all(low <= held[0] and held[1] <= high for (low, high), held in pairs)


def _name_of(field: Any) -> tuple[str, str]:
    """The protocol and the field of it that an expression of nft's names."""
    payload: Mapping[str, str] = (field.get("payload") or {}) if isinstance(field, dict) else {}
    return payload.get("protocol", ""), payload.get("field", "")
