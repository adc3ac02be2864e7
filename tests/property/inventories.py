# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random inventories: sites of every kind, servers and clients anywhere in them, wishes of every kind."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from tests.property.nested_inventories import nest_sites
from tests.unit.networks import Network

#: Kinds of sites: the number of gateways, and how they translate.
SITE_KINDS = (
    *("nat", "double nat", "internet", "internet with router", "shared router", "two networks", "dual stack"),
    *("one to one", "double one to one", "changing", "changing in two networks", "changing anywhere", "unsaid"),
)
SYSTEMS = (None, "windows", "windows_xp_pro", "linux")
#: Further services that a server may offer, with what an offer may say of them.
OTHERS: dict[str, tuple[dict[str, Any], ...]] = {
    "faxpress": ({}, {"port": 5644}, {"exchanges": {"alert": False}}),
    "kerio_connect": (
        {},
        {"exchanges": {"smtp": True}, "public": True},
        {"version": "console", "exchanges": ["admin", "log", "imaps"], "public": True},
        {"exchanges": ["smtp", "smtp_out"], "public": []},
        {"exchanges": ["web_admin"], "public": []},
    ),
    "kerio_control": ({}, {"enabled": False}, {"version": "console"}, {"public": []}),
    "gateway": (
        {},
        {"public": True},
        {"public": True, "exchanges": {"media": True}, "resolvers": ["192.0.2.53"]},
        {"public": [], "exchanges": {"media": True}},
    ),
}
#: Addresses and networks that no site has.
STRANGERS = ("198.51.200.7", "198.51.200.64/26", "2001:db8:eeee::/64")
#: What else a host may let in.
PERMITS: tuple[dict[str, Any], ...] = (
    {"name": "web", "ports": "80"},
    {"name": "media", "ports": "10000-20000"},
    {"name": "names", "protocols": ["tcp", "udp"], "ports": [53, 853]},
    {"name": "vpn", "protocols": ["udp", "esp"], "ports": "500,4500"},
    {"name": "friend", "protocols": "any", "sources": ["10.1.0.0/24", "198.51.2.0/24"]},
)
#: What else a router may carry.
FORWARD_PERMITS: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    (),
    ({"name": "vpn", "from": ["10.1.0.0/16"], "to": ["172.16.0.0/12", "10.2.0.0/16"], "both_directions": True},),
    ({"name": "names", "to": "10.2.0.0/16", "protocols": ["tcp", "udp"], "ports": [53, 7488]},),
    (
        {
            "name": "site",
            "from": "198.51.0.0/16",
            "to_interfaces": "wg*",
            "protocols": ["gre", "tcp"],
            "ports": "10000-20000",
        },
    ),
    ({"name": "published", "only_translated": True},),
)
#: A gateway whose media leave for any port of anybody, and that asks name servers.
GATEWAY: dict[str, Any] = {
    "settings": {"media": {"kind": "ports", "default": "40000-40019"}, "resolvers": {"kind": "addresses"}},
    "exchanges": [
        {"name": "call", "initiator": "client", "transport": "udp", "ports": 5070, "with": "everyone", "idle": 600},
        {
            "name": "media",
            "initiator": "client",
            "transport": "udp",
            "ports": "media",
            "with": "everyone",
            "default": False,
        },
        {"name": "out", "initiator": "server", "transport": "udp", "ports": "any", "source_ports": "media"},
        {"name": "ask", "initiator": "server", "transport": "udp", "ports": 53, "with": "resolvers"},
    ],
    "sources": [{"document": "made up for these tests"}],
}
GATEWAY["exchanges"][2] |= {"with": "internet", "part_of": "media"}
for _exchange in GATEWAY["exchanges"]:
    _exchange["purpose"] = "test"
ENVIRONMENTS = ("single_user", "remote_desktop", "terminal_server", "fast_user_switching")
PLATFORMS = ("nftables", "nftables", "nftables", "nftables_stateless")
#: Named ranges and fixed ports come from few values, so that clients get into each other's way.
LOWS = (7480, 10950, 12000, 12050, 20000)
PORTS = (7485, 7488, 7499, 12010)


