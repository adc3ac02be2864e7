# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON documents that begin with their format and end with a digest of all that stands before it.

What a plan says becomes firewall rules, so whoever reads a document checks both: a document of another version may mean
something else by the same words, and one that was edited by hand is no longer what was planned and reviewed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from ..basics.findings import shown
from ..basics.gc_pause import gc_pause

#: Format of every document of a plan directory; another number is refused.
FORMAT = 1

_BEFORE_DIGEST, _AFTER_DIGEST = ',"digest":"', '"}\n'
_END = len(_BEFORE_DIGEST) + hashlib.sha256().digest_size * 2 + len(_AFTER_DIGEST)


class PlanFileError(Exception):
    """A plan directory that cannot be read or written; the message names the path and the cure."""


def end_of_document(digest: str) -> str:
    """The end of a document whose text before has that SHA-256, in hexadecimal."""
    return f"{_BEFORE_DIGEST}{digest}{_AFTER_DIGEST}"


def seal(body: str) -> tuple[bytes, str]:
    """Return a document as its file holds it, and its digest.

    Args:
        body: a JSON object with a member ``format``, without its closing brace.
    """
    content = body.encode()
    digest = hashlib.sha256(content).hexdigest()
    return content + end_of_document(digest).encode(), digest


def read_sealed(
    content: bytes,
    where: str,
    cure: str,
    edited: str = "Change the inventory and not the plan, and",
    *,
    shared: bool = False,
) -> dict[str, Any]:
    """Return a document's data.

    Args:
        content: the document as its file holds it.
        where: the path, for messages.
        cure: how to get a good one.
        edited: what to say to somebody who has edited it, before the cure.
        shared: whether texts that are equal become one. Of a large plan that leaves half of the memory, and takes half
            as long again: for documents that are kept.

    Raises:
        PlanFileError: it is not JSON, of another format, or not what was written.
    """
    try:
        with gc_pause():  # half the time of a large plan is spent on looking for garbage among what is being read
            data = json.loads(content, object_hook=_sharing() if shared else None)
    except ValueError as error:
        raise PlanFileError(f"{where} cannot be read: {error}; {cure}") from error
    except RecursionError:
        raise PlanFileError(f"{where} cannot be read: it nests lists or mappings too deep; {cure}") from None
    if not isinstance(data, dict) or "format" not in data:
        raise PlanFileError(f"{where} is not a document of a plan; {cure}")
    if data["format"] != FORMAT or isinstance(data["format"], bool):
        raise PlanFileError(
            f"{where} has format {shown(data['format'])}, and this version of faxnet.deploy reads {FORMAT}: {cure}, "
            "or use the version that wrote it"
        )
    digest = hashlib.sha256(memoryview(content)[:-_END]).hexdigest()
    if content[-_END:] != end_of_document(digest).encode():
        raise PlanFileError(f"{where} is not as it was written: its digest does not fit what it holds. {edited} {cure}")
    return data


def _sharing() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what puts one text in the place of all that are equal, in each mapping and in its lists."""
    known = dict[str, str]().setdefault

    def share(data: dict[str, Any]) -> dict[str, Any]:
        for key, value in data.items():
            if isinstance(value, str):
                data[key] = known(value, value)
            elif isinstance(value, list) and value and isinstance(value[0], str):
                data[key] = [known(item, item) if isinstance(item, str) else item for item in value]
        return data

    return share
