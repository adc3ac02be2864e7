# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collecting the variables that a plan is made of, from every host of an inventory, at the price of reading them.

Evaluating all variables of 20,000 hosts takes four times as long as loading the inventory. So variables come in raw,
only those that a plan reads are looked at, only those that hold a template are evaluated, and a template is evaluated
once for all hosts whose variables it reads are the same objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..basics.findings import Finding, short, sort_findings
from ..basics.gc_pause import gc_pause
from ..basics.vaulted import NOT_SHOWN, all_vaulted
from .logins import PORT_VARIABLES, UNKNOWN
from .raw_values import RawValues
from .variables import CONNECTION_VARIABLES, HOST_VARIABLES, NETWORK_VARIABLES, PREFIX, meant_variable

#: What :data:`Evaluate` returns for a template whose result is ``omit``: the variable counts as not set.
OMITTED = object()

_UNSHOWN_ERROR = "it cannot be evaluated; the reason is not shown, for it may hold a value from a vault"

#: Evaluates a raw value with one host's raw variables.
Evaluate = Callable[[Any, Mapping[str, Any]], Any]


class EvaluationError(Exception):
    """A template that cannot be evaluated; the message is the template engine's own."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Variables of an inventory, evaluated, in Python's own types.

    Attributes:
        hosts: for every host of the inventory, those of its variables that a plan reads and that are set.
        network: the variables that the whole network shares and that any host sets.
        findings: templates that failed, names that are typing errors, hosts that disagree.
        holders: for each variable of ``network``, a host whose value it is.
    """

    hosts: Mapping[str, Mapping[str, Any]]
    network: Mapping[str, Any]
    findings: tuple[Finding, ...]
    holders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Failure:
    """A template that failed, and every host for which it did."""

    variable: str
    value: str
    error: str
    hosts: list[str]
    not_needed: list[str]

    def findings(self) -> Iterator[Finding]:
        """An error for hosts that the plan needs it of, an advice for others: it may work while Ansible connects."""
        if self.hosts:
            cure = "correct the template, or define for this host what it reads"
            yield Finding("FXN115", tuple(self.hosts), self.variable, self.value, self.error, cure)
        if self.not_needed:
            message = f"{self.error}: it may work while Ansible connects, but how that goes the plan cannot tell"
            cure = "write it without what is known only then; else let logins in by faxnet_management yourself"
            yield Finding("FXN124", tuple(self.not_needed), self.variable, self.value, message, cure)


def _shown(raw: Any) -> str:
    """A raw value for a finding. Lists and mappings are not shown: they may hold values from a vault."""
    if isinstance(raw, (str, int, float)):
        return short(str(raw))
    return f"<{'mapping' if isinstance(raw, Mapping) else 'list' if isinstance(raw, (list, tuple)) else 'value'}>"


