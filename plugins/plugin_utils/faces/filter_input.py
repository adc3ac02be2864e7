# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template hands to a filter: checked, and refused with what to pass instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..basics.findings import short

SLICE = "a host's slice of the plan; read one with the lookup or the module faxnet.deploy.slice"


class InputError(ValueError):
    """Input that a filter does not take; the message names the value and the cure."""


def mapping(data: object, what: str) -> Mapping[str, Any]:
    """Return *data* if it is a mapping.

    Args:
        data: what the template hands over.
        what: what it should be, for the message.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"{short(data)!r} is not {what}")
    return data


def keys_text(data: Mapping[str, Any]) -> str:
    """Return a mapping's keys for a message, so that a user sees what was passed instead."""
    return f"a mapping with the keys {', '.join(map(str, sorted(data)))}"
