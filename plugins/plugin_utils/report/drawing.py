# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing: sites as cards left and right, their routers facing the Internet in the middle, flows as arrows.

Sites with servers stand on the left, the others on the right. An arrow begins where the connection begins; its colour
says who that is, its texture the protocol. Lines of a site run on its outer side, lines to other sites through its
router; those between sites of one realm run in a tunnel and not in the Internet. Whoever is not a host of the plan
stands in the Internet itself. Colours come from the page's style sheet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from .flow_words import cut, cut_name
from .markup import Content, Markup, tag
from .placing import (
    CARD,
    DOOR_HEIGHT,
    DOOR_WIDTH,
    MARGIN,
    NODE_HEIGHT,
    NODE_WIDTH,
    ROW,
    ROW_WIDTH,
    SHIFTS,
    TEXT,
    WIDTH,
    Layout,
    Placed,
    lay_out,
)
from .scene import CARRIED, CLIENT, MOST_LETTERS, MOST_NOTED, SERVER, Arrow, Card, Door, Row, Scene

_PLATEAU = 126
_HEADS = {CLIENT: "out", SERVER: "back", CARRIED: "carried"}

#: What stands above an arrow through the Internet.
_TITLES = {"connects to": "servers connect", "calls back": "call-backs", "alerts": "alerts"}


def drawing(scene: Scene) -> Markup:
    """Return the scene as an SVG element."""
    layout = lay_out(scene)
    placed = layout.placed
    busy = {name for trunk in scene.trunks for name in (trunk.source, trunk.target)}
    where = {row.key: (item, index) for item in placed.values() for index, row in enumerate(item.card.rows)}
    busy |= {where[name][0].card.name for line in scene.lines for name in (line.source, line.target) if name in where}
    idle = [item for item in placed.values() if item.card.rows and item.card.name not in busy]
    services = {line.service for line in scene.trunks}
    return tag(
        "svg",
        tag("title", "Sites, devices and flows", id="drawing-title"),
        tag("desc", _description(scene), id="drawing-text"),
        tag("defs", [arrowhead(f"arrow-{name}", kind) for kind, name in _HEADS.items()]),
        _internet(layout.height) if scene.internet else None,
        [_tunnel(*tunnel) for tunnel in layout.tunnels],
        [_card(item) for item in placed.values()],
        _lines(scene.lines, where),
        [_trunk(line, layout, level) for line, level in layout.levels.items()],
        [_to_node(layout, line, name, y) for name, (y, lines) in layout.nodes.items() for line in lines],
        # What is written stands above every line.
        [_trunk_words(line, level, named=len(services) > 1) for line, level in layout.levels.items()],
        [_node(name, lines, y) for name, (y, lines) in layout.nodes.items()],
        [_bystander(item) if scene.public else _kept_out(item) for item in idle if scene.internet],
        [_row(item, index, row) for item in placed.values() for index, row in enumerate(item.card.rows)],
        [_doors(item) for item in placed.values()],
        viewBox=f"0 0 {WIDTH} {layout.height:g}",
        role="img",
        aria_labelledby="drawing-title drawing-text",
        class_="drawing",
    )


def key(kind: str, transport: str) -> Markup:
    """Return a short piece of a line of that kind and protocol, for a legend."""
    path = tag("path", d="M2,6 H40", class_=f"flow {kind} {transport}")
    return tag("svg", path, viewBox="0 0 42 12", class_="key", aria_hidden="true")


def tunnel_key() -> Markup:
    """Return a short piece of a tunnel, for a legend."""
    piece = tag("rect", x=1, y=1, width=40, height=10, rx=5, class_="tunnel")
    return tag("svg", piece, viewBox="0 0 42 12", class_="key", aria_hidden="true")


