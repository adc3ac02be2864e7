# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a router's forwards contradict each other, its own management, or what it has reserved for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...basics.addresses import Address, End
from ...basics.findings import Finding
from ...basics.ports import PortRange
from ...catalog.profile import ANY_PORTS, Exchange, Profile
from ...inventory.intent import Intent
from ...policies.policy import Policy


class _Lead(NamedTuple):
    """Ports of a public address, and where they lead."""

    version: int
    address: Address
    transport: str
    ports: PortRange
    target: End
    flow: str


def check_forwards(intent: Intent, policies: Mapping[str, Policy], findings: list[Finding]) -> None:
    """Note an error for each public port that would have to lead to two places."""
    for name, policy in policies.items():
        leads = _leads(policy) if policy.destination_nat else []
        if leads:
            _check_contradictions(intent, name, leads, findings)
            _check_own_ports(intent, name, policy, leads, findings)
            _check_reserved(intent, name, leads, findings)


def _check_contradictions(intent: Intent, name: str, leads: list[_Lead], findings: list[Finding]) -> None:
    furthest: _Lead | None = None
    for lead in leads:
        same = furthest is not None and furthest[:3] == lead[:3]
        if same and furthest is not None and furthest.ports.high >= lead.ports.low:
            if furthest.target != lead.target:
                destination, other = _destination(lead.flow), _destination(furthest.flow)
                message = f"{lead.address.text} would have to lead to {destination} and to {other}"
                keys = _keys_of_clients(intent, lead.flow)
                cure = f"give one of the two another port{keys}, or another public address"
                value = f"{lead.ports.text}/{lead.transport}"
                variable = _variable(intent, lead.flow)
                findings.append(Finding("FXN404", (destination, other, name), variable, value, message, cure))
            if furthest.ports.high >= lead.ports.high:
                continue
        furthest = lead


def _check_own_ports(intent: Intent, name: str, policy: Policy, leads: list[_Lead], findings: list[Finding]) -> None:
    # Destination translation comes before the router's own input: a forwarded port never reaches the router itself.
    cure = "give the service or the router's own opening another port"
    for opening in (*policy.management, *policy.openings):
        variable = "faxnet_management" if opening in policy.management else "faxnet_permits"
        for lead in leads:
            if lead.transport == opening.transport and any(ports.overlaps(lead.ports) for ports in opening.ports):
                value = f"{lead.ports.text}/{lead.transport}"
                message = f"the router's own {opening.name} would be forwarded to {_destination(lead.flow)}"
                findings.append(Finding("FXN404", (name,), variable, value, message, cure))
    own = {
        (permit.destination, permit.transport, permit.ports): ids[0]
        for permit, ids in policy.input
        # What comes to any port that the router's own client chose claims none of them.
        if permit.enabled and permit.ports != ANY_PORTS
    }
    for (address, transport, ports), flow in own.items():
        for lead in leads:
            if (lead.address, lead.transport) == (address, transport) and lead.ports.overlaps(ports):
                other = _destination(lead.flow)
                message = f"{address.text} would have to lead to {name} itself and to {other}"
                value = f"{ports.text}/{transport}"
                findings.append(Finding("FXN404", (name, other), _variable(intent, flow), value, message, cure))


def _check_reserved(intent: Intent, name: str, leads: list[_Lead], findings: list[Finding]) -> None:
    reserved = intent.hosts[name].reserved
    for lead in leads if reserved else ():
        for item in reserved:
            if item.transport == lead.transport and item.ports.overlaps(lead.ports):
                destination = _destination(lead.flow)
                message = f"{lead.address.text} leads to {destination} by it, and {name} has reserved {item.text}"
                cure = (
                    f"give {destination} another port{_keys_of_clients(intent, lead.flow)}, "
                    f"or correct faxnet_reserved_ports of {name}"
                )
                value = f"{lead.ports.text}/{lead.transport}"
                variable = _variable(intent, lead.flow)
                findings.append(Finding("FXN409", (destination, name), variable, value, message, cure))


def _leads(policy: Policy) -> list[_Lead]:
    """What a router forwards, sorted. A client of several servers is forwarded to for each: one lead with one flow."""
    first: dict[tuple[int, Address, str, PortRange, End], str] = {}
    for nat, ids in policy.destination_nat:
        if nat.enabled:
            where = (nat.version, nat.address, nat.transport, nat.ports, nat.target)
            if first.setdefault(where, ids[0]) > ids[0]:
                first[where] = ids[0]
    return sorted(_Lead(*where, flow) for where, flow in first.items())


def _destination(flow: str) -> str:
    return flow.partition(">")[2].removesuffix("/6")


def _keys_of_clients(intent: Intent, flow: str) -> str:
    """The keys by which a client says its own ports, in brackets; empty where there are none."""
    profile, exchange = _exchange_of(intent, flow)
    setting = profile.settings.get(exchange.setting or "")
    return f" ({setting.name} in its faxnet_uses)" if setting is not None and setting.of_client else ""


def _variable(intent: Intent, flow: str) -> str:
    """The variable of a flow's destination that asks for the flow: a server offers, a client uses."""
    return "faxnet_offers" if _exchange_of(intent, flow)[1].initiator == "client" else "faxnet_uses"


def _exchange_of(intent: Intent, flow: str) -> tuple[Profile, Exchange]:
    """The product and the exchange that a flow's id begins with."""
    # Both names may hold dots: a service that has the exchange is the one.
    parts = flow.partition("/")[0].split(".")
    for place in range(1, len(parts)):
        profile = intent.catalog.profiles.get(".".join(parts[:place]))
        exchange = ".".join(parts[place:])
        if profile is not None and any(item.name == exchange for item in profile.exchanges):
            return profile, profile.exchange(exchange)
    raise ValueError(f"flow {flow} is of no exchange of the catalogue")
