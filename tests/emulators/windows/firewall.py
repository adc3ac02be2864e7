# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's firewall does with a packet: an evaluator written from [MS-GPFAS] and [MS-FASP], and from no renderer.

Repeated fields of a rule are alternatives, different fields are conditions that hold together ([MS-GPFAS] 2.2.2.19).
There is no order: allow-bypass takes precedence over block, block over allow ([MS-FASP] 2.2.34); where no rule matches,
the profile's default action decides. The settings of a profile are merged as [MS-FASP] 2.2.38 says.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .addresses import Addresses
from .errors import EmulatorError
from .paths import expanded
from .registry import Registry
from .rule_text import ANY_PROTOCOL, Rule, parsed
from .state import GROUP_POLICY, GROUP_RULES, LOCAL_POLICY, LOCAL_PROFILE_KEYS, LOCAL_RULES

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ENDPOINT_MAPPER = 135  # TCP; what the keyword RPC-EPMap stands for


@dataclass(frozen=True)
class Packet:
    """The first packet of an exchange. Ports are 0 where the protocol has none; an icmp is type and code."""

    direction: str  # In or Out
    protocol: int
    local: Address
    remote: Address
    local_port: int = 0
    remote_port: int = 0
    profile: str = ""  # of the network that it comes from or goes to; empty: the one that the host stands in
    program: str = ""  # the path of the program that listens or sends
    service: str = ""  # the service within it
    keywords: frozenset[str] = frozenset()  # what the local port is by RPC's own account, such as RPC
    icmp: tuple[int, int] = (0, 0)
    interface_type: str = "Lan"
    authenticated: bool = False


@dataclass(frozen=True)
class Profile:
    """What holds for one kind of network once policy and local settings are merged."""

    name: str
    enabled: bool
    shielded: bool
    local_rules: bool
    allow_in: bool
    allow_out: bool


@dataclass(frozen=True)
class Verdict:
    """Whether a packet passes, and what decided."""

    allowed: bool
    reason: str
    rule: Rule | None = None
    store: str = ""  # local or policy, where a rule decided


@dataclass(frozen=True)
class Firewall:
    """A host's firewall as it stands."""

    profiles: Mapping[str, Profile]
    local: tuple[Rule, ...]
    policy: tuple[Rule, ...]
    keywords: Mapping[str, tuple[Addresses, ...]] = field(default_factory=dict)  # LocalSubnet and its like

    def active(self, profile: str) -> Iterable[tuple[str, Rule]]:
        """The rules that are looked at in a profile, each with the store that it is from."""
        yield from (("policy", rule) for rule in self.policy if rule.active and profile in rule.profiles)
        if self.profiles[profile].local_rules:
            yield from (("local", rule) for rule in self.local if rule.active and profile in rule.profiles)

    def judge(self, packet: Packet) -> Verdict:
        """What becomes of a packet.

        Raises:
            EmulatorError: A rule that could decide has a condition that is not weighed here.
        """
        profile = self.profiles[packet.profile]
        if not profile.enabled:
            return Verdict(True, f"the firewall is off in the profile {profile.name}")
        incoming = packet.direction == "In"
        if incoming and profile.shielded:
            return Verdict(False, f"the profile {profile.name} allows no exceptions")
        matching = [found for found in self.active(packet.profile) if self.matches(found[1], packet)]
        for action in ("ByPass", "Block", "Allow"):
            deciding = sorted((each for each in matching if each[1].action == action), key=_name)
            if deciding:
                store, rule = deciding[0]
                word = "blocks" if action == "Block" else "allows"
                return Verdict(action != "Block", f"the {store} rule {rule.id} {word} it", rule, store)
        allowed = profile.allow_in if incoming else profile.allow_out
        return Verdict(allowed, f"the default of the profile {profile.name} is to {'allow' if allowed else 'block'}")

    def matches(self, rule: Rule, packet: Packet) -> bool:
        """Whether all conditions of a rule hold for a packet, but for profile and Active. Raises EmulatorError."""
        conditions = (
            rule.direction == packet.direction,
            rule.protocol in (ANY_PROTOCOL, packet.protocol),
            _ports(rule.local_ports, packet.local_port, self._keyword(rule.local_port_keywords, packet)),
            _ports(rule.remote_ports, packet.remote_port, self._keyword(rule.remote_port_keywords, packet)),
            self._local(rule, packet.local),
            self._remote(rule, packet.remote),
            not rule.icmp or any(kind == packet.icmp[0] and code in (None, packet.icmp[1]) for kind, code in rule.icmp),
            not rule.program or _same_program(rule.program, packet.program),
            not rule.service or (bool(packet.service) and rule.service.lower() in ("*", packet.service.lower())),
            not rule.interface_types or packet.interface_type in rule.interface_types,
            packet.authenticated or not rule.authenticated,
        )
        if not all(conditions):
            return False
        if rule.others:
            names = ", ".join(sorted(rule.others))
            raise EmulatorError(f"rule {rule.id!r} would match but for its {names}, which the emulator does not weigh")
        return True

    @staticmethod
    def _keyword(keywords: frozenset[str], packet: Packet) -> bool | None:
        """Whether one of a rule's keywords stands for the local port; None where it has none."""
        if not keywords:
            return None
        is_mapper = "RPC-EPMap" in keywords and packet.local_port == ENDPOINT_MAPPER
        return is_mapper or bool(keywords & packet.keywords)

    @staticmethod
    def _local(rule: Rule, address: Address) -> bool:
        return not rule.local_addresses or any(each.holds(address) for each in rule.local_addresses)

    def _remote(self, rule: Rule, address: Address) -> bool:
        if not rule.remote_addresses and not rule.remote_keywords:
            return True
        meant = [each for version, word in rule.remote_keywords for each in self.of_keyword(word, version)]
        return any(each.holds(address) for each in (*rule.remote_addresses, *meant))

    def of_keyword(self, word: str, version: int) -> list[Addresses]:
        """The addresses that a keyword stands for on this host."""
        return [each for each in self.keywords.get(word, ()) if each.version == version]


