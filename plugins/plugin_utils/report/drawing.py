# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing: sites as cards left and right, their routers facing the Internet in the middle, flows as arrows.

Sites with servers stand on the left, the others on the right. An arrow begins where the connection begins. Lines of a
site run on its outer side, lines to other sites through its router. Colours come from the page's style sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .markup import Markup, tag
from .scene import Card, Door, Row, Scene, Trunk

WIDTH = 1180
CARD = 352
MARGIN = 8
ROW = 62
ROW_GAP = 12
HEAD = 58
FOOT = 14
GAP = 26
LANE = 46
ROW_WIDTH = 214
DOOR_WIDTH = 128
DOOR_HEIGHT = 44
TRUNK_STEP = 15
PAIR_STEP = 118
PLATEAU = 84


@dataclass(frozen=True, slots=True)
class _Placed:
    """A card with its corner and height; ``left``: it stands on the left side."""

    card: Card
    x: float
    y: float
    height: float
    left: bool

    def row_top(self, index: int) -> float:
        return self.y + HEAD + index * (ROW + ROW_GAP)

    @property
    def row_x(self) -> float:
        return self.x + LANE if self.left else self.x + CARD - LANE - ROW_WIDTH

    def inner(self, index: int, shift: float) -> tuple[float, float]:
        """Where lines to other sites leave a row."""
        x = self.row_x + ROW_WIDTH if self.left else self.row_x
        return x, self.row_top(index) + ROW / 2 + shift

    def outer(self, index: int, shift: float) -> tuple[float, float]:
        """Where lines inside the site leave a row."""
        x = self.row_x if self.left else self.row_x + ROW_WIDTH
        return x, self.row_top(index) + ROW / 2 + shift

    @property
    def door_y(self) -> float:
        return self.y + HEAD + (self.height - HEAD - FOOT) / 2

    @property
    def edge(self) -> float:
        """The card's side that faces the Internet."""
        return self.x + CARD if self.left else self.x


def drawing(scene: Scene) -> Markup:
    """Return the scene as an SVG element."""
    placed, height = _place(scene)
    busy = {name for trunk in scene.trunks for name in (trunk.source, trunk.target)}
    where = {row.key: (item, index) for item in placed.values() for index, row in enumerate(item.card.rows)}
    busy |= {where[line.source][0].card.name for line in scene.lines}
    return tag(
        "svg",
        tag("title", "Sites, devices and flows", id="drawing-title"),
        tag("desc", _description(scene), id="drawing-text"),
        tag("defs", [_arrowhead("out", "login"), _arrowhead("back", "callback")]),
        _internet(height),
        [_card(item) for item in placed.values()],
        [_line(line.source, line.target, line.callback, where) for line in scene.lines],
        _trunks(scene, placed),
        [_kept_out(item) for item in placed.values() if item.card.rows and item.card.name not in busy],
        [_row(item, index, row) for item in placed.values() for index, row in enumerate(item.card.rows)],
        [_doors(item) for item in placed.values()],
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby="drawing-title drawing-text",
        class_="drawing",
    )


def _place(scene: Scene) -> tuple[dict[str, _Placed], float]:
    """Left the cards with servers, right the others; where one side would stay empty, by turns."""
    left = [card for card in scene.cards if card.serves]
    right = [card for card in scene.cards if not card.serves]
    if not left or not right:
        cards = left or right
        left, right = cards[::2], cards[1::2]
    placed = {}
    heights = []
    for column, on_left in ((left, True), (right, False)):
        y = float(MARGIN)
        for card in column:
            tall = HEAD + max(1, len(card.rows)) * (ROW + ROW_GAP) - ROW_GAP + FOOT
            trunks = sum(card.name in (trunk.source, trunk.target) for trunk in scene.trunks)
            tall = max(tall, HEAD + FOOT + max(1, trunks) * TRUNK_STEP * 2)
            placed[card.name] = _Placed(card, MARGIN if on_left else WIDTH - MARGIN - CARD, y, tall, on_left)
            y += tall + GAP
        heights.append(y - GAP + MARGIN)
    pairs = {frozenset((trunk.source, trunk.target)) for trunk in scene.trunks}
    levels = _levels({pair: sum(placed[name].door_y for name in pair) / len(pair) for pair in pairs})
    heights += [level + PAIR_STEP / 2 for level in levels.values()]
    return placed, max([*heights, 160.0])


