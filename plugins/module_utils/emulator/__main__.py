# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the folder as a program, as it is: C(python3 plugins/module_utils/emulator run --config FILE)."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python puts the folder itself on its path; the package that the folder is lies in the one above.
    folder = Path(__file__).resolve().parent
    sys.path[0] = str(folder.parent)
    raise SystemExit(importlib.import_module(f"{folder.name}.cli").main())
