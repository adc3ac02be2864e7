# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a plan, in JMESPath (https://jmespath.org)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    import jmespath
    import jmespath.exceptions

    HAS_JMESPATH = True
except ImportError:
    # Nothing else of the collection needs it.
    HAS_JMESPATH = False

from ..basics.findings import short
from .filter_input import InputError


def plan_query(data: object, expression: object) -> Any:
    """Return what a JMESPath expression finds in a plan.

    Raises:
        InputError: the expression is not JMESPath (with the position), or does not fit the plan's data; or the library
            is missing.
    """
    if not HAS_JMESPATH:
        raise InputError("the controller's Python lacks the library jmespath: install it beside ansible-core")
    if not isinstance(expression, str):
        raise InputError(f"{short(expression)!r} is not a JMESPath expression: pass a text such as 'flows[].id'")
    if not isinstance(data, (Mapping, list)):
        raise InputError(f"{short(data)!r} is not a plan: pass its content, its folder, or its file plan.json")
    try:
        return jmespath.search(expression, data)
    except jmespath.exceptions.ParseError as error:
        position = error.lex_position
        shown = f"{expression[:position]} >>> {expression[position:]}"
        cure = "texts stand in single quotes, numbers in back-ticks, names with a hyphen in double quotes"
        raise InputError(f"the expression is not JMESPath from position {position} on: {shown}; {cure}") from error
    except jmespath.exceptions.JMESPathError as error:
        raise InputError(f"the expression {expression!r} cannot be applied: {error}") from error
