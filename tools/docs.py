# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that a program makes: `make docs` writes them, tests/docs/test_fresh.py says what is stale.

python -m tools.docs [acceptance] [faults] [reference] [picture] [specs]
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tools import acceptance, faults, made, picture, reference, setting_specs

GENERATORS: Mapping[str, made.Generator] = {
    "acceptance": acceptance.GENERATOR,
    "faults": faults.GENERATOR,
    "reference": reference.GENERATOR,
    "picture": picture.GENERATOR,
    "specs": setting_specs.GENERATOR,
}


if __name__ == "__main__":
    raise SystemExit(made.main(GENERATORS, "python -m tools.docs", sys.argv[1:]))
