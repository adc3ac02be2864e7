# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that run on an observing host, that nothing names, and that began before it observed.

Who begins a connection is noted when it begins. One that was there before is found in the kernel's own table. Who began
it is not sure there: where the kernel began to track in its middle, it takes whoever spoke first for the one. So these
are told, and become no permits.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.conntrack import Connection
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.forgetting import Judge
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import Packets
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.own_addresses import OwnAddresses
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import listed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session

#: How the comments of rules begin that let pass what nothing names.
_OBSERVED = "observed"
#: So many kinds of connections are judged: a busy router has hundreds of thousands that its networks began.
_MOST = 20000


def running(machine: Machine, noted: Iterable[Packets], session: Session | None) -> list[Packets]:
    """Return the connections that nothing names and that were not noted, each kind once.

    `session` is the run's own. Empty where the kernel does not let its connections be read. Raises FirewallError.
    """
    rules = listed(machine)
    if rules is None:
        return []
    judge = Judge(rules, OwnAddresses(machine), session)
    known = {(one.source, one.destination, one.protocol, one.port) for one in noted}
    now = time.time()
    found: dict[tuple[str, str, str, int], Packets | None] = {}
    for connection in _connections():
        there, target = connection.original, connection.reply.source
        inward = target in judge.own
        key = (there.source, "" if inward else target, connection.transport, there.destination_port)
        if key in known or key in found or len(found) >= _MOST:
            continue
        found[key] = None
        if connection.established and not connection.ending and judge.reason(connection).startswith(_OBSERVED):
            direction = "input" if inward else "forward"
            found[key] = Packets(direction, connection.version, *key, None, now, now)
    return [packets for packets in found.values() if packets]


def _connections() -> Iterator[Connection]:
    """The connections, as far as the kernel lets them be read."""
    with contextlib.suppress(conntrack.NoTableError, OSError):
        yield from conntrack.connections()
