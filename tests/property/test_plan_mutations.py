# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real plans and slices with one thing wrong, whose digests fit: a reader goes on, or says it in one sentence.

The sentence names the file or the host, the place in it, and the cure. No other exception gets out.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.group_names import group_names
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import read_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError, seal
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.terminal_text import slice_text
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.view import view_plan
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.callbacks.lock import read_lock
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import apply_slice, render_slice
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.policy import RefusedError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import SheetError, definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import render
from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Packet, TraceError, trace
from tests.golden.plan.made import CASES, read_case
from tests.unit.networks import Network

CURE = "run the playbook faxnet.deploy.plan again"
DEEP = functools.reduce(lambda inner, _number: [inner], range(600), [])
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, 99999, "", "x", "any", "internet", "10.1.0.0/24", "10.1.0.999", "::/0", "7-",
    "\n", "{x}", "{0}", "{", "\ud800", "x" * 500, [], {}, [None], [[]], {"x": None}, ["x"], DEEP,
)  # fmt: skip

QUICK = settings(max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=6000, derandomize=True, suppress_health_check=list(HealthCheck))


@functools.cache
def written() -> tuple[PlanDocuments, ...]:
    """Plans of all products and platforms."""
    made = []
    for name in ("every_platform", "products", "two_offices"):
        assert (CASES / name).is_dir()
        case = read_case(name)
        net = Network(case["faxnet_sites"], case["hosts"], services=case.get("faxnet_services"))
        made.append(PlanDocuments(net.plan()))
    return tuple(made)


@functools.cache
def slices() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(part.content) for documents in written() for part in documents.slices)


@functools.cache
def plans() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(b"".join(documents.plan)) for documents in written())


