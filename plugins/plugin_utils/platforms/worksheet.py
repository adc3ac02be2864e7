# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worksheet: what a person types into a router or a PC's own firewall that nobody can automate (NR-17, NR-21).

Such a device holds a list of services (name, transport, port or range) and a list of rules (name, service, allow or
block, the address inside that it leads to, who may send). The abilities are those of the plain NAT router that the
NetCFax pages describe: ranges of ports, one target a rule, IPv4. Some such devices also take a sender's port and a time
to remember silent connections, and many do not: the sheet asks for it, and the plan warns of it (FXN503).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..inventory.intent import MssClamp
from ..policies.policy import RefusedError
from .platform import Abilities, Device, OnController, Options, Platform, Traits

_REMEMBER = (
    "3. Remember for: the time-out of the device's connection table, for packets that this rule lets through. Nothing",
    "may pass for so long, and what comes then still has to get back in. A device that knows one time-out for all UDP",
    "gets the longest of these. If it cannot keep connections so long, switch the exchange off in the inventory.",
)


class Worksheet(Platform):
    """A device that a person sets, by a sheet."""

    name = "worksheet"
    traits = Traits(
        applied_by="person",
        logged_in=False,
        runs_python=False,
        sends_probes=False,
        abilities=Abilities(timeouts=True, ipv6=False, outbound_flows=False, foreign_nat=False),
    )

    def render(self, device: Device, options: Options) -> str:
        """The sheet, as plain text.

        `address_ranges` is refused: a rule of such a device that leads to a range of targets cannot bring each
        notification to the client that it is meant for (NR-20).
        """
        if options.address_ranges:
            raise RefusedError("platform worksheet cannot hold a range of target addresses; leave address_ranges off")
        return _sheet(device)

    def apply(self, device: Device, options: Options) -> OnController:
        """Write the sheet on the controller."""
        return OnController(self.name, self.render(device, options))

    def remove(self) -> OnController:
        """Take the sheet away."""
        return OnController(self.name, "")


def titles(host: str) -> tuple[str, str]:
    """The first line of a host's sheet: of a host that is no router, and of one that is."""
    return f"Host firewall worksheet for {_line(host)}", f"Router worksheet for {_line(host)}"


def _sheet(device: Device) -> str:
    listed = device.listed
    services = [("Service", "Protocol", "Port or range")]
    services += [(_line(s["name"]), s["transport"].upper(), _line(s["ports"])) for s in listed["services"]]
    header = ("On", "Name", "Direction", "Service", "Protocol", "Port or range", "Action", "From", "To address")
    rules = [header, *(_rule(rule) for rule in listed["rules"])]
    silent = any(rule.get("idle") for rule in listed["rules"])
    if silent:
        times = [f"{rule['idle']} s" if rule.get("idle") else "-" for rule in listed["rules"]]
        rules = [(*row, time) for row, time in zip(rules, ("Remember for", *times), strict=True)]
    lines = [titles(device.host)[device.policy.forwarding], ""]
    lines += ["1. Services: add each of these to the device's list of services.", "", *_table(services), ""]
    lines += ["2. Rules: one for each line. A rule marked 'no' is entered and left switched off.", "", *_table(rules)]
    if silent:
        lines += ["", *_REMEMBER]
    turned = [rule for rule in listed["rules"] if rule.get("becomes")]
    if turned:
        lines += ["", *_turning(turned, 4 if silent else 3)]
    clamp = device.policy.clamp_mss
    if clamp is not None:
        lines += ["", *_clamping(clamp, 3 + silent + bool(turned))]
    return "\n".join([*lines, ""])


def _turning(rules: Sequence[Mapping[str, Any]], number: int) -> tuple[str, ...]:
    dialled = ", ".join(dict.fromkeys(_line(rule["public"]) for rule in rules))
    worn = ", ".join(dict.fromkeys(_line(rule["becomes"]) for rule in rules))
    return (
        f"{number}. NAT loopback (hairpin NAT, NAT reflection): rules named 'seen as' are for hosts inside",
        f"that dial {dialled}. The device must forward what comes from them as well, and give it its own",
        f"address {worn} as sender, or the answers will not come back through it.",
    )


def _clamping(clamp: MssClamp, number: int) -> tuple[str, ...]:
    size = f"{clamp.size} bytes" if clamp.size else "what the path holds (clamp to path MTU)"
    where = f"on {', '.join(clamp.interfaces)}" if clamp.interfaces else "on everything that passes"
    return (
        f"{number}. TCP segment size (MSS clamping): {size}, {where}. Routers that dial by PPPoE often do it by",
        "themselves; look before you rely on it.",
    )


def _rule(rule: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        "yes" if rule.get("enabled", True) else "no",
        _line(rule["name"]),
        _line(rule["direction"]),
        _line(rule["service"]),
        _line(rule["transport"]).upper(),
        _line(rule["ports"]),
        _line(rule["action"]),
        _line(rule.get("from") or "any") + (f" port {_line(rule['source_ports'])}" if rule.get("source_ports") else ""),
        _line(rule.get("target") or "-"),
    )


def _line(value: object) -> str:
    """`value` without anything that would break the table: control characters become spaces."""
    return "".join(c if c.isprintable() else " " for c in str(value))


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return ["  " + text[0], "  " + "  ".join("-" * width for width in widths), *("  " + line for line in text[1:])]
