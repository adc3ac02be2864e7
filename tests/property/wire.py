# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packet simulator: what real routers and hosts do with one new packet, by the policies of a plan and nothing else.

It shares no code with the engine. Machines stand on segments as the inventory says; each translates, accepts or passes
on by the policy in its slice, in the order of the kernel's hooks. Where the inventory says that another device
translates one to one beyond a router, that device stands there; a public address that changes is one of those that it
may be, until it becomes another. A site's routers may stand in a network of another site, where everybody knows the way
to what they do not translate. It never looks at a flow. A machine whose platform remembers nothing also takes
datagrams that look like answers to what its policy lets through or starts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

#: Protocols whose packets have ports; of all others a packet has the port 0 here.
PORTED = ("tcp", "udp", "sctp", "dccp", "udplite")


@dataclass(frozen=True)
class Packet:
    """A connection's first packet, as it looks at one place; of a protocol without ports, any packet."""

    source: str
    destination: str
    transport: str
    port: int
    source_port: int = 40000

    @property
    def version(self) -> int:
        return ipaddress.ip_address(self.destination).version


@dataclass(frozen=True)
class Arrival:
    """Where a packet ended well: the host, the packet as it saw it, and whether a flow's rule let it in."""

    host: str
    packet: Packet
    by_flow: bool


def within(address: str, networks: list[str]) -> bool:
    found = ipaddress.ip_address(address)
    nets = [ipaddress.ip_network(network) for network in networks]
    return any(found in net for net in nets if net.version == found.version)


def has_port(ports: str, port: int) -> bool:
    for part in ports.split(","):
        low, _hyphen, high = part.partition("-")
        if int(low) <= port <= int(high or low):
            return True
    return False


_OUTSIDE = ("public_address", "outside_address", "public_networks")


class AmbiguousError(AssertionError):
    """Two enabled translations want one packet."""


