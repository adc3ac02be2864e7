# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tight routers and a client that is switched off.

No fax software runs, so a packet that passes every firewall is answered "refused" by the far end's kernel, and one that
does not is answered by nobody.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLAN = ROOT / ".build" / "molecule" / "strict" / "plan"
FLORIDA = "198.51.100.10"
SHEFFIELD = "203.0.113.20"
STRANGER = "192.0.2.66"
PCP = 7488


def callback_of(host: str) -> dict[str, Any]:
    """The call-back ports that the plan gives to a client."""
    part = json.loads((PLAN / "hosts" / f"{host}.json").read_text(encoding="utf-8"))
    (use,) = part["uses"]
    return dict(use["callback"], enabled=use["enabled"])


def ends_of(host: str) -> tuple[int, int]:
    callback = callback_of(host)
    return callback["low"], callback["high"]


@pytest.mark.acceptance("NR-18")
def test_a_client_that_is_switched_off_keeps_its_definition(network: Any) -> None:
    callback = callback_of("uk-pc1")
    assert callback["enabled"] is False
    assert callback["high"] - callback["low"] == 99
    assert str(callback["low"]) not in network.rules("uk-pc1")
    assert str(callback["low"]) not in network.rules("uk-router")


@pytest.mark.acceptance("NR-18")
def test_nothing_passes_for_a_client_that_is_switched_off(network: Any) -> None:
    assert network.knock("uk-pc1", FLORIDA, [PCP]) == {PCP: "silent"}
    ends = ends_of("uk-pc1")
    assert network.knock("fl-fax", SHEFFIELD, ends) == dict.fromkeys(ends, "silent")


@pytest.mark.parametrize("host", ["uk-ts1", "uk-pc2"])
def test_its_colleagues_are_served_as_before(network: Any, host: str) -> None:
    assert network.knock(host, FLORIDA, [PCP]) == {PCP: "refused"}
    ends = ends_of(host)
    assert network.knock("fl-fax", SHEFFIELD, ends) == dict.fromkeys(ends, "refused")


@pytest.mark.parametrize("host", ["uk-ts1", "uk-pc1", "uk-pc2"])
def test_an_office_starts_nothing_outward_that_no_flow_names(network: Any, host: str) -> None:
    assert network.knock(host, FLORIDA, [22, PCP - 1, PCP + 1]) == dict.fromkeys([22, PCP - 1, PCP + 1], "silent")
    assert network.knock(host, STRANGER, [22, 443]) == dict.fromkeys([22, 443], "silent")


@pytest.mark.parametrize("host", ["fl-pc1", "fl-pc2"])
def test_a_colleague_of_the_server_cannot_pass_for_it(network: Any, host: str) -> None:
    """Behind one public address the far router cannot tell them apart; the server's own router can."""
    ends = ends_of("uk-ts1")
    assert network.knock(host, SHEFFIELD, ends) == dict.fromkeys(ends, "silent")