def add_site(net: Network, name: str, number: int, kind: str, twin_network: bool) -> None:
    """Add a site of a kind, with addresses that its number makes unique, or the one network that everybody has."""
    private = "192.168.1" if twin_network else f"10.{number}.0"
    router = f"{name}-router"
    public = f"203.0.113.{number}"
    if kind == "nat":
        net.site(name, f"{private}.0/24", gateway=router, public=public)
    elif kind == "double nat":
        net.sites[name] = {
            "networks": [f"{private}.0/24"],
            "gateways": [
                {"host": f"{name}-inner", "public_address": f"192.168.100.{number}"},
                {"host": router, "public_address": public},
            ],
        }
        net.hosts[f"{name}-inner"] = {"faxnet_address": f"{private}.1"}
        net.hosts[router] = {"faxnet_address": f"192.168.100.{100 + number}"}
    elif kind == "internet":
        net.site(name, f"198.51.{number}.0/24")
    elif kind == "unsaid":
        net.site(name, f"10.{number}.0.0/24", gateway=router)
    elif kind == "internet with router":
        net.site(name, f"198.51.{number}.0/24", gateway=router)
    elif kind == "shared router":
        for floor in (0, 1):
            net.site(f"{name}-{floor}", f"10.{number}.{floor}.0/24", gateway=router, public=public, realm=name)
        net.hosts[router]["faxnet_address"] = f"10.{number}.0.1"
    elif kind == "two networks":
        net.site(name, f"10.{number}.0.0/24", f"10.{number}.1.0/24", gateway=router, public=public)
        net.hosts[router]["faxnet_address"] = f"10.{number}.0.1"
    elif kind == "dual stack":
        net.site(name, f"{private}.0/24", f"2001:db8:{number}::/64", gateway=router, public=public)
    else:
        add_hidden_site(net, name, number, kind, f"{private}.0/24")


def add_hidden_site(net: Network, name: str, number: int, kind: str, network: str) -> None:
    """Add a site whose router does not have its public address itself, or not for long."""
    router = f"{name}-router"
    net.site(name, network, gateway=router, public=f"203.0.113.{number}")
    site = net.sites[name]
    if kind == "one to one":
        site["outside_address"] = "192.168.77.2"
    elif kind == "double one to one":
        inner = {"host": f"{name}-inner", "public_address": f"192.168.100.{number}", "outside_address": "172.16.0.2"}
        outer = {"host": router, "public_address": site.pop("public_address"), "outside_address": "172.17.0.2"}
        del site["gateway"]
        site["gateways"] = [inner, outer]
        net.hosts[f"{name}-inner"] = {"faxnet_address": network.replace(".0/24", ".1")}
        net.hosts[router] = {"faxnet_address": f"192.168.100.{100 + number}"}
    else:
        site["public_address"] = "dynamic"
        if kind != "changing anywhere":
            site["public_networks"] = [f"185.10.{number}.0/24"]
        if kind == "changing in two networks":
            site["public_networks"].append(f"185.20.{number}.0/29")
            site["outside_address"] = "192.168.77.2"


def changes(net: Network, site: str) -> bool:
    """Whether nobody outside knows a site's address."""
    held = net.sites.get(site, {})
    unsaid = "gateway" in held and "public_address" not in held and held["networks"][0].startswith("10.")
    worn = (held.get("public_address"), *(hop.get("public_address") for hop in held.get("gateways", ())))
    return unsaid or any("dynamic" in said for said in worn if said is not None)


def site_of(router: str) -> str:
    """The site that a router is named for."""
    return router.removesuffix("-router").removesuffix("-inner")


