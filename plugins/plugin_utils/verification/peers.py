# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a plan are among the several machines that another name stands for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ..basics.addresses import parse_address, parse_prefix
from ..plan_files.view import PlanView


def members(view: PlanView) -> Mapping[str, tuple[str, ...]]:
    """Return the hosts whose own address each name holds that stands for several machines; no router of its site."""
    several = {name: host for name, host in view.hosts.items() if host.stands_for}
    if not several:
        return {}
    in_site: dict[str, list[str]] = defaultdict(list)
    for name, host in view.hosts.items():
        if name not in several and name not in view.gateways:
            in_site[host.site].append(name)
    found = {}
    for name, host in several.items():
        networks = [*map(parse_prefix, host.stands_for)]
        found[name] = tuple(
            other
            for other in in_site[host.site]
            if any(net.holds(parse_address(text)) for text in view.hosts[other].addresses for net in networks)
        )
    return found
