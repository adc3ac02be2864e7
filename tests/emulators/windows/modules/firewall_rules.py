# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""win_firewall_rule of community.windows, property by property as its source does it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import ModuleFailure
from ..paths import expanded
from ..state import LOCAL_RULES
from .com_rules import ALL_PROFILES, NEW, normal, shown, text_of
from .task import Task

#: The properties in the order in which the module compares and sets them, each with its option.
COMPARED = {
    "Description": "description",
    "Direction": "direction",
    "Action": "action",
    "ApplicationName": "program",
    "Grouping": "group",
    "ServiceName": "service",
    "Enabled": "enabled",
    "Profiles": "profiles",
    "LocalAddresses": "localip",
    "RemoteAddresses": "remoteip",
    "LocalPorts": "localport",
    "RemotePorts": "remoteport",
    "Protocol": "protocol",
    "InterfaceTypes": "interfacetypes",
    "EdgeTraversalOptions": "edge",
    "SecureFlags": "security",
    "IcmpTypesAndCodes": "icmp_type_code",
}
_PROTOCOLS = {"tcp": 6, "udp": 17}
_PROFILES = {"domain": 1, "private": 2, "public": 4}
_INTERFACES = {"wireless": "Wireless", "lan": "Lan", "ras": "RemoteAccess"}
#: Words of options and COM's numbers for them.
_WORDS = {
    "Direction": {"in": 1, "out": 2},
    "Action": {"block": 0, "allow": 1},
    "EdgeTraversalOptions": {"no": 0, "yes": 1, "deferapp": 2, "deferuser": 3},
    "SecureFlags": {"notrequired": 0, "authnoencap": 1, "authenticate": 2, "authdynenc": 3, "authenc": 4},
}


def firewall_rule(task: Task) -> dict[str, Any]:
    """win_firewall_rule. Raises ModuleFailure."""
    if not task["name"] and not task["group"]:
        raise ModuleFailure("Either name or group must be specified")
    wanted = normal(wanted_rule(task.values))
    rules = {
        rule_id: shown(rule_id, text) for rule_id, (_kind, text) in task.state.registry.values(LOCAL_RULES).items()
    }
    sought, of = (task["name"], "Name") if task["name"] else (task["group"], "Grouping")
    existing = {rule_id: rule for rule_id, rule in rules.items() if (rule[of] or "").lower() == sought.lower()}
    act = _absent if task["state"] == "absent" else _present
    lines: list[str] = []
    result = act(task, existing, wanted, lines)
    return {**result, **({"diff": {"prepared": "".join(f"{line}\n" for line in lines)}} if task.diff else {})}


def wanted_rule(values: Mapping[str, Any]) -> dict[str, Any]:
    """The rule that the options describe, by COM's properties. Raises ModuleFailure for a word that is none."""
    rule = {**NEW, "Name": values["name"], "Enabled": True if values["enabled"] is None else values["enabled"]}
    rule |= {"Description": values["description"], "Grouping": values["group"]}
    for name, reader in _READERS.items():
        if _given(values[COMPARED[name]]):
            rule[name] = reader(values[COMPARED[name]])
    if values["icmp_type_code"] not in (None, ["any"]):
        rule["IcmpTypesAndCodes"] = ",".join(str(each) for each in values["icmp_type_code"])
    for name, words in _WORDS.items():
        if values[COMPARED[name]] is not None:
            rule[name] = words[values[COMPARED[name]].lower()]
    if values["profiles"] is not None:
        rule["Profiles"] = _profiles(values["profiles"])
    if values["interfacetypes"] not in (None, ["any"]):
        rule["InterfaceTypes"] = ",".join(
            _word(_INTERFACES, each, "interface type") for each in values["interfacetypes"]
        )
    return rule


def _given(value: str | None) -> bool:
    return value is not None and value.lower() != "any"


def _word(words: Mapping[str, Any], value: Any, what: str) -> Any:
    if str(value).lower() not in words:
        raise ModuleFailure(f"Unknown {what} '{value}'.")
    return words[str(value).lower()]


