# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of the rules took away ends, and nothing else does: sessions with a host and through a router."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import conntrack, ended, running, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session
from tests.kernel import networks
from tests.kernel.ways import (
    ADMINS,
    FORWARDING,
    INSIDE,
    KEPT,
    OTHER,
    OUTSIDE,
    PORT,
    ROUTER,
    SESSIONS,
    WAYS,
    Ends,
    Net,
    Way,
    forwarded,
    hears,
    host_rules,
    lives,
    routed,
    tcp,
    three,
    udp,
)
from tests.unit.platforms.policies import nft_rules, permit, policy, stateless_rules


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """A network that nobody filters, in which the router forwards already."""
    monkeypatch.setattr(running, "WATCH", 0.0)
    monkeypatch.setattr(running, "SPARED", 0)
    with three(tmp_path) as made:
        yield made


def is_dead(ends: Ends) -> bool:
    """Whether neither end hears the other, whoever speaks first and however often."""
    near, far = ends
    return not any(hears(*way) for way in ((far, near), (near, far), (far, near), (near, far)))


def remembered(port: int) -> int:
    """How many sessions with this port the kernel remembers where this process stands."""
    return sum(connection.original.destination_port == port for connection in conntrack.connections())


@contextlib.contextmanager
def sessions(net: Net, way: Way, kind: str) -> Iterator[tuple[Ends, Ends]]:
    """Two of a kind on a way: one on the port, one on the port that is kept."""
    client, server = getattr(net, way.client), getattr(net, way.server)
    more = {"source": way.source, "asked": way.asked}
    with (
        SESSIONS[kind](client, server, way.address, PORT, **more) as taken,
        SESSIONS[kind](client, server, way.address, KEPT, **more) as kept,
    ):
        yield taken, kept


@pytest.mark.fault("taken away")
@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize("name", WAYS)
def test_a_flow_that_is_gone_ends_its_sessions_and_the_others_live(net: Net, name: str, kind: str) -> None:
    way = WAYS[name]
    net.put(way.rules(PORT, KEPT))
    with sessions(net, way, kind) as (taken, kept):
        assert (lives(taken), lives(kept)) == (True, True)
        assert net.put(way.rules(KEPT)) == 1
        assert (remembered(PORT), remembered(KEPT)) == (0, 1)
        assert is_dead(taken)
        assert lives(kept)
        assert remembered(PORT) == 0


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize("name", ["a host", "a router that lets everything out", "a port forward"])
def test_without_forgetting_it_would_go_on(net: Net, name: str, kind: str) -> None:
    way = WAYS[name]
    net.put(way.rules(PORT, KEPT))
    with sessions(net, way, kind) as (taken, _kept):
        net.host.settle(way.rules(KEPT), FORWARDING if way.server == "inside" else ())
        assert lives(taken)


def test_a_narrowed_source_ends_the_sessions_of_those_who_are_left_out(net: Net) -> None:
    rules = host_rules("198.51.100.0/24", ROUTER)
    net.put(rules(PORT))
    client, server = net.outside, net.router
    with (
        tcp(client, server, ROUTER, PORT, source=OUTSIDE) as taken,
        udp(client, server, ROUTER, PORT, source=OTHER) as kept,
    ):
        assert net.put(host_rules(OTHER, ROUTER)(PORT)) == 1
        assert is_dead(taken)
        assert lives(kept)


def test_an_opening_that_is_gone_ends_its_sessions(net: Net) -> None:
    opened = {"name": "web", "transport": "tcp", "ports": str(PORT), "sources": ["198.51.100.0/24"]}
    net.put(nft_rules(policy(management=ADMINS, openings=[opened])))
    with tcp(net.outside, net.router, ROUTER, PORT) as taken:
        assert net.put(nft_rules(policy(management=ADMINS))) == 1
        assert is_dead(taken)


def test_what_a_network_may_no_longer_start_outward_ends(net: Net) -> None:
    net.put(routed(INSIDE, OUTSIDE, "any")(KEPT))
    with (
        tcp(net.inside, net.outside, OUTSIDE, PORT) as taken,
        udp(net.inside, net.outside, OUTSIDE, KEPT, source=INSIDE) as kept,
    ):
        assert net.put(routed(INSIDE, OUTSIDE)(KEPT)) == 1
        assert is_dead(taken)
        assert lives(kept)


def test_a_forward_that_leads_elsewhere_now_ends_what_it_led_to(net: Net) -> None:
    networks.run("ip", "-n", net.inside, "address", "add", "10.2.0.11/24", "dev", networks_device(net.inside))
    before = forwarded(PORT)
    net.put(before)
    with tcp(net.outside, net.inside, INSIDE, PORT, asked=ROUTER) as taken:
        assert net.put(before.replace(f": {INSIDE},", ": 10.2.0.11,").replace(f". {INSIDE} .", ". 10.2.0.11 .")) == 1
        assert is_dead(taken)


