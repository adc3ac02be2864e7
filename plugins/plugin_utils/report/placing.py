# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand in the drawing: cards left and right, and between them a level for each thing in the Internet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from .scene import CARRIED, CLIENT, SERVER, Arrow, Card, Scene

WIDTH = 1240
CARD = 352
MARGIN = 8
ROW = 62
ROW_GAP = 12
ROW_WIDTH = 214
DOOR_WIDTH = 128
DOOR_HEIGHT = 44
NODE_WIDTH = 196
NODE_HEIGHT = 30

_HEAD = 58
_FOOT = 14
_GAP = 26
#: Beside the rows, for lines inside the site.
_LANE = 46
#: For an arrow through the Internet with its title, and for a line of text.
_TRUNK = 31
TEXT = 17
#: Of a tunnel: for its name above its lines, and below them.
_TUNNEL_HEAD = 18
_TUNNEL_FOOT = 4
_TOP = 48

#: How far a line of each kind runs from the middle of what it leaves.
SHIFTS: Mapping[str, float] = {CLIENT: -7.0, SERVER: 7.0, CARRIED: 13.0}


@dataclass(frozen=True, slots=True)
class Placed:
    """A card with its corner and height; ``left``: it stands on the left side."""

    card: Card
    x: float
    y: float
    height: float
    left: bool

    def row_top(self, index: int) -> float:
        """The upper edge of a row."""
        return self.y + _HEAD + index * (ROW + ROW_GAP)

    @property
    def row_x(self) -> float:
        """The left edge of all rows."""
        return self.x + _LANE if self.left else self.x + CARD - _LANE - ROW_WIDTH

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
        """The middle of the site's routers."""
        return self.y + _HEAD + (self.height - _HEAD - _FOOT) / 2

    @property
    def edge(self) -> float:
        """The card's side that faces the Internet."""
        return self.x + CARD if self.left else self.x

    @property
    def door_x(self) -> float:
        """The near side of the innermost router, where lines from rows end; the card's edge where there is none."""
        doors = len(self.card.doors)
        inset = (doors - 1) * (DOOR_WIDTH + 4) + DOOR_WIDTH / 2 - 34 if doors else 0
        return self.edge - inset if self.left else self.edge + inset

    @property
    def outer_x(self) -> float:
        """Where the outermost router, or the card itself, meets the Internet."""
        reach = DOOR_WIDTH / 2 + 34 if self.card.doors else 0
        return self.edge + reach if self.left else self.edge - reach


@dataclass(frozen=True, slots=True)
class Layout:
    """The drawing's measures.

    Attributes:
        placed: cards by name.
        levels: the height at which each line runs between two cards.
        tunnels: upper and lower edge of what holds the lines of a realm between two cards, and the realm.
        nodes: the height of each outside end, and the lines that meet it.
        doors: how far from the middle of its router each line leaves a card, by line and card.
        height: of the whole.
    """

    placed: Mapping[str, Placed]
    levels: Mapping[Arrow, float]
    tunnels: tuple[tuple[float, float, str], ...]
    nodes: Mapping[str, tuple[float, tuple[Arrow, ...]]]
    doors: Mapping[tuple[Arrow, str], float]
    height: float


@dataclass(frozen=True, slots=True)
class _Block:
    """What needs a level of its own: all lines between two cards, or in a realm, or an outside end with its lines."""

    wanted: float
    height: float
    lines: tuple[Arrow, ...]
    node: str = ""
    realm: str = ""


def lay_out(scene: Scene) -> Layout:
    """Return where everything of a scene stands."""
    placed, height = _cards(scene)
    levels: dict[Arrow, float] = {}
    tunnels: list[tuple[float, float, str]] = []
    nodes: dict[str, tuple[float, tuple[Arrow, ...]]] = {}
    free = float(MARGIN + _TOP)
    for block in sorted(_blocks(scene, placed), key=lambda block: (block.wanted, block.node, block.realm)):
        top = max(free, block.wanted - block.height / 2)
        if block.node:
            nodes[block.node] = (top + NODE_HEIGHT / 2, block.lines)
        level = top - 8
        if block.realm:
            tunnels.append((top, top + block.height, block.realm))
            level += _TUNNEL_HEAD
        for line in block.lines:
            level += _TRUNK + len(line.words) * TEXT
            levels[line] = level
        free = top + block.height + 12
    levels = {line: level for line, level in levels.items() if line.source in placed and line.target in placed}
    doors = _at_doors(scene, placed, levels, nodes)
    return Layout(placed, levels, tuple(tunnels), nodes, doors, max(height, free + MARGIN, 160.0))


def _cards(scene: Scene) -> tuple[dict[str, Placed], float]:
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
            tall = _HEAD + max(1, len(card.rows)) * (ROW + ROW_GAP) - ROW_GAP + _FOOT
            placed[card.name] = Placed(card, MARGIN if on_left else WIDTH - MARGIN - CARD, y, tall, on_left)
            y += tall + _GAP
        heights.append(y - _GAP + MARGIN)
    return placed, max(heights)


def _blocks(scene: Scene, placed: Mapping[str, Placed]) -> list[_Block]:
    pairs: dict[tuple[str, tuple[str, ...]], list[Arrow]] = defaultdict(list)
    for line in scene.trunks:
        pairs[line.realm, tuple(sorted((line.source, line.target)))].append(line)
    blocks = []
    met: dict[str, list[Arrow]] = defaultdict(list)
    for (realm, pair), lines in pairs.items():
        inside = [name for name in pair if name in placed]
        if len(inside) == 2:
            wanted = sum(placed[name].door_y for name in inside) / 2
            # All that clients start, then all that servers start.
            ordered = sorted(lines, key=lambda line: (list(SHIFTS).index(line.kind), line.source))
            tall = sum(_TRUNK + len(line.words) * TEXT for line in ordered)
            room = _TUNNEL_HEAD + _TUNNEL_FOOT if realm else 0
            blocks.append(_Block(wanted, tall + room, tuple(ordered), realm=realm))
        else:
            for name in set(pair) - set(inside):
                met[name] += lines
    for node in scene.outside:
        lines = met.get(node, [])
        ends = [placed[name].door_y for line in lines for name in (line.source, line.target) if name in placed]
        wanted = sum(ends) / len(ends) if ends else 0.0
        blocks.append(
            _Block(wanted, NODE_HEIGHT + sum(len(line.words) for line in lines) * TEXT + 8, tuple(lines), node)
        )
    return blocks


def _at_doors(
    scene: Scene,
    placed: Mapping[str, Placed],
    levels: Mapping[Arrow, float],
    nodes: Mapping[str, tuple[float, tuple[Arrow, ...]]],
) -> dict[tuple[Arrow, str], float]:
    """Spread the lines over their router in the order of their levels, so that they do not cross there."""
    meeting: dict[str, list[tuple[float, Arrow]]] = defaultdict(list)
    for line in scene.trunks:
        for name, other in ((line.source, line.target), (line.target, line.source)):
            if name in placed:
                meeting[name].append((levels[line] if line in levels else nodes[other][0], line))
    found = {}
    for name, lines in meeting.items():
        step = min(8.0, (DOOR_HEIGHT - 10) / len(lines))
        for index, (_level, line) in enumerate(sorted(lines, key=lambda item: item[0])):
            spread = (index - (len(lines) - 1) / 2) * step
            # Without a router the line goes on where the one from the row ends.
            found[line, name] = spread if placed[name].card.doors else SHIFTS[line.kind] / 2
    return found
