# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package as one program, as tests install it where the product's own is: an archive that Python runs."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.bundle import archive

#: What is no part of the server: the starts of a checkout, and the client.
_BESIDE = ("__main__.py", "program.py", "sip_client.py")


def program(comment: str = "") -> bytes:
    """The program, with a comment that tells one from another."""
    sources = [source for source in Path(__file__).parent.glob("*.py") if source.name not in _BESIDE]
    start = f"#!/usr/bin/python3\n# {comment}\n" if comment else "#!/usr/bin/python3\n"
    return start.encode() + archive("communigate_emulator", sources)
