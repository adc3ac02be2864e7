# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's stance changes in the plan, and in what a trace and verification say of it."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.tracing.trace import Outcome
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.expectations import expectations
from tests.unit.networks import Made, Network, two_offices


def lenient(*names: str, stance: str = "observe") -> Network:
    """The two offices, some of whose hosts refuse nothing."""
    net = two_offices()
    for name in names:
        net.hosts[name]["faxnet_stance"] = stance
    return net


def silences(made: Made) -> set[str]:
    """The hosts of which some refusal is claimed."""
    found = expectations(made.document, made.slices)
    return {probe.target for probes in found.probes.values() for probe in probes if probe.expect == "silent"}


def test_a_host_refuses_unless_it_is_told_not_to() -> None:
    made = two_offices().made()
    assert {host["stance"] for host in made.document["hosts"].values()} == {"exclusive"}
    assert {part["policy"]["stance"] for part in made.slices.values()} == {"exclusive"}
    assert not [item for item in made.document["findings"] if item["code"] == "FXN135"]


def test_hosts_that_refuse_nothing_are_named_with_what_comes_next() -> None:
    net = lenient("uk-pc1", "uk-pc2")
    net.hosts["fl-fax"]["faxnet_stance"] = "additive"
    found = [item for item in net.made().document["findings"] if item["code"] == "FXN135"]
    assert [(item["value"], item["hosts"], item["severity"]) for item in found] == [
        ("additive", ["fl-fax"], "advice"),
        ("observe", ["uk-pc1", "uk-pc2"], "advice"),
    ]
    assert "faxnet.deploy.observed" in found[1]["cure"]


def test_nothing_is_said_of_a_host_that_refuses_by_itself() -> None:
    net = lenient("uk-pc1", "uk-pc2", stance="additive")
    net.hosts["uk-pc1"]["faxnet_platform"] = "windows"
    (found,) = [item for item in net.made().document["findings"] if item["code"] == "FXN135"]
    assert found["hosts"] == ["uk-pc2"]


def test_nothing_is_said_of_the_stance_of_somebody_elses_machine() -> None:
    net = lenient("uk-pc1")
    net.hosts["uk-pc1"]["faxnet_platform"] = "unmanaged"
    assert "FXN135" not in {item["code"] for item in net.made().document["findings"]}


@pytest.mark.parametrize("platform", ["nftables_stateless", "windows", "worksheet"])
def test_a_platform_that_cannot_observe_is_refused_with_the_cure(platform: str) -> None:
    net = lenient("uk-pc1")
    net.hosts["uk-pc1"]["faxnet_platform"] = platform
    (found,) = [item for item in net.findings() if item.code == "FXN502" and item.host == "uk-pc1"]
    assert "set faxnet_stance to exclusive or additive" in found.message


def test_a_word_that_is_no_stance_is_a_finding() -> None:
    (found,) = lenient("uk-pc1", stance="observing").findings()
    assert (found.host, found.variable, found.value) == ("uk-pc1", "faxnet_stance", "observing")
    assert "observe" in found.cure


@pytest.mark.parametrize(
    ("stance", "word", "says"),
    [
        ("observe", "observe", "it would be refused, but is observed (faxnet_stance: observe)"),
        ("additive", "let_pass", "nothing is refused here (faxnet_stance: additive)"),
    ],
)
def test_a_trace_follows_what_is_let_pass_and_says_that_nothing_names_it(stance: str, word: str, says: str) -> None:
    verdict = lenient("fl-fax", stance=stance).made().trace("fl-pc1", "fl-fax", 8080)
    assert (verdict.outcome, verdict.reached) == (Outcome.ARRIVES, "fl-fax")
    assert (verdict.hops[-1].decision, verdict.passes) == (word, True)
    assert says in verdict.hops[-1].rule
    assert says in verdict.reason


def test_a_trace_goes_on_behind_a_router_that_refuses_nothing() -> None:
    net = lenient("uk-router")
    net.hosts["uk-router"]["faxnet_outbound"] = "flows"
    verdict = net.made().trace("uk-pc1", "198.51.100.200", 25)
    assert verdict.outcome is Outcome.LEAVES
    assert next((hop.device, hop.decision) for hop in verdict.hops) == ("uk-router", "observe")


@pytest.mark.parametrize("stance", ["additive", "observe"])
def test_no_refusal_is_claimed_of_who_refuses_nothing(stance: str) -> None:
    every = two_offices()
    assert {"fl-fax", "uk-pc1"} <= silences(every.made())
    assert silences(lenient(*every.hosts, stance=stance).made()) == set()
    alone = silences(lenient("fl-fax", "fl-router", stance=stance).made())
    assert "fl-fax" not in alone
    assert "uk-pc1" in alone, "its own router refuses"


def test_a_router_that_refuses_nothing_holds_nobody_back_whatever_it_may_let_out() -> None:
    net = two_offices().host("uk-guest", "sheffield", "10.2.0.99")
    net.hosts["uk-router"]["faxnet_outbound"] = "flows"
    for stance, shared in (("exclusive", False), ("observe", True), ("additive", True)):
        net.hosts["uk-router"]["faxnet_stance"] = stance
        made = net.made()
        found = expectations(made.document, made.slices)
        assert bool([item for item in found.shared_addresses if "uk-guest" in item.hosts]) is shared, stance
