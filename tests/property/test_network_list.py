# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network address lists: whatever the text, it is read and written back exactly, or refused with its line."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.filter.communigate_offer import FilterModule as Offer
from ansible_collections.faxnet.deploy.plugins.filter.communigate_settings import FilterModule as Computed
from ansible_collections.faxnet.deploy.plugins.filter.in_network_address_list import FilterModule as InList
from ansible_collections.faxnet.deploy.plugins.filter.network_address_list import FilterModule as FromText
from ansible_collections.faxnet.deploy.plugins.filter.to_network_address_list import FilterModule as ToText
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.list_sets import holds, spans
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.communigate.network_list import (
    GRAMMARS,
    AddressListError,
    parse,
)
from tests.unit.faces.communigate.test_communigate_settings import seed

QUICK = settings(max_examples=200, derandomize=True, suppress_health_check=list(HealthCheck))

read: Any = FromText().filters()["network_address_list"]
write: Any = ToText().filters()["to_network_address_list"]
offer: Any = Offer().filters()["communigate_offer"]
computed: Any = Computed().filters()["communigate_settings"]
PLAN = seed().made().document
inside: Any = InList().filters()["in_network_address_list"]

grammars = st.sampled_from(list(GRAMMARS))
blanks = st.sampled_from(["", "", "", " ", "\t", "  "])
comments = st.one_of(
    st.just(""),
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12).map(lambda text: f";{text}"),
)
#: A small world, so that lines overlap.
small = st.integers(0, 15).map(lambda last: f"10.0.0.{last}")
small6 = st.integers(0, 15).map(lambda last: f"2001:db8::{last:x}")


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """An entry without exclusion and comment, in one family or the other."""
    addresses = draw(st.sampled_from([small, small6]))
    kind = draw(st.sampled_from(["address", "range", "prefix"]))
    if kind == "address":
        return draw(addresses)
    if kind == "range":
        ends = sorted([draw(addresses), draw(addresses)], key=ipaddress.ip_address)
        return f"{ends[0]}{draw(blanks)}-{draw(blanks)}{ends[1]}"
    address = ipaddress.ip_address(draw(addresses))
    bits = address.max_prefixlen - draw(st.integers(0, 4))
    return str(ipaddress.ip_network((address, bits), strict=False))


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line that can be read."""
    if draw(st.integers(0, 4)) == 0:
        return draw(blanks) + draw(comments)
    mark = draw(st.sampled_from(["", "", "!"]))
    return f"{draw(blanks)}{mark}{draw(bodies())}{draw(blanks)}{draw(comments)}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A list that can be read, with either end of lines."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    body = end.join(draw(st.lists(lines(), max_size=12)))
    return body + draw(st.sampled_from(["", end]))


#: Near misses and plain noise: signs that mean something in a list, digits of other scripts, ends of lines, what cannot
#: be printed.
noise = st.one_of(
    st.text("0123456789.:-/!;#@ \t\r\nabcdefx%", max_size=60),
    st.text(max_size=60),
    st.lists(st.one_of(lines(), st.text(max_size=20)), max_size=8).map("\n".join),
    st.text("9", min_size=5000, max_size=5000).map(lambda digits: f"{digits}.0.0.1/{digits}"),
)
junk: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=5), noise),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from(["text", "value", "excluded", "comment", "first", "last", "kind", "line", "version"]),
                st.text(max_size=5),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.acceptance("CG-22")
@QUICK
@given(texts())
def test_what_can_be_read_is_written_back_byte_for_byte(text: str) -> None:
    structure = read(text)
    assert write(structure) == text
    assert [entry["text"] for entry in structure] == (text.split("\n") if text else [])


@QUICK
@given(texts())
def test_an_entry_written_from_its_parts_means_the_same(text: str) -> None:
    said = ("value", "excluded", "comment", "version", "first", "last")
    structure = read(text)
    rewritten = read(write([{key: entry[key] for key in ("value", "excluded", "comment")} for entry in structure]))
    if [entry["kind"] for entry in structure] == ["empty"]:
        structure = []  # a line of blanks alone, without its blanks, is no line
    for new, old in zip(rewritten, structure, strict=True):
        assert [new[key] for key in said] == [old[key] for key in said]


@pytest.mark.acceptance("CG-22")
@QUICK
@given(texts(), st.one_of(small, small6))
def test_membership_is_what_adding_and_removing_line_by_line_gives(text: str, address: str) -> None:
    # Line by line, with Python's own sets and networks: nothing is shared with what is tested.
    members: set[str] = set()
    for line in text.splitlines():
        body = line.partition(";")[0].strip()
        if not body:
            continue
        first, _minus, last = body.lstrip("!").partition("-")
        network = ipaddress.ip_network(first.strip()) if "/" in first else None
        low = network[0] if network is not None else ipaddress.ip_address(first.strip())
        high = network[-1] if network is not None else ipaddress.ip_address((last or first).strip())
        reached = {
            candidate
            for candidate in [f"10.0.0.{n}" for n in range(16)] + [f"2001:db8::{n:x}" for n in range(16)]
            if ipaddress.ip_address(candidate).version == low.version
            and int(low) <= int(ipaddress.ip_address(candidate)) <= int(high)
        }
        members = members - reached if body.startswith("!") else members | reached
    # 2001:db8::0 is written 2001:db8:: by some; both are asked for by what the strategy draws.
    event(f"inside: {address in members}")
    assert inside(address, text) is (address in members)


@pytest.mark.acceptance("CG-23")
@QUICK
@given(noise, grammars)
def test_any_text_is_read_exactly_or_refused_by_its_lines(text: str, grammar: str) -> None:
    refusal = None
    try:
        assert parse(text, grammar).text == text
    except AddressListError as error:
        refusal = error
    event("read" if refusal is None else "refused")
    if refusal is not None:
        numbers = [problem.line for problem in refusal.problems]
        assert numbers == sorted(set(numbers))
        assert all(1 <= number <= len(text.split("\n")) for number in numbers)
        assert all(line.isprintable() for line in str(refusal).split("\n"))
        assert len(str(refusal).split("\n")) == len(numbers)


@pytest.mark.acceptance("CG-23")
@QUICK
@given(junk, junk, junk, grammars)
def test_whatever_a_filter_is_given_it_answers_or_says_what_is_wrong(
    data: object, address: object, lists: object, grammar: str
) -> None:
    refusals = []
    for call in (
        lambda: read(data, grammar),
        lambda: write(data, grammar),
        lambda: inside(address, data, lists, grammar),
        lambda: inside("10.0.0.1", data, lists, grammar),
        lambda: inside("::ffff:10.0.0.1", data),
        lambda: read("", data),
    ):
        try:
            call()
        except AnsibleFilterError as error:
            refusals.append(str(error))
    # Only the filters' own sentences, and none about Python.
    assert all("network_address_list: " in refusal for refusal in refusals)
    assert all(line.isprintable() for refusal in refusals for line in refusal.split("\n"))


@QUICK
@given(texts())
def test_spans_are_disjoint_ascending_and_hold_what_membership_says(text: str) -> None:
    whole = parse(text)
    for version, start in ((4, "10.0.0.0"), (6, "2001:db8::")):
        found = spans(whole, version)
        assert all(first <= last for first, last in found)
        assert all(one[1] + 1 < other[0] for one, other in pairwise(found))
        base = int(ipaddress.ip_address(start))
        held = {base + last for last in range(-1, 17) if holds(whole, str(ipaddress.ip_address(start) + last))}
        assert {value for first, last in found for value in range(first, last + 1)} == held


listeners = st.lists(
    st.one_of(
        junk,
        st.fixed_dictionaries(
            {},
            optional={
                "port": st.one_of(st.integers(-5, 70000), st.sampled_from([25, 110, 465, 5060, 5269]), junk),
                "under": st.one_of(st.sampled_from(["Listener", "UDPListener"]), junk),
                "settings": st.one_of(
                    st.dictionaries(st.sampled_from(["InitTLS", "Port", "x"]), junk, max_size=3), junk
                ),
            },
        ),
    ),
    max_size=6,
)
told = st.fixed_dictionaries(
    {},
    optional={
        "listeners": st.one_of(junk, st.dictionaries(st.sampled_from(["SMTP", "SIP", "XMPP", "Y"]), listeners)),
        "settings": st.one_of(
            junk, st.dictionaries(st.sampled_from(["media", "resolver"]), st.dictionaries(st.just("k"), junk))
        ),
    },
)


@QUICK
@given(
    st.one_of(junk, told),
    st.one_of(
        junk,
        st.dictionaries(
            st.sampled_from(["media_udp", "dns_servers", "x"]), st.one_of(junk, st.sampled_from(["k", "l"]))
        ),
    ),
    st.booleans(),
)
def test_whatever_a_server_tells_becomes_an_offer_or_a_sentence(info: object, keys: object, all_of_them: bool) -> None:
    try:
        made = offer(info, keys, all_of_them)
    except AnsibleFilterError as error:
        refusal = str(error)
        event("refused")
    else:
        refusal = "communigate_offer: "
        event("offered")
        ports = {entry["port"] for entry in made["left_out"]} | {
            v for v in made["offer"].values() if isinstance(v, int)
        }
        assert all(1 <= port <= 65535 for port in ports)
    assert refusal.startswith("communigate_offer: ")
    assert refusal.isprintable()


@QUICK
@given(junk, junk, junk)
def test_whatever_is_taken_for_a_plan_becomes_settings_or_a_sentence(plan: Any, host: object, debug: object) -> None:
    refusals = []
    for call in (
        # A text is the path of a plan; a random one may name anything that lies about on this machine.
        lambda: computed(None if isinstance(plan, str) else plan, host),
        lambda: computed(PLAN, host, False, debug),
        lambda: computed(PLAN, "cgate", False, debug),
        lambda: computed(PLAN, "cgate", grammar=debug, ipv6=host),
    ):
        try:
            call()
        except AnsibleFilterError as error:
            refusals.append(str(error))
    assert all(refusal.startswith("communigate_settings: ") for refusal in refusals)
    assert all(line.isprintable() for refusal in refusals for line in refusal.split("\n"))
