# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packet filter's text for each policy of policies.yml: what hardly an inventory brings together."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice

POLICIES = Path(__file__).with_name("policies.yml")


def files() -> dict[str, str]:
    """Return a file for each policy."""
    policies = yaml.safe_load(POLICIES.read_text(encoding="utf-8"))
    return {
        f"expected/{name}.nft": render_slice(
            {"host": name, "platform": policy.pop("platform", "nftables"), "policy": policy}
        )
        for name, policy in policies.items()
    }
