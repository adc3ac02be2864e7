# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sites of a plan document, as a topology needs them: addresses parsed, and which one stands in which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.addresses import Address, Prefix, parse_address, parse_prefix
from ..basics.mapped_networks import Mapped
from .changing import changing_addresses


@dataclass(frozen=True, slots=True)
class PlanSite:
    """One site.

    Attributes:
        gateways: all that stand between it and the outside, inside first; *public* and *outside* are theirs.
        own: how many of them are its own; the others are those of the sites around it.
        levels: the site, the one in whose network its own routers stand, and so on outward.
        nested: the sites whose routers stand in its network.
        realm: the sites of one meet each other under their own addresses; one whose networks are mapped is its own.
        met_in: the same, with sites that meet under what their networks are mapped to.
        mapped: those networks, which a device beyond all of its gateways maps.
    """

    name: str
    networks: tuple[Prefix, ...]
    gateways: tuple[str, ...]
    public: tuple[tuple[Address, ...], ...]
    outside: tuple[Mapping[Address, Address], ...]
    realm: Mapping[int, str]
    own: int
    levels: tuple[str, ...]
    nested: tuple[str, ...]
    met_in: Mapping[int, str]
    mapped: tuple[Mapped, ...]

    def holds(self, address: Address) -> bool:
        """Whether an address lies in one of its networks."""
        return self.network_of(address) is not None

    def network_of(self, address: Address) -> Prefix | None:
        """The network of its that holds an address."""
        return next((network for network in self.networks if network.holds(address)), None)

    def outermost(self, version: int, since: int = 0, until: int | None = None) -> Address | None:
        """The address that the gateways from index *since* to before *until* show to what is further out."""
        worn = [address for public in self.public[since:until] for address in public if address.version == version]
        return worn[-1] if worn else None


def plan_sites(plan: Mapping[str, Any]) -> tuple[dict[str, PlanSite], frozenset[Address]]:
    """Return the sites of a plan document by name, and the addresses that only stand for changing ones."""
    changing = changing_addresses(plan)
    nested: dict[str, list[str]] = {}
    for name, data in plan["sites"].items():
        if "within" in data:
            nested.setdefault(data["within"], []).append(name)
    sites = {name: _site(name, plan, changing, tuple(nested.get(name, ()))) for name in plan["sites"]}
    return sites, frozenset(changing.values())


def _site(name: str, plan: Mapping[str, Any], changing: Mapping[str, Address], nested: tuple[str, ...]) -> PlanSite:
    data, public, outside = plan["sites"][name], [], []
    for gateway in data["gateways"]:
        worn = [*map(parse_address, gateway["public"])]
        worn += [changing[gateway["host"]]] if gateway["dynamic"] else []
        own = {address.version: address for address in map(parse_address, gateway["outside"])}
        public.append(tuple(sorted(worn)))
        outside.append({address: own[address.version] for address in worn if address.version in own})
    levels = [name]
    while "within" in plan["sites"][levels[-1]]:
        levels.append(plan["sites"][levels[-1]]["within"])
    met_in = {int(version): realm for version, realm in data["realm"].items()}
    pairs = data.get("mapped_as", {}).items()
    mapped = tuple(Mapped(parse_prefix(own), parse_prefix(shown)) for own, shown in pairs)
    further = len(plan["sites"][levels[1]]["gateways"]) if len(levels) > 1 else 0
    return PlanSite(
        name,
        tuple(map(parse_prefix, data["networks"])),
        tuple(gateway["host"] for gateway in data["gateways"]),
        tuple(public),
        tuple(outside),
        {**met_in, 4: f"site {name}"} if mapped else met_in,
        len(data["gateways"]) - further,
        tuple(levels),
        nested,
        met_in,
        mapped,
    )
