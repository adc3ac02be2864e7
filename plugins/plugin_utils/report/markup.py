# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML and SVG made of elements. Text is escaped where it enters, so nobody can forget it later."""

from __future__ import annotations

import html
from collections.abc import Iterable

#: Elements without content, and without an end tag in HTML.
_VOID = frozenset({"br", "hr", "meta", "link", "img", "col", "input", "wbr"})


class Markup(str):
    """Text that is markup already. Only this module makes it."""

    __slots__ = ()


#: What an element may hold.
Content = str | int | float | None | Iterable["Content"]


def text(content: Content) -> Markup:
    """Return *content* as markup: strings escaped, markup as it is, None as nothing, iterables joined."""
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(html.escape(printable(content)))
    if isinstance(content, (int, float)):
        return Markup(str(content))
    return Markup("".join(text(item) for item in content))


def tag(element: str, /, *content: Content, **attributes: str | int | float | bool | None) -> Markup:
    """Return an element.

    Args:
        element: its name, a constant of the caller.
        content: what it holds.
        attributes: ``class_`` means class, ``aria_label`` means aria-label; None and False leave one out.
    """
    begin = opening(element, **attributes)
    return begin if element in _VOID else Markup(f"{begin}{text(content)}{closing(element)}")


def opening(element: str, /, **attributes: str | int | float | bool | None) -> Markup:
    """Return the tag that an element begins with, see tag(): for one that is written piece by piece."""
    parts = [element]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        label = key.rstrip("_").replace("_", "-")
        parts.append(label if value is True else f'{label}="{html.escape(printable(str(value)))}"')
    return Markup(f"<{' '.join(parts)}>")


def closing(element: str) -> Markup:
    """Return the tag that an element ends with."""
    return Markup(f"</{element}>")


def raw(trusted: str) -> Markup:
    """Return text of our own (a style sheet, a document type) as markup."""
    return Markup(trusted)


def printable(value: str) -> str:
    """Return *value* without characters that no HTML or XML document may hold; newlines and tabs stay."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in value)
