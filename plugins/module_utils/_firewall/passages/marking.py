# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark by which another filter knows what our rules have accepted: one bit, of which nobody else sees anything.

Each chain of ours that filters sets the bit first of all. What it refuses is gone, so whatever comes out of it with the
bit was accepted. What a chain only lets be (a host that refuses nothing, a guest's packet, what an observing host
notes) loses the bit again: of that, others decide as they did. After all filters the bit is taken away.

Our chains stand in front of the others' then. Chains of one priority are asked in the order in which they were loaded
(nf_hook_entries_grow), so ours have one of their own.
"""

from __future__ import annotations

import re

#: A bit that no common program uses: Kubernetes, Tailscale, WireGuard and Docker have lower ones.
MARK = 0x10000000
#: Before the chains of iptables and ufw (0) and firewalld (10).
PRIORITY = -10
#: After every filter (nf_ip_hook_priorities: security is 50, and 300 is for the last helpers of connection tracking).
_LATE = 200
_NAME = r"faxnet_(?:input|forward)"
_CHAIN = re.compile(
    rf"^(?P<head>\tchain {_NAME} \{{\n\t\ttype filter hook \w+ priority )filter(?P<policy>; policy \w+;\n)"
    r"(?P<rules>(?:\t\t[^\n]*\n)*)(?=\t\}\n)",
    re.MULTILINE,
)
#: Rules that accept what the plan does not name: guests of this host, and what an observing host notes.
_LETS_BE = re.compile(r'^(\t\t[^\n]*)\baccept (comment "(?:observed|containers on )[^\n]*\n)', re.MULTILINE)
_END = re.compile(r"^\}\n?\Z", re.MULTILINE)
#: How nft begins a rule that gives a mark.
SETS = "\t\tmeta mark set "


def marked(text: str, bit: int) -> str:
    """The nft file `text` with rules that mark what they accept."""
    keep, lose = f"{SETS}meta mark or {bit:#x}\n", f"meta mark set meta mark and {bit ^ 0xFFFFFFFF:#x}"
    text = _END.sub(lambda end: _cleared("input", bit) + _cleared("postrouting", bit) + end[0], text)

    def chain(found: re.Match[str]) -> str:
        rules = _LETS_BE.sub(rf"\1{lose} accept \2", found["rules"])
        # What falls through a chain that drops is gone; of all other chains it goes on.
        end = "" if "policy drop" in found["policy"] else f"\t\t{lose}\n"
        return f"{found['head']}filter - {-PRIORITY}{found['policy']}{keep}{rules}{end}"

    return _CHAIN.sub(chain, text)


def _cleared(hook: str, bit: int) -> str:
    return (
        f"\n\tchain faxnet_{hook}_unmarked {{\n\t\ttype filter hook {hook} priority {_LATE}; policy accept;\n"
        f"\t\tmeta mark and {bit:#x} == {bit:#x} meta mark set meta mark and {bit ^ 0xFFFFFFFF:#x}\n\t}}\n"
    )
