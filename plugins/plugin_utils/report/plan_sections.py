# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's sections about the plan: drawing, call-back ranges, sheets for routers and clients, findings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..basics.names import named
from ..basics.ports import PortRange, parse_ranges
from ..plan_files.view import FlowView
from ..platforms.rule_list import rule_list
from .drawing import drawing, key, tunnel_key
from .exports import DRAWING, called_back
from .flow_words import dashes, idle_words, port_words, ports_label
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge, file_links, number, scrolled, section, table
from .scene import CARRIED, CLIENT, SERVER, Arrow, Scene, make_scene

#: Longer lists stay in the plan's files; a page that nobody can scroll through helps nobody.
MOST_ROWS = 200
MOST_SHEETS = 40

#: So many hosts of a finding stand in its sentence; the others are folded away below it.
MOST_NAMES = 12

_KIND_WORDS = {
    CLIENT: "a client connects to its server",
    SERVER: "a server starts it: a call-back, an alert, or its own way out",
    CARRIED: "a server starts it, and it passes only through what the client's own packets keep open",
}
_REALM_WORDS = "inside a realm: from site to site by a line or a VPN, under the hosts' own addresses"
_TRANSPORT_WORDS = {"tcp": "TCP", "udp": "UDP", "both": "TCP and UDP"}

_ANYBODY = {"0.0.0.0/0": "anyone", "::/0": "anyone", None: "anyone"}

#: What the list of rules says where a protocol has no ports, and where it may be any.
_NO_PORTS = "any"


def drawing_section(report: Report) -> Markup:
    """The network as a picture."""
    scene = make_scene(report.view)
    picture = scrolled("The network as a drawing", drawing(scene), class_="picture")
    words = ("An arrow begins where the connection begins. ", *_nothing_else(report.lenient))
    files = file_links("The drawing as a file", DRAWING)
    return section("network", "The network", None, picture, _keys(scene), tag("p", words, class_="legend"), files)


def _nothing_else(lenient: Mapping[str, tuple[str, ...]]) -> tuple[Content, ...]:
    link = tag("a", "is also open", href="#also-open")
    if not lenient:
        return "Nothing else may pass but what ", link, "."
    hosts = named([name for names in lenient.values() for name in names])
    return "Nothing else may pass but what ", link, f", and to and through {hosts}: nothing is refused there."


def _keys(scene: Scene) -> Markup:
    """What the lines of this drawing mean, and no others."""
    lines: tuple[Arrow, ...] = (*scene.lines, *scene.trunks)
    kinds, transports = {line.kind for line in lines}, {line.transport for line in lines}
    listed = [(kind, "tcp", words) for kind, words in _KIND_WORDS.items() if kind in kinds]
    if len(transports) > 1:
        # Between a device and its router, lines of both are drawn as one.
        transports.add("both")
    if transports != {"tcp"}:
        listed += [
            (CLIENT, transport, words) for transport, words in _TRANSPORT_WORDS.items() if transport in transports
        ]
    items = [tag("li", key(kind, transport), words) for kind, transport, words in listed]
    if any(line.realm for line in lines):
        items.append(tag("li", tunnel_key(), _REALM_WORDS))
    return tag("ul", items, class_="keys")


def special_section(report: Report) -> Markup | None:
    """What flows ask of devices besides an open port; None where no flow asks for anything."""
    alike: dict[tuple[str, str, tuple[PortRange, ...], int, str, bool], list[FlowView]] = defaultdict(list)
    for flow in report.view.flows:
        if flow.enabled and (flow.source_ports or flow.idle or flow.helper or flow.carried_by):
            exchange = f"{flow.service}.{flow.exchange}"
            asked = (exchange, flow.reason, flow.source_ports, flow.idle or 0, flow.helper, bool(flow.carried_by))
            alike[asked].append(flow)
    if not alike:
        return None
    head = ("What", "Flows", "Ports", "From port", "Kept open idle", "Helper", "How it passes")
    intro = (
        "Some flows need more than an open port: a fixed source port, without which a rule would let in too much; a "
        "connection that devices keep though nothing passes for long; a helper that reads along; or they pass only "
        "through what other packets keep open."
    )
    rows = [_special_row(*asked, flows) for asked, flows in sorted(alike.items())]
    return section(
        "special",
        "Special flows",
        intro,
        table(head, rows, names={0}, label="What flows need besides a port", stacked=True),
    )


