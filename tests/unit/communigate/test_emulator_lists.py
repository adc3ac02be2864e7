# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's network address lists: what they hold, in the grammar of each version."""

from __future__ import annotations

import ipaddress

import pytest

from tests.emulators.communigate.address_lists import entries, listed


@pytest.mark.parametrize(
    ("text", "address", "inside"),
    [
        ("10.0.0.0-10.0.0.255", "10.0.0.255", True),
        ("10.0.0.0-10.0.0.255\n!10.0.0.5", "10.0.0.5", False),
        ("!10.0.0.5\n10.0.0.0-10.0.0.255", "10.0.0.5", True),
        ("10.0.0.0/24 ; office\n;10.9.9.9\n\n", "10.9.9.9", False),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("2001:db8::/32", "10.0.0.1", False),
        ("#office", "10.7.7.7", True),
        ("#loop", "10.7.7.7", False),
    ],
)
@pytest.mark.acceptance("CG-22")
def test_what_a_list_holds(text: str, address: str, inside: bool) -> None:
    others = {"Office": "10.7.0.0/16", "loop": "#loop"}
    assert listed(text, ipaddress.ip_address(address), "6.4.1", others) is inside


@pytest.mark.parametrize(
    ("version", "line"),
    [
        *(("5.0.9", "!10.0.0.1"), ("5.1.1", "10.0.0.0/8"), ("6.3.1", "#office"), ("6.3.1", "10.0.0.1/8")),
        *(("6.3.1", "0.0.0.0/0"), ("6.3.1", "10.0.0.2-10.0.0.1"), ("6.3.1", "10.0.0.1-::1"), ("6.3.1", "-")),
    ],
)
@pytest.mark.acceptance("CG-23")
def test_a_line_outside_of_the_versions_grammar_is_refused_with_its_number(version: str, line: str) -> None:
    with pytest.raises(ValueError, match=r"^line 3: "):
        list(entries(f"10.0.0.1\n; comment\n{line}", version))
