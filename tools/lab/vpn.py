# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The VPN boxes that map networks one to one, all in the lab's internet router. Pure, no podman here.

Sites behind them may have equal networks, so the destination alone tells no way: packets are marked by the address that
was dialled, before it is translated, and each mark has a table of routes.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.lab.network import Mapping

# Any numbers that no other table of routes has (1 to 252 are free: rt_tables of iproute2).
_FIRST_TABLE = 100


def ways(mappings: Sequence[Mapping]) -> list[str]:
    """Commands for ``ip -batch``, once a boot: a table of routes for each mapped network."""
    lines = []
    for number, mapping in enumerate(mappings, start=1):
        lines.append(f"route replace {mapping.own} via {mapping.via} table {_FIRST_TABLE + number}")
        lines.append(f"rule add fwmark {number} lookup {_FIRST_TABLE + number}")
    return lines


def rules(mappings: Sequence[Mapping]) -> list[str]:
    """Lines for ``nft -f`` that map both ways; none where nothing is mapped."""
    if not mappings:
        return []
    numbered = list(enumerate(mappings, start=1))
    return [
        "table ip faxnet_lab_vpn {",
        "chain dialled {",
        "type filter hook prerouting priority mangle",
        *(f"ip daddr {mapping.shown} meta mark set {number}" for number, mapping in numbered),
        "}",
        "chain inward {",
        "type nat hook prerouting priority dstnat",
        *(f"ip daddr {mapping.shown} dnat ip prefix to {mapping.own}" for mapping in mappings),
        "}",
        "chain outward {",
        "type nat hook postrouting priority srcnat",
        *(
            f"iifname {mapping.interface} ip saddr {mapping.own} snat ip prefix to {mapping.shown}"
            for mapping in mappings
        ),
        "}",
        "}",
    ]
