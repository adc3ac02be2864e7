# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spare what runs when the rules come to a host on which nothing has tracked connections.

The kernel knows no connection there, so nothing is "established" and all of them would be cut. Two things spare them:

- For a few seconds a table that filters nothing lets the kernel see who talks. A stream that nobody answers (media) is
  then marked as answered, because only an answered exchange is an established one.
- TCP may be silent for longer. So for a while each chain takes a packet that belongs to the middle of a TCP connection;
  the kernel then takes the connection up (nf_conntrack_tcp_loose) and knows it from there on. No connection comes about
  by such packets: they carry no SYN. The rule holds its own end, and no listing of the table that is compared has it.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, load

#: Seconds in which the kernel sees who talks: some packets of any medium.
WATCH = 3.0
#: Seconds for which TCP is taken up. After two hours of silence (tcp_keepalive_time) each end asks the other.
SPARED = 7500

_WATCH_TABLE = "inet faxnet_watch"
#: Text that leaves no such table behind, whether there was one or not.
NO_WATCH = f"table {_WATCH_TABLE}\ndelete table {_WATCH_TABLE}\n"
_WATCHING = f"""{NO_WATCH}table {_WATCH_TABLE} {{
    chain input {{ type filter hook input priority filter; policy accept; ct state established counter; }}
    chain forward {{ type filter hook forward priority filter; policy accept; ct state established counter; }}
    chain output {{ type filter hook output priority filter; policy accept; ct state established counter; }}
}}
"""
_NOTE = "running sessions until"
_RULE = re.compile(rf'^\t\t[^\n]*comment "{_NOTE} (\d+)"\n', re.MULTILINE)
_CHAIN = re.compile(
    r"^\t\ttype (?:filter hook (?:input|forward)|nat hook \w+) [^\n]*\n(?:\t\tmeta mark set [^\n]*\n)?", re.MULTILINE
)
_LOOSE = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"


def tracks(table: str | None) -> bool:
    """Whether a table, as text, lets the kernel track connections."""
    return "ct state" in (table or "")


def without_spared(table: str) -> str:
    """A table as nft lists it, without the rules that spare what runs."""
    return _RULE.sub("", table)


def spared_until(table: str | None) -> int:
    """Until when (seconds since the epoch) a listed table spares what runs; 0 when it does not, or no longer."""
    found = _RULE.search(table or "")
    until = int(found[1]) if found else 0
    return until if until > time.time() else 0


def from_now() -> int:
    """Until when what runs now is spared."""
    return int(time.time()) + SPARED


def sparing(machine: Machine, text: str, until: int) -> str:
    """An nft file whose rules spare, until then, what runs."""
    # Where the kernel does not take connections up, the packets in their middle belong to none.
    states = "new,invalid" if (machine.read(_LOOSE) or "1").strip() == "0" else "new"
    middle = f"ct state {states} tcp flags & (syn | ack) == ack"
    rule = f'\t\t{middle} meta time < {until} counter accept comment "{_NOTE} {until}"\n'
    return _CHAIN.sub(lambda chain: chain[0] + rule, text)


@contextlib.contextmanager
def watched(machine: Machine) -> Iterator[None]:
    """Let the kernel see who talks, and go on seeing it until the block ends."""
    load(machine, _WATCHING)
    try:
        time.sleep(WATCH)
        # In a kernel built without it, streams that nobody answers are not spared.
        with contextlib.suppress(conntrack.NoTableError):
            for connection in conntrack.connections():
                if connection.established and not connection.answered:
                    conntrack.mark_answered(connection)
        yield
    finally:
        load(machine, NO_WATCH)