def places(data: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in data, as the keys that lead there."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in pairs:
        yield (*above, key)
        yield from places(item, (*above, key))


@st.composite
def mutated(draw: st.DrawFn, whole: tuple[dict[str, Any], ...], below: str = "") -> dict[str, Any]:
    """One of the documents with one or two things replaced, removed, renamed or repeated."""
    data = copy.deepcopy(draw(st.sampled_from(whole)))
    for _time in range(draw(st.integers(1, 2))):
        everywhere = [
            place for place in places(data) if place[0] not in ("format", "digest") and (not below or place[0] == below)
        ]
        if not everywhere:
            break
        *above, key = draw(st.sampled_from(everywhere))
        holder = functools.reduce(lambda inner, step: inner[step], above, data)
        how = draw(st.sampled_from(("replace", "replace", "remove", "rename", "repeat")))
        if how == "replace":
            holder[key] = copy.deepcopy(draw(st.sampled_from(JUNK)))
        elif how == "repeat" and isinstance(holder, list):
            holder.append(holder[key])
        else:
            value = holder.pop(key)
            if how == "rename" and isinstance(holder, dict):
                holder[draw(st.sampled_from(("x", "name", "host")))] = value
    return data


def sealed(data: dict[str, Any]) -> bytes:
    body = {key: value for key, value in data.items() if key != "digest"}
    return seal(json.dumps(body, separators=(",", ":"))[:-1])[0]


def a_sentence(error: Exception, *named: str, cure: str = "") -> None:
    text = str(error)
    assert cure in text
    assert "\n" not in text
    assert text.isprintable(), text
    assert len(text) < 1000, text
    assert any(name in text for name in named), text


def read_by_everybody(data: dict[str, Any]) -> None:
    """Do with a slice what plays do; nothing but a refusal may come out."""
    try:
        part = read_slice_document(sealed(data), "hosts/x.json", CURE)
    except PlanFileError as error:
        event("refused when read")
        a_sentence(error, "hosts/x.json", cure=CURE)
        return
    assert group_names(part) or not part["roles"]
    assert slice_text(part)
    try:
        render(part, definitions())
    except SheetError as error:
        # A setting that the product's sheet shows is gone.
        event("refused on a sheet")
        a_sentence(error, str(part["host"]))
    for face in (render_slice, apply_slice):
        try:
            face(part)
        except RefusedError as error:
            event("refused when rendered")
            a_sentence(error, str(part["host"]))


def plan_by_everybody(data: dict[str, Any]) -> None:
    """Read a plan as reports and traces do."""
    with tempfile.TemporaryDirectory(prefix="faxnet-mutation-") as folder:
        (Path(folder) / "plan.json").write_bytes(sealed(data))
        try:
            plan = read_plan(Path(folder))
        except PlanFileError as error:
            event("refused when read")
            a_sentence(error, "plan.json", cure=CURE)
            return
    assert view_plan(plan).hosts.keys() == plan["hosts"].keys()

    def slice_of(host: str) -> dict[str, Any]:
        found = next((each for each in slices() if each["host"] == host), None)
        if found is None:
            raise PlanFileError(f"there is no slice of {host}")
        return read_slice_document(sealed(found), host, CURE)

    hosts = sorted(plan["hosts"])
    for source, destination in zip(hosts, reversed(hosts), strict=True):
        with contextlib.suppress(TraceError, RefusedError, PlanFileError):
            trace(plan, slice_of, Packet(source, destination, "tcp", 7488, None))


@QUICK
@given(mutated(slices()))
def test_a_slice_with_one_thing_wrong_is_read_or_refused_in_a_sentence(data: dict[str, Any]) -> None:
    read_by_everybody(data)


@QUICK
@given(mutated(slices(), "policy"))
def test_a_policy_with_one_thing_wrong_is_rendered_or_refused_in_a_sentence(data: dict[str, Any]) -> None:
    read_by_everybody(data)


@QUICK
@given(mutated(slices(), "policy"))
def test_a_policy_that_a_play_hands_over_is_rendered_or_refused_in_a_sentence(data: dict[str, Any]) -> None:
    """What the action ``firewall`` is given as ``policy`` has no file, no digest and no shape."""
    part = (
        {"host": "router", "platform": "nftables", "policy": data["policy"]} if "policy" in data else {"host": "router"}
    )
    try:
        assert isinstance(render_slice(part), str)
    except RefusedError as error:
        a_sentence(error, "router: policy", "router: platform", "router: faxnet_platform", "router: nftables")


@QUICK
@given(mutated(plans()))
def test_a_plan_with_one_thing_wrong_is_read_or_refused_in_a_sentence(data: dict[str, Any]) -> None:
    plan_by_everybody(data)


@pytest.mark.slow
@LONG
@given(mutated(slices()), mutated(slices(), "policy"), mutated(plans()))
def test_thousands_of_mutations_are_answered(
    part: dict[str, Any], policy: dict[str, Any], plan: dict[str, Any]
) -> None:
    read_by_everybody(part)
    read_by_everybody(policy)
    plan_by_everybody(plan)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


LOCKS = {
    "a list of lists": nested(100_000),
    "a range": '{"format": 1, "callback_ranges": {"a/b": ' + nested(100_000) + "}}",
    "a range that can still be read": '{"format": 1, "callback_ranges": {"a/b": ' + nested(900) + "}}",
    "mappings": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a number of thousands of digits": '{"format": 1, "callback_ranges": {"a/b": ' + "9" * 5000 + "}}",
    "the format": '{"format": ' + nested(900) + ', "callback_ranges": {}}',
}
SLICES = {
    "a list of lists": nested(100_000),
    "a member": '{"format":1,"x":' + nested(100_000) + "}",
    "the format": '{"format":' + nested(900) + "}",
}


@pytest.mark.parametrize("nests", LOCKS)
def test_a_lock_file_that_is_nested_deeply_is_one_finding(nests: str) -> None:
    findings: list[Any] = []
    assert read_lock(LOCKS[nests], "lock.json", findings).ranges == {}
    (finding,) = findings
    assert finding.code == "FXN314"
    assert finding.message.isprintable()


@pytest.mark.parametrize("nests", SLICES)
def test_a_slice_that_is_nested_deeply_is_refused_in_a_sentence(nests: str) -> None:
    with pytest.raises(PlanFileError) as caught:
        read_slice_document(SLICES[nests].encode(), "hosts/x.json", CURE)
    a_sentence(caught.value, "hosts/x.json")


@given(st.binary(max_size=200))
def test_any_bytes_are_no_slice(content: bytes) -> None:
    with pytest.raises(PlanFileError, match=r"hosts/x\.json"):
        read_slice_document(content, "hosts/x.json", CURE)
