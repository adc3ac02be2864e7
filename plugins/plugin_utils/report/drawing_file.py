# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing as a file of its own: for a document, a wiki, a wall. In the page's light colours, on white."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from .drawing import drawing
from .scene import Scene

STYLE_SHEET = Path(__file__).with_name("page.css")

_FONTS = '.drawing text { font-family: system-ui, "Segoe UI", "Liberation Sans", sans-serif; }'
_BACK = '<rect width="100%" height="100%" fill="#ffffff"/>'


def drawing_file(scene: Scene) -> str:
    """Return the scene as the text of an SVG file that needs nothing else."""
    head, rest = str(drawing(scene)).split(">", 1)
    return f'{head} xmlns="http://www.w3.org/2000/svg">\n{_style()}\n{_BACK}\n{rest}\n'


@cache
def _style() -> str:
    """Of the page's style sheet the first colours and what concerns the drawing: an image has no page around it.

    Raises:
        ValueError: the style sheet has no such parts any more.
    """
    sheet = STYLE_SHEET.read_text(encoding="utf-8")
    colours = re.search(r"^:root \{.*?^\}", sheet, re.MULTILINE | re.DOTALL)
    rules = re.findall(r"^\.drawing .*?\}$", sheet, re.MULTILINE | re.DOTALL)
    if colours is None or not rules:
        raise ValueError(f"{STYLE_SHEET} has no colours or no rules for the drawing")
    return "\n".join(["<style>", colours.group(0).replace("light dark", "light"), _FONTS, *rules, "</style>"])
