# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: from inventory variables to every device's policy, in one pure call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..basics.addresses import Address
from ..basics.findings import Finding, errors, sort_findings
from ..basics.gc_pause import gc_pause
from ..catalog.catalog import builtin_catalog, extend_catalog, with_names
from ..inventory.approval import read_approval
from ..inventory.collecting import without_echoes
from ..inventory.controllers import read_controllers
from ..inventory.dns_names import Resolve, with_addresses
from ..inventory.hosts import read_hosts
from ..inventory.intent import Intent
from ..inventory.jump_hosts import Machines, with_jumps
from ..inventory.offers import note_unused_offers, read_offers
from ..inventory.permit_ends import PermitEnds
from ..inventory.reader import Reader
from ..inventory.sites import read_sites
from ..inventory.unsaid_addresses import with_unsaid
from ..inventory.uses import read_uses
from ..platforms.registry import PLATFORMS
from ..policies.policy import Policy
from .callbacks.lock import Lock, read_lock
from .carried_permits import carried_permits, note_open, note_translated
from .checks.forwards import check_forwards
from .checks.peers import check_peers
from .checks.platforms import check_platforms
from .checks.reserved import check_reserved
from .checks.stances import check_stances
from .checks.systems import check_systems
from .flows import Flows, make_flows
from .hidden_values import without_vaulted
from .login_permits import with_login_permits
from .management import management_permits, note_anywhere
from .policy import make_policies


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the engine plans from: plain data, as an inventory holds it, templates already evaluated.

    Attributes:
        sites: ``faxnet_sites``.
        services: ``faxnet_services``, or None.
        controller: ``faxnet_controller``, or None.
        hosts: for every host of the inventory its ``faxnet_*`` variables, ``ansible_host`` and ``ansible_port``.
        lock: text of the lock file; empty when there is none.
        lock_name: its name, for findings.
        logins: what ansible.cfg and the command line say of logins where hosts do not (inventory/logins.py).
        findings: what the caller found wrong before (templates, hosts that disagree).
        groups: the members of every group of the inventory, which permits may name.
        approval: ``faxnet_approval``, or None; only its mistakes matter here.
        resolve: asks for a DNS name; None where nobody can be asked.
    """

    sites: object
    hosts: Mapping[str, Mapping[str, object]]
    services: object = None
    controller: object = None
    lock: str = ""
    lock_name: str = ".faxnet.lock.json"
    logins: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = field(default=())
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    approval: object = None
    resolve: Resolve | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without errors."""

    intent: Intent
    flows: Flows
    policies: Mapping[str, Policy]
    findings: tuple[Finding, ...]
    dns_names: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)

    @property
    def lock(self) -> Lock:
        """The lock to keep for the next run."""
        return replace(self.flows.lock, dns_names=self.dns_names)


@dataclass(frozen=True, slots=True)
class Planned:
    """The outcome: a plan, or None while an error stands; and all findings."""

    plan: Plan | None
    findings: tuple[Finding, ...]


def make_plan(inputs: Inputs) -> Planned:
    """Plan a whole inventory.

    Every stage goes on with what is sound, so that all mistakes come out in one run.
    """
    with gc_pause():
        return _make_plan(inputs)


def _make_plan(inputs: Inputs) -> Planned:
    findings = list(inputs.findings)
    catalog = builtin_catalog()
    if inputs.services is not None:
        catalog = extend_catalog(catalog, inputs.services, findings)
    lock = read_lock(inputs.lock, inputs.lock_name, findings)
    asked: list[Finding] = []
    named = with_addresses(inputs.sites, inputs.hosts, lock.dns_names, inputs.resolve, asked)
    findings += asked
    inputs = replace(inputs, sites=named.sites, hosts=named.hosts)
    sites = read_sites(inputs.sites, inputs.hosts, findings)
    # Hosts of a site that is in error itself are left out without a further word; with no sites at all, every host is.
    known = inputs.sites.keys() if isinstance(inputs.sites, Mapping) else _named_sites(inputs)
    unsound = frozenset(str(name) for name in known) - sites.keys()
    hosts = read_hosts(inputs.hosts, sites, unsound, catalog, findings, inputs.logins, inputs.groups)
    hosts.update({name: hosts[name]._replace(dns_names=said) for name, said in named.names.items() if name in hosts})
    machines = Machines(inputs.hosts, hosts, sites)
    hosts = with_jumps(inputs.hosts, hosts, machines, findings, inputs.logins)
    offers = read_offers(inputs.hosts, PermitEnds(inputs.hosts, sites, inputs.groups), catalog, findings)
    uses = read_uses(inputs.hosts, hosts, offers, catalog, findings)
    if not errors(findings):
        # While a client's variables are in error, that nobody uses a service may be the error's own doing.
        note_unused_offers(offers, uses, findings)
    sites = with_unsaid(sites, hosts, uses)
    controllers = read_controllers(inputs.controller, inputs.hosts, hosts, sites, machines, findings)
    read_approval(Reader("", findings), inputs.approval)
    further = {offer.service: offer.product for offer in offers.values() if offer.name}
    intent = Intent(with_names(catalog, further), sites, hosts, offers, uses, controllers)
    flows = make_flows(intent, lock, findings)
    management = with_login_permits(intent, management_permits(intent), findings)
    policies = make_policies(intent, flows.flows, _stateless(intent), management, carried_permits(intent, findings))
    check_forwards(intent, policies, findings)
    check_reserved(intent, findings)
    check_systems(intent, findings)
    check_peers(intent, findings)
    check_platforms(intent, policies, findings)
    check_stances(intent, findings)
    if not errors(findings):
        note_anywhere(intent, findings)
        note_translated(intent, findings)
        note_open(intent, findings)
    shared = inputs.sites, inputs.services, inputs.controller, inputs.approval
    ordered = sort_findings(without_echoes(without_vaulted(findings, shared, inputs.hosts), asked))
    if errors(ordered):
        return Planned(None, ordered)
    return Planned(Plan(intent, flows, policies, ordered, named.found), ordered)


def _stateless(intent: Intent) -> frozenset[str]:
    """The hosts whose platform keeps no state of connections."""
    without = {name for name, platform in PLATFORMS.items() if not platform.traits.abilities.state}
    return frozenset(host.name for host in intent.hosts.values() if host.platform in without)


def _named_sites(inputs: Inputs) -> set[object]:
    return {
        variables["faxnet_site"] for variables in inputs.hosts.values() if isinstance(variables.get("faxnet_site"), str)
    }
