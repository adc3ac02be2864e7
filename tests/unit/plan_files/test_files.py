# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan directories: written whole, swapped in, and nobody else's folder touched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files import directory, swap
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import (
    is_current,
    read_plan,
    read_slice,
    write_plan,
    write_text,
    written_digest,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.plan_json import PlanDocuments
from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.sealed_json import PlanFileError, seal
from tests.unit.networks import Network, two_offices


def written(net: Network) -> PlanDocuments:
    return PlanDocuments(net.plan())


def smaller() -> Network:
    net = two_offices()
    del net.hosts["stranger"]
    return net


def everything_in(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_a_plan_is_written_and_read_back(plan: Path) -> None:
    text = written(two_offices())
    assert write_plan(text, plan) is True
    for read, told in (
        (read_plan(plan), b"".join(text.plan)),
        *((read_slice(plan, part.host), part.content) for part in text.slices),
    ):
        document = json.loads(told)
        flows, uses = document.pop("flows"), document.pop("uses")
        lines = document.pop("instructions", [])
        assert read.items() >= document.items()
        for found, use in zip(read["uses"], uses, strict=True):
            assert {**found, "instructions": 0} == {**use, "instructions": 0} or "instructions" not in use
            assert not lines or len(found["instructions"]) == len(lines[use["instructions"]])
        assert all(found.items() >= flow.items() for found, flow in zip(read["flows"], flows, strict=True))
        assert all(flow["reason"] for flow in read["flows"])
    assert written_digest(plan) == text.digest


def test_a_slice_is_read_with_the_list_of_rules_that_people_type(plan: Path) -> None:
    write_plan(written(two_offices()), plan)
    assert read_slice(plan, "uk-router")["rules"]["rules"]


def test_the_same_plan_is_not_written_again(plan: Path) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    before = {path: path.stat().st_ino for path in plan.rglob("*")}
    assert write_plan(text, plan) is False
    assert {path: path.stat().st_ino for path in plan.rglob("*")} == before


@pytest.mark.parametrize("lost", ["plan.json", "hosts/uk-pc1.json", "findings.json"])
def test_a_plan_that_lost_a_file_is_written_again(plan: Path, lost: str) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    whole = everything_in(plan)
    (plan / lost).unlink()
    assert write_plan(text, plan) is True
    assert everything_in(plan) == whole


def test_the_same_plan_where_nobody_may_write_is_no_mistake(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(written(two_offices()), plan)
    before = everything_in(plan)

    def refused(path: Path, what: str = "") -> Path:
        raise PermissionError(13, "Permission denied", f"{path.parent}/.{what}")

    monkeypatch.setattr(directory, "temporary", refused)
    assert write_plan(written(two_offices()), plan) is False
    with pytest.raises(PlanFileError, match=r"cannot be written: .*Permission denied"):
        write_plan(written(smaller()), plan)
    assert everything_in(plan) == before


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    mask: int = request.param
    before = os.umask(mask)
    yield mask
    os.umask(before)


@pytest.mark.parametrize("most_files", [1, 1000], ids=["lines", "a file a host"])
@pytest.mark.parametrize("umask", [0o002, 0o022, 0o027, 0o077], indirect=True, ids=oct)
def test_folders_and_files_of_a_plan_follow_the_umask(
    umask: int, plan: Path, most_files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "MOST_FILES", most_files)
    write_plan(written(two_offices()), plan)
    write_text("a\n", plan.parent / "lock.json")
    folders = {path for path in (plan, *plan.rglob("*")) if path.is_dir()}
    files = {path for path in plan.parent.rglob("*") if path.is_file()}
    assert plan / "hosts" in folders
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o777 & ~umask}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~umask}


def test_another_plan_replaces_the_whole_directory(plan: Path) -> None:
    write_plan(written(two_offices()), plan)
    assert write_plan(written(smaller()), plan) is True
    assert not (plan / "hosts" / "stranger.json").exists()
    with pytest.raises(PlanFileError, match=r"no .*stranger"):
        read_slice(plan, "stranger")


def test_a_folder_that_holds_something_else_is_left_alone(plan: Path) -> None:
    plan.mkdir(parents=True)
    (plan / "thesis.txt").write_text("my only copy", encoding="utf-8")
    with pytest.raises(PlanFileError, match="something else than a plan"):
        write_plan(written(two_offices()), plan)
    assert everything_in(plan) == {"thesis.txt": "my only copy"}


def test_what_lies_beside_a_plan_is_not_lost(plan: Path) -> None:
    write_plan(written(smaller()), plan)
    (plan / ".git").mkdir()
    (plan / ".git" / "HEAD").write_text("ref", encoding="utf-8")
    whole = everything_in(plan)
    with pytest.raises(PlanFileError, match=r"holds \.git, which no plan has .* Move it away"):
        write_plan(written(two_offices()), plan)
    with pytest.raises(PlanFileError, match=r"holds \.git"):
        is_current(written(smaller()), plan)
    assert everything_in(plan) == whole


def test_a_link_to_a_plan_stays_a_link(plan: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    write_plan(written(smaller()), shared)
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.symlink_to(shared)
    assert write_plan(written(two_offices()), plan) is True
    assert plan.readlink() == shared
    assert written_digest(shared) == written(two_offices()).digest


def test_an_empty_folder_is_taken(plan: Path) -> None:
    plan.mkdir(parents=True)
    assert write_plan(written(two_offices()), plan) is True


def test_a_file_in_the_place_of_the_folder_is_said_and_kept(plan: Path) -> None:
    plan.parent.mkdir(parents=True)
    plan.write_text("a note", encoding="utf-8")
    with pytest.raises(PlanFileError, match="plan"):
        write_plan(written(two_offices()), plan)
    assert plan.read_text(encoding="utf-8") == "a note"


def test_when_the_new_plan_cannot_be_put_in_place_the_old_one_stays(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_plan(written(two_offices()), plan)
    before = everything_in(plan)
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if Path(target) == plan and self.name != "plan":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(swap, "exchange", lambda *_paths: False)
    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(PlanFileError, match="cannot be written"):
        write_plan(written(smaller()), plan)
    monkeypatch.undo()
    assert everything_in(plan) == before


def test_a_disk_that_fills_up_leaves_the_old_plan(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(written(two_offices()), plan)
    before = everything_in(plan)

    def full(*_arguments: object, **_options: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fdopen", full)
    with pytest.raises(PlanFileError, match="cannot be written"):
        write_plan(written(smaller()), plan)
    monkeypatch.undo()
    assert everything_in(plan) == before


FILES = ["plan.json", "hosts/uk-pc1.json"]


def read(plan: Path, file: str) -> dict[str, object]:
    return read_plan(plan) if file == "plan.json" else read_slice(plan, Path(file).stem)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("7488", "7489"),
        lambda text: text.replace("10.2.0.21", "10.2.0.22"),
        lambda text: json.dumps(json.loads(text), indent=2),
        lambda text: text.replace('"digest":"', '"digest":"0')[:-4] + '"}\n',
        lambda text: text.replace('"format":1,', '"format":1,"more":1,'),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n",
    ],
)
def test_what_was_edited_by_hand_is_refused_and_planning_again_mends_it(
    plan: Path, file: str, edit: Callable[[str], str]
) -> None:
    text = written(two_offices())
    write_plan(text, plan)
    whole = everything_in(plan)
    (plan / file).write_text(edit(whole[file]), encoding="utf-8")
    with pytest.raises(PlanFileError) as refused:
        read(plan, file)
    assert str(plan / file) in str(refused.value)
    assert "Change the inventory" in str(refused.value)
    assert "run the playbook faxnet.deploy.plan again" in str(refused.value)
    assert write_plan(text, plan) is True
    assert everything_in(plan) == whole
    assert read(plan, file)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(("wrong", "said"), [("0", "0"), ("2", "2"), ('"1"', "'1'")])
def test_another_format_is_refused_whatever_its_digest(plan: Path, file: str, wrong: str, said: str) -> None:
    write_plan(written(two_offices()), plan)
    text = everything_in(plan)[file]
    body = text.replace('"format":1', f'"format":{wrong}').rpartition(',"digest"')[0]
    (plan / file).write_bytes(seal(body)[0])
    with pytest.raises(PlanFileError, match=rf"{file} has format {said}, .* reads 1: .*plan again"):
        read(plan, file)


def test_a_digest_file_that_holds_none_is_refused(plan: Path) -> None:
    write_plan(written(two_offices()), plan)
    (plan / "digest").write_text("x\n", encoding="ascii")
    with pytest.raises(PlanFileError, match=r"holds no digest; .*plan again"):
        written_digest(plan)


def test_a_change_elsewhere_leaves_a_hosts_file_alone(plan: Path) -> None:
    write_plan(written(two_offices()), plan)
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in plan.rglob("*.json")}
    net = two_offices()
    net.hosts["stranger"]["faxnet_management"] = [{"ports": [22, 443]}]
    assert write_plan(written(net), plan) is True
    after = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in plan.rglob("*.json")}
    assert {name for name in before if after[name] != before[name]} == {"stranger.json", "plan.json"}


def test_without_hard_links_the_plan_is_as_whole(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_arguments: object, **_options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", none)
    write_plan(written(two_offices()), plan)
    write_plan(written(smaller()), plan)
    assert read_slice(plan, "uk-pc1")["host"] == "uk-pc1"


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a/b", "..", "x\x00"])
def test_a_name_that_is_no_host_reads_no_file(plan: Path, name: str) -> None:
    write_plan(written(two_offices()), plan)
    with pytest.raises(PlanFileError, match="host name"):
        read_slice(plan, name)


def test_what_is_missing_is_said_with_the_cure(plan: Path) -> None:
    with pytest.raises(PlanFileError, match=r"faxnet\.deploy\.plan first"):
        read_plan(plan)
    with pytest.raises(PlanFileError, match="faxnet_site"):
        read_slice(plan, "uk-pc1")
    assert written_digest(plan) == ""


@pytest.mark.parametrize("text", ["{", "[]", "", "5"])
def test_a_file_that_is_no_plan_is_refused(plan: Path, text: str) -> None:
    write_plan(written(two_offices()), plan)
    (plan / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(PlanFileError, match="plan"):
        read_plan(plan)


def test_a_small_file_is_written_whole_and_only_when_it_differs(tmp_path: Path) -> None:
    lock = tmp_path / "new" / ".faxnet.lock.json"
    assert write_text("a\n", lock) is True
    inode = lock.stat().st_ino
    assert write_text("a\n", lock) is False
    assert lock.stat().st_ino == inode
    assert write_text("b\n", lock) is True
    assert lock.read_text(encoding="utf-8") == "b\n"
    assert [path.name for path in lock.parent.iterdir()] == [".faxnet.lock.json"]
    assert lock.stat().st_mode & 0o777 == 0o644


def test_a_small_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PlanFileError, match="cannot be written"):
        write_text("a", tmp_path / "file" / "lock.json")


def test_text_that_is_no_utf8_is_written_as_json_would_say_it(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    assert write_text(json.dumps({"said": "a\ud800"}, ensure_ascii=False), path) is True
    assert json.loads(path.read_bytes()) == {"said": "a\ud800"}
