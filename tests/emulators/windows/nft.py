# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's firewall as text of nft, for the container that stands in for the host: real packets meet its rules.

The text has what the evaluator has (firewall.py), for packets coming in and going out. What nft cannot see is told to
it: which program or service listens where, and which ports RPC has. What a Windows host always lets pass is there too:
answers, its own loopback, and IPv6's neighbour discovery (the group Core Networking).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .addresses import Addresses
from .errors import EmulatorError
from .firewall import ENDPOINT_MAPPER, Firewall, Profile
from .paths import expanded
from .rule_text import ANY_PROTOCOL, ICMP, ICMP6, TCP, UDP, Rule

TABLE = "emulated_windows"

#: The standing head of a chain, before any rule.
ALWAYS = (
    "ct state established,related accept",
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept",
)
_NAMES = {TCP: "tcp", UDP: "udp"}


@dataclass(frozen=True)
class Listener:
    """A program that listens in the container, under the names that it has on the emulated host."""

    protocol: int
    port: int
    program: str = ""
    service: str = ""


def text(firewall: Firewall, profile: str, listeners: Iterable[Listener] = (), rpc_ports: Iterable[int] = ()) -> str:
    """The ruleset for a host in a profile.

    Args:
        firewall: The host's.
        profile: The kind of network that the container stands in.
        listeners: Where rules that are bound to a program or service apply; elsewhere they do not.
        rpc_ports: The TCP ports that the keyword RPC stands for.

    Raises:
        EmulatorError: A rule needs what nft cannot look at.
    """
    translation = _Translation(firewall, tuple(listeners), tuple(rpc_ports))
    settings = firewall.profiles[profile]
    chains = "".join(translation.chain(settings, direction) for direction in ("In", "Out"))
    return f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{chains}}}\n"


