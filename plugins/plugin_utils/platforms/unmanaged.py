# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else's machine: an appliance, a provider's trunk, a name server. The plan knows it and leaves it alone.

Its flows count at the devices on the way and at the other end; it holds whatever it must, and nothing is written for
it.
"""

from __future__ import annotations

from .platform import EVERY_ABILITY, Device, Nothing, Options, Platform, Traits


class Unmanaged(Platform):
    """A machine that nothing is done to."""

    name = "unmanaged"
    traits = Traits(
        applied_by="nobody", logged_in=False, runs_python=False, sends_probes=False, abilities=EVERY_ABILITY
    )

    def render(self, _device: Device, _options: Options) -> str:
        """Nothing: no text is made for such a machine."""
        return ""

    def apply(self, _device: Device, _options: Options) -> Nothing:
        """Nothing."""
        return self.remove()

    def remove(self) -> Nothing:
        """Nothing."""
        return Nothing(f"{self.name}: nothing is put on it")
