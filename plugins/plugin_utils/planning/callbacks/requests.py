# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each client asks for: all uses of one service on one host, for one installed copy has one setting."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from ...basics.findings import Finding, short
from ...basics.named_tuples import made
from ...basics.names import HostService
from ...basics.ports import PortRange
from ...catalog.profile import CallbackRules, Environment, Profile, System
from ...inventory.intent import CallbackRequest, Intent, Use
from ..peers import is_any
from .port_space import RealmAddress


class CalledAt(NamedTuple):
    """Where a client is called back: its own addresses, and the public ones on the way."""

    own: tuple[RealmAddress, ...]
    public: tuple[RealmAddress, ...]


#: Of a client whose servers have no way to it, or none that is known.
_NOWHERE = CalledAt((), ())


class ClientRequest(NamedTuple):
    """One client's request for call-back ports.

    Attributes:
        client: who asks, by which the lock file names the range.
        uses: its uses, in order.
        own: its own addresses.
        public: the public addresses under which its servers call it.
        rules: the product's bounds.
        system: the client's operating system.
        environments: one for each use.
        pool: the ports that its servers' networks open for call-backs.
        pool_is_named: whether a server's offer names the pool; otherwise it is the product's, a mere default.
        well_known: ports that belong to others, with their holders.
    """

    client: HostService
    transport: str
    uses: tuple[Use, ...]
    own: tuple[RealmAddress, ...]
    public: tuple[RealmAddress, ...]
    rules: CallbackRules
    system: System
    environments: tuple[Environment, ...]
    pool: PortRange
    pool_is_named: bool
    well_known: Mapping[int, str]

    @property
    def host(self) -> str:
        """The client's host, for findings."""
        return self.client.host

    @property
    def addresses(self) -> tuple[RealmAddress, ...]:
        """Every address under which it is called."""
        return self.own + self.public

    @property
    def instances(self) -> int:
        """Number of clients that run at once on this host."""
        return sum([use.instances for use in self.uses])

    @property
    def wanted(self) -> CallbackRequest:
        """What the inventory says; the same in every use."""
        return self.uses[0].callback

    @property
    def usual_size(self) -> int:
        """Number of ports unless the inventory says otherwise.

        At least twice the instances: a client that restarts meets its old port still in TIME-WAIT.
        """
        return max(self.rules.size, 2 * self.instances)

    def variable(self, key: str = "") -> str:
        """The inventory variable behind the request, for findings."""
        return f"faxnet_uses[{self.uses[0].position}].callback{'.' if key else ''}{key}"


def client_requests(
    intent: Intent, called: Mapping[HostService, CalledAt], findings: list[Finding]
) -> list[ClientRequest]:
    """Return one request for each host and service with call-backs, sorted.

    Args:
        called: where each client is called.
        findings: takes note of uses that contradict each other.
    """
    grouped: defaultdict[HostService, list[Use]] = defaultdict(list)
    for use in intent.uses:
        grouped[use.client].append(use)
    transports: dict[str, str] = {}
    requests = []
    for client, uses in sorted(grouped.items(), key=operator.itemgetter(0)):
        profile = intent.catalog.profiles[client.service]
        # Any machine of a network is called by nobody, so that it needs no ports for it.
        if profile.callback is None or is_any(intent.hosts[client.host]) or not _agree(uses, findings):
            continue
        if client.service not in transports:
            transports[client.service] = _callback_transport(profile)
        named = _named_pool(intent, uses, findings)
        at = called.get(client, _NOWHERE)
        requests.append(
            made(
                ClientRequest,
                (
                    client,
                    transports[client.service],
                    tuple(uses),
                    at.own,
                    at.public,
                    profile.callback,
                    intent.system_of(*client),
                    tuple([profile.environments[use.environment] for use in uses]),
                    named if named is not None else profile.callback.pool,
                    named is not None,
                    intent.catalog.well_known,
                ),
            )
        )
    return requests


def _callback_transport(profile: Profile) -> str:
    """The transport of a product's call-backs; empty where it has none."""
    return next((exchange.transport for exchange in profile.exchanges if exchange.is_callback), "")


def _agree(uses: list[Use], findings: list[Finding]) -> bool:
    first = uses[0]
    for use in uses[1:]:
        if use.callback != first.callback:
            findings.append(
                Finding(
                    "FXN101",
                    (use.host,),
                    f"faxnet_uses[{use.position}].callback",
                    short(use.callback.mode),
                    f"differs from faxnet_uses[{first.position}].callback, but one installed copy has one setting",
                    f"write the same 'callback' in every use of {use.service} on this host",
                )
            )
            return False
    return True


def _named_pool(intent: Intent, uses: list[Use], findings: list[Finding]) -> PortRange | None:
    """The call-back ranges that the servers of these uses name, intersected; None where no server names one."""
    pool: PortRange | None = None
    for use in uses:
        offered = intent.offer_of(use).pool
        if offered is None:
            continue
        common = offered if pool is None else PortRange(max(pool.low, offered.low), min(pool.high, offered.high))
        if common.low > common.high:
            findings.append(
                Finding(
                    "FXN309",
                    (use.host,),
                    f"faxnet_uses[{use.position}].server",
                    use.server,
                    f"the servers of this client open call-back ranges that share no port ({offered.text} here)",
                    "give the servers overlapping callback_range values",
                )
            )
            return pool
        pool = common
    return pool
