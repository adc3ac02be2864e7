# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses for hosts that tests run on loopback: all of 127.0.0.0/8 is there without asking."""

from __future__ import annotations

import itertools
import os

_NUMBERS = itertools.count(1)


def address() -> str:
    """A loopback address that no other host of this test run has."""
    number = next(_NUMBERS)
    return f"127.{os.getpid() % 200 + 20}.{number // 250}.{number % 250 + 1}"
