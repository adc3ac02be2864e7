# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/schema/services.schema.json and the engine's reader refuse the same profiles.

The schema cannot look from one part of a profile to another. What only the reader sees is listed here, so that the
difference is known and does not grow.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog import profile as words
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import (
    PROFILES_DIRECTORY,
    builtin_catalog,
    extend_catalog,
)

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs/schema/services.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

#: A profile with every key that there is.
WHOLE: dict[str, Any] = {
    "title": "Whole",
    "client_system": "linux",
    "mapped_ipv4": True,
    "versions": {"now": "Whole 2", "then": "Whole 1"},
    "roles": {"server": {"name": "my.fax.server", "installs_from": "my_package"}, "client": {"name": "my.fax.client"}},
    "settings": {
        "control": {"title": "Control", "default": 5000},
        "web": {"kind": "port", "default": "80", "well_known": True},
        "media": {"kind": "ports"},
        "fax": {"kind": "ports", "default": "4000-4999"},
        "resolvers": {"kind": "addresses", "default": ["192.0.2.53", "2001:db8::53"]},
    },
    "callback": {
        "title": "Call-back",
        "fixed_port": 7000,
        "lowest": 1025,
        "highest": 65000,
        "size": 100,
        "smallest": 10,
        "pool": "10000-32767",
    },
    "broadcast": {"title": "Search", "response": "found", "near_instruction": "{server}", "far_instruction": "{dial}"},
    "environments": {
        "single_user": {"title": "One", "many": False, "modes": ["dynamic", "fixed"]},
        "terminal_server": {"many": True, "modes": []},
    },
    "exchanges": [
        {
            "name": "control",
            "title": "Control",
            "initiator": "client",
            "transport": "tcp",
            "ports": "control",
            "kind": "login",
            "helper": "ftp",
            "listener": {"rpc": "dynamic", "program": "C:\\fax\\it.exe", "service": "fax"},
            "optional": False,
            "default": True,
            "with": "everyone",
            "purpose": "orders a line",
            "advice": "Forward it.",
        },
        {
            "name": "ask",
            "initiator": "client",
            "transport": "udp",
            "ports": 5001,
            "kind": "request",
            "question": "sip",
            "purpose": "asks",
        },
        {
            "name": "tell",
            "initiator": "server",
            "transport": "udp",
            "source_ports": 5001,
            "ports": "any",
            "rides_on": "ask",
            "idle": 600,
            "kind": "alert",
            "purpose": "tells",
        },
        {
            "name": "found",
            "initiator": "server",
            "transport": "udp",
            "source_ports": "media",
            "ports": "any",
            "part_of": "ask",
            "only": "one_network",
            "purpose": "answers",
        },
        {"name": "back", "initiator": "server", "transport": "tcp", "ports": "callback", "purpose": "calls back"},
        {
            "name": "look",
            "initiator": "server",
            "transport": "udp",
            "ports": "53",
            "with": "resolvers",
            "purpose": "looks names up",
        },
        {"name": "pages", "initiator": "client", "transport": "udp", "ports": "fax", "kind": "media", "purpose": "fax"},
        {
            "name": "console",
            "initiator": "client",
            "transport": "tcp",
            "ports": 5002,
            "versions": {"now": False, "then": True},
            "with": "named",
            "purpose": "administrates",
        },
    ],
    "instructions": ["Dial {dial}, port {control}, {{as is}}.", "{mode_instruction}", "{broadcast_instruction}"],
    "mode_instructions": {"dynamic": "{low} to {high}", "fixed": "{fixed}"},
    "sources": [{"document": "handbook", "url": "https://example.org", "covers": "all", "confidence": "measured"}],
}
#: Mistakes as a path into the profile and what stands there; GONE takes a key away.
GONE = object()
BROKEN: list[tuple[str, Any]] = [
    ("", 5),
    ("", []),
    ("", None),
    ("colour", "red"),
    ("title", ""),
    ("title", "   "),
    ("title", 5),
    ("title", "a\u0007b"),
    ("client_system", "amiga"),
    ("mapped_ipv4", "by_default"),
    ("versions", {}),
    ("versions", ["now", "then"]),
    ("versions.now", ""),
    ("versions.now", 2),
    ("versions.a b", "Whole 3"),
    ("settings", []),
    ("settings", 5),
    ("settings.control", 5000),
    ("settings.control", {}),
    ("settings.control", {"title": "no default"}),
    ("settings.control.default", 0),
    ("settings.control.default", 65536),
    ("settings.control.default", "65536"),
    ("settings.control.default", "5000-5001"),
    ("settings.control.default", "many"),
    ("settings.control.default", True),
    ("settings.control.default", None),
    ("settings.control.kind", "word"),
    ("settings.control.colour", "red"),
    ("settings.web.well_known", "yes"),
    ("settings.media.default", []),
    ("settings.fax.default", "4000-"),
    ("settings.fax.default", "4000-4999-5000"),
    ("settings.fax.default", "0-10"),
    ("settings.fax.default", "10-70000"),
    ("settings.resolvers.default", "192.0.2.53"),
    ("settings.resolvers.default", ["192.0.2.300"]),
    ("settings.resolvers.default", ["a resolver"]),
    ("settings.resolvers.default", ["192.0.2.0/24"]),
    ("settings.any", {"default": 5}),
    ("settings.clients", {"default": 5}),
    ("settings.a b", {"default": 5}),
    ("settings.a..b", {"default": 5}),
    ("callback.pool", GONE),
    ("callback.size", 0),
    ("callback.size", "100"),
    ("callback.size", True),
    ("callback.lowest", "1025-1030"),
    ("callback.ranges", 3),
    ("callback", GONE),
    ("broadcast.response", GONE),
    ("broadcast.response", 5),
    ("broadcast.far_instruction", "{"),
    ("broadcast.port", 5),
    ("environments", {}),
    ("environments", []),
    ("environments.single_user.many", 1),
    ("environments.single_user.many", GONE),
    ("environments.single_user.modes", "dynamic"),
    ("environments.single_user.modes", ["odd"]),
    ("environments.single_user.colour", "red"),
    ("exchanges", GONE),
    ("exchanges", []),
    ("exchanges", {}),
    ("exchanges.0", "control"),
    ("exchanges.0.name", GONE),
    ("exchanges.0.name", 'a"b'),
    ("exchanges.0.name", "control\n"),
    ("exchanges.0.name", "x" * 101),
    ("exchanges.0.initiator", "both"),
    ("exchanges.0.initiator", GONE),
    ("exchanges.0.transport", "ipx"),
    ("exchanges.0.transport", "TCP"),
    ("exchanges.0.ports", GONE),
    ("exchanges.0.ports", 0),
    ("exchanges.0.ports", True),
    ("exchanges.0.ports", [80, 443]),
    ("exchanges.0.ports", "callback"),
    ("exchanges.0.ports", "80,443"),
    ("exchanges.0.source_ports", -1),
    ("exchanges.0.source_ports", ""),
    ("exchanges.0.kind", "session"),
    ("exchanges.0.helper", "sip"),
    ("exchanges.0.question", "sip"),
    ("exchanges.1.question", "rtp"),
    ("exchanges.0.listener", "rpc"),
    ("exchanges.0.listener.rpc", "any"),
    ("exchanges.0.listener.program", "a|b"),
    ("exchanges.0.listener.program", ""),
    ("exchanges.0.listener.service", "a b"),
    ("exchanges.0.listener.port", 5),
    ("exchanges.1.listener", {"rpc": "mapper"}),
    ("exchanges.0.optional", "no"),
    ("exchanges.0.default", 1),
    ("exchanges.0.with", ["clients"]),
    ("exchanges.0.with", "resolvers"),
    ("exchanges.0.only", "one_site"),
    ("exchanges.0.idle", 0),
    ("exchanges.0.idle", "600"),
    ("exchanges.0.part_of", 5),
    ("exchanges.0.purpose", GONE),
    ("exchanges.0.purpose", ""),
    ("exchanges.0.advice", []),
    ("exchanges.0.port", 80),
    ("exchanges.0.rides_on", "ask"),
    ("exchanges.2.idle", GONE),
    ("exchanges.2.ports", 5002),
    ("exchanges.7.versions", {}),
    ("exchanges.7.versions", ["then"]),
    ("exchanges.7.versions.then", "yes"),
    ("exchanges.7.default", False),
    ("exchanges.4.with", "everyone"),
    ("exchanges.4.initiator", "client"),
    ("instructions", "one"),
    ("instructions.0", 5),
    ("instructions.0", "a { b"),
    ("instructions.0", "a } b"),
    ("instructions.0", "{}"),
    ("instructions.0", "{dial!r}"),
    ("instructions.0", "{dial:>5}"),
    ("mode_instructions.other", "x"),
    ("mode_instructions", []),
    ("sources", GONE),
    ("sources", []),
    ("sources.0.document", GONE),
    ("sources.0.document", " "),
    ("sources.0.pages", "3"),
    ("sources.0.url", 5),
]
#: What the schema lets pass, because one part of the profile decides about another, and the reader refuses.
ONLY_THE_READER: list[tuple[str, Any]] = [
    ("exchanges.0.ports", "nowhere"),
    ("exchanges.0.ports", "resolvers"),
    ("exchanges.0.ports", "90-80"),
    ("exchanges.0.source_ports", "nowhere"),
    ("exchanges.5.with", "nowhere"),
    ("exchanges.0.part_of", "nowhere"),
    ("exchanges.0.part_of", "control"),
    ("exchanges.0.part_of", "found"),
    ("exchanges.2.rides_on", "control"),
    ("exchanges.1.name", "control"),
    ("exchanges.7.versions", {"later": True}),
    ("versions", GONE),
    ("callback.lowest", 65001),
    ("broadcast.response", "control"),
    ("instructions.0", "{nothing}"),
    ("instructions.0", "{dial.real}"),
    ("title", "a\u200bb"),
]


