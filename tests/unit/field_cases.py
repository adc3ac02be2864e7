# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases from the field: small inventories after problems that people reported in public (planning/cases)."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.unit.networks import Network

CASES = Path(__file__).parent / "planning" / "cases"


def field_case(name: str) -> Network:
    """Return the inventory of a case, to be planned as it is or changed first."""
    data = yaml.safe_load((CASES / f"{name}.yml").read_text(encoding="utf-8"))["all"]
    shared = dict(data["vars"])
    found = Network(sites=shared.pop("faxnet_sites"))
    found.hosts.update({host: {**shared, **own} for host, own in data["hosts"].items()})
    return found
