# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser may do with the page: apply its own style sheet, run its own script, show its own pictures."""

from __future__ import annotations

import base64
import hashlib


def content_policy(style: str, script: str, *, pictures: bool) -> str:
    """Return the page's Content-Security-Policy (www.w3.org/TR/CSP3): both texts by their hashes, no network at all.

    Args:
        pictures: whether the page holds any, as data.
    """
    allowed = {"default-src": "'none'", "style-src": _hash(style), "script-src": _hash(script)}
    allowed |= {"img-src": "data:"} if pictures else {}
    allowed |= {"base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{what} {whom}" for what, whom in allowed.items())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