def _changed(path: str, value: Any) -> Any:
    """A copy of WHOLE with *value* at *path*."""
    if not path:
        return value
    profile = copy.deepcopy(WHOLE)
    *steps, last = path.split(".") if ".." not in path else ["settings", path.removeprefix("settings.")]
    place: Any = profile
    for step in steps:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is GONE:
        del place[key]
    else:
        place[key] = value
    return profile


def _schema_takes(services: object) -> bool:
    return bool(VALIDATOR.is_valid(services))


def _said(services: object) -> list[Finding]:
    findings: list[Finding] = []
    extend_catalog(builtin_catalog(), services, findings)
    return findings


def _reader_takes(services: object) -> bool:
    return not _said(services)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_profile_with_every_key_is_taken_by_both() -> None:
    assert [error.message for error in VALIDATOR.iter_errors({"whole": WHOLE})] == []
    assert _said({"whole": WHOLE}) == []


@pytest.mark.parametrize("path", sorted(PROFILES_DIRECTORY.glob("[a-z]*.yml")), ids=lambda path: path.stem)
def test_every_shipped_profile_keeps_to_it(path: Path) -> None:
    services = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert services
    assert [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(services)] == []


@pytest.mark.parametrize(("path", "value"), BROKEN)
def test_a_broken_profile_is_refused_by_both(path: str, value: Any) -> None:
    services = {"whole": _changed(path, value)}
    assert (_schema_takes(services), _reader_takes(services)) == (False, False)


