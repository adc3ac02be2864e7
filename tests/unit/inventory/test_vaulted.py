# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came from a vault and stands in a wrong place: said with its place, and shown nowhere."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.vaulted import (
    NOT_SHOWN,
    VaultedNumber,
    VaultedText,
    vaulted,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.collecting import (
    Collected,
    EvaluationError,
    collect,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.raw_values import RawValues
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.variables import (
    CONNECTION_VARIABLES,
    HOST_VARIABLES,
    NETWORK_VARIABLES,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.planning.plan import Inputs, Planned, make_plan
from tests.unit.networks import FLORIDA, SHEFFIELD, everything

SITES: dict[str, Any] = {
    "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": FLORIDA, "realm": "internet"},
    "sheffield": {"networks": ["10.2.0.0/24"], "gateways": [{"host": "uk-router", "public_address": SHEFFIELD}]},
}
HOSTS: dict[str, dict[str, Any]] = {
    "fl-router": {"faxnet_site": "florida", "faxnet_address": "10.1.0.1", "faxnet_reverse_path": "strict"},
    "uk-router": {
        "faxnet_site": "sheffield",
        "faxnet_address": "10.2.0.1",
        "faxnet_outbound": "any",
        "faxnet_clamp_mss": 1452,
        "faxnet_forward_permits": [
            {
                "name": "vpn", "from": ["10.9.0.0/24", "uk-pc1"], "to": "site:sheffield", "from_interfaces": ["wg0"],
                "protocols": ["udp", "esp"], "ports": 4500, "both_directions": True,
            }
        ],
    },
    "fl-fax": {
        "faxnet_site": "florida",
        "ansible_host": "10.1.0.10",
        "ansible_port": 22,
        "ansible_connection": "ssh",
        "ansible_ssh_port": 22,
        "ansible_paramiko_port": 22,
        "ansible_winrm_port": 5986,
        "ansible_psrp_port": 5986,
        "ansible_psrp_protocol": "https",
        "ansible_shell_type": "sh",
        "ansible_ssh_args": "-C",
        "ansible_ssh_common_args": "-o Port=22 -J fl-router",
        "ansible_ssh_extra_args": "-v",
        "ansible_paramiko_proxy_command": "nc %h %p",
        "faxnet_platform": "nftables",
        "faxnet_stance": "observe",
        "faxnet_firewall_profiles": ["domain", "private"],
        "faxnet_offers": [
            {"service": "netcfax", "primary_port": 7488, "callback_range": {"low": 9000, "high": 50000}},
        ],
        "faxnet_accepted_losses": [
            {"kind": "listener", "protocol": "udp", "ports": [51820, "5000-5010"], "program": "dnsmasq"},
            {"kind": "protocol", "protocol": 47, "networks": ["192.0.2.0/24"], "interface": "tun0"},
        ],
        "faxnet_reserved_ports": [{"ports": ["50000-50059", 1194], "transport": "udp", "reason": "VPN"}, 1195],
        "faxnet_permits": [{"name": "web", "ports": [80, "8080-8090"], "transport": "tcp", "sources": ["10.1.0.0/24"]}],
    },
    "uk-pc1": {
        "faxnet_site": "sheffield",
        "faxnet_address": ["10.2.0.10"],
        "faxnet_system": "windows",
        "faxnet_management": [{"name": "ssh", "ports": 22, "sources": ["10.2.0.0/24"]}],
        "faxnet_uses": [
            {
                "service": "netcfax", "server": "fl-fax", "environment": "terminal_server", "instances": 4,
                "callback": {"mode": "dynamic", "low": 20000, "high": 20099}, "exchanges": {"scp": True},
            }
        ],
    },
}  # fmt: skip
SERVICES: dict[str, Any] = {
    "paging": {
        "title": "Paging", "client_system": "windows",
        "settings": {"port": {"title": "Port", "kind": "port", "default": 444}},
        "exchanges": [
            {"name": "page", "title": "Page", "initiator": "client", "transport": "tcp", "ports": "port",
             "purpose": "Pages."}
        ],
        "sources": [{"document": "A page"}],
    }
}  # fmt: skip

APPROVAL: dict[str, Any] = {
    "network": "Two offices", "change": 20417, "requested_by": "telephony", "approved_by": "security",
    "approved_on": "2026-11-29", "digest": "9f2c61d0a7be",
}  # fmt: skip

#: No name, no address, no port: wrong wherever it stands. A name, and a number, are right in some places.
SECRETS = (VaultedText("p4ss/ word"), VaultedText("hunter2"), VaultedNumber(8675309))


def network() -> dict[str, Any]:
    """Every variable that a plan reads, by name; those of hosts below the host."""
    return copy.deepcopy(
        {"faxnet_sites": SITES, "faxnet_services": SERVICES, "faxnet_controller": ["10.2.0.7"],
         "faxnet_approval": APPROVAL, "hosts": HOSTS}
    )  # fmt: skip


def planned(data: dict[str, Any]) -> Planned:
    shared = data["faxnet_sites"], data["hosts"], data["faxnet_services"], data["faxnet_controller"]
    return make_plan(Inputs(*shared, approval=data["faxnet_approval"]))


def leaves(data: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield each place in data, of values and of whole lists and mappings."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in pairs:
        yield (*above, key)
        yield from leaves(item, (*above, key))


def everything_vaulted(data: Any) -> Any:
    """The data as from a file that is encrypted as a whole: keys and values."""
    if isinstance(data, dict):
        return {everything_vaulted(key): everything_vaulted(item) for key, item in data.items()}
    if isinstance(data, list):
        return [everything_vaulted(item) for item in data]
    return data if isinstance(data, bool) or data is None else vaulted(data)


PLACES = [place for place in leaves(network()) if place[0] != "hosts" or len(place) > 2]


def test_the_network_has_every_variable_that_names_no_file() -> None:
    named = {place[2] for place in PLACES if place[0] == "hosts"} | {
        place[0] for place in PLACES if place[0] != "hosts"
    }
    paths = {"faxnet_directory", "faxnet_lock"}
    assert named >= {*NETWORK_VARIABLES, *HOST_VARIABLES, *CONNECTION_VARIABLES} - paths


@pytest.mark.parametrize("secret", SECRETS, ids=["no name", "a name", "a number"])
@pytest.mark.parametrize("as_key", [False, True], ids=["value", "key"])
def test_no_finding_shows_a_secret_wherever_it_stands(secret: VaultedText | VaultedNumber, as_key: bool) -> None:
    digits = f"{secret}"
    tried = 0
    for place in PLACES:
        data = network()
        *above, key = place
        holder = functools.reduce(lambda inner, step: inner[step], above, data)
        if as_key:
            if not isinstance(holder, dict) or len(place) < (4 if place[0] == "hosts" else 2):
                continue
            holder[secret] = holder.pop(key)
        else:
            holder[key] = secret
        made = planned(data)
        tried += 1
        for finding in made.findings:
            assert digits not in json.dumps(finding.as_dict()), (place, finding)
            assert digits not in finding.text(), (place, finding)
        if made.plan is not None and digits == "p4ss/ word":
            told = b"".join(everything(PlanDocuments(made.plan)))
            assert digits.encode() not in told, place
    assert tried > 20


def test_what_is_encrypted_as_a_whole_is_planned_as_if_it_were_not() -> None:
    open_plan, hidden_plan = planned(network()), planned(
        {"faxnet_sites": everything_vaulted(SITES), "faxnet_services": everything_vaulted(SERVICES),
         "faxnet_controller": everything_vaulted(["10.2.0.7"]), "faxnet_approval": everything_vaulted(APPROVAL),
         "hosts": {name: everything_vaulted(own) for name, own in HOSTS.items()}}
    )  # fmt: skip
    assert open_plan.plan is not None, [finding.text() for finding in open_plan.findings]
    assert hidden_plan.plan is not None, [finding.text() for finding in hidden_plan.findings]
    assert everything(PlanDocuments(hidden_plan.plan)) == everything(PlanDocuments(open_plan.plan))


def test_a_cure_keeps_its_own_words_where_everything_is_encrypted() -> None:
    data = network()
    data["hosts"]["uk-pc1"]["faxnet_uses"][0] |= {"sevice": "netcfax", "environment": "terminal"}
    everywhere = {name: everything_vaulted(own) for name, own in data["hosts"].items()}
    found = {finding.code: finding for finding in planned({**data, "hosts": everywhere}).findings}
    assert "protocol, server, service" in found["FXN102"].cure
    assert NOT_SHOWN not in found["FXN102"].cure
    assert found["FXN102"].variable == f"faxnet_uses[0].{NOT_SHOWN}"
    assert found["FXN102"].value == NOT_SHOWN
    assert found["FXN206"].value == NOT_SHOWN
    assert "terminal_server" in found["FXN206"].cure


def test_a_key_from_a_vault_is_not_shown_in_the_place_of_a_template_that_fails() -> None:
    def fails(_raw: Any, _variables: Any) -> Any:
        raise EvaluationError("'x' is undefined")

    variables = {"faxnet_uses": {"hunter2": "{{ x }}"}}
    collected: Collected = collect(["pc"], lambda _host: variables, fails, lambda value: value == "hunter2")
    (finding,) = collected.findings
    assert finding.variable == f"faxnet_uses.{NOT_SHOWN}"


def test_numbers_of_a_vault_are_marked_and_count_as_numbers() -> None:
    plain = RawValues(lambda _value: True).plain({"a": [71234, 1.5, True, "x"]})
    assert repr(plain["a"]) == f"[{NOT_SHOWN}, {NOT_SHOWN}, True, {NOT_SHOWN}]"
    assert (plain["a"][0], json.dumps(plain["a"][0])) == (71234, "71234")
