# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory variables that a plan is made of. They are documented in the argument specs of the role ``plan``."""

from __future__ import annotations

import difflib

from .logins import LOGIN_VARIABLES

#: One value for the whole network: hosts that set one must agree on it.
NETWORK_VARIABLES = (
    "faxnet_sites",
    "faxnet_services",
    "faxnet_controller",
    "faxnet_approval",
    "faxnet_directory",
    "faxnet_lock",
)

#: Each host's own.
HOST_VARIABLES = (
    "faxnet_site",
    "faxnet_address",
    "faxnet_system",
    "faxnet_platform",
    "faxnet_offers",
    "faxnet_uses",
    "faxnet_management",
    "faxnet_permits",
    "faxnet_forward_permits",
    "faxnet_accepted_losses",
    "faxnet_reserved_ports",
    "faxnet_firewall_profiles",
    "faxnet_outbound",
    "faxnet_reverse_path",
    "faxnet_clamp_mss",
    "faxnet_stance",
)

#: Ansible's own words for the way to a host: defaults of ``faxnet_address`` and ``faxnet_management``, and how it gets
#: there.
CONNECTION_VARIABLES = ("ansible_host", *LOGIN_VARIABLES)

PREFIX = "faxnet_"


def meant_variable(name: str) -> str:
    """Return the variable that *name* is probably a typing error of, or an empty string.

    Only near misses count: the prefix may be used for other things, by playbooks and by their users.
    """
    known = (*NETWORK_VARIABLES, *HOST_VARIABLES)
    if name in known:
        return ""
    # 0.85: `faxnet_ofers` and `faxnet_sits` are near misses; `faxnet_emulate` and `faxnet_slice` are not.
    return next(iter(difflib.get_close_matches(name, known, 1, 0.85)), "")
