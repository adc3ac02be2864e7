# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say where a plan lies."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment."""

    DOCUMENTATION = r"""
options:
  directory:
    description:
      - The plan's directory on the controller.
      - "When not given: C(plan) in the directory that the variable C(faxnet_directory) names, and without that
        variable C(.faxnet/plan) beside the inventory (beside its first source, where there are several)."
    type: path
"""
