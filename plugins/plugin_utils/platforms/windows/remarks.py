# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be told of a host with Windows: what keeps the plan from being in force there, and what opens more.

A block beats an allow whoever wrote it, rules of the local store count only where group policy lets them, and a rule
does nothing in a kind of networks that it does not name. None of that shows in our own rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ...basics.protocols import NAMES
from ...inventory.firewall_profiles import PROFILES
from ...inventory.firewall_profiles import VARIABLE as FIREWALL_PROFILES
from ...inventory.intent import EXCLUSIVE
from .overlap import Permitted
from .rule import ALLOW, BLOCK, GROUP, ICMP, ICMPV6, IN, UDP, Rule, named_profiles
from .standing import Standing
from .wanted import Wanted

#: Kinds of remarks.
OVERRULED, OPENS_MORE, UNREADABLE = "overruled", "opens_more", "unreadable"
LOCAL_RULES_OFF, FIREWALL_OFF, LETS_ALL_IN, REFUSES_ALL = (
    "local_rules_off",
    "firewall_off",
    "lets_all_in",
    "refuses_all",
)
NOT_IN_FORCE, CHANGED_BY_HAND, NOT_RESTORABLE = "not_in_force", "changed_by_hand", "not_restorable"

_IGMP = 2
#: What every host takes for its link to work at all, whatever the plan says: no other packet filter refuses it either.
_OF_THE_LINK = (ICMP, ICMPV6, _IGMP)
#: Fields of a rule's text that say nothing of which packets it is for ([MS-GPFAS] 2.2.2.19).
_NO_CONDITIONS = frozenset(("Defer", "LSM", "LOM", "SkipVer", "PCross"))
#: The ports of DHCP clients (RFC 2131, 4.1; RFC 8415, 7.2).
_DHCP_CLIENTS = frozenset((68, 546))


class Remark(NamedTuple):
    """Something that whoever sets the host has to know.

    Attributes:
        kind: one of those above.
        message: what is so, a sentence without its full stop.
        cure: what to do about it.
        rule: the name of the rule that it is about; empty where it is about none.
        hinders: whether the plan is not in force as long as it is so.
    """

    kind: str
    message: str
    cure: str
    rule: str = ""
    hinders: bool = False

    @property
    def text(self) -> str:
        """Message and cure as one line."""
        return f"{self.message}; {self.cure}"


def of_settings(wanted: Wanted, standing: Standing, *, in_group_policy: bool = False) -> Iterator[Remark]:
    """Yield what the settings of the kinds of networks do to the wanted rules.

    Args:
        in_group_policy: whether group policy has rules for the same, so that local ones may be left out.
    """
    if not wanted.rules:
        return
    for profile in standing.active:
        if profile not in wanted.profiles:
            message = f"it is in a {profile} network, and its rules are for {' and '.join(wanted.profiles)} ones"
            cure = (
                f"change the kind of that network (Set-NetConnectionProfile), or add {profile} to {FIREWALL_PROFILES}"
            )
            yield Remark(NOT_IN_FORCE, message, cure, hinders=True)
    for profile in PROFILES:
        settings, is_ours = standing.settings_of(profile), profile in wanted.profiles
        where, command = f"in {profile} networks", f"Set-NetFirewallProfile -Profile {profile.capitalize()}"
        if is_ours and not settings.takes_local_rules and not in_group_policy:
            message = f"group policy lets no rule of the machine itself count {where}, so none of the plan is in force"
            cure = "put the rules into group policy, or let it take local rules (AllowLocalPolicyMerge)"
            yield Remark(LOCAL_RULES_OFF, message, cure, hinders=True)
        if is_ours and settings.refuses_all:
            message = f"nothing comes in {where}, whatever rules say (DoNotAllowExceptions)"
            yield Remark(REFUSES_ALL, message, "let its rules count there", hinders=True)
        if wanted.stance == EXCLUSIVE and not settings.on:
            message = f"its firewall is off {where}: everything comes in"
            cure = f"switch it on ({command} -Enabled True)"
            yield Remark(FIREWALL_OFF, message, cure, hinders=is_ours)
        elif wanted.stance == EXCLUSIVE and settings.lets_in:
            message = f"what no rule names comes in {where} (DefaultInboundAction)"
            cure = f"let it be blocked ({command} -DefaultInboundAction Block)"
            yield Remark(LETS_ALL_IN, message, cure, hinders=is_ours)


