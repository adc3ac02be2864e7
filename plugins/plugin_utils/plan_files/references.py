# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan's documents say of each other and of ports, addresses and names: checked where they are read.

Their shape has been checked before (shapes.py). A policy's own addresses and ports are read, and refused, by
policies/read_policy.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from ..basics.addresses import AddressError, parse_address, parse_prefix
from ..basics.ports import PortError, parse_ranges
from ..basics.protocols import has_ports, is_protocol
from ..policies.policy import MANAGEMENT
from .shapes import malformed

#: An end of a flow that is no host: everybody.
INTERNET = "internet"


@lru_cache(maxsize=65536)
def _are_ports(text: str) -> bool:
    try:
        return bool(parse_ranges(text))
    except PortError:
        return False


@lru_cache(maxsize=65536)
def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


@lru_cache(maxsize=65536)
def _is_prefix(text: str) -> bool:
    try:
        parse_prefix(text)
    except AddressError:
        return False
    return True


class References:
    """Checks one document.

    Args:
        where: its path, for messages.
        cure: how to get a good one.

    Its methods raise PlanFileError with the place and the value.
    """

    def __init__(self, where: str, cure: str) -> None:
        self._where = where
        self._cure = cure

    def refuse(self, place: str, value: object, problem: str) -> None:
        """Refuse a value."""
        raise malformed(self._where, place, value, problem, self._cure)

    def _each(self, place: str, values: Iterable[str], is_sound: Callable[[str], bool], problem: str) -> None:
        for number, value in enumerate(values):
            if not is_sound(value):
                self.refuse(f"{place}[{number}]", value, problem)

    def flows(self, flows: Iterable[Mapping[str, Any]], exchanges: Collection[tuple[str, str]]) -> None:
        """Each flow's exchange is there, its ports and its version are such."""
        for number, flow in enumerate(flows):
            if (flow["service"], flow["exchange"]) not in exchanges:
                name = f"{flow['service']}.{flow['exchange']}"
                self.refuse(f"flows[{number}].exchange", name, "which is none of the exchanges here")
            if not flow["id"].startswith(f"{flow['service']}.{flow['exchange']}/"):
                self.refuse(
                    f"flows[{number}].id", flow["id"], "and does not begin with the flow's service and exchange"
                )
            if flow["version"] not in (4, 6):
                self.refuse(f"flows[{number}].version", flow["version"], "and neither 4 nor 6")
            for key in ("ports", "source_ports"):
                if flow[key] is not None and not _are_ports(flow[key]):
                    self.refuse(f"flows[{number}].{key}", flow[key], "and not ports such as 7488 or 10000-10099")
            if flow["idle"] is not None and flow["idle"] < 1:
                self.refuse(f"flows[{number}].idle", flow["idle"], "and not a number of seconds")

    def openings(self, place: str, openings: Iterable[Mapping[str, Any]]) -> None:
        """Each opening's ports and sources are such."""
        for number, opening in enumerate(openings):
            if not is_protocol(opening["transport"]):
                self.refuse(f"{place}[{number}].transport", opening["transport"], "and not a protocol such as tcp")
            if opening["ports"] is None and has_ports(opening["transport"]):
                self.refuse(f"{place}[{number}].ports", None, f"and {opening['transport']} needs ports")
            if opening["ports"] is not None and not _are_ports(opening["ports"]):
                self.refuse(f"{place}[{number}].ports", opening["ports"], "and not ports such as 7488 or 10000-10099")
            self._each(
                f"{place}[{number}].sources", opening["sources"], _is_prefix, "and not a network such as 10.1.0.0/24"
            )

    def forward_permits(self, place: str, permits: Iterable[Mapping[str, Any]]) -> None:
        """Each permit's protocol, ports and ends are such."""
        for number, permit in enumerate(permits):
            self.openings(place, [{**permit, "sources": ()}])
            for key in ("sources", "destinations"):
                self._each(f"{place}[{number}].{key}", permit[key], _is_prefix, "and not a network such as 10.1.0.0/24")

    def passed(self, place: str, entries: Iterable[Mapping[str, Any]]) -> None:
        """Each entry of what a router lets through for management has ports and two ends."""
        for number, entry in enumerate(entries):
            if not _are_ports(entry["ports"]):
                self.refuse(f"{place}[{number}].ports", entry["ports"], "and not ports such as 7488 or 10000-10099")
            self._each(f"{place}[{number}]", (entry["source"], entry["destination"]), _is_prefix, "and no network")

    def addresses(self, place: str, addresses: Iterable[str]) -> None:
        """Each is an address."""
        self._each(place, addresses, _is_address, "and not an address such as 10.1.0.10")

    def networks(self, place: str, networks: Iterable[str]) -> None:
        """Each is a network."""
        self._each(place, networks, _is_prefix, "and not a network such as 10.1.0.0/24")

    def one_of(self, place: str, value: str, known: Collection[str], what: str) -> None:
        """A name is known."""
        if value not in known:
            self.refuse(place, value, f"which is {what}")

    def permits(self, policy: Mapping[str, Any], titles: Collection[str]) -> None:
        """Each permit and translation names flows of exchanges that are there."""
        for section in ("input", "forward", "output", "destination_nat"):
            for number, entry in enumerate(policy[section]):
                place = f"policy.{section}[{number}].flows"
                if not entry["flows"]:
                    self.refuse(place, entry["flows"], "and nothing is opened that no flow names")
                exchange = entry["flows"][0].partition("/")[0]
                if exchange not in titles and exchange != MANAGEMENT:
                    self.refuse(f"{place}[0]", entry["flows"][0], "which begins with none of the exchanges here")


