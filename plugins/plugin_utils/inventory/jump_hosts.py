# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who the jump hosts are that Ansible's logins go through: hosts of the plan, or addresses of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property

from ..basics.addresses import Address, AddressError, is_loopback, network_of, parse_address
from ..basics.findings import Finding, short
from ..basics.mapped_networks import own_address
from ..basics.vaulted import VaultedText
from .intent import Host, Jump, Origin
from .logins import UnknownWayError, UnreadableWayError, Way, leaves_login_open, login_way
from .site import Site

#: Of a login that comes from there nothing is claimed.
_NOBODY_KNOWS = (Jump(Origin(), None, None, ""),)
_CURE = "add it to the inventory with its address in ansible_host, or write its address"


class Machines:
    """Finds machines by what people call them: inventory names, what Ansible logs in to, addresses.

    Looked up a few times in inventories of thousands of hosts, so all of it is gathered when it is first asked for.
    """

    def __init__(
        self, variables: Mapping[str, Mapping[str, object]], hosts: Mapping[str, Host], sites: Mapping[str, Site]
    ) -> None:
        self._variables = variables
        self._hosts = hosts
        self._sites = sites

    @cached_property
    def _by_login(self) -> dict[str, list[str]]:
        """Inventory names by ``ansible_host``, as written."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, own in self._variables.items():
            login = own.get("ansible_host")
            if isinstance(login, str):
                found[login.strip().lower()].append(name)
        return found

    @cached_property
    def _by_address(self) -> dict[Address, dict[str, None]]:
        """Hosts of the plan by the addresses that they have, are logged in to at, or wear."""
        found: dict[Address, dict[str, None]] = defaultdict(dict)
        for host in self._hosts.values():
            dialled = (host.login.address,) if host.login is not None and host.login.address is not None else ()
            for address in (*host.addresses, *dialled):
                found[address][host.name] = None
        for site in self._sites.values():
            for gateway in site.own_gateways:
                own = tuple(public.own for public in gateway.public if public.own is not None)
                for address in (*gateway.fixed, *own) if gateway.host in self._hosts else ():
                    found[address][gateway.host] = None
        return found

    def named(self, text: str, near: str) -> Origin | str:
        """Return the machine that a name or an address means, or a sentence that says why it is none.

        Args:
            near: the site in which it most likely stands, where several have one with that address.
        """
        if text in self._hosts:
            several = bool(self._hosts[text].members)
            return "stands for several machines, and a login comes from one" if several else Origin(text)
        own = self._variables.get(text)
        if own is not None:
            addresses = self._addresses_of(own)
            return self.at(addresses[0], near) if addresses else "is a host of the inventory without an address"
        address = _address(text)
        if address is not None:
            return self.at(address, near)
        found = self._by_login.get(text.lower(), [])
        if len(found) == 1 and found[0] != text:
            return self.named(found[0], near)
        return "is more than one host's ansible_host" if found else "is neither a host of the inventory nor an address"

    def at(self, address: Address, near: str) -> Origin | str:
        """Return the machine with an address, or why nobody can tell which one it is."""
        if is_loopback(address):
            return "is this machine itself: where such a tunnel leads cannot be told"
        holders = list(self._by_address.get(address, ()))
        host = self._nearest({name: self._hosts[name].site for name in holders}, near, address.version)
        if host:
            return Origin(host)
        if holders:
            return f"is the address of several hosts: {short(', '.join(holders))}"
        sites = {name: name for name, site in self._sites.items() if any(net.holds(address) for net in site.networks)}
        site = self._nearest(sites, near, address.version)
        if sites and not site:
            return f"lies in several sites: {short(', '.join(sites))}"
        if not sites:
            known = {name: own_address(address, held.mapped) for name, held in self._sites.items() if held.mapped}
            there = next((name for name, own in known.items() if own != address), "")
            if there:  # as the other sites of a realm know it
                return self.at(known[there], there)
        return Origin("", site, network_of(address))

    def _nearest(self, sites: Mapping[str, str], near: str, version: int) -> str:
        """The one of several, by their sites, that is in the site *near*, else in its realm; empty where none is."""
        if len(sites) <= 1:
            return next(iter(sites), "")
        in_site = [name for name, site in sites.items() if site == near]
        realm = self._sites[near].realm_of(version) if near in self._sites else ""
        in_realm = [name for name, site in sites.items() if self._sites[site].realm_of(version) == realm]
        return next((found[0] for found in (in_site, in_realm) if len(found) == 1), "")

    @staticmethod
    def _addresses_of(own: Mapping[str, object]) -> list[Address]:
        given = own.get("faxnet_address") or own.get("ansible_host")
        found = map(_address, given if isinstance(given, (list, tuple)) else (given,))
        return [address for address in found if address is not None]


def _address(value: object) -> Address | None:
    try:
        return parse_address(value)
    except AddressError:
        return None


def with_jumps(
    variables: Mapping[str, Mapping[str, object]],
    hosts: dict[str, Host],
    machines: Machines,
    findings: list[Finding],
    defaults: Mapping[str, object],
) -> dict[str, Host]:
    """Return the hosts with the jump hosts that logins to them go through.

    Args:
        defaults: what ansible.cfg and the command line say of logins.
    """
    reader = _Jumps(machines, findings)
    found = dict(hosts)
    usually_straight = _goes_straight(defaults)
    for name, host in hosts.items():
        if host.login is None or (usually_straight and leaves_login_open(variables[name])):
            continue
        try:
            way = login_way(variables[name], defaults)
        except UnreadableWayError as error:
            message = f"{error}: whom the host has to let in for logins is not known"
            cure = "write the jump hosts with -J or -o ProxyJump=, or let their addresses in by faxnet_management"
            findings.append(Finding("FXN121", (name,), error.variable, short(error.shown), message, cure))
            found[name] = host._replace(login=host.login._replace(jumps=_NOBODY_KNOWS))
            continue
        except UnknownWayError:
            found[name] = host._replace(login=host.login._replace(jumps=_NOBODY_KNOWS))
            continue
        if way is not None:
            found[name] = host._replace(login=host.login._replace(jumps=reader.jumps(host, way)))
    return found


def _goes_straight(defaults: Mapping[str, object]) -> bool:
    """Whether the login to a host that says nothing of it goes through no other."""
    try:
        return login_way({}, defaults) is None
    except (UnreadableWayError, UnknownWayError):
        return False


class _Jumps:
    """Reads ways; hosts of one site that say the same share one tuple."""

    def __init__(self, machines: Machines, findings: list[Finding]) -> None:
        self._machines = machines
        self._findings = findings
        self._known: dict[tuple[str, Way], tuple[tuple[Jump, ...], tuple[tuple[str, str], ...]]] = {}

    def jumps(self, host: Host, way: Way) -> tuple[Jump, ...]:
        known = self._known.get((host.site, way))
        if known is None:
            known = self._known[host.site, way] = self._read(host, way)
        jumps, problems = known
        for name, reason in problems:
            message = f"{reason}: whom the host has to let in for logins is not known"
            self._findings.append(Finding("FXN120", (host.name,), way.variable, short(name), message, _CURE))
        return jumps

    def _read(self, host: Host, way: Way) -> tuple[tuple[Jump, ...], tuple[tuple[str, str], ...]]:
        jumps, problems = [], []
        for stop in way.stops:
            found = self._machines.named(stop.name, host.site)
            if isinstance(found, str):
                problems.append((stop.name, found))
                found = Origin()
            hidden = isinstance(stop.name, VaultedText) and not found.host
            jumps.append(Jump(found._replace(hidden=hidden), _address(stop.name), stop.port, way.variable))
        return tuple(jumps), tuple(problems)
