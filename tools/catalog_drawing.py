# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product's exchanges as a drawing: whom it talks to on the left, its server on the right, an arrow a line.

An arrow begins where the first packet comes from; the port stands at its head, where something has to be open. Broken
lines are what is off unless somebody asks for it, or what the product works without.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tools.made import ROOT

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import (
    ADDRESSES,
    EVERYONE,
    INTERNET,
    Broadcast,
    Exchange,
    Profile,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.drawing import arrowhead
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.flow_words import cut
from ansible_collections.faxnet.deploy.plugins.plugin_utils.report.markup import Markup, raw, tag

WIDTH = 980
BOX = 196
MARGIN = 10
ROW = 34
NOTE = 14
HEAD = 14
LEAST = 62
GAP = 22
LEGEND = 48
#: Where arrows begin and end.
LEFT = MARGIN + BOX
RIGHT = WIDTH - MARGIN - BOX
#: Pixels that a letter of a title takes at most, on average; and letters of a note that fit into one line.
LETTER = 7.4
NOTE_LETTERS = 84

STYLE = """
.flows text { font-family: system-ui, "Segoe UI", "Liberation Sans", sans-serif; font-size: 13px; fill: #18212d; }
.flows .box { fill: #f4f6f8; stroke: #c3ccd8; }
.flows .box.server { stroke: #1a5ccc; stroke-width: 1.6; }
.flows .name { font-size: 15px; font-weight: 650; text-anchor: middle; }
.flows .role { font-size: 12px; fill: #566273; text-anchor: middle; }
.flows .flow { fill: none; stroke-width: 1.8; }
.flows .client { stroke: #1a5ccc; } .flows .by-server { stroke: #b04a00; }
.flows .unasked { stroke-dasharray: 7 4; } .flows .broadcast { stroke: #566273; stroke-dasharray: 2 4; }
.flows .head.client { fill: #1a5ccc; stroke: none; } .flows .head.by-server { fill: #b04a00; stroke: none; }
.flows .head.broadcast { fill: #566273; stroke: none; }
.flows .public { fill: #ffffff; stroke: #1a5ccc; stroke-width: 1.8; }
.flows .title { font-weight: 600; }
.flows .port { font-variant-numeric: tabular-nums; }
.flows .note { font-size: 11.5px; fill: #566273; text-anchor: middle; }
.flows .end { text-anchor: end; }
.flows .legend { font-size: 12px; fill: #566273; }
"""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One arrow: its style, its words, and the way that it points.

    Attributes:
        title: the vendor's name of the exchange.
        port: the transport and the ports at the arrow's head.
        notes: what else is to be known, in lines of a few words.
        style: ``client``, ``by-server`` or ``broadcast``.
        unasked: whether it is there only where somebody asks for it.
        public: whether the Internet takes part in it, too, where an offer is public.
        to_server: whether it points to the server.
    """

    title: str
    port: str
    notes: tuple[str, ...]
    style: str
    unasked: bool
    public: bool
    to_server: bool

    @property
    def height(self) -> float:
        """What it takes of its box's height, in pixels."""
        return ROW + NOTE * len(self.notes)


@dataclass(frozen=True, slots=True)
class Group:
    """A box on the left with its arrows."""

    name: str
    role: str
    arrows: tuple[Arrow, ...]

    @property
    def height(self) -> float:
        """The box's height, in pixels."""
        return max(HEAD + sum(arrow.height for arrow in self.arrows), LEAST)


def drawing(profile: Profile) -> str:
    """Return the drawing of a profile as the text of an SVG file."""
    groups = tuple(_groups(profile))
    tops = []
    y = float(MARGIN)
    for group in groups:
        tops.append(y)
        y += group.height + GAP
    bottom = y - GAP
    height = bottom + LEGEND
    svg = tag(
        "svg",
        tag("title", f"{profile.title}: who starts talking to whom", id="title"),
        tag("desc", " ".join(_in_words(groups)), id="words"),
        tag("style", raw(STYLE)),
        tag("rect", width=WIDTH, height=f"{height:g}", fill="#ffffff"),
        tag("defs", [arrowhead(f"head-{style}", style) for style in ("client", "by-server", "broadcast")]),
        _box(RIGHT, MARGIN, bottom - MARGIN, profile.title, "server", "box server"),
        [_group(group, top) for group, top in zip(groups, tops, strict=True)],
        _legend(groups, bottom + 26),
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby="title words",
        class_="flows",
        xmlns="http://www.w3.org/2000/svg",
    )
    return svg.replace("><", ">\n<") + "\n"


def port_words(profile: Profile, item: Exchange) -> str:
    """The ports of an exchange at the arrow's head, for people: ``TCP 4559``, ``UDP, any port``."""
    transport = item.transport.upper()
    if item.is_callback:
        return f"{transport}, the port that the client reported"
    if item.to_any_port:
        return f"{transport}, any port"
    return f"{transport} {_numbers(profile, item.setting, item.ports.text if item.ports else '')}"


def _numbers(profile: Profile, setting: str | None, text: str) -> str:
    if setting is None:
        return dashed(text)
    default = profile.settings[setting].default
    if isinstance(default, tuple) and hasattr(default, "text"):
        return dashed(default.text)
    return f"{setting} (you name it)"


def dashed(text: str) -> str:
    """A range as it is printed: with an en dash."""
    return text.replace("-", "\N{EN DASH}")


def duration(seconds: int) -> str:
    """A time in words: ``5 min``, ``1 h``, ``5 days``."""
    for size, word in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {word}{'s' if word == 'day' and count > 1 else ''}"
    return f"{seconds} s"


def _groups(profile: Profile) -> Iterator[Group]:
    with_clients = [_arrow(profile, item) for item in profile.exchanges if item.with_clients]
    if profile.broadcast is not None:
        with_clients.insert(0, _broadcast(profile.broadcast))
    if with_clients:
        yield Group("Clients", "hosts of the inventory", tuple(with_clients))
    outside = [_arrow(profile, item) for item in profile.exchanges if item.parties == INTERNET]
    if outside:
        yield Group("Internet", "where an offer is public", tuple(outside))
    for name, setting in profile.settings.items():
        arrows = [_arrow(profile, item) for item in profile.exchanges if item.parties == name]
        if setting.kind == ADDRESSES and arrows:
            yield Group(name, "named by the offer", tuple(arrows))


def _broadcast(broadcast: Broadcast) -> Arrow:
    note = "broadcast, so it ends at the first router; no document names its port"
    return Arrow(broadcast.title, "UDP", (note,), "broadcast", unasked=False, public=False, to_server=True)


def _arrow(profile: Profile, item: Exchange) -> Arrow:
    return Arrow(
        title=item.title,
        port=port_words(profile, item),
        notes=tuple(broken(", ".join(_notes(profile, item)), NOTE_LETTERS)),
        style="client" if item.initiator == "client" else "by-server",
        unasked=item.optional or not item.default,
        public=item.parties == EVERYONE,
        to_server=item.initiator == "client",
    )


def _notes(profile: Profile, item: Exchange) -> Iterator[str]:
    if item.versions and not item.part_of:
        yield f"version {' and '.join(version for version, _on in item.versions)}"
    if item.source_word:
        yield f"from port {_numbers(profile, item.source_setting, item.source_word)}"
    if item.optional and item.default:
        yield "may be switched off"
    if item.part_of:
        yield f"goes with {item.part_of}"
    if item.one_network:
        yield "in one network only"
    if item.untranslated:
        yield "where no NAT stands before the client"
    if item.helper:
        yield f"connection-tracking helper {item.helper}"
    if item.rides_on:
        yield f"passes a NAT only through the opening of {item.rides_on}"
    if item.idle:
        yield f"remembered for {duration(item.idle)}"


def _group(group: Group, top: float) -> Markup:
    drawn = []
    y = top + HEAD / 2 + 22
    for arrow in group.arrows:
        drawn.append(_drawn(arrow, y))
        y += arrow.height
    return tag("g", _box(MARGIN, top, group.height, group.name, group.role, "box"), drawn)


def _box(x: float, y: float, height: float, name: str, role: str, style: str) -> Markup:
    lines = list(broken(name, 19))
    centre, first = x + BOX / 2, y + 28
    return tag(
        "g",
        tag("rect", x=x, y=f"{y:g}", width=BOX, height=f"{height:g}", rx=10, class_=style),
        [tag("text", line, x=centre, y=f"{first + 18 * number:g}", class_="name") for number, line in enumerate(lines)],
        tag("text", role, x=centre, y=f"{first + 18 * len(lines):g}", class_="role"),
    )


def broken(words: str, most: int) -> Iterator[str]:
    """*words* in lines of at most *most* letters, broken between words; a longer word has a line of its own."""
    line = ""
    for word in words.split():
        if line and len(line) + 1 + len(word) > most:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def _drawn(arrow: Arrow, y: float) -> Markup:
    start, end = (LEFT, RIGHT - 2) if arrow.to_server else (RIGHT, LEFT + 2)
    room = (RIGHT - LEFT - 36) / LETTER - len(arrow.port)
    title = cut(arrow.title, int(room))
    near, far = (LEFT + 14, RIGHT - 14) if arrow.to_server else (RIGHT - 14, LEFT + 14)
    style = f"flow {arrow.style}{' unasked' if arrow.unasked else ''}"
    centre = (LEFT + RIGHT) / 2
    return tag(
        "g",
        tag("path", d=f"M{start:g},{y:g} H{end:g}", class_=style, marker_end=f"url(#head-{arrow.style})"),
        tag("circle", cx=start, cy=f"{y:g}", r=5, class_="public") if arrow.public else None,
        tag("text", title, x=near, y=f"{y - 6:g}", class_="title" if arrow.to_server else "title end"),
        tag("text", arrow.port, x=far, y=f"{y - 6:g}", class_="port end" if arrow.to_server else "port"),
        [
            tag("text", note, x=f"{centre:g}", y=f"{y + NOTE * (number + 1):g}", class_="note")
            for number, note in enumerate(arrow.notes)
        ],
    )


def _legend(groups: Iterable[Group], y: float) -> Markup:
    """What the colours, lines and rings that are there mean, in one row."""
    arrows = [arrow for group in groups for arrow in group.arrows]
    entries = [("flow client", "a client starts it")]
    if any(arrow.style == "by-server" for arrow in arrows):
        entries.append(("flow by-server", "the server starts it"))
    if any(arrow.unasked for arrow in arrows):
        entries.append(("flow client unasked", "off by default, or optional"))
    if any(arrow.public for arrow in arrows):
        entries.append(("public", "from the Internet, too, where the offer is public"))
    parts = []
    x = float(MARGIN)
    for style, words in entries:
        sign = (
            tag("circle", cx=f"{x + 8:g}", cy=f"{y:g}", r=5, class_=style)
            if style == "public"
            else tag("path", d=f"M{x:g},{y:g} h28", class_=style)
        )
        after = x + (20 if style == "public" else 35)
        parts += [sign, tag("text", words, x=f"{after:g}", y=f"{y + 4:g}", class_="legend")]
        x = after + len(words) * 6.15 + 20
    return tag("g", parts)


def _in_words(groups: Iterable[Group]) -> Iterator[str]:
    """The drawing for those who do not see it."""
    for group in groups:
        for arrow in group.arrows:
            way = f"{group.name} to server" if arrow.to_server else f"Server to {group.name}"
            notes = "; ".join([*(["the Internet too"] if arrow.public else []), *arrow.notes])
            yield f"{way}: {arrow.title}, {arrow.port}{f' ({notes})' if notes else ''}."
