# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which library the controller lacks.

The engine can be imported where only ansible-core is installed (ansible-test and ansible-doc do that). What needs more
asks here before it begins, so that a user reads which library is missing and which Python wants it.
"""

from __future__ import annotations

import sys

from ..basics.addresses import NETADDR_MISSING


def missing_library() -> str | None:
    """Return what is missing and the cure, one sentence each; None where everything is there."""
    if NETADDR_MISSING is None:
        return None
    return f"The controller's Python lacks a library: {NETADDR_MISSING}. Install netaddr for {sys.executable}."
