# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Vista, Server 2008 and later with their own firewall: a policy as few rules in one group.

Windows blocks what comes in unless a rule allows it, and lets out what nothing forbids, in both stances; answers to
what the host starts come in without rules. So the rules only allow. What the exclusive stance adds is a look at the
rules of others, which may open more than the plan (comparison.py).

No module of ours runs there: the controller reads the rules that stand, compares (comparison.py), and has a script of
plain commands run (script.py). The text of the rules is that of [MS-GPFAS], which a group policy takes as well.
"""

from __future__ import annotations

from ...policies.policy import Policy, RefusedError
from ..platform import Abilities, ByStockModules, Device, Options, Platform, Traits
from .port_reservations import reservations_of
from .rule import Rule
from .rule_text import RuleTextError, listing
from .rules import rules_of, several_destinations, unheld_ports
from .wanted import Wanted, as_options


class Windows(Platform):
    """A machine with the firewall of Windows, set over whatever connection Ansible has to it."""

    name = "windows"
    traits = Traits(
        applied_by="ansible",
        logged_in=True,
        runs_python=False,
        sends_probes=False,
        # Idle times: no rule has one; what is sent after a long silence is let in by a rule of its own (rules.py).
        abilities=Abilities(
            forwards=False,
            masquerade=False,
            timeouts=True,
            outbound_flows=False,
            clamp_mss=False,
            foreign_nat=False,
        ),
        routes=False,
    )
    refuses_by_itself = True

    def unheld(self, policy: Policy) -> list[str]:
        """Ports of other protocols than TCP and UDP, and permits that differ by the host's own address."""
        openings = (*policy.management, *policy.openings)
        found = [
            f"a rule for ports of {opening.transport} ({ports}, {opening.name}); its rules know ports of tcp and udp"
            for opening in openings
            if (ports := unheld_ports(opening))
        ]
        own = several_destinations(policy)
        return [*found, f"rules that differ by the host's own address ({own})"] if own else found

    def render(self, device: Device, _options: Options) -> str:
        """The rules' texts, sorted, a rule a line."""
        return listing(_rules(device))

    def apply(self, device: Device, _options: Options) -> ByStockModules:
        """Put the rules in the place of those of ours that stand, and reserve the ports of call-backs."""
        policy = device.policy
        wanted = Wanted(_rules(device), policy.profiles, policy.stance, reservations_of(device.part))
        return ByStockModules(self.name, as_options(wanted))

    def remove(self) -> ByStockModules:
        """Take away every rule of ours."""
        return ByStockModules(self.name)


def _rules(device: Device) -> tuple[Rule, ...]:
    exchanges = {f"{item['service']}.{item['name']}": item for item in device.part.get("exchanges", ())}
    try:
        return rules_of(device.policy, exchanges)
    except RuleTextError as error:  # of what no policy says but the slice: a program, a service
        raise RefusedError(f"exchanges: {error}") from None
