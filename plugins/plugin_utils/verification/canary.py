# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test page that was sent over the planned way: did it arrive, and where not, is the network or the fax to blame?

Delivered is what the receiving server has, by the page's own mark and picture; what a job says of itself counts for
nothing. The network is to blame where packets of a planned flow do not get through, or where a connection got no
answer; else the fax is, and the reason is what the servers say about themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ..basics.addresses import AddressError, parse_address
from ..basics.ports import parse_ranges
from .probes import OPEN, THROUGH, tried_ports

NETWORK, FAX = "network", "fax"
#: A page needs some ten kilobytes, and HylaFAX stops taking jobs and calls well before the last of them.
_LEAST_ROOM = 1 << 20
#: What hfaxd answers where a data connection does not come about (RFC 959, 4.2.1).
_DATA_CODES = ("425", "426")


class Verdict(NamedTuple):
    """What came of a call.

    Attributes:
        delivered: whether the page is on the receiving server, whole and unspoilt.
        blame: ``network`` or ``fax``; empty where it was delivered.
        text: what was found, one sentence.
        cure: what to do; empty where nothing is.
    """

    delivered: bool
    blame: str
    text: str
    cure: str


def judge(evidence: Mapping[str, Any]) -> Verdict:
    """Judge a call.

    Args:
        evidence: ``sent``: what module fax_send returned; ``server`` and ``receiver``: what module hylafax_info
            returned on the server that was to send and on the one that was to receive, empty where it could not look;
            ``flows``: packets of the planned flows between them, as ``flow_packets`` names them, with ``outcome``;
            ``unlike``: the largest share of a page's dots that may differ; ``seconds``: how long it was waited.
    """
    sent, receiver = evidence["sent"], evidence.get("receiver") or {}
    arrived = _arrived(receiver, str(sent.get("mark") or ""))
    if arrived is not None:
        return _judge_picture(arrived, float(evidence["unlike"]))
    server = evidence.get("server") or {}
    blocked = [packet for packet in evidence.get("flows") or () if _is_blocked(packet)]
    if sent.get("step"):
        return _judge_hand_over(sent, server, blocked)
    if blocked:
        return _judge_packets(blocked)
    return _judge_services(server, receiver, evidence)


def _arrived(receiver: Mapping[str, Any], mark: str) -> Mapping[str, Any] | None:
    """The page of this mark, with the number of pages that came with it."""
    for fax in receiver.get("received") or ():
        for page in fax["marks"]:
            if mark and page["mark"] == mark:
                return {**page, "pages": fax["pages"], "failed": fax["failed"]}
    return None


def _judge_picture(page: Mapping[str, Any], most: float) -> Verdict:
    if page["pages"] != 1:
        text = f"the page arrived among {page['pages']} where one was sent"
        return Verdict(False, FAX, text, "look at the receiving server's log of the call")
    if page["unlike"] > most:
        text = f"the page arrived spoilt: {page['unlike']:.1%} of its dots differ, {most:.1%} may"
        return Verdict(
            False, FAX, text, "the line is bad: use T.38 or error correction, or look for late and lost sound"
        )
    return Verdict(True, "", "the page arrived, whole and as it was sent", "")


def _judge_hand_over(
    sent: Mapping[str, Any], server: Mapping[str, Any], blocked: Iterable[Mapping[str, Any]]
) -> Verdict:
    step, silent, said = sent["step"], bool(sent.get("silent")), _short(str(sent.get("msg", "")))
    if step == "connect" and (silent or server.get("greets")):
        text = f"the sending server is not reached from here: {said}"
        if server.get("greets"):
            text += "; on its own host it answers"
        return Verdict(False, NETWORK, text, _cure_of(blocked))
    if step == "connect":
        return Verdict(False, FAX, f"no HylaFAX server runs there: {said}", "start hfaxd on the sending server")
    if step == "login":
        cure = "correct user and password of this canary, or let it in (hylafax_server_users)"
        return Verdict(False, FAX, f"the sending server does not let it in: {said}", cure)
    if step == "data" and (silent or said.startswith(_DATA_CODES)):
        cure = (
            "the connection-tracking helper of each device on the way has to be in force: deploy the plan's rules again"
        )
        text = f"the control connection works and the data connection beside it does not: {said}"
        return Verdict(False, NETWORK, text, cure)
    return Verdict(False, FAX, f"the sending server does not take the page: {said}", "look at its room and its log")


