# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section about what passes besides the fax flows, and about what may be lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ..basics.names import named
from ..basics.ports import parse_ranges
from ..basics.protocols import ANY
from ..inventory.intent import ADDITIVE, EXCLUSIVE, OBSERVE
from .also_open import MANAGEMENT, PERMITS, AcceptedLosses, Carried, LetIn, Outward, Service
from .flow_words import ports_label
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge, number, section, table

#: Longer tables are cut on the page; report.json holds every entry.
MOST_ROWS = 200

#: So many names of hosts are folded away below a row; so many networks and ranges of ports stand in a cell.
MOST_FOLDED = 1000
MOST_NETWORKS = 6
MOST_PORTS = 6

#: What becomes of packets that nothing on the page names.
_STANCES = {
    EXCLUSIVE: ("good", "what neither a flow nor this section names is refused"),
    ADDITIVE: ("doubt", "the plan refuses nothing there; whatever passes otherwise goes on passing"),
    OBSERVE: ("doubt", "nothing is refused yet; what would be passes and is noted"),
}
_EVERYBODY = frozenset(("0.0.0.0/0", "::/0"))
_ANYONE = {"0.0.0.0/0": "anyone (IPv4)", "::/0": "anyone (IPv6)"}
_KINDS = {
    "listener": "a service that listens",
    "protocol": "a protocol without ports",
    "multicast": "a multicast group",
    "published": "a port that is led on to others",
    "network": "a network that is routed",
    "bridge": "what crosses a bridge",
    "session": "a session that runs",
}


def also_open_section(report: Report) -> Markup:
    """What passes besides the fax flows."""
    found = report.also_open
    hosts = len(report.view.hosts)
    intro = (
        "What may pass apart from fax flows, because the inventory says so: who administers hosts, other services, "
        "what routers carry for others, and what may start outward. Answers pass everywhere, and every host takes "
        "pings and what its links need (ICMP errors, neighbour discovery, multicast memberships)."
    )
    return section(
        "also-open",
        "Also open",
        intro,
        tag("h3", "Everything else"),
        tag("ul", [tag("li", item) for item in _stances(report)], class_="stances"),
        _listed(
            "Into hosts",
            ("Hosts", "What", "Protocol and ports", "From", "Said in"),
            [_let_in_row(item, hosts) for item in found.let_in[:MOST_ROWS]],
            len(found.let_in),
            "Nothing: no host lets anything in but flows.",
        ),
        _listed(
            "Through routers",
            ("Router", "What", "Protocol and ports", "From", "To", "Said in"),
            [_carried_row(item, hosts) for item in found.carried[:MOST_ROWS]],
            len(found.carried),
            "Nothing: no router carries anything but flows.",
        ),
        _listed(
            "Outward",
            ("Router", "Sites", "The networks behind it may start", "They wear beyond it"),
            [_outward_row(item) for item in found.outward[:MOST_ROWS]],
            len(found.outward),
            "There are no routers in this plan.",
        ),
        _listed(
            "Accepted losses",
            ("Hosts", "What may stop when rules come"),
            [_loss_row(item, hosts) for item in found.accepted_losses[:MOST_ROWS]],
            len(found.accepted_losses),
            "None: nothing in use may stop.",
        ),
    )


def _listed(
    title: str, head: Sequence[str], rows: list[tuple[Content, ...]], count: int, none: str
) -> Iterator[Content]:
    """A table below its title, with how many more rows there are elsewhere; a sentence where there is none."""
    yield tag("h3", title)
    yield table(head, rows, names={0}, label=title, stacked=True) if rows else tag("p", none)
    if count > len(rows):
        yield tag("p", f"{count - len(rows)} more are in report.json.")


def _stances(report: Report) -> Iterator[Content]:
    """What each host does with packets that nothing names; who refuses nothing is named."""
    found = report.also_open
    for stance, (style, does) in _STANCES.items():
        if found.stances.get(stance):
            where = number(found.stances[stance], "host")
            yield badge(stance, style), f" {where}: {does}.", _also_names(report.lenient.get(stance, ()))
    if found.without_rules:
        where = number(len(found.without_rules), "host")
        words = f" {where}: the plan's rules are not there; what passes is for others to set."
        yield badge("no rules", "untested"), words, _also_names(found.without_rules)


def _also_names(hosts: Sequence[str]) -> Content:
    return (" ", _names(hosts, 0)) if hosts else ""


