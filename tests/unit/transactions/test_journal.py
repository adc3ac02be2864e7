# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notes of a transaction: what one task wrote another reads, and nothing of a killed run stays for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.transactions.journal import (
    FOLDER,
    Journal,
    JournalError,
    Note,
)

HELD = Note("held", "5f0c7d1e2a3b", "faxnet.deploy.firewall_transaction", 1.5)


def test_the_last_word_of_each_host_counts(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "plan", 90)
    journal.note("fl-fax.example.com", Note("begun"))
    journal.note("fl-fax.example.com", HELD)
    again = Journal.open(tmp_path / "plan", journal.name)
    assert again.notes == {"fl-fax.example.com": HELD}
    assert again.hold_timeout == 90


def test_nobody_else_reads_the_notes(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "plan", 90)
    assert (tmp_path / FOLDER / journal.name).stat().st_mode & 0o077 == 0


def test_a_transaction_that_has_ended_cannot_be_opened(tmp_path: Path) -> None:
    journal = Journal.begin(tmp_path / "plan", 90)
    journal.end()
    with pytest.raises(JournalError, match="is no transaction that is under way"):
        Journal.open(tmp_path / "plan", journal.name)


@pytest.mark.parametrize("name", ["", "..", "../plan", "5F0C7D1E2A3B", "5f0c7d1e2a3b"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    Journal.begin(tmp_path / "plan", 90)
    with pytest.raises(JournalError):
        Journal.open(tmp_path / "plan", name)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "held", "colour": 1}', "null"])
def test_a_damaged_note_is_named(tmp_path: Path, text: str) -> None:
    journal = Journal.begin(tmp_path / "plan", 90)
    path = tmp_path / FOLDER / journal.name / "fl-fax.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JournalError, match=r"fl-fax\.json is damaged"):
        assert journal.notes


def test_what_a_killed_run_left_goes_after_a_day(tmp_path: Path) -> None:
    old, fresh = (Journal.begin(tmp_path / "plan", 90) for _run in range(2))
    os.utime(tmp_path / FOLDER / old.name, (1.0, 1.0))
    new = Journal.begin(tmp_path / "plan", 90)
    assert {path.name for path in (tmp_path / FOLDER).iterdir()} == {fresh.name, new.name}
