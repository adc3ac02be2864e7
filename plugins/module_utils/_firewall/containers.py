# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker, Podman and others that write rules for guests of this host, recognised by the names that they give.

Their rules are theirs: they filter and translate what comes from and goes to their own networks, and taking them away
would cut their guests off. What they publish is translated before our rules see it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    TRANSLATES_DESTINATION,
    Names,
    Rule,
    Ruleset,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import Interface, Network
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import (
    Spans,
    address_text,
    both,
    joined,
    of_network,
    ports_text,
)

#: Chains by name. Docker's: integration/network/bridge/iptablesdoc of moby/moby; Podman's: src/firewall of
#: containers/netavark, plugins/meta/portmap and firewall of containernetworking/plugins; libvirt's:
#: src/network/network_iptables.c; Kubernetes': pkg/proxy/iptables/proxier.go.
_CHAINS = (
    ("Docker", re.compile(r"DOCKER(-\w.*)?$")),
    ("Podman", re.compile(r"NETAVARK[-_].*|CNI-.*")),
    ("libvirt", re.compile(r"LIBVIRT_.*|guest_.*")),
    ("Kubernetes", re.compile(r"KUBE-.*")),
)
#: Tables of their own, in nft.
_TABLES = {"docker-bridges": "Docker", "netavark": "Podman", "libvirt_network": "libvirt"}
#: Chains of these names are for the host's owner.
_OWNERS = frozenset(("DOCKER-USER", "CNI-ADMIN"))
#: Bridges by name: Docker's default and those of its networks; Podman's with netavark and with CNI.
_BRIDGES = (
    ("Docker", re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}")),
    ("Podman", re.compile(r"podman\d+|cni-podman\d+")),
)
_ENGINES = ("Docker", "Podman")
_PROGRAMS = ("dockerd", "docker", "podman")
_LOOPBACK = {4: joined([of_network("127.0.0.0/8")[1]]), 6: joined([of_network("::1")[1]])}
_NOTE = "containers on"
_LOOPBACK_RULE = re.compile(r'^\t\tiif "lo" accept\n', re.MULTILINE)
_ADMITTED = re.compile(
    rf'^\t\tiifname "(?P<name>[^"]+)" ip6? saddr (?P<network>\S+) counter .*comment "{_NOTE} [^"]+"\n', re.MULTILINE
)


class Bridge(NamedTuple):
    """A bridge of containers: its name, whose it is, and its networks."""

    name: str
    engine: str
    networks: tuple[Network, ...]


class Published(NamedTuple):
    """A port that is led on to a guest; `address` is "" where it is any of this host's, `to` where it is unknown."""

    program: str
    transport: str
    ports: str
    address: str
    to: str


def engine_of(table: str, chain: str) -> str:
    """Who wrote a chain, by its name and its table's; "" for everybody else."""
    if chain in _OWNERS:
        return ""
    return _TABLES.get(table) or next((engine for engine, names in _CHAINS if names.match(chain)), "")


def engines_in(ruleset: Ruleset, place: tuple[str, str, str]) -> set[str]:
    """Who has chains in a table."""
    return {engine for chain in ruleset.rules.get(place, {}) if (engine := engine_of(place[2], chain))}


def bridges(ruleset: Ruleset, there: Iterable[Interface]) -> list[Bridge]:
    """The bridges of Docker's and Podman's containers.

    Known by their names, or because the rules of one of them name them or their networks. A bridge to which something
    else than a guest is tied (a network card) is none: who sends there is not only a container.
    """
    named: dict[str, str] = {}
    sources: dict[Spans, str] = {}
    for rule, engine in _of_engines(ruleset):
        for names in (*rule.incoming, *rule.outgoing):
            named.update(dict.fromkeys(names.names, engine))
        if rule.sources:
            sources[rule.sources] = engine
    found = []
    for interface in there:
        if not interface.guests_alone or not interface.networks:
            continue
        by_name = next((engine for engine, names in _BRIDGES if names.fullmatch(interface.name)), "")
        by_source = next((sources[network.span,] for network in interface.networks if (network.span,) in sources), "")
        engine = by_name or named.get(interface.name, "") or by_source
        if engine:
            found.append(Bridge(interface.name, engine, interface.networks))
    return found


