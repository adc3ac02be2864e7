# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A router with an office, a provider and a tunnel, what the plan has it translate, and others' rules on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.translations import Translation
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.nftables.host_requirements import (
    own_addresses,
    source_translations,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.kernel import networks
from tests.unit.platforms.policies import nft_rules

PUBLIC = "203.0.113.20"
NAT = "table ip {table} {{ chain {chain} {{ type nat hook {hook} priority {priority}; {rule} }} }}"
CHAINS = {"postrouting": ("out", "srcnat"), "prerouting": ("come", "dstnat")}


@contextlib.contextmanager
def router_host(root: Path) -> Iterator[Machine]:
    """The router; inside, this process stands in it."""
    with networks.namespace("router") as name, networks.namespace("far") as far:
        for interface, address in (("lan0", "10.2.0.1/24"), ("wan0", f"{PUBLIC}/24"), ("tun0", "192.0.2.1/30")):
            networks.run(
                "ip", "-n", name, "link", "add", interface, "type", "veth", "peer", "name", interface, "netns", far
            )
            networks.run("ip", "-n", name, "address", "add", address, "dev", interface)
            networks.run("ip", "-n", name, "link", "set", interface, "up")
        networks.route(name, "203.0.113.1")
        networks.run("ip", "-n", name, "route", "add", "10.3.0.0/24", "via", "192.0.2.2")
        with networks.inside(name):
            yield networks.machine(root)


def wanted(policy: dict[str, Any], **parts: Any) -> ensure.Wanted:
    """What the plan has this router do; the rules are a host's, for only what they translate is looked at."""
    read = read_policy(policy)
    return ensure.Wanted(
        nft_rules(policy),
        (),
        (),
        tolerate_drops=False,
        addresses=tuple(own_addresses(read)),
        translations=tuple(map(Translation.of, source_translations(read))),
        **parts,
    )


def theirs(rule: str, priority: str = "", table: str = "theirs", hook: str = "postrouting") -> None:
    """Load somebody else's table with rules, parted by semicolons, that translate at a hook."""
    chain, usual = CHAINS[hook]
    text = (
        NAT.format(table=table, chain=chain, hook=hook, priority=priority or usual, rule=rule)
        .replace(" }", "\n}\n")
        .replace("; ", ";\n")
        .replace("{ ", "{\n")
    )
    networks.run("nft", "-f", "-", text=text)


def said(machine: Machine, policy: dict[str, Any]) -> str:
    """Why it is refused, "" where it is not."""
    try:
        ensure.compare(machine, wanted(policy))
    except FirewallError as error:
        return str(error)
    return ""
