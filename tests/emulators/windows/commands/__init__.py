# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that scripts may have: a file a kind. What each takes is checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from . import firewall_rules, items, netsh, tasks
from .given import Known

#: Every command by its name in small letters.
COMMANDS: Mapping[str, Known] = {
    **firewall_rules.COMMANDS,
    **items.COMMANDS,
    **netsh.COMMANDS,
    **tasks.COMMANDS,
}
