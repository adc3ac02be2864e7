# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of ansible.windows and community.windows do, by their sources; a file an idea."""

from __future__ import annotations

from collections.abc import Mapping

from . import features, files, firewall_profiles, firewall_rules, packages, scripts, services, system, task_stat, tasks
from . import registry as registry_modules
from .task import Module

#: Every module by its name without a collection.
MODULES: Mapping[str, Module] = {
    "setup": system.setup,
    "win_ping": system.ping,
    "win_reg_stat": registry_modules.reg_stat,
    "win_regedit": registry_modules.regedit,
    "win_service": services.service,
    "win_service_info": services.service_info,
    "win_package": packages.package,
    "win_feature": features.feature,
    "win_powershell": scripts.powershell,
    "win_file": files.file,
    "win_stat": files.stat,
    "win_firewall": firewall_profiles.firewall,
    "win_firewall_rule": firewall_rules.firewall_rule,
    "win_scheduled_task": tasks.scheduled_task,
    "win_scheduled_task_stat": task_stat.scheduled_task_stat,
}
