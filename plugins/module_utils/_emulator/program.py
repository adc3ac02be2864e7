# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the package as it lies here: C(python3 plugins/module_utils/_emulator/program.py run --config FILE)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    folder = Path(__file__).resolve().parent
    # Python puts the folder itself on its path, unless it runs isolated; the package lies in the one above.
    sys.path[:] = [str(folder.parent), *(place for place in sys.path if place != str(folder))]
    raise SystemExit(importlib.import_module(f"{folder.name}.cli").main())
