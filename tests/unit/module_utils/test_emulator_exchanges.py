# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each exchange of a service becomes on the hosts that offer it and on those that use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.config import read_config
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.wire import dialled
from tests.unit.loopback import address
from tests.unit.module_utils.emulator_world import (
    Datagrams,
    async_test,
    running,
)

FIRST, LAST = 17600, 17603
SETTINGS = {"media": f"{FIRST}-{LAST}", "port": 17610, "addresses": ["192.0.2.53"], "unset": None}


def exchange(name: str, **more: Any) -> dict[str, Any]:
    return {"service": "gateway", "name": name, "initiator": "client", "transport": "udp", "kind": "media", **more}


def offers(*exchanges: dict[str, Any], place: str = "127.0.0.1", **changes: Any) -> dict[str, Any]:
    offer = {"service": "gateway", "settings": SETTINGS, "enabled": True} | changes
    return {"format": 1, "host": "gw", "addresses": [place], "exchanges": list(exchanges), "offers": [offer]}


def uses(*exchanges: dict[str, Any], **changes: Any) -> dict[str, Any]:
    use = {"service": "gateway", "server": "gw", "dial": "127.0.0.2", "settings": SETTINGS, "callback": None}
    return {
        "format": 1,
        "host": "pc",
        "addresses": ["127.0.0.1"],
        "exchanges": list(exchanges),
        "uses": [use | changes],
    }


