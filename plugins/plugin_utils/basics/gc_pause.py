# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing Python's cycle collector while variables are collected and a plan is made.

A plan creates hundreds of thousands of small objects that all live until it is written, and none of them form cycles.
The collector would walk all of them again and again and find nothing, for half of the whole time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_pause() -> Iterator[None]:
    """Switch the cycle collector off for the block, or as a decorator for a call, and on again if it was on."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # Without this the next allocation would walk everything that was made; so it counts as old already.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
