# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of a firewall rule, read and written ([MS-GPFAS] 2.2.2, release of 2024-04-23).

C(v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort2_10=10000-10099|RA4=198.51.100.7|Name=Call-back|). The grammar
is read strictly: what it does not have is refused, although a real host may overlook it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .addresses import Addresses, addresses
from .errors import RuleTextError

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
ANY_PROTOCOL = 256  # no Protocol field: 2.2.2.19


@dataclass(frozen=True)
class Rule:
    """One rule, by the fields of its text. An empty tuple is no condition."""

    id: str
    version: tuple[int, int]
    action: str  # Allow, Block or ByPass
    active: bool
    direction: str  # In or Out
    profiles: frozenset[str]
    protocol: int
    local_ports: tuple[tuple[int, int], ...]
    local_port_keywords: frozenset[str]
    remote_ports: tuple[tuple[int, int], ...]
    remote_port_keywords: frozenset[str]
    local_addresses: tuple[Addresses, ...]
    remote_addresses: tuple[Addresses, ...]
    remote_keywords: frozenset[tuple[int, str]]  # the version of IP and the keyword, such as (4, "LocalSubnet")
    icmp: tuple[tuple[int, int | None], ...]
    program: str
    service: str
    interface_types: frozenset[str]
    authenticated: bool
    name: str
    group: str
    description: str
    edge: str  # empty, Allow, DeferToApp or DeferToUser
    others: frozenset[str] = field(default_factory=frozenset)  # fields that are read and not weighed


_PORT_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "LPort": ("RPC", "RPC-EPMap", "Teredo"),
    "LPort2_10": ("IPTLSIn", "IPHTTPSIn"),
    "RPort": (),
    "RPort2_10": ("IPTLSOut", "IPHTTPSOut"),
}
_ADDRESS_KEYWORDS = ("LocalSubnet", "DNS", "DHCP", "WINS", "DefaultGateway")

#: Fields that change nothing about a packet that the tests send.
_WITHOUT_WEIGHT = {"Name", "Desc", "EmbedCtxt", "Edge", "Defer", "LSM", "LOM", "SkipVer", "PCross"}
#: Fields that narrow a rule by what no packet of the tests has; the evaluator says so instead of guessing.
_NOT_WEIGHED = {
    "IF", "Platform", "Platform2", "RMauth", "RUAuth", "AuthByPassOut", "LUAuth", "RA42", "RA62", "LUOwn", "AppPkgId",
    "LPort2_20", "TTK", "TTK2_22", "TTK2_27", "TTK2_28", "LUAuth2_24", "NNm", "SecurityRealmId",
}  # fmt: skip
_ONCE = {
    "Action", "Dir", "Protocol", "Security", "Security2_9", "Security2", "App", "Svc", "Name", "Desc", "EmbedCtxt",
    "Edge", "Defer", "LSM", "Active", "RMauth", "RUAuth", "AuthByPassOut", "LOM", "PCross", "LUAuth", "LUOwn",
    "AppPkgId", "LUAuth2_24", "NNm", "SecurityRealmId",
}  # fmt: skip
_SINCE = {"Security2_9": (2, 9), "Security2": (2, 10), "Defer": (2, 10), "LPort2_10": (2, 10), "RPort2_10": (2, 10)}
_SECURITY = {
    "Security": ("Authenticate", "AuthenticateEncrypt"),
    "Security2_9": ("An-NoEncap",),
    "Security2": ("AnE-Nego",),
}
_BOOLEANS = {"Active", "Edge", "LSM", "LOM", "PCross", "AuthByPassOut"}


def fields_of(text: str) -> tuple[tuple[int, int], list[tuple[str, str]]]:
    """A text's version and its fields in their order. Raises RuleTextError."""
    head, *parts = text.split("|")
    version = re.fullmatch(r"v(\d{1,3})\.(\d{1,3})", head)
    if version is None or max(int(version[1]), int(version[2])) > 255:
        raise RuleTextError(f"does not begin with a version such as v2.10: {head!r}")
    if not parts or parts[-1] != "":
        raise RuleTextError("does not end with |")
    found = []
    for part in parts[:-1]:
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise RuleTextError(f"no field: {part!r}")
        found.append((key, value))
    if not found:
        raise RuleTextError("has no field")
    return (int(version[1]), int(version[2])), found


