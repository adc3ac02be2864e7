# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a client can have the call-back ports that the inventory asks for: each reason against it is a finding."""

from __future__ import annotations

from ...basics.findings import Finding, short
from ...basics.ports import PortRange
from .port_space import held_by_system
from .requests import ClientRequest


def wanted_size(request: ClientRequest, findings: list[Finding]) -> int | None:
    """Return the size of the range that the plan is to choose, or None where the wanted one is too small."""
    wanted = request.wanted.size
    if wanted is None:
        return request.usual_size
    return wanted if _large_enough(request, wanted, "size", wanted, findings) else None


def fixed_port(request: ClientRequest, findings: list[Finding]) -> PortRange | None:
    """Return the one port of a client in fixed mode, or None where it cannot be."""
    port = request.rules.fixed_port if request.wanted.port is None else request.wanted.port
    ports = PortRange(port, port)
    variable = request.variable("mode" if request.wanted.port is None else "port")
    for environment in request.environments:
        if "fixed" not in environment.modes or request.instances > 1:
            findings.append(
                Finding(
                    "FXN304",
                    (request.host,),
                    request.variable("mode"),
                    "fixed",
                    f"in environment {environment.name} several sessions share this address, "
                    "and a fixed port serves exactly one client",
                    "use mode dynamic; or environment single_user with one instance if nobody else logs on here",
                )
            )
            return None
    sound = (
        _within_bounds(request, ports, variable, findings)
        and _inside_pool(request, ports, variable, findings)
        and _clear_of_well_known(request, ports, variable, findings)
        and _clear_of_system(request, ports, variable, findings)
    )
    if not sound:
        return None
    _warn_of_dynamic(request, ports, variable, findings)
    return ports


def named_range(request: ClientRequest, findings: list[Finding]) -> PortRange | None:
    """Return the range that the inventory names, or None where it cannot be."""
    low, high = request.wanted.low, request.wanted.high
    if low is None:
        raise ValueError(f"{request.client.text} names no range")
    variable = request.variable("low")
    if high is None:
        high = low + (request.wanted.size or request.usual_size) - 1
    if low > high:
        message = f"the low port {low} is above {high}"
        findings.append(Finding("FXN301", (request.host,), variable, f"{low}-{high}", message, "swap 'low' and 'high'"))
        return None
    ports = PortRange(low, high)
    # What is out of bounds needs no second reproach; size and bounds are two different mistakes.
    within = _within_bounds(request, ports, variable, findings)
    sound = _large_enough(request, ports.size, "high", ports.text, findings) and within
    if not sound or not _clear_of_well_known(request, ports, variable, findings):
        return None
    if not _clear_of_system(request, ports, variable, findings):
        return None
    if not _inside_pool(request, ports, variable, findings):
        return None
    _warn_of_dynamic(request, ports, variable, findings)
    return ports


def _warn_of_dynamic(request: ClientRequest, ports: PortRange, variable: str, findings: list[Finding]) -> None:
    dynamic = request.system.dynamic
    if ports.overlaps(dynamic):
        message = f"{request.system.title} gives {dynamic.text} to other programs by itself"
        cure = "choose ports outside these"
        if request.system.reserving:
            cure = f"{cure}, or reserve them on the client, as its settings sheet says"
        findings.append(Finding("FXN311", (request.host,), variable, ports.text, message, cure))


def _large_enough(request: ClientRequest, size: int, key: str, value: object, findings: list[Finding]) -> bool:
    needed = max(request.instances, request.rules.smallest)
    if size >= needed:
        return True
    message = (
        f"{size} ports are too few for {request.instances} instances on one address"
        if size < request.instances
        else f"{size} ports are fewer than the smallest range, {request.rules.smallest}"
    )
    cure = f"make the range at least {needed} ports; about {request.usual_size} are usual"
    findings.append(Finding("FXN303", (request.host,), request.variable(key), short(value), message, cure))
    return False


def _within_bounds(request: ClientRequest, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    bounds = request.rules.bounds
    if bounds.low <= ports.low and ports.high <= bounds.high:
        return True
    message = f"call-back ports lie from {bounds.low} to {bounds.high}"
    findings.append(
        Finding("FXN302", (request.host,), variable, ports.text, message, "choose ports inside these bounds")
    )
    return False


def _clear_of_well_known(request: ClientRequest, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    held = sorted(port for port in request.well_known if ports.low <= port <= ports.high)
    if not held:
        return True
    names = ", ".join(f"{port} ({request.well_known[port]})" for port in held[:5])
    cure = "choose ports that belong to nobody"
    findings.append(Finding("FXN308", (request.host,), variable, ports.text, f"holds {names}", cure))
    return False


def _clear_of_system(request: ClientRequest, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    held = held_by_system(ports, request.transport, request.system)
    for item in held:
        message = f"holds {item.text}, which services of {request.system.title} hold"
        findings.append(Finding("FXN315", (request.host,), variable, ports.text, message, "choose other ports"))
    return not held


def _inside_pool(request: ClientRequest, ports: PortRange, variable: str, findings: list[Finding]) -> bool:
    pool = request.pool
    if not request.pool_is_named or (pool.low <= ports.low and ports.high <= pool.high):
        return True
    message = f"the server's network opens {pool.text} for call-backs"
    cure = f"choose ports inside {pool.text}, or widen the server's callback_range"
    findings.append(Finding("FXN309", (request.host,), variable, ports.text, message, cure))
    return False
