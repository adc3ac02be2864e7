# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small parts that several sections of the page are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .markup import Content, Markup, tag


def section(identity: str, title: str, intro: str | None, *content: Content) -> Markup:
    """A section with its heading, and a line below it that says how to read it."""
    lead = tag("p", intro, class_="intro") if intro else None
    return tag("section", tag("h2", title), lead, *content, id=identity)


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[Content]],
    numeric: Collection[int] = (),
    names: Collection[int] = (),
    caption: str | None = None,
    *,
    label: str = "",
    stacked: bool = False,
) -> Markup:
    """A table; columns in *numeric* are set flush right, those in *names* hold names.

    Args:
        label: what it holds, for those who hear the page; the caption unless given.
        stacked: on a narrow screen a row's cells stand below each other, each after its column's title.
    """

    def style(index: int) -> str | None:
        return "number" if index in numeric else "name" if index in names else None

    top = tag("tr", [tag("th", title, scope="col", class_=style(index)) for index, title in enumerate(head)])
    titles = head if stacked else [None] * len(head)
    body = [
        tag("tr", [tag("td", cell, class_=style(index), data_title=titles[index]) for index, cell in enumerate(row)])
        for row in rows
    ]
    title = tag("caption", caption) if caption else None
    inner = tag("table", title, tag("thead", top), tag("tbody", body), class_="stacked" if stacked else None)
    return scrolled(label or caption or ", ".join(head), inner, class_="wide")


def scrolled(label: str, *content: Content, class_: str) -> Markup:
    """What may be wider or higher than its place: it scrolls there, by keyboard too."""
    return tag("div", *content, class_=class_, tabindex=0, role="region", aria_label=label)


def breakable(name: str) -> list[Content]:
    """A name that may be broken after each dot, where it is a long one."""
    first, *others = name.split(".")
    return [first, *([".", tag("wbr"), part] for part in others)]


def badge(words: str, style: str) -> Markup:
    """A short word with a colour; the word alone says everything."""
    return tag("span", words, class_=f"badge {style}")


def file_links(words: str, *names: str) -> Markup:
    """``The ranges: ranges.csv, ranges.md``: files that lie beside the page."""
    links: list[Content] = []
    for name in names:
        links += [", " if links else ": ", tag("a", name, href=name)]
    return tag("p", words, links, ".", class_="files")


def number(count: int, noun: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
