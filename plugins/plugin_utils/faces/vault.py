# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling values that came from ansible-vault: encrypted by themselves, or in a file that is encrypted as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ansible.parsing.vault import VaultHelper, is_encrypted_file

from .origins import TOLD, file_of


def vault_test() -> Callable[[object], bool]:
    """Return a function that tells whether one raw or evaluated value came from a vault.

    ansible-core tags what it decrypts with the ciphertext, and all that it reads with the file, but it does not tag the
    values of a file that is encrypted as a whole: so each file is looked at, once. An ansible-core that does not tell
    the file leaves nothing but to take every value for one from a vault.
    """
    encrypted: dict[str, bool] = {}

    def from_vault(value: object) -> bool:
        if VaultHelper.get_ciphertext(value, with_tags=False) is not None:
            return True
        if not TOLD:
            return True
        path = file_of(value)
        if not path:
            return False
        if path not in encrypted:
            encrypted[path] = _is_encrypted(path)
        return encrypted[path]

    return from_vault


def _is_encrypted(path: str) -> bool:
    try:
        with Path(path).open("rb") as stream:
            return bool(is_encrypted_file(stream))
    except OSError:
        return False  # a script's output, or a file that is gone: nothing there was decrypted
