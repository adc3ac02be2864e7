# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories for tests of the engine, written a line a host, and what the engine makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.flows import Flow
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, Plan, Planned, make_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing import trace

FLORIDA = "198.51.100.10"
SHEFFIELD = "203.0.113.20"

#: What a plan document says of a gateway that wears addresses of its own, which stay what they are.
FIXED: dict[str, Any] = {"outside": [], "dynamic": False, "public_networks": []}


@dataclass
class Network:
    """An inventory in the making: what `faxnet_sites` and the hosts' variables hold."""

    sites: dict[str, Any] = field(default_factory=dict)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: Any = None
    lock: str = ""
    logins: dict[str, Any] = field(default_factory=dict)
    controller: Any = None
    groups: dict[str, list[str]] = field(default_factory=dict)

    def site(self, name: str, *networks: str, gateway: str = "", public: Any = None, realm: str = "") -> Network:
        """Add a site; its gateway, if any, gets the network's first address unless it is a host already."""
        entry: dict[str, Any] = {"networks": list(networks)}
        if gateway:
            entry["gateway"] = gateway
            addresses = [network.partition("/")[0].removesuffix("0") + "1" for network in networks]
            both = [next((a for a in addresses if ":" not in a), None), next((a for a in addresses if ":" in a), None)]
            self.hosts.setdefault(gateway, {"faxnet_address": [address for address in both if address]})
        if public:
            entry["public_address"] = public
        if realm:
            entry["realm"] = realm
        self.sites[name] = entry
        return self

    def host(self, name: str, site: str, address: Any, **variables: Any) -> Network:
        """Add a host that takes part; variables without their prefix `faxnet_`."""
        own = {f"faxnet_{key}": value for key, value in variables.items()}
        self.hosts[name] = {"faxnet_site": site, "faxnet_address": address, **own}
        return self

    def server(self, name: str, site: str, address: Any, **offer: Any) -> Network:
        """Add a host that offers NetCFax."""
        return self.host(name, site, address, offers=[{"service": "netcfax", **offer}])

    def client(self, name: str, site: str, address: Any, server: str = "fl-fax", **use: Any) -> Network:
        """Add a host that uses NetCFax; `system` is the host's own, the rest belongs to its use."""
        own = {"system": use.pop("system")} if "system" in use else {}
        return self.host(name, site, address, uses=[{"service": "netcfax", "server": server, **use}], **own)

    def offers(self, name: str, site: str, address: Any, service: str, **offer: Any) -> Network:
        """Add a host that offers a service; `platform` and `system` are the host's own."""
        own = {key: offer.pop(key) for key in ("platform", "system") if key in offer}
        return self.host(name, site, address, offers=[{"service": service, **offer}], **own)

    def uses(self, name: str, site: str, address: Any, service: str, server: str, **use: Any) -> Network:
        """Add a host that uses a service; `platform` and `system` are the host's own."""
        own = {key: use.pop(key) for key in ("platform", "system") if key in use}
        return self.host(name, site, address, uses=[{"service": service, "server": server, **use}], **own)

    def planned(self) -> Planned:
        """What the engine says."""
        said = (self.sites, self.hosts, self.services, self.controller, self.lock)
        return make_plan(Inputs(*said, logins=self.logins, groups=self.groups))

    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return self.planned().findings

    def plan(self) -> Plan:
        """The plan of an inventory without errors."""
        planned = self.planned()
        assert planned.plan is not None, "\n".join(finding.text() for finding in planned.findings)
        return planned.plan

    def made(self) -> Made:
        """The plan with everything that is written of it."""
        return Made.of(self.plan())

    def with_lock(self, plan: Plan) -> Network:
        """The same inventory, planned again after *plan*."""
        return replace(self, lock=plan.lock.as_text())


@dataclass(frozen=True)
class Made:
    """A plan, its document and its slices, as whoever reads the files sees them."""

    plan: Plan
    document: dict[str, Any]
    slices: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, plan: Plan) -> Made:
        """Describe a plan and read the texts back."""
        written = PlanDocuments(plan)
        parts = {part.host: read_slice_document(part.content, part.host, "") for part in written.slices}
        return cls(plan, json.loads(b"".join(written.plan)), parts)

    def flow(self, flow_id: str) -> dict[str, Any]:
        """The one flow with this id, as the plan document holds it."""
        found: dict[str, Any]
        (found,) = [flow for flow in self.document["flows"] if flow["id"] == flow_id]
        return found

    def policy(self, host: str) -> dict[str, Any]:
        """A host's policy."""
        policy: dict[str, Any] = self.slices[host]["policy"]
        return policy

    def trace(
        self, source: str, destination: str, port: int, transport: str = "tcp", source_port: int | None = None
    ) -> trace.Verdict:
        """Where a packet gets."""
        packet = trace.Packet(source, destination, transport, port, source_port)
        return trace.trace(self.document, self.slices.__getitem__, packet)


def everything(documents: PlanDocuments) -> list[bytes]:
    """A plan's documents: the whole, then the slices in order."""
    return [b"".join(documents.plan), *(part.content for part in documents.slices)]


def two_offices() -> Network:
    """The fax server behind one NAT router; a terminal server and two PCs behind another, one with a fixed port."""
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
        .site("elsewhere", "192.0.2.0/24")
        .server("fl-fax", "florida", "10.1.0.10")
        .client("fl-pc1", "florida", "10.1.0.21")
        .client("uk-ts1", "sheffield", "10.2.0.10", environment="terminal_server", instances=40)
        .client("uk-pc1", "sheffield", "10.2.0.21")
        .client("uk-pc2", "sheffield", "10.2.0.22", callback={"mode": "fixed", "port": 7485})
        .host("stranger", "elsewhere", "192.0.2.66")
    )


def ports_of(plan: Plan, client: str) -> str:
    """The call-back ports that a client got, as text."""
    return plan.flows.callback_ranges[HostService(client, "netcfax")].ports.text


def ids(flows: tuple[Flow, ...]) -> set[str]:
    """The flows' ids."""
    return {flow.id for flow in flows}
