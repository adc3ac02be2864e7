# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test page: its drawing, and what a received picture says of it.

A frame with large black and white cells: 64 of them are the page's mark, a number that no other page has, and 16 a
checksum. A page that arrives says by itself which one it is, whether it is whole, and how much of it differs from what
was drawn. All is far larger than the dots that a bad line destroys.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# The page's coordinates, in points from the lower left: inside both A4 and Letter.
_LEFT, _RIGHT, _LOW, _HIGH = 60, 535, 120, 720
_LINE = 10
_MARGIN = 15
COLUMNS, ROWS = 8, 10
_CELL_WIDTH = (_RIGHT - _LEFT - 2 * _MARGIN) / COLUMNS
_CELL_HEIGHT = (_HIGH - _LOW - 2 * _MARGIN) / ROWS
MARK_BITS = 64
_CHECK_BITS = COLUMNS * ROWS - MARK_BITS
#: CRC-16/CCITT-FALSE, x^16 + x^12 + x^5 + 1: ITU-T V.41 has the polynomial.
_POLYNOMIAL = 0x1021
#: A line of a frame is black over so much of the picture's width.
_FRAME_SHARE = 0.5
#: A line of at least this share of the longest one is an edge of the frame.
_EDGE_SHARE = 0.97


class Picture(NamedTuple):
    """Dots, row by row; true is ink."""

    width: int
    height: int
    rows: tuple[tuple[bool, ...], ...]


class Reading(NamedTuple):
    """What a received page says.

    Attributes:
        mark: the page's number; None where there is no whole frame, or its checksum does not fit.
        unlike: share of the frame's dots that differ from what was drawn, 0 to 1; 1 where there is no mark.
    """

    mark: int | None
    unlike: float


NOTHING = Reading(None, 1.0)


def checksum(mark: int) -> int:
    """The checksum of a mark."""
    rest = 0xFFFF
    for bit in range(MARK_BITS - 1, -1, -1):
        carried = (rest >> 15) ^ (mark >> bit & 1)
        rest = (rest << 1 & 0xFFFF) ^ (_POLYNOMIAL if carried else 0)
    return rest


def cells(mark: int) -> tuple[bool, ...]:
    """The cells of a mark, row by row from the top left; true is black."""
    whole = mark << _CHECK_BITS | checksum(mark)
    count = COLUMNS * ROWS
    return tuple(bool(whole >> (count - 1 - number) & 1) for number in range(count))


def postscript(mark: int, words: tuple[str, ...]) -> str:
    """The page for a printer or for HylaFAX.

    Args:
        mark: its number, below 2 to the power of 64.
        words: lines for people, below the frame.
    """
    lines = [
        "%!PS-Adobe-3.0",
        "%%Pages: 1",
        "%%EndComments",
        "%%Page: 1 1",
        f"{_LINE} setlinewidth",
        f"{_LEFT + _LINE / 2:g} {_LOW + _LINE / 2:g} {_RIGHT - _LEFT - _LINE} {_HIGH - _LOW - _LINE} rectstroke",
    ]
    for number, black in enumerate(cells(mark)):
        if black:
            row, column = divmod(number, COLUMNS)
            left, low = _LEFT + _MARGIN + column * _CELL_WIDTH, _HIGH - _MARGIN - (row + 1) * _CELL_HEIGHT
            lines.append(f"{left:g} {low:g} {_CELL_WIDTH:g} {_CELL_HEIGHT:g} rectfill")
    lines.append("/Helvetica findfont 13 scalefont setfont")
    for number, text in enumerate(words):
        plain = re.sub(r"([\\()])", r"\\\1", text.encode("ascii", "replace").decode())
        lines.append(f"{_LEFT} {_LOW - 24 - 18 * number} moveto ({plain}) show")
    return "\n".join([*lines, "showpage", "%%EOF", ""])


def pictures(data: bytes) -> list[Picture]:
    """The pictures of a PBM stream (format P4), as Ghostscript writes them; a picture that breaks off is left out."""
    found, place = [], 0
    header = re.compile(rb"P4\s(?:#[^\n]*\n)*(\d+)\s(?:#[^\n]*\n)*(\d+)\s")
    while (seen := header.match(data, place)) is not None:
        width, height = int(seen[1]), int(seen[2])
        bytes_a_row, start = (width + 7) // 8, seen.end()
        place = start + bytes_a_row * height
        if place > len(data):
            break
        rows = []
        for number in range(height):
            row = data[start + number * bytes_a_row : start + (number + 1) * bytes_a_row]
            bits = bin(int.from_bytes(row, "big") | 1 << 8 * bytes_a_row)[3 : 3 + width]
            rows.append(tuple(bit == "1" for bit in bits))
        found.append(Picture(width, height, tuple(rows)))
    return found


