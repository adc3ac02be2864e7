# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of the plan's documents (docs/reference/plan.md), and checking what was read against them.

A document whose digest fits was written by this collection, or by somebody who made the digest fit. What is in it
becomes rules, so a value of another kind is said with its place, and nobody stumbles over it later. Keys that are not
named here may be there: a reader takes what it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.findings import short, shown
from .sealed_json import PlanFileError


@dataclass(frozen=True, slots=True)
class Single:
    """A single value of one of some types of JSON; *words* say which."""

    words: str
    types: frozenset[type]


@dataclass(frozen=True, slots=True)
class Each:
    """A list, every item of one shape."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping by name, every value of one shape."""

    of: Shape


@dataclass(frozen=True, slots=True)
class Optional:
    """A member of a mapping that need not be there."""

    of: Shape


@dataclass(frozen=True, slots=True)
class OrNull:
    """A mapping of some shape, or null."""

    of: Shape


Shape = Single | Each | OrNull | Optional | Named | Mapping[str, Any]

TEXT = Single("a text", frozenset({str}))
TEXT_OR_NULL = Single("a text or null", frozenset({str, type(None)}))
NUMBER = Single("a whole number", frozenset({int}))
NUMBER_OR_NULL = Single("a whole number or null", frozenset({int, type(None)}))
FLAG = Single("true or false", frozenset({bool}))
TEXTS = Each(TEXT)
SETTINGS = Named(Single("a number, a text or a list", frozenset({int, str, list})))

TRAITS: Shape = {
    "applied_by": TEXT,
    **dict.fromkeys(("logged_in", "runs_python", "sends_probes"), FLAG),
    "abilities": TEXTS,
    "routes": Optional(FLAG),
}
OPENINGS: Shape = Each({"name": TEXT, "transport": TEXT, "ports": TEXT_OR_NULL, "sources": TEXTS})
FORWARD_PERMITS: Shape = Each(
    {
        **dict.fromkeys(("name", "transport"), TEXT),
        "ports": TEXT_OR_NULL,
        **dict.fromkeys(("sources", "destinations", "from_interfaces", "to_interfaces"), TEXTS),
        "translated": FLAG,
    }
)
ROUTER: Shape = {
    "outbound": TEXT,
    "management": Each(dict.fromkeys(("transport", "ports", "source", "destination"), TEXT)),
}
ACCEPTED_LOSSES: Shape = Each(
    {
        "kind": TEXT,
        **dict.fromkeys(("protocol", "ports", "interface", "program"), TEXT_OR_NULL),
        "networks": TEXTS,
    }
)
EXCHANGE: Shape = {
    **dict.fromkeys(("service", "name", "title", "initiator", "transport", "kind", "ports", "with", "purpose"), TEXT),
    **dict.fromkeys(("source_ports", "part_of", "rides_on"), TEXT_OR_NULL),
    "optional": FLAG,
    "question": Optional(TEXT),
    "listener": Optional(dict.fromkeys(("rpc", "program", "service"), Optional(TEXT))),
}
OFFER: Shape = {
    **dict.fromkeys(("service", "host"), TEXT),
    **dict.fromkeys(("address", "public", "callback_range"), TEXT_OR_NULL),
    **dict.fromkeys(("clients", "exchanges", "public_to"), TEXTS),
    **dict.fromkeys(("internet", "enabled"), FLAG),
    "offer": Optional(TEXT),
    "mapped": Optional(TEXT),
    "settings": SETTINGS,
}
CALLBACK: Shape = {"mode": TEXT, "low": NUMBER, "high": NUMBER, "fixed": NUMBER}
USE: Mapping[str, Shape] = {
    **dict.fromkeys(("service", "host", "server", "environment"), TEXT),
    "dial": TEXT_OR_NULL,
    "also_at": Optional(TEXTS),
    "offer": Optional(TEXT),
    "settings": SETTINGS,
    "exchanges": TEXTS,
    "instances": NUMBER,
    "enabled": FLAG,
    "callback": OrNull(CALLBACK),
}
FINDING: Shape = {
    **dict.fromkeys(("code", "severity", "title", "variable", "value", "message", "cure"), TEXT),
    "hosts": TEXTS,
    "service": TEXT_OR_NULL,
}
FLOW: Shape = {
    **dict.fromkeys(("id", "service", "exchange", "source", "destination", "transport", "ports"), TEXT),
    **dict.fromkeys(("source_address", "dial", "arrives_from", "destination_address"), TEXT),
    **dict.fromkeys(("source_ports", "helper", "carried_by"), TEXT_OR_NULL),
    **dict.fromkeys(("callback", "enabled"), FLAG),
    "version": NUMBER,
    "idle": NUMBER_OR_NULL,
    "via": TEXTS,
}
HOST: Mapping[str, Shape] = {
    **dict.fromkeys(("addresses", "roles"), TEXTS),
    "stands_for": Optional(TEXTS),
    "dns_names": Optional(TEXTS),
    **dict.fromkeys(("site", "platform"), TEXT),
    "system": TEXT_OR_NULL,
}
_PACKETS: Mapping[str, Shape] = {"version": NUMBER, "transport": TEXT, "ports": TEXT, "enabled": FLAG, "flows": TEXTS}
PERMIT: Shape = {
    **_PACKETS,
    **dict.fromkeys(("source", "destination", "direction"), TEXT),
    **dict.fromkeys(("source_ports", "helper"), TEXT_OR_NULL),
    "idle": NUMBER_OR_NULL,
}
POLICY: Shape = {
    "forwarding": FLAG,
    **dict.fromkeys(("outbound", "reverse_path", "stance"), TEXT),
    **dict.fromkeys(("networks", "public"), TEXTS),
    **dict.fromkeys(("management", "openings"), OPENINGS),
    **dict.fromkeys(("input", "forward", "output"), Each(PERMIT)),
    "destination_nat": Each(
        {**_PACKETS, **dict.fromkeys(("source", "address", "target"), TEXT), "becomes": Optional(TEXT)}
    ),
    "source_nat": Each({"version": NUMBER, "networks": TEXTS, "except": TEXTS, "address": TEXT_OR_NULL}),
    "forward_permits": FORWARD_PERMITS,
    "clamp_mss": OrNull({"size": NUMBER_OR_NULL, "interfaces": TEXTS}),
    "profiles": Optional(TEXTS),
}
SLICE: Shape = {
    "format": NUMBER,
    "host": TEXT,
    **HOST,
    "traits": TRAITS,
    "policy": POLICY,
    "offers": Each(OFFER),
    "uses": Each({**USE, "instructions": NUMBER}),
    "deployment": Each({"role": TEXT, "installs_from": TEXT_OR_NULL}),
    "instructions": Each(TEXTS),
    "exchanges": Each(EXCHANGE),
    "findings": Each(FINDING),
    "flows": Each(FLOW),
    "digest": TEXT,
}
PLAN: Shape = {
    "format": NUMBER,
    "sites": Named(
        {
            "networks": TEXTS,
            "gateways": Each(
                {"host": TEXT, "public": TEXTS, "outside": TEXTS, "dynamic": FLAG, "public_networks": TEXTS}
            ),
            "realm": {"4": TEXT, "6": TEXT},
            "mapped_as": Optional(Named(TEXT)),
        }
    ),
    "hosts": Named({**HOST, "stance": TEXT}),
    "platforms": Named(TRAITS),
    "services": Named(Each(EXCHANGE)),
    "offers": Each(OFFER),
    "uses": Each(USE),
    "management": Named(OPENINGS),
    "openings": Named(OPENINGS),
    "routers": Named(ROUTER),
    "forward_permits": Named(FORWARD_PERMITS),
    "accepted_losses": Named(ACCEPTED_LOSSES),
    "findings": Each(FINDING),
    "slices": TEXT,
    "flows": Each(FLOW),
    "digest": TEXT,
}


