# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a new plan changes, host by host, in the form of ansible's diff: before and after, each with a header."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .directory import read_plan, read_slice
from .plan_json import PlanDocuments
from .sealed_json import PlanFileError
from .slice_json import read_slice_document
from .terminal_text import slice_text


class Changed(NamedTuple):
    """A host whose slice changes; None where it has or had none, or where the old one is spoilt."""

    host: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


def hosts_of(directory: Path) -> frozenset[str]:
    """Return the hosts of the plan that lies there; none where there is no plan, or none that can be read."""
    try:
        return frozenset(read_plan(directory)["hosts"])
    except PlanFileError:
        return frozenset()


def changed_slices(documents: PlanDocuments, directory: Path, old_hosts: Collection[str]) -> Iterator[Changed]:
    """Yield each host whose slice in *directory*, the plan of *old_hosts*, is not that of *documents*."""
    gone = set(old_hosts)
    for part in documents.slices:
        old = _old_slice(directory, part.host) if part.host in gone else None
        gone.discard(part.host)
        if old is None or old["digest"] != part.digest:
            yield Changed(part.host, old, read_slice_document(part.content, part.host, ""))
    for host in sorted(gone):
        yield Changed(host, _old_slice(directory, host), None)


def changed_between(old: Path, new: Path, old_hosts: Collection[str], new_hosts: Collection[str]) -> Iterator[Changed]:
    """Yield each host whose slices differ between two plan directories.

    Raises:
        PlanFileError: a slice of the new one cannot be read.
    """
    for host in sorted({*old_hosts, *new_hosts}):
        before = _old_slice(old, host) if host in old_hosts else None
        after = read_slice(new, host) if host in new_hosts else None
        if before is None or after is None or before["digest"] != after["digest"]:
            yield Changed(host, before, after)


def _old_slice(directory: Path, host: str) -> dict[str, Any] | None:
    """A host's slice; None where it is gone or spoilt, which the new plan mends."""
    try:
        return read_slice(directory, host)
    except PlanFileError:
        return None


def difference(changed: Changed) -> dict[str, str]:
    """Return what changes for one host, in words."""
    host, old, new = changed
    before, after = (slice_text(part) if part is not None else "" for part in (old, new))
    if before == after:
        # Something that a person enters rather than what a firewall does: show the slices themselves.
        before, after = (json.dumps(_stored(part or {}), indent=2, sort_keys=True) + "\n" for part in (old, new))
    header = f"plan of {host}"
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _stored(part: Mapping[str, Any]) -> dict[str, Any]:
    """A slice's content as its file holds it: without its digest, and without what reading it adds."""
    added = ("digest", "rules")
    flows = [{key: value for key, value in flow.items() if key != "reason"} for flow in part.get("flows", ())]
    return {**{key: value for key, value in part.items() if key not in added}, "flows": flows}


def lock_difference(read_from: Path, path: Path, before: str, after: str) -> Iterator[dict[str, str]]:
    """Yield the difference of the lock file, if there is one; first the end of one that lies under a former name."""
    if read_from != path:
        yield {"before_header": str(read_from), "after_header": str(read_from), "before": before, "after": ""}
        before = ""
    if before != after:
        yield {"before_header": str(path), "after_header": str(path), "before": before, "after": after}
