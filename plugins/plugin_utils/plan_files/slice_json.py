# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's slice as its file holds it: written and read here.

The shape is documented in docs/reference/plan.md. A file states what many entries of it share once: the purpose of a
flow stands at its exchange, and the instructions for a client of many servers stand at the slice, with names in braces
for what differs. Whoever reads a slice finds both where they belong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..platforms.rule_list import rule_list
from .references import check_slice
from .sealed_json import FORMAT, read_sealed, seal
from .shapes import SLICE, check_shape, malformed


class SliceDocument(NamedTuple):
    """One host's slice as its file holds it, and the digest of its content."""

    host: str
    digest: str
    content: bytes


class SliceParts(NamedTuple):
    """What a slice consists of, as JSON text; each list without its brackets.

    Attributes:
        head: the members ``site`` to ``platform``, as the plan has them.
        uses: each use with its instructions, names in braces for its own values.
    """

    head: str
    traits: str
    behind: str
    policy: str
    offers: Iterable[str]
    uses: Iterable[tuple[str, str]]
    deployment: Iterable[str]
    exchanges: Iterable[str]
    findings: str
    flows: Iterable[str]


def slice_document(host: str, parts: SliceParts) -> SliceDocument:
    """Return a host's slice."""
    instructions: dict[str, int] = {}
    uses = [
        f'{use[:-1]},"instructions":{instructions.setdefault(lines, len(instructions))}}}' for use, lines in parts.uses
    ]
    content, digest = seal(
        f'{{"format":{FORMAT},"host":"{host}",{parts.head},"traits":{parts.traits},"behind":{parts.behind},"policy":{parts.policy},'
        f'"offers":[{",".join(parts.offers)}],"uses":[{",".join(uses)}],'
        f'"deployment":[{",".join(parts.deployment)}],'
        f'"instructions":[{",".join(instructions)}],'
        f'"exchanges":[{",".join(parts.exchanges)}],"findings":{parts.findings},"flows":[{",".join(parts.flows)}]'
    )
    return SliceDocument(host, digest, content)


def read_slice_document(content: bytes, where: str, cure: str) -> dict[str, Any]:
    """Return a slice, with each use's own ``instructions``, each flow's ``reason``, and its policy as ``rules``.

    Raises:
        PlanFileError: as :func:`read_sealed`.
    """
    part = read_sealed(content, where, cure)
    check_shape(part, SLICE, where, cure)
    check_slice(part, where, cure)
    instructions = part.pop("instructions")
    for use in part["uses"]:
        # A server of several machines is dialled at the first, and may be at each other one.
        dial = " or ".join((str(use["dial"]), *use["also_at"])) if use.get("also_at") else use["dial"]
        callback = use["callback"] or {}
        values = {**use["settings"], **callback, "dial": dial, "server": use["server"]}
        if callback:
            values["count"] = callback["high"] - callback["low"] + 1
        number = use["instructions"]
        try:
            use["instructions"] = [line.format_map(values) for line in instructions[number]]
        except (LookupError, ValueError, AttributeError, TypeError) as error:
            said = f"and {type(error).__name__} {error} comes of filling in the values of the use of {use['service']}"
            raise malformed(where, f"instructions[{number}]", instructions[number], said, cure) from error
    add_reasons(part["flows"], part["exchanges"])
    return {**part, "rules": rule_list(part)}


def add_reasons(flows: Iterable[dict[str, Any]], exchanges: Iterable[Mapping[str, Any]]) -> None:
    """Give each flow its exchange's purpose, which the files do not repeat for thousands of flows."""
    reasons = {(item["service"], item["name"]): f"{item['title']}: {item['purpose']}" for item in exchanges}
    for flow in flows:
        flow["reason"] = reasons[flow["service"], flow["exchange"]]