def without_calls(draw: st.DrawFn, net: Network, site: str, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Uses of a client: where its address changes, mostly without call-backs, so that there is a plan."""
    if not changes(net, site) or draw(st.integers(0, 7)) == 0:
        return wanted
    return [not_called(use) for use in wanted]


def not_called(use: dict[str, Any]) -> dict[str, Any]:
    """A use without call-backs."""
    return {**use, "exchanges": {"scp": False}} if use["service"] == "netcfax" else use


def address_in(draw: st.DrawFn, net: Network, site: str, number: int) -> Any:
    """An address of each IP version that the site has, on one of its networks."""
    found: list[str] = []
    fours = [item for item in net.sites[site]["networks"] if ":" not in item]
    sixes = [item for item in net.sites[site]["networks"] if ":" in item]
    if fours:
        found.append(draw(st.sampled_from(fours)).partition("/")[0][:-1] + str(number))
    with_six: bool = draw(st.booleans())
    if sixes and with_six:
        found.append(sixes[0].partition("/")[0] + f"{number:x}")
    return found


def several_in(draw: st.DrawFn, net: Network, site: str) -> Any:
    """The addresses of several machines of a site: a network of it, a part of one, or some addresses beside that."""
    network: str = draw(st.sampled_from(net.sites[site]["networks"]))
    base, _slash, _length = network.partition("/")
    part = f"{base}80/121" if ":" in base else f"{base[:-1]}128/25"
    one, other = (f"{base}{number:x}" if ":" in base else f"{base[:-1]}{number}" for number in (231, 232))
    choices: tuple[Any, ...] = (network, [network], part, [one, part], [one, other])
    return draw(st.sampled_from(choices))


@st.composite
def callbacks(draw: st.DrawFn) -> dict[str, Any]:
    """What a use says about its call-backs."""
    kind: str = draw(st.sampled_from(("nothing", "nothing", "size", "range", "fixed")))
    if kind == "size":
        return {"callback": {"size": draw(st.sampled_from((10, 33, 100, 250)))}}
    if kind == "range":
        low = draw(st.sampled_from(LOWS))
        return {"callback": {"low": low, "high": low + draw(st.sampled_from((9, 99)))}}
    if kind == "fixed":
        return {"callback": {"mode": "fixed", "port": draw(st.sampled_from(PORTS))}}
    return {}


@st.composite
def uses(draw: st.DrawFn, servers: list[str]) -> list[dict[str, Any]]:
    """One use or two, with one call-back setting."""
    wish = draw(callbacks())
    found = []
    for server in draw(st.lists(st.sampled_from(servers), min_size=1, max_size=2, unique=True)):
        use: dict[str, Any] = {"service": "netcfax", "server": server, **wish}
        if "mode" not in wish.get("callback", {}):
            use["environment"] = draw(st.sampled_from(ENVIRONMENTS))
            if use["environment"] != "single_user":
                use["instances"] = draw(st.sampled_from((1, 2, 40)))
        if draw(st.integers(0, 4)) == 0:
            use["enabled"] = False
        if draw(st.integers(0, 3)) == 0:
            use["dials"] = "public"
        if draw(st.integers(0, 4)) == 0:
            use["exchanges"] = {draw(st.sampled_from(("pcp", "scp"))): False}
        found.append(use)
    return found


@st.composite
def some_of_the_internet(draw: st.DrawFn, net: Network, server: str) -> list[str]:
    """Whom a service of a server is public to: sites by name, its own site by network, and others."""
    six = any(":" in address for address in net.hosts[server]["faxnet_address"])
    home = net.hosts[server].get("faxnet_site", "")
    near = [network for network in net.sites[home]["networks"] if six or ":" not in network] if home else []
    others = [name for name in STRANGERS if six or ":" not in name]
    known = [name for name in sorted(net.sites) if not changes(net, name) and ":" not in net.sites[name]["networks"][0]]
    everyone = [*known, *near, *others]
    return draw(st.lists(st.sampled_from(everyone), min_size=1, max_size=3, unique=True))


def offer_more(draw: st.DrawFn, net: Network, servers: list[str]) -> list[tuple[str, str]]:
    """Let servers offer further services; return who offers what."""
    net.services = {"gateway": GATEWAY}
    offering: list[tuple[str, str]] = []
    for server in servers:
        for service in draw(st.lists(st.sampled_from(sorted(OTHERS)), max_size=2, unique=True)):
            said: dict[str, Any] = dict(draw(st.sampled_from(OTHERS[service])))
            if said.get("public") == []:
                said["public"] = draw(some_of_the_internet(net, server))
            net.hosts[server]["faxnet_offers"] = [*net.hosts[server]["faxnet_offers"], {"service": service, **said}]
            offering.append((server, service))
    return offering


def use_more(draw: st.DrawFn, offering: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Uses of some of those services."""
    if not offering:
        return []
    chosen = draw(st.lists(st.sampled_from(offering), max_size=2, unique=True))
    public = {"dials": "public"} if draw(st.integers(0, 3)) == 0 else {}
    return [{"service": service, "server": server, **public} for server, service in chosen]


def add_server(draw: st.DrawFn, net: Network, number: int, routers: list[str]) -> str:
    """Add a server, or let a router be one; its name."""
    name, sites = f"server{number}", sorted(net.sites)
    offer: dict[str, Any] = {"service": "netcfax", "primary_port": draw(st.sampled_from((7488, 7489, 12010, 30000)))}
    if draw(st.integers(0, 3)) == 0:
        offer["callback_range"] = draw(st.sampled_from(("10000-19999", "12000-32000")))
    if draw(st.integers(0, 5)) == 0:
        offer["enabled"] = False
    known = [router for router in routers if not changes(net, site_of(router))]
    if known and draw(st.integers(0, 5)) == 0:
        name = draw(st.sampled_from(known))
        net.hosts[name]["faxnet_offers"] = [offer]
    else:
        fixed = [name for name in sites if not changes(net, name)]
        site = draw(st.sampled_from(fixed if fixed and draw(st.integers(0, 7)) else sites))
        if draw(st.integers(0, 5)) == 0:
            offer["primary_port"] = [offer["primary_port"], 7600]
        if draw(st.integers(0, 5)) == 0 and not any("gateway" in key for key in net.sites[site]):
            several, first = several_in(draw, net, site), f"198.51.{site_number(site)}.{number}"
            members = [first, *([several] if isinstance(several, str) else several)]
            net.host(name, site, members, offers=[offer], platform="unmanaged")
            if draw(st.booleans()):
                offer["addresses"] = {"pcp": first}
        else:
            net.host(name, site, address_in(draw, net, site, number), offers=[offer])
    return name


def site_number(site: str) -> int:
    """The number of a site of the Internet, which its addresses have."""
    return int(site.removeprefix("site"))


def add_several(draw: st.DrawFn, net: Network, number: int, wanted: list[dict[str, Any]]) -> None:
    """Add a client that is several machines, mostly without call-backs, so that there is a plan."""
    site = draw(st.sampled_from(sorted(net.sites)))
    wanted = wanted if draw(st.integers(0, 7)) == 0 else [not_called(use) for use in wanted]
    net.host(f"several{number}", site, several_in(draw, net, site), uses=wanted, platform="unmanaged")


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """A random inventory: sound in form, with or without contradictions between clients."""
    net = Network()
    for number, kind in enumerate(draw(st.lists(st.sampled_from(SITE_KINDS), min_size=1, max_size=4)), 1):
        add_site(net, f"site{number}", number, kind, draw(st.booleans()))
    nest_sites(draw, net)
    for router in sorted(net.hosts):
        net.hosts[router]["faxnet_outbound"] = draw(st.sampled_from(("any", "flows")))
        net.hosts[router]["faxnet_forward_permits"] = list(draw(st.sampled_from(FORWARD_PERMITS)))
    # A router may also be a server or a client.
    routers = sorted(net.hosts)
    numbers = itertools.count(10)
    servers = sorted({add_server(draw, net, next(numbers), routers) for _server in range(draw(st.integers(1, 3)))})
    offering = offer_more(draw, net, servers)
    for _client in range(draw(st.integers(0, 6))):
        wanted, number = draw(uses(servers)) + use_more(draw, offering), next(numbers)
        if routers and draw(st.integers(0, 6)) == 0:
            name = draw(st.sampled_from(routers))
            wanted = without_calls(draw, net, site_of(name), wanted)
            net.hosts[name]["faxnet_uses"] = [use for use in wanted if use["server"] != name]
        elif draw(st.integers(0, 4)) == 0:
            add_several(draw, net, number, wanted)
            continue
        else:
            name, site = f"client{number}", draw(st.sampled_from(sorted(net.sites)))
            wanted = without_calls(draw, net, site, wanted)
            net.host(name, site, address_in(draw, net, site, number), uses=wanted)
        system = draw(st.sampled_from(SYSTEMS))
        if system is not None and all(use.get("environment", "single_user") == "single_user" for use in wanted):
            net.hosts[name]["faxnet_system"] = system
        if draw(st.integers(0, 5)) == 0:
            net.hosts[name]["faxnet_permits"] = [draw(st.sampled_from(PERMITS))]
        # A router without state would be refused as soon as it translates.
        net.hosts[name]["faxnet_platform"] = draw(st.sampled_from(PLATFORMS[: 1 if name in routers else None]))
    return net
