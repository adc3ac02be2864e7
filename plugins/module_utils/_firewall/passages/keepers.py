# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who keeps the packet filter that would drop what ours accepts, and the passages that it gets.

ufw, firewalld, iptables with files that are loaded at boot, and tables of nft that nftables.service loads are spoken
through: each has a place in which what is ours survives its reload and a boot. Whoever has none is refused as before,
and so are two of them at once, for then nobody can say who decides in the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import services
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import REFUSES, Chain, Ruleset
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    IPTABLES_FILES,
    KEPT_BY_OTHERS,
    NFTABLES,
    PASSAGES_FILE,
    TABLE,
    UFW_FILES,
    Machine,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import DROPS, Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import firewalld, saved_rules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.marking import PRIORITY
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.passage import (
    COMMENT,
    IPTABLES,
    NFT,
    Passage,
    plain,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.spoken import Spoken
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import rehearsed

_HOOKS = {"input": "INPUT", "forward": "FORWARD"}
#: Files of rules that others keep, by the keeper and the family.
#: What stands in ufw's is asked after the rules that its own command made: what those refuse stays refused.
_FILES = {"iptables": IPTABLES_FILES, "ufw": UFW_FILES}
_LOOKED_AT = (*KEPT_BY_OTHERS, PASSAGES_FILE)
_UFW_CHAINS = {"ip": "ufw-after-", "ip6": "ufw6-after-"}
_MARK = re.compile(r"-m mark --mark (0x[0-9a-f]+)/\1 -m comment --comment \"?" + re.escape(COMMENT) + r"\"? -j ACCEPT")
_NFT_MARK = re.compile(
    rf'meta mark (?:and|&) (0x[0-9a-f]+) == \1 counter(?: packets \d+ bytes \d+)? accept comment "{re.escape(COMMENT)}"'
)
_NFT_RULE = re.compile(rf'^\t\t(.*comment "{re.escape(COMMENT)}") # handle \d+$')
_NFT_HEAD = re.compile(r"^table (\S+) (\S+) \{|^\tchain (\S+) \{")


class Kept:
    """The filters that others keep on a host, as they are now."""

    def __init__(self, machine: Machine, ruleset: Ruleset | None, known: Mapping[str, services.Unit]) -> None:
        """`ruleset`: others' rules; None where they do not matter. `known`: what systemd has."""
        self._machine = machine
        self._asked = ruleset is None or any(rule.comment == COMMENT for rule in ruleset.every_rule())
        self._ruleset = ruleset or Ruleset((), {})
        self._known = known
        #: The lines of iptables' table filter, by family.
        self.lines = {family: list(_saved(machine, family)) for family in IPTABLES}
        self.notices: list[str] = []

    def there(self) -> Iterator[Passage]:
        """Every rule of ours in a chain of somebody else's."""
        for family, program in IPTABLES.items():
            for chain in saved_rules.chains(self.lines[family]):
                rules = saved_rules.rules(self.lines[family], chain)
                for number, rule in enumerate(rules):
                    if saved_rules.is_ours(rule):
                        mark = _MARK.fullmatch(rule)
                        good = mark and all(map(saved_rules.bans, rules[:number]))
                        bit = int(mark[1], 16) if mark and good else 0
                        yield Passage(program, family, "filter", chain, bit, number, rule)
        if self._asked:
            yield from self._there_in_nft()

    def _there_in_nft(self) -> Iterator[Passage]:
        ran = self._machine.run([self._machine.nft(), "-s", "-a", "-t", "list", "ruleset"], None)
        table, chain, number = ("", ""), "", 0
        for line in ran.out.splitlines():
            head = _NFT_HEAD.match(line)
            if head:
                table, chain, number = ((head[1], head[2]), "", 0) if head[1] else (table, head[3], 0)
                continue
            found = _NFT_RULE.match(line)
            if found and " ".join(table) != TABLE and not self._of_iptables(*table, chain):
                mark = _NFT_MARK.fullmatch(found[1])
                good = mark and number <= self._bans_in(*table, chain)
                yield Passage(NFT, *table, chain, int(mark[1], 16) if mark and good else 0, number, found[1])
            number += bool(re.search(r" # handle \d+$", line))

    def _of_iptables(self, family: str, table: str, chain: str) -> bool:
        return table == "filter" and chain in saved_rules.chains(self.lines.get(family, ()))

    def _bans_in(self, family: str, table: str, chain: str) -> int:
        """How many rules at the head of a chain of nft are a ban list's."""
        number = 0
        for rule in self._ruleset.rules.get((NFT, family, table), {}).get(chain, ()):
            if rule.comment == COMMENT:
                continue
            if not (rule.by_set and rule.action in REFUSES):
                break
            number += 1
        return number

    def silenced(self) -> Spoken:
        """Nobody is spoken to any more."""
        return self.with_policies(
            Spoken(tuple(sorted(self.there())), (), dict(self.files(())), _LOOKED_AT), None, forwarding=False
        )

    def with_policies(self, spoken: Spoken, text: str | None, forwarding: bool) -> Spoken:
        """What is said, with firewalld's policies for the rules of an nft file. Raises FirewallError."""
        rules = rehearsed(self._machine, text) if spoken.firewalld and text is not None else None
        before, after = firewalld.there(self._machine), firewalld.policies(rules, forwarding)
        for path in [path for path in before if before[path] is after[path] is None]:
            del before[path], after[path]
        spoken = replace(
            spoken,
            files={**spoken.files, **after},
            policies=(before, after),
            forgotten=tuple(firewalld.forgotten(self._machine)) if spoken.firewalld else (),
        )
        reloads = spoken.firewalld and before != after
        lost = firewalld.only_for_now(self._machine, bool(spoken.forgotten)) if reloads else ""
        return replace(spoken, left=(*spoken.left, _for_now(lost))) if lost else spoken

    def spoken(self, found: Iterable[Obstacle], mark: int, forwarding: bool, options: Iterable[str]) -> Spoken:
        """The passages that take obstacles away; `forwarding`: our rules filter what goes through, too.

        `options` are the names of what is tolerated: what needs no passage gets none.
        """
        hooks = [hook for hook in _HOOKS if forwarding or hook != "forward"]
        of: dict[str, list[Obstacle]] = {}
        left: list[Obstacle] = []
        for item in found:
            tolerated = not item.certain and "tolerate_drops" in options
            who = "" if item.kind != DROPS or item.bans or tolerated else self._keeper(item)
            (of.setdefault(who, []) if who else left).append(item)
        if len(of) > 1:
            left.append(_two(of))
            of = {}
        there = tuple(sorted(self.there()))
        # While nobody can be spoken through, what is there stays: no rule of ours changes beside an obstacle.
        wanted = there if any(item.certain for item in left) else ()
        for who, items in of.items():
            made = list(self._passages(who, items, mark, hooks))
            refused = [item for item in made if isinstance(item, Obstacle)]
            left += refused
            wanted = tuple(sorted(item for item in made if isinstance(item, Passage))) if not refused else wanted
        return Spoken(
            there=there,
            wanted=wanted,
            files=dict(self.files(wanted)),
            looked_at=_LOOKED_AT,
            left=tuple(left),
            notices=tuple(self.notices),
            firewalld="firewalld" in of and not any(item.certain for item in left),
        )

    def files(self, wanted: Iterable[Passage]) -> Iterator[tuple[str, str | None]]:
        """The files with passages, where they are not as they must be, and those of ours."""
        passages = list(wanted)
        for who, paths in _FILES.items():
            for family, path in paths.items():
                theirs = [
                    item._replace(held="")
                    for item in passages
                    if item.program == IPTABLES[family] and item.chain.startswith("ufw") == (who == "ufw")
                ]
                text = self._machine.read_exactly(path)
                if text is not None:
                    new = saved_rules.with_passages(text, theirs, framed=who == "ufw")
                    if new != text:
                        yield path, new
        in_nft = [item.statement for item in passages if item.program == NFT]
        yield PASSAGES_FILE, "\n".join(["# Written by faxnet.deploy", *in_nft, ""]) if in_nft else None

    def _keeper(self, item: Obstacle) -> str:
        """Who keeps the chain of an obstacle and can be spoken through; "" for nobody."""
        if item.who in ("ufw", "firewalld"):
            return item.who
        chain = item.chain
        if chain is None or chain.program != NFT or chain.hook not in _HOOKS or chain.kind != "filter":
            return ""
        if chain.family in IPTABLES and self._of_iptables(chain.family, chain.table, chain.name):
            return "iptables" if self._machine.find("netfilter-persistent") and chain.table == "filter" else ""
        if chain.priority <= PRIORITY or not plain(chain.family, chain.table, chain.name):
            return ""
        return "nftables" if services.started(self._machine, self._known) is not None else ""

    def _passages(
        self, who: str, items: Iterable[Obstacle], mark: int, hooks: list[str]
    ) -> Iterator[Passage | Obstacle]:
        """The passages of one keeper, or what stands against them."""
        if who == "ufw":
            yield from self._of_ufw(mark, hooks)
            return
        if who == "firewalld":
            program = self._machine.find("firewall-cmd")
            if not program or self._machine.run([program, "--get-policies"], None).code != 0:
                yield Obstacle(
                    "firewalld",
                    "firewalld is active, and firewall-cmd --get-policies does not answer: it does not run or is older "
                    "than 0.9",
                    "start it anew with: systemctl restart firewalld; or take it away with: systemctl disable --now "
                    "firewalld",
                    certain=True,
                )
            return
        for item in items:
            if item.chain and who == "iptables":
                yield self._in_iptables(item, item.chain.family, item.chain.name, mark)
            elif item.chain:
                yield self._in_nft(item, item.chain, mark)

    def _of_ufw(self, mark: int, hooks: list[str]) -> Iterator[Passage | Obstacle]:
        for family, program in IPTABLES.items():
            there = saved_rules.chains(self.lines[family])
            for hook in hooks:
                chain = _UFW_CHAINS[family] + hook
                file = self._machine.read_exactly(_FILES["ufw"][family])
                if chain in there and chain in saved_rules.chains((file or "").splitlines()):
                    yield Passage(program, family, "filter", chain, mark)
                elif family == "ip" or there.get(_HOOKS[hook]) == "DROP":
                    yield Obstacle(
                        "ufw",
                        f"ufw is enabled, and its chain {chain} is not in force or not in {_FILES['ufw'][family]}",
                        "bring it back with: ufw reload (with IPV6=yes in /etc/default/ufw), or: ufw --force reset; or "
                        "switch ufw off with: ufw disable",
                        certain=True,
                    )

    def _in_iptables(self, item: Obstacle, family: str, chain: str, mark: int) -> Passage | Obstacle:
        path = _FILES["iptables"][family]
        text = self._machine.read_exactly(path)
        if text is None or chain not in saved_rules.chains(text.splitlines()):
            return item._replace(
                reason=f"{item.reason}, and {path} does not hold that chain, so that nothing there survives a boot",
                cure=f"save it with: netfilter-persistent save; or {item.cure}",
                certain=True,
            )
        rules = [rule for rule in saved_rules.rules(self.lines[family], chain) if not saved_rules.is_ours(rule)]
        behind = _leading(map(saved_rules.bans, rules))
        self._tell_of_bans(item, any(map(saved_rules.bans, rules[behind:])))
        return Passage(IPTABLES[family], family, "filter", chain, mark, behind)

    def _in_nft(self, item: Obstacle, chain: Chain, mark: int) -> Passage | Obstacle:
        behind = self._bans_in(chain.family, chain.table, chain.name)
        passage = Passage(NFT, chain.family, chain.table, chain.name, mark, behind)
        boot = f"flush ruleset\n{services.started(self._machine, self._known)}\n{passage.statement}\n"
        if self._machine.run([self._machine.nft(), "-c", "-f", "-"], boot).code != 0:
            return item._replace(
                reason=f"{item.reason}, and what {NFTABLES} loads does not hold that chain as it is now, so "
                "that nothing there survives a boot",
                cure=f"write it into the file that {NFTABLES} loads; or {item.cure}",
                certain=True,
            )
        rules = [rule for rule in self._ruleset.reached(chain) if rule.comment != COMMENT]
        self._tell_of_bans(item, any(rule.by_set and rule.action in REFUSES for rule in rules[behind:]))
        return passage

    def _tell_of_bans(self, item: Obstacle, later: bool) -> None:
        if later:
            self.notices.append(
                f"{item.who} has a ban list behind other rules: it does not keep out what the plan permits; move it to "
                "the head of the chain"
            )


def _for_now(lost: str) -> Obstacle:
    return Obstacle(
        "firewalld",
        f"firewalld has settings that a reload would lose (firewall-cmd {lost} says something else with --permanent)",
        "keep them with: firewall-cmd --runtime-to-permanent; or give them up with: firewall-cmd --reload",
        certain=True,
    )


def _two(of: Mapping[str, list[Obstacle]]) -> Obstacle:
    names = {who: items[0].who for who, items in of.items()}
    each = " and ".join(names.values())
    return Obstacle(
        each,
        f"{each} filter here at once, and only one can be spoken through",
        "leave the filtering to one of them and take the other's rules away",
        certain=True,
    )


def _leading(found: Iterable[bool]) -> int:
    number = 0
    for each in found:
        if not each:
            break
        number += 1
    return number


def _saved(machine: Machine, family: str) -> Iterator[str]:
    """What iptables-save says of the table filter; nothing where nft has no such table.

    Asked without it, an iptables of the old kind would make the kernel load a filter of its own.
    """
    save = machine.find(f"{IPTABLES[family]}-save")
    tables = machine.run([machine.nft(), "list", "tables", family], None).out.splitlines()
    if save and f"table {family} filter" in tables:
        yield from machine.run([save, "-t", "filter"], None).out.splitlines()
