# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what planning, rendering, applying and connecting cost, each beside a peer in the same run."""

from __future__ import annotations

import sys
from pathlib import Path

# The checkout as ansible_collections.faxnet.deploy, a link that `make setup` makes; pytest has it on its path already.
_COLLECTIONS = str(Path(__file__).resolve().parents[2] / ".build" / "collections")
if _COLLECTIONS not in sys.path:
    sys.path.insert(0, _COLLECTIONS)
