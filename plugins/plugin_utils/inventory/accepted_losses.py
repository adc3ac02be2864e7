# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``faxnet_accepted_losses``: what in use on a host may stop when its rules come, named by its owner.

A host's apply step asks for it. It is read with the rest all the same, so that a mistake is found before any host is
touched, and stands in the plan for those who sign it off; no rule is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..basics.addresses import Prefix
from ..basics.names import name_problem
from ..basics.ports import PortRange, ports_text
from ..basics.protocols import ANY, ProtocolError, parse_protocol
from ..basics.protocols import CURE as PROTOCOL_CURE
from ..basics.vaulted import NOT_SHOWN, VaultedText
from .reader import Reader

VARIABLE = "faxnet_accepted_losses"
#: Each kind with the keys that say something of it (module_utils/_firewall/losses/use.py says what they are).
KINDS: Mapping[str, tuple[str, ...]] = {
    "listener": ("protocol", "ports", "program"),
    "protocol": ("protocol", "networks", "interface", "program"),
    "multicast": ("protocol", "ports", "networks"),
    "published": ("protocol", "ports", "networks"),
    "network": ("networks",),
    "bridge": ("interface", "networks"),
    "session": ("protocol", "ports", "networks"),
}
KEYS = ("kind", "protocol", "ports", "networks", "interface", "program")


@dataclass(frozen=True, slots=True)
class AcceptedLoss:
    """Losses of one kind that are accepted: all of it, or those for which everything is true that is said here."""

    kind: str
    protocol: str = ""
    ports: tuple[PortRange, ...] = ()
    networks: tuple[Prefix, ...] = ()
    interface: str = ""
    program: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same as the plan holds it: null where nothing is said."""
        return {
            "kind": self.kind,
            "protocol": self.protocol or None,
            "ports": ports_text(self.ports) or None,
            "networks": [network.text for network in self.networks],
            "interface": _told(self.interface),
            "program": _told(self.program),
        }

    def as_option(self) -> dict[str, Any]:
        """The same as the module on the host takes it."""
        return {
            "kind": self.kind,
            "protocol": self.protocol,
            "ports": [[ports.low, ports.high] for ports in self.ports],
            "networks": [network.text for network in self.networks],
            "interface": self.interface,
            "program": self.program,
        }


def _told(word: str) -> str | None:
    """What the plan tells of a word: nothing where there is none; from a vault, what is a name, as with all names."""
    return NOT_SHOWN if isinstance(word, VaultedText) and name_problem(word) else str(word) or None


def read_accepted_losses(reader: Reader, raw: object) -> tuple[AcceptedLoss, ...]:
    """Return the entries of the variable that are sound."""
    found = []
    for index, item in enumerate(reader.items(raw, VARIABLE)):
        where = f"{VARIABLE}[{index}]"
        noted = len(reader.findings)
        entry = reader.mapping(item, where, KEYS)
        read = None if entry is None else _read_entry(reader, entry, where)
        # An entry that is read in part would accept more than was meant.
        if read is not None and len(reader.findings) == noted:
            found.append(read)
    return tuple(found)


def _read_entry(reader: Reader, entry: Mapping[str, Any], where: str) -> AcceptedLoss | None:
    kind = reader.choice(entry.get("kind"), f"{where}.kind", tuple(KINDS))
    if kind is None:
        return None
    for key in entry:
        if key != "kind" and key not in KINDS[kind]:
            message = f"says nothing of a loss of the kind {kind}"
            cure = f"omit it; of this kind one can say {', '.join(KINDS[kind])}"
            reader.note("FXN140", f"{where}.{key}", entry[key], message, cure)
    return AcceptedLoss(
        kind,
        protocol=_protocol(reader, entry, where),
        ports=(reader.ports(entry["ports"], f"{where}.ports") or ()) if "ports" in entry else (),
        networks=_networks(reader, entry, where),
        interface=_word(reader, entry, "interface", where),
        program=_word(reader, entry, "program", where),
    )


def _protocol(reader: Reader, entry: Mapping[str, Any], where: str) -> str:
    if "protocol" not in entry:
        return ""
    try:
        protocol = parse_protocol(entry["protocol"])
        return "" if protocol == ANY else protocol
    except ProtocolError as error:
        reader.note("FXN125", f"{where}.protocol", entry["protocol"], str(error), PROTOCOL_CURE)
        return ""


def _networks(reader: Reader, entry: Mapping[str, Any], where: str) -> tuple[Prefix, ...]:
    if "networks" not in entry:
        return ()
    networks = reader.prefixes(entry["networks"], f"{where}.networks")
    if not networks and not entry["networks"]:
        reader.note("FXN103", f"{where}.networks", entry["networks"], "is empty", "list networks, or omit it")
    return networks


def _word(reader: Reader, entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key, "")
    if isinstance(value, str) and (value or key not in entry):
        return value
    reader.note("FXN101", f"{where}.{key}", value, "is no name", "write the name as a text, or omit it")
    return ""