def _names(hosts: Sequence[str], every: int) -> Content:
    """Hosts by name; where they are many, the first of them, and the others folded away.

    Args:
        every: how many hosts the plan has, to say that it is all of them; 0 where that is not to be said.
    """
    if len(hosts) <= 4:
        return tag("strong", named(hosts))
    shown = f"all {every} hosts" if len(hosts) == every else named(hosts)
    more = f" and {len(hosts) - MOST_FOLDED} more in report.json" if len(hosts) > MOST_FOLDED else ""
    folded = tag("p", ", ".join(hosts[:MOST_FOLDED]), more)
    return tag("details", tag("summary", tag("strong", shown)), folded, class_="names")


def _let_in_row(item: LetIn, every: int) -> tuple[Content, ...]:
    variable = tag("code", item.variable)
    return _names(item.hosts, every), item.name, _services(item.services), _ends(item.sources), variable


def _carried_row(item: Carried, every: int) -> tuple[Content, ...]:
    back = (" ", badge("both directions", "untested")) if item.both_directions else ""
    translated = (" ", badge("only what it translates", "untested")) if item.only_translated else ""
    said: Content = tag("code", item.variable)
    if item.variable == PERMITS:
        said = said, " of ", _names(item.carried_for, every) if item.carried_for else "hosts beyond it"
    elif item.variable == MANAGEMENT:
        said = said, " of hosts beyond it"
    return (
        _names(item.routers, 0),
        (item.name, back, translated),
        _services(item.services),
        _ends(item.sources, item.from_interfaces, "in by"),
        _ends(item.destinations, item.to_interfaces, "out by"),
        said,
    )


def _outward_row(item: Outward) -> tuple[Content, ...]:
    starts: Content = {
        "any": "anything",
        "flows": "what a flow names, and what is carried (above)",
        "unknown": "what others set there: it holds no rules of the plan",
    }[item.outbound]
    if item.outbound == "flows" and item.stance != EXCLUSIVE:
        starts = f"anything: nothing is refused there ({item.stance})"
    worn = [tag("code", text) for text in item.worn]
    return tag("strong", item.router), named(item.sites), starts, _joined(worn) if worn else "their own addresses"


def _loss_row(item: AcceptedLosses, every: int) -> tuple[Content, ...]:
    loss = item.loss
    said = [
        loss["protocol"] or "",
        f"port {ports_label(parse_ranges(loss['ports']))}" if loss["ports"] else "",
        f"with {named(loss['networks'], MOST_NETWORKS)}" if loss["networks"] else "",
        f"by {loss['interface']}" if loss["interface"] else "",
        f"of {loss['program']}" if loss["program"] else "",
    ]
    narrower = " ".join(filter(None, said))
    return _names(item.hosts, every), f"{_KINDS.get(loss['kind'], loss['kind'])}: {narrower or 'any'}"


def _services(services: Iterable[Service]) -> Content:
    """Protocols, those with the same ports together."""
    alike: dict[str, list[str]] = defaultdict(list)
    for protocol, ports in services:
        alike[ports].append("any protocol" if protocol == ANY else protocol)
    return _joined(
        tag("code", " ".join(filter(None, ("+".join(protocols), _ports(ports))))) for ports, protocols in alike.items()
    )


def _ports(ports: str) -> str:
    return ports_label(parse_ranges(ports), MOST_PORTS) if ports else ""


def _ends(networks: Sequence[str], interfaces: Sequence[str] = (), way: str = "") -> Content:
    """One end of what may pass."""
    by: list[Content] = [f"{way} ", _joined((tag("code", name) for name in interfaces), " or ")] if interfaces else []
    if not networks or _EVERYBODY.issubset(networks):
        return by or "anyone"
    shown: list[Content] = [
        _ANYONE.get(text) or tag("code", _without_length(text)) for text in networks[:MOST_NETWORKS]
    ]
    if len(networks) > MOST_NETWORKS:
        shown.append(f"{len(networks) - MOST_NETWORKS} more")
    return [_joined(shown), ", " if by else "", *by]


def _without_length(network: str) -> str:
    """A network of one address as that address."""
    return network.removesuffix("/128" if ":" in network else "/32")


def _joined(items: Iterable[Content], between: str = ", ") -> Content:
    found: list[Content] = []
    for item in items:
        found += [between, item] if found else [item]
    return found
