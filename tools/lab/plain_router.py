# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain NAT router, and the person who types a worksheet into it. Pure, no podman here.

The person reads the sheet's table of rules as anybody would, column by column, and knows nothing of the plan that it
comes from. The router is Linux with a few lines of nft: an emulator of what such boxes have in common (NAT for the
office, nothing comes in but what a rule forwards), and of no maker's device in particular.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tools.lab.errors import LabError
from tools.lab.inventory import Inventory

TABLE = "box"
#: What such a router does before anybody types a rule: it lets its office out under its address and nobody in, answers
#: its office and pings, and nothing else. Loading it once more replaces what was typed before.
_BOX = """\
table ip {table} {{ }}
delete table ip {table}
table ip {table} {{
  chain input {{
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    ip saddr {{ {inside} }} accept
    icmp type echo-request accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr {{ {inside} }} ip daddr != {{ {inside} }} accept
    {permitted}
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    {translated}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {{ {inside} }} ip daddr != {{ {inside} }} snat to {public}
  }}
}}
"""
_HEADING = "2. Rules:"
_COLUMNS = ("On", "Name", "Direction", "Service", "Protocol", "Port or range", "Action", "From", "To address")
_SENDER = re.compile(r"(?P<address>\S+)(?: port (?P<ports>\S+))?")


@dataclass(frozen=True, slots=True)
class PlainRouter:
    """A NAT router out of its box.

    Attributes:
        inside: the office's IPv4 networks.
        public: the IPv4 address that the office wears outside.
    """

    inside: tuple[ipaddress.IPv4Network, ...]
    public: ipaddress.IPv4Address

    @classmethod
    def before(cls, inventory: Inventory, host: str) -> PlainRouter:
        """The one that stands before an office of an inventory.

        Raises:
            LabError: the host is the only gateway of no site, or of one that is not behind IPv4 NAT.
        """
        for site in inventory.sites:
            if [gateway.host for gateway in site.gateways] == [host]:
                inside = tuple(each for each in site.networks if isinstance(each, ipaddress.IPv4Network))
                public = [each for each in site.gateways[0].public if isinstance(each, ipaddress.IPv4Address)]
                if inside and len(public) == 1:
                    return cls(inside, public[0])
                raise LabError(f"site {site.name}: {host} is no plain NAT router: that has one IPv4 public_address")
        raise LabError(
            f"{host} is the one gateway of no site: a sheet is typed into a router that stands before an office"
        )

    def typed_in(self, sheet: str) -> str:
        """Text for nft: the router with the sheet's rules in it. A rule that is switched off does nothing.

        Raises:
            LabError: the sheet has no table of rules, or a line asks for what this router has no field for.
        """
        permitted, translated = [], []
        for rule in _rules(sheet):
            if rule["On"] == "no" or rule["Direction"] == "out":
                # What the office starts is let out as it is.
                continue
            self._check(rule)
            match = f"{_sender(rule)} {rule['Protocol'].lower()} dport {rule['Port or range']}"
            permitted.append(f"{match} ip daddr {rule['To address']} accept")
            translated.append(f"{match} ip daddr {self.public} dnat to {rule['To address']}")
        return _BOX.format(
            table=TABLE,
            inside=", ".join(map(str, self.inside)),
            public=self.public,
            permitted="\n    ".join(permitted),
            translated="\n    ".join(translated),
        )

    def _check(self, rule: Mapping[str, str]) -> None:
        where = f"the sheet's rule {rule['Name']!r}"
        fields = {"On": ("yes",), "Direction": ("in",), "Action": ("allow",), "Protocol": ("TCP", "UDP")}
        for column, known in fields.items():
            if rule[column] not in known:
                raise LabError(f"{where}: this router has no {column} {rule[column]!r}, only {' or '.join(known)}")
        if not re.fullmatch(r"\d+(-\d+)?", rule["Port or range"]):
            raise LabError(f"{where}: {rule['Port or range']!r} is neither a port nor a range of ports")
        try:
            target = ipaddress.IPv4Address(rule["To address"])
        except ValueError:
            target = None
        if target is None or not any(target in network for network in self.inside):
            inside = ", ".join(map(str, self.inside))
            raise LabError(f"{where}: {rule['To address']!r} is no address of the office ({inside})")


def _rules(sheet: str) -> Iterator[dict[str, str]]:
    """The lines of the sheet's second table, by column."""
    lines = [line for line in sheet.partition(_HEADING)[2].splitlines() if line.startswith("  ")]
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    if not rows or tuple(rows[0]) != _COLUMNS:
        unknown = ", ".join(column for column in (rows[0] if rows else ()) if column not in _COLUMNS)
        raise LabError(
            "this is no worksheet that a plain router can hold: its table of rules "
            + (f"has the column {unknown}" if unknown else "is missing")
        )
    for row in rows[2:]:
        if len(row) != len(_COLUMNS):
            raise LabError(f"the sheet's line {'  '.join(row)!r} has {len(row)} columns, and not {len(_COLUMNS)}")
        yield dict(zip(_COLUMNS, row, strict=True))


def _sender(rule: Mapping[str, str]) -> str:
    found = _SENDER.fullmatch(rule["From"])
    if found is None:
        raise LabError(f"the sheet's rule {rule['Name']!r}: {rule['From']!r} names no sender")
    words: Sequence[str] = ()
    if found["address"] != "any":
        words = ("ip saddr", found["address"])
    if found["ports"]:
        words = (*words, rule["Protocol"].lower(), "sport", found["ports"])
    return " ".join(words)