def malformed(where: str, place: str, value: object, problem: str, cure: str) -> PlanFileError:
    """Return the refusal of a document: file, place in it, value, what is wrong with that, and the cure."""
    return PlanFileError(f"{where}: {place} is {shown(value)}, {problem}; {cure}")


def check_shape(data: object, shape: Shape, where: str, cure: str, place: str = "") -> None:
    """Refuse what is not of its shape.

    Args:
        data: what was read.
        where: the path, for messages.
        cure: how to get a good one.
        place: where *data* stands in the document.

    Raises:
        PlanFileError: a value is missing, or of another kind.
    """
    # By exact type: true is no number here, and what JSON reads has no other types.
    if isinstance(shape, Single):
        if type(data) not in shape.types:
            raise malformed(where, place, data, f"and not {shape.words}", cure)
    elif isinstance(shape, Each):
        _check_items(data, shape.of, where, cure, place)
    elif isinstance(shape, Optional):
        check_shape(data, shape.of, where, cure, place)
    elif isinstance(shape, OrNull):
        if data is not None:
            check_shape(data, shape.of, where, cure, place)
    elif not isinstance(data, dict):
        raise malformed(where, place or "the document", data, "and not a mapping", cure)
    elif isinstance(shape, Named):
        for name, item in data.items():
            check_shape(item, shape.of, where, cure, f"{place}.{short(name, 40)}")
    else:
        _check_keys(data, shape, where, cure, place)


def _check_items(data: object, shape: Shape, where: str, cure: str, place: str) -> None:
    if not isinstance(data, list):
        raise malformed(where, place, data, "and not a list", cure)
    # Most lists are of texts, and most are sound: one look at all of them.
    if isinstance(shape, Single) and set(map(type, data)) <= shape.types:
        return
    for number, item in enumerate(data):
        check_shape(item, shape, where, cure, f"{place}[{number}]")


def _check_keys(data: Mapping[str, Any], shape: Mapping[str, Any], where: str, cure: str, place: str) -> None:
    for key, of in shape.items():
        if key not in data:
            if isinstance(of, Optional):
                continue
            raise PlanFileError(f"{where}: {place or 'the document'} has no {key}; {cure}")
        value = data[key]
        if not isinstance(of, Single) or type(value) not in of.types:
            check_shape(value, of, where, cure, f"{place}.{key}" if place else key)
