# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as files hold it: one JSON document for the whole, and one slice for each host.

The shapes are documented in docs/reference/plan.md. A flow stands in the plan and in two slices, so its text is made
once and joined into each; with tens of thousands of flows that is most of the time that planning takes.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.gc_pause import gc_pause
from ..basics.ports import PortRange
from ..catalog.profile import Exchange, Profile, SettingValue
from ..inventory.intent import Host, Offer, Use
from ..inventory.offers import texts_of
from ..planning.flow import Flow
from ..planning.plan import Plan
from ..platforms.registry import PLATFORMS
from ..policies.policy_json import BOOLEAN, OpeningTexts, Texts, more_text, names_text, policy_text, quoted_or_null
from .sealed_json import FORMAT, seal


@dataclass(frozen=True, slots=True)
class Slice:
    """One host's slice: its JSON text and the digest of its content."""

    host: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    """A whole plan as text.

    Attributes:
        digest: over everything: it is the plan document's own, which holds one of all slices.
        plan: the plan document.
        findings: the findings, for people and editors.
        slices: in order of host names.
        roles: each host's roles, for a summary.
        flow_count: number of flows.
    """

    digest: str
    plan: str
    findings: str
    slices: tuple[Slice, ...]
    roles: Mapping[str, tuple[str, ...]]
    flow_count: int


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _flow_text(flow: Flow, texts: Texts) -> str:
    # Names passed names.name_problem, so nothing here needs escaping; see policy_text.
    path = flow.path
    return (
        f'{{"id":"{flow.id}","service":"{flow.service}","exchange":"{flow.exchange}","source":"{flow.source}",'
        f'"destination":"{flow.destination}","version":{flow.version},"transport":"{flow.transport}",'
        f'{more_text(flow)},"ports":"{flow.ports.text}","callback":{BOOLEAN[flow.callback]},'
        f'"carried_by":{quoted_or_null(flow.carried_by or None)},"enabled":{BOOLEAN[flow.enabled]},'
        f'"source_address":"{texts[path.leaves_as]}","dial":"{texts[path.dial]}",'
        f'"arrives_from":"{texts[path.arrives_from]}","destination_address":"{texts[path.arrives_at]}",'
        f'"via":{names_text([step.device for step in path.steps])}}}'
    )


def _exchange(service: str, exchange: Exchange) -> dict[str, Any]:
    return {
        "service": service,
        "name": exchange.name,
        "title": exchange.title,
        "initiator": exchange.initiator,
        "transport": exchange.transport,
        "kind": exchange.kind,
        "ports": exchange.ports_word,
        "source_ports": exchange.source_word or None,
        "with": exchange.parties,
        "part_of": exchange.part_of or None,
        "rides_on": exchange.rides_on or None,
        "optional": exchange.optional,
        "purpose": exchange.purpose,
    }


