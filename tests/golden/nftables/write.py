# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the expected nft files anew: python -m tests.golden.nftables.write (with .build/collections on PYTHONPATH)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice  # noqa: E402


def policies() -> dict[str, dict[str, Any]]:
    """Each policy by the name of its file."""
    read: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "policies.yml").read_text(encoding="utf-8"))
    return read


def rendered(name: str, policy: dict[str, Any]) -> str:
    """The text of a policy for the platform that it names."""
    return render_slice({"host": name, "platform": policy.get("platform", "nftables"), "policy": policy})


def main() -> None:
    """Write one file a policy."""
    for name, policy in policies().items():
        (HERE / f"{name}.nft").write_text(rendered(name, policy), encoding="utf-8")


if __name__ == "__main__":
    main()
