# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section about test pages: what was sent over the planned way, and a picture of what arrived."""

from __future__ import annotations

from ..verification.sent_pages import SentPage
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge, number, section

_INTRO = (
    "A page with a mark of its own was sent over the planned way. Delivered means: the receiving server has that very "
    "page, whole and unspoilt."
)


def sent_pages_section(report: Report) -> Markup | None:
    """The newest test page of each call; None where none was ever sent."""
    pages = report.source.sent_pages
    if not pages:
        return None
    return section("test-pages", "Test pages", _INTRO, [_page(page, report.view.digest) for page in pages])


def _page(page: SentPage, digest: str) -> Markup:
    words: list[Content] = [
        tag("h3", page.call, " ", badge(*(("delivered", "good") if page.delivered else ("not delivered", "bad")))),
        tag("p", f"{page.text[:1].upper()}{page.text[1:]}."),
        tag("p", f"To blame: the {page.blame}. What to do: {page.cure}.") if page.blame else None,
        tag("p", f"{page.time} UTC, {_plan(page.plan, digest)}. {_share(page)}".strip(), class_="legend"),
    ]
    picture = tag("img", src=f"data:image/png;base64,{page.picture}", alt=f"The page of {page.call} as it arrived")
    shown = tag("figure", picture, tag("figcaption", "as it arrived")) if page.picture else None
    return tag("article", tag("div", words), shown, class_="sent")


def _plan(sent_with: str, digest: str) -> str:
    if sent_with == digest:
        return "with this plan"
    return f"with another plan, {sent_with[:12]}" if sent_with else "with a plan that was not noted"


def _share(page: SentPage) -> str:
    return f"Of the last {number(page.calls, 'page')} {page.arrived} arrived." if page.calls > 1 else ""