def _short(message: str) -> str:
    """What the server itself said, at the end of the module's message."""
    return message.rpartition(": ")[2].strip() or message


def _cure_of(blocked: Iterable[Mapping[str, Any]]) -> str:
    first = next(iter(blocked), None)
    if first is None:
        return "compare the rules in force with the plan: run faxnet.deploy.verify, or deploy again"
    return (
        f"flow {first['flow']} does not get through: trace it (-e from={first['host']} -e to={first['target']} "
        f"-e to_port={first['port']} -e transport={first['transport']}), or deploy the plan's rules again"
    )


def _judge_packets(blocked: list[Mapping[str, Any]]) -> Verdict:
    first, more = blocked[0], len(blocked) - 1
    text = f"packets of {first['flow']} do not get through ({first['outcome']})"
    text += f", nor do {more} others of the way" if more > 1 else ", nor does another of the way" if more else ""
    return Verdict(False, NETWORK, text, _cure_of(blocked))


def _is_blocked(packet: Mapping[str, Any]) -> bool:
    """Whether a packet that had to be answered, or had to get there, did not.

    A datagram to a program that answers nothing it does not know says nothing by its silence; and where a port is
    closed the packet got there: that is the fax's.
    """
    outcome = packet.get("outcome")
    if outcome in ("prohibited", "unreachable"):
        return True
    return outcome == "silent" and (packet["transport"] == "tcp" or bool(packet.get("question")))


def _judge_services(server: Mapping[str, Any], receiver: Mapping[str, Any], evidence: Mapping[str, Any]) -> Verdict:
    for side, state in (("receiving", receiver), ("sending", server)):
        for text, cure in _faults(state):
            return Verdict(False, FAX, f"on the {side} server {text}", cure)
    closed = [packet for packet in evidence.get("flows") or () if packet.get("outcome") == "refused"]
    for packet in closed:
        if packet["expect"] == OPEN:
            text = f"nothing listens on port {packet['port']} of {packet['target']}"
            return Verdict(False, FAX, text, f"start the service on {packet['target']}")
    job = server.get("job") or {}
    said = job.get("status") or f"the job is {job.get('state', 'unknown to the sending server')}"
    text = f"the page has not arrived in {float(evidence['seconds']):.0f} seconds, and all packets get through: {said}"
    return Verdict(False, FAX, text, "look at the number and at the sending server's log of the call")


def _faults(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a server says that keeps faxes from coming or going, with the cure."""
    if not state:
        return
    if state["free"] < _LEAST_ROOM:
        yield f"there is no room for a page: {state['free']} bytes are free", "make room in its spool"
    for modem in state["modems"]:
        name = modem["name"]
        if modem.get("refused"):
            yield f"the exchange refuses the modem {name}", "correct its name and secret (hylafax_server_modems)"
        elif not modem["there"]:
            yield f"the modem {name} has no device", "start the software modem, or plug in the modem"
        elif not modem["answering"]:
            yield f"nothing answers calls to the modem {name}", "start its faxgetty"
    if not state["modems"]:
        yield "there is no modem", "add one (hylafax_server_modems)"


def flow_packets(part: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Packets of the flows that a host starts, as module probe takes them, with ``flow``, ``host`` and ``target``.

    Args:
        part: the host's slice of a plan.

    Returns:
        The first and the last port of each flow. Flows to no single address are left out.
    """
    asked = {
        (exchange["service"], exchange["name"]): exchange["question"]
        for exchange in part.get("exchanges", ())
        if exchange.get("question")
    }
    found = []
    for flow in part.get("flows", ()):
        if flow["source"] != part["host"] or not flow["enabled"] or flow["callback"] or flow["carried_by"]:
            continue
        if not _is_one(flow["dial"]):
            continue
        ports = parse_ranges(flow["ports"])
        alone = len(ports) == 1 and ports[0].size == 1
        for port in tried_ports(ports):
            packet = {
                "id": f"{part['host']}>{flow['dial']}:{port}/{flow['transport']}",
                "address": flow["dial"],
                "transport": flow["transport"],
                "port": port,
                "flow": flow["id"],
                "host": part["host"],
                "target": flow["destination"],
                "expect": OPEN if alone else THROUGH,
            }
            question = asked.get((flow["service"], flow["exchange"])) if flow["transport"] == "udp" else None
            found.append({**packet, **({"question": question} if question else {})})
    return found


def _is_one(dial: str) -> bool:
    """Whether it is one address."""
    try:
        parse_address(dial)
    except AddressError:
        return False
    return True
