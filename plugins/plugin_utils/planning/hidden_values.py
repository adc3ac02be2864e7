# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings without what came from a vault.

Where an inventory's files are encrypted as a whole, everything in them did, the very keys too. The collection's own
words are no secrets: a cure that names the keys there are, or the services of the catalogue, says so whatever a vault
holds. A value that is one of them is still not shown as a finding's value.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

from ..basics.findings import Finding, without_secrets
from ..basics.vaulted import VaultedText, vaulted_in
from ..catalog.catalog import builtin_catalog
from ..catalog.profile import EXCHANGE_KINDS, INITIATORS, TRANSPORTS
from ..inventory.approval import KEYS as APPROVAL_KEYS
from ..inventory.hosts import OUTBOUND, REVERSE_PATH
from ..inventory.intent import STANCES
from ..inventory.offers import OFFER_KEYS
from ..inventory.permits import FORWARD_KEYS, OPENING_KEYS
from ..inventory.reserved_ports import KEYS as RESERVED_KEYS
from ..inventory.services import PROTOCOLS
from ..inventory.sites import SITE_KEYS
from ..inventory.uses import CALLBACK_KEYS, MODES, UNLIMITED, USE_KEYS
from ..inventory.variables import CONNECTION_VARIABLES, HOST_VARIABLES, NETWORK_VARIABLES
from ..platforms.registry import PLATFORMS

#: Numbers of so few digits stand in many a sentence ("from 1 to 65535"), and tell nobody anything.
_FEW_DIGITS = 2


@functools.cache
def own_words() -> frozenset[str]:
    """Return the words of the collection that an inventory is written in: keys, choices, the catalogue's names."""
    profiles = builtin_catalog().profiles.values()
    return frozenset(
        (
            *NETWORK_VARIABLES, *HOST_VARIABLES, *CONNECTION_VARIABLES, *OPENING_KEYS, *FORWARD_KEYS, *RESERVED_KEYS,
            *OUTBOUND, *REVERSE_PATH, *STANCES, *OFFER_KEYS, *PROTOCOLS, *SITE_KEYS, *USE_KEYS, *CALLBACK_KEYS, *MODES,
            *UNLIMITED, *TRANSPORTS, *INITIATORS, *EXCHANGE_KINDS, *PLATFORMS, *APPROVAL_KEYS,
            "host",
            *(profile.name for profile in profiles),
            *(name for profile in profiles for name in profile.settings),
            *(name for profile in profiles for name in profile.environments),
            *(exchange.name for profile in profiles for exchange in profile.exchanges),
        )
    )  # fmt: skip


def _secrets_in(value: object) -> frozenset[VaultedText]:
    found = frozenset(vaulted_in(value))
    # The words are asked for last: they are those of every product, and an ordinary plan reads a few.
    words = own_words() if found else frozenset()
    return frozenset(
        secret
        for secret in found
        if secret.strip() not in words and not (secret.isdigit() and len(secret) <= _FEW_DIGITS)
    )


def without_vaulted(
    findings: Iterable[Finding], shared: object, hosts: Mapping[str, Mapping[str, object]]
) -> Iterator[Finding]:
    """Yield the findings without any value from a vault that their hosts or the whole network have.

    Args:
        shared: the values of the whole network.
        hosts: each host's variables.
    """
    everywhere: frozenset[VaultedText] | None = None
    own: dict[str, frozenset[VaultedText]] = {}
    for finding in findings:
        if everywhere is None:  # not before there is a finding: sites are many, and mostly nothing is wrong
            everywhere = _secrets_in(shared)
        secrets = set(everywhere)
        for host in finding.hosts:
            if host not in own:
                own[host] = _secrets_in(hosts.get(host))
            secrets |= own[host]
        yield without_secrets(finding, secrets)