def listening(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """The ports of each responder that a configuration makes, by its exchange."""
    return {vars(one)["exchange"]: vars(one)["ports"] for one in read_config(config).endpoints.values()}


@pytest.mark.parametrize("place", ["v4", "v6"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@async_test
async def test_every_port_of_a_media_range_answers_probes(
    tmp_path: Path, transport: str, place: str, ipv6_loopback: str
) -> None:
    own = address() if place == "v4" else ipv6_loopback
    config = offers(exchange("media", ports="media", transport=transport), place=own)
    config["control_socket"] = str(tmp_path / "gw.sock")
    async with running(tmp_path, config) as (host,):
        with Datagrams(own) as prober:
            for port in range(FIRST, LAST + 1):
                if transport == "udp":
                    prober.send((own, port), {"probe": "t"})
                    answer, there = await prober.hear()
                    assert there == (own, port)
                else:
                    line = await dialled(own, port, 5)
                    line.say(probe="t")
                    answer = await line.hear(5)
                    line.close()
                assert (answer["answer"], answer["by"]) == ("t", "gw/gateway/media")
        assert host.state()["responders"][0]["answered"] == 4


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ("media", (17600, 17601, 17602, 17603)),
        ("port", (17610,)),
        (17620, (17620,)),
        ("17620-17621", (17620, 17621)),
        ("any", None),
        ("1-65535", None),
        (None, None),
    ],
)
def test_ports_are_a_number_a_range_or_a_setting_and_where_they_are_unknown_nothing_listens(
    ports: Any, found: Any
) -> None:
    assert listening(offers(exchange("media", ports=ports))).get("media") == found
    assert listening(uses(exchange("media", ports=ports, initiator="server"))).get("media") == found


def test_a_very_large_range_is_opened_at_both_its_ends() -> None:
    ports = listening(offers(exchange("media", ports="20000-60000")))["media"]
    assert (len(ports), ports[0], ports[-1]) == (1024, 20000, 60000)


@pytest.mark.parametrize("ports", ["addresses", "unset", "nowhere", True, 1.5])
def test_what_is_no_port_is_an_error_unless_the_exchange_is_off(ports: Any) -> None:
    with pytest.raises(EmulatorError, match=r"is no port, no range of ports|is neither a port nor a range of ports"):
        listening(offers(exchange("media", ports=ports)))
    assert listening(offers(exchange("media", ports=ports), exchanges=[])) == {}


@pytest.mark.parametrize("kind", ["login", "request"])
def test_a_conversation_needs_a_port(kind: str) -> None:
    with pytest.raises(EmulatorError, match=rf"an exchange of kind {kind} needs one"):
        read_config(offers(exchange("main", ports="any", kind=kind)))


@pytest.mark.parametrize(
    ("initiator", "met", "at_server", "at_client"),
    [
        ("client", "clients", True, False),
        ("client", "everyone", True, False),
        ("client", "internet", True, False),  # who comes from the Internet is not emulated, what he reaches is
        ("server", "clients", False, True),
        ("server", "everyone", False, True),
        ("server", "internet", False, False),
        ("client", "named", True, False),
        ("server", "named", False, True),
        ("server", "addresses", False, False),
    ],
)
def test_an_exchange_is_listened_for_where_it_arrives(
    initiator: str, met: str, at_server: bool, at_client: bool
) -> None:
    one = exchange("media", ports="port", initiator=initiator, kind="listener") | {"with": met}
    assert bool(listening(offers(one))) == at_server
    assert bool(listening(uses(one))) == at_client


def test_an_exchange_follows_the_one_that_it_is_part_of() -> None:
    both = (exchange("ftp", ports="port", kind="listener"), exchange("data", ports="media", part_of="ftp"))
    assert list(listening(offers(*both, exchanges=["ftp"]))) == ["ftp", "data"]
    assert listening(offers(*both, exchanges={"ftp": False, "data": True})) == {}


def test_exchanges_that_are_part_of_each_other_do_not_go_round_for_ever() -> None:
    both = (exchange("a", ports="port", part_of="b"), exchange("b", ports=17790, part_of="a"))
    assert list(listening(offers(*both))) == ["a", "b"]


def test_a_host_that_uses_two_servers_of_a_service_listens_once_for_both() -> None:
    config = uses(exchange("media", ports="media", initiator="server"))
    config["uses"].append({**config["uses"][0], "server": "other"})
    assert list(read_config(config).endpoints) == ["pc/gateway/media"]
    config["uses"][1]["settings"] = SETTINGS | {"media": "17700-17701"}
    with pytest.raises(EmulatorError, match=r"uses\[1\]: pc/gateway/media is there twice; join the two entries"):
        read_config(config)


def test_call_backs_of_a_service_without_an_emulated_login_are_listened_for() -> None:
    call_back = exchange("back", ports="callback", kind="callback", transport="tcp", initiator="server")
    ranges = {"mode": "dynamic", "low": 17700, "high": 17702}
    assert listening(uses(call_back, callback=ranges)) == {"back": (17700, 17701, 17702)}
    assert listening(uses(call_back, callback={"mode": "fixed", "fixed": 17705})) == {"back": (17705,)}
    assert listening(uses(call_back)) == {}


def test_a_service_with_two_conversations_has_clients_for_both() -> None:
    two = (
        exchange("admin", ports="port", kind="login", transport="tcp"),
        exchange("ask", ports="port", kind="request"),
    )
    names = list(read_config(uses(*two, instances=2)).endpoints)
    assert names == ["pc/gateway@gw/1", "pc/gateway@gw/2", "pc/gateway@gw/ask/1", "pc/gateway@gw/ask/2"]
    assert list(read_config(offers(*two)).endpoints) == ["gw/gateway/admin", "gw/gateway/ask"]


def test_a_log_channel_without_its_login_is_only_listened_for() -> None:
    both = (
        exchange("admin", ports="port", kind="login", transport="tcp"),
        exchange("log", ports="port", kind="log_channel"),
    )
    assert listening(offers(*both, exchanges=["log"])) == {"log": (17610,)}
    (server,) = read_config(offers(*both)).endpoints.values()
    assert (vars(server)["tls"], vars(server)["log_port"]) == (True, 17610)


@pytest.mark.parametrize(
    ("timing", "complaint"),
    [
        ({"loss": 1.5}, "timing.loss: 1.5 is not a share from 0 to 1"),
        ({"loss": "half"}, "timing.loss: 'half' is not a number"),
        ({"seed": -1}, "timing.seed: -1 is not a whole number from 0"),
        ({"seed": 1.5}, "timing.seed: 1.5 is not a whole number from 0"),
        ({"tries": 0}, "timing.tries: 0 is not a whole number from 1 to 100000"),
        ({"tries": 2.5}, "timing.tries: 2.5 is not a whole number from 1 to 100000"),
        ({"connect": float("inf")}, "timing.connect: inf is not a number above 0"),
        ({"answer": True}, "timing.answer: True is not a number"),
    ],
)
def test_timing_that_makes_no_sense_is_an_error(timing: dict[str, Any], complaint: str) -> None:
    with pytest.raises(EmulatorError) as caught:
        read_config(offers() | {"timing": timing})
    assert str(caught.value).startswith(complaint)


def test_pauses_between_tries_grow_to_a_limit_and_end() -> None:
    timing = read_config(offers() | {"timing": {"retry_first": 0.5, "retry_most": 2.0, "tries": 5}}).timing
    assert list(timing.pauses()) == [0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_service_on_a_gateway_is_reached_at_its_outer_address_as_well() -> None:
    config = offers(exchange("media", ports="port")) | {"policy": {"public": ["198.51.100.50", "127.0.0.1"]}}
    (found,) = read_config(config).endpoints.values()
    assert found.addresses == ("127.0.0.1", "198.51.100.50")
    config["policy"] = {"public": []}
    (found,) = read_config(config).endpoints.values()
    assert found.addresses == ("127.0.0.1",)
