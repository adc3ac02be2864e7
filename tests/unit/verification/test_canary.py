# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test page: delivered is what is there, and of what is not, the right one is to blame."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.canary import FAX, NETWORK, flow_packets, judge
from tests.unit.networks import Network

MARK = "9f86d081884c7d65"
SENT = {"mark": MARK, "job": 12, "step": "", "silent": False}


def modem(**said: Any) -> dict[str, Any]:
    return {"name": "ttyIAX0", "status": "Running and idle", "answering": True, "there": True, "refused": False} | said


def state(**said: Any) -> dict[str, Any]:
    """A server in good health."""
    return {"greets": True, "free": 1 << 30, "modems": [modem()], "job": None, "received": []} | said


def packet(outcome: str, **said: Any) -> dict[str, Any]:
    return {
        "flow": "iax2.iax/fl-fax>exchange",
        "host": "fl-fax",
        "target": "exchange",
        "transport": "udp",
        "port": 4569,
        "question": "iax2",
        "expect": "open",
        "outcome": outcome,
    } | said


def fax(mark: str = MARK, unlike: float = 0.0, pages: int = 1) -> dict[str, Any]:
    return {"file": "recvq/fax1.tif", "pages": pages, "failed": "", "marks": [{"mark": mark, "unlike": unlike}]}


def evidence(**found: Any) -> dict[str, Any]:
    """Of a page that has not arrived, where nothing else is wrong."""
    return {
        "sent": SENT,
        "server": state(job={"state": "sleeping", "status": "No answer from remote", "dials": 1, "pages": 0}),
        "receiver": state(),
        "flows": [packet("open")],
        "unlike": 0.02,
        "seconds": 240,
    } | found


def failed(step: str, said: str, *, silent: bool = False) -> dict[str, Any]:
    text = f"The HylaFAX server 10.1.0.10, port 4559 has no test page: a reason: {said}"
    return {"mark": MARK, "job": 0, "step": step, "silent": silent, "msg": text}


def test_a_page_that_is_there_is_delivered() -> None:
    verdict = judge(evidence(receiver=state(received=[fax("0" * 16), fax()])))
    assert verdict == (True, "", "the page arrived, whole and as it was sent", "")


@pytest.mark.parametrize(
    "received",
    [[], [fax("0" * 16)], [fax(unlike=0.03)], [fax(pages=2)], [{**fax(), "marks": []}]],
    ids=["nothing", "another page", "a spoilt one", "among others", "no test page"],
)
@pytest.mark.parametrize("job", ["done", "failed", "sleeping"])
def test_nothing_else_is_whatever_the_job_says(received: list[Any], job: str) -> None:
    server = state(job={"state": job, "status": "", "dials": 1, "pages": 1})
    verdict = judge(evidence(server=server, receiver=state(received=received)))
    assert not verdict.delivered
    assert verdict.blame == FAX


def test_without_a_mark_nothing_is_delivered() -> None:
    assert not judge(evidence(sent={**SENT, "mark": ""}, receiver=state(received=[fax("")]))).delivered


CASES = [
    ("the control port is closed", {"sent": failed("connect", "no answer", silent=True)}, NETWORK, "not reached"),
    ("hfaxd is down", {"sent": failed("connect", "refused: nothing listens there"), "server": state(greets=False)}, FAX, "no HylaFAX server runs"),  # noqa: E501, a table
    ("somebody on the way refuses", {"sent": failed("connect", "refused: nothing listens there")}, NETWORK, "on its own host it answers"),  # noqa: E501, a table
    ("a wrong password", {"sent": failed("login", "530 Login incorrect.")}, FAX, "530 Login incorrect."),
    ("a helper is off", {"sent": failed("data", "no answer", silent=True)}, NETWORK, "data connection"),
    ("the server cannot reach back", {"sent": failed("data", "425 Cannot build data connection")}, NETWORK, "425"),
    ("no room at the sender", {"sent": failed("data", "452 No space left on device.")}, FAX, "452 No space left"),
    ("the scheduler is down", {"sent": failed("job", "460 Failed to submit job 12.")}, FAX, "460 Failed"),
    ("the exchange's port is closed", {"flows": [packet("open"), packet("silent")]}, NETWORK, "iax2.iax/fl-fax>"),
    ("a router refuses", {"flows": [packet("prohibited", expect="through")]}, NETWORK, "prohibited"),
    ("the exchange is down", {"flows": [packet("refused")]}, FAX, "port 4569 of exchange"),
    ("a dead modem", {"server": state(modems=[modem(there=False)])}, FAX, "server the modem ttyIAX0 has no device"),
    ("nobody answers", {"receiver": state(modems=[modem(answering=False)])}, FAX, "receiving server nothing answers"),
    ("a wrong secret", {"server": state(modems=[modem(refused=True)])}, FAX, "refuses the modem ttyIAX0"),
    ("no room at the receiver", {"receiver": state(free=4096)}, FAX, "no room for a page: 4096"),
    ("a wrong number", {}, FAX, "No answer from remote"),
    ("no modem", {"receiver": state(modems=[])}, FAX, "no modem"),
    ("nobody can look", {"receiver": {}, "server": {}}, FAX, "unknown to the sending server"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "blame", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_who_is_to_blame(found: dict[str, Any], blame: str, text: str) -> None:
    verdict = judge(evidence(**found))
    assert not verdict.delivered
    assert verdict.blame == blame
    assert text in verdict.text
    assert verdict.cure


def test_silence_of_a_program_that_answers_nothing_blames_nobody() -> None:
    assert judge(evidence(flows=[packet("silent", question="", expect="through")])).blame == FAX


def test_packets_are_those_of_the_hosts_own_flows() -> None:
    net = (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public="198.51.100.10")
        .site("carrier", "192.0.2.0/24")
        .offers("exchange", "carrier", "192.0.2.10", "iax2")
        .uses("fl-fax", "florida", "10.1.0.10", "iax2", "exchange")
        .offers("trunk", "carrier", "192.0.2.20", "sip_trunk", platform="unmanaged", media="16384-16483")
        .uses("fl-pbx", "florida", "10.1.0.11", "sip_trunk", "trunk")
    )
    made = net.made()
    (asked,) = flow_packets(made.slices["fl-fax"])
    assert asked["id"] == "fl-fax>192.0.2.10:4569/udp"
    assert (asked["question"], asked["expect"], asked["target"]) == ("iax2", "open", "exchange")
    ports = {(item["port"], item["expect"]) for item in flow_packets(made.slices["fl-pbx"])}
    assert ports == {(5060, "open"), (16384, "through"), (16483, "through")}
    assert flow_packets(made.slices["exchange"]) == []
