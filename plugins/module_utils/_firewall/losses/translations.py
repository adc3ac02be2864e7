# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others translate here: ports that they lead on (Docker, Podman, port forwards), networks that they mask."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import (
    FAMILY_VERSIONS,
    TRANSLATES_DESTINATION,
    TRANSLATES_SOURCE,
    Chain,
    Rule,
    Ruleset,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.network_view import NetworkView
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import (
    FORWARD,
    INPUT,
    NOBODYS,
    Use,
    as_network,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import HIGHEST, Spans, networks_of

#: A rule for more networks than that is taken for one that is for all.
_MOST_NETWORKS = 16


def published(ruleset: Ruleset, view: NetworkView) -> Iterator[Use]:
    """What is led on, to a guest or another host (while this host forwards) or to another port of this host."""
    for base in ruleset.at("prerouting", kind="nat"):
        for rule in ruleset.reached(base):
            if rule.action in TRANSLATES_DESTINATION:
                for version in [rule.version] if rule.version else (4, 6):
                    yield from _led_on(base, rule, version, view)


def translated_networks(ruleset: Ruleset) -> list[str]:
    """The networks whose packets get another source on their way out."""
    found = {
        network
        for base in ruleset.at("postrouting", kind="nat")
        for rule in ruleset.reached(base)
        if rule.action in TRANSLATES_SOURCE
        for network in _networks(rule.sources, rule.version or 4)
    }
    return sorted(found)


def _led_on(base: Chain, rule: Rule, version: int, view: NetworkView) -> Iterator[Use]:
    target = rule.target if _is_address(rule.target, version) else ""
    if not target and rule.target and _is_address(rule.target, FAMILY_VERSIONS["ip" if version == 6 else "ip6"]):
        return
    here = rule.action == "redirect" or bool(target and target in view.own)
    if not here and not view.forwards(version):
        return
    if not target and not here:
        # Where it leads to is not told: to what no rule names by its address.
        target = NOBODYS[version][1]
    ports = [low for low, high in rule.ports or () if low == high]
    port = rule.target_port or (ports[0] if ports else None)
    route = view.behind(target) if target else None
    sources = _networks(rule.sources, version)
    yield Use(
        kind="published",
        hook=INPUT if here else FORWARD,
        packets=tuple(
            Packet(
                version,
                rule.transport,
                source,
                None,
                target,
                port,
                out_interface=route.device if route and not here else "",
                translated=True,
            )
            for source in sources or [""]
        ),
        protocol=rule.transport,
        ports=tuple(rule.ports or ()),
        sources=tuple(sources),
        destinations=(as_network(target),) if target and target != NOBODYS[version][1] else (),
        detail=base.who,
    )


def _networks(spans: Spans | None, version: int) -> list[str]:
    """Addresses as networks; none where all are meant."""
    found = []
    for span in spans or ():
        if span == (0, HIGHEST[version]):
            return []
        found += networks_of(version, span)
    return found if len(found) <= _MOST_NETWORKS else []


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