class _Sheets:
    """The instructions of a profile and mode as JSON text with places for one client's values."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, str, bool, tuple[str, ...]], str] = {}

    def text(self, profile: Profile, mode: str, near: bool, used: tuple[str, ...], values: Mapping[str, object]) -> str:
        """Return the JSON list of a client's instructions.

        Args:
            near: whether the server's broadcasts reach the client.
            used: names of the exchanges that it uses: nothing is said of others.
        """
        key = (profile.name, mode, near, used)
        template = self._templates.get(key)
        if template is None:
            spoken = profile.mode_instructions.get(mode, "")
            found = "" if profile.broadcast is None else profile.broadcast.near if near else profile.broadcast.far
            lines = [
                line.replace("{mode_instruction}", spoken).replace("{broadcast_instruction}", found)
                for line, exchange in profile.instructions
                if not exchange or exchange in used
            ]
            # read_profile made sure that every name in braces is one of *values*; a brace that is meant as such is
            # written twice there, and JSON adds none to a list of texts.
            template = self._templates[key] = _compact(lines)
        return template.format_map(values)


class _Describer:
    """Describes what hosts offer and use; holds what many slices share."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.texts = Texts()
        self.sheets = _Sheets()
        self.dials: dict[tuple[str, str, str], str] = {}
        self.publics: dict[tuple[str, str], str] = {}
        self.clients: dict[tuple[str, str], list[str]] = {}
        self.settings: dict[tuple[str, str], str] = {}
        # Clients that their server answers by broadcast: those have the flow that only one network has.
        self.near: set[tuple[str, str, str]] = set()
        responses = {
            (name, profile.broadcast.response)
            for name, profile in plan.intent.catalog.profiles.items()
            if profile.broadcast is not None
        }
        for flow in plan.flows.flows:
            if flow.callback:
                continue
            if (flow.service, flow.exchange) in responses:
                self.near.add((flow.destination, flow.service, flow.source))
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
            "settings": _plain(offer.settings),
            "address": self.texts[host.addresses[0]] if host.addresses else None,
            "public": self.publics.get((offer.host, offer.service)),
            "clients": self.clients.get((offer.host, offer.service), []),
            "callback_range": offer.pool.text if offer.pool is not None else None,
            "exchanges": [exchange.name for exchange in self._profile(offer).exchanges if offer.runs(exchange)],
            "internet": offer.public,
            "enabled": offer.enabled,
        }

    def _profile(self, offer: Offer) -> Profile:
        return self.plan.intent.catalog.profiles[offer.service]

    @functools.cached_property
    def _comes_from(self) -> dict[tuple[str, str, str], str]:
        """By client, service and server: the address that the server's packets come from."""
        found: dict[tuple[str, str, str], str] = {}
        for flow in self.plan.flows.flows:
            found.setdefault((flow.destination, flow.service, flow.source), self.texts[flow.path.arrives_from])
        return found

    def use(self, use: Use) -> tuple[str, str]:
        """One use as JSON text, as the plan holds it and, with the client's instructions, as the slice does."""
        profile = self.plan.intent.catalog.profiles[use.service]
        offer = self.plan.intent.offer_of(use)
        key = (use.host, use.service, use.server)
        # A client that starts nothing itself knows its server by the address that its packets come from.
        dial = self.dials.get(key) or self._comes_from.get(key)
        grant = self.plan.flows.grants.get(f"{use.host}/{use.service}")
        values: dict[str, Any] = {**texts_of(offer), "dial": dial, "server": use.server}
        callback, mode = "null", ""
        if grant is not None:
            low, high = grant.ports
            mode = grant.mode
            callback = f'{{"mode":"{mode}","low":{low},"high":{high},"fixed":{grant.fixed}}}'
            values.update(low=low, high=high, fixed=grant.fixed)
        settings = self.settings.get((offer.host, offer.service))
        if settings is None:
            settings = self.settings[offer.host, offer.service] = _compact(_plain(offer.settings))
        near = key in self.near
        used = tuple(item.name for item in profile.exchanges if item.with_clients and use.takes(item, offer))
        text = (
            f'{{"service":"{use.service}","host":"{use.host}","server":"{use.server}",'
            f'"dial":{quoted_or_null(dial)},"settings":{settings},"exchanges":{names_text(used)},"environment":"{use.environment}",'
            f'"instances":{use.instances},"enabled":{BOOLEAN[use.enabled and offer.enabled]},"callback":{callback}'
        )
        return f"{text}}}", f'{text},"instructions":{self.sheets.text(profile, mode, near, used, values)}}}'


def _plain(settings: Mapping[str, SettingValue]) -> dict[str, Any]:
    """Settings as plain data: a port is a number, a range a text, addresses a list."""
    plain: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, PortRange):
            plain[name] = value.low if value.size == 1 else value.text
        else:
            plain[name] = [address.text for address in value]
    return plain


def describe(plan: Plan) -> Written:
    """Return the whole plan as text: deterministic, the same inventory gives the same bytes."""
    with gc_pause():
        return _describe(plan)