def parsed(rule_id: str, text: str) -> Rule:
    """A rule out of its text.

    Args:
        rule_id: The name of the registry value that holds it.
        text: The value's data.

    Raises:
        RuleTextError: It is not what [MS-GPFAS] 2.2.2.19 describes.
    """
    try:
        version, found = fields_of(text)
        return _Reading(rule_id, version, found).rule()
    except RuleTextError as error:
        raise RuleTextError(f"rule {rule_id!r}: {error}") from None


class _Reading:
    def __init__(self, rule_id: str, version: tuple[int, int], found: list[tuple[str, str]]) -> None:
        self.id, self.version, self.found = rule_id, version, found
        self.by_key: dict[str, list[str]] = {}
        for key, value in found:
            self.by_key.setdefault(key, []).append(value)

    def rule(self) -> Rule:
        self._known_fields()
        protocol = self._protocol()
        self._order_of_protocol(protocol)
        direction = self._one_of("Dir", ("In", "Out"))
        local = self._ports("LPort", direction, protocol)
        remote = self._ports("RPort", direction, protocol)
        authenticated = any(self._security(key) for key in _SECURITY)
        action = self._one_of("Action", ("Allow", "Block", "ByPass"))
        if action == "ByPass" and not authenticated:  # [MS-FASP] 2.2.34
            raise RuleTextError("Action=ByPass without Security=")
        return Rule(
            id=self.id,
            version=self.version,
            action=action,
            active=self._boolean("Active"),
            direction=direction,
            profiles=frozenset(self._all("Profile", ("Domain", "Private", "Public")))
            or frozenset(("Domain", "Private", "Public")),
            protocol=protocol,
            local_ports=local[0],
            local_port_keywords=local[1],
            remote_ports=remote[0],
            remote_port_keywords=remote[1],
            local_addresses=self._addresses("LA4", 4) + self._addresses("LA6", 6),
            remote_addresses=self._addresses("RA4", 4) + self._addresses("RA6", 6),
            remote_keywords=self._address_keywords("RA4", 4) | self._address_keywords("RA6", 6),
            icmp=self._icmp("ICMP4") + self._icmp("ICMP6"),
            program=self._text("App"),
            service=self._text("Svc"),
            interface_types=frozenset(self._all("IFType", ("Lan", "Wireless", "RemoteAccess"))),
            authenticated=authenticated,
            name=self._text("Name"),
            group=self._text("EmbedCtxt"),
            description=self._text("Desc"),
            edge=self._edge(),
            others=frozenset(key for key in self.by_key if key in _NOT_WEIGHED),
        )

    def _known_fields(self) -> None:
        weighed = {"Profile", "IFType", "LA4", "RA4", "LA6", "RA6", "ICMP4", "ICMP6", *_PORT_KEYWORDS}
        for key, values in self.by_key.items():
            if key not in _ONCE | _NOT_WEIGHED | _WITHOUT_WEIGHT | weighed:
                raise RuleTextError(f"unknown field {key}=")
            if key in _ONCE and len(values) > 1:
                raise RuleTextError(f"{key}= stands there {len(values)} times")
            if self.version < _SINCE.get(key, (0, 0)):
                raise RuleTextError(f"{key}= is of a later version than v{self.version[0]}.{self.version[1]}")
        for key in _BOOLEANS & set(self.by_key):
            self._boolean(key)

    def _order_of_protocol(self, protocol: int) -> None:
        seen: set[str] = set()
        wanted: dict[str, tuple[int, ...]] = {
            "LPort": (TCP, UDP),
            "RPort": (TCP, UDP),
            "LPort2_10": (TCP, UDP),
            "RPort2_10": (TCP, UDP),
        }
        wanted |= {"ICMP4": (ICMP,), "ICMP6": (ICMP6,)}
        for key, _value in self.found:
            if key in wanted and ("Protocol" not in seen or protocol not in wanted[key]):
                names = " or ".join(str(each) for each in wanted[key])
                raise RuleTextError(f"{key}= needs Protocol={names} before it")
            seen.add(key)

    def _protocol(self) -> int:
        text = self._text("Protocol")
        if not text:
            return ANY_PROTOCOL
        return _number(text, 255, "Protocol")

    def _ports(self, key: str, direction: str, protocol: int) -> tuple[tuple[tuple[int, int], ...], frozenset[str]]:
        ranges: list[tuple[int, int]] = []
        keywords: set[str] = set()
        for name in (key, f"{key}2_10"):
            for value in self.by_key.get(name, []):
                if value in _PORT_KEYWORDS[name]:
                    keywords.add(value)
                elif name == key:
                    ranges.append((_number(value, 65535, name),) * 2)
                else:
                    ranges.append(_range(value, name))
        if keywords & {"RPC", "RPC-EPMap"} and (protocol, direction) != (TCP, "In"):
            raise RuleTextError(f"{key}=RPC is for TCP coming in")
        if "Teredo" in keywords and (protocol, direction) != (UDP, "In"):
            raise RuleTextError(f"{key}=Teredo is for UDP coming in")
        return tuple(ranges), frozenset(keywords)

    def _addresses(self, key: str, version: int) -> tuple[Addresses, ...]:
        values = [each for each in self.by_key.get(key, []) if not self._is_keyword(key, each)]
        return tuple(addresses(value, version) for value in values)

    def _address_keywords(self, key: str, version: int) -> frozenset[tuple[int, str]]:
        return frozenset((version, each) for each in self.by_key.get(key, []) if self._is_keyword(key, each))

    @staticmethod
    def _is_keyword(key: str, value: str) -> bool:
        return key.startswith("RA") and value in _ADDRESS_KEYWORDS

    def _icmp(self, key: str) -> tuple[tuple[int, int | None], ...]:
        found: list[tuple[int, int | None]] = []
        for value in self.by_key.get(key, []):
            kind, colon, code = value.partition(":")
            if not colon:
                raise RuleTextError(f"{key}={value} is no type and code")
            found.append((_number(kind, 255, key), None if code == "*" else _number(code, 255, key)))
        return tuple(found)

    def _security(self, key: str) -> bool:
        return bool(self._text(key) and self._one_of(key, _SECURITY[key]))

    def _edge(self) -> str:
        defer = self._one_of("Defer", ("App", "User")) if "Defer" in self.by_key else ""
        if defer:
            return f"DeferTo{defer}"
        return "Allow" if self._boolean("Edge") else ""

    def _text(self, key: str) -> str:
        return self.by_key.get(key, [""])[0]

    def _one_of(self, key: str, words: tuple[str, ...]) -> str:
        value = self._text(key)
        if value not in words:
            raise RuleTextError(f"{key}={value} is none of {', '.join(words)}")
        return value

    def _all(self, key: str, words: tuple[str, ...]) -> list[str]:
        wrong = [value for value in self.by_key.get(key, []) if value not in words]
        if wrong:
            raise RuleTextError(f"{key}={wrong[0]} is none of {', '.join(words)}")
        return self.by_key.get(key, [])

    def _boolean(self, key: str) -> bool:
        return key in self.by_key and self._one_of(key, ("TRUE", "FALSE")) == "TRUE"


def _number(text: str, most: int, key: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > most:
        raise RuleTextError(f"{key}={text} is no number up to {most}")
    return int(text)


def _range(text: str, key: str) -> tuple[int, int]:
    first, minus, last = text.partition("-")
    if not minus:
        raise RuleTextError(f"{key}={text} is no range; a single port is {key.removesuffix('2_10')}={text}")
    ends = _number(first, 65535, key), _number(last, 65535, key)
    if ends[0] > ends[1]:
        raise RuleTextError(f"{key}={text} ends before it begins")
    return ends


def written(version: str, fields: list[tuple[str, str]]) -> str:
    """The text of a rule. Raises RuleTextError where a value could not be told from the grammar's own signs."""
    for key, value in fields:
        if "|" in value or not value:
            raise RuleTextError(f"{key}= cannot hold {value!r}")
    return "".join(f"{part}|" for part in (f"v{version}", *(f"{key}={value}" for key, value in fields)))
