# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in an emulator, and an error as words for a person."""

from __future__ import annotations


class EmulatorError(Exception):
    """Something that a person has to put right; the message says where and how."""


class RefusedError(EmulatorError):
    """The product's own rules, or this machine, forbid what the settings ask for: trying again can't help."""


class GoneError(Exception):
    """The peer ended the connection."""


class SilenceError(Exception):
    """The peer said nothing in the time it had."""


class NonsenseError(Exception):
    """The peer sent something that is not a message of this emulator."""


def reason(error: BaseException) -> str:
    """An error as one phrase for a person."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
