# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ``faxnet_approval``: of which change a plan is a part, who asked for it, and who approved which plan.

Nothing of it gets into a plan: whoever approves a plan names its digest here, and an approval that changed the plan
would be one of a plan that is no more. So it is read twice: when planning, for the mistakes in it alone, and when
somebody is told of the plan.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from ..basics.vaulted import NOT_SHOWN, VaultedNumber, VaultedText
from .reader import Reader

VARIABLE = "faxnet_approval"

KEYS = ("network", "change", "requested_by", "approved_by", "approved_on", "digest")

#: Fewer digits of a digest say nothing.
LEAST_DIGITS = 12

_DIGEST = re.compile(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DIGEST_CURE = (
    f"write at least the first {LEAST_DIGITS} digits that the playbook faxnet.deploy.show prints, as a text in quotes"
)


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person said of an approval; empty where nothing was said.

    Attributes:
        network: the network's name for people.
        change: number of the change in whatever keeps track of changes.
        requested_by, approved_by: names.
        approved_on: a date (ISO 8601).
        digest: of the plan that was approved, or what it begins with.
    """

    network: str = ""
    change: str = ""
    requested_by: str = ""
    approved_by: str = ""
    approved_on: str = ""
    digest: str = ""

    def __bool__(self) -> bool:
        """Whether anything was said."""
        return self != UNSAID

    @property
    def is_signed(self) -> bool:
        """Whether it says that somebody has approved something."""
        return bool(self.approved_by or self.approved_on)


#: Where nothing is said.
UNSAID = Approval()


def read_approval(reader: Reader, raw: object) -> Approval:
    """Return what of the variable is sound. Each mistake in it is an error."""
    entry = {} if raw is None else reader.mapping(raw, VARIABLE, KEYS) or {}
    said = {key: value for key, value in entry.items() if value is not None}
    texts: dict[str, str] = {
        key: _text(reader, said[key], f"{VARIABLE}.{key}", or_number=key == "change")
        for key in ("network", "change", "requested_by", "approved_by")
        if key in said
    }
    if "approved_on" in said:
        texts["approved_on"] = _date(reader, said["approved_on"])
    if "digest" in said:
        texts["digest"] = _digest(reader, said["digest"])
    return Approval(**texts)


def _text(reader: Reader, value: object, variable: str, *, or_number: bool) -> str:
    if isinstance(value, (VaultedText, VaultedNumber)):
        return NOT_SHOWN
    if or_number and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        reader.note("FXN101", variable, value, "is not a text", "write it as a text in quotes, or omit it")
        return ""
    text = " ".join(value.split())
    if not text:
        reader.note("FXN103", variable, value, "is empty", "write it, or omit it")
    return text


def _date(reader: Reader, value: object) -> str:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return datetime.date.fromisoformat(value.strip()).isoformat()
        except ValueError:
            pass  # there is no such day
    cure = "write the day as year, month and day, such as 2026-11-29"
    reader.note("FXN701", f"{VARIABLE}.approved_on", value, "is not a date", cure)
    return ""


def _digest(reader: Reader, value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    if not _DIGEST.fullmatch(text):
        message = f"is not the digest of a plan, nor {LEAST_DIGITS} or more digits that one begins with"
        reader.note("FXN701", f"{VARIABLE}.digest", value, message, _DIGEST_CURE)
        return ""
    return text
