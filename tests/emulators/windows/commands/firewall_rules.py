# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cmdlets of the module NetSecurity, by their documentation, on the rules' texts in the registry."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import Any

from ..errors import CommandError, EmulatorError, RuleTextError
from ..rule_text import fields_of, parsed, written
from ..state import LOCAL_RULES, State
from .given import TEXT, TEXTS, Given, Known

#: The version that the emulated host writes; [MS-GPFAS] has fields up to 2.29, hosts of today write a later one.
VERSION = "2.31"

_PROTOCOLS = {"tcp": "6", "udp": "17", "icmpv4": "1", "icmpv6": "58"}
_PROFILES = {"domain": "Domain", "private": "Private", "public": "Public"}
_PORT_WORDS = {"rpc": ("LPort", "RPC"), "rpcepmap": ("LPort", "RPC-EPMap"), "teredo": ("LPort", "Teredo"),
               "iphttpsin": ("LPort2_10", "IPHTTPSIn")}  # fmt: skip
_ADDRESS_WORDS = {"localsubnet": "LocalSubnet", "dns": "DNS", "dhcp": "DHCP", "wins": "WINS",
                  "defaultgateway": "DefaultGateway"}  # fmt: skip
_EDGE = {"block": [], "allow": [("Edge", "TRUE")], "defertouser": [("Defer", "User")], "defertoapp": [("Defer", "App")]}


def _wrong(parameter: str, value: Any) -> CommandError:
    """An argument that the documentation does not have. The words are the emulator's own."""
    return CommandError(
        f"Cannot bind or apply parameter '{parameter}': its documentation does not have the value '{value}'.",
        f"ParameterArgument,{parameter}",
        "InvalidArgument",
    )


def new_rule(state: State, given: Given) -> list[Any]:
    """New-NetFirewallRule. Raises CommandError; a second rule of a name is error 183."""
    display_name = given.required("DisplayName")
    name = given.text("Name") or "{" + str(uuid.uuid4()).upper() + "}"
    if state.registry.value(LOCAL_RULES, name) is not None:
        raise CommandError(
            "Cannot create a file when that file already exists.",
            "Windows System Error 183,New-NetFirewallRule",
            "ResourceExists",
        )
    text = written_rule(name, rule_fields(given, display_name))
    state.registry.write(LOCAL_RULES, name, "REG_SZ", text)
    return [{"Name": name, "DisplayName": display_name}]


def written_rule(name: str, fields: list[tuple[str, str]]) -> str:
    """A rule's text, read back. Raises CommandError where the fields make no rule."""
    try:
        text = written(VERSION, fields)
        parsed(name, text)
    except RuleTextError as error:
        raise CommandError(
            f"The parameter is incorrect. ({error})", "Windows System Error 87", "InvalidArgument"
        ) from None
    return text


def rule_fields(given: Given, display_name: str) -> list[tuple[str, str]]:
    """The fields of a rule in the order in which hosts write them."""
    choice = _Choice(given)
    protocol = choice.protocol()
    fields = [
        ("Action", choice.one("Action", {"allow": "Allow", "block": "Block"}, "allow")),
        ("Active", choice.enabled("TRUE")),
        ("Dir", choice.one("Direction", {"inbound": "In", "outbound": "Out"}, "inbound")),
        *([("Protocol", protocol)] if protocol else []),
        *(("Profile", profile) for profile in choice.profiles()),
        *port_fields(given.texts("LocalPort"), "L"),
        *port_fields(given.texts("RemotePort"), "R"),
        *icmp_fields(given.texts("IcmpType"), protocol),
        *address_fields(given.texts("LocalAddress"), "L"),
        *address_fields(given.texts("RemoteAddress"), "R"),
    ]
    for key, parameter in (("App", "Program"), ("Svc", "Service")):
        if given.text(parameter) and given.text(parameter).lower() != "any":
            fields.append((key, given.text(parameter)))
    fields.append(("Name", display_name))
    fields += [
        (key, given.text(name)) for key, name in (("Desc", "Description"), ("EmbedCtxt", "Group")) if given.text(name)
    ]
    return fields + choice.edge()


