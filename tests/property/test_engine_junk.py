# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever an inventory holds, the engine answers with findings: no exception, no half plan, no unprintable text."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import KINDS, errors
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import KEYS as APPROVAL_KEYS
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, Planned, make_plan
from tests.property.inventories import networks
from tests.unit.networks import Network

QUICK = settings(max_examples=150, derandomize=True, suppress_health_check=list(HealthCheck))

#: Words that lead deep into the readers.
WORDS = [
    "networks",
    "gateway",
    "gateways",
    "public_address",
    "realm",
    "host",
    "service",
    "server",
    "environment",
    "instances",
    "callback",
    "mode",
    "port",
    "low",
    "high",
    "size",
    "enabled",
    "exchanges",
    "primary_port",
    "callback_range",
    "transport",
    "ports",
    "sources",
    "name",
    "netcfax",
    "pcp",
    "scp",
    "fixed",
    "dynamic",
    "unlimited",
    "tcp",
    "udp",
    "any",
    "flows",
    "windows",
    "linux",
    "nftables",
    "worksheet",
    "site1",
    "site1-router",
    "server10",
    "client11",
    "title",
    "settings",
    "default",
    "client_system",
    "environments",
    "single_user",
    "many",
    "modes",
    "initiator",
    "purpose",
    "kind",
    "optional",
    "instructions",
    "document",
]
VALUES: tuple[Any, ...] = (
    0,
    1,
    22,
    7488,
    65536,
    -1,
    10**30,
    True,
    "7488",
    "10000-10099",
    "1-",
    "10.1.0.0/24",
    "192.168.1.10",
    "2001:db8::1",
    "0.0.0.0/0",
    "::/0",
    "::/129",
    "9" * 5000,
    "\n",
    '"; flush ruleset',
    "{{ x }}",
    "{0}",
    "",
    "\x00",
    "\ud800",
    "🖷",
    [],
    {},
    [None],
    float("nan"),
    float("inf"),
)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.binary(max_size=3),
    st.sampled_from(VALUES), st.sampled_from(WORDS),
)  # fmt: skip
keys = st.one_of(st.sampled_from(WORDS), st.text(max_size=4), st.integers(0, 3), st.none(), st.booleans())
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)

HOST_VARIABLES = (
    "faxnet_site", "faxnet_address", "faxnet_system", "faxnet_platform", "faxnet_offers", "faxnet_uses",
    "faxnet_management", "faxnet_permits", "faxnet_accepted_losses", "faxnet_reserved_ports", "faxnet_outbound",
    "faxnet_firewall_profiles", "ansible_host", "ansible_port", "ansible_connection", "ansible_shell_type",
)  # fmt: skip


def answers_well(planned: Planned) -> None:
    for finding in planned.findings:
        assert finding.code in KINDS
        assert finding.message
        assert finding.cure
        for text in (finding.variable, finding.value, finding.message, finding.cure):
            assert text.isprintable(), finding
        assert finding.text()
        finding.text().encode()
    assert (planned.plan is None) == bool(errors(planned.findings))
    event(f"sound: {planned.plan is not None}")
    if planned.plan is not None:
        written = PlanDocuments(planned.plan)
        json.loads(b"".join(written.plan))
        for part in written.slices:
            read_slice_document(part.content, part.host, "")


@QUICK
@given(
    sites=junk,
    services=junk,
    lock=st.one_of(st.text(max_size=20), junk.map(lambda value: json.dumps(value, default=str, skipkeys=True))),
    hosts=st.dictionaries(
        st.one_of(st.sampled_from(WORDS), st.text(max_size=5)),
        st.dictionaries(st.sampled_from(HOST_VARIABLES), junk),
        max_size=4,
    ),
    approval=st.one_of(junk, st.dictionaries(st.sampled_from(APPROVAL_KEYS), st.one_of(junk, st.dates()))),
)
def test_an_inventory_of_nothing_but_junk_gives_findings(
    sites: Any, services: Any, lock: str, hosts: Any, approval: Any
) -> None:
    answers_well(make_plan(Inputs(sites=sites, hosts=hosts, services=services, lock=lock, approval=approval)))


@QUICK
@given(networks(), st.data())
def test_junk_anywhere_in_a_sound_inventory_gives_findings(net: Network, data: st.DataObject) -> None:
    tree = {"sites": copy.deepcopy(net.sites), "hosts": copy.deepcopy(net.hosts)}
    for _change in range(data.draw(st.integers(1, 3))):
        spoil(tree, data)
    hosts = {str(name): own if isinstance(own, dict) else {} for name, own in tree["hosts"].items()}
    answers_well(make_plan(Inputs(sites=tree["sites"], hosts=hosts)))


@QUICK
@given(networks(), st.data())
def test_junk_anywhere_in_a_users_profile_gives_findings(net: Network, data: st.DataObject) -> None:
    profile: dict[str, Any] = {
        "title": "Mine",
        "client_system": "windows",
        "settings": {"primary_port": {"title": "port", "default": 5000}},
        "callback": {
            "fixed_port": 7000,
            "lowest": 1025,
            "highest": 65000,
            "size": 50,
            "smallest": 5,
            "pool": "10000-32767",
        },
        "environments": {
            name: {"many": True, "modes": ["dynamic", "fixed"]} for name in ("single_user", "terminal_server")
        },
        "exchanges": [
            {
                "name": "a",
                "initiator": "client",
                "transport": "tcp",
                "ports": "primary_port",
                "purpose": "p",
                "kind": "login",
            },
            {"name": "b", "initiator": "server", "transport": "udp", "ports": "callback", "purpose": "p"},
            {"name": "c", "initiator": "server", "transport": "udp", "ports": 5200, "purpose": "p", "optional": True},
        ],
        "instructions": ["{dial} {primary_port} {low} {high} {fixed} {mode_instruction}"],
        "mode_instructions": {"dynamic": "{low}", "fixed": "{fixed}"},
        "sources": [{"document": "d", "url": "u"}],
    }
    tree: dict[str, Any] = {"netcfax": profile}
    for _change in range(data.draw(st.integers(0, 2))):
        spoil(tree, data)
    answers_well(make_plan(Inputs(sites=net.sites, hosts=net.hosts, services=tree)))


def spoil(tree: Any, data: st.DataObject) -> None:
    """Replace, remove or add something at a random place of a tree of mappings and lists."""
    here = tree
    while True:
        places = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not places:
            return
        place = data.draw(st.sampled_from(places))
        if isinstance(here[place], (dict, list)) and here[place] and data.draw(st.integers(0, 3)):
            here = here[place]
            continue
        how = data.draw(st.sampled_from(("replace", "replace", "remove", "add")))
        if how == "remove" and here is not tree:
            del here[place]
        elif how == "add" and isinstance(here, dict) and here is not tree:
            here[data.draw(keys)] = data.draw(junk)
        elif here is not tree:
            here[place] = data.draw(junk)
        return
