# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role canary keeps of the test pages that it sent: a file a call beside the plan, its newest page first."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "canary"

#: What every PNG file begins with (www.w3.org/TR/png-3, 5.2).
_PNG = b"\x89PNG\r\n\x1a\n"
#: Bytes of the largest picture that goes into a report; a page has some ten thousand.
_MOST_BYTES = 1 << 20
_KEYS: dict[str, type] = {"time": str, "plan": str, "delivered": bool, "blame": str, "text": str, "cure": str}


class SentPage(NamedTuple):
    """The newest page of a call.

    Attributes:
        call: the call's name.
        time: when it was judged, UTC.
        plan: digest of the plan that was there then.
        delivered: whether it was received, whole and unspoilt.
        blame: ``network`` or ``fax``; empty where it was delivered.
        text, cure: what was found, and what to do.
        picture: what arrived, a PNG file encoded by base64; empty where nothing did.
        arrived, calls: how many of how many kept calls were delivered.
    """

    call: str
    time: str
    plan: str
    delivered: bool
    blame: str
    text: str
    cure: str
    picture: str
    arrived: int
    calls: int


class Unread(NamedTuple):
    """A file that cannot be read, and why."""

    name: str
    problem: str


def read_sent_pages(base: Path) -> tuple[tuple[SentPage, ...], tuple[Unread, ...]]:
    """The newest page of each call beside a plan, by the calls' files, and the files that hold none.

    Args:
        base: the folder that holds the plan's directory.
    """
    pages: list[SentPage] = []
    unread: list[Unread] = []
    for path in sorted((base / FOLDER).glob("*.json")):
        try:
            pages.append(_page(json.loads(path.read_text(encoding="utf-8"))))
        except OSError as error:
            unread.append(Unread(path.name, f"cannot be read: {error.strerror}"))
        except (ValueError, RecursionError) as error:
            unread.append(Unread(path.name, f"is no record of test pages: {str(error).splitlines()[0]}"))
    return tuple(pages), tuple(unread)


def _page(kept: object) -> SentPage:
    calls = list(_calls(kept))
    newest = calls[0]
    return SentPage(
        call=newest["call"],
        **{key: newest[key] for key in _KEYS},
        picture=newest["picture"],
        arrived=sum(call["delivered"] for call in calls),
        calls=len(calls),
    )


def _calls(kept: object) -> Iterator[dict[str, Any]]:
    """Each kept call, checked; ValueError says what is wrong."""
    if not isinstance(kept, list) or not kept:
        raise ValueError("it holds no list of calls")
    for number, call in enumerate(kept):
        if not isinstance(call, dict):
            raise ValueError(f"call {number + 1} is no dictionary")
        told = {"call": "", "plan": "", "picture": "", **call}
        for key, kind in {**_KEYS, "call": str, "picture": str}.items():
            if not isinstance(told.get(key), kind):
                raise ValueError(f"{key} of call {number + 1} is missing or of the wrong kind")
        yield {**told, "picture": told["picture"] if _is_picture(told["picture"]) else ""}


def _is_picture(encoded: str) -> bool:
    """Whether it is a PNG file of reasonable size."""
    try:
        found = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return found.startswith(_PNG) and len(found) <= _MOST_BYTES
