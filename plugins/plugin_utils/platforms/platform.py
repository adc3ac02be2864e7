# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a platform is: its abilities, its traits, and the step that brings a device's part of the plan about.

Each platform declares itself once, in a file of its own; the plan writes what it declares (docs/reference/plan.md), and
whatever comes after the plan reads it there and asks for no platform by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from ..policies.policy import Policy

AppliedBy = Literal["ansible", "person", "nobody"]
"""Who puts a device's part into force. Of a device that nobody sets, the plan does not know what it holds."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one kind of device can hold. A policy that needs what is False here is refused, never approximated.

    `forwards`: destination NAT at all. `port_ranges`: a forward of a range in one rule. `source_restriction`: a rule
    may name who may send. `source_ports`: a rule may name the sender's port. `target_ranges`: a rule may name a range
    of target addresses; having it does not mean using it. `state`: it remembers connections, so that answers pass
    without rules of their own. `masquerade`: source translation. `helpers` and `timeouts`: connection-tracking helpers
    and idle times of a flow's own. `outbound_flows`: what the LAN may start outward can be limited to the plan's flows.
    `clamp_mss`: it lowers the segment size of TCP connections that pass. `foreign_nat`: a rule may name what was
    translated by whatever else runs on it.
    `observe`: it can let pass what nothing names, and note who sent it.
    """

    filter: bool = True
    forwards: bool = True
    port_ranges: bool = True
    source_restriction: bool = True
    source_ports: bool = True
    target_ranges: bool = False
    ipv6: bool = True
    udp: bool = True
    state: bool = True
    masquerade: bool = True
    helpers: bool = False
    timeouts: bool = False
    outbound_flows: bool = True
    clamp_mss: bool = True
    foreign_nat: bool = True
    observe: bool = False

    def lacking(self) -> tuple[str, ...]:
        """Names of the abilities that are not there."""
        return tuple(item.name for item in fields(self) if not getattr(self, item.name))


#: Of a device that nobody here sets: it holds whatever it must.
EVERY_ABILITY = Abilities(target_ranges=True, helpers=True, timeouts=True, observe=True)


@dataclass(frozen=True, slots=True)
class Traits:
    """What is to be known of a device beyond the text for it.

    Attributes:
        applied_by: who puts its part of the plan into force: Ansible, a person with a sheet, or nobody.
        logged_in: whether Ansible logs in to it. Nobody connects to any other device, whatever is played.
        runs_python: whether modules and the emulator can run on it.
        sends_probes: whether verification can have it send packets.
        abilities: what it can hold.
        routes: whether it can be a router, that is: decide of packets that are for others.
    """

    applied_by: AppliedBy
    logged_in: bool
    runs_python: bool
    sends_probes: bool
    abilities: Abilities
    routes: bool = True

    @property
    def holds_rules(self) -> bool:
        """Whether it holds its part of the plan, so that it refuses what no flow names."""
        return self.applied_by != "nobody"

    def as_dict(self) -> dict[str, Any]:
        """As plain data, the way plan files hold it; abilities as the names of those that are there."""
        return {
            "applied_by": self.applied_by,
            "logged_in": self.logged_in,
            "runs_python": self.runs_python,
            "sends_probes": self.sends_probes,
            "abilities": [item.name for item in fields(self.abilities) if getattr(self.abilities, item.name)],
            **({} if self.routes else {"routes": False}),
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Traits:
        """Return the traits that a plan file holds. The opposite of :meth:`as_dict`."""
        held = frozenset(data["abilities"])
        return cls(
            applied_by=data["applied_by"],
            logged_in=data["logged_in"],
            runs_python=data["runs_python"],
            sends_probes=data["sends_probes"],
            abilities=Abilities(**{item.name: item.name in held for item in fields(Abilities)}),
            routes=data.get("routes", True),
        )


@dataclass(frozen=True, slots=True)
class Device:
    """What a platform renders and applies: one device's part of the plan.

    Attributes:
        host: inventory name.
        policy: what it must permit, forward and translate.
        listed: the same as ``services`` and ``rules`` for people (rule_list.py); empty for a policy without a plan.
        part: the whole slice, for what no policy says: of which exchanges its flows are, and what its clients use.
    """

    host: str
    policy: Policy
    listed: Mapping[str, Any] = field(default_factory=dict)
    part: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What a play may ask of a rendering.

    Attributes:
        address_ranges: neighbouring target addresses with the same ports may share one entry (NR-22).
    """

    address_ranges: bool = False


@dataclass(frozen=True, slots=True)
class OnDevice:
    """The step of a platform that Ansible applies: a module is run for the device, and undoes what is not confirmed.

    Attributes:
        module: full name of the module. Its options are ``phase`` (``apply``, ``confirm`` or ``outcome``); to apply,
            ``confirm_timeout``, ``tolerate_drops`` and *options*; for the other phases the ``transaction`` that it
            returned. Where it runs, on the device or on the controller, is the connection's affair.
        options: what it needs to apply; none of them takes everything away that carries the collection's name.
    """

    module: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ByStockModules:
    """The step of a platform on which no module of ours runs: the controller drives modules of others.

    Attributes:
        device: the name of the platform, which says how they are driven.
        options: what is to stand there, as plain data; none takes everything away that carries the collection's name.
    """

    device: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OnController:
    """The step of a platform that a person applies: a text on the controller, beside the plan.

    Attributes:
        kind: what the text is, for the play's result; ``<kind>s`` is the folder that it lies in.
        text: the text; empty takes the file away.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The step of a platform to which nothing is done; *why* completes "HOST is ...", for people."""

    why: str


Step = OnDevice | ByStockModules | OnController | Nothing


class Platform(ABC):
    """A kind of device, as one value of ``faxnet_platform``. Each has a file of its own and a line in the registry."""

    #: The value of ``faxnet_platform``.
    name: str
    traits: Traits
    #: Whether the device refuses by itself what nothing names, so that it does in the additive stance too.
    refuses_by_itself = False

    def unheld(self, _policy: Policy) -> list[str]:
        """Return what of a policy it cannot hold although it has every ability that this needs, in words."""
        return []

    @abstractmethod
    def render(self, device: Device, options: Options) -> str:
        """Return the platform's own configuration text.

        Raises:
            RefusedError: the policy contradicts itself, or needs what the platform lacks.
        """

    @abstractmethod
    def apply(self, device: Device, options: Options) -> Step:
        """Return the step that puts it into force. Raises `RefusedError` like :meth:`render`."""

    @abstractmethod
    def remove(self) -> Step:
        """Return the step that takes away what :meth:`apply` has put there."""
