# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Ansible's logins come from: what ``faxnet_controller`` says, or the one host that needs no login."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..basics.addresses import AddressError, Prefix, parse_prefix, prefix_of
from ..basics.findings import Finding, short
from ..basics.mapped_networks import own_of
from ..basics.vaulted import VaultedText
from .intent import Host, Origin
from .jump_hosts import Machines
from .site import Site

_VARIABLE = "faxnet_controller"
_LOCAL = ("local", "ansible.builtin.local")
_CURE = "name a host of the inventory, or write addresses and networks such as 192.0.2.10 or 192.0.2.0/28"


def read_controllers(
    raw: object,
    variables: Mapping[str, Mapping[str, object]],
    hosts: Mapping[str, Host],
    sites: Mapping[str, Site],
    machines: Machines,
    findings: list[Finding],
) -> tuple[Origin, ...]:
    """Return the machines that Ansible runs on; none where nobody says.

    Without the variable it is the planned host whose connection is ``local``; of several of them nobody can tell.
    """
    if raw is None:
        local = [name for name in hosts if variables[name].get("ansible_connection") in _LOCAL]
        return (Origin(local[0]),) if len(local) == 1 else ()
    items = raw if isinstance(raw, (list, tuple)) else [raw]
    if not items:
        findings.append(
            Finding("FXN103", (), _VARIABLE, short(raw), "is an empty list", f"{_CURE}, or omit the variable")
        )
    found: dict[Origin, None] = {}
    for index, item in enumerate(items):
        origins = _read(item, sites, machines)
        if isinstance(origins, str):
            where = f"{_VARIABLE}[{index}]" if isinstance(raw, (list, tuple)) else _VARIABLE
            findings.append(Finding("FXN122", (), where, short(item), origins, _CURE))
        else:
            found.update(dict.fromkeys(origins))
    return tuple(found)


def _read(item: object, sites: Mapping[str, Site], machines: Machines) -> Sequence[Origin] | str:
    """The machines that an entry means, or why it means none."""
    if not isinstance(item, str):
        return "is neither a name nor an address"
    text = item.strip()
    origins: Sequence[Origin]
    if "/" in text:
        try:
            network = parse_prefix(item)
        except AddressError:
            return "is no network in CIDR notation"
        origins = tuple(_parts(network, sites))
        placed = [origin.prefix for origin in origins if origin.site]
        if len(set(placed)) < len(placed):
            return "lies in several sites that use the same networks: name the host"
    else:
        found = machines.named(text, "")
        if isinstance(found, str):
            return found
        origins = (found,)
    hidden = isinstance(item, VaultedText)
    return tuple(origin._replace(hidden=hidden and not origin.host) for origin in origins)


def _parts(network: Prefix, sites: Mapping[str, Site]) -> Iterator[Origin]:
    """What of a network lies in each site; and the whole of it, unless one site's network holds it."""
    held = False
    for site in sites.values():
        for own in site.networks:
            if own.overlaps(network):
                held = held or own.length <= network.length
                yield Origin("", site.name, max(own, network, key=lambda item: item.length))
        for item in site.mapped:
            if item.shown.overlaps(network):  # as the other sites of the realm know it
                held = held or item.shown.length <= network.length
                common = max(item.shown, network, key=lambda each: each.length)
                yield Origin("", site.name, prefix_of(own_of(common, site.mapped)))
    if not held:
        yield Origin("", "", network)
