# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as text: readable JSON, digests that change with what they cover and with nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.slice_json import read_slice_document
from tests.unit.networks import FLORIDA, Network, everything, two_offices


def written(net: Network) -> PlanDocuments:
    return PlanDocuments(net.plan())


def changed_slices(before: PlanDocuments, after: PlanDocuments) -> set[str]:
    old = {part.host: part.digest for part in before.slices}
    new = {part.host: part.digest for part in after.slices}
    return {host for host in {*old, *new} if old.get(host) != new.get(host)}


def test_every_text_is_what_a_json_writer_would_write() -> None:
    text = written(two_offices())
    documents = list(everything(text))
    assert len(documents) > 1
    for one in documents:
        assert json.dumps(json.loads(one), separators=(",", ":"), ensure_ascii=False) + "\n" == one.decode()


def test_a_profiles_words_are_escaped_in_every_text() -> None:
    net = two_offices()
    net.services = {
        "odd": {
            "title": 'Quote " backslash \\ é',
            "exchanges": [
                {
                    "name": "x",
                    "title": '"\\',
                    "initiator": "client",
                    "transport": "tcp",
                    "ports": 5000,
                    "purpose": 'a "b"',
                }
            ],
            "instructions": ['Press "OK" \\ then {{wait}} at {dial}'],
            "sources": [{"document": "d"}],
        }
    }
    net.hosts["fl-fax"]["faxnet_offers"].append({"service": "odd"})
    net.hosts["uk-pc1"]["faxnet_uses"].append({"service": "odd", "server": "fl-fax"})
    made = net.made()
    told = next(use for use in made.slices["uk-pc1"]["uses"] if use["service"] == "odd")
    assert told["instructions"] == ['Press "OK" \\ then {wait} at 198.51.100.10']
    assert made.document["services"]["odd"][0]["title"] == '"\\'


def test_the_same_inventory_gives_the_same_bytes_in_any_order() -> None:
    net = two_offices()
    shuffled = replace(net, hosts=dict(reversed(net.hosts.items())), sites=dict(reversed(net.sites.items())))
    assert everything(written(shuffled)) == everything(written(net))


def test_a_slice_carries_the_digest_of_its_content_and_the_plan_one_over_all_of_them() -> None:
    text = written(two_offices())
    for part in text.slices:
        data = json.loads(part.content)
        assert data.pop("digest") == part.digest
        body = json.dumps(data, separators=(",", ":"), ensure_ascii=False)[:-1]
        assert hashlib.sha256(body.encode()).hexdigest() == part.digest
    plan = json.loads(b"".join(text.plan))
    assert plan["slices"] == hashlib.sha256("\n".join(part.digest for part in text.slices).encode()).hexdigest()
    assert plan["digest"] == text.digest


def test_a_change_at_one_client_changes_the_slices_on_its_way_only() -> None:
    net = two_offices()
    before = written(net)
    net.hosts["uk-pc1"]["faxnet_uses"][0]["enabled"] = False
    assert changed_slices(before, written(net)) == {"uk-pc1", "uk-router", "fl-router", "fl-fax"}
    assert before.digest != written(net).digest


def test_a_change_that_no_packet_meets_still_changes_the_plan() -> None:
    net = two_offices()
    before = written(net)
    net.hosts["stranger"]["faxnet_management"] = [{"ports": [22, 443]}]
    assert changed_slices(before, written(net)) == {"stranger"}
    assert before.digest != written(net).digest


def test_a_newcomer_changes_nobody_elses_part_but_the_servers_and_the_routers() -> None:
    net = two_offices()
    before = net.plan()
    after = net.client("uk-pc9", "sheffield", "10.2.0.99").with_lock(before)
    assert changed_slices(PlanDocuments(before), written(after)) == {"uk-pc9", "uk-router", "fl-router", "fl-fax"}


def test_instructions_stand_in_a_slice_once_whatever_the_number_of_uses() -> None:
    net = two_offices()
    for number in range(40):
        net.server(f"fax{number}", "florida", f"10.1.0.{number + 100}", primary_port=17000 + number)
        net.hosts["fl-pc1"]["faxnet_uses"].append({"service": "netcfax", "server": f"fax{number}"})
    (part,) = (part for part in written(net).slices if part.host == "fl-pc1")
    data = json.loads(part.content)
    assert len(data["uses"]) == 41
    assert len(data["instructions"]) == 1
    read = read_slice_document(part.content, "", "")
    assert len({tuple(use["instructions"]) for use in read["uses"]}) == 41
    assert "instructions" not in read


def test_roles_say_what_a_host_is_for() -> None:
    roles = {host: part["roles"] for host, part in two_offices().made().slices.items()}
    assert roles["uk-router"] == ["router"]
    assert roles["fl-fax"] == ["server"]
    assert roles["uk-ts1"] == ["client"]
    assert roles["stranger"] == ["endpoint"]


def test_a_slice_knows_where_its_server_is_dialled_and_the_server_its_clients() -> None:
    made = two_offices().made()
    assert made.slices["uk-pc1"]["uses"][0]["dial"] == "198.51.100.10"
    assert made.slices["fl-pc1"]["uses"][0]["dial"] == "10.1.0.10"
    (offer,) = made.slices["fl-fax"]["offers"]
    assert (offer["address"], offer["public"]) == ("10.1.0.10", "198.51.100.10")
    assert sorted(offer["clients"]) == ["fl-pc1", "uk-pc1", "uk-pc2", "uk-ts1"]


def test_a_slice_holds_its_own_flows_and_findings_only() -> None:
    net = two_offices().client("old", "sheffield", "10.2.0.70", callback={"low": 50000, "high": 50099})
    made = net.made()
    assert {flow["id"] for flow in made.slices["uk-pc1"]["flows"]} == {
        "netcfax.pcp/uk-pc1>fl-fax",
        "netcfax.scp/fl-fax>uk-pc1",
    }
    assert [finding["code"] for finding in made.slices["old"]["findings"]] == ["FXN311"]
    assert made.slices["uk-pc1"]["findings"] == []
    assert [finding["code"] for finding in made.document["findings"]] == ["FXN311"]


def test_a_client_that_starts_nothing_knows_its_server_by_the_address_that_packets_come_from() -> None:
    net = two_offices()
    net.services = {
        "caller": {
            "exchanges": [
                {"name": "call", "initiator": "server", "transport": "tcp", "ports": 7000, "purpose": "brings a fax"}
            ],
            "sources": [{"document": "made up for this test"}],
        }
    }
    net.hosts["fl-fax"]["faxnet_offers"].append({"service": "caller"})
    for client in ("uk-ts1", "fl-pc1"):
        net.hosts[client]["faxnet_uses"].append({"service": "caller", "server": "fl-fax"})
    made = net.made()
    dials = {use["host"]: use["dial"] for use in made.document["uses"] if use["service"] == "caller"}
    assert dials == {"uk-ts1": FLORIDA, "fl-pc1": "10.1.0.10"}