def _length(network: str) -> int:
    return parse_prefix(network).length


def _check_sites(found: References, plan: Mapping[str, Any]) -> None:
    for name, site in plan["sites"].items():
        found.networks(f"sites.{name}.networks", site["networks"])
        mapped = site.get("mapped_as", {})
        found.networks(f"sites.{name}.mapped_as", mapped)
        found.networks(f"sites.{name}.mapped_as", mapped.values())
        if any(_length(own) != _length(shown) for own, shown in mapped.items()):
            found.refuse(f"sites.{name}.mapped_as", mapped, "whose networks differ in size")
        if "within" in site:
            place = f"sites.{name}.within"
            found.one_of(place, site["within"], plan["sites"], "none of the sites here")
            further = plan["sites"][site["within"]]["gateways"]
            routers = len(site["gateways"]) - len(further)
            if routers < 1 or site["gateways"][routers:] != further:
                found.refuse(place, site["within"], "whose gateways are not the last ones of this site")
        for number, gateway in enumerate(site["gateways"]):
            place = f"sites.{name}.gateways[{number}]"
            found.one_of(f"{place}.host", gateway["host"], plan["hosts"], "none of the hosts here")
            found.addresses(f"{place}.public", gateway["public"])
            found.addresses(f"{place}.outside", gateway["outside"])
            found.networks(f"{place}.public_networks", gateway["public_networks"])


def check_plan(plan: Mapping[str, Any], where: str, cure: str) -> None:
    """Refuse a plan document whose parts do not fit each other.

    Raises:
        PlanFileError: with the place and the value.
    """
    found = References(where, cure)
    _check_sites(found, plan)
    for name, host in plan["hosts"].items():
        found.one_of(f"hosts.{name}.site", host["site"], plan["sites"], "none of the sites here")
        found.one_of(f"hosts.{name}.platform", host["platform"], plan["platforms"], "none of the platforms here")
        found.addresses(f"hosts.{name}.addresses", host["addresses"])
        found.networks(f"hosts.{name}.stands_for", host.get("stands_for", ()))
    for section in ("management", "openings"):
        for name, openings in plan[section].items():
            found.one_of(f"{section}.{name}", name, plan["hosts"], "none of the hosts here")
            found.openings(f"{section}.{name}", openings)
    for name, router in plan["routers"].items():
        found.one_of(f"routers.{name}", name, plan["hosts"], "none of the hosts here")
        found.passed(f"routers.{name}.management", router["management"])
    for name in plan["accepted_losses"]:
        found.one_of(f"accepted_losses.{name}", name, plan["hosts"], "none of the hosts here")
    for name, permits in plan["forward_permits"].items():
        found.one_of(f"forward_permits.{name}", name, plan["hosts"], "none of the hosts here")
        found.forward_permits(f"forward_permits.{name}", permits)
    for section in ("offers", "uses"):
        for number, entry in enumerate(plan[section]):
            place = f"{section}[{number}]"
            found.one_of(f"{place}.host", entry["host"], plan["hosts"], "none of the hosts here")
            found.one_of(f"{place}.service", entry["service"], plan["services"], "none of the services here")
    _check_flows(found, plan)


def _check_flows(found: References, plan: Mapping[str, Any]) -> None:
    for service, listed in plan["services"].items():
        for number, each in enumerate(listed):
            if each["service"] != service:
                found.refuse(
                    f"services.{service}[{number}].service", each["service"], "and stands under another service"
                )
    exchanges = {(service, each["name"]) for service, listed in plan["services"].items() for each in listed}
    found.flows(plan["flows"], exchanges)
    for number, flow in enumerate(plan["flows"]):
        for key in ("source", "destination"):
            end = flow[key]
            if end not in plan["hosts"] and end != INTERNET and not _is_prefix(end):
                found.refuse(f"flows[{number}].{key}", end, "which is no host here")


def check_slice(part: Mapping[str, Any], where: str, cure: str) -> None:
    """Refuse a slice whose parts do not fit each other.

    Raises:
        PlanFileError: with the place and the value.
    """
    found = References(where, cure)
    found.addresses("addresses", part["addresses"])
    found.networks("stands_for", part.get("stands_for", ()))
    found.flows(part["flows"], {(each["service"], each["name"]) for each in part["exchanges"]})
    found.permits(part["policy"], {f"{each['service']}.{each['name']}" for each in part["exchanges"]})
    for number, use in enumerate(part["uses"]):
        if not 0 <= use["instructions"] < len(part["instructions"]):
            place = f"uses[{number}].instructions"
            found.refuse(place, use["instructions"], "and there are no such instructions here")
