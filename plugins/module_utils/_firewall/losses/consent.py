# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user has given up by name, and what to write to keep or to give up the rest (``faxnet_accepted_losses``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import FORWARD, Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import addresses_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.protocols import number_of
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.spans import ports_text


@dataclass(frozen=True)
class Accepted:
    """Losses that the user accepts: those of a kind for which all is true that is said here. Empty says nothing.

    `ports` are ranges that hold the loss's; `networks` hold all of its sources, or all of its destinations.
    """

    kind: str
    protocol: str = ""
    ports: tuple[tuple[int, int], ...] = ()
    networks: tuple[str, ...] = ()
    interface: str = ""
    program: str = ""

    def covers(self, use: Use) -> bool:
        """Whether a loss is one of them."""
        return (
            self.kind == use.kind
            and (not self.protocol or _same(self.protocol, use.protocol))
            and (not self.ports or (bool(use.ports) and all(map(self._holds_ports, use.ports))))
            and (not self.networks or self._holds(use.sources) or self._holds(use.destinations))
            and self.interface in ("", use.interface)
            and self.program in ("", use.program)
        )

    def _holds_ports(self, ports: tuple[int, int]) -> bool:
        return any(low <= ports[0] and ports[1] <= high for low, high in self.ports)

    def _holds(self, ends: Sequence[str]) -> bool:
        return bool(ends) and all(any(_within(end, network) for network in self.networks) for end in ends)


def _same(one: str, other: str) -> bool:
    return one == other or (number_of(one) is not None and number_of(one) == number_of(other))


def _within(end: str, network: str) -> bool:
    version = 6 if ":" in network else 4
    if version != (6 if ":" in end else 4):
        return False
    first, last = addresses_of(end, version)
    low, high = addresses_of(network, version)
    return low <= first and last <= high


def accepted(entry: Mapping[str, Any]) -> Accepted:
    """An entry as a module gets it: what is not said is None, or not there."""
    return Accepted(
        kind=entry["kind"],
        protocol=entry.get("protocol") or "",
        ports=tuple((low, high) for low, high in entry.get("ports") or ()),
        networks=tuple(entry.get("networks") or ()),
        interface=entry.get("interface") or "",
        program=entry.get("program") or "",
    )


def unnamed(lost: Iterable[Use], said: Sequence[Accepted]) -> list[Use]:
    """The losses that nobody has accepted."""
    return [use for use in lost if not any(entry.covers(use) for entry in said)]


def in_words(use: Use) -> str:
    """A loss on one line."""
    what = [use.kind]
    if use.protocol:
        what.append(use.protocol)
    if use.ports:
        one = len(use.ports) == 1 and use.ports[0][0] == use.ports[0][1]
        what.append(f"{'port' if one else 'ports'} {ports_text(use.ports)}")
    if use.kind == "bridge":
        what.append(use.interface)
    if use.sources:
        what.append(("" if use.kind in ("network", "bridge") else "from ") + ", ".join(use.sources))
    if use.destinations:
        what.append("to " + ", ".join(use.destinations))
    versions = {packet.version for packet in use.packets}
    notes = [use.program or ("" if not use.inodes else "no program holds it: the kernel's own"), use.detail]
    if versions == {6} and not (use.sources or use.destinations):
        notes.append("IPv6")
    said = ", ".join(filter(None, notes))
    return " ".join(what) + (f" ({said})" if said else "")


def as_data(use: Use) -> dict[str, Any]:
    """A loss as a task's result has it."""
    return {
        "kind": use.kind,
        "protocol": use.protocol,
        "ports": ports_text(use.ports),
        "sources": list(use.sources),
        "destinations": list(use.destinations),
        "interface": use.interface,
        "program": use.program,
        "text": in_words(use),
    }


def to_keep(lost: Iterable[Use]) -> str:
    """YAML that lets all of it go on, for the host's variables."""
    lines: dict[str, list[str]] = {"faxnet_permits": [], "faxnet_forward_permits": []}
    for number, use in enumerate(lost, 1):
        if use.hook == FORWARD:
            lines["faxnet_forward_permits"].append(_forward_permit(use, number))
        else:
            lines["faxnet_permits"].append(_permit(use, number))
    return _blocks(lines)


def to_give_up(lost: Iterable[Use]) -> str:
    """YAML that accepts all of these losses, for the host's variables or a group's."""
    return _blocks({"faxnet_accepted_losses": [_entry(use) for use in lost]})


def _blocks(lines: Mapping[str, Sequence[str]]) -> str:
    return "".join(
        f"{variable}:\n" + "".join(f"  - {{{line}}}\n" for line in dict.fromkeys(entries))
        for variable, entries in lines.items()
        if entries
    )


def _permit(use: Use, number: int) -> str:
    parts = [f"name: in-use-{number}"]
    # Multicast comes from whoever is in the group.
    parts += _service(use)
    # By IPv4 the port may be somebody's alone, and stays so.
    sources = use.sources or (("::/0",) if {packet.version for packet in use.packets} == {6} else ())
    if sources:
        parts.append(f"sources: {_list(sources)}")
    return ", ".join(parts)


def _forward_permit(use: Use, number: int) -> str:
    parts = [f"name: in-use-{number}"]
    if use.kind == "bridge":
        parts += [f"from: {_list(use.sources)}", f"to: {_list(use.sources)}"] if use.sources else []
        return ", ".join([*parts, f"from_interfaces: [{use.interface}]", f"to_interfaces: [{use.interface}]"])
    if use.sources:
        parts.append(f"from: {_list(use.sources)}")
    if use.destinations:
        parts.append(f"to: {_list(use.destinations)}")
    parts += _service(use)
    if use.kind == "network":
        parts.append("both_directions: true")
    if use.kind == "published":
        parts.append("only_translated: true")
    return ", ".join(parts)


def _service(use: Use) -> list[str]:
    parts = [f"protocols: [{use.protocol}]"] if use.protocol else []
    ports = dict.fromkeys(packet.destination_port for packet in use.packets if packet.destination_port)
    if use.kind == "published" and use.protocol and ports:
        # The filter sees the port that the packet was led on to.
        return [*parts, f"ports: [{', '.join(map(str, ports))}]"]
    return [*parts, f"ports: [{ports_text(use.ports)}]"] if use.ports else parts


def _entry(use: Use) -> str:
    parts = [f"kind: {use.kind}"]
    if use.protocol:
        parts.append(f"protocol: {use.protocol}")
    if use.program and use.fleeting:
        # The port is another one each time that the program starts.
        return ", ".join([*parts, f"program: {use.program}"])
    if use.ports:
        parts.append(f"ports: [{ports_text(use.ports)}]")
    if use.sources or use.destinations:
        parts.append(f"networks: {_list(use.sources or use.destinations)}")
    if use.kind == "bridge":
        parts.append(f"interface: {use.interface}")
    return ", ".join(parts)


def _list(networks: Sequence[str]) -> str:
    # A colon would end a key of YAML's short form: IPv6 is quoted.
    return "[" + ", ".join(f'"{network}"' if ":" in network else network for network in networks) + "]"


def refusal(lost: Sequence[Use]) -> str:
    """The message that ends a host's part."""
    listed = "".join(f"  - {in_words(use)}\n" for use in lost)
    return (
        "nothing was changed: with these rules the following would stop working on this host, and nobody has said that "
        f"it should:\n{listed}What is to go on, add to this host's variables (what these lists hold already stays in "
        f"them):\n\n{to_keep(lost)}\nWhat may stop, name here, for this host or for a group:\n\n{to_give_up(lost)}"
    )
