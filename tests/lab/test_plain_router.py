# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The person with the worksheet reads it column by column, and says which line the plain router has no field for."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.networks import checked_by_nft
from tools.lab import inventory, lifecycle
from tools.lab.errors import LabError
from tools.lab.plain_router import PlainRouter

ROUTER = PlainRouter((ipaddress.IPv4Network("10.2.0.0/24"),), ipaddress.IPv4Address("203.0.113.20"))
HEADER = "On   Name  Direction  Service  Protocol  Port or range  Action  From  To address"


def sheet(*rules: str, header: str = HEADER) -> str:
    """A worksheet with these rules; two blanks part the columns."""
    lines = (header, "---  ---  ---", *rules)
    return "\n".join(
        ["Router worksheet for r", "", "2. Rules: one for each line.", "", *("  " + line for line in lines), ""]
    )


def typed(*rules: str) -> list[str]:
    """What the router does beyond what it did out of its box; nft takes the whole."""
    text = ROUTER.typed_in(sheet(*rules))
    checked_by_nft(text)
    bare = ROUTER.typed_in(sheet()).splitlines()
    return [line.strip() for line in text.splitlines() if line not in bare]


def test_an_inward_rule_is_a_forward_and_a_permit() -> None:
    assert typed("yes  a to b  in  s  TCP  10500-10599  allow  198.51.100.10  10.2.0.10") == [
        "ip saddr 198.51.100.10 tcp dport 10500-10599 ip daddr 10.2.0.10 accept",
        "ip saddr 198.51.100.10 tcp dport 10500-10599 ip daddr 203.0.113.20 dnat to 10.2.0.10",
    ]


def test_anybody_and_a_sender_s_own_port_can_be_entered() -> None:
    anybody, own = typed(
        "yes  a  in  s  TCP  25  allow  any  10.2.0.10",
        "yes  b  in  s  UDP  4644  allow  10.9.0.0/24 port 4644  10.2.0.11",
    )[:2]
    assert anybody == "tcp dport 25 ip daddr 10.2.0.10 accept"
    assert own == "ip saddr 10.9.0.0/24 udp sport 4644 udp dport 4644 ip daddr 10.2.0.11 accept"


def test_a_rule_that_is_off_or_outward_changes_nothing() -> None:
    assert (
        typed("no  a  in  s  TCP  25  allow  any  10.2.0.10", "yes  a  out  s  TCP  25  allow  10.2.0.1  192.0.2.1")
        == []
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("yes  a  in  s  TCP  25  block  any  10.2.0.10", "rule 'a': this router has no Action 'block', only allow"),
        ("yes  a  in  s  ESP  25  allow  any  10.2.0.10", "no Protocol 'ESP', only TCP or UDP"),
        ("yes  a  in  s  TCP  smtp  allow  any  10.2.0.10", "'smtp' is neither a port nor a range of ports"),
        ("yes  a  in  s  TCP  25  allow  any  10.3.0.10", r"'10.3.0.10' is no address of the office \(10.2.0.0/24\)"),
        ("yes  a  in  s  TCP  25  allow  any  -", "'-' is no address of the office"),
        ("yes  a  in  s  TCP  25  allow  one or two  10.2.0.1", "'one or two' names no sender"),
        ("yes  a  in  s  TCP  25  allow  any", "has 8 columns, and not 9"),
    ],
)
def test_what_the_router_has_no_field_for_is_named(rule: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        ROUTER.typed_in(sheet(rule))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Dear customer,\n", "its table of rules is missing"),
        (sheet(header=HEADER + "  Remember for"), "its table of rules has the column Remember for"),
    ],
)
def test_another_text_is_not_taken_for_a_sheet(text: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        ROUTER.typed_in(text)


def office(**site: Any) -> inventory.Inventory:
    """An inventory with one office, whose router is r."""
    variables = {"faxnet_sites": {"office": {"networks": ["10.2.0.0/24"], **site}}}
    return inventory.parse({"_meta": {"hostvars": {"r": variables, "other": variables}}})


def test_it_stands_before_an_office_with_one_public_address() -> None:
    assert PlainRouter.before(office(gateway="r", public_address="203.0.113.20"), "r") == ROUTER
    with pytest.raises(LabError, match="other is the one gateway of no site"):
        PlainRouter.before(office(gateway="r", public_address="203.0.113.20"), "other")
    with pytest.raises(LabError, match="site office: r is no plain NAT router"):
        PlainRouter.before(office(gateway="r"), "r")


def test_a_sheet_that_is_not_there_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"no.txt: No such file or directory; `deploy` writes worksheets/uk-router.txt"):
        # It looks for the sheet before it asks for podman or tells of progress.
        lifecycle.type_in(None, root / "inventories/two_offices", "uk-router", tmp_path / "no.txt", None)  # type: ignore[arg-type]
