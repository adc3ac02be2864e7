# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plan a signature is for, in a word, in a sentence and as a warning."""

from __future__ import annotations

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Severity
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.approval import UNSAID, Approval
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.signature import Signature, Signed

PLAN = "9f2c61d0a7be" + "1" * 52
OTHER = "5df14375fc57"


@pytest.mark.parametrize(
    ("approval", "signed", "sentence", "codes"),
    [
        (UNSAID, Signed.NOTHING, "", []),
        (Approval(network="Two offices", change="7", requested_by="x"), Signed.NOTHING, "", []),
        (Approval(digest=PLAN[:12]), Signed.NOTHING, "", []),
        (
            Approval(approved_by="A. Smith", approved_on="2026-11-29", digest=PLAN[:12]),
            Signed.THIS_PLAN,
            "This plan was approved by A. Smith on 2026-11-29.",
            [],
        ),
        (
            Approval(approved_on="2026-11-29", digest=PLAN),
            Signed.THIS_PLAN,
            "This plan was approved on 2026-11-29.",
            [],
        ),
        (
            Approval(approved_by="A. Smith", digest=OTHER),
            Signed.ANOTHER_PLAN,
            "The signature is for another plan: the plan 5df14375fc57 was approved by A. Smith, and this is the plan "
            "9f2c61d0a7be.",
            ["FXN702"],
        ),
        (
            Approval(digest=OTHER),
            Signed.ANOTHER_PLAN,
            "The signature is for another plan: the plan 5df14375fc57 was approved, and this is the plan 9f2c61d0a7be.",
            ["FXN702"],
        ),
        (
            Approval(approved_by="A. Smith"),
            Signed.NO_PLAN_NAMED,
            "The signature names no plan: nothing says which plan was approved by A. Smith, so it does not count for "
            "this one.",
            ["FXN703"],
        ),
    ],
)
def test_a_signature_counts_for_the_plan_that_it_names(
    approval: Approval, signed: Signed, sentence: str, codes: list[str]
) -> None:
    signature = Signature(approval, PLAN)
    findings = list(signature.findings())
    assert (signature.signed, signature.sentence, [item.code for item in findings]) == (signed, sentence, codes)
    assert {item.severity for item in findings} <= {Severity.WARNING}
    for finding in findings:
        assert finding.variable.startswith("faxnet_approval.")
        assert finding.value
        assert PLAN[:12] in finding.cure


def test_a_digest_counts_from_its_beginning_alone() -> None:
    assert Signature(Approval(approved_by="x", digest=PLAN[1:20]), PLAN).signed is Signed.ANOTHER_PLAN
    assert Signature(Approval(approved_by="x", digest=PLAN), PLAN[:-1] + "2").signed is Signed.ANOTHER_PLAN
