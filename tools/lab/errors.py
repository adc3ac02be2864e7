# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error that the lab shows to a person: what is wrong, and what to do about it."""

from __future__ import annotations


class LabError(Exception):
    """A step of the lab cannot be done; the text names the thing, its value and the cure."""
