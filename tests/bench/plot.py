# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plots as SVG text, drawn without a library: how planning grows, and every goal beside its aim."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tests.bench.measure import Figure, Goal

WIDTH = 720
FONT = 'font-family="sans-serif" font-size="13"'
COLOURS = ("#0072b2", "#d55e00", "#009e73")


def growth(title: str, sizes: Sequence[int], lines: Mapping[str, Sequence[Figure]]) -> str:
    """Return a plot of figures over sizes, both axes linear, so that linear cost is a straight line.

    Args:
        lines: by legend text, one figure for each size; drawn at the median, with a bar from low to high.
    """
    left, top, right, bottom = 70, 50, WIDTH - 30, 330
    highest = max(figure.high for figures in lines.values() for figure in figures)

    def x(size: float) -> float:
        return left + (right - left) * size / sizes[-1]

    def y(value: float) -> float:
        return bottom - (bottom - top) * value / (highest * 1.05)

    parts = [_text(left, 25, title, "bold")]
    step = _step(highest)
    for number in range(int(highest / step) + 1):
        parts.append(_line(left, y(step * number), right, y(step * number), "#dddddd"))
        parts.append(_text(left - 8, y(step * number) + 4, f"{step * number:.3g}", end=1))
    parts += [_line(x(size), bottom, x(size), bottom + 5, "#444444") for size in sizes]
    shown = [size for place, size in enumerate(sizes) if place == len(sizes) - 1 or x(sizes[place + 1]) - x(size) > 45]
    parts += [_text(x(size), bottom + 20, f"{size:,}", end=0.5) for size in shown]
    parts.append(_text((left + right) / 2, bottom + 42, "clients", end=0.5))
    for number, (name, figures) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{x(size):.1f},{y(figure.median):.1f}" for size, figure in zip(sizes, figures, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for size, figure in zip(sizes, figures, strict=True):
            parts.append(_line(x(size), y(figure.low), x(size), y(figure.high), colour, 3))
            parts.append(f'<circle cx="{x(size):.1f}" cy="{y(figure.median):.1f}" r="4" fill="{colour}"/>')
        parts += [_line(left + 15, 66 + 20 * number, left + 40, 66 + 20 * number, colour, 3)]
        parts.append(_text(left + 48, 70 + 20 * number, name))
    return _svg(bottom + 55, parts, title)


def goals(title: str, wanted: Sequence[Goal]) -> str:
    """Return every goal as a bar: its median as a share of its aim on a logarithmic axis; better is to the right."""
    left, right, row = 310, WIDTH - 180, 34
    bottom = 55 + row * len(wanted)
    shares = [_share(goal) for goal in wanted]
    reach = max(2.0, *(max(share, 1 / share) for share in shares)) * 1.1

    def x(share: float) -> float:
        return left + (right - left) * (math.log(share) / math.log(reach) + 1) / 2

    parts = [_text(20, 25, title, "bold")]
    for number, (goal, share) in enumerate(zip(wanted, shares, strict=True)):
        y = 45 + row * number
        colour = COLOURS[2] if goal.met else COLOURS[1]
        start, end = sorted((x(1.0), x(share)))
        parts.append(_text(20, y + 15, goal.figure.name))
        parts.append(
            f'<rect x="{start:.1f}" y="{y:.1f}" width="{max(end - start, 1.5):.1f}" height="20" fill="{colour}"/>'
        )
        sign = "at least" if goal.at_least else "at most"
        said = f"{goal.figure.median:.3g} {goal.figure.unit}, {sign} {goal.aim:g}"
        parts.append(_text(WIDTH - 15, y + 15, said, end=1))
    parts.append(_line(x(1.0), 38, x(1.0), bottom, "#222222", 2))
    parts.append(_text(x(1.0), bottom + 18, "the aim; better is to the right of it", end=0.5, size=11))
    return _svg(bottom + 32, parts, title)


def _step(highest: float) -> float:
    """The distance of grid lines: 1, 2 or 5 times a power of ten, so that there are three to eight of them."""
    power = 10.0 ** math.floor(math.log10(highest))
    return next(power * factor for factor in (0.2, 0.5, 1.0, 2.0) if highest / (power * factor) <= 8)


def _share(goal: Goal) -> float:
    return goal.figure.median / goal.aim if goal.at_least else goal.aim / goal.figure.median


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, weight: str = "normal", end: float = 0, size: int = 13) -> str:
    anchor = {0: "start", 0.5: "middle", 1: "end"}[end]
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _svg(height: float, parts: Iterable[str], title: str) -> str:
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {WIDTH} {height:.0f}" {FONT} role="img">\n<title>{escape(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{inside}\n</svg>\n'
    )