class _Collector:
    def __init__(self, evaluate: Evaluate, from_vault: Callable[[object], bool] | None) -> None:
        self._evaluate = evaluate
        self.raw = RawValues(from_vault)
        self._results: dict[tuple[int, ...], tuple[tuple[object, ...], Any]] = {}
        self._failures: list[_Failure] = []
        self._typos: dict[str, str] = {}
        self._sound_names: set[str] = set()
        self._findings: list[Finding] = []

    def value(self, host: str, name: str, raw: Any, variables: Mapping[str, Any], needed: bool = True) -> Any:
        """The variable's value; OMITTED where it is not set or where evaluating it failed, which is then noted.

        UNKNOWN where it failed and is not *needed*.
        """
        if raw is None:
            return OMITTED
        if not self.raw.holds_template(raw):
            return self.raw.plain(raw)
        basis = self.raw.basis(raw, variables)
        if basis is None:
            return self._kept(host, self._evaluated(name, raw, variables), needed)
        key = tuple(map(id, basis))
        known = self._results.get(key)
        if known is None:
            known = self._results[key] = (basis, self._evaluated(name, raw, variables))
        return self._kept(host, known[1], needed)

    def _kept(self, host: str, result: Any, needed: bool) -> Any:
        if isinstance(result, _Failure):
            (result.hosts if needed else result.not_needed).append(host)
            return OMITTED if needed else UNKNOWN
        return result

    def _evaluated(self, name: str, raw: Any, variables: Mapping[str, Any]) -> Any:
        try:
            result = self._evaluate(raw, variables)
        except EvaluationError as error:
            where, part = self._culprit(name, raw, variables)
            hidden = self.raw.mentions_vaulted(part, variables)
            failure = _Failure(where, self._shown(part), _UNSHOWN_ERROR if hidden else str(error), [], [])
            self._failures.append(failure)
            return failure
        if result is OMITTED or result is None:
            return OMITTED
        return self._marked(raw, self.raw.plain(result), variables)

    def _marked(self, raw: Any, value: Any, variables: Mapping[str, Any]) -> Any:
        """*value* with what its templates made of a value from a vault marked as such."""
        if not self.raw.mentions_vaulted(raw, variables):
            return value
        if isinstance(raw, Mapping) and isinstance(value, dict) and len(raw) == len(value):
            return {
                key: self._marked(part, value[key], variables) for key, part in zip(value, raw.values(), strict=True)
            }
        if isinstance(raw, (list, tuple)) and isinstance(value, list) and len(raw) == len(value):
            return [self._marked(part, item, variables) for part, item in zip(raw, value, strict=True)]
        return all_vaulted(value)

    def _shown(self, raw: Any) -> str:
        return NOT_SHOWN if self.raw.is_vaulted(raw) else _shown(raw)

    def _culprit(self, where: str, raw: Any, variables: Mapping[str, Any]) -> tuple[str, Any]:
        """Where in a variable the first template that fails stands, and that template."""
        pairs: Iterable[tuple[str, Any]] = ()
        if isinstance(raw, Mapping):
            pairs = ((f"{where}.{NOT_SHOWN if self.raw.is_vaulted(key) else key}", item) for key, item in raw.items())
        elif isinstance(raw, (list, tuple)):
            pairs = ((f"{where}[{index}]", item) for index, item in enumerate(raw))
        for path, item in pairs:
            if self.raw.holds_template(item):
                try:
                    self._evaluate(item, variables)
                except EvaluationError:
                    return self._culprit(path, item, variables)
        return where, raw

    def check_names(self, host: str, variables: Mapping[str, Any]) -> None:
        """Note variables whose names are near misses of the plan's."""
        # Hosts have the same variables, and hardly one of them a mistake.
        for name in [name for name in variables if name not in self._sound_names]:
            meant = self._typos.get(name)
            if meant is None:
                meant = meant_variable(str(name)) if name.startswith(PREFIX) else ""
            if not meant:
                self._sound_names.add(name)
            else:
                self._typos[name] = meant
                cure = f"rename the variable to {meant}"
                message = f"is not a variable of the plan (is {meant!r} meant?)"
                self._findings.append(
                    Finding("FXN102", (host,), str(name), self._shown(variables[name]), message, cure)
                )

    def findings(self) -> list[Finding]:
        """Everything noted so far."""
        return [*self._findings, *(finding for failure in self._failures for finding in failure.findings())]


def _router_names(sites: object) -> set[str]:
    """Hosts that ``faxnet_sites`` names as gateways; its shape is checked later, with a finding for each mistake."""
    names: set[str] = set()
    for site in sites.values() if isinstance(sites, Mapping) else ():
        if not isinstance(site, Mapping):
            continue
        chain = site.get("gateways")
        hops = [hop.get("host") for hop in chain if isinstance(hop, Mapping)] if isinstance(chain, list) else []
        names.update(name for name in (site.get("gateway"), *hops) if isinstance(name, str))
    return names


def _names_in(controller: object) -> set[str]:
    """Hosts that ``faxnet_controller`` may name; it is checked later."""
    items = controller if isinstance(controller, list) else [controller]
    return {item for item in items if isinstance(item, str)}


def _agreed(name: str, holders: Mapping[str, Any], findings: list[Finding]) -> tuple[Any, str]:
    """The one value that all hosts that set *name* give it, and one of these hosts.

    Where they differ, the most common, with a finding.
    """
    groups: list[tuple[Any, list[str]]] = []
    by_identity: dict[int, list[str]] = {}
    for host, value in holders.items():
        members = by_identity.get(id(value))
        if members is None:
            members = next((held for other, held in groups if other == value), None)
            if members is None:
                members = []
                groups.append((value, members))
            by_identity[id(value)] = members
        members.append(host)
    groups.sort(key=lambda group: (-len(group[1]), group[1]))
    (value, most), *others = groups
    for other, members in others:
        message = f"differs from what {most[0]} and {len(most) - 1} more hosts have"
        cure = "set it once, in the group 'all'"
        findings.append(Finding("FXN114", tuple(members), name, short(other), message, cure))
    return value, most[0]


def collect(
    hosts: Iterable[str],
    raw_variables: Callable[[str], Mapping[str, Any]],
    evaluate: Evaluate,
    from_vault: Callable[[object], bool] | None = None,
) -> Collected:
    """Return what the hosts' variables say.

    Args:
        hosts: names of all hosts of the inventory.
        raw_variables: returns a host's variables, not evaluated, extra vars on top.
        evaluate: evaluates a raw value with a host's raw variables; raises EvaluationError.
        from_vault: tells whether a single value, raw or evaluated, came from a vault; None where no vault is in use.
    """
    with gc_pause():
        return _collect(hosts, raw_variables, _Collector(evaluate, from_vault))