def _special_row(
    exchange: str,
    reason: str,
    source_ports: tuple[PortRange, ...],
    idle: int,
    helper: str,
    carried: bool,
    flows: list[FlowView],
) -> tuple[Content, ...]:
    ends = named([f"{flow.source} \u2192 {flow.destination}" for flow in flows])
    passes = named(sorted({flow.carried_by for flow in flows})) if carried else ""
    return (
        tag("strong", exchange, title=reason),
        ends,
        tag("code", port_words(flows)),
        tag("code", ports_label(source_ports)) if source_ports else "any",
        f"{idle_words(idle)} ({idle} s)" if idle else "as the device does",
        helper or "none",
        f"only through what {passes} keeps open" if carried else "by rules of its own",
    )


def ranges_section(report: Report) -> Markup | None:
    """Each client's call-back range; None where no service calls its clients back."""
    called = called_back(report.view)
    uses = [use for use in report.view.uses if use.get("callback")]
    if not uses:
        return None
    rows = [_range_row(use, called.get((use["host"], use["server"], use["service"]))) for use in uses[:MOST_ROWS]]
    head = ("Client", "Server", "Environment", "Instances", "Mode", "Low", "High", "Fixed", "Called back at")
    intro = (
        "The ports on which clients listen for the server's call-backs: what stands in each client's settings, "
        "and what firewalls and routers let in. Ranges behind one public address never overlap."
    )
    more = f"{len(uses) - MOST_ROWS} more clients are in these files. " if len(uses) > MOST_ROWS else ""
    files = file_links(f"{more}All ranges", "ranges.csv", "ranges.md")
    listed = table(head, rows, numeric={3, 5, 6, 7}, names={0, 1}, label="Call-back ranges", stacked=True)
    return section("ranges", "Call-back ranges", intro, listed, files)


def _range_row(use: Mapping[str, Any], flow: FlowView | None) -> tuple[Content, ...]:
    callback = use["callback"]
    fixed = callback["mode"] == "fixed"
    state = None if use["enabled"] else (" ", badge("switched off", "untested"))
    return (
        (tag("strong", use["host"]), state),
        use["server"],
        use["environment"].replace("_", " "),
        use["instances"],
        callback["mode"],
        "" if fixed else callback["low"],
        "" if fixed else callback["high"],
        callback["fixed"] if fixed else "",
        tag("code", flow.dial) if flow is not None else "",
    )


def sheets_section(report: Report) -> Markup:
    """What a person types into each router and each client."""
    view, slices = report.view, report.source.slices
    gateways = sorted({gateway.host for site in view.sites.values() for gateway in site.gateways})
    routers = [_router_sheet(name, slices[name]) for name in gateways[:MOST_SHEETS] if name in slices]
    clients = [name for name in view.hosts if "client" in view.hosts[name].roles]
    sheets = [_client_sheet(name, slices[name]) for name in clients[:MOST_SHEETS] if name in slices]
    hidden = max(0, len(gateways) - MOST_SHEETS) + max(0, len(clients) - MOST_SHEETS)
    intro = (
        "For devices that are set by hand. Routers that the playbook manages have these rules already: "
        "for them the sheets are a record."
    )
    more = f"{hidden} more sheets are in the plan's files (hosts/NAME.json)." if hidden else None
    return section(
        "sheets",
        "Worksheets",
        intro,
        tag("h3", "Routers"),
        routers or tag("p", "There are no routers in this plan."),
        tag("h3", "Clients"),
        sheets or tag("p", "There are no clients in this plan."),
        more,
        file_links("The rules of all devices", "rules.csv", "rules.md"),
    )


def _router_sheet(name: str, part: Mapping[str, Any]) -> Markup:
    typed = rule_list(part)
    rules = typed["rules"]
    services = table(
        ("Service", "Protocol", "From port", "Ports"),
        [
            (item["name"], item["transport"], _source_ports(item), tag("code", _ports(item)))
            for item in typed["services"][:MOST_ROWS]
        ],
        caption="Services to define",
        label=f"{name}: services to define",
    )
    listed = table(
        ("Rule", "Direction", "Service", "Ports", "Action", "From", "At public address", "Send to", "Also", "State"),
        [_rule_row(rule) for rule in rules[:MOST_ROWS]],
        caption="Rules to define",
        label=f"{name}: rules to define",
    )
    changes = any(entry["address"] is None for entry in part["policy"].get("source_nat", ()))
    worn = [*part["policy"].get("public", ()), *(["changing address"] if changes else [])]
    public = ", ".join(worn) or "no public address"
    more = tag("p", f"{len(rules) - MOST_ROWS} more rules are in rules.csv.") if len(rules) > MOST_ROWS else None
    return tag(
        "details",
        tag("summary", tag("strong", name), f" {public} \u00b7 {number(len(rules), 'rule')}"),
        services,
        listed,
        more,
        class_="sheet",
    )


