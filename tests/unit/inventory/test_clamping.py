# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `faxnet_clamp_mss` may say, and whose policy it ends up in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.networks import Network


def network(wish: Any) -> Network:
    """An office behind a router that says so."""
    net = Network().site("uk", "10.2.0.0/24", gateway="uk-router", public="203.0.113.20")
    net.hosts["uk-router"]["faxnet_clamp_mss"] = wish
    return net.host("uk-pc1", "uk", "10.2.0.21", clamp_mss=wish)


@pytest.mark.parametrize(
    ("wish", "held"),
    [
        (None, None),
        (False, None),
        (True, {"size": None, "interfaces": []}),
        (1452, {"size": 1452, "interfaces": []}),
        ("1300", {"size": 1300, "interfaces": []}),
        ({"interfaces": ["wg0", "ppp*", "ppp*"]}, {"size": None, "interfaces": ["ppp*", "wg0"]}),
        ({"size": 536, "interfaces": "ppp0"}, {"size": 536, "interfaces": ["ppp0"]}),
    ],
)
def test_a_router_holds_what_is_wished_and_a_host_nothing(wish: Any, held: Any) -> None:
    made = network(wish).made()
    assert made.policy("uk-router")["clamp_mss"] == held
    assert made.policy("uk-pc1")["clamp_mss"] is None


@pytest.mark.parametrize(
    ("wish", "code", "variable"),
    [
        (535, "FXN150", "faxnet_clamp_mss"),
        (65496, "FXN150", "faxnet_clamp_mss"),
        ("yes", "FXN150", "faxnet_clamp_mss"),
        ([1452], "FXN101", "faxnet_clamp_mss"),
        ({"size": True}, "FXN150", "faxnet_clamp_mss.size"),
        ({"interface": "ppp0"}, "FXN102", "faxnet_clamp_mss.interface"),
        ({"interfaces": []}, "FXN103", "faxnet_clamp_mss.interfaces"),
        ({"interfaces": {"a": 1}}, "FXN101", "faxnet_clamp_mss.interfaces"),
        ({"interfaces": ["ppp0", 'x" drop; "']}, "FXN150", "faxnet_clamp_mss.interfaces[1]"),
        ({"interfaces": ["sixteen-letters0"]}, "FXN150", "faxnet_clamp_mss.interfaces[0]"),
        ({"interfaces": ["*ppp"]}, "FXN150", "faxnet_clamp_mss.interfaces[0]"),
    ],
)
def test_a_mistake_names_itself_and_a_cure(wish: Any, code: str, variable: str) -> None:
    findings = [item for item in network(wish).findings() if "uk-router" in item.hosts]
    assert (code, variable) in {(item.code, item.variable) for item in findings}
    assert all(item.cure for item in findings)
