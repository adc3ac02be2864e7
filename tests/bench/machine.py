# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures were taken on: they mean little without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def machine_line() -> str:
    """Return processor, cores, kernel, and the versions of Python, ansible-core and nft, in one line."""
    parts = (
        f"{_processor()}, {os.cpu_count()} cores",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"ansible-core {version('ansible-core')}",
        _nft(),
    )
    return "; ".join(parts)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text(encoding="utf-8") if information.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return " ".join(named.group(1).split()) if named else platform.machine()


def _nft() -> str:
    try:
        said = subprocess.run(["nft", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "no nft"
    return " ".join(said.split()[:2])


def busy() -> float:
    """Return the machine's load over the last minute, for each core: above 1 the clock's figures are doubtful."""
    return os.getloadavg()[0] / (os.cpu_count() or 1)


if __name__ == "__main__":
    sys.stdout.write(f"{machine_line()}\n")