def _rule_row(rule: Mapping[str, Any]) -> tuple[Content, ...]:
    return (
        rule["name"],
        {"in": "inbound", "out": "outbound"}.get(rule["direction"], rule["direction"]),
        rule["service"],
        tag("code", f"{_ports(rule)} {rule['transport']}".lstrip()),
        rule["action"],
        (_ANYBODY.get(rule["from"]) or tag("code", rule["from"]), _from_port(rule)),
        tag("code", rule["public"]) if rule.get("public") else "",
        _ANYBODY.get(rule["target"]) or tag("code", rule["target"]),
        ", ".join(_also(rule)),
        badge("on", "good") if rule["enabled"] else badge("off", "untested"),
    )


def _client_sheet(name: str, part: Mapping[str, Any]) -> Markup:
    steps = [
        tag("li", line) for use in part["uses"] for line in use.get("instructions") or () if use.get("enabled", True)
    ]
    servers = named([use["server"] for use in part["uses"]])
    return tag(
        "details",
        tag("summary", tag("strong", name), f" uses {servers}"),
        tag("ol", steps) if steps else tag("p", "Nothing is to be set on this client."),
        class_="sheet",
    )


def findings_section(report: Report) -> Markup:
    """Results that cannot be read, what the plan warns of or advises, and what it cannot refuse by its nature."""
    items = [
        tag(
            "li",
            badge(finding["severity"], "bad" if finding["severity"] == "error" else "doubt"),
            tag("strong", f" {finding['code']} {finding['title']}"),
            tag("p", f"{_concerned(finding['hosts'])}: {finding['message']}."),
            _all_hosts(finding["hosts"]),
            tag("p", tag("strong", "Cure: "), f"{finding['cure']}."),
            class_="finding",
        )
        for finding in report.findings[:MOST_ROWS]
    ]
    for remark in (report.source.expected or {}).get("shared_addresses", ())[:MOST_ROWS]:
        title = tag("strong", " Shared address")
        items.append(tag("li", badge("advice", "doubt"), title, tag("p", remark["message"]), class_="finding"))
    if not items:
        return section("findings", "Findings", None, tag("p", "None: the plan has nothing to warn of."))
    where = (
        "docs/reference/findings.md of the collection has a section for each code: what else it may say, and each cure."
    )
    return section("findings", "Findings", where, tag("ul", items, class_="findings"))


def _concerned(hosts: list[str]) -> str:
    if not hosts:
        return "The whole network"
    return ", ".join(hosts) if len(hosts) <= MOST_NAMES + 1 else named(hosts, MOST_NAMES)


def _all_hosts(hosts: list[str]) -> Markup | None:
    """Every host of a finding, where its sentence names the first of them only."""
    if len(hosts) <= MOST_NAMES + 1:
        return None
    return tag("details", tag("summary", number(len(hosts), "host")), tag("p", ", ".join(hosts)))


def _ports(item: Mapping[str, Any]) -> str:
    if item["ports"] == _NO_PORTS:
        return ""
    return ports_label(parse_ranges(item["ports"]), most=len(item["ports"]))


def _source_ports(item: Mapping[str, Any]) -> Content:
    return tag("code", dashes(item["source_ports"])) if item.get("source_ports") else "any"


def _from_port(rule: Mapping[str, Any]) -> Content:
    return (" port ", tag("code", dashes(rule["source_ports"]))) if rule.get("source_ports") else ""


def _also(rule: Mapping[str, Any]) -> Iterable[str]:
    """What the device must do besides letting packets through."""
    if rule.get("becomes"):
        yield f"give it the sender {rule['becomes']} (NAT loopback)"
    if rule.get("idle"):
        yield f"keep it open for {idle_words(rule['idle'])} ({rule['idle']} s) without packets"
    if rule.get("helper"):
        yield f"connection-tracking helper {rule['helper']}"
