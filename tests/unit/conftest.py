# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What unit tests share: the one IPv6 address of loopback, for one test at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def ipv6_loopback() -> Iterator[str]:
    """``::1``, while no other test of this machine listens there on a port that its service prescribes.

    IPv4 has an address for each host of each test (``loopback.address``); IPv6 has a single one, and two workers that
    come to it at once take each other's ports.
    """
    with (Path(tempfile.gettempdir()) / f"faxnet-ipv6-loopback-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield "::1"
