# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue's pages and drawings are made from the profiles, whole and readable; the guide's examples run."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog, extend_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import Profile
from tests.unit.catalog.test_services_schema import SCHEMA, WHOLE
from tests.unit.networks import Network
from tools import catalog_pages
from tools.catalog_drawing import LEFT, RIGHT, WIDTH, broken, drawing, duration
from tools.picture import plan_of

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/guides/catalog.md"
CATALOG = builtin_catalog()
MADE = catalog_pages.pages(CATALOG)
SVG = "{http://www.w3.org/2000/svg}"
#: No letter of the drawing's fonts is wider on average, in any run of words that a title or a port is made of.
WIDEST = 8.2


def _whole() -> Profile:
    """A profile with every key that there is."""
    findings: list[Finding] = []
    catalog = extend_catalog(CATALOG, {"whole": WHOLE}, findings)
    assert findings == []
    return catalog.profiles["whole"]


EVERY = [*CATALOG.profiles.values(), _whole()]


def _root(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - a drawing of our own


def _texts(svg: str, style: str) -> list[ElementTree.Element]:
    return [item for item in _root(svg).iter(f"{SVG}text") if style in (item.get("class") or "").split()]


@pytest.mark.parametrize("profile", EVERY, ids=lambda profile: profile.name)
def test_a_page_tells_everything_that_the_profile_says(profile: Profile) -> None:
    page = catalog_pages.product_page(profile, CATALOG)
    for item in profile.exchanges:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{item.name}`<br>"))
        assert f" {item.initiator} " in row
        assert item.transport in row
        assert item.purpose in row
        assert duration(item.idle) in row if item.idle else True
        assert all(
            f"`{word}`" in row for word in (item.setting, item.source_setting, item.part_of, item.rides_on) if word
        )
        assert f"**{item.title}**: {catalog_pages.code(item.advice)}" in page if item.advice else True
    assert all(f"| `{name}` |" in page for name in [*profile.settings, *profile.environments])
    assert all(catalog_pages.code(line) in page for line, _exchange in profile.instructions)
    assert ("serves IPv4 through IPv6 sockets" in page) == profile.mapped_ipv4
    for source in profile.sources:
        assert all(value in page for value in source.values())


@pytest.mark.parametrize("profile", EVERY, ids=lambda profile: profile.name)
def test_a_drawing_has_an_arrow_for_every_exchange_the_way_it_goes(profile: Profile) -> None:
    svg = drawing(profile)
    arrows = [item for item in _root(svg).iter(f"{SVG}path") if item.get("marker-end")]
    assert len(arrows) == len(profile.exchanges) + (profile.broadcast is not None)
    for item in profile.exchanges:
        style = "client" if item.initiator == "client" else "by-server"
        assert any(f"url(#head-{style})" == arrow.get("marker-end") for arrow in arrows)
        assert any(text.text == item.title for text in _texts(svg, "title"))
    broken_lines = [arrow for arrow in arrows if "unasked" in (arrow.get("class") or "")]
    assert len(broken_lines) == len([item for item in profile.exchanges if item.optional or not item.default])
    ends = {arrow.get("marker-end"): float((arrow.get("d") or "").rpartition("H")[2]) for arrow in arrows}
    assert ends.get("url(#head-client)", RIGHT) > WIDTH / 2
    assert ends.get("url(#head-by-server)", LEFT) < WIDTH / 2


@pytest.mark.parametrize("profile", EVERY, ids=lambda profile: profile.name)
def test_words_of_a_drawing_neither_meet_nor_leave_it(profile: Profile) -> None:
    svg = drawing(profile)
    root = _root(svg)
    height = float((root.get("viewBox") or "").split()[3])
    titles = _texts(svg, "title")
    assert titles
    for title, port in zip(titles, _texts(svg, "port"), strict=True):
        assert title.get("y") == port.get("y")
        assert len(f"{title.text}{port.text}") * WIDEST < RIGHT - LEFT
    for text in root.iter(f"{SVG}text"):
        words, style = text.text or "", (text.get("class") or "").split()
        x, y = float(text.get("x") or 0), float(text.get("y") or 0)
        centred = {"name": 196, "role": 196, "note": RIGHT - LEFT}
        room = next((centred[name] for name in style if name in centred), None)
        if room is not None:
            assert len(words) * (9.6 if "name" in style else 6.6) <= room, words
        elif "legend" in style:
            assert x + len(words) * 6.3 <= WIDTH, words
        assert 0 < y < height


def test_a_drawing_is_told_in_words_to_those_who_do_not_see_it() -> None:
    root = _root(drawing(CATALOG.profiles["netcfax"]))
    told = root.findtext(f"{SVG}desc")
    assert told == "Clients to server: PCP, TCP 7488. Server to Clients: SCP, TCP, the port that the client reported."


def test_a_title_is_escaped_and_a_long_one_is_cut() -> None:
    profile = CATALOG.profiles["netcfax"]
    first, second = profile.exchanges
    odd = replace(profile, title="<b>&", exchanges=(replace(first, title="x" * 200), second))
    svg = drawing(odd)
    assert next(text.text for text in _texts(svg, "name")) == "<b>&"
    assert max(len(text.text or "") for text in _texts(svg, "title")) < 80


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (90, "90 s"), (300, "5 min"), (3600, "1 h"), (86400, "1 day"), (432000, "5 days")],
)
def test_times_are_told_in_their_largest_unit(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_words_are_broken_between_words() -> None:
    assert list(broken("one two three", 7)) == ["one two", "three"]
    assert list(broken("unbreakable word", 4)) == ["unbreakable", "word"]
    assert list(broken("", 4)) == []


def _examples() -> list[Any]:
    """The guide's examples of faxnet_services, in order."""
    found = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return [yaml.safe_load(text) for text in found if "faxnet_services:" in text]


def test_the_guides_profiles_are_taken_without_a_word_against_them() -> None:
    examples = _examples()
    assert len(examples) > 1
    for example in examples:
        services = example.get("faxnet_services") or example["all"]["vars"]["faxnet_services"]
        findings: list[Finding] = []
        extend_catalog(CATALOG, services, findings)
        assert findings == []
        assert [error.message for error in jsonschema.Draft202012Validator(SCHEMA).iter_errors(services)] == []


def test_the_guides_inventory_is_planned_as_the_guide_says(tmp_path: Path) -> None:
    (example,) = [text for text in _examples() if "all" in text]
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(example, sort_keys=False), encoding="utf-8")
    plan = plan_of(inventory)
    assert plan["findings"] == []
    made = {flow["id"]: f"{flow['transport']} {flow['ports']}" for flow in plan["flows"]}
    guide = GUIDE.read_text(encoding="utf-8")
    told = dict(re.findall(r"^([\w.]+/\S+>\S+)\s+((?:tcp|udp) [\d-]+)", guide, re.MULTILINE))
    assert made == told


@pytest.mark.parametrize(
    "key", sorted({*SCHEMA["$defs"]["exchange"]["properties"], *SCHEMA["$defs"]["profile"]["properties"]})
)
def test_the_guide_tells_every_key(key: str) -> None:
    assert f"`{key}`" in GUIDE.read_text(encoding="utf-8")


def test_the_guides_offers_are_planned_without_a_word_against_them() -> None:
    found = re.findall(r"```yaml\n(faxnet_offers:.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 3
    for text in found:
        (offer,) = yaml.safe_load(text)["faxnet_offers"]
        net = Network().site("office", "192.0.2.0/24").host("fax", "office", "192.0.2.10", offers=[offer])
        net.host("pc", "office", "192.0.2.21", uses=[{"service": offer["service"], "server": "fax"}])
        assert net.findings() == ()
