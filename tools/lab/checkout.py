# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose labs these are: podman's names are the machine's, and a machine may hold several checkouts of the project."""

from __future__ import annotations

import hashlib
from pathlib import Path

#: This checkout's top folder. Labs carry it as a label, so that each checkout finds its own and no other's.
ROOT = Path(__file__).resolve().parents[2]
#: Where this checkout's labs keep their files.
BUILD = ROOT / ".build" / "lab"
_DIGITS = 6


def mark(root: Path = ROOT) -> str:
    """What the names of a checkout's containers and networks begin with after ``faxnet-``: a digest of its path."""
    return hashlib.sha256(str(root).encode()).hexdigest()[:_DIGITS]
