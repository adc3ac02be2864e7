# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as files hold it: one JSON document for the whole, and one slice for each host.

The shapes are documented in docs/reference/plan.md. A flow stands in the plan and in two slices, so its text is made
once and joined into each; with tens of thousands of flows that is most of the time that planning takes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .catalog import Exchange, Profile
from .flows import Flow
from .intent import Offer, Use
from .plan import Plan
from .policy_data import Texts, opening_data, policy_data
from .rule_list import rule_list

PLAN_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Slice:
    """One host's slice: its JSON text and the digest of its content."""

    host: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A whole plan as text: the digest over everything, the plan document, and the slices in order of host names."""

    digest: str
    plan: str
    findings: str
    slices: tuple[Slice, ...]


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _flow_text(flow: Flow, texts: Texts, reasons: Mapping[str, str]) -> str:
    # Every name in a flow passed names.name_problem, so none of them can hold a character that JSON escapes; a test
    # holds this text against json.dumps.
    path = flow.path
    via = ",".join(f'"{step.device}"' for step in path.steps)
    return (
        f'{{"id":"{flow.id}","service":"{flow.service}","exchange":"{flow.exchange}","source":"{flow.source}",'
        f'"destination":"{flow.destination}","version":{flow.version},"transport":"{flow.transport}",'
        f'"source_ports":null,"ports":"{flow.ports.text}","callback":{"true" if flow.callback else "false"},'
        f'"enabled":{"true" if flow.enabled else "false"},"source_address":"{texts[path.leaves_as]}",'
        f'"dial":"{texts[path.dial]}","arrives_from":"{texts[path.arrives_from]}",'
        f'"destination_address":"{texts[path.arrives_at]}","via":[{via}],'
        f'"reason":{reasons[flow.reason]}}}'
    )


def _exchange(service: str, exchange: Exchange) -> dict[str, Any]:
    ports = exchange.setting or ("callback" if exchange.ports is None else exchange.ports.text)
    return {
        "service": service,
        "name": exchange.name,
        "title": exchange.title,
        "initiator": exchange.initiator,
        "transport": exchange.transport,
        "kind": exchange.kind,
        "ports": ports,
        "optional": exchange.optional,
        "purpose": exchange.purpose,
    }


class _Describer:
    """Describes hosts of one plan; holds what many slices share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.texts = Texts()
        self.dials: dict[tuple[str, str, str], str] = {}
        self.publics: dict[tuple[str, str], str] = {}
        self.clients: dict[tuple[str, str], list[str]] = {}
        for flow in plan.flows.flows:
            if flow.callback:
                continue
            key = (flow.source, flow.service, flow.destination)
            if key not in self.dials or flow.version == 4:
                self.dials[key] = self.texts[flow.path.dial]
            if flow.path.dial != flow.path.arrives_at:
                self.publics.setdefault((flow.destination, flow.service), self.texts[flow.path.dial])
        for use in plan.intent.uses:
            self.clients.setdefault((use.server, use.service), []).append(use.host)

    def offer(self, offer: Offer) -> dict[str, Any]:
        """One offer, with where it is dialled and by whom."""
        host = self.plan.intent.hosts[offer.host]
        return {
            "service": offer.service,
            "host": offer.host,
            "settings": dict(offer.settings),
            "address": self.texts[host.addresses[0]] if host.addresses else None,
            "public": self.publics.get((offer.host, offer.service)),
            "clients": self.clients.get((offer.host, offer.service), []),
            "callback_range": offer.pool.text if offer.pool is not None else None,
            "enabled": offer.enabled,
        }

    def use(self, use: Use) -> dict[str, Any]:
        """One use, with what a person enters in the client."""
        profile: Profile = self.plan.intent.catalog.profiles[use.service]
        offer = self.plan.intent.offer_of(use)
        dial = self.dials.get((use.host, use.service, use.server))
        grant = self.plan.flows.grants.get(f"{use.host}/{use.service}")
        fields: dict[str, Any] = {**offer.settings, "dial": dial, "server": use.server}
        callback = None
        if grant is not None and profile.callback is not None:
            callback = {"mode": grant.mode, "low": grant.ports.low, "high": grant.ports.high, "fixed": grant.fixed}
            fields.update(callback)
            if grant.mode in profile.mode_instructions:
                fields["mode_instruction"] = profile.mode_instructions[grant.mode].format_map(fields)
        return {
            "service": use.service,
            "host": use.host,
            "server": use.server,
            "dial": dial,
            "settings": dict(offer.settings),
            "environment": use.environment,
            "instances": use.instances,
            "enabled": use.enabled and offer.enabled,
            "callback": callback,
            "instructions": [line.format_map(fields) for line in profile.instructions],
        }


