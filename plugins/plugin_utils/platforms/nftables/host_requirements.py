# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Linux host needs besides the rules: a router's kernel settings and modules."""

from __future__ import annotations

from typing import Any

from ...policies.policy import Policy


def forwarding_settings(policy: Policy) -> list[str]:
    """The kernel settings that must be 1 for this policy: forwarding, for each IP version that it forwards."""
    if not policy.forwarding:
        return []
    versions = {
        *(network.version for network in policy.networks),
        *(permit.version for permit, _flows in policy.forward),
        *(nat.version for nat in policy.source_nat),
        *(network.version for permit in policy.forward_permits for network in (*permit.sources, *permit.destinations)),
    }
    return ["net.ipv4.ip_forward"] + (["net.ipv6.conf.all.forwarding"] if 6 in versions else [])


def helper_modules(policy: Policy) -> list[str]:
    """The kernel modules of the helpers of a router that translates; the kernel loads only half of them by itself.

    ``ct helper`` in a rule loads nf_conntrack_ftp, but not nf_nat_ftp, which writes the router's address where the
    client's was (net/netfilter/nft_ct.c, nf_conntrack_helper_try_module_get).
    """
    if not (policy.source_nat or policy.destination_nat):
        return []
    permits = (*policy.input, *policy.forward, *policy.output)
    helpers = {permit.helper for permit, _flows in permits if permit.enabled and permit.helper}
    return [f"nf_{half}_{helper}" for helper in sorted(helpers) for half in ("conntrack", "nat")]


def own_addresses(policy: Policy) -> list[str]:
    """The addresses that a router must have because its rules translate to or from them."""
    worn = {nat.address for nat in policy.source_nat if nat.address is not None}
    # What comes from inside to a public address is turned before anybody looks whether the router has that.
    nats = [nat for nat, _flows in policy.destination_nat if nat.enabled]
    called = {nat.address if nat.becomes is None else nat.becomes for nat in nats}
    return [address.text for address in sorted(worn | called)]


def source_translations(policy: Policy) -> list[dict[str, Any]]:
    """What leaves a router under which address: [{"version": 4, "networks": [...], "exempt": [...], "address": ...}].

    The managed host looks whether anybody else there would give it another one.
    """
    return [
        {
            "version": nat.version,
            "networks": [network.text for network in nat.networks],
            "exempt": [network.text for network in nat.exempt if network.version == nat.version],
            "address": "" if nat.address is None else nat.address.text,
        }
        for nat in policy.source_nat
    ]
