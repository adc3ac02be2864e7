# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A passage: one rule of ours in somebody else's chain, which lets through what our own rules have accepted.

In nftables "accept" is final for one table only. So our rules put a mark on what they accept (see marking.py), and
where another filter would drop it, that filter gets one rule that accepts what carries the mark. It says nothing of
addresses and ports: what passes is decided in one place. Without our table nothing carries the mark, and the rule is
dead.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine

#: The comment by which a rule in somebody else's chain is known as ours.
COMMENT = "faxnet.deploy"
NFT = "nft"
IPTABLES = {"ip": "iptables", "ip6": "ip6tables"}
#: What a name may be made of that goes into a command. Whoever names a chain otherwise is not spoken through.
_PLAIN = re.compile(r"[A-Za-z][\w.-]*")


class Passage(NamedTuple):
    """Where a rule of ours stands.

    Attributes:
        program: what changes the chain: ``nft``, ``iptables`` or ``ip6tables``.
        family: of the table.
        table: its name.
        chain: the chain.
        mark: the bit that the rule asks for; 0 for a rule of ours that is not as it should be.
        behind: so many rules stay in front of it; they are a ban list's.
        held: the rule as it was found, in the program's words; empty for what is to come.
    """

    program: str
    family: str
    table: str
    chain: str
    mark: int
    behind: int = 0
    held: str = ""

    @property
    def place(self) -> tuple[str, str, str, str]:
        """The chain that it stands in."""
        return self[:4]

    @property
    def words(self) -> str:
        """The passage for a person."""
        return f"passage in table {self.family} {self.table}, chain {self.chain}"

    @property
    def rule(self) -> str:
        """The rule in the words of the program, without its chain."""
        if self.held:
            return self.held
        if self.program == NFT:
            return f'meta mark and {self.mark:#x} == {self.mark:#x} counter accept comment "{COMMENT}"'
        return f'-m mark --mark {self.mark:#x}/{self.mark:#x} -m comment --comment "{COMMENT}" -j ACCEPT'

    @property
    def statement(self) -> str:
        """The statement of nft that puts it into its chain."""
        where = f"{self.family} {self.table} {self.chain}"
        verb = f"add rule {where} index {self.behind - 1}" if self.behind else f"insert rule {where}"
        return f"{verb} {self.rule}"


def plain(*names: str) -> bool:
    """Whether names can stand in a command as they are."""
    return all(_PLAIN.fullmatch(name) for name in names)


def script(machine: Machine, there: Iterable[Passage], wanted: Iterable[Passage]) -> str:
    """Shell commands that make those of `there` those of `wanted`; `failed` is set in the shell where one fails.

    Which number the kernel gave to a rule of nft is looked up when it is taken away: meanwhile somebody may have loaded
    the chain anew. What is gone already need not be taken away.
    """
    old, new = list(there), list(wanted)
    text = ""
    for item in (each for each in old if each.program != NFT):
        call, rule = _iptables(machine, item.program), _quoted(item)
        text += f"if {call} -C {rule} 2>/dev/null; then {call} -D {rule} || failed=1; fi\n"
    for item in (each for each in new if each.program != NFT):
        chain, _space, rule = _quoted(item).partition(" ")
        text += f"{_iptables(machine, item.program)} -I {chain} {item.behind + 1} {rule} || failed=1\n"
    away = sorted({item.place for item in old if item.program == NFT})
    statements = "".join(item.statement + "\n" for item in new if item.program == NFT)
    if away or statements:
        nft = shlex.quote(machine.nft())
        old_rules = "".join(f"gone {family} {table} {chain}; " for _program, family, table, chain in away)
        text += (
            f'gone() {{ {nft} -a -t list chain "$1" "$2" "$3" 2>/dev/null | sed -n "s/.* comment \\"{COMMENT}\\" '
            '# handle \\([0-9]*\\)\\$/delete rule $1 $2 $3 handle \\1/p"; }\n'
            f"{{ {old_rules}cat <<'END'\n{statements}END\n}} | {nft} -f - || failed=1\n"
        )
    return text


def run(machine: Machine, text: str) -> None:
    """Run the commands of `script`. Raises FirewallError with what was said, where one of them failed."""
    if not text:
        return
    ran = machine.run(["/bin/sh", "-c", f'failed=\n{text}[ -z "$failed" ]'], None)
    if ran.code != 0:
        raise FirewallError(f"the rule that lets our packets through another filter was refused: {ran.err.strip()}")


def check(machine: Machine, wanted: Iterable[Passage]) -> None:
    """Let iptables and nft check new rules. Raises FirewallError; nothing has been changed."""
    new = list(wanted)
    for program in IPTABLES.values():
        lines = [f"-I {item.chain} {item.behind + 1} {item.rule}" for item in new if item.program == program]
        if lines:
            restore = machine.program(f"{program}-restore", "install the package iptables")
            text = "\n".join(["*filter", *lines, "COMMIT", ""])
            _insist(machine, [restore, "-w", "10", "--noflush", "--test"], text, program)
    statements = [item.statement for item in new if item.program == NFT]
    if statements:
        _insist(machine, [machine.nft(), "-c", "-f", "-"], "\n".join([*statements, ""]), NFT)


def _iptables(machine: Machine, program: str) -> str:
    return shlex.quote(machine.program(program, "install the package iptables")) + " -w 10"


def _quoted(item: Passage) -> str:
    """Chain and rule as words of the shell, whatever a rule that was found says."""
    return " ".join(shlex.quote(word) for word in (item.chain, *shlex.split(item.rule)))


def _insist(machine: Machine, argv: list[str], text: str, program: str) -> None:
    ran = machine.run(argv, text)
    if ran.code != 0:
        raise FirewallError(
            f"{program} refuses the rule that lets our packets through, nothing was changed: {ran.err.strip()}"
        )