def describe(plan: Plan) -> Written:
    """Return the whole plan as text: deterministic, the same inventory gives the same bytes."""
    intent = plan.intent
    about = _Describer(plan)
    using = {use.host for use in intent.uses}
    offering: dict[str, list[Offer]] = {}
    for offer in intent.offers.values():
        offering.setdefault(offer.host, []).append(offer)
    uses_of: dict[str, list[dict[str, Any]]] = {}
    for use in intent.uses:
        uses_of.setdefault(use.host, []).append(about.use(use))
    reasons = {reason: _compact(reason) for reason in {flow.reason for flow in plan.flows.flows}}
    flow_texts: list[str] = []
    flows_of: dict[str, list[str]] = {}
    for flow in plan.flows.flows:
        text = _flow_text(flow, about.texts, reasons)
        flow_texts.append(text)
        flows_of.setdefault(flow.source, []).append(text)
        flows_of.setdefault(flow.destination, []).append(text)
    exchanges = {
        name: [_exchange(name, exchange) for exchange in profile.exchanges]
        for name, profile in intent.catalog.profiles.items()
    }
    findings_of: dict[str, list[dict[str, Any]]] = {}
    for finding in plan.findings:
        for name in (finding.host, *finding.others):
            findings_of.setdefault(name, []).append(finding.as_dict())
    hosts: dict[str, Any] = {}
    for name, host in intent.hosts.items():
        roles = ["router"] if plan.policies[name].forwarding else []
        roles += ["server"] if name in offering else []
        roles += ["client"] if name in using else []
        hosts[name] = {
            "site": host.site,
            "addresses": [about.texts[address] for address in host.addresses],
            "roles": roles or ["endpoint"],
            "system": host.system,
            "platform": host.platform,
        }
    bodies: list[tuple[str, str, str]] = []
    for name in intent.hosts:
        own_uses = uses_of.get(name, [])
        own_offers = [about.offer(offer) for offer in offering.get(name, ())]
        services = dict.fromkeys([item["service"] for item in (*own_offers, *own_uses)])
        head = {
            "format": PLAN_FORMAT,
            "host": name,
            **hosts[name],
            "policy": policy_data(plan.policies[name], about.texts),
            "offers": own_offers,
            "uses": own_uses,
            "rules": rule_list(intent, plan.policies[name], about.texts),
            "exchanges": [item for service in services for item in exchanges[service]],
            "findings": findings_of.get(name, []),
        }
        body = f'{_compact(head)[:-1]},"flows":[{",".join(flows_of.get(name, ()))}]'
        bodies.append((name, _digest(body), body))
    whole = {
        "format": PLAN_FORMAT,
        "sites": dict(_sites(plan, about.texts)),
        "hosts": hosts,
        "services": {name: exchanges[name] for name in sorted({offer.service for offer in intent.offers.values()})},
        "offers": [about.offer(offer) for offer in intent.offers.values()],
        "uses": [
            {key: value for key, value in use.items() if key != "instructions"}
            for host_uses in uses_of.values()
            for use in host_uses
        ],
        "openings": {
            name: [opening_data(opening) for opening in (*host.management, *host.extras)]
            for name, host in intent.hosts.items()
        },
        "findings": [finding.as_dict() for finding in plan.findings],
    }
    plan_body = f'{_compact(whole)[:-1]},"flows":[{",".join(flow_texts)}]'
    digest = _digest(plan_body, *(own for _name, own, _body in bodies))
    slices = tuple(Slice(name, own, f'{body},"digest":"{own}","plan":"{digest}"}}\n') for name, own, body in bodies)
    findings = json.dumps([finding.as_dict() for finding in plan.findings], indent=2, ensure_ascii=False) + "\n"
    return Written(digest, f'{plan_body},"digest":"{digest}"}}\n', findings, slices)


def _sites(plan: Plan, texts: Texts) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, site in plan.intent.sites.items():
        yield (
            name,
            {
                "networks": [network.text for network in site.networks],
                "gateways": [
                    {"host": gateway.host, "public": [texts[address] for address in gateway.public]}
                    for gateway in site.gateways
                ],
                "realm": {"4": site.realm_of(4), "6": site.realm_of(6)},
            },
        )
