# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one command for a gate and say what it said when it fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path


def run(command: list[str], *, cwd: Path, env: dict[str, str] | None = None, keep: str = "") -> str:
    """Run the command without input, return its output and errors together; fail the test on a status other than 0.

    `keep` is a regular expression: of a talkative command, a failure shows only the lines that it finds.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    told = "\n".join(line for line in done.stdout.splitlines() if re.search(keep, line))
    assert done.returncode == 0, f"{' '.join(command)} returned {done.returncode}:\n{told}"
    return done.stdout
