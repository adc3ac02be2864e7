# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules as HNetCfg.FwPolicy2 shows them (INetFwRule), read from their texts and written back to them."""

from __future__ import annotations

import ipaddress
from typing import Any

from ..commands.firewall_rules import VERSION, address_fields, port_fields
from ..errors import CommandError, ModuleFailure, RuleTextError
from ..rule_text import ANY_PROTOCOL, TCP, UDP, fields_of, parsed, written

ALL_PROFILES = 0x7FFFFFFF
_PROFILES = {"Domain": 1, "Private": 2, "Public": 4}
_EDGE: dict[int, list[tuple[str, str]]] = {
    0: [],
    1: [("Edge", "TRUE")],
    2: [("Defer", "App")],
    3: [("Defer", "User")],
}
_SECURE: dict[int, list[tuple[str, str]]] = {
    0: [],
    1: [("Security2_9", "An-NoEncap")],
    2: [("Security", "Authenticate")],
    3: [("Security2", "AnE-Nego")],
    4: [("Security", "AuthenticateEncrypt")],
}

#: A rule that was just made: HNetCfg.FWRule's own defaults.
NEW: dict[str, Any] = {
    "Name": None,
    "Description": None,
    "Direction": 1,
    "Action": 1,
    "ApplicationName": None,
    "Grouping": None,
    "ServiceName": None,
    "Enabled": False,
    "Profiles": ALL_PROFILES,
    "LocalAddresses": "*",
    "RemoteAddresses": "*",
    "LocalPorts": None,
    "RemotePorts": None,
    "Protocol": ANY_PROTOCOL,
    "InterfaceTypes": "All",
    "EdgeTraversalOptions": 0,
    "SecureFlags": 0,
    "IcmpTypesAndCodes": None,
}


def shown(rule_id: str, text: str) -> dict[str, Any]:
    """A rule's properties out of its text. Raises ModuleFailure for a malformed text."""
    try:
        rule = parsed(rule_id, text)
        fields = fields_of(text)[1]
    except RuleTextError as error:
        raise ModuleFailure(f"emulated Windows: {error}") from None
    has_ports = rule.protocol in (TCP, UDP)
    icmp = ",".join(f"{kind}:{'*' if code is None else code}" for kind, code in rule.icmp)
    flags = [(key, value) for key, value in fields if key in ("Security", "Security2", "Security2_9")]
    is_everywhere = len(rule.profiles) == len(_PROFILES)
    return {
        **NEW,
        "Name": rule.name,
        "Description": rule.description or None,
        "Direction": 1 if rule.direction == "In" else 2,
        "Action": 0 if rule.action == "Block" else 1,
        "ApplicationName": rule.program or None,
        "Grouping": rule.group or None,
        "ServiceName": rule.service or None,
        "Enabled": rule.active,
        "Profiles": ALL_PROFILES if is_everywhere else sum(_PROFILES[profile] for profile in rule.profiles),
        "LocalAddresses": _addresses(fields, "L"),
        "RemoteAddresses": _addresses(fields, "R"),
        "LocalPorts": _ports(fields, "L") if has_ports else None,
        "RemotePorts": _ports(fields, "R") if has_ports else None,
        "Protocol": rule.protocol,
        "InterfaceTypes": ",".join(sorted(rule.interface_types)) or "All",
        "EdgeTraversalOptions": {"": 0, "Allow": 1, "DeferToApp": 2, "DeferToUser": 3}[rule.edge],
        "SecureFlags": next(number for number, found in _SECURE.items() if found == flags[:1]),
        "IcmpTypesAndCodes": icmp or None,
    }


def _ports(fields: list[tuple[str, str]], side: str) -> str:
    words = {"RPC-EPMap": "RPC-EPMap"}
    return ",".join(words.get(value, value) for key, value in fields if key.startswith(f"{side}Port")) or "*"


def _addresses(fields: list[tuple[str, str]], side: str) -> str:
    found = [canonical(value) for key, value in fields if key in (f"{side}A4", f"{side}A6")]
    return ",".join(dict.fromkeys(found)) or "*"


def canonical(address: str) -> str:
    """An address as COM shows it: a single one with its mask, a subnet of IPv4 with a mask, a keyword as it is."""
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return address
    return f"{network[0]}/{network.netmask}" if network.version == 4 else str(network)


def normal(properties: dict[str, Any]) -> dict[str, Any]:
    """A rule's properties as they come back once they are set. Raises ModuleFailure where COM refuses them."""
    return shown("", text_of(properties))


def text_of(properties: dict[str, Any]) -> str:
    """The text of a rule with these properties. Raises ModuleFailure where they make no rule."""
    protocol, name = properties["Protocol"], properties["Name"] or ""
    if "|" in name or name.lower() == "all":  # INetFwRule::put_Name
        raise ModuleFailure(f"a firewall rule cannot have the name {name!r}")
    try:
        fields = [
            ("Action", "Block" if properties["Action"] == 0 else "Allow"),
            ("Active", "TRUE" if properties["Enabled"] else "FALSE"),
            ("Dir", "In" if properties["Direction"] == 1 else "Out"),
            *([("Protocol", str(protocol))] if protocol != ANY_PROTOCOL else []),
            *(("Profile", profile) for profile in _chosen(properties["Profiles"])),
            *port_fields(_split(properties["LocalPorts"]), "L"),
            *port_fields(_split(properties["RemotePorts"]), "R"),
            *(("ICMP4" if protocol == 1 else "ICMP6", each) for each in _split(properties["IcmpTypesAndCodes"])),
            *address_fields(_split(properties["LocalAddresses"]), "L"),
            *address_fields(_split(properties["RemoteAddresses"]), "R"),
            *(("IFType", kind) for kind in _split(properties["InterfaceTypes"]) if kind != "All"),
        ]
        for key, value in (("App", "ApplicationName"), ("Svc", "ServiceName"), ("Name", "Name")):
            fields += [(key, properties[value])] if properties[value] else []
        for key, value in (("Desc", "Description"), ("EmbedCtxt", "Grouping")):
            fields += [(key, properties[value])] if properties[value] else []
        fields += _EDGE[properties["EdgeTraversalOptions"]] + _SECURE[properties["SecureFlags"]]
        text = written(VERSION, fields)
        parsed("", text)
    except (RuleTextError, CommandError) as error:
        raise ModuleFailure(f"The parameter is incorrect. ({error})") from None
    return text


def _split(value: str | None) -> list[str]:
    return [] if value in (None, "*") else [each.strip() for each in str(value).split(",")]


def _chosen(profiles: int) -> list[str]:
    return [] if profiles == ALL_PROFILES else [name for name, bit in _PROFILES.items() if profiles & bit]
