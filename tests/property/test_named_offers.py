# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name tells an offer from others, and changes nothing else of a plan, in whatever network."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from tests.property.inventories import networks
from tests.property.routed_inventories import routed_networks
from tests.unit.networks import Network, everything

SOME = settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)


def with_names(net: Network) -> Network:
    """The same network, where each offer has a name and each use says it."""
    hosts = copy.deepcopy(net.hosts)
    for own in hosts.values():
        for offer in own.get("faxnet_offers") or ():
            offer["name"] = "x"
        for use in own.get("faxnet_uses") or ():
            use["offer"] = "x"
    return replace(net, hosts=hosts)


def without_names(document: bytes) -> Any:
    """A document as it would be without names: no such word is in an inventory here."""
    data = json.loads(document.replace(b'"offer":"x",', b"").replace(b',"offer":"x"', b"").replace(b"-x", b""))
    for digest in ("digest", "slices"):
        data.pop(digest, None)
    # What a package's role sets up is the offer without a name.
    data.pop("deployment", None)
    return data


@SOME
@given(st.one_of(networks(), routed_networks()))
def test_a_name_changes_nothing_of_a_plan_but_what_the_service_is_called(net: Network) -> None:
    plain, named = net.planned(), with_names(net).planned()
    event(f"sound: {plain.plan is not None}")
    told = [
        [(found.code, found.hosts, found.variable) for found in planned.findings if found.code != "FXN203"]
        for planned in (plain, named)
    ]
    assert told[0] == told[1]
    if plain.plan is None or named.plan is None:
        assert plain.plan is named.plan
        return
    assert plain.plan.lock == named.plan.lock
    files = [[without_names(part) for part in everything(PlanDocuments(planned.plan))] for planned in (plain, named)]
    assert files[0] == files[1]
