# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section that somebody signs: which network and change, who asked, who approved which plan, and when."""

from __future__ import annotations

from ..inventory.approval import LEAST_DIGITS
from ..plan_files.signature import Signed
from .markup import Content, Markup, tag
from .model import Report
from .parts import badge

#: How each is told, and in which style.
SIGNED = {
    Signed.NOTHING: ("not signed yet", "untested"),
    Signed.THIS_PLAN: ("signed for this plan", "good"),
    Signed.ANOTHER_PLAN: ("signed for another plan", "bad"),
    Signed.NO_PLAN_NAMED: ("signed for no plan", "doubt"),
}


def approval_section(report: Report) -> Markup:
    """The approver's block. Where the inventory says nothing of an approval, it is there on paper alone.

    Only a signature for this plan fills the approver's fields; where there is none, paper has lines to sign on.
    """
    said, signature = report.source.approval, report.signature
    counts = signature.signed is Signed.THIS_PLAN
    asked = (("Network", said.network), ("Change", said.change), ("Asked for by", said.requested_by))
    approved = (("Approved by", said.approved_by), ("Approved on", said.approved_on))
    items: list[Content] = [
        tag("div", tag("dt", "Plan"), tag("dd", tag("code", report.view.digest)), class_="field"),
        *(_field(words, value, "") for words, value in asked),
        *(_field(words, value if counts else "", value) for words, value in approved),
        tag("div", tag("dt", "Signature"), tag("dd", tag("span", class_="line")), class_="field on-paper"),
    ]
    state = tag("p", badge(*SIGNED[signature.signed]), f" {signature.sentence}".rstrip(), class_="state")
    block = tag("dl", items, class_="fields")
    legend = f"Whoever signs here signs the plan {report.view.digest[:LEAST_DIGITS]}, and no other."
    used = "approval" if said else "approval on-paper"
    return tag(
        "section", tag("h2", "Approval"), state, block, tag("p", legend, class_="legend"), id="approval", class_=used
    )


def _field(words: str, value: str, other: str) -> Markup:
    """A field; one that nobody filled in, or that was filled in for another plan, is a line on paper."""
    unsaid = tag("span", "not for this plan" if other else "not said", class_="unsaid")
    return tag("div", tag("dt", words), tag("dd", value or (unsaid, tag("span", class_="line"))), class_="field")
