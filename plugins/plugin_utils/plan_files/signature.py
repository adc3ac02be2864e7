# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plan a signature is for: that of the person whom ``faxnet_approval`` names, by the digest it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ..basics.findings import Finding, short
from ..inventory.approval import LEAST_DIGITS, VARIABLE, Approval


class Signed(StrEnum):
    """Which plan was signed."""

    NOTHING = "nothing"
    THIS_PLAN = "this plan"
    ANOTHER_PLAN = "another plan"
    NO_PLAN_NAMED = "no plan named"


@dataclass(frozen=True, slots=True)
class Signature:
    """An approval, held against one plan.

    Attributes:
        approval: what was said.
        plan: the plan's digest.
    """

    approval: Approval
    plan: str

    @property
    def signed(self) -> Signed:
        """Which plan was signed; a digest alone, without a person or a date, signs nothing unless it is another's."""
        if self.approval.digest and not self.plan.startswith(self.approval.digest):
            return Signed.ANOTHER_PLAN
        if not self.approval.is_signed:
            return Signed.NOTHING
        return Signed.THIS_PLAN if self.approval.digest else Signed.NO_PLAN_NAMED

    @property
    def sentence(self) -> str:
        """The same in words; empty where nothing was signed."""
        said = self.approval
        by = f" by {said.approved_by}" if said.approved_by else ""
        signed = f"{by} on {said.approved_on}" if said.approved_on else by
        match self.signed:
            case Signed.NOTHING:
                return ""
            case Signed.THIS_PLAN:
                return f"This plan was approved{signed}."
            case Signed.NO_PLAN_NAMED:
                return (
                    f"The signature names no plan: nothing says which plan was approved{signed}, so it does not count "
                    "for this one."
                )
        return (
            f"The signature is for another plan: the plan {said.digest[:LEAST_DIGITS]} was approved{signed}, and this "
            f"is the plan {self.plan[:LEAST_DIGITS]}."
        )

    def findings(self) -> Iterator[Finding]:
        """Yield a warning where a signature does not count for the plan."""
        begin, said = self.plan[:LEAST_DIGITS], self.approval
        if self.signed is Signed.ANOTHER_PLAN:
            message = f"names another plan than this one, which is {begin}: the signature is not for this plan"
            cure = f"have this plan looked at and signed, with digest: '{begin}'; or plan again what was signed"
            yield Finding("FXN702", (), f"{VARIABLE}.digest", said.digest, message, cure)
        elif self.signed is Signed.NO_PLAN_NAMED:
            key, value = ("approved_by", said.approved_by) if said.approved_by else ("approved_on", said.approved_on)
            message = "says that a plan was approved, and not which one: the signature counts for none"
            cure = f"write beside it the digest of the plan that was looked at; that of this one begins with {begin}"
            yield Finding("FXN703", (), f"{VARIABLE}.{key}", short(value), message, cure)
