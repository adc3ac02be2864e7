# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a client can have the call-back ports that the inventory wishes: each reason against it is a finding."""

from __future__ import annotations

from ...basics.findings import Finding, short
from ...basics.ports import PortRange
from .requests import Claim


def wished_size(claim: Claim, findings: list[Finding]) -> int | None:
    """Return the size of the range that the plan is to choose, or None where the wished one is too small."""
    wished = claim.wish.size
    if wished is None:
        return claim.usual_size
    return wished if _large_enough(claim, wished, "size", wished, findings) else None


def fixed_port(claim: Claim, findings: list[Finding]) -> PortRange | None:
    """Return the one port of a client in fixed mode, or None where it cannot be."""
    port = claim.rules.fixed_port if claim.wish.port is None else claim.wish.port
    ports = PortRange(port, port)
    variable = claim.variable("mode" if claim.wish.port is None else "port")
    for environment in claim.environments:
        if "fixed" not in environment.modes or claim.instances > 1:
            findings.append(
                Finding(
                    "FXN304",
                    (claim.host,),
                    claim.variable("mode"),
                    "fixed",
                    f"in environment {environment.name} several sessions share this address, "
                    "and a fixed port serves exactly one client",
                    "use mode dynamic; or environment single_user with one instance if nobody else logs on here",
                )
            )
            return None
    sound = (
        _within_bounds(claim, ports, variable, findings)
        and _inside_pool(claim, ports, variable, findings)
        and _clear_of_well_known(claim, ports, variable, findings)
    )
    if not sound:
        return None
    _warn_of_dynamic(claim, ports, variable, findings)
    return ports


def named_range(claim: Claim, findings: list[Finding]) -> PortRange | None:
    """Return the range that the inventory names, or None where it cannot be."""
    low, high = claim.wish.low, claim.wish.high
    if low is None:
        raise ValueError(f"{claim.key} names no range")
    variable = claim.variable("low")
    if high is None:
        high = low + (claim.wish.size or claim.usual_size) - 1
    if low > high:
        message = f"the low port {low} is above {high}"
        findings.append(Finding("FXN301", (claim.host,), variable, f"{low}-{high}", message, "swap 'low' and 'high'"))
        return None
    ports = PortRange(low, high)
    # What is out of bounds needs no second reproach; size and bounds are two different mistakes.
    within = _within_bounds(claim, ports, variable, findings)
    sound = _large_enough(claim, ports.size, "high", ports.text, findings) and within
    if not sound or not _clear_of_well_known(claim, ports, variable, findings):
        return None
    if not _inside_pool(claim, ports, variable, findings):
        return None
    _warn_of_dynamic(claim, ports, variable, findings)
    return ports


def _warn_of_dynamic(claim: Claim, ports: PortRange, variable: str, findings: list[Finding]) -> None:
    dynamic = claim.system.dynamic
    if ports.overlaps(dynamic):
        message = f"{claim.system.title} gives {dynamic.text} to other programs by itself"
        cure = "choose ports outside these, or reserve them on the client (netsh int ipv4 add excludedportrange)"
        findings.append(Finding("FXN311", (claim.host,), variable, ports.text, message, cure))


def _large_enough(claim: Claim, size: int, key: str, value: object, findings: list[Finding]) -> bool:
    needed = max(claim.instances, claim.rules.smallest)
    if size >= needed:
        return True
    message = (
        f"{size} ports are too few for {claim.instances} instances on one address"
        if size < claim.instances
        else f"{size} ports are fewer than the smallest range, {claim.rules.smallest}"
    )
    cure = f"make the range at least {needed} ports; about {claim.usual_size} are usual"
    findings.append(Finding("FXN303", (claim.host,), claim.variable(key), short(value), message, cure))
    return False


def _within_bounds(claim: Claim, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    bounds = claim.rules.bounds
    if bounds.low <= ports.low and ports.high <= bounds.high:
        return True
    message = f"call-back ports lie from {bounds.low} to {bounds.high}"
    findings.append(Finding("FXN302", (claim.host,), variable, ports.text, message, "choose ports inside these bounds"))
    return False


def _clear_of_well_known(claim: Claim, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    held = sorted(port for port in claim.well_known if ports.low <= port <= ports.high)
    if not held:
        return True
    names = ", ".join(f"{port} ({claim.well_known[port]})" for port in held[:5])
    cure = "choose ports that belong to nobody"
    findings.append(Finding("FXN308", (claim.host,), variable, ports.text, f"holds {names}", cure))
    return False


def _inside_pool(claim: Claim, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    pool = claim.pool
    if not claim.pool_is_named or (pool.low <= ports.low and ports.high <= pool.high):
        return True
    message = f"the server's network opens {pool.text} for call-backs"
    cure = f"choose ports inside {pool.text}, or widen the server's callback_range"
    findings.append(Finding("FXN309", (claim.host,), variable, ports.text, message, cure))
    return False