def _of_engines(ruleset: Ruleset) -> Iterator[tuple[Rule, str]]:
    """The rules that Docker and Podman wrote, or that lead to a chain of theirs, with which of them it was."""
    for (_program, _family, table), chains in ruleset.rules.items():
        for chain, rules in chains.items():
            for rule in rules:
                engine = engine_of(table, chain) or (chain not in _OWNERS and engine_of(table, rule.target))
                if engine in _ENGINES:
                    yield rule, str(engine)


def concerns_guests_alone(rule: Rule, table: str, guests: Iterable[Bridge]) -> bool:
    """Whether a rule that drops, with what is asked on the way to it, can only meet what guests send or are sent."""
    known = list(guests)
    if engine_of(table, rule.chain) and not rule.for_all:
        return True
    names = {bridge.name for bridge in known}
    if any(_all_of(side, names) for side in (*rule.incoming, *rule.outgoing)):
        return True
    for version in (rule.version,) if rule.version else ():
        theirs = joined(network.span for bridge in known for network in bridge.networks if network.version == version)
        theirs = joined([*theirs, *_LOOPBACK[version]])
        if rule.destinations and both(rule.destinations, theirs) == rule.destinations:
            return True
    return False


def _all_of(side: Names, names: set[str]) -> bool:
    named = set(side.names)
    known = {name for name in named if any(pattern.fullmatch(name) for _engine, pattern in _BRIDGES)}
    return not side.excluded and named <= names | known


def published(ruleset: Ruleset) -> list[Published]:
    """The ports that others lead on to guests, where packets come in."""
    found = set()
    for base in ruleset.at("prerouting", kind="nat"):
        for rule in ruleset.reached(base):
            if rule.action in TRANSLATES_DESTINATION and rule.transport and _from_outside(rule):
                program = engine_of(base.table, rule.chain) or base.who
                ports = ports_text(rule.ports or ())
                found.add(Published(program, rule.transport, ports, _address(rule), _target(rule)))
    return sorted(found)


def _from_outside(rule: Rule) -> bool:
    version = rule.version or 4
    return rule.destinations is None or both(rule.destinations, _LOOPBACK[version]) != rule.destinations


def _address(rule: Rule) -> str:
    if rule.destinations and len(rule.destinations) == 1 and rule.destinations[0][0] == rule.destinations[0][1]:
        return address_text(rule.version or 4, rule.destinations[0][0])
    return ""


def _target(rule: Rule) -> str:
    port = f":{rule.target_port}" if rule.target_port else ""
    address = f"[{rule.target}]" if port and ":" in rule.target else rule.target
    return address + port if address else ""


def admitting(
    machine: Machine, text: str, live: str | None, guests: Iterable[Bridge], there: Iterable[Interface]
) -> str:
    """The nft file `text` with rules that let containers reach this host's services, as they do without our rules.

    `live` is our table as the kernel lists it: what it lets in of a bridge that is not `there` now (Podman's goes with
    its last container) stays, for as long as Docker or Podman is installed.
    """
    names = {interface.name for interface in there}
    kept = live if any(machine.find(program) for program in _PROGRAMS) else None
    admitted = {(bridge.name, _network_text(network)) for bridge in guests for network in bridge.networks}
    admitted |= {
        (found["name"], found["network"]) for found in _ADMITTED.finditer(kept or "") if found["name"] not in names
    }
    rules = "".join(
        f'\t\tiifname "{name}" {"ip6" if ":" in network else "ip"} saddr {network} counter accept '
        f'comment "{_NOTE} {name}"\n'
        for name, network in sorted(admitted)
    )
    return _LOOPBACK_RULE.sub(lambda found: found[0] + rules, text, count=1)


def _network_text(network: Network) -> str:
    return str(ipaddress.ip_network(network.text, strict=False))