@pytest.mark.parametrize(("path", "value"), ONLY_THE_READER)
def test_what_one_part_says_of_another_only_the_reader_refuses(path: str, value: Any) -> None:
    services = {"whole": _changed(path, value)}
    assert (_schema_takes(services), _reader_takes(services)) == (True, False)


@pytest.mark.parametrize(
    "services",
    [
        *(5, [], None, True, {"a b": WHOLE}, {"": WHOLE}, {"a/b": WHOLE}),
        {"empty": {}},
        {"idle": {"exchanges": [], "sources": [{"document": "handbook"}]}},
        {"made_up": {"exchanges": [WHOLE["exchanges"][1]], "sources": []}},
    ],
)
def test_what_is_no_mapping_of_names_to_profiles_is_refused_by_both(services: object) -> None:
    assert (_schema_takes(services), _reader_takes(services)) == (False, False)


def test_templates_are_for_the_editor_to_leave_alone() -> None:
    templated = [_changed("settings.control.default", "{{ port }}"), _changed("exchanges.0.default", "{{ on }}")]
    assert _schema_takes("{{ my_services }}")
    assert all(_schema_takes({"whole": profile}) for profile in [*templated, "{{ my_profile }}"])


@pytest.mark.parametrize(("path", "value"), [case for case in BROKEN if "." in case[0] and ".." not in case[0]])
def test_an_editor_marks_the_place_of_the_mistake(path: str, value: Any) -> None:
    marked = [error.json_path.replace("[", ".").replace("]", "") for error in VALIDATOR.iter_errors(
        {"whole": _changed(path, value)}
    )]  # fmt: skip
    top = f"$.whole.{path.partition('.')[0]}"
    assert any(place.startswith(top) or place == "$.whole" for place in marked)


def test_the_words_are_the_readers() -> None:
    kinds = SCHEMA["$defs"]["exchange"]["properties"]
    assert tuple(kinds["kind"]["enum"]) == words.EXCHANGE_KINDS
    assert tuple(kinds["initiator"]["enum"]) == words.INITIATORS
    assert tuple(kinds["transport"]["enum"]) == words.TRANSPORTS
    assert tuple(kinds["helper"]["enum"]) == words.HELPERS
    assert tuple(kinds["question"]["enum"]) == words.QUESTIONS
    assert tuple(kinds["listener"]["properties"]["rpc"]["enum"]) == words.RPC_LISTENERS
    assert tuple(SCHEMA["$defs"]["setting"]["properties"]["kind"]["enum"]) == words.SETTING_KINDS
    assert SCHEMA["$defs"]["profile"]["properties"]["client_system"]["enum"] == list(builtin_catalog().systems)


#: What can stand anywhere by mistake: wrong types, numbers beside the mark, words that mean something elsewhere.
_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.sampled_from(
        ["", " ", "any", "callback", "80", "0", "90000", "5-6", "-", "udp", "server", "ask", "{dial}", "{"]
    ),
    st.text(max_size=4),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["name", "title", "default"]), st.integers(0, 3), max_size=2),
)


def _paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [prefix] if prefix else []
    for step, inner in steps:
        found += _paths(inner, (*prefix, step))
    return found


@settings(max_examples=400)
@given(path=st.sampled_from(_paths(WHOLE)), value=_ODD)
def test_the_schema_refuses_nothing_that_the_reader_takes(path: tuple[Any, ...], value: Any) -> None:
    profile = copy.deepcopy(WHOLE)
    place: Any = profile
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    services = {"whole": profile}
    if not _schema_takes(services):
        assert not _reader_takes(services)