class _Choice:
    """Parameters with a fixed set of words. Enumerations take their names, and $true is none of them."""

    def __init__(self, given: Given) -> None:
        self.given = given

    def one(self, parameter: str, words: dict[str, str], default: str) -> str:
        value = self.given.command.named.get(parameter.lower(), (default,))[0]
        if isinstance(value, bool) or value.lower() not in words:
            raise _wrong(parameter, value)
        return words[value.lower()]

    def enabled(self, default: str) -> str:
        return self.one("Enabled", {"true": "TRUE", "false": "FALSE"}, default.lower())

    def protocol(self) -> str:
        value = self.given.text("Protocol", "any").lower()
        if value == "any":
            return ""
        if value.isascii() and value.isdigit() and int(value) <= 255:
            return str(int(value))
        if value not in _PROTOCOLS:
            raise _wrong("Protocol", value)
        return _PROTOCOLS[value]

    def profiles(self) -> list[str]:
        values = self.given.texts("Profile")
        if values in ([], ["Any"]):
            return []
        wrong = [value for value in values if value.lower() not in _PROFILES]
        if wrong:
            raise _wrong("Profile", wrong[0])
        chosen = [_PROFILES[value.lower()] for value in values]
        return [profile for profile in _PROFILES.values() if profile in chosen]

    def edge(self) -> list[tuple[str, str]]:
        value = self.given.text("EdgeTraversalPolicy", "Block").lower()
        if value not in _EDGE:
            raise _wrong("EdgeTraversalPolicy", value)
        return _EDGE[value]


def port_fields(values: list[str], side: str) -> list[tuple[str, str]]:
    """The fields for ports as cmdlets and COM take them: numbers, ranges and, for local ports, keywords."""
    if [value.lower() for value in values] in (["any"], ["*"]):
        return []
    fields = []
    for value in values:
        if side == "L" and value.lower() in _PORT_WORDS:
            fields.append(_PORT_WORDS[value.lower()])
        elif re.fullmatch(r"[0-9]{1,5}", value):
            fields.append((f"{side}Port", value))
        elif re.fullmatch(r"[0-9]{1,5}-[0-9]{1,5}", value):
            first, _minus, last = value.partition("-")
            fields.append((f"{side}Port", first) if first == last else (f"{side}Port2_10", value))
        else:
            raise _wrong("LocalPort" if side == "L" else "RemotePort", value)
    return fields


def icmp_fields(values: list[str], protocol: str) -> list[tuple[str, str]]:
    """The fields for kinds of ICMP messages: a type, or a type and a code."""
    if [value.lower() for value in values] in ([], ["any"]):
        return []
    keys = {_PROTOCOLS["icmpv4"]: "ICMP4", _PROTOCOLS["icmpv6"]: "ICMP6"}
    if protocol not in keys or any(not re.fullmatch(r"[0-9]{1,3}(:[0-9]{1,3})?", value) for value in values):
        raise _wrong("IcmpType", ",".join(values))
    return [(keys[protocol], value if ":" in value else f"{value}:*") for value in values]


def address_fields(values: list[str], side: str) -> list[tuple[str, str]]:
    """The fields for addresses: one, a range, a subnet by prefix or mask, and for the far side keywords."""
    if [value.lower() for value in values] in (["any"], ["*"]):
        return []
    fields: list[tuple[str, str]] = []
    for value in values:
        fields += _keyword_fields(value) if side == "R" else []
        if side == "L" or not _is_keyword(value):
            fields.append(_address_field(value, side))
    return fields


def _is_keyword(value: str) -> bool:
    return value.lower().rstrip("46") in _ADDRESS_WORDS


def _keyword_fields(value: str) -> list[tuple[str, str]]:
    if not _is_keyword(value):
        return []
    word, only = _ADDRESS_WORDS[value.lower().rstrip("46")], value[-1] if value[-1] in "46" else ""
    return [(f"RA{version}", word) for version in "46" if only in ("", version)]