def _arrowhead(name: str, style: str) -> Markup:
    return tag(
        "marker",
        tag("path", d="M0,0.8 L8,4 L0,7.2 z", class_=f"head {style}"),
        id=f"arrow-{name}",
        viewBox="0 0 8 8",
        refX="7.2",
        refY="4",
        markerWidth="8",
        markerHeight="8",
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


def _internet(height: float) -> Markup:
    middle = WIDTH / 2
    left = MARGIN + CARD + 60
    return tag(
        "g",
        tag("rect", x=left, y=MARGIN, width=WIDTH - 2 * left, height=height - 2 * MARGIN, rx=26, class_="internet"),
        tag("text", "Internet", x=middle, y=MARGIN + 26, class_="internet-name"),
    )


def _card(item: _Placed) -> Markup:
    card = item.card
    return tag(
        "g",
        tag("rect", x=item.x, y=item.y, width=CARD, height=item.height, rx=12, class_="site"),
        tag("text", _cut(card.name, 30), x=item.x + 18, y=item.y + 26, class_="site-name"),
        tag("text", _cut(", ".join(card.networks), 46), x=item.x + 18, y=item.y + 44, class_="mono faint"),
    )


def _row(item: _Placed, index: int, row: Row) -> Markup:
    x, y = item.row_x, item.row_top(index)
    return tag(
        "g",
        tag("title", f"{row.title} ({row.role}) {row.subtitle} {row.note} {row.count}"),
        tag("rect", x=x, y=y, width=ROW_WIDTH, height=ROW, rx=8, class_=f"device {row.role}"),
        _icon(row.role, x + 12, y + 12),
        tag("text", _cut(row.title, 24 - len(row.count)), x=x + 44, y=y + 21, class_="device-name"),
        tag("text", row.count, x=x + ROW_WIDTH - 10, y=y + 21, class_="count") if row.count else None,
        tag("text", _cut(row.subtitle, 24), x=x + 44, y=y + 36, class_="mono"),
        tag("text", _cut(row.note, 38), x=x + 12, y=y + 53, class_="note"),
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


def _doors(item: _Placed) -> Markup:
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
        tag("title", f"router {door.host}, public address {public or 'none'}"),
        tag("rect", x=left, y=y - DOOR_HEIGHT / 2, width=DOOR_WIDTH, height=DOOR_HEIGHT, rx=8, class_="router"),
        tag("text", _cut(door.host, 17), x=centre, y=y - 3 if public else y + 4, class_="router-name"),
        tag("text", _cut(public, 18), x=centre, y=y + 13, class_="mono public") if public else None,
    )


def _line(source: str, target: str, callback: bool, where: Mapping[str, tuple[_Placed, int]]) -> Markup:
    (start, first), (end, second) = where[source], where[target]
    shift = 7.0 if callback else -7.0
    if start is end:
        x, y = start.outer(first, shift)
        _x, until = end.outer(second, shift)
        reach = 20 + 5 * min(abs(first - second), 3) + (6 if callback else 0)
        bend = x - reach if start.left else x + reach
        path = f"M{x:g},{y:g} C{bend:g},{y:g} {bend:g},{until:g} {x:g},{until:g}"
        return _arrow(path, callback)
    # Outside, trunks go on from the routers: here only the way between the row and its own router is drawn.
    near = _to_door(start, first, shift, outward=True)
    far = _to_door(end, second, shift, outward=False)
    return tag("g", _arrow(near, callback, head=False), _arrow(far, callback))


def _to_door(item: _Placed, index: int, shift: float, *, outward: bool) -> str:
    x, y = item.inner(index, shift)
    doors = len(item.card.doors)
    inset = (doors - 1) * (DOOR_WIDTH + 4) + DOOR_WIDTH / 2 - 34 if doors else 0
    door = item.edge - inset if item.left else item.edge + inset
    door_y = item.door_y + shift / 2
    middle = (x + door) / 2
    if outward:
        return f"M{x:g},{y:g} C{middle:g},{y:g} {middle:g},{door_y:g} {door:g},{door_y:g}"
    return f"M{door:g},{door_y:g} C{middle:g},{door_y:g} {middle:g},{y:g} {x:g},{y:g}"


def _trunks(scene: Scene, placed: Mapping[str, _Placed]) -> Markup:
    """The arrows through the Internet; each runs level for a while, beside its label."""
    pairs: dict[frozenset[str], list[Trunk]] = {}
    for trunk in scene.trunks:
        pairs.setdefault(frozenset((trunk.source, trunk.target)), []).append(trunk)
    drawn = []
    levels = _levels({pair: sum(placed[name].door_y for name in pair) / len(pair) for pair in pairs})
    for pair, trunks in pairs.items():
        for trunk in trunks:
            level = levels[pair]
            y = level + (TRUNK_STEP if trunk.callback else -TRUNK_STEP)
            drawn.append(_trunk(trunk, placed[trunk.source], placed[trunk.target], y))
    return tag("g", drawn)


def _trunk(trunk: Trunk, start: _Placed, end: _Placed, y: float) -> Markup:
    shift = 6.0 if trunk.callback else -6.0
    x, until = _outer_edge(start), _outer_edge(end)
    middle = WIDTH / 2
    near, far = (middle - PLATEAU, middle + PLATEAU) if start.left else (middle + PLATEAU, middle - PLATEAU)
    if start.left == end.left:
        far = near
    first, last = start.door_y + shift, end.door_y + shift
    path = (
        f"M{x:g},{first:g} C{(x + near) / 2:g},{first:g} {(x + near) / 2:g},{y:g} {near:g},{y:g} L{far:g},{y:g} "
        f"C{(far + until) / 2:g},{y:g} {(far + until) / 2:g},{last:g} {until:g},{last:g}"
    )
    kind, below = ("call-backs", 40) if trunk.callback else ("clients log in", 0)
    return tag(
        "g",
        _arrow(path, trunk.callback),
        tag("text", kind, x=middle, y=y - 22 + below, class_=f"trunk-kind {'callback' if trunk.callback else 'login'}"),
        tag("text", _cut(trunk.label, 38), x=middle, y=y - 7 + below, class_="trunk-label"),
    )


def _kept_out(item: _Placed) -> Markup:
    """For a site that takes no part: a line that ends in a cross at the Internet."""
    x, y = item.inner(0, 0)
    end = item.edge + 34 if item.left else item.edge - 34
    return tag(
        "g",
        tag("title", f"Nothing may pass from or to {item.card.name}."),
        tag("path", d=f"M{x:g},{y:g} H{end:g}", class_="kept-out"),
        tag("path", d=f"M{end - 6:g},{y - 6:g} l12,12 m0,-12 l-12,12", class_="cross"),
    )


def _levels(wanted: Mapping[frozenset[str], float]) -> dict[frozenset[str], float]:
    """For each pair of cards a height of its own: where it wants to be, or as near below as there is room."""
    levels = {}
    least = MARGIN + 88.0
    for pair in sorted(wanted, key=lambda pair: (wanted[pair], sorted(pair))):
        levels[pair] = max(wanted[pair], least)
        least = levels[pair] + PAIR_STEP
    return levels


def _outer_edge(item: _Placed) -> float:
    """Where a site's outermost router, or the card itself, meets the Internet."""
    reach = DOOR_WIDTH / 2 + 34 if item.card.doors else 0
    return item.edge + reach if item.left else item.edge - reach


def _arrow(path: str, callback: bool, *, head: bool = True) -> Markup:
    style = "callback" if callback else "login"
    marker = f"url(#arrow-{'back' if callback else 'out'})" if head else None
    return tag("path", d=path, class_=f"flow {style}", marker_end=marker)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}\u2026"


def _description(scene: Scene) -> str:
    """The drawing in words, for those who do not see it."""
    return " ".join((*_cards_in_words(scene.cards), *_lines_in_words(scene)))


def _cards_in_words(cards: Iterable[Card]) -> Iterable[str]:
    for card in cards:
        devices = ", ".join(f"{row.title} ({row.subtitle})" for row in card.rows)
        doors = ", ".join(f"{door.host} ({', '.join(door.public)})" for door in card.doors)
        yield f"Site {card.name}: {devices or 'no devices'}{'; behind ' + doors if doors else ''}."


def _lines_in_words(scene: Scene) -> Iterable[str]:
    for line in scene.lines:
        yield f"{line.source} {'calls back' if line.callback else 'connects to'} {line.target} on {line.label}."
