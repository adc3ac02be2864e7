# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that would let no new session like the run's own in are refused before anything changes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session
from tests.kernel.hosts import OLD, Host
from tests.unit.platforms.policies import nft_rules, permit, policy, router, stateless_rules

HERE, HERE6 = "10.77.0.10", "2001:db8:77::10"
SHUT = [{"transport": "tcp", "ports": "22", "sources": ["192.0.2.0/24", "2001:db8:2::/64"]}]


def session(source: str, port: int = 22) -> Session:
    """One that comes to this host."""
    return Session(source, 50000, HERE6 if ":" in source else HERE, port)


def opening(ports: str, *sources: str, transport: str = "tcp") -> dict[str, Any]:
    """An opening of faxnet_management or faxnet_permits."""
    return {"name": "x", "transport": transport, "ports": ports, "sources": list(sources)}


def compared(host: Host, text: str | None, own: Session | None) -> ensure.Found:
    """What the host finds to do."""
    return ensure.compare(host.machine, ensure.Wanted(text, (), (), tolerate_drops=False), own)


LET_IN: dict[str, tuple[dict[str, Any], Session]] = {
    "anywhere": ({}, session("203.0.113.5")),
    "its network": ({"management": SHUT}, session("192.0.2.7")),
    "IPv6": ({"management": SHUT}, session("2001:db8:2::7")),
    "every IPv4 address": ({"management": [opening("22", "0.0.0.0/0")]}, session("203.0.113.5")),
    "one of several": ({"management": [*SHUT, opening("2222", "10.9.0.0/16")]}, session("10.9.0.1", 2222)),
    "one of several ports": ({"management": [opening("22,2000-2300", "10.9.0.0/16")]}, session("10.9.0.1", 2222)),
    "link-local": ({"management": [opening("22", "fe80::/10")]}, session("fe80::1")),
    "a permit of the host's": ({"management": SHUT, "openings": [opening("22", "10.9.0.1")]}, session("10.9.0.1")),
    "a flow": ({"management": SHUT, "input": [permit("10.9.0.1", HERE, "22")]}, session("10.9.0.1")),
    "a flow of a network": ({"management": SHUT, "input": [permit("10.9.0.0/16", HERE, "1-100")]}, session("10.9.0.1")),
    "the host itself": ({"management": SHUT}, session("127.0.0.1")),
    "its own address": ({"management": SHUT}, session(HERE)),
}

SHUT_OUT: dict[str, tuple[dict[str, Any], Session]] = {
    "another source": ({"management": SHUT}, session("203.0.113.5")),
    "another source of IPv6": ({"management": SHUT}, session("2001:db8:3::7")),
    "another port": ({"management": SHUT}, session("192.0.2.7", 2222)),
    "another port for everybody": ({"management": [opening("2222", "0.0.0.0/0", "::/0")]}, session("192.0.2.7")),
    "the other version": ({"management": [opening("22", "0.0.0.0/0")]}, session("2001:db8:2::7")),
    "by UDP": ({"management": [*SHUT, opening("22", "10.9.0.0/16", transport="udp")]}, session("10.9.0.1")),
    "a flow to another address": (
        {"management": SHUT, "input": [permit("10.9.0.1", "10.77.0.11", "22")]},
        session("10.9.0.1"),
    ),
    "a flow that is switched off": (
        {"management": SHUT, "input": [permit("10.9.0.1", HERE, "22", enabled=False)]},
        session("10.9.0.1"),
    ),
}


@pytest.mark.parametrize("rules", [nft_rules, stateless_rules])
@pytest.mark.parametrize("who", LET_IN)
def test_rules_are_taken_that_let_a_session_like_the_runs_own_in(host: Host, who: str, rules: Any) -> None:
    parts, own = LET_IN[who]
    assert compared(host, rules(policy(**parts)), own).risky


@pytest.mark.fault("shut out")
@pytest.mark.parametrize("rules", [nft_rules, stateless_rules])
@pytest.mark.parametrize("who", SHUT_OUT)
def test_rules_are_refused_that_let_none_in_and_the_message_has_the_cure(host: Host, who: str, rules: Any) -> None:
    host.settle(OLD)
    before = host.picture()
    parts, own = SHUT_OUT[who]
    with pytest.raises(FirewallError) as caught:
        compared(host, rules(policy(**parts)), own)
    said = str(caught.value)
    assert said.startswith(
        f"nothing was changed: this run's own SSH session comes from {own.source} to port {own.port},"
    )
    assert f"Add {own.source} or its network to the sources of faxnet_management" in said
    assert host.picture() == before


def test_the_message_names_what_is_let_in(host: Host) -> None:
    several = [*SHUT, opening("22,2222", "10.9.0.0/16", "10.10.0.1"), opening("23", "0.0.0.0/0")]
    with pytest.raises(FirewallError) as caught:
        compared(host, nft_rules(policy(management=several)), session("203.0.113.5"))
    assert (
        "Management gets in at port 22 from 192.0.2.0/24; at port 22 from 2001:db8:2::/64; "
        "at port { 22, 2222 } from { 10.9.0.0/16, 10.10.0.1 }; at port 23 from every IPv4 address." in str(caught.value)
    )


def test_a_router_that_looks_at_the_way_back_lets_its_own_management_in(host: Host) -> None:
    wanted = router(management=SHUT, openings=[opening("22", "10.9.0.1")])
    assert compared(host, nft_rules(wanted), session("10.9.0.1")).risky
    with pytest.raises(FirewallError, match=r"comes from 10\.9\.0\.2"):
        compared(host, nft_rules(wanted), session("10.9.0.2"))


def test_a_run_that_came_another_way_and_rules_that_go_are_compared_with_nothing(host: Host) -> None:
    shut = nft_rules(policy(management=SHUT))
    assert compared(host, shut, None).risky
    host.settle(shut)
    assert compared(host, None, session("203.0.113.5")).risky


def test_rules_that_are_in_force_already_are_not_refused(host: Host) -> None:
    shut = nft_rules(policy(management=SHUT))
    host.settle(shut)
    assert compared(host, shut, session("203.0.113.5")).differences == ()
