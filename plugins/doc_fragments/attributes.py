# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that actions share: what they do in check mode and diff mode, and where they run."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragments; each is named by an attribute."""

    # What a plugin says of itself; it adds details where they are its own.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    description: Returns in diff mode what changed, or in check mode what would.
  action:
    description: Runs on the controller.
  bypass_host_loop:
    description: Runs once for all hosts of a play, and not once for each.
  connection:
    description: Uses the connection to the target, or none at all.
"""

    # Controller-side actions that only read.
    READS = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would change without changing it.
    support: full
    details:
      - Changes nothing in either mode.
  diff_mode:
    description: Returns in diff mode what changed, or in check mode what would.
    support: none
  action:
    description: Runs on the controller.
    support: full
  bypass_host_loop:
    description: Runs once for all hosts of a play, and not once for each.
    support: none
  connection:
    description: Uses the connection to the target, or none at all.
    support: none
    details:
      - Reads files on the controller; no target is contacted.
"""

    # Modules of managed hosts that change nothing.
    READS_ON_HOST = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and tell what would change without changing it.
    support: full
    details:
      - Changes nothing in either mode.
  diff_mode:
    description: Returns in diff mode what changed, or in check mode what would.
    support: none
  platform:
    description: Where it runs; Python 3.9 or later is all that it needs there.
    support: full
    platforms: posix
"""