class Wire:
    """The machines of an inventory, holding the policies of a plan."""

    #: Where a packet is said to arrive that leaves all of them behind; empty: nowhere.
    elsewhere = ""

    def __init__(self, sites: dict[str, Any], slices: dict[str, dict[str, Any]]) -> None:
        self.policies = {host: part["policy"] for host, part in slices.items()}
        self.forgetful = {host for host, part in slices.items() if "state" not in part["traits"]["abilities"]}
        self.addresses = {host: part["addresses"] for host, part in slices.items()}
        #: Names that stand for several machines, with their addresses and networks; the one that sends of each.
        self.several = {host: part["stands_for"] for host, part in slices.items() if "stands_for" in part}
        self.one_of: dict[str, str] = {}
        for host in self.several:
            self.one_of[host] = self._one_of(host)
        self.home = {host: part["site"] for host, part in slices.items()}
        self.networks = {name: list(site["networks"]) for name, site in sites.items()}
        self.realm = {name: site.get("realm") for name, site in sites.items()}
        #: Networks that a box beyond all routers of a site makes others of, for packets from and to its realm.
        self.mapped = {name: dict(site.get("mapped_as", {})) for name, site in sites.items()}
        #: What a router has outside where a device beyond it makes another address of that; what it has for a while.
        self.one_to_one: dict[str, dict[str, str]] = {}
        self.now: dict[str, str] = {}
        self.may_be: dict[str, list[str]] = {}
        self.chain: dict[str, list[tuple[str, list[str]]]] = {}
        #: Sites of whose IPv4 nobody says what it wears outside.
        self.unsaid: set[str] = set()
        for name, site in sites.items():
            hops = [dict(hop) for hop in site.get("gateways", ())]
            if "gateway" in site:
                hops = [{"host": site["gateway"]}]
            if site.get("public_address"):
                hops[-1] = {"host": hops[-1]["host"], **{key: site[key] for key in _OUTSIDE if key in site}}
            self.chain[name] = [(hop["host"], self._worn(hop, len(self.chain))) for hop in hops]
            if hops and not self._of(self.chain[name][-1][1], 4) and _hides(slices.get(hops[-1]["host"])):
                # Nobody says what it wears; sites that say nothing meet each other as they are.
                router, worn = self.chain[name][-1]
                changing = self._worn({"host": router, "public_address": "dynamic"}, len(self.chain))
                self.chain[name][-1] = (router, worn + changing)
                self.unsaid.add(name)
        self.around = {name: around for name in self.chain if (around := self._stands_in(name))}

    def _stands_in(self, site: str) -> str:
        """The site in whose network a site's outermost router stands, if it stands in any."""
        if not self.chain[site]:
            return ""
        router, worn = self.chain[site][-1]
        home = self.home.get(router, site)
        elsewhere = home if home != site and all(router != host for host, _worn in self.chain[home]) else ""
        found = [name for name, nets in self.networks.items() if name != site and worn and within(worn[0], nets)]
        return elsewhere if elsewhere in found or not worn else next(iter(found), "")

    def _realm_at(self, site: str, version: int) -> str:
        """What a site's packets may go through without translation: a realm, the site, what it stands in, or all."""
        named = self.realm[site] if site else ""
        if named is not None:
            return named
        said = self.chain[site][:-1] if version == 4 and site in self.unsaid else self.chain[site]
        if any(self._of(worn, version) for _host, worn in said):
            return f"site {site}"
        return self._realm_at(self.around.get(site, ""), version)

    @staticmethod
    def _of(addresses: list[str], version: int) -> list[str]:
        return [item for item in addresses if ipaddress.ip_address(item).version == version]

    def _within(self, site: str, version: int) -> list[str]:
        """The sites whose routers stand in a site's networks, and that are of its realm."""
        realm = self._realm_at(site, version)
        return [
            name for name, around in self.around.items() if around == site and self._realm_at(name, version) == realm
        ]

    def _leads_to(self, site: str, destination: str, chain: list[tuple[str, list[str]]]) -> bool:
        """Whether an address is in a site, one of some of its routers, or in a site of its realm that stands in it."""
        inner = self._within(site, ipaddress.ip_address(destination).version)
        held = within(destination, self.networks[site]) or self._is_router(destination, chain)
        return held or any(self._leads_to(name, destination, self.chain[name]) for name in inner)

    def _worn(self, hop: dict[str, Any], number: int) -> list[str]:
        router, worn = hop["host"], _list(hop.get("public_address"))
        if "dynamic" in worn:
            networks = [ipaddress.ip_network(text) for text in hop.get("public_networks", [f"185.99.{number}.0/24"])]
            self.may_be.setdefault(router, [str(network[len(list(network)[:9]) - 1]) for network in networks])
            self.now.setdefault(router, self.may_be[router][0])
            worn = [self.now[router] if text == "dynamic" else text for text in worn]
        for own in _list(hop.get("outside_address")):
            for text in worn:
                if (":" in own) == (":" in text):
                    self.one_to_one.setdefault(router, {})[text] = own
        return worn

    def wear(self, router: str, address: str) -> None:
        """Give a router whose public address changes another one."""
        before, self.now[router] = self.now[router], address
        for chain in self.chain.values():
            for host, public in chain:
                if host == router and before in public:
                    public[public.index(before)] = address
        outside = self.one_to_one.get(router, {})
        if before in outside:
            outside[address] = outside.pop(before)

    def changes(self) -> Iterator[None]:
        """Let addresses change until each router has had one of each of its networks."""
        for number in range(max(map(len, self.may_be.values()), default=1)):
            for router, addresses in self.may_be.items():
                self.wear(router, addresses[number % len(addresses)])
            yield

    def for_a_while(self, router: str) -> list[str]:
        """What a router has outside that it will not keep, if anything."""
        now = self.now.get(router)
        return [now] if now is not None and now not in self.one_to_one.get(router, {}) else []

    def sent_as(self, host: str, source: str) -> str:
        """The address that a host's packets set out with, by what a flow says of it."""
        if host in self.several:
            return self.one_of[host]
        return self.now[host] if "/" in source else source

    def dialled(self, flow: dict[str, Any]) -> str:
        """The address that a flow's packets are sent to; of several machines, that of one."""
        if flow["destination"] not in self.several:
            return str(flow["dial"])
        mapped = self.mapped[self.home[flow["destination"]]] if flow["dial"] != flow["destination_address"] else {}
        return _moved(self.one_of[flow["destination"]], mapped)

    def _one_of(self, host: str) -> str:
        """An address of one of several machines, which no other host has; the first that is named."""
        if self.addresses[host]:
            return str(self.addresses[host][0])
        own = {address for addresses in self.addresses.values() for address in addresses} | {*self.one_of.values()}
        network = ipaddress.ip_network(self.several[host][0])
        return next(text for text in (str(network[number]) for number in range(2, 250)) if text not in own)

    def send(self, host: str, packet: Packet) -> Arrival | None:
        """Send a packet from a host that wears `packet.source` already."""
        site = self.home[host]
        if any(host == router for chain in self.chain.values() for router, _public in chain):
            return self._way_on(host, packet.destination)(packet)
        return self.send_from(site, packet)

    def send_from(self, site: str, packet: Packet) -> Arrival | None:
        """Send a packet from a machine inside a site that is no host; it wears `packet.source` already."""
        return self._on_segment(site, packet, [net for net in self.networks[site] if within(packet.source, [net])])

    def _on_segment(self, site: str, packet: Packet, leg: list[str]) -> Arrival | None:
        """A packet in a site's own networks, sent by a machine that stands in some of them."""
        first = self.chain[site][0][0] if self.chain[site] else ""
        if within(packet.destination, self.networks[site]):
            near = not first or not leg or within(packet.destination, leg)
            return self._deliver(site, packet) if near else self._router(first, packet, inside=True)
        for name in self._within(site, packet.version):
            if self._leads_to(name, packet.destination, self.chain[name]):
                stands = self._leg(name, packet.version)
                near = not first or not leg or not stands or leg == stands
                return self._router(self.chain[name][-1][0] if near else first, packet, inside=not near)
        return self._router(first, packet, inside=True) if first else self._outside(site, packet)

    def _leg(self, site: str, version: int) -> list[str]:
        """The network around a site in which its outermost router stands."""
        router, worn = self.chain[site][-1]
        around = self.around[site]
        shown = self._of(worn, version) or (self.addresses[router] if self.home[router] == around else [])
        shown = self._of(shown, version)
        return [net for net in self.networks[around] if shown and within(shown[0], [net])]

    def _router(self, name: str, packet: Packet, *, inside: bool = False) -> Arrival | None:
        policy, outside = self.policies[name], self.one_to_one.get(name, {})
        if not inside:
            packet = replace(packet, destination=outside.get(packet.destination, packet.destination))
        targets = {
            (entry["target"], entry.get("becomes"))
            for entry in policy["destination_nat"]
            if entry["enabled"]
            and within(packet.source, [entry["source"]])
            and not (entry["source"].endswith("/0") and within(packet.source, policy["networks"]))
            and entry["address"] == packet.destination
            and entry["transport"] == packet.transport
            and has_port(entry["ports"], packet.port)
        }
        if len(targets) > 1:
            raise AmbiguousError(f"{name}: {packet} goes to {targets}")
        worn = None
        if targets:
            target, worn = targets.pop()
            packet = replace(packet, destination=target)
        for_a_while = self.for_a_while(name)
        if packet.destination in (*self.addresses[name], *policy["public"], *for_a_while):
            return self._input(name, packet)
        if not self._passes(name, policy, packet):
            return None
        way = self._way_on(name, packet.destination)
        if worn is not None:
            return way(replace(packet, source=worn))
        for nat in policy["source_nat"]:
            inside = nat["version"] == packet.version and within(packet.source, nat["networks"])
            if inside and not within(packet.destination, nat["except"]):
                packet = replace(packet, source=nat["address"] or for_a_while[0])
                break
        return way(packet)

    def _passes(self, name: str, policy: dict[str, Any], packet: Packet) -> bool:
        inside = policy["networks"]
        free = within(packet.source, inside) and not within(packet.destination, inside)
        answered = name in self.forgetful and _answered(policy["forward"], packet)
        if policy["stance"] != "exclusive":
            return True
        carried = any(_carries(entry, packet) for entry in policy["forward_permits"])
        return (policy["outbound"] == "any" and free) or answered or carried or _permitted(policy["forward"], packet)

    def _way_on(self, router: str, destination: str) -> Callable[[Packet], Arrival | None]:
        """A router's routing table: inside for what is inside, outward for the rest."""
        stands = [
            (site, index)
            for site, chain in self.chain.items()
            for index, (host, _public) in enumerate(chain)
            if host == router
        ]
        for site, index in stands:
            inner = self.chain[site][index - 1] if index else None
            deeper = self.chain[site][:index]
            shown = any(destination in public for _host, public in deeper)
            held = shown or self._leads_to(site, destination, deeper)
            if inner is not None and held:
                return lambda packet: self._router(inner[0], packet)
            if inner is None and held:
                return lambda packet: self._on_segment(site, packet, [])
        site, index = next((stand for stand in stands if stand[0] == self.home[router]), stands[0])
        shown = {own: public for public, own in self.one_to_one.get(router, {}).items()}
        if index + 1 < len(self.chain[site]):
            return lambda packet: self._router(self.chain[site][index + 1][0], _from(packet, shown), inside=True)
        return lambda packet: self._outside(site, _from(packet, shown))

    def _outside(self, origin: str, packet: Packet) -> Arrival | None:
        """A packet beyond all routers of a site: on the Internet and all that routes like it, or in a site around."""
        if origin in self.around:
            return self._on_segment(self.around[origin], packet, self._leg(origin, packet.version))
        if self.realm.get(origin) is not None and packet.version == 4:
            packet, other = self._over_the_vpn(origin, packet)
            if other:
                chain = self.chain[other]
                return self._router(chain[-1][0], packet) if chain else self._on_segment(other, packet, [])
        for site, chain in self.chain.items():
            if site in self.around:
                continue
            shown = [a for _host, public in chain for a in public if ipaddress.ip_address(a).version == packet.version]
            if shown and shown[-1] == packet.destination:
                return self._router(chain[-1][0], packet)
            near = self._realm_at(site, packet.version) == self._realm_at(origin, packet.version)
            near = near and (packet.version == 6 or not self.mapped[site])
            if self._leads_to(site, packet.destination, chain) and (near or not shown):
                return self._router(chain[-1][0], packet) if chain else self._on_segment(site, packet, [])
        return Arrival(self.elsewhere, packet, by_flow=True) if self.elsewhere else None

    def _over_the_vpn(self, origin: str, packet: Packet) -> tuple[Packet, str]:
        """A packet to another site of a realm as the VPN hands it over, and that site where its networks are mapped."""
        for site in self.chain:
            if site == origin or self.realm[site] != self.realm[origin]:
                continue
            if not self.mapped[site]:
                if self.mapped[origin] and self._leads_to(site, packet.destination, self.chain[site]):
                    return replace(packet, source=_moved(packet.source, self.mapped[origin])), ""
                continue
            own = _moved(packet.destination, {shown: net for net, shown in self.mapped[site].items()})
            others = [net for net in self.networks[site] if net not in self.mapped[site]]
            if own != packet.destination or within(packet.destination, others):
                return replace(packet, source=_moved(packet.source, self.mapped[origin]), destination=own), site
        return packet, ""

    def _is_router(self, address: str, chain: list[tuple[str, list[str]]]) -> bool:
        """Whether a router of a chain has an address for its own, which may lie in the network between two routers."""
        return any(address in self.addresses[router] for router, _public in chain)

    def _deliver(self, site: str, packet: Packet) -> Arrival | None:
        for name, around in self.around.items():
            # A router that stands here may forward what comes to it.
            router, worn = self.chain[name][-1]
            if around == site and packet.destination in worn:
                return self._router(router, packet)
        legs = {router for router, _public in self.chain[site]}
        for host, addresses in self.addresses.items():
            if packet.destination in addresses and (self.home[host] == site or host in legs):
                # A router may turn what comes to its own address.
                return self._router(host, packet, inside=True) if host in legs else self._input(host, packet)
        for host in self.several:
            if self.home[host] == site and packet.destination == self.one_of[host]:
                return self._input(host, packet)
        return Arrival(self.elsewhere, packet, by_flow=True) if self.elsewhere else None

    def _input(self, host: str, packet: Packet) -> Arrival | None:
        policy = self.policies[host]
        if _permitted(policy["input"], packet) or (host in self.forgetful and _answered(policy["output"], packet)):
            return Arrival(host, packet, by_flow=True)
        openings = (*policy["management"], *policy["openings"])
        named = any(_names(opening, packet) and within(packet.source, opening["sources"]) for opening in openings)
        if named or links_need(packet) or policy["stance"] != "exclusive":
            return Arrival(host, packet, by_flow=False)
        return None