def _describe(plan: Plan) -> Written:
    intent = plan.intent
    about = _Describer(plan)
    openings = OpeningTexts()
    offers = {key: _compact(about.offer(offer)) for key, offer in intent.offers.items()}
    offers_of: dict[str, list[str]] = {}
    services_of: dict[str, dict[str, None]] = {}
    for (server, service), text in offers.items():
        offers_of.setdefault(server, []).append(text)
        services_of.setdefault(server, {})[service] = None
    uses: list[str] = []
    uses_of: dict[str, list[str]] = {}
    for use in intent.uses:
        whole, with_instructions = about.use(use)
        uses.append(whole)
        uses_of.setdefault(use.host, []).append(with_instructions)
        services_of.setdefault(use.host, {})[use.service] = None
    flow_texts: list[str] = []
    flows_of: dict[str, list[str]] = {}
    for flow in plan.flows.flows:
        text = _flow_text(flow, about.texts)
        flow_texts.append(text)
        for step in flow.path.steps:
            services_of.setdefault(step.device, {})[flow.service] = None
        for end in (flow.source, flow.destination):
            if flow.service not in services_of.get(end, ()):
                # Neither offered nor used there: a name server that somebody's mail server asks.
                services_of.setdefault(end, {})[flow.service] = None
        flows_of.setdefault(flow.source, []).append(text)
        flows_of.setdefault(flow.destination, []).append(text)
    exchanges = {
        name: _compact([_exchange(name, exchange) for exchange in profile.exchanges])
        for name, profile in intent.catalog.profiles.items()
    }
    listed, findings_of = _findings(plan)
    roles: dict[str, tuple[str, ...]] = {}
    heads: list[str] = []
    slices: list[Slice] = []
    used = sorted({host.platform for host in intent.hosts.values()})
    traits = {name: _compact(PLATFORMS[name].traits.as_dict()) for name in used}
    for name, host in intent.hosts.items():
        parts = (("router", plan.policies[name].forwarding), ("server", name in offers_of), ("client", name in uses_of))
        roles[name] = tuple(role for role, played in parts if played) or ("endpoint",)
        head = _head(host, roles[name], about.texts)
        heads.append(f'"{name}":{{{head}}}')
        own = [exchanges[service][1:-1] for service in services_of.get(name, ())]
        body = (
            f'{{"format":{FORMAT},"host":"{name}",{head},"traits":{traits[host.platform]},'
            f'"policy":{policy_text(plan.policies[name], about.texts, openings)},'
            f'"offers":[{",".join(offers_of.get(name, ()))}],"uses":[{",".join(uses_of.get(name, ()))}],'
            f'"exchanges":[{",".join(own)}],"findings":{findings_of.get(name, "[]")},'
            f'"flows":[{",".join(flows_of.get(name, ()))}]'
        )
        text, digest = seal(body)
        slices.append(Slice(name, digest, text))
    opened = [f'"{name}":{openings((*host.management, *host.openings))}' for name, host in intent.hosts.items()]
    services = [f'"{name}":{exchanges[name]}' for name in sorted({service for _host, service in offers})]
    platforms = ",".join(f'"{name}":{text}' for name, text in traits.items())
    plan_body = (
        f'{{"format":{FORMAT},"sites":{_compact(_sites(plan, about.texts))},"hosts":{{{",".join(heads)}}},'
        f'"platforms":{{{platforms}}},'
        f'"services":{{{",".join(services)}}},"offers":[{",".join(offers.values())}],"uses":[{",".join(uses)}],'
        f'"openings":{{{",".join(opened)}}},"findings":{_compact(listed)},'
        f'"slices":"{_digest_of(slices)}","flows":[{",".join(flow_texts)}]'
    )
    document, digest = seal(plan_body)
    findings = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    return Written(digest, document, findings, tuple(slices), roles, len(flow_texts))


def _digest_of(slices: Iterable[Slice]) -> str:
    """One digest over all slices, by which the plan's own digest covers them too."""
    return hashlib.sha256("\n".join(part.digest for part in slices).encode()).hexdigest()


def _head(host: Host, roles: Iterable[str], texts: Texts) -> str:
    return (
        f'"site":"{host.site}","addresses":{names_text([texts[address] for address in host.addresses])},'
        f'"roles":{names_text(roles)},"system":{quoted_or_null(host.system)},"platform":"{host.platform}"'
    )


_ENTRY = re.compile(r"faxnet_(?:offers|uses)\[\d+\]")


def _findings(plan: Plan) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All findings, and each host's as a JSON list. One about an entry of offers or uses says of which service.

    Of a finding's hosts a slice names its own alone: a plan holds warnings and advice, which are about each host's own
    variables. So a slice changes with its host only, and what ten thousand hosts share is not told to each of them with
    ten thousand names.
    """
    if not plan.findings:
        return [], {}
    services = {(offer.host, f"faxnet_offers[{offer.index}]"): offer.service for offer in plan.intent.offers.values()}
    services |= {(use.host, f"faxnet_uses[{use.index}]"): use.service for use in plan.intent.uses}
    listed: list[dict[str, Any]] = []
    gathered: dict[str, list[str]] = {}
    for finding in plan.findings:
        entry = _ENTRY.match(finding.variable)
        data = finding.as_dict()
        listed.append({**data, "service": services.get((finding.host, entry.group())) if entry else None})
        for name in finding.hosts:
            # Hosts that share a finding may have another service at that place.
            service = services.get((name, entry.group())) if entry else None
            gathered.setdefault(name, []).append(_compact({**data, "hosts": [name], "service": service}))
    return listed, {name: f"[{','.join(items)}]" for name, items in gathered.items()}


def _sites(plan: Plan, texts: Texts) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "networks": [network.text for network in site.networks],
            "gateways": [
                {"host": gateway.host, "public": [texts[address] for address in gateway.public]}
                for gateway in site.gateways
            ],
            "realm": {"4": site.realm_of(4), "6": site.realm_of(6)},
        }
        for name, site in plan.intent.sites.items()
    }
