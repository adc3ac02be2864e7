# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes made in a sound network, one by one and all together, and the findings that they must give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding, Severity, errors
from tests.unit.networks import Network


class Mistake(NamedTuple):
    """One mistake, made on hosts, sites and profiles of its own, and the finding that it gives."""

    make: Callable[[Network], object]
    code: str
    host: str
    variable: str
    value: str
    cure: str


@dataclass(frozen=True)
class Ground:
    """A sound network to make mistakes in.

    Attributes:
        network: Makes it anew.
        warned: Whether it has warnings of its own, and a mistake may come with some: then errors alone count.
    """

    network: Callable[[], Network]
    warned: bool = False

    def told(self, net: Network) -> list[Finding]:
        """Return the findings that count, in the order of the run."""
        return errors(net.findings()) if self.warned else list(net.findings())

    def check(self, mistake: Mistake) -> None:
        """Make one mistake: it gives its one finding, and no plan."""
        net = self.network()
        mistake.make(net)
        (finding,) = self.told(net)
        assert finding.code == mistake.code, finding.text()
        assert (finding.host, finding.variable, finding.value) == (mistake.host, mistake.variable, mistake.value)
        assert mistake.cure in finding.cure
        assert finding.message
        assert finding.severity is Severity.ERROR
        assert net.planned().plan is None

    def check_all(self, mistakes: Iterable[Mistake]) -> None:
        """Make all of them in one network: one run tells them all and nothing else, each on printable lines."""
        net, expected = self.network(), list(mistakes)
        for mistake in expected:
            mistake.make(net)
        told = sorted((finding.code, finding.host, finding.variable) for finding in self.told(net))
        assert told == sorted((mistake.code, mistake.host, mistake.variable) for mistake in expected)
        for finding in net.findings():
            for part in (finding.variable, finding.value, finding.message, finding.cure):
                assert part.isprintable(), finding
