# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other packet filters on the host that would overrule ours.

In nftables "accept" is final for one table only: a drop in another table, at whatever priority, still stops the
packet. So before anything is applied, whoever else filters here is found, and the run stops with the reason.

A ban list is none of them: rules that drop what the addresses of a set send (fail2ban, CrowdSec, sshguard), or single
addresses in a chain of fail2ban's (its action for iptables). Whoever is banned is banned on purpose. Nor are the rules
of Docker, Podman and libvirt for their own guests, which are told by what they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.containers import (
    Bridge,
    concerns_guests_alone,
    engines_in,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import REFUSES, Chain, Rule, Ruleset
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import Surroundings, look

#: Where packets from, to and, on a router, through a host pass (nft(8), ADDRESS FAMILIES). What it starts is filtered
#: by nobody of ours: whoever drops it drops answers, too.
_HOOKS = ("ingress", "prerouting", "input", "output", "postrouting", "egress")
_THROUGH = "forward"
#: How fail2ban names its chains in iptables, with a rule for each address (action.d/iptables.conf).
_FAIL2BAN = "f2b-"
#: How iptables names the chains at the hooks.
_OF_IPTABLES = frozenset(("INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"))
_IPTABLES = {"ip": "iptables", "ip6": "ip6tables"}

#: Kinds of obstacles: who drops, who translates, an address that the host does not have.
DROPS, TRANSLATES, ADDRESS = "drops", "translates", "address"
#: For each kind the option that tolerates what is not certain of it.
OPTIONS = {DROPS: "tolerate_drops", TRANSLATES: "tolerate_translations", ADDRESS: "tolerate_absent_address"}
_HEADS = {
    DROPS: "another packet filter on this host would drop what the plan accepts",
    TRANSLATES: "another translation on this host would give packets another address than the plan",
    ADDRESS: "the plan has this router wear an address that it does not have",
}


class Obstacle(NamedTuple):
    """Who else filters here, why that is one too many, and what to do.

    `certain` is False for what can be tolerated, by the option of its `kind`. `bans` is True where all rules that drop
    are a ban list's, which is no obstacle. `chain` is the one that drops, where it is one.
    """

    who: str
    reason: str
    cure: str
    certain: bool
    bans: bool = False
    kind: str = DROPS
    chain: Chain | None = None


def obstacles(machine: Machine, forwarding: bool, around: Surroundings | None = None) -> list[Obstacle]:
    """Everything on this host that may drop what our rules accept; `forwarding`: look at the forward hook too.

    `around` is what has been seen of the host already.
    """
    around = around or look(machine)
    hooks = [*_HOOKS, _THROUGH] if forwarding else [*_HOOKS]
    managers = list(_managers(machine))
    theirs = {manager.who for manager in managers}
    return [
        *managers,
        *(
            found
            for chain in around.ruleset.at(*hooks)
            if not (theirs & _managed_by(around.ruleset, chain))
            for found in _of_chain(around.ruleset, chain, around.bridges, machine)
        ),
        *_unreadable(around),
    ]


def insist_on_none(found: Iterable[Obstacle], tolerated: Iterable[str]) -> None:
    """Raise FirewallError, with all of them, for obstacles that the options in `tolerated` do not let pass."""
    options = set(tolerated)
    refused = [item for item in found if item.certain or OPTIONS[item.kind] not in options]
    heads = []
    for kind, head in _HEADS.items():
        reasons = "; ".join(f"{item.reason}. Cure: {item.cure}" for item in refused if item.kind == kind)
        if reasons:
            heads.append(f"{head}, nothing was changed: {reasons}")
    if heads:
        raise FirewallError("; ".join(heads))


def _managers(machine: Machine) -> Iterator[Obstacle]:
    systemctl = machine.find("systemctl") if machine.has_systemd() else None
    if systemctl and machine.run([systemctl, "is-active", "--quiet", "firewalld.service"], None).code == 0:
        yield Obstacle(
            "firewalld",
            "firewalld is active and drops what its zones do not allow",
            "stop it with: systemctl disable --now firewalld",
            True,
        )
    ufw = machine.read("/etc/ufw/ufw.conf")
    if ufw and re.search(r"^\s*ENABLED\s*=\s*[\"']?yes", ufw, re.MULTILINE | re.IGNORECASE):
        yield Obstacle(
            "ufw", "ufw is enabled and drops what it does not allow", "switch it off with: ufw disable", True
        )


def _managed_by(ruleset: Ruleset, chain: Chain) -> set[str]:
    """Which program keeps a chain, by the names that it gives."""
    if chain.table == "firewalld":
        return {"firewalld"}
    names = ruleset.rules.get(chain.place, {})
    found = {"ufw"} if any(re.match(r"ufw6?-", name) for name in names) else set()
    # firewalld with its old back end.
    return found | ({"firewalld"} if "INPUT_ZONES" in names else set())


def _of_chain(ruleset: Ruleset, chain: Chain, bridges: Iterable[Bridge], machine: Machine) -> Iterator[Obstacle]:
    if chain.policy == "drop":
        yield Obstacle(
            chain.who,
            f"{chain.who} drops by default on the hook {chain.hook}",
            _cure(ruleset, chain, machine),
            True,
            chain=chain,
        )
        return
    dropping = [
        _bans(rule)
        for rule in ruleset.reached(chain)
        if (rule.action in REFUSES or (rule.action == "unknown" and chain.kind != "nat"))
        and not concerns_guests_alone(rule, chain.table, bridges)
    ]
    if dropping:
        reason = f"{chain.who} holds rules that drop or reject on the hook {chain.hook}"
        if all(dropping):
            reason += " what the addresses of a ban list send"
        cure = "set tolerate_drops if they cannot meet the plan's traffic, else remove them"
        yield Obstacle(chain.who, reason, cure, certain=False, bans=all(dropping), chain=chain)


def _bans(rule: Rule) -> bool:
    """Whether what a rule drops is what the addresses of a set send, or one address in a chain of fail2ban's."""
    return rule.by_set or (rule.by_one and rule.chain.startswith(_FAIL2BAN))


def _cure(ruleset: Ruleset, chain: Chain, machine: Machine) -> str:
    """What to do about a chain that drops by default, in the words of the program that keeps it."""
    keepers = _managed_by(ruleset, chain)
    if "ufw" in keepers:
        return "ufw has left its rules behind; take them away with: ufw --force enable && ufw disable"
    if "firewalld" in keepers:
        return "firewalld has left its rules behind; take them away with: systemctl stop firewalld"
    accept = _accepting(chain, machine)
    if "Docker" in engines_in(ruleset, chain.place) and chain.hook == _THROUGH:
        return (
            f"leave the table to Docker and take back the policy alone: {accept}; that Docker does not set it again, "
            'put "ip-forward-no-drop": true into /etc/docker/daemon.json (Docker 28 and later; an older one sets it '
            "only where forwarding was off when it started, and these rules switch it on before that)"
        )
    return f"let faxnet's table do the filtering, and give that chain the policy accept: {accept}"


def _accepting(chain: Chain, machine: Machine) -> str:
    if chain.program != "nft":
        return f"{chain.program} -P {chain.name} ACCEPT"
    if chain.family in _IPTABLES and chain.name in _OF_IPTABLES:
        table = "" if chain.table == "filter" else f" -t {chain.table}"
        command = f"{_IPTABLES[chain.family]}{table} -P {chain.name} ACCEPT"
        kept = machine.find("netfilter-persistent")
        return command + (", then netfilter-persistent save" if kept else "")
    words = f"{chain.family} {chain.table} {chain.name}"
    return f"nft 'chain {words} {{ policy accept; }}', and the same in the file that it is loaded from"


def _unreadable(around: Surroundings) -> Iterator[Obstacle]:
    for item in around.unreadable:
        tables = [table for table in item.tables if table != "nat"]
        if tables:
            yield Obstacle(
                item.program,
                f"the kernel holds legacy iptables tables ({', '.join(tables)}), and {item.program} is not there",
                f"install {item.program}, or unload the modules of these tables",
                False,
            )
