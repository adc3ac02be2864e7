# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where ansible-core read a value: it tags texts, numbers, lists and mappings with file, line and column."""

from __future__ import annotations

# ansible-core 2.19 to 2.21 have no public name for it; its own vault and error modules take it from the same place.
try:
    from ansible._internal._datatag._tags import Origin

    #: Whether this ansible-core tells where values were read.
    TOLD = True
except ImportError:  # another release, which keeps the tag elsewhere
    TOLD = False


def file_of(value: object) -> str | None:
    """Return the file that *value* was read from, as an absolute path; None where that is not known."""
    origin = Origin.get_tag(value) if TOLD else None
    return None if origin is None else origin.path


def place_of(value: object) -> str:
    """Return where *value* was read: ``FILE:LINE:COLUMN``, without what is not known of it.

    Where it was in no file, in ansible-core's words (``<CLI option '-e'>``); empty where nothing is known.
    """
    origin = Origin.get_tag(value) if TOLD else None
    return "" if origin is None or origin == Origin.UNKNOWN else str(origin)
