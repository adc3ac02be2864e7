# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first packet of a connection, or a whole class of them, and what nft's expressions find in it.

Where a packet leaves something open (any source, any port), a field has a span of values instead of one. A comparison
then has three answers: all packets of the class meet it, none does, or it depends.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import number_of

Span = tuple[int, int]

#: The marks of a field that the packet does not have, and of what is not known here.
ABSENT, UNKNOWN = object(), object()
#: A field of a concatenation that is not known: it lies in no element, and may lie in any.
WILD: Span = (-1, 1 << 129)

#: An interface that no rule names.
ELSEWHERE = "?"

FAMILY = {4: "ip", 6: "ip6"}
#: What others can be addressed by: neither multicast (224.0.0.0/4, ff00::/8) nor what is for one link (fe80::/10).
_ALL_ADDRESSES = {4: (0, (224 << 24) - 1), 6: (0, (0xFE80 << 112) - 1)}
_ALL_PORTS: Span = (0, 65535)
_WITH_PORTS = frozenset((6, 17, 33, 132, 136))


@dataclass(frozen=True)
class Packet:
    """The first packet of a connection as a hook sees it; what is left open stands for all packets that fit.

    Attributes:
        transport: the protocol's name or number, "" for any.
        source: an address, a network, or "" for everybody.
        source_port: None for any, as with `destination_port`; of no meaning where the protocol has no ports.
        interface: where it came in; "" where that is not known, but that it is not the loopback.
        out_interface: where it leaves, "" where that is not known.
        translated: whether another table has given it another destination (``ct status dnat``).
        hook: where it is judged: input, forward or output; "" where that is not said.
    """

    version: int
    transport: str
    source: str
    source_port: int | None
    destination: str
    destination_port: int | None
    interface: str = ""
    out_interface: str = ""
    translated: bool = False
    hook: str = ""


def value(expression: Any, packet: Packet) -> Any:
    """What a packet has in a field of nft's JSON: a span, a word, the words of flags, ABSENT or UNKNOWN."""
    if not isinstance(expression, dict) or len(expression) != 1:
        return UNKNOWN
    ((kind, content),) = expression.items()
    if kind == "fib":
        asked = content.get("result") == "type" and content.get("flags") == ["daddr"]
        return _kind_of_destination(packet) if asked else UNKNOWN
    if kind == "&":
        found = value(content[0], packet)
        return found & words(content[1:]) if isinstance(found, frozenset) else found
    if kind == "payload":
        return _payload(content.get("protocol"), content.get("field"), packet)
    read = {"meta": _meta, "ct": _tracked}.get(kind)
    return read(content.get("key"), packet) if read else UNKNOWN


def _meta(key: Any, packet: Packet) -> Any:
    if key == "nfproto":
        # nft writes it as the protocols of these names, whose numbers are 4 and 41.
        return span(f"ipv{packet.version}")
    if key == "l4proto":
        return _protocol(packet)
    if key in ("iif", "iifname"):
        return packet.interface or UNKNOWN
    if key in ("oif", "oifname"):
        return ABSENT if packet.hook == "input" else packet.out_interface or UNKNOWN
    return UNKNOWN


def _tracked(key: Any, packet: Packet) -> Any:
    if key == "state":
        return "new"
    if key == "status":
        return frozenset(("dnat",) if packet.translated else ())
    return UNKNOWN


def _kind_of_destination(packet: Packet) -> Any:
    """How the host's routes would call the destination (ip-route(8), TYPE), as far as the hook says it."""
    if packet.destination and "/" not in packet.destination:
        address = ipaddress.ip_address(packet.destination)
        if address.is_multicast:
            return "multicast"
        if packet.destination == "255.255.255.255":
            return "broadcast"
    elif packet.hook == "input":
        return UNKNOWN
    return {"input": "local", "forward": "unicast"}.get(packet.hook, UNKNOWN)


