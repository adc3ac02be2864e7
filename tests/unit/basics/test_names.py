# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names: what may go into files, rules, comments and pages."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.names import HostService, name_problem, named


@pytest.mark.parametrize("name", ["fl-fax", "a", "0", "uk_ts1.example.com", "A" * 100])
def test_ordinary_names_are_fine(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", "-fax", ".fax", "_fax", "a..b", "../etc", "a/b", "a b", "a\n", "a\x00", 'a"b', "a'b", "a;b", "a{b}", "a#b",
     "$(a)", "a<b>", "fäx", "\uff41", "A" * 101, "a,b", "a:b", "@a", "a\u202eb", None, 5, ["a"]],
)  # fmt: skip
def test_a_name_that_could_be_read_as_syntax_is_refused(name: object) -> None:
    assert name_problem(name)


def test_a_service_on_a_host_has_one_text_and_reads_back() -> None:
    client = HostService("uk-ts1.example.com", "netcfax")
    assert client.text == "uk-ts1.example.com/netcfax"
    assert HostService.parse(client.text) == client


@pytest.mark.parametrize("text", ["", "/", "fl-fax", "fl-fax/", "/netcfax", "fl-fax/netcfax/1", "fl fax/netcfax"])
def test_what_names_no_service_on_a_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST/SERVICE"):
        HostService.parse(text)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        # Who would be the only one left out is named.
        (["a", "b", "c", "d"], "a, b, c and d"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_a_long_list_of_names_is_cut_and_counted(names: list[str], text: str) -> None:
    assert named(names) == text
