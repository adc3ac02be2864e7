# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is around our rules on a host, read once a run: others' rules, interfaces, bridges of containers."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.containers import Bridge, bridges
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import Ruleset
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign_iptables import (
    Unreadable,
    read_by_iptables,
    read_legacy,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign_nft import read_nft
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.interfaces import Interface, interfaces
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import TABLE, Machine


@dataclass(frozen=True)
class Surroundings:
    """Others' rules, the tables that nobody can read, all interfaces, and those that are bridges of containers."""

    ruleset: Ruleset
    unreadable: tuple[Unreadable, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    bridges: tuple[Bridge, ...] = ()


def look(machine: Machine) -> Surroundings:
    """Read all of it; no interfaces where iproute2 is missing. Raises FirewallError."""
    nft, (legacy, unreadable) = read_nft(machine, TABLE.split()[1]), read_legacy(machine)
    ruleset = Ruleset(nft.chains + legacy.chains, {**nft.rules, **read_by_iptables(machine, nft), **legacy.rules})
    there = tuple(interfaces(machine)) if machine.find("ip") else ()
    return Surroundings(ruleset, tuple(unreadable), there, tuple(bridges(ruleset, there)))
