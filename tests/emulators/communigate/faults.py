# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults, for tests of what talks to the server."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from .data_format import values


class Faults:
    """What goes wrong on purpose: a dictionary in a file, read anew before each answer.

    A key is a command's name or GREETING; a value is one of
      C(cut), C(half), C(silent), C(slow SECONDS), C(drip SECONDS), C(junk), C(long), C(latin), C(noise),
      C(refuse TEXT), C(raw TEXT), C(forget).
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None

    def of(self, state: str) -> tuple[str, str]:
        """The fault of a state, and what is said of it."""
        if self._path is None or not self._path.exists():
            return "", ""
        found = values(self._path.read_text(encoding="utf-8"))
        kind, _space, detail = str(found[0].get(state, "") if found else "").partition(" ")
        return kind, detail

    async def answered(self, writer: asyncio.StreamWriter, state: str, answer: bytes) -> bool:
        """Send an answer with the state's fault; whether the connection goes on."""
        kind, detail = self.of(state)
        if kind == "cut":
            return False
        if kind == "silent":
            await asyncio.sleep(3600)
        if kind == "slow":
            await asyncio.sleep(float(detail))
        if kind == "drip":
            for each in answer:
                writer.write(bytes([each]))
                await writer.drain()
                await asyncio.sleep(float(detail))
            return True
        changed = {
            "half": answer[: len(answer) // 2],
            "long": b"",
            "junk": secrets.token_bytes(64).replace(b"\n", b"?") + b"\n",
            "latin": answer.rstrip(b"\r\n") + b"\xe9\r\n",
            "noise": answer + b"200 nobody asked\r\n",
            "refuse": f"501 {detail}\r\n".encode(),  # the greeting; a command that is refused is not even done
            "raw": f"{detail}\r\n".encode(),
        }
        writer.write(changed.get(kind, answer))
        for _piece in range(64 if kind == "long" else 0):
            writer.write(b"A" * 1048576)
            await writer.drain()
        await writer.drain()
        return kind != "half"
