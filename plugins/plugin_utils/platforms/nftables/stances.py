# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chain does where the policy has no rule for a packet: refuse it, let it pass, or let it pass and note it.

An observing host notes in sets that the kernel fills. Each kind of packet has two: an element comes into the first
once, with the first packet, and is renewed in the last by every packet. All elements have the same time to live, so
that what is left of it says when that was. The sets are bounded, and what no longer fits passes unnoted: a rule that
meets a full set ends there, so that the verdict is always a rule of its own.

The names of the sets, and the set that says since when they are filled, are read by module_utils/_firewall/seen.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from ...inventory.intent import ADDITIVE, EXCLUSIVE, OBSERVE
from ...policies.policy import Policy
from .text import ADDRESS_TYPE, FIELD, REFUSE, Refusal

#: How long an element lives. Longer than anybody observes: what is left of it is a clock.
LIFE = "1000d"
#: Elements of each set: of what is in use, and of what is not or no permit would help. 10,000 take some 4 megabytes and
#: a quarter of a second of nft's time, whenever the table is listed (measured with nft 1.0.6).
SIZE = 16384
FEW = 4096
_SINCE = "faxnet_seen_since"
_PASSED = 'counter counter name "faxnet_refused" accept comment "observed"'
#: Of TCP a connection's beginning alone says who starts it. What runs already is known to the kernel by the time that
#: the rules refuse.
_RUNNING = 'tcp flags & (fin | syn | rst | ack) != syn counter accept comment "observed: not the first"'
_WITH_PORTS = "dccp, sctp, tcp, udp, udplite"
#: A packet for which this host has a socket. A scan of shut ports must not fill the set of what is in use.
_HEARD = "meta l4proto { tcp, udp } socket transparent { 0, 1 }"


class Stance(Protocol):
    """One value of ``faxnet_stance``, in nft's words."""

    #: What a chain does at its end.
    policy: str

    def refuse(self, refusal: Refusal) -> Iterator[str]:
        """The rules in a refusal's place."""

    def rest(self, hook: str) -> Iterator[str]:
        """The rules at the end of the chain of a hook: input or forward."""

    def sets(self, forwarding: bool) -> list[str]:
        """Lines of the sets that the rules fill."""


class Exclusive:
    """Refuse."""

    policy = "drop"

    def refuse(self, refusal: Refusal) -> Iterator[str]:
        """Drop."""
        yield f"{refusal.match} counter drop" + (f' comment "{refusal.comment}"' if refusal.comment else "")

    def rest(self, _hook: str) -> Iterator[str]:
        """Count and drop."""
        yield REFUSE

    def sets(self, _forwarding: bool) -> list[str]:
        """None."""
        return []


class Additive:
    """Let pass: the rules only open, forward and translate."""

    policy = "accept"

    def refuse(self, _refusal: Refusal) -> Iterator[str]:
        """Nothing."""
        yield from ()

    def rest(self, _hook: str) -> Iterator[str]:
        """Nothing."""
        yield from ()

    def sets(self, _forwarding: bool) -> list[str]:
        """None."""
        return []


class _Seen(NamedTuple):
    """A kind of packets that is noted: the name of its sets, what such a packet matches, what an element holds."""

    name: str
    match: str
    addresses: tuple[str, ...]
    port: bool
    size: int = SIZE


#: What of TCP and UDP found a socket, and what else has ports.
_INPUT = _Seen("input", "", ("saddr",), port=True)
_UNHEARD = _Seen("unheard", "", ("saddr",), port=True, size=FEW)
_PROTOCOL = _Seen("protocol", f"meta l4proto != {{ {_WITH_PORTS} }}", ("saddr",), port=False)
_FORWARD = _Seen("forward", f"meta l4proto {{ {_WITH_PORTS} }}", ("saddr", "daddr"), port=True)
_FORWARD_PROTOCOL = _Seen("forward_protocol", _PROTOCOL.match, ("saddr", "daddr"), port=False)
#: What no permit would let pass either.
_REFUSALS = ("invalid", "no_way_back", "limit")
_REFUSED = _Seen("", "", ("saddr", "daddr"), port=False, size=FEW)


class Observe:
    """Let pass, and note who sends what to which port."""

    policy = "accept"

    def refuse(self, refusal: Refusal) -> Iterator[str]:
        """Note; an invalid packet then passes, and of all others the rules after this one decide."""
        for version in refusal.versions:
            key = _key(version, ("saddr", "daddr"), port=False)
            yield f"{refusal.match} update @faxnet_seen_{refusal.kind}{version} {{ {key} counter }}"
        if refusal.kind == "invalid":
            yield f'{refusal.match} counter accept comment "observed: invalid"'

    def rest(self, hook: str) -> Iterator[str]:
        """Note and let pass."""
        yield _RUNNING
        if hook == "input":
            yield from _noted(_INPUT, _HEARD)
            yield f'{_HEARD} counter name "faxnet_refused" accept comment "observed"'
            yield from _noted(_UNHEARD, "meta l4proto { tcp, udp }")
            yield from _noted(_INPUT, "meta l4proto { dccp, sctp, udplite }")
            yield from _noted(_PROTOCOL, _PROTOCOL.match)
        else:
            yield from _noted(_FORWARD, _FORWARD.match)
            yield from _noted(_FORWARD_PROTOCOL, _FORWARD_PROTOCOL.match)
        yield _PASSED

    def sets(self, forwarding: bool) -> list[str]:
        """The sets of everything that is noted, and since when."""
        lines = ["", f"\tset {_SINCE} {{", "\t\ttype mark", "\t\tflags timeout"]
        lines += [f"\t\telements = {{ 0x00000001 timeout {LIFE} }}", "\t}"]
        kinds: Iterable[_Seen] = (_INPUT, _UNHEARD, _PROTOCOL)
        if forwarding:
            kinds = (*kinds, _FORWARD, _FORWARD_PROTOCOL)
        for kind in kinds:
            for version in (4, 6):
                for which in ("first", "last"):
                    name = f"faxnet_seen_{kind.name}{version}_{which}"
                    lines += _set(name, version, kind)
        for refusal in _REFUSALS:
            for version in (4, 6):
                lines += _set(f"faxnet_seen_{refusal}{version}", version, _REFUSED)
        return lines


def _key(version: int, addresses: Iterable[str], *, port: bool) -> str:
    fields = [f"{FIELD[version]} {address}" for address in addresses]
    return " . ".join([*fields, "meta l4proto", *(["th dport"] if port else [])])


def _noted(kind: _Seen, match: str) -> Iterator[str]:
    # That an address is of the packet's IP version nft asks itself, before it takes one from it.
    for version in (4, 6):
        key = _key(version, kind.addresses, port=kind.port)
        for statement, which in (("add", "first"), ("update", "last")):
            name = f"faxnet_seen_{kind.name}{version}_{which}"
            yield f"{match} {statement} @{name} {{ {key} }}"


def _set(name: str, version: int, kind: _Seen) -> list[str]:
    types = [ADDRESS_TYPE[version]] * len(kind.addresses) + ["inet_proto"] + (["inet_service"] if kind.port else [])
    head = ["", f"\tset {name} {{", f"\t\ttype {' . '.join(types)}", f"\t\tsize {kind.size}"]
    return [*head, "\t\tflags dynamic,timeout", f"\t\ttimeout {LIFE}", "\t}"]


_STANCES: Mapping[str, Stance] = {EXCLUSIVE: Exclusive(), ADDITIVE: Additive(), OBSERVE: Observe()}


def stance_of(policy: Policy) -> Stance:
    """The stance of a policy."""
    return _STANCES[policy.stance]