def _name(found: tuple[str, Rule]) -> tuple[str, str]:
    """What puts rules of equal force in an order, so that the same one is named whatever order they came in."""
    return found[0], found[1].id


def _ports(ranges: tuple[tuple[int, int], ...], port: int, keyword: bool | None) -> bool:
    if not ranges and keyword is None:
        return True
    return bool(keyword) or any(first <= port <= last for first, last in ranges)


def _same_program(wanted: str, program: str) -> bool:
    return expanded(wanted).lower() == expanded(program).lower()


def firewall_of(registry: Registry, keywords: Mapping[str, tuple[Addresses, ...]] | None = None) -> Firewall:
    """The firewall that a registry describes.

    Args:
        registry: The host's.
        keywords: What LocalSubnet and its like stand for on the host.

    Raises:
        RuleTextError: The text of a rule is malformed.
    """
    return Firewall(
        profiles={name: profile_of(registry, name) for name in LOCAL_PROFILE_KEYS},
        local=_rules(registry, LOCAL_RULES),
        policy=_rules(registry, GROUP_RULES),
        keywords=keywords or {},
    )


def _rules(registry: Registry, key: str) -> tuple[Rule, ...]:
    return tuple(parsed(name, text) for name, (_kind, text) in sorted(registry.values(key).items()))


def profile_of(registry: Registry, name: str) -> Profile:
    """The settings that hold in a profile."""
    policy_key = f"{GROUP_POLICY}\\{_policy_key(registry, name)}"
    # What the old key cannot have is looked for where it can be (2.2.3.13, 2.2.3.16, 2.2.3.17).
    later_key = f"{GROUP_POLICY}\\{name}Profile"
    local_key = f"{LOCAL_POLICY}\\{LOCAL_PROFILE_KEYS[name]}"

    def setting(key: str, value: str, default: int) -> int:
        """The policy's where it is configured, else the local one."""
        return int(registry.data(key, value, registry.data(local_key, value, default)))

    return Profile(
        name=name,
        enabled=setting(policy_key, "EnableFirewall", 1) == 1,
        # This one is merged so that "on" wins.
        shielded=any(registry.data(key, "DoNotAllowExceptions", 0) == 1 for key in (policy_key, local_key)),
        local_rules=registry.data(later_key, "AllowLocalPolicyMerge", 1) == 1,
        allow_in=setting(later_key, "DefaultInboundAction", 1) == 0,
        allow_out=setting(later_key, "DefaultOutboundAction", 0) == 0,
    )


def _policy_key(registry: Registry, name: str) -> str:
    """The policy's key of a profile: the old StandardProfile holds for both where neither has its own (2.2.3)."""
    own = any(registry.has(f"{GROUP_POLICY}\\{each}Profile") for each in ("Private", "Public"))
    return f"{name}Profile" if own or name == "Domain" else "StandardProfile"
