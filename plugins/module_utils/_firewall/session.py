# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session that a run works through, and whether rules would let another one like it in.

sshd tells it in SSH_CONNECTION (ssh(1), ENVIRONMENT): the client's address and port, the server's address and port, as
this host sees them, whatever was translated or jumped over on the way. sudo takes it out of the environment of what it
starts, so it is looked for in the processes that this one came from.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import Rules

_NAME = b"SSH_CONNECTION="
#: So many processes may stand between sshd's shell and a module (sudo, su, shells); a longer row is a mistake here.
_MOST_PARENTS = 64
_MANAGEMENT = re.compile(
    r"^\t\t(?:meta nfproto ipv(?P<all>[46]) )?(?:ip6? saddr (?P<sources>.+?) )?tcp dport (?P<ports>\{.*?\}|\S+) "
    r'.*comment "management"$',
    re.MULTILINE,
)


@dataclass(frozen=True)
class Session:
    """Both ends of a session's TCP connection, as this host sees them; addresses in text, without a zone."""

    source: str
    source_port: int
    address: str
    port: int

    @property
    def local(self) -> bool:
        """Whether it comes from this host itself: no rule of ours stands in its way."""
        return ipaddress.ip_address(self.source).is_loopback or self.source == self.address


def current_session(proc: Path = Path("/proc"), process: int | None = None) -> Session | None:
    """The SSH session that this process belongs to; None where it came in another way, or that cannot be told."""
    for environment in _environments(proc, os.getpid() if process is None else process):
        for entry in environment.split(b"\0"):
            if entry.startswith(_NAME):
                return _session(entry[len(_NAME) :].decode("ascii", "replace"))
    return None


def insist_on(session: Session, rules: Rules, listed: str) -> None:
    """Raise FirewallError where rules would surely not let a new session like this one in.

    `listed` is the same rules as nft's text, for the message.
    """
    if session.local:
        return
    version = ipaddress.ip_address(session.source).version
    # A new connection has another port of the source; no rule of management names it.
    packet = Packet(version, "tcp", session.source, session.source_port, session.address, session.port)
    verdict = rules.judge("input", packet)
    if verdict is None or verdict.accepted is not False:
        return
    raise FirewallError(
        f"nothing was changed: this run's own SSH session comes from {session.source} to port {session.port}, and the "
        f"new rules would let no new one like it in. Management gets in {_let_in(listed) or 'nowhere by TCP'}. Add "
        f"{session.source} or its network to the sources of faxnet_management, with port {session.port} among its "
        "ports, or connect from where management gets in"
    )


def _let_in(listed: str) -> str:
    """What rules of management let in, in words."""
    return "; ".join(
        "at port {} from {}".format(
            found["ports"],
            found["sources"] or (f"every IPv{found['all']} address" if found["all"] else "everywhere"),
        )
        for found in _MANAGEMENT.finditer(listed)
    )


def _environments(proc: Path, process: int) -> Iterator[bytes]:
    """The environments of a process and of those that it came from, as far as they may be read."""
    for _step in range(_MOST_PARENTS):
        if process <= 0:
            return
        try:
            environment = (proc / str(process) / "environ").read_bytes()
        except OSError:  # another user's, or gone
            environment = b""
        yield environment
        try:
            status = (proc / str(process) / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        # The second field, the command in parentheses, may hold anything; the state and the parent follow it (proc(5)).
        process = int(status.rpartition(")")[2].split()[1])


def _session(text: str) -> Session | None:
    words = text.split()
    if len(words) != 4 or not (words[1].isdigit() and words[3].isdigit()):
        return None
    try:
        source, address = (_address(words[number]) for number in (0, 2))
    except ValueError:  # sshd could not tell, and said so ("UNKNOWN")
        return None
    return Session(source, int(words[1]), address, int(words[3]))


def _address(text: str) -> str:
    """An address without its zone; an IPv4 address that came in over an IPv6 socket as IPv4."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