def _moved(address: str, networks: dict[str, str]) -> str:
    """An address at its place in the network that its own one is made to, if it is made to any."""
    for here, there in networks.items():
        if within(address, [here]):
            place = int(ipaddress.ip_address(address)) - int(ipaddress.ip_network(here)[0])
            return str(ipaddress.ip_network(there)[place])
    return address


def _hides(part: dict[str, Any] | None) -> bool:
    """Whether a router's rules hide who is behind it under whatever address it has."""
    return part is not None and any(nat["address"] is None for nat in part["policy"]["source_nat"])


def _from(packet: Packet, shown: dict[str, str]) -> Packet:
    """A packet after the device beyond a router that translates one to one."""
    return replace(packet, source=shown.get(packet.source, packet.source))


def _permitted(entries: list[dict[str, Any]], packet: Packet) -> bool:
    return any(
        entry["enabled"]
        and within(packet.source, [entry["source"]])
        and within(packet.destination, [entry["destination"]])
        and entry["transport"] == packet.transport
        and has_port(entry["ports"], packet.port)
        and (entry["source_ports"] is None or has_port(entry["source_ports"], packet.source_port))
        for entry in entries
    )


def _carries(entry: dict[str, Any], packet: Packet) -> bool:
    """Whether a forward permit is for a packet; here nothing is translated by others, and interfaces have no names."""
    return (
        not entry["translated"]
        and _names(entry, packet)
        and (not entry["sources"] or within(packet.source, entry["sources"]))
        and (not entry["destinations"] or within(packet.destination, entry["destinations"]))
    )