def _address_field(value: str, side: str) -> tuple[str, str]:
    try:
        if "/" in value:
            address, _slash, length = value.partition("/")
            network = ipaddress.ip_network(f"{address}/{length}", strict=False)
            if network.num_addresses == 1:
                return f"{side}A{network.version}", str(network[0])
            long = network.netmask if network.version == 4 else network.prefixlen
            return f"{side}A{network.version}", f"{network[0]}/{long}"
        ends = [ipaddress.ip_address(each) for each in value.split("-")]
        if len(ends) > 2 or len({end.version for end in ends}) > 1:
            raise ValueError
    except ValueError:
        raise _wrong("LocalAddress" if side == "L" else "RemoteAddress", value) from None
    return f"{side}A{ends[0].version}", "-".join(str(end) for end in ends)


def _chosen(state: State, given: Given) -> list[str]:
    """The names of the rules that -Name or -Group means. What is not there is an error that others do not mind."""
    if given.command.named.keys() & {"name", "group"} in ({"name", "group"}, set()):
        raise CommandError(
            "Parameter set cannot be resolved using the specified named parameters.",
            f"AmbiguousParameterSet,{given.command.name}",
            "InvalidArgument",
        )
    rules = state.registry.values(LOCAL_RULES)
    found: list[str] = []
    for value in given.texts("Name") + given.texts("Group"):
        if re.search(r"[*?\[]", value):
            raise EmulatorError(f"{given.command.name}: wildcards such as in {value!r} are not emulated")
        if given.has("Name"):
            matching = [name for name in rules if name.lower() == value.lower()]
        else:
            matching = [name for name, (_kind, text) in rules.items() if _group(text).lower() == value.lower()]
        if not matching:
            by = "InstanceID" if given.has("Name") else "RuleGroup"
            given.error(
                CommandError(
                    f"No MSFT_NetFirewallRule objects found with property '{by}' equal to '{value}'.  "
                    "Verify the value of the property and retry.",
                    f"CmdletizationQuery_NotFound_{by},{given.command.name}",
                    "ObjectNotFound",
                )
            )
        found += matching
    return found


def _group(text: str) -> str:
    return dict(fields_of(text)[1]).get("EmbedCtxt", "")


def remove_rules(state: State, given: Given) -> list[Any]:
    """Remove-NetFirewallRule."""
    for name in _chosen(state, given):
        state.registry.delete(LOCAL_RULES, name)
    return []


def set_rules(state: State, given: Given) -> list[Any]:
    """Set-NetFirewallRule, to switch rules on and off."""
    given.required("Enabled")
    return _switched(state, given, _Choice(given).enabled("TRUE"))


def _switched(state: State, given: Given, wanted: str) -> list[Any]:
    for name in _chosen(state, given):
        text = state.registry.data(LOCAL_RULES, name)
        kept = [(key, wanted if key == "Active" else value) for key, value in fields_of(text)[1]]
        version = text.partition("|")[0].removeprefix("v")
        state.registry.write(LOCAL_RULES, name, "REG_SZ", written(version, kept))
    return []


_ONES = ("name", "displayname", "group", "description", "enabled", "direction", "action", "program", "service",
         "protocol", "edgetraversalpolicy")  # fmt: skip
_LISTS = ("profile", "icmptype", "localport", "remoteport", "localaddress", "remoteaddress")

COMMANDS = {
    "new-netfirewallrule": Known({**dict.fromkeys(_ONES, TEXT), **dict.fromkeys(_LISTS, TEXTS)}, new_rule),
    "remove-netfirewallrule": Known({"name": TEXTS, "group": TEXTS}, remove_rules),
    "enable-netfirewallrule": Known(
        {"name": TEXTS, "group": TEXTS}, lambda state, given: _switched(state, given, "TRUE")
    ),
    "disable-netfirewallrule": Known(
        {"name": TEXTS, "group": TEXTS}, lambda state, given: _switched(state, given, "FALSE")
    ),
    "set-netfirewallrule": Known({"name": TEXTS, "group": TEXTS, "enabled": TEXT}, set_rules),
}