def shared_value(
    name: str,
    host: str,
    variables: Mapping[str, Any],
    evaluate: Evaluate,
    from_vault: Callable[[object], bool] | None = None,
) -> tuple[Any, list[Finding]]:
    """Return one variable of the whole network as one host has it, None where it is not set; and what is wrong.

    Args:
        variables: the host's, not evaluated.
        evaluate, from_vault: as for :func:`collect`.
    """
    collector = _Collector(evaluate, from_vault)
    value = collector.value(host, name, variables.get(name), variables)
    return None if value is OMITTED else value, collector.findings()


def _collect(
    hosts: Iterable[str], raw_variables: Callable[[str], Mapping[str, Any]], collector: _Collector
) -> Collected:
    values: dict[str, dict[str, Any]] = {}
    shared: dict[str, dict[str, Any]] = {name: {} for name in NETWORK_VARIABLES}
    connections: dict[str, tuple[dict[str, Any], Mapping[str, Any]]] = {}
    for host in hosts:
        variables = raw_variables(host)
        collector.check_names(host, variables)
        for name, holders in shared.items():
            raw = variables.get(name)
            value = collector.value(host, name, raw, variables) if raw is not None else OMITTED
            if value is not OMITTED:
                holders[host] = value
        own = values[host] = {}
        for name in HOST_VARIABLES:
            raw = variables.get(name)
            if raw is None:
                continue
            value = collector.value(host, name, raw, variables)
            if value is not OMITTED:
                own[name] = value
        needed = {name: variables[name] for name in CONNECTION_VARIABLES if variables.get(name) is not None}
        templates = {name: raw for name, raw in needed.items() if collector.raw.holds_template(raw)}
        if templates:
            connections[host] = (templates, variables)
        plain = needed if not templates else needed.keys() - templates.keys()
        own.update({name: collector.value(host, name, needed[name], variables) for name in plain})
    disagreements: list[Finding] = []
    agreed = {name: _agreed(name, holders, disagreements) for name, holders in shared.items() if holders}
    network = {name: value for name, (value, _holder) in agreed.items()}
    named = _router_names(network.get("faxnet_sites")) | _names_in(network.get("faxnet_controller"))
    _add_connections(collector, values, connections, named)
    holding = {name: holder for name, (_value, holder) in agreed.items()}
    return Collected(values, network, (*collector.findings(), *disagreements), holding)


def _add_connections(
    collector: _Collector,
    values: dict[str, dict[str, Any]],
    connections: Mapping[str, tuple[dict[str, Any], Mapping[str, Any]]],
    named: set[str],
) -> None:
    """Evaluate the way to a host where it is a template and the plan needs it.

    A template for the connection of a host that takes no part, or whose own address says it all, is none of the plan's
    business: it may only work while Ansible connects. So may one that says how Ansible gets to a host: then that is not
    known. But a port that nothing else names is one that the rules have to hold.
    """
    for host, (needed, variables) in connections.items():
        own = values[host]
        takes_part = host in named or any(own.get(name) for name in ("faxnet_site", "faxnet_offers", "faxnet_uses"))
        for name, raw in needed.items() if takes_part else ():
            if name == "ansible_host" and "faxnet_address" in own:
                continue
            decides = name == "ansible_host" or (name in PORT_VARIABLES and "faxnet_management" not in own)
            value = collector.value(host, name, raw, variables, decides)
            if value is not OMITTED:
                own[name] = value


#: Mistakes on account of which a variable's value cannot be had at all.
_NOT_HAD = frozenset(("FXN115", "FXN161"))


def without_echoes(findings: Iterable[Finding], own: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return *findings* without those that a failed template brought about: the template is the mistake.

    A variable whose template failed counts as not set, and the engine will say that it is missing. Without the sites
    it would say so of every host. So it is with a DNS name that leads to no address.

    Args:
        findings: all findings of a run.
        own: those of the collection among them, or of the DNS names.
    """
    failed = [finding for finding in own if finding.code in _NOT_HAD]
    if any(_root(finding.variable) == "faxnet_sites" for finding in failed):
        return sort_findings(own)
    echoing = {(host, _root(item.variable)) for item in failed for host in item.hosts}
    kept: list[Finding] = []
    for item in findings:
        root = _root(item.variable)
        hosts = tuple(host for host in item.hosts if (host, root) not in echoing)
        if item.code in _NOT_HAD or hosts == item.hosts:
            kept.append(item)
        elif hosts:
            # The template is the mistake of some; the others have made this one.
            kept.append(replace(item, hosts=hosts))
    return tuple(kept)


def _root(variable: str) -> str:
    """The variable's name in a path into it: ``faxnet_uses`` of ``faxnet_uses[0].server``."""
    return re.split(r"[.\[]", variable, maxsplit=1)[0]