class _Translation:
    def __init__(self, firewall: Firewall, listeners: tuple[Listener, ...], rpc_ports: tuple[int, ...]) -> None:
        self.firewall, self.listeners, self.rpc_ports = firewall, listeners, rpc_ports

    def chain(self, profile: Profile, direction: str) -> str:
        hook, interface = ("input", "iif") if direction == "In" else ("output", "oif")
        lines = [f"type filter hook {hook} priority 0; policy accept;"]
        if profile.enabled:
            lines += [f"{interface} lo accept", *ALWAYS, *self._body(profile, direction)]
        body = "".join(f"\t\t{line}\n" for line in lines)
        return f"\tchain {hook} {{\n{body}\t}}\n"

    def _body(self, profile: Profile, direction: str) -> Iterator[str]:
        if direction == "In" and profile.shielded:
            yield "drop"
            return
        rules = [rule for _store, rule in self.firewall.active(profile.name) if rule.direction == direction]
        # Bypass needs an authenticated packet, and the container sends none. The rest by force: block before allow.
        for action, verdict in (("Block", "drop"), ("Allow", "accept")):
            for rule in sorted((rule for rule in rules if rule.action == action), key=lambda rule: rule.id):
                yield from (f"{line}{verdict}" for line in self._lines(rule))
        if not (profile.allow_in if direction == "In" else profile.allow_out):
            yield "drop"

    def _lines(self, rule: Rule) -> Iterator[str]:
        """The conditions of a rule, a line for each version of IP and each program that it is bound to."""
        if rule.others or rule.remote_port_keywords:
            raise EmulatorError(f"rule {rule.id!r} looks at what nft does not see")
        if rule.authenticated or (rule.interface_types and "Lan" not in rule.interface_types):
            return  # no packet of a container is authenticated or comes over another kind of interface
        for protocol in self._protocols(rule):
            for addresses in self._addresses(rule):
                conditions = " ".join(each for each in (*addresses, *protocol) if each)
                yield f"{conditions} " if conditions else ""

    def _protocols(self, rule: Rule) -> list[tuple[str, ...]]:
        if rule.program or rule.service:
            return [self._at(rule, each) for each in self.listeners if _is_bound(rule, each)]
        if rule.protocol == ANY_PROTOCOL:
            return [()]
        if rule.protocol in (ICMP, ICMP6):
            return self._icmp(rule)
        if rule.protocol not in _NAMES:
            return [(f"meta l4proto {rule.protocol}",)]
        local = self._local_ports(rule)
        if local is None:
            return []
        return [self._matches(rule, local)]

    def _at(self, rule: Rule, listener: Listener) -> tuple[str, ...]:
        local = self._local_ports(rule)
        return () if local is None else self._matches(rule, [(listener.port, listener.port)], listener.protocol)

    def _matches(self, rule: Rule, local: list[tuple[int, int]], protocol: int | None = None) -> tuple[str, ...]:
        name = _NAMES[protocol or rule.protocol]
        own, far = ("dport", "sport") if rule.direction == "In" else ("sport", "dport")
        ports = (_ports(name, own, local), _ports(name, far, list(rule.remote_ports)))
        return tuple(each for each in ports if each) or (f"meta l4proto {name}",)

    def _local_ports(self, rule: Rule) -> list[tuple[int, int]] | None:
        """The local ports; an empty list is all of them, None says that no port is meant on this host."""
        ports = list(rule.local_ports)
        if "RPC" in rule.local_port_keywords:
            ports += [(port, port) for port in self.rpc_ports]
        if "RPC-EPMap" in rule.local_port_keywords:
            ports.append((ENDPOINT_MAPPER, ENDPOINT_MAPPER))
        return None if not ports and rule.local_port_keywords else ports

    def _icmp(self, rule: Rule) -> list[tuple[str, ...]]:
        name = "icmp" if rule.protocol == ICMP else "icmpv6"
        if not rule.icmp:
            return [(f"meta l4proto {'icmp' if rule.protocol == ICMP else 'ipv6-icmp'}",)]
        return [(f"{name} type {kind}", "" if code is None else f"{name} code {code}") for kind, code in rule.icmp]

    def _addresses(self, rule: Rule) -> Iterator[tuple[str, str]]:
        own, far = ("daddr", "saddr") if rule.direction == "In" else ("saddr", "daddr")
        meant = [each for version, word in rule.remote_keywords for each in self.firewall.of_keyword(word, version)]
        remote = [*rule.remote_addresses, *meant]
        if not rule.local_addresses and not rule.remote_addresses and not rule.remote_keywords:
            yield "", ""
            return
        is_any_remote = not rule.remote_addresses and not rule.remote_keywords
        for version, family in ((4, "ip"), (6, "ip6")):
            local_here = [each for each in rule.local_addresses if each.version == version]
            remote_here = [each for each in remote if each.version == version]
            if (rule.local_addresses and not local_here) or (not is_any_remote and not remote_here):
                continue
            yield _set(f"{family} {far}", remote_here), _set(f"{family} {own}", local_here)


def _is_bound(rule: Rule, listener: Listener) -> bool:
    program = not rule.program or expanded(rule.program).lower() == expanded(listener.program).lower()
    service = not rule.service or (bool(listener.service) and rule.service.lower() in ("*", listener.service.lower()))
    ports = not rule.local_ports or any(first <= listener.port <= last for first, last in rule.local_ports)
    return program and service and ports and rule.protocol in (ANY_PROTOCOL, listener.protocol)


def _set(what: str, addresses: list[Addresses]) -> str:
    return f"{what} {{ {', '.join(each.text() for each in _joined(addresses))} }}" if addresses else ""


def _ports(name: str, side: str, ranges: list[tuple[int, int]]) -> str:
    if not ranges:
        return ""
    joined = _joined([Addresses(0, first, last) for first, last in ranges])
    shown = (str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in joined)
    return f"{name} {side} {{ {', '.join(shown)} }}"


def _joined(ranges: list[Addresses]) -> list[Addresses]:
    """Ranges that overlap or touch made one, for a set of nft holds no overlapping ones."""
    found: list[Addresses] = []
    for each in sorted(ranges, key=lambda entry: (entry.first, entry.last)):
        if found and each.first <= found[-1].last + 1:
            found[-1] = Addresses(each.version, found[-1].first, max(found[-1].last, each.last))
        else:
            found.append(each)
    return found
