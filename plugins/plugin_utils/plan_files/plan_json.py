# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan's documents as files hold them: one for the whole, and a slice for each host.

The shapes are documented in docs/reference/plan.md. A flow stands in the plan and in two slices, so its text is made
once and joined into each; with tens of thousands of flows that is most of the time that this takes. Documents are made
when they are asked for and not kept: together they are several times as large as the plan.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from ..basics.gc_pause import gc_pause
from ..inventory.intent import Host
from ..inventory.site import Gateway
from ..planning.behind import Behind, hosts_behind
from ..planning.plan import Plan
from ..platforms.registry import PLATFORMS
from ..policies.policy_json import (
    OpeningTexts,
    Texts,
    forward_permits_text,
    names_text,
    policy_text,
    quoted_or_null,
    router_text,
)
from .entries_json import Entries, compact, exchange_data, flow_text
from .sealed_json import FORMAT, end_of_document
from .slice_json import SliceDocument, SliceParts, slice_document

#: So many entries of a list are joined before they are handed on.
_AT_ONCE = 1000


class PlanDocuments:
    """A plan's documents: deterministic, the same inventory gives the same bytes.

    Attributes:
        findings: the findings as JSON text, for people and editors.
        roles: each host's roles, in the order of the hosts' names.
        flow_count: number of flows.
    """

    def __init__(self, plan: Plan) -> None:
        intent = plan.intent
        self._plan = plan
        self._entries = entries = Entries(plan)
        self._openings = OpeningTexts()
        self._offers = {key: compact(entries.offer(offer)) for key, offer in intent.offers.items()}
        self._offers_of: dict[str, list[str]] = {}
        self._offered_by: dict[str, list[str]] = {}
        named = {offer.service for offer in intent.offers.values() if offer.name}
        self._side_roles = {
            (name, side): compact({"role": role.name, "installs_from": role.installs_from or None})
            for name, profile in intent.profiles.items()
            for side, role in profile.roles.items()
            # A package is installed once: its role sets up the offer without a name.
            if not (name in named and role.installs_from)
        }
        self._uses: list[str] = []
        self._instructions: list[str] = []
        self._uses_of: defaultdict[str, list[int]] = defaultdict(list)
        self._flows: list[str] = []
        self._flows_of: defaultdict[str, list[str]] = defaultdict(list)
        self._services_of: defaultdict[str, dict[str, None]] = defaultdict(dict)
        with gc_pause():
            self._gather()
        self._exchanges = {
            name: ",".join(compact(exchange_data(name, exchange)) for exchange in profile.exchanges)
            for name, profile in intent.profiles.items()
        }
        used = sorted({host.platform for host in intent.hosts.values()})
        self._traits = {name: compact(PLATFORMS[name].traits.as_dict()) for name in used}
        self._behind = {router: compact(_behind(behind)) for router, behind in hosts_behind(intent).items()}
        self._findings, self._findings_of = _findings(plan)
        self._slices_digest = self._digest = ""
        self.findings = json.dumps(self._findings, indent=2, ensure_ascii=False) + "\n"
        self.roles = {name: self._roles(name) for name in intent.hosts}
        # Said twice: by the slice, and by the plan.
        texts = entries.texts
        self._heads = {name: _head(host, self.roles[name], texts) for name, host in intent.hosts.items()}
        self.flow_count = len(self._flows)

    def _gather(self) -> None:
        """Gather what concerns each host."""
        intent = self._plan.intent
        for (server, service), text in self._offers.items():
            self._offers_of.setdefault(server, []).append(text)
            self._offered_by.setdefault(server, []).append(service)
            self._services_of[server][service] = None
        for number, use in enumerate(intent.uses):
            text, instructions = self._entries.use(use)
            self._uses.append(text)
            self._instructions.append(instructions)
            self._uses_of[use.host].append(number)
            self._services_of[use.host][use.service] = None
        texts = self._entries.texts
        for flow in self._plan.flows.flows:
            text = flow_text(flow, texts)
            self._flows.append(text)
            service, source, destination = flow.service, flow.source, flow.destination
            for host in flow.path.route.devices:
                self._services_of[host][service] = None
            for host in (source, destination):
                # An end may neither offer nor use the service: a name server that somebody's mail server asks.
                self._services_of[host][service] = None
                self._flows_of[host].append(text)

    def _roles(self, name: str) -> tuple[str, ...]:
        played = (
            ("router", self._plan.policies[name].forwarding),
            ("server", name in self._offers_of),
            ("client", name in self._uses_of),
        )
        return tuple(role for role, plays in played if plays) or ("endpoint",)

    def _deployment(self, name: str) -> Iterable[str]:
        """The roles that provide what a host offers and uses, as the profiles name them, each once."""
        sides = [(service, "server") for service in self._offered_by.get(name, ())]
        sides += [(self._plan.intent.uses[number].service, "client") for number in self._uses_of.get(name, ())]
        return dict.fromkeys(self._side_roles[side] for side in sides if side in self._side_roles)

    @property
    def slices(self) -> Iterator[SliceDocument]:
        """The slices in the order of the hosts' names, made anew each time."""
        over_all = hashlib.sha256()
        between = b""
        for name in self._plan.intent.hosts:
            made = self._slice(name)
            over_all.update(between + made.digest.encode())
            between = b"\n"
            yield made
        self._slices_digest = over_all.hexdigest()

    def _slice(self, name: str) -> SliceDocument:
        plan, entries = self._plan, self._entries
        host = plan.intent.hosts[name]
        uses = self._uses_of.get(name, ())
        return slice_document(
            name,
            SliceParts(
                head=self._heads[name],
                traits=self._traits[host.platform],
                behind=self._behind.get(name, "null"),
                policy=policy_text(plan.policies[name], entries.texts, self._openings),
                offers=self._offers_of.get(name, ()),
                uses=[(self._uses[number], self._instructions[number]) for number in uses],
                deployment=self._deployment(name),
                exchanges=[self._exchanges[service] for service in self._services_of.get(name, ())],
                findings=self._findings_of.get(name, "[]"),
                flows=self._flows_of.get(name, ()),
            ),
        )

    @property
    def plan(self) -> Iterator[bytes]:
        """The plan document piece by piece."""
        if not self._slices_digest:
            for _made in self.slices:
                pass  # only for the digest
        over_all = hashlib.sha256()
        for text in self._plan_body():
            content = text.encode()
            over_all.update(content)
            yield content
        self._digest = over_all.hexdigest()
        yield end_of_document(self._digest).encode()

    def _plan_body(self) -> Iterator[str]:
        intent, texts = self._plan.intent, self._entries.texts
        hosts = intent.hosts.items()
        yield f'{{"format":{FORMAT},"sites":{compact(_sites(self._plan, texts))},"hosts":{{'
        yield from _joined(f'"{name}":{{{self._heads[name]},"stance":"{host.stance}"}}' for name, host in hosts)
        platforms = ",".join(f'"{name}":{text}' for name, text in self._traits.items())
        services = ",".join(f'"{name}":[{exchanges}]' for name, exchanges in self._exchanges.items())
        yield f'}},"platforms":{{{platforms}}},"services":{{{services}}},"offers":['
        yield from _joined(self._offers.values())
        yield '],"uses":['
        yield from _joined(self._uses)
        yield '],"management":{'
        yield from _joined(f'"{name}":{self._openings(host.management)}' for name, host in hosts)
        yield '},"openings":{'
        yield from _joined(f'"{name}":{self._openings(host.openings)}' for name, host in hosts if host.openings)
        yield '},"routers":{'
        policies = [(name, self._plan.policies[name]) for name, _host in hosts]
        yield from _joined(f'"{name}":{router_text(policy, texts)}' for name, policy in policies if policy.forwarding)
        yield '},"forward_permits":{'
        carrying = ((name, held) for name, policy in policies if (held := policy.forward_permits))
        yield from _joined(f'"{name}":{forward_permits_text(permits)}' for name, permits in carrying)
        yield '},"accepted_losses":{'
        accepting = ((name, host.accepted_losses) for name, host in hosts if host.accepted_losses)
        yield from _joined(f'"{name}":{compact([loss.as_dict() for loss in losses])}' for name, losses in accepting)
        findings = compact(self._findings)
        yield f'}},"findings":{findings},"slices":"{self._slices_digest}","flows":['
        yield from _joined(self._flows)
        yield "]"

    @property
    def digest(self) -> str:
        """A digest over everything: it is the plan document's own, which holds one of all slices."""
        if not self._digest:
            for _piece in self.plan:
                pass
        return self._digest


