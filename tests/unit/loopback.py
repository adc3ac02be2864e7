# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and ports for hosts that tests run on loopback: all of 127.0.0.0/8 is there without asking."""

from __future__ import annotations

import itertools
import os

_NUMBERS = itertools.count(1)
_PORTS = itertools.count()


def address() -> str:
    """A loopback address that no other host of this test run has."""
    number = next(_NUMBERS)
    return f"127.{os.getpid() % 200 + 20}.{number // 250}.{number % 250 + 1}"


def port() -> int:
    """A port on which nobody listens, nobody will, and which no other test of this run uses.

    A port that the kernel hands out and takes back is anybody's again at once: a test beside this one had it sooner
    than its own test once. These are below those that it hands out (``ip_local_port_range``, from 32768).
    """
    return 20_000 + os.getpid() % 120 * 100 + next(_PORTS) % 100
