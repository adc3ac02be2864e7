# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a plan for people who write their own roles: a router's rules, call-back ranges, ports as text.

Input comes from templates, so it is checked here, and every refusal says what was wrong and what to pass instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..basics.addresses import Address, AddressError, parse_address
from ..basics.findings import short
from ..basics.ports import PortError, PortRange, parse_ranges, ports_text

DIRECTIONS = ("in", "out")

#: Rules that become one for a range of targets have all of this in common.
_MERGED_BY = (
    "direction", "service", "transport", "source_ports", "ports", "idle", "helper", "action", "enabled",
    "from", "public",
)  # fmt: skip

#: iptables' multiport match takes 15 ports, and a range counts as two (iptables-extensions(8)).
_MULTIPORT_LIMIT = 15


class ViewError(ValueError):
    """Input that cannot be viewed; the message names the value and the cure."""


def _mapping(data: object, what: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ViewError(f"{short(data)!r} is not {what}")
    return data


def _rules_of(data: object) -> list[dict[str, Any]]:
    what = "a host's slice of the plan; read one with the lookup or the module faxnet.deploy.slice"
    part = _mapping(data, what)
    listed = part.get("rules")
    rules = listed.get("rules") if isinstance(listed, Mapping) else None
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise ViewError(f"a mapping with the keys {', '.join(map(str, sorted(part)))} is not {what}")
    return [dict(rule) for rule in rules]


def port_rules(
    data: object, direction: str | None = None, service: str | None = None, target_ranges: bool = False
) -> list[dict[str, Any]]:
    """Return the rules that a person would type into the device's list of rules, in the plan's order.

    Args:
        data: a slice.
        direction: ``in`` or ``out``: these only.
        service: rules of this service only: of the product (``netcfax``), of one of its exchanges (``netcfax PCP``),
            or of one entry of the device's list of services (``netcfax PCP 7488``).
        target_ranges: whether rules that differ in nothing but consecutive target addresses become one. Off unless
            asked for: a rule for each client is what brings each notification to the right one.

    Raises:
        ViewError: not a slice, or no such direction.
    """
    if direction is not None and direction not in DIRECTIONS:
        raise ViewError(f"direction {short(direction)!r} is not known: use one of {', '.join(DIRECTIONS)}")
    rules = _rules_of(data)
    if direction is not None:
        rules = [rule for rule in rules if rule["direction"] == direction]
    if service is not None:
        rules = [rule for rule in rules if f"{rule['service']} ".startswith(f"{service} ")]
    return _with_target_ranges(rules) if target_ranges else rules


def _with_target_ranges(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    alike: dict[tuple[str, ...], list[tuple[Address, dict[str, Any]]]] = {}
    order: list[tuple[str, ...] | dict[str, Any]] = []
    for rule in rules:
        try:
            target = parse_address(rule["target"])
        except AddressError:
            # A rule without a single target (a network, or the device itself) stays as it is.
            order.append(rule)
            continue
        key = tuple(str(rule.get(fact)) for fact in _MERGED_BY)
        if key not in alike:
            alike[key] = []
            order.append(key)
        alike[key].append((target, rule))
    merged: list[dict[str, Any]] = []
    for item in order:
        merged.extend([item] if isinstance(item, dict) else _runs(alike[item]))
    return merged


def _runs(rules: list[tuple[Address, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Rules alike but for their targets, as one rule for each run of consecutive addresses."""
    runs: list[list[tuple[Address, dict[str, Any]]]] = []
    for target, rule in sorted(rules, key=lambda pair: pair[0]):
        last = runs[-1][-1][0] if runs else None
        if last is not None and last.version == target.version and target.value - last.value <= 1:
            runs[-1].append((target, rule))
        else:
            runs.append([(target, rule)])
    merged = []
    for run in runs:
        low, high, first = run[0][0], run[-1][0], run[0][1]
        flows = dict.fromkeys(flow for _target, rule in run for flow in rule.get("flows", ()))
        target_text = low.text if low == high else f"{low.text}-{high.text}"
        merged.append({**first, "target": target_text, "flows": list(flows)})
    return merged


def group_names(part: Mapping[str, Any]) -> list[str]:
    """Return names of inventory groups for a host, from its slice: planned, its roles, its side of each service."""
    if not part["roles"]:
        return []
    if part["traits"]["applied_by"] == "nobody":
        # Nothing is done to somebody else's machine, so it is in none of the groups that plays are for.
        return ["faxnet_unmanaged"]
    sides = [f"{offer['service']}_server" for offer in part["offers"]]
    sides += [f"{use['service']}_client" for use in part["uses"]]
    # Group names are Python identifiers.
    names = [re.sub(r"\W", "_", side) for side in dict.fromkeys(sides)]
    return [f"faxnet_{name}" for name in ("planned", *part["roles"], *names)]


def _public_addresses(data: Mapping[str, Any]) -> dict[tuple[str, str, str], str]:
    """Where each client is called back, by client, service and server."""
    found: dict[tuple[str, str, str], str] = {}
    for flow in data.get("flows", ()):
        if flow["callback"]:
            # IPv4 first, where a client has both.
            key = (flow["destination"], flow["service"], flow["source"])
            if key not in found or flow["version"] == 4:
                found[key] = flow["dial"]
    return found


def scp_ranges(data: object) -> list[dict[str, Any]]:
    """Return every client's call-back ports: host, service, server, mode, low, high, instances, public_address.

    Args:
        data: a plan, or one host's slice.

    Raises:
        ViewError: neither a plan nor a slice.
    """
    what = "a plan (plan.json) or a host's slice"
    plan = _mapping(data, what)
    uses = plan.get("uses")
    if not isinstance(uses, list):
        raise ViewError(f"a mapping with the keys {', '.join(map(str, sorted(plan)))} is not {what}")
    public = _public_addresses(plan)
    ranges = []
    for use in uses:
        callback = use.get("callback")
        if not callback:
            continue
        host = use.get("host", plan.get("host"))
        fixed = callback["mode"] == "fixed"
        ranges.append(
            {
                "host": host,
                "service": use["service"],
                "server": use["server"],
                "mode": callback["mode"],
                "low": callback["fixed"] if fixed else callback["low"],
                "high": callback["fixed"] if fixed else callback["high"],
                "instances": use["instances"],
                "public_address": public.get((host, use["service"], use["server"])),
            }
        )
    return ranges


def _plain(ranges: tuple[PortRange, ...]) -> str:
    return ports_text(ranges)


def _nft(ranges: tuple[PortRange, ...]) -> str:
    text = ports_text(ranges, ", ")
    return text if len(ranges) == 1 else f"{{ {text} }}"


def _iptables(ranges: tuple[PortRange, ...]) -> str:
    used = sum(1 if item.size == 1 else 2 for item in ranges)
    if used > _MULTIPORT_LIMIT:
        raise ViewError(
            f"{ports_text(ranges)} counts as {used} ports, and iptables' multiport match takes {_MULTIPORT_LIMIT} "
            "(a range counts as two): split the ports over several rules"
        )
    return ",".join(item.text.replace("-", ":") for item in ranges)


def _cisco(ranges: tuple[PortRange, ...]) -> str:
    return "\n".join(f"eq {item.low}" if item.size == 1 else f"range {item.low} {item.high}" for item in ranges)


#: How devices write ports: merged ranges to text.
PORT_STYLES: Mapping[str, Callable[[tuple[PortRange, ...]], str]] = {
    "plain": _plain,
    "nft": _nft,
    "iptables": _iptables,
    "windows": _plain,
    "cisco": _cisco,
}


def port_text(value: object, style: str = "plain") -> str:
    """Return ports and ranges, merged and sorted, as a device writes them.

    Args:
        value: a port, a range (``4558-4560``), a text of several with commas, or a list of these.
        style: a key of :data:`PORT_STYLES`.

    Raises:
        ViewError: not ports, no ports, or no such style.
    """
    if style not in PORT_STYLES:
        raise ViewError(f"style {short(style)!r} is not known: use one of {', '.join(PORT_STYLES)}")
    try:
        ranges = parse_ranges(value)
    except PortError as error:
        cure = "pass ports such as 7488, ranges such as '10000-10099', or a list of these"
        raise ViewError(f"{error}: {cure}") from error
    if not ranges:
        raise ViewError("no ports: an empty list would read as any port on most devices; omit such a rule")
    return PORT_STYLES[style](ranges)
