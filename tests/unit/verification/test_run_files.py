# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a verification: each host finds its own probes, in whatever way they lie, and nobody an older plan's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import host_documents
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError
from ansible_collections.faxnet.deploy.plugins.plugin_utils.verification.run_files import read_probes, start_run

from .offices import expected, two_offices

EXPECTED = expected(two_offices())


@pytest.fixture(params=["small", "large"])
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder, of a network with a file a host, or of one with all hosts in one file."""
    if request.param == "large":
        monkeypatch.setattr(host_documents, "MOST_FILES", 1)
    start_run(tmp_path, EXPECTED)
    assert (tmp_path / "probes" / "lines.jsonl").exists() == (request.param == "large")
    return tmp_path


def test_every_host_finds_its_own_probes(base: Path) -> None:
    assert len(EXPECTED.probes) > 3
    for host in EXPECTED.probes:
        read = read_probes(base, host, EXPECTED.plan)
        read.pop("digest")
        assert read == EXPECTED.of_host(host)


def test_a_host_reads_no_file_of_the_whole_network(base: Path) -> None:
    (base / "probes.json").unlink()
    assert read_probes(base, "uk-pc1", EXPECTED.plan)["probes"]


def test_a_host_of_which_nothing_is_expected_has_nothing_to_try(base: Path) -> None:
    assert read_probes(base, "nobody", EXPECTED.plan)["probes"] == []


@pytest.mark.parametrize("digest", ["", "0" * 64])
def test_probes_of_another_plan_are_refused(base: Path, digest: str) -> None:
    with pytest.raises(PlanFileError, match=r"no probes in .*another plan; run faxnet\.deploy\.verify"):
        read_probes(base, "uk-pc1", digest)


def test_before_the_first_run_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(PlanFileError, match=r"no probes in .*step: expect first"):
        read_probes(tmp_path, "uk-pc1", EXPECTED.plan)


def test_a_spoilt_digest_is_said_with_the_cure(base: Path) -> None:
    (base / "probes" / "digest").write_text("x", encoding="ascii")
    with pytest.raises(PlanFileError, match=r"probes/digest holds no digest; .*step: expect first"):
        read_probes(base, "uk-pc1", EXPECTED.plan)


def test_probes_that_were_edited_by_hand_are_refused(base: Path) -> None:
    for path in (base / "probes").glob("*.json*"):
        path.write_bytes(path.read_bytes().replace(b'"silent"', b'"opened"'))
    with pytest.raises(PlanFileError, match=r"not as it was written.*step: expect first"):
        read_probes(base, "uk-pc1", EXPECTED.plan)


def test_a_new_run_leaves_nothing_of_the_one_before(base: Path) -> None:
    (host, *_others) = EXPECTED.probes
    start_run(base, replace(EXPECTED, probes={host: EXPECTED.probes[host]}))
    assert read_probes(base, "uk-pc1" if host != "uk-pc1" else "uk-pc2", EXPECTED.plan)["probes"] == []
    assert [path.name for path in base.glob(".*")] == []