def of_others(
    wanted: Wanted, local: Iterable[Rule], group: Iterable[Rule], accepted: Collection[str] = ()
) -> Iterator[Remark]:
    """Yield which rules of others beat a wanted one, and, where nothing else is to come in, which open more.

    Args:
        local, group: the rules of others, of the local store and of group policy.
        accepted: names, in lower case, of rules about which nothing is to be said.
    """
    permitted = Permitted(wanted.rules)
    for from_group, rules in ((False, local), (True, group)):
        for rule in rules:
            if rule.direction != IN or not rule.enabled or rule.name.lower() in accepted:
                continue
            if rule.action == BLOCK:
                beaten = permitted.met_by(rule)
                if beaten is not None:
                    yield _overruled(rule, beaten, from_group)
            elif wanted.stance == EXCLUSIVE and _opens_more(rule, permitted, wanted.profiles):
                message = f"{_told(rule, from_group)} lets in {words_of(rule)}, which the plan does not name"
                cure = "accept it by its name, have it switched off, or name what it is for in faxnet_permits"
                yield Remark(OPENS_MORE, message, cure, rule.name)


def _told(rule: Rule, from_group: bool) -> str:
    return f"rule {rule.title}{' of group policy' if from_group else ''}"


def _overruled(rule: Rule, beaten: Rule, from_group: bool) -> Remark:
    message = f"{_told(rule, from_group)} blocks {words_of(rule)}, and a block beats a permit: {beaten.display_name}"
    cure = "take it out of the group policy" if from_group else "remove it, or have it switched off by its name"
    narrow = bool(rule.program or rule.service or {key for key, _value in rule.other} - _NO_CONDITIONS)
    if narrow:
        cure = f"look whether that is what listens there; if so, {cure}"
    return Remark(OVERRULED, message, cure, rule.name, hinders=not narrow)


def _opens_more(rule: Rule, permitted: Permitted, profiles: Collection[str]) -> bool:
    if rule.protocol in _OF_THE_LINK or _is_for_dhcp(rule):
        return False
    ours = set(rule.profiles or PROFILES) & set(profiles)
    return bool(ours) and not permitted.cover(rule._replace(profiles=named_profiles(ours)))


def _is_for_dhcp(rule: Rule) -> bool:
    ports = {port for item in rule.local_ports for port in item}
    return rule.protocol == UDP and bool(ports) and not rule.local_keywords and ports <= _DHCP_CLIENTS


def words_of(rule: Rule) -> str:
    """What packets a rule is for, in few words."""
    protocol = "everything" if rule.protocol is None else NAMES.get(rule.protocol, f"protocol {rule.protocol}")
    ports = [*(item.text for item in rule.local_ports), *rule.local_keywords]
    said = [f"{protocol} {', '.join(ports[:3])}{', ...' if len(ports) > 3 else ''}".rstrip()]
    said += [f"for {item}" for item in (rule.program, rule.service and f"service {rule.service}") if item]
    return " ".join(said)


def of_hand(changed: Iterable[Rule], broken: Iterable[str]) -> Iterator[Remark]:
    """Yield which rules of ours somebody has changed by hand.

    Args:
        changed: those that do not say what they said when they came, or never came from here.
        broken: names of those whose text is no rule any more.
    """
    for rule in changed:
        message = f"rule {rule.title} of the group {GROUP} was changed or added by hand"
        cure = "it goes, and what the plan says comes in its place; say what is needed in the inventory"
        yield Remark(CHANGED_BY_HAND, message, cure, rule.name)
        peculiar = [key for key, _value in rule.other] + (["Action"] if rule.action not in (ALLOW, BLOCK) else [])
        if peculiar:
            conditions = ", ".join(dict.fromkeys(peculiar))
            message = f"rule {rule.title} has conditions that no undoing would bring back ({conditions})"
            yield Remark(NOT_RESTORABLE, message, "note them down if they are needed", rule.name)
    for name in broken:
        yield Remark(NOT_RESTORABLE, f"value {name} of {GROUP} is no rule any more", "it goes for good", name)


def of_unreadable(names: Iterable[str]) -> Iterator[Remark]:
    """Yield which values are no rules that are known here."""
    for name in names:
        message = f"what the value {name} says is no rule that can be read here, so nobody looked what it does"
        yield Remark(UNREADABLE, message, "look at it by yourself (Get-NetFirewallRule)", name)
