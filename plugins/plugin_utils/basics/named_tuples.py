# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making named tuples by the hundred thousand.

The constructor that a NamedTuple has is a function written in Python, and calling it is more than half of what making
one costs. A plan of 20,000 hosts makes more than half a million.
"""

from __future__ import annotations

#: ``made(Address, (4, 1))`` is ``Address(4, 1)`` at less than half its price, without names, defaults or a check of how
#: many members there are: for the few places that make one for every flow, use or host.
made = tuple.__new__