def _names(entry: dict[str, Any], packet: Packet) -> bool:
    """Whether an opening or a forward permit is for a packet's protocol and port."""
    is_for = entry["transport"] in (packet.transport, "any") or (entry["transport"], packet.transport) == (
        "icmp",
        "icmpv6",
    )
    return is_for and (entry["ports"] is None or (packet.transport in PORTED and has_port(entry["ports"], packet.port)))


def links_need(packet: Packet) -> bool:
    """Whether every host takes a packet whatever the plan says: a ping ("icmp" by either IP version), or IGMP."""
    return (packet.transport, packet.version) in (("icmp", 4), ("icmp", 6), ("icmpv6", 6), ("igmp", 4))


def answers(flow: dict[str, Any], packet: Packet) -> bool:
    """Whether a datagram looks like the answer to a flow, at the host that starts it."""
    return (
        (flow["transport"], packet.transport) == ("udp", "udp")
        and within(packet.source, flow["dial"].split(", "))
        and within(packet.destination, flow["source_address"].split(", "))
        and has_port(flow["ports"], packet.source_port)
        and has_port(flow["source_ports"] or "1-65535", packet.port)
    )


def _answered(entries: list[dict[str, Any]], packet: Packet) -> bool:
    """Whether a datagram looks like the answer to one that an entry permits. TCP's first packets never do."""
    back = Packet(packet.destination, packet.source, packet.transport, packet.source_port, packet.port)
    return packet.transport == "udp" and has_port("1-65535", packet.port) and _permitted(entries, back)


def _list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