def read(picture: Picture) -> Reading:
    """Read a received page."""
    frame = _frame(picture)
    if frame is None:
        return NOTHING
    sampled = [_is_black(picture, frame, number) for number in range(COLUMNS * ROWS)]
    whole = sum(black << (len(sampled) - 1 - number) for number, black in enumerate(sampled))
    mark, check = whole >> _CHECK_BITS, whole & (1 << _CHECK_BITS) - 1
    if checksum(mark) != check:
        return NOTHING
    return Reading(mark, _unlike(picture, frame, cells(mark)))


class _Frame(NamedTuple):
    """Where the frame is, in dots; the last ones included."""

    left: int
    right: int
    top: int
    bottom: int

    def x(self, points: float) -> float:
        return self.left + (points - _LEFT) / (_RIGHT - _LEFT) * (self.right - self.left + 1)

    def y(self, points: float) -> float:
        return self.top + (_HIGH - points) / (_HIGH - _LOW) * (self.bottom - self.top + 1)


def _longest(row: tuple[bool, ...]) -> tuple[int, int]:
    """First dot and number of dots of a row's longest black line."""
    best, begin = (0, 0), None
    for place, ink in enumerate((*row, False)):
        if ink and begin is None:
            begin = place
        elif not ink and begin is not None:
            best, begin = max(best, (begin, place - begin), key=lambda line: line[1]), None
    return best


def _frame(picture: Picture) -> _Frame | None:
    """The frame: from the first row that is a long black line to the last.

    A line that the way spoilt is a single one: an edge has others like it around.
    """
    least = picture.width * _FRAME_SHARE
    lines = [(number, *_longest(row)) for number, row in enumerate(picture.rows)]
    long = [
        line
        for number, line in enumerate(lines[:-2])
        if line[2] >= least and all(_alike(line, other) for other in lines[number + 1 : number + 3])
    ]
    if len(long) < 2:
        return None
    longest = max(line[2] for line in long)
    # Cells that touch are a line as well, a shorter one.
    edges = [line for line in long if line[2] >= longest * _EDGE_SHARE]
    top, left, count = edges[0]
    # The last one has two more below it.
    return _Frame(left, left + count - 1, top, min(edges[-1][0] + 2, picture.height - 1))


def _alike(line: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two lines begin and end at about the same dot."""
    return abs(line[1] - other[1]) <= 2 and abs(line[1] + line[2] - other[1] - other[2]) <= 2


def _cell(frame: _Frame, number: int) -> tuple[float, float, float, float]:
    """A cell's left, right, top and bottom, in dots."""
    row, column = divmod(number, COLUMNS)
    left, high = _LEFT + _MARGIN + column * _CELL_WIDTH, _HIGH - _MARGIN - row * _CELL_HEIGHT
    return frame.x(left), frame.x(left + _CELL_WIDTH), frame.y(high), frame.y(high - _CELL_HEIGHT)


def _is_black(picture: Picture, frame: _Frame, number: int) -> bool:
    """Whether most of a cell's middle is ink."""
    left, right, top, bottom = _cell(frame, number)
    columns = range(round(left + (right - left) / 4), round(right - (right - left) / 4))
    rows = range(round(top + (bottom - top) / 4), round(bottom - (bottom - top) / 4))
    ink = sum(picture.rows[row][column] for row in rows for column in columns if row < picture.height)
    return 2 * ink > len(rows) * len(columns)


def _unlike(picture: Picture, frame: _Frame, drawn: tuple[bool, ...]) -> float:
    """The share of dots inside the frame that differ; those at an edge, which may fall to either side, do not count."""
    count = wrong = 0
    for number, black in enumerate(drawn):
        left, right, top, bottom = _cell(frame, number)
        for row in range(round(top) + 2, round(bottom) - 2):
            dots = picture.rows[row][round(left) + 2 : round(right) - 2]
            count += len(dots)
            wrong += len(dots) - sum(dots) if black else sum(dots)
    return wrong / count if count else 1.0