def _protocol(value: str) -> int:
    if value.lstrip("-").isdigit():
        return int(value)
    for beginning, number in (("icmpv4", 1), ("icmpv6", 58)):
        if value.lower().startswith(beginning):
            return number
    return int(_word(_PROTOCOLS, value, "protocol"))


def _profiles(values: list[Any]) -> int:
    total = sum({_word(_PROFILES, value, "profile") for value in values})
    return ALL_PROFILES if total == 7 else total


def _absent(task: Task, existing: dict[str, dict[str, Any]], _wanted: Any, lines: list[str]) -> dict[str, Any]:
    if not existing:
        if task["name"]:
            return {"msg": f"Firewall rule '{task['name']}' does not exist."}
        return {"msg": f"No firewall rules in group '{task['group']}' exist."}
    for rule_id, rule in existing.items():
        lines += [f"-[{rule['Name']}]", *(f"-{name}='{text(rule[name])}'" for name in COMPARED)]
        if not task.check_mode:
            task.state.registry.delete(LOCAL_RULES, rule_id)
    names = "', '".join(rule["Name"] for rule in existing.values())
    return {"changed": True, "msg": f"Firewall rule(s) '{names}' removed."}


def _present(
    task: Task, existing: dict[str, dict[str, Any]], wanted: dict[str, Any], lines: list[str]
) -> dict[str, Any]:
    if not existing and not task["name"]:  # a group without a rule: there is nothing that could be created
        return {}
    if not existing:
        lines += [f"+[{wanted['Name']}]", *(f"+{name}='{text(wanted[name])}'" for name in COMPARED)]
        if not task.check_mode:
            rule_id = "{" + str(uuid.uuid4()).upper() + "}"
            task.state.registry.write(LOCAL_RULES, rule_id, "REG_SZ", text_of(wanted))
        return {"changed": True, "msg": f"Firewall rule '{task['name']}' created."}
    changed: list[str] = []
    unchanged: list[str] = []
    for rule_id, rule in existing.items():
        lines.append(f"[{rule['Name']}]")
        differing = [
            name for name, option in COMPARED.items() if task[option] is not None and _differs(name, rule, wanted)
        ]
        for name in differing:
            lines += [f"-{name}='{text(rule[name])}'", f"+{name}='{text(wanted[name])}'"]
            if not task.check_mode:
                rule[name] = wanted[name]
                _set(task, rule_id, rule, name)
        (changed if differing else unchanged).append(rule["Name"])
    message = f"Firewall rule(s) changed '{_joined(changed)}' - unchanged '{_joined(unchanged)}'"
    return {"changed": bool(changed), "msg": message}


def _set(task: Task, rule_id: str, rule: dict[str, Any], name: str) -> None:
    """Set one property of a rule that is there: at once, so what was set before a refusal stays."""
    if name == "Protocol" and (rule["LocalPorts"] not in (None, "*") or rule["RemotePorts"] not in (None, "*")):
        raise ModuleFailure(
            "emulated Windows: the protocol of a rule with ports is changed; what a host does is not known, and what "
            "was set before stays: put the protocol into the rule's name"
        )
    task.state.registry.write(LOCAL_RULES, rule_id, "REG_SZ", text_of(rule))


def _differs(name: str, rule: dict[str, Any], wanted: dict[str, Any]) -> bool:
    old, new = text(rule[name]).lower(), text(wanted[name]).lower()
    if name.endswith("Addresses"):
        return sorted(old.split(",")) != sorted(new.split(","))
    return old != new


def text(value: Any) -> str:
    """A property as PowerShell writes it."""
    return "" if value is None else str(value)


def _joined(names: list[str]) -> str:
    return "', '".join(names)


#: Properties whose option may be "any", which leaves them alone, and how the rest is read.
_READERS: Mapping[str, Callable[[str], Any]] = {
    "ApplicationName": expanded,
    "ServiceName": str,
    "Protocol": _protocol,
    **dict.fromkeys(("LocalPorts", "RemotePorts", "LocalAddresses", "RemoteAddresses"), str),
}
