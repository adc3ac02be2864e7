# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's list of rules, for people who write their own roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..basics.addresses import Address, AddressError, parse_address
from ..basics.findings import short
from .filter_input import SLICE, InputError, keys_text, mapping

DIRECTIONS = ("in", "out")

#: Rules that become one for a range of targets have all of this in common.
_MERGED_BY = (
    "direction", "service", "transport", "source_ports", "ports", "idle", "helper", "action", "enabled",
    "from", "public", "becomes",
)  # fmt: skip


def _rules_of(data: object) -> list[dict[str, Any]]:
    part = mapping(data, SLICE)
    listed = part.get("rules")
    rules = listed.get("rules") if isinstance(listed, Mapping) else None
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        raise InputError(f"{keys_text(part)} is not {SLICE}")
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
        InputError: not a slice, or no such direction.
    """
    if direction is not None and direction not in DIRECTIONS:
        raise InputError(f"direction {short(direction)!r} is not known: use one of {', '.join(DIRECTIONS)}")
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
