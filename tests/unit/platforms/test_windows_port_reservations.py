# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that Windows keeps for call-backs: what is to be reserved, what is already, and who stands in the way."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.port_reservations import (
    Excluded,
    Reservation,
    read_excluded,
    reservations_of,
    reserving,
    showing,
)
from tests.unit.networks import two_offices

RANGE = Reservation("tcp", 10000, 10099, (4, 6))

ENGLISH = """
Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
      5357        5357
     10000       10099     *
     50000       50059     *

* - Administered port exclusions.
"""
GERMAN = """
Protokoll tcp Portausschlussbereiche

Startport    Endport
----------    --------
      5357        5357
     10000       10099     *
     50000       50059     *

* - Verwaltete Portausschl\u00fcsse.
"""


@pytest.mark.parametrize("listed", [ENGLISH, GERMAN, ENGLISH.replace("\n", "\r\n")])
def test_what_is_reserved_is_read_by_its_numbers_in_any_language(listed: str) -> None:
    assert read_excluded(listed) == (
        Excluded(5357, 5357, False),
        Excluded(10000, 10099, True),
        Excluded(50000, 50059, True),
    )


@pytest.mark.parametrize("listed", ["", "10 000 10 099", "99 20", "10000 99999", "the ports 10 20 *", "10 20 30"])
def test_what_is_no_line_of_the_list_is_none(listed: str) -> None:
    assert read_excluded(listed) == ()


def test_the_line_is_the_one_of_the_clients_sheet() -> None:
    (told, _undone, _conflicts) = reserving([RANGE._replace(versions=(4,))], {})
    on_the_sheet = builtin_catalog().systems["windows"].reserving[-1].line
    filled = on_the_sheet.format(ip="ipv4", transport="tcp", low=10000, high=10099, count=100)
    assert told == (filled.replace("netsh int ", "netsh.exe interface "),)


def test_each_ip_version_has_a_list_of_its_own() -> None:
    done = reserving([RANGE], {(4, "tcp"): read_excluded(ENGLISH)})
    ports = "startport=10000 numberofports=100"
    assert done.lines == (f"netsh.exe interface ipv6 add excludedportrange protocol=tcp {ports} store=persistent",)
    assert done.undoing == tuple(line.replace(" add ", " delete ") for line in done.lines)
    assert showing([RANGE, RANGE._replace(low=1)]) == {
        (4, "tcp"): "netsh.exe interface ipv4 show excludedportrange protocol=tcp",
        (6, "tcp"): "netsh.exe interface ipv6 show excludedportrange protocol=tcp",
    }


@pytest.mark.parametrize(
    ("held", "lines", "conflict"),
    [
        ([], 1, ""),
        ([Excluded(9000, 9999, False), Excluded(10100, 10200, True)], 1, ""),
        ([Excluded(9000, 10099, True)], 0, ""),
        ([Excluded(10000, 10099, False)], 0, "a part of Windows, such as Hyper-V, holds 10000-10099"),
        ([Excluded(10050, 10200, False)], 0, "a part of Windows, such as Hyper-V, holds 10050-10200"),
        ([Excluded(10000, 10049, True)], 0, "somebody has reserved 10000-10049"),
    ],
)
def test_what_others_hold_is_told_and_not_fought_over(held: list[Excluded], lines: int, conflict: str) -> None:
    done = reserving([RANGE._replace(versions=(4,))], {(4, "tcp"): held})
    assert len(done.lines) == lines
    assert len(done.conflicts) == bool(conflict)
    assert all(conflict in said and "faxnet_reserved_ports" in said for said in done.conflicts)


def test_a_host_reserves_the_ranges_of_its_clients_that_are_on() -> None:
    net = two_offices()
    net.hosts["uk-pc1"]["faxnet_uses"][0]["enabled"] = False
    made = net.made()
    callback = made.slices["uk-ts1"]["uses"][0]["callback"]
    assert reservations_of(made.slices["uk-ts1"]) == (Reservation("tcp", callback["low"], callback["high"], (4,)),)
    assert reservations_of(made.slices["uk-pc2"]) == (Reservation("tcp", 7485, 7485, (4,)),)
    assert [reservations_of(made.slices[name]) for name in ("uk-pc1", "fl-fax")] == [(), ()]
    assert reservations_of({}) == ()
