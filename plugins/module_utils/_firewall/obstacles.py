# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other packet filters on the host that would overrule ours.

In nftables "accept" is final for one table only: a drop in another table, at whatever priority, still stops the
packet. So before anything is applied, whoever else filters here is found, and the run stops with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine


class Obstacle(NamedTuple):
    """Who else filters here, why that is one too many, and what to do. `certain` is False for single drop rules."""

    who: str
    reason: str
    cure: str
    certain: bool


def obstacles(machine: Machine, forwarding: bool) -> list[Obstacle]:
    """Everything on this host that may drop what our rules accept; `forwarding`: look at the forward hook too."""
    hooks = ["input", "forward"] if forwarding else ["input"]
    return [*_managers(machine), *_foreign_chains(machine, hooks), *_legacy(machine, hooks)]


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


def _foreign_chains(machine: Machine, hooks: list[str]) -> Iterator[Obstacle]:
    """Chains of other nft tables (iptables-nft's included) that drop on the hooks we use."""
    ran = machine.run([machine.nft(), "-j", "-t", "list", "ruleset"], None)
    if ran.code != 0:
        raise FirewallError(f"nft cannot list this host's rules: {ran.err.strip()}")
    try:
        listing = json.loads(ran.out)["nftables"]
    except (ValueError, KeyError, TypeError) as error:
        raise FirewallError(
            "nft lists this host's rules in a form that is no JSON of its own, nothing was changed; "
            f"look at nft -j list ruleset, and install nftables 0.9.8 or later: {ran.out[:80]!r}"
        ) from error
    rules: dict[tuple[str, str, str], list[Any]] = {}
    for entry in listing:
        rule = entry.get("rule")
        if rule:
            rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule["expr"])
    for entry in listing:
        chain = entry.get("chain")
        if not chain or chain.get("hook") not in hooks or (chain["family"], chain["table"]) == ("inet", "faxnet"):
            continue
        who = "table {family} {table}, chain {name}".format(**chain)
        if chain.get("policy") == "drop":
            yield Obstacle(
                who,
                "{} drops by default on the hook {}".format(who, chain["hook"]),
                "remove that table, or give the chain the policy accept and let faxnet's table do the filtering",
                True,
            )
        elif _drops(rules, (chain["family"], chain["table"]), chain["name"]):
            yield Obstacle(
                who,
                "{} holds rules that drop or reject on the hook {}".format(who, chain["hook"]),
                "remove those rules, or set tolerate_drops if they cannot meet the plan's traffic (a ban list)",
                False,
            )


def _drops(rules: dict[tuple[str, str, str], list[Any]], table: tuple[str, str], base: str) -> bool:
    """Whether a rule of chain `base`, or of a chain that it leads to, drops."""
    seen: set[str] = set()
    waiting = [base]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for expression in rules.get((table[0], table[1], name), []):
            words = dict(_words(expression))
            if "drop" in words or "reject" in words:
                return True
            waiting += [target for word, target in _words(expression) if word in ("jump", "goto") and target]
            # nft cannot read an iptables extension. With no verdict beside it, the extension is the verdict.
            if "xt" in words and not words.keys() & {"accept", "jump", "goto", "return"}:
                return True
    return False


def _words(expression: Any) -> Iterator[tuple[str, str]]:
    """Each key of nft's JSON, with the chain that a jump leads to."""
    if isinstance(expression, list):
        for item in expression:
            yield from _words(item)
    elif isinstance(expression, dict):
        for key, value in expression.items():
            yield key, value.get("target", "") if isinstance(value, dict) else ""
            yield from _words(value)


def _legacy(machine: Machine, hooks: list[str]) -> Iterator[Obstacle]:
    """iptables' old kernel tables, which nft does not see."""
    for names, program in (("ip_tables_names", "iptables-legacy"), ("ip6_tables_names", "ip6tables-legacy")):
        tables = machine.read("/proc/self/net/" + names)
        if not tables or "filter" not in tables.split():
            continue
        found = machine.find(program)
        if not found:
            yield Obstacle(
                program,
                f"the kernel holds a legacy iptables filter table, and {program} is not there to read it",
                f"install {program}, or unload the module iptable_filter",
                False,
            )
            continue
        listed = machine.run([found, "-S"], None).out
        chains = "|".join(hook.upper() for hook in hooks)
        if re.search(rf"^-P ({chains}) DROP", listed, re.MULTILINE):
            yield Obstacle(
                program,
                f"{program} drops by default on {chains}",
                f"set its policies to ACCEPT: {program} -P INPUT ACCEPT",
                True,
            )
        elif re.search(r"-j (DROP|REJECT)", listed):
            yield Obstacle(
                program,
                f"{program} holds rules that drop or reject",
                "remove those rules, or set tolerate_drops if they cannot meet the plan's traffic",
                False,
            )