def _protocol(packet: Packet) -> Any:
    if not packet.transport:
        return UNKNOWN
    number = number_of(packet.transport)
    return UNKNOWN if number is None else (number, number)


def _payload(protocol: Any, field: Any, packet: Packet) -> Any:
    if protocol in FAMILY.values():
        return _of_ip(field, packet) if protocol == FAMILY[packet.version] else ABSENT
    if not packet.transport:
        return UNKNOWN
    carried = number_of(packet.transport)
    if protocol == "th":
        return _of_transport(field, packet) if carried in _WITH_PORTS else ABSENT
    if carried != number_of(str(protocol)):
        return ABSENT
    return _of_transport(field, packet) if carried in _WITH_PORTS else UNKNOWN


def _of_ip(field: Any, packet: Packet) -> Any:
    if field in ("protocol", "nexthdr"):
        return _protocol(packet)
    addresses = {"saddr": packet.source, "daddr": packet.destination}
    return addresses_of(addresses[field], packet.version) if field in addresses else UNKNOWN


def _of_transport(field: Any, packet: Packet) -> Any:
    known = {"sport": packet.source_port, "dport": packet.destination_port}
    return _ports(known[field]) if field in known else frozenset(["syn"]) if field == "flags" else UNKNOWN


def _ports(port: int | None) -> Span:
    return _ALL_PORTS if port is None else (port, port)


@lru_cache(maxsize=65536)
def addresses_of(text: str, version: int) -> Span:
    """The addresses that a text names: one, a network's, or all of the version's hosts where it is empty."""
    if not text:
        return _ALL_ADDRESSES[version]
    if "/" not in text:
        return (number(text), number(text))
    network = ipaddress.ip_network(text, strict=False)
    return int(network.network_address), int(network.broadcast_address)


def words(expression: Any) -> frozenset[str]:
    """Words that an expression names, such as states or flags."""
    if isinstance(expression, str):
        return frozenset([expression])
    if isinstance(expression, dict):
        return words(list(expression.values()))
    if isinstance(expression, list):
        return frozenset(word for item in expression for word in words(item))
    return frozenset()


def fields(expression: Any) -> Sequence[Any]:
    """The fields of a concatenation; of anything else itself."""
    if isinstance(expression, dict) and "concat" in expression:
        found: Sequence[Any] = expression["concat"]
        return found
    return [expression]


def span(field: Any) -> Span | str:
    """The numbers that a field of an element holds, or its word. Raises ValueError, KeyError or TypeError."""
    if isinstance(field, dict) and "elem" in field:
        return span(field["elem"]["val"])
    if isinstance(field, dict) and "range" in field:
        low, high = field["range"]
        return number(low), number(high)
    if isinstance(field, dict) and "prefix" in field:
        network = ipaddress.ip_network(f"{field['prefix']['addr']}/{field['prefix']['len']}", strict=False)
        return int(network.network_address), int(network.broadcast_address)
    try:
        return number(field), number(field)
    except ValueError:
        if isinstance(field, str) and field:
            return field  # an interface, a state
        raise


@lru_cache(maxsize=65536)
def number(text: Any) -> int:
    """A number, an address or a protocol as a number. Raises ValueError for what is none."""
    if isinstance(text, int):
        return text
    try:
        return int(ipaddress.ip_address(text))
    except ValueError:
        known = number_of(text)
        if known is None:
            raise
        return known


def compared(held: Span | str, there: Any) -> bool | None:
    """Whether all packets of a class (`there`: its span or word) lie in what an element holds; None where some may."""
    if isinstance(there, str) or isinstance(held, str):
        if not (isinstance(there, str) and isinstance(held, str)):
            return None if there == WILD else False
        return there.startswith(held[:-1]) if held.endswith("*") else there == held
    if held[0] <= there[0] and there[1] <= held[1]:
        return True
    return False if held[1] < there[0] or there[1] < held[0] else None