def networks_device(where: str) -> str:
    """The first device of a namespace that is no loopback."""
    return networks.run("ip", "-n", where, "-br", "link").split("\n")[-2].split("@")[0]


@pytest.mark.fault("taken away")
def test_management_lives_on_also_where_it_is_narrowed_and_silent(net: Net) -> None:
    """Whoever is in may be the one who set it wrong."""
    net.put(nft_rules(policy(management=[{"transport": "tcp", "ports": str(PORT), "sources": ["198.51.100.0/24"]}])))
    with tcp(net.outside, net.router, ROUTER, PORT) as silent:
        assert net.put(nft_rules(policy(management=ADMINS))) == 0
        assert lives(silent)


def test_the_runs_own_session_lives_on_whatever_let_it_in(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT, source=OUTSIDE) as own:
        session = Session(OUTSIDE, own[0].getsockname()[1], ROUTER, PORT)
        assert net.put(rules(KEPT), session) == 0
        assert lives(own)


def test_what_a_host_starts_itself_and_what_stays_on_it_live_on(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT))
    with (
        tcp(net.router, net.outside, OUTSIDE, PORT) as started,
        tcp(net.router, net.router, "127.0.0.1", PORT) as loop,
        udp(net.router, net.router, ROUTER, PORT, source=ROUTER) as own,
    ):
        assert net.put(rules(KEPT)) == 0
        assert [lives(ends) for ends in (started, loop, own)] == [True] * 3