def arrowhead(name: str, style: str) -> Markup:
    """Return the head of a line as a marker that lines name by `url(#name)`."""
    return tag(
        "marker",
        tag("path", d="M0.6,0.8 L8,4 L0.6,7.2 z", class_=f"head {style}"),
        id=name,
        viewBox="0 0 9 8",
        refX="7.2",
        refY="4",
        markerWidth="9",
        markerHeight="8",
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


def _internet(height: float) -> Markup:
    left = MARGIN + CARD + 60
    return tag(
        "g",
        tag("rect", x=left, y=MARGIN, width=WIDTH - 2 * left, height=height - 2 * MARGIN, rx=26, class_="internet"),
        tag("text", "Internet", x=WIDTH / 2, y=MARGIN + 26, class_="internet-name"),
    )


def _tunnel(top: float, bottom: float, realm: str) -> Markup:
    """What carries the lines of a realm between two sites, whatever it is made of."""
    left = MARGIN + CARD + 46
    return tag(
        "g",
        tag("title", f"Sites of realm {realm} reach each other directly, by a line or a VPN; nothing is translated."),
        tag("rect", x=left, y=top, width=WIDTH - 2 * left, height=bottom - top, rx=16, class_="tunnel"),
        tag("text", cut(f"realm {realm}", MOST_LETTERS), x=WIDTH / 2, y=top + 17, class_="tunnel-name"),
    )


def _card(item: Placed) -> Markup:
    card = item.card
    realm = f"realm {card.realm}" if card.realm else ""
    return tag(
        "g",
        tag("title", f"Site {card.name}{f', {realm}' if realm else ''}"),
        tag("rect", x=item.x, y=item.y, width=CARD, height=item.height, rx=12, class_="site"),
        tag("text", cut(card.name, 17 if realm else 30), x=item.x + 18, y=item.y + 26, class_="site-name"),
        tag("text", cut(realm, 22), x=item.x + CARD - 18, y=item.y + 26, class_="realm") if realm else None,
        tag("text", cut(", ".join(card.networks), 46), x=item.x + 18, y=item.y + 44, class_="mono faint"),
    )


def _row(item: Placed, index: int, row: Row) -> Markup:
    x, y = item.row_x, item.row_top(index)
    style = f"device {row.role}" if row.managed else f"device {row.role} unmanaged"
    return tag(
        "g",
        tag("title", f"{row.title} ({row.role}) {row.subtitle} {row.note} {row.count}"),
        tag("rect", x=x, y=y, width=ROW_WIDTH, height=ROW, rx=8, class_=style),
        _icon(row.role, x + 12, y + 12),
        tag("text", cut_name(row.title, 20 - len(row.count)), x=x + 44, y=y + 21, class_="device-name"),
        tag("text", row.count, x=x + ROW_WIDTH - 10, y=y + 21, class_="count") if row.count else None,
        tag("text", cut(row.subtitle, 24), x=x + 44, y=y + 36, class_="mono"),
        tag("text", cut(row.note, MOST_NOTED), x=x + 12, y=y + 53, class_="note"),
    )


def _icon(role: str, x: float, y: float) -> Markup:
    """A small sign for a role: a fax server with its paper, a screen, several screens, or a plain machine."""
    shapes = {
        "server": "M5,9 V1 H17 V9 M2,9 H20 V19 H2 Z M6,13 H16 M6,16 H12",
        "client": "M2,3 H20 V15 H2 Z M8,19 H14 M11,15 V19",
        "clients": "M6,2 H21 V12 H6 Z M2,7 V17 H17 V12 M7,20 H13 M10,17 V20",
        "endpoint": "M4,2 H18 V20 H4 Z M7,6 H15 M7,10 H15 M11,16 V16.5",
    }
    return tag("path", d=shapes[role], transform=f"translate({x:g} {y:g})", class_=f"icon {role}")


def _doors(item: Placed) -> Markup:
    """The site's routers on the card's edge, one beside the other, the outermost nearest to the Internet."""
    drawn = []
    total = len(item.card.doors)
    for index, door in enumerate(item.card.doors):
        offset = (total - 1 - index) * (DOOR_WIDTH + 4)
        centre = item.edge - offset + 34 if item.left else item.edge + offset - 34
        drawn.append(_door(door, centre, item.door_y))
    return tag("g", drawn)


def _door(door: Door, centre: float, y: float) -> Markup:
    left = centre - DOOR_WIDTH / 2
    public = ", ".join(door.public)
    return tag(
        "g",
        tag("title", f"router {door.host}, public address {public or 'none'}{_more(door)}"),
        tag("rect", x=left, y=y - DOOR_HEIGHT / 2, width=DOOR_WIDTH, height=DOOR_HEIGHT, rx=8, class_="router"),
        tag("text", cut_name(door.host, 15), x=centre, y=y - 3 if public else y + 4, class_="router-name"),
        tag("text", cut(public, 18), x=centre, y=y + 13, class_="mono public") if public else None,
        tag("text", cut(door.note, 30), x=centre, y=y + DOOR_HEIGHT / 2 + 13, class_="door-note")
        if door.note
        else None,
    )


def _more(door: Door) -> str:
    return f"; {door.about}" if door.about else ""


def _lines(lines: Iterable[Arrow], where: Mapping[str, tuple[Placed, int]]) -> Markup:
    """Lines between two rows of a site, and from rows to their routers, where trunks go on."""
    drawn: list[Content] = []
    to_doors: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for line in lines:
        start, end = where.get(line.source), where.get(line.target)
        if start and end and start[0] is end[0]:
            drawn.append(_arrow(_inside(start[0], start[1], end[1], SHIFTS[line.kind]), line.kind, line.transport))
            continue
        if start:
            # What ends at the router itself ends there with its head; the rest goes on.
            at_door = any(door.host == line.target for door in start[0].card.doors)
            to_doors[line.source, line.kind, "to" if at_door else "through"].add(line.transport)
        if end:
            to_doors[line.target, line.kind, "from"].add(line.transport)
    for (row, kind, way), transports in to_doors.items():
        shift = SHIFTS[kind] - (6 if way == "to" else 0)
        path = _to_door(*where[row], shift, outward=way != "from")
        transport = next(iter(transports)) if len(transports) == 1 else "both"
        drawn.append(_arrow(path, kind, transport, head=way != "through"))
    return tag("g", drawn)


def _inside(item: Placed, first: int, last: int, shift: float) -> str:
    x, y = item.outer(first, shift)
    _x, until = item.outer(last, shift)
    reach = 20 + 5 * min(abs(first - last), 3) + (6 if shift > 0 else 0)
    bend = x - reach if item.left else x + reach
    return f"M{x:g},{y:g} C{bend:g},{y:g} {bend:g},{until:g} {x:g},{until:g}"


def _to_door(item: Placed, index: int, shift: float, *, outward: bool) -> str:
    """The way between a row and the near side of its innermost router."""
    x, y = item.inner(index, shift)
    door, door_y = item.door_x, item.door_y + shift / 2
    middle = (x + door) / 2
    if outward:
        return f"M{x:g},{y:g} C{middle:g},{y:g} {middle:g},{door_y:g} {door:g},{door_y:g}"
    return f"M{door:g},{door_y:g} C{middle:g},{door_y:g} {middle:g},{y:g} {x:g},{y:g}"


def _trunk(line: Arrow, layout: Layout, y: float) -> Markup:
    """An arrow through the Internet; it runs level for a while, below its label."""
    start, end = layout.placed[line.source], layout.placed[line.target]
    middle = WIDTH / 2
    near, far = (middle - _PLATEAU, middle + _PLATEAU) if start.left else (middle + _PLATEAU, middle - _PLATEAU)
    if start.left == end.left:
        far = near
    x, first = start.outer_x, start.door_y + layout.doors[line, line.source]
    until, last = end.outer_x, end.door_y + layout.doors[line, line.target]
    path = (
        f"M{x:g},{first:g} C{(x + near) / 2:g},{first:g} {(x + near) / 2:g},{y:g} {near:g},{y:g} L{far:g},{y:g} "
        f"C{(far + until) / 2:g},{y:g} {(far + until) / 2:g},{last:g} {until:g},{last:g}"
    )
    return _arrow(path, line.kind, line.transport)


def _trunk_words(line: Arrow, y: float, *, named: bool) -> Markup:
    title = f"{line.service}: {_title(line)}" if named and line.service else _title(line)
    above = y - 5 - len(line.words) * TEXT
    inside = " inside" if line.realm else ""
    return tag(
        "g",
        tag("text", cut(title, MOST_LETTERS), x=WIDTH / 2, y=above, class_=f"trunk-kind {line.kind}{inside}"),
        [
            tag("text", words, x=WIDTH / 2, y=above + (index + 1) * TEXT - 2, class_=f"trunk-label{inside}")
            for index, words in enumerate(line.words)
        ],
    )


def _title(line: Arrow) -> str:
    if line.kind == CLIENT:
        return "clients connect"
    words = _TITLES[line.verb]
    return f"{words}, only while the client asks" if line.kind == CARRIED else words


def _node(name: str, lines: tuple[Arrow, ...], y: float) -> Markup:
    """Somebody in the Internet who is no host; below it stands what its arrows carry."""
    middle = WIDTH / 2
    written = []
    for line in lines:
        whose = f"{line.source} \u2192 " if line.target == name else f"\u2192 {line.target}: "
        written += [whose + line.words[0], *line.words[1:]]
    texts = [
        tag("text", words, x=middle, y=y + NODE_HEIGHT / 2 + 16 + index * TEXT, class_="trunk-label")
        for index, words in enumerate(written)
    ]
    title = "everybody on the Internet" if name == "the Internet" else name
    left, top = middle - NODE_WIDTH / 2, y - NODE_HEIGHT / 2
    return tag(
        "g",
        tag("rect", x=left, y=top, width=NODE_WIDTH, height=NODE_HEIGHT, rx=15, class_="node"),
        tag("text", cut(title, 30), x=middle, y=y + 4.5, class_="node-name"),
        texts,
    )


def _to_node(layout: Layout, line: Arrow, node: str, y: float) -> Markup:
    inward = line.target == node
    site = line.source if inward else line.target
    item, spread = layout.placed[site], layout.doors[line, site]
    x, door_y = item.outer_x, item.door_y + spread
    edge = WIDTH / 2 - NODE_WIDTH / 2 if item.left else WIDTH / 2 + NODE_WIDTH / 2
    edge_y = y + max(-8.0, min(8.0, spread))
    middle = (x + edge) / 2
    path = f"M{x:g},{door_y:g} C{middle:g},{door_y:g} {middle:g},{edge_y:g} {edge:g},{edge_y:g}"
    if not inward:
        path = f"M{edge:g},{edge_y:g} C{middle:g},{edge_y:g} {middle:g},{door_y:g} {x:g},{door_y:g}"
    return _arrow(path, line.kind, line.transport)


def _kept_out(item: Placed) -> Markup:
    """For a site that takes no part: a line that ends in a cross at the Internet."""
    x, y = item.inner(0, 0)
    end = item.edge + 34 if item.left else item.edge - 34
    return tag(
        "g",
        tag("title", f"Nothing may pass from or to {item.card.name}."),
        tag("path", d=f"M{x:g},{y:g} H{end:g}", class_="kept-out"),
        tag("path", d=f"M{end - 6:g},{y - 6:g} l12,12 m0,-12 l-12,12", class_="cross"),
    )


def _bystander(item: Placed) -> Markup:
    """For a site without flows where something is open to everybody: it is part of the Internet."""
    x, y = item.inner(0, 0)
    end = item.edge + 62 if item.left else item.edge - 62
    title = f"{item.card.name} has no flows of its own: it may do what everybody on the Internet may."
    return tag("g", tag("title", title), tag("path", d=f"M{x:g},{y:g} H{end:g}", class_="kept-out"))


def _arrow(path: str, kind: str, transport: str, *, head: bool = True) -> Markup:
    marker = f"url(#arrow-{_HEADS[kind]})" if head else None
    return tag("path", d=path, class_=f"flow {kind} {transport}", marker_end=marker)


def _description(scene: Scene) -> str:
    """The drawing in words, for those who do not see it."""
    return " ".join((*_cards_in_words(scene.cards), *_lines_in_words(scene.lines)))


def _cards_in_words(cards: Iterable[Card]) -> Iterator[str]:
    for card in cards:
        devices = ", ".join(f"{row.title} ({row.subtitle})" for row in card.rows)
        doors = ", ".join(f"{door.host} ({', '.join(door.public)}{_more(door)})" for door in card.doors)
        realm = f" in realm {card.realm}" if card.realm else ""
        yield f"Site {card.name}{realm}: {devices or 'no devices'}{'; behind ' + doors if doors else ''}."


def _lines_in_words(lines: Iterable[Arrow]) -> Iterator[str]:
    for line in lines:
        carried = ", only through what the client keeps open" if line.kind == CARRIED else ""
        idle = f", {line.idle}" if line.idle else ""
        turned = f", by way of {line.turned_by}" if line.turned_by else ""
        yield f"{line.source} {line.verb} {line.target} on {line.label}{turned}{carried}{idle}."