def _joined(entries: Iterable[str]) -> Iterator[str]:
    """The entries with commas between, in pieces of a good size."""
    rest = iter(entries)
    between = ""
    while some := list(itertools.islice(rest, _AT_ONCE)):
        yield between + ",".join(some)
        between = ","


def _head(host: Host, roles: Iterable[str], texts: Texts) -> str:
    addresses = names_text([texts[address] for address in host.addresses])
    return (
        f'"site":"{host.site}","addresses":{addresses},{_members(host)}'
        f'"roles":{names_text(roles)},"system":{quoted_or_null(host.system)},"platform":"{host.platform}"'
    )


def _members(host: Host) -> str:
    """What a name stands for that is several machines, and by which DNS name; nothing of the many that are one."""
    several = f'"stands_for":{names_text([end.text for end in host.members])},' if host.members else ""
    return several + (f'"dns_names":{names_text(host.dns_names)},' if host.dns_names else "")


def _behind(behind: Behind) -> dict[str, Any]:
    return {"depth": behind.depth, "hosts": list(behind.hosts), "count": behind.count}


_ENTRY = re.compile(r"faxnet_(?:offers|uses)\[\d+\]")


def _findings(plan: Plan) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """All findings, and each host's as a JSON list. One about an entry of offers or uses says of which service.

    Of a finding's hosts a slice names its own alone: a plan holds warnings and advice, which are about each host's own
    variables. So a slice changes with its host only, and what ten thousand hosts share is not told to each of them with
    ten thousand names.
    """
    if not plan.findings:
        return [], {}
    services = {
        (offer.host, f"faxnet_offers[{offer.position}]"): offer.service for offer in plan.intent.offers.values()
    }
    services |= {(use.host, f"faxnet_uses[{use.position}]"): use.service for use in plan.intent.uses}
    listed: list[dict[str, Any]] = []
    gathered: dict[str, list[str]] = {}
    for finding in plan.findings:
        entry = _ENTRY.match(finding.variable)
        data = finding.as_dict()
        listed.append({**data, "service": services.get((finding.host, entry.group())) if entry else None})
        for name in finding.hosts:
            # Hosts that share a finding may have another service at that place.
            service = services.get((name, entry.group())) if entry else None
            gathered.setdefault(name, []).append(compact({**data, "hosts": [name], "service": service}))
    return listed, {name: f"[{','.join(items)}]" for name, items in gathered.items()}


def _sites(plan: Plan, texts: Texts) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "networks": [network.text for network in site.networks],
            "gateways": [_gateway(gateway, texts) for gateway in site.gateways],
            "realm": {"4": site.met_in(4), "6": site.met_in(6)},
            **({"mapped_as": {item.own.text: item.shown.text for item in site.mapped}} if site.mapped else {}),
            **({"within": site.outer.name} if site.outer is not None else {}),
        }
        for name, site in plan.intent.sites.items()
    }


def _gateway(gateway: Gateway, texts: Texts) -> dict[str, Any]:
    return {
        "host": gateway.host,
        "public": [texts[address] for address in gateway.fixed],
        "outside": [texts[item.own] for item in gateway.public if item.own is not None and item.own != item.address],
        "dynamic": any(item.address is None for item in gateway.public),
        "public_networks": [network.text for item in gateway.public for network in item.networks],
    }