def test_what_the_first_rules_found_running_lives_on(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SPARED", 7500)
    with tcp(net.outside, net.router, ROUTER, PORT) as found:
        assert net.put(host_rules(OUTSIDE, ROUTER)(KEPT)) == 0
        assert lives(found)


def test_a_session_ends_also_while_those_from_before_the_first_rules_are_spared(
    net: Net, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SPARED", 7500)
    rules = host_rules(OUTSIDE, ROUTER)
    with tcp(net.outside, net.router, ROUTER, 7002, source=OUTSIDE) as found:
        net.put(rules(PORT))
        with tcp(net.outside, net.router, ROUTER, PORT, source=OUTSIDE) as taken:
            assert net.put(rules(KEPT)) == 1
            assert is_dead(taken)
        assert lives(found)


def test_entries_that_are_kept_for_days_without_an_answer_go_too(net: Net) -> None:
    def rules(*ports: int) -> str:
        kept = [permit(OUTSIDE, ROUTER, str(port), transport="udp", idle=432000) for port in ports]
        return nft_rules(policy(management=ADMINS, input=kept))

    net.put(rules(PORT, KEPT))
    with networks.datagrams(net.outside, OUTSIDE) as sender:
        for port in (PORT, KEPT):
            sender.sendto(b"console", (ROUTER, port))
        assert (remembered(PORT), remembered(KEPT)) == (1, 1)
        assert net.put(rules(KEPT)) == 1
    assert (remembered(PORT), remembered(KEPT)) == (0, 1)


def test_what_belongs_to_a_session_that_ends_ends_with_it(net: Net) -> None:
    """A data connection that the helper let in."""

    def rules(*ports: int) -> str:
        helped = [permit(OUTSIDE, ROUTER, str(port), helper="ftp") for port in ports]
        return nft_rules(policy(management=ADMINS, input=helped))

    net.put(rules(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT, source=OUTSIDE) as (near, far):
        for line in (b"220 ready\r\n", b"229 Entering Extended Passive Mode (|||7100|)\r\n"):
            far.send(line)
            assert near.recv(100) == line
        with tcp(net.outside, net.router, ROUTER, 7100, source=OUTSIDE) as data:
            assert lives(data)
            assert net.put(rules(KEPT)) == 2
            assert is_dead(data)


def test_what_another_table_translates_is_left_to_it(net: Net) -> None:
    networks.load(
        net.router,
        "table ip other { chain c { type nat hook prerouting priority -110; "
        f"tcp dport 80 dnat to {INSIDE}:{PORT}; }}; }}",
    )
    net.put(routed(OUTSIDE, INSIDE)(PORT))
    with (
        networks.listen(net.inside, INSIDE, PORT) as listener,
        networks.inside(net.outside),
        socket.create_connection((ROUTER, 80), timeout=2) as near,
    ):
        far, _peer = listener.accept()
        near.settimeout(0.4)
        far.settimeout(0.4)
        with far:
            assert net.put(routed(OUTSIDE, INSIDE)(KEPT)) == 0
            assert lives((near, far))


@pytest.mark.parametrize("name", ["a host", "a router that lets everything out", "a port forward"])
def test_a_flow_that_comes_back_is_open_again_from_the_same_port(net: Net, name: str) -> None:
    way = WAYS[name]
    net.put(way.rules(PORT))
    with sessions_of_one(net, way) as (near, _far):
        assert net.put(way.rules(KEPT)) == 1
        number = near.getsockname()[1]
    assert net.put(way.rules(PORT)) == 0
    assert ended.kept_out(net.host.machine) is None
    with sessions_of_one(net, way, number) as again:
        assert lives(again)


@contextlib.contextmanager
def sessions_of_one(net: Net, way: Way, number: int = 0) -> Iterator[Ends]:
    """An exchange of datagrams from one port of outside."""
    with (
        networks.datagrams(getattr(net, way.server), way.address, PORT) as far,
        networks.datagrams(net.outside, OUTSIDE, number) as near,
    ):
        near.connect((way.asked or way.address, PORT))
        near.send(b"hello")
        _data, peer = far.recvfrom(100)
        far.connect(peer)
        yield near, far


def test_ended_sessions_stay_out_through_the_next_changes_and_go_with_the_rules(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT, KEPT))
    with tcp(net.outside, net.router, ROUTER, PORT) as taken:
        assert net.put(rules(KEPT)) == 1
        assert net.put(rules(KEPT, 7002)) == 0
        assert is_dead(taken)
    assert net.put(None) == 0
    assert "faxnet" not in networks.run("nft", "list", "ruleset")


def test_a_second_time_there_is_nothing_to_forget(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT):
        _differences, mark = net.host.bring(rules(KEPT))
        assert transaction.forget(net.host.machine, mark, None) == 0  # not confirmed yet
        assert remembered(PORT) == 1
        transaction.confirm(net.host.machine, mark)
        assert transaction.forget(net.host.machine, mark, None) == 1
        before = networks.run("nft", "-s", "list", "ruleset")
        assert transaction.forget(net.host.machine, mark, None) == 0
        assert networks.run("nft", "-s", "list", "ruleset") == before
    assert transaction.forget(net.host.machine, "0123456789ab", None) == 0


def test_what_a_run_that_died_left_the_next_ends(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    machine = net.host.machine
    net.put(rules(PORT, KEPT))
    with (
        tcp(net.outside, net.router, ROUTER, PORT) as taken,
        tcp(net.outside, net.router, ROUTER, KEPT) as kept,
    ):
        net.host.settle(rules(KEPT))
        assert transaction.unforgotten(machine, None) == 1
        assert lives(taken)  # telling changes nothing
        with transaction.lock(machine, 5) as number:
            assert number == 1
        assert is_dead(taken)
        assert lives(kept)
        assert transaction.unforgotten(machine, None) == 0
        with transaction.lock(machine, 5) as number:
            assert number == 0


def test_a_change_that_was_undone_takes_nothing_away(net: Net) -> None:
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT) as kept:
        _differences, mark = net.host.bring(rules(KEPT))
        transaction.confirm(net.host.machine, mark)
        transaction.undo(net.host.machine, mark)
        assert transaction.forget(net.host.machine, mark, None) == 0
        assert lives(kept)


def test_rules_that_track_nothing_leave_nothing_to_forget(net: Net) -> None:
    net.put(host_rules(OUTSIDE, ROUTER)(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT):
        assert net.put(stateless_rules(policy(management=ADMINS))) == 0


def test_a_rule_that_is_not_known_decides_nothing(net: Net) -> None:
    """Somebody put it into our table by hand."""
    rules = host_rules(OUTSIDE, ROUTER)
    net.put(rules(PORT))
    with tcp(net.outside, net.router, ROUTER, PORT) as kept:
        _differences, mark = net.host.bring(rules(KEPT))
        transaction.confirm(net.host.machine, mark)
        networks.run("nft", "insert", "rule", "inet", "faxnet", "faxnet_input", "meta", "priority", "0", "accept")
        assert transaction.forget(net.host.machine, mark, None) == 0
        assert lives(kept)


def test_a_kernel_that_does_not_show_its_connections_is_named(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[conntrack.Connection]:
        raise conntrack.NoTableError("the kernel's table of connections: Operation not permitted")

    net.put(host_rules(OUTSIDE, ROUTER)(PORT))
    monkeypatch.setattr(conntrack, "connections", none)
    with pytest.raises(FirewallError, match="may go on until they end by themselves: the kernel's table"):
        net.put(host_rules(OUTSIDE, ROUTER)(KEPT))
    assert transaction.unforgotten(net.host.machine, None) == 0
    with transaction.lock(net.host.machine, 5) as number:
        assert number == 0
