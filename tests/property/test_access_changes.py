# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gains and loses access between two plans, against brute force: every packet near any border of any entry."""

from __future__ import annotations

import copy
import ipaddress
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.access.changes import (
    AccessChanges,
    PlanAccess,
    access_changes,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.protocols import number_of
from tests.property.inventories import PERMITS, networks
from tests.property.routed_inventories import routed_networks
from tests.property.test_engine_packets import planned
from tests.unit.networks import Made, Network

SOME = settings(max_examples=100, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
#: Six thousand pairs, half of each kind, other ones each time (`make test-full`), in parts that end in minutes.
PARTS, OF_EACH = 6, 500
MANY = settings(max_examples=OF_EACH, suppress_health_check=list(HealthCheck), deadline=None)

#: Of the values of one property in all entries of a host, so many are put together with those of the others.
MOST_VALUES = 4


class Point(NamedTuple):
    """One packet at one border."""

    own: int
    seen: int
    target: int
    protocol: int
    source_port: int
    port: int


@st.composite
def pairs(draw: st.DrawFn, inventories: st.SearchStrategy[Network]) -> tuple[Network, Network]:
    """Two inventories: the second is the first with some hosts' variables gone, taken from others, or made up."""
    old = draw(inventories)
    new = copy.deepcopy(old)
    # The other way round as often: what was taken away comes.
    names = st.sampled_from(sorted(old.hosts))
    for _change in range(draw(st.integers(0, 3))):
        name, other = draw(names), draw(names)
        host = new.hosts[name]
        key = draw(st.sampled_from(["uses", "offers", "permits", "stance", "forward_permits", "swap", "port"]))
        if key == "permits":
            host["faxnet_permits"] = draw(st.lists(st.sampled_from(PERMITS), max_size=2, unique_by=lambda p: p["name"]))
        elif key == "stance":
            host["faxnet_stance"] = draw(st.sampled_from(["exclusive", "additive", "observe"]))
        elif key == "port":
            offers = [{**offer, "primary_port": 7490} for offer in host.get("faxnet_offers", ())]
            host["faxnet_offers"] = [
                offer if offer["service"] == "netcfax" else host["faxnet_offers"][place]
                for place, offer in enumerate(offers)
            ]
        elif key == "swap":
            for word in ("faxnet_uses", "faxnet_permits"):
                host[word], new.hosts[other][word] = new.hosts[other].get(word, []), host.get(word, [])
        else:
            host.pop(f"faxnet_{key}", None)
    return (old, new) if draw(st.booleans()) else (new, old)


@SOME
@given(pairs(networks()))
def test_gains_and_losses_are_those_of_the_packets(nets: tuple[Network, Network]) -> None:
    differences_are_exact(*nets)


@SOME
@given(pairs(routed_networks()))
def test_gains_and_losses_are_those_of_the_packets_among_routers(nets: tuple[Network, Network]) -> None:
    differences_are_exact(*nets)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [routed_networks(), networks()], ids=["routed", "usual"])
@pytest.mark.parametrize("part", range(PARTS))
def test_gains_and_losses_of_thousands_of_pairs(strategy: Any, part: int) -> None:
    del part  # each is a run of its own

    def exact(nets: tuple[Network, Network]) -> None:
        differences_are_exact(*nets)

    MANY(given(pairs(strategy))(exact))()


def differences_are_exact(*nets: Network) -> None:
    """Compare what is told with what each packet may do in both plans."""
    old, new = (planned(net) for net in nets)
    changed = [name for name in {*old.slices, *new.slices} if old.slices.get(name) != new.slices.get(name)]
    assume(changed)
    gathered = [PlanAccess(made.slices) for made in (old, new)]
    for access, made in zip(gathered, (old, new), strict=True):
        for name in changed:
            if name in made.slices:
                access.add(made.slices[name])
    changes = access_changes(*gathered)
    event(f"gains: {bool(changes.gained)}, loses: {bool(changes.lost)}, moves: {bool(changes.moved)}")
    event(f"needless: {bool(changes.needless)}, kept: {bool(changes.kept)}")
    plans = entries(old), entries(new)
    for border, point in points(*plans):
        was, is_now = (passes(plan, border, point) for plan in plans)
        # A flow is told of at its receiver, and not again at each router that carries it.
        gained = is_now and not was and passes(plans[1], border, point, told=True)
        lost = was and not is_now and passes(plans[0], border, point, told=True)
        assert is_in(changes, "gained", border, point) == gained, (border, point)
        assert is_in(changes, "lost", border, point) == lost, (border, point)


Border = tuple[str, str, int, tuple[str, ...]]


def is_in(changes: AccessChanges, word: str, border: Border, point: Point) -> bool:
    """Whether a packet is among those that are told as gained, or as lost."""
    told = (*getattr(changes, word), *(pair[word == "gained"] for pair in changes.moved))
    return any(
        tuple(item.border) == border
        and any(
            all(span.low <= value <= span.high for span, value in zip(box, point, strict=True)) for box in item.packets
        )
        for item in told
    )


def points(*plans: Entries) -> Iterator[tuple[Border, Point]]:
    """Packets at the corners of every entry of either plan, and just beyond them."""
    near: dict[Border, list[list[set[int]]]] = {}
    for plan in plans:
        for border, listed in plan.items():
            values = near.setdefault(border, [])
            values += [[{low, high, max(0, low - 1), high + 1} for low, high in entry.spans] for entry in listed]
    limits = (2**128, 2**128, 2**128, 256, 65536, 65536)
    for border, corners in near.items():
        size = 2**32 if border[2] == 4 else 2**128
        for corner in corners:
            others = corners[(corners.index(corner) + 1) % len(corners)]
            mixed = [
                sorted(value for value in {*mine, *theirs} if value < min(limit, size if limit > 65536 else limit))
                for mine, theirs, limit in zip(corner, others, limits, strict=True)
            ]
            spread = [values[:: max(1, len(values) // MOST_VALUES)][:MOST_VALUES] for values in mixed]
            for point in itertools.islice(itertools.product(*spread), 0, None, 37):
                yield border, Point(*point)
            yield border, Point(*(low for low, *_more in (sorted(values) for values in corner)))
            inside = [sorted(values)[len(values) // 2] for values in corner]
            yield border, Point(*inside)


def passes(plan: Entries, border: Border, point: Point, *, told: bool = False) -> bool:
    """Whether a plan lets a packet pass a border; *told*: not only as one of a flow that a router carries."""
    return any(
        all(low <= value <= high for (low, high), value in zip(entry.spans, point, strict=True))
        for entry in plan.get(border, ())
        if entry.told or not told
    )


class Entry(NamedTuple):
    """A class of packets, and whether a change of it is told at this border."""

    spans: tuple[tuple[int, int], ...]
    told: bool


Entries = dict[Border, list[Entry]]


def entries(made: Made) -> Entries:
    """Everything that a plan lets pass, as its documents say."""
    found: dict[Border, list[Entry]] = {}
    for border, entry in _entries(made):
        found.setdefault(border, []).append(entry)
    return found


def _entries(made: Made) -> Iterator[tuple[Border, Entry]]:
    for flow in made.document["flows"]:
        if not flow["enabled"] or flow["carried_by"]:
            continue
        to_host = flow["destination"] in made.slices
        border = (flow["destination" if to_host else "source"], "in" if to_host else "out", flow["version"], ())
        keys = ("source_address", "arrives_from", "destination_address")
        if border[0] in made.slices:
            for ends in itertools.product(*(flow[key].split(", ") for key in keys)):
                yield from cross(border, [span(end) for end in ends], flow)
    for name, part in made.slices.items():
        policy = part["policy"]
        for opening in (*policy["management"], *policy["openings"]):
            for source in opening["sources"]:
                version = 6 if ":" in source else 4
                yield from cross((name, "in", version, ()), [every(version), span(source), every(version)], opening)
        for version in (4, 6):
            if policy["stance"] != "exclusive":
                anything = {"transport": "any", "ports": None}
                yield from cross((name, "in", version, ()), [every(version)] * 3, anything)
                if policy["forwarding"]:
                    yield from cross((name, "through", version, ()), [every(version)] * 3, anything)
            if policy["forwarding"]:
                yield from _through(name, policy, version)


def _through(name: str, policy: Mapping[str, Any], version: int) -> Iterator[tuple[Border, Entry]]:
    def of_version(texts: list[str]) -> list[str]:
        return [text for text in texts if (":" in text) == (version == 6)] if texts else ["everybody"]

    for entry in policy["forward"]:
        if entry["enabled"] and entry["version"] == version:
            ends = [every(version), span(entry["source"]), span(entry["destination"])]
            yield from cross((name, "through", version, ()), ends, entry, told=False)
    for permit in policy["forward_permits"]:
        words = [f"in by {item}" for item in sorted(permit["from_interfaces"])]
        words += [f"out by {item}" for item in sorted(permit["to_interfaces"])]
        border = (name, "through", version, (*words, *(["translated"] if permit["translated"] else [])))
        for pair in itertools.product(of_version(permit["sources"]), of_version(permit["destinations"])):
            ends = [every(version), *(every(version) if end == "everybody" else span(end) for end in pair)]
            yield from cross(border, ends, permit)
    if policy["outbound"] == "any":
        for network in policy["networks"]:
            if (":" in network) == (version == 6):
                ends = [every(version), span(network), every(version)]
                yield from cross((name, "through", version, ()), ends, {"transport": "any", "ports": None})


def cross(
    border: Border, ends: list[tuple[int, int]], said: Mapping[str, Any], *, told: bool = True
) -> Iterator[tuple[Border, Entry]]:
    """Each class of packets of one entry."""
    number = None if said["transport"] == "any" else number_of(said["transport"], border[2])
    protocol = (0, 255) if number is None else (number, number)
    leaving, arriving = (
        [(0, 65535)] if not said.get(key) else [(int(a), int(b or a)) for a, b in map(halves, said[key].split(","))]
        for key in ("source_ports", "ports")
    )
    for pair in itertools.product(leaving, arriving):
        yield border, Entry((*ends, protocol, *pair), told)


def halves(text: str) -> tuple[str, str]:
    low, _hyphen, high = text.partition("-")
    return low, high


def span(text: str) -> tuple[int, int]:
    network = ipaddress.ip_network(text)
    return int(network[0]), int(network[-1])


def every(version: int) -> tuple[int, int]:
    return 0, 2 ** (32 if version == 4 else 128) - 1
