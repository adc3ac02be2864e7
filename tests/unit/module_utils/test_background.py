# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that another process sends: started without waiting, fetched once, sent again if that process was killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._probing import background
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.background import JobError, collect, start
from ansible_collections.faxnet.deploy.plugins.module_utils._probing.probes import ProbeError


@pytest.fixture(autouse=True)
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the jobs of a test are."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def quiet() -> Iterator[int]:
    """A UDP port that takes everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server.getsockname()[1]


def probe(port: int, transport: str = "udp", **more: Any) -> dict[str, Any]:
    return {"id": f"to {port}", "address": "127.0.0.1", "transport": transport, "port": port, **more}


def holder_of(job: str) -> int | None:
    """The process that has a job's lock open."""
    lock = str(Path(job, "lock"))
    for path in Path("/proc").glob("[0-9]*/fd/3"):
        with contextlib.suppress(OSError):
            if str(path.readlink()) == lock:
                return int(path.parts[2])
    return None


def sender_of(job: str) -> int:
    """The process that sends a job's probes; on a busy machine it takes a while to come up."""
    until(lambda: holder_of(job) is not None)
    found = holder_of(job)
    assert found is not None
    return found


def sender_is_gone(job: str) -> bool:
    return holder_of(job) is None


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_starting_waits_for_nobody_and_collecting_for_the_answers(quiet: int, jobs: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = server.getsockname()[1]
        job = start([probe(quiet), probe(listening, "tcp")], timeout=0.6, tries=2, parallel=10)
        assert not Path(job, "answers.json").exists()
        results, seconds = collect(job)
    assert [(item["id"], item["outcome"]) for item in results] == [
        (f"to {quiet}", "silent"),
        (f"to {listening}", "open"),
    ]
    assert seconds >= 1.2
    assert list(jobs.iterdir()) == []


def test_whoever_started_it_may_end_and_its_pipe_with_it(quiet: int, jobs: Path) -> None:
    # As a connection does: it waits until nobody has the module's output open.
    code = (
        f"import tempfile; tempfile.tempdir = {str(jobs)!r}\n"
        f"from {background.__name__} import start\n"
        f"print(start([{probe(quiet)!r}], 30.0, 1, 10))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True, env=environment
    )
    job = done.stdout.strip()
    sender = sender_of(job)
    assert os.getsid(sender) != os.getsid(0)
    descriptors = {str(path.readlink()) for path in Path(f"/proc/{sender}/fd").iterdir()}
    assert descriptors == {"/dev/null", str(Path(job, "lock")), "anon_inode:[eventpoll]"} | {
        name for name in descriptors if name.startswith("socket:")
    }
    os.kill(sender, signal.SIGKILL)


def test_what_a_killed_process_did_not_find_out_is_asked_again(quiet: int) -> None:
    job = start([probe(quiet)], timeout=30.0, tries=1, parallel=10)
    wanted = json.loads(Path(job, "probes.json").read_text(encoding="utf-8"))
    Path(job, "probes.json").write_text(json.dumps({**wanted, "timeout": 0.1}), encoding="utf-8")
    os.kill(sender_of(job), signal.SIGKILL)
    assert [item["outcome"] for item in collect(job)[0]] == ["silent"]


def test_a_malformed_probe_is_named_and_no_job_is_made(jobs: Path) -> None:
    with pytest.raises(ProbeError, match="port 70000 is not a port"):
        start([probe(70000)], timeout=1.0, tries=1, parallel=10)
    assert list(jobs.iterdir()) == []


def test_a_job_is_fetched_once(quiet: int) -> None:
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    collect(job)
    with pytest.raises(JobError, match="was collected before"):
        collect(job)


def test_a_directory_that_is_no_job_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(JobError, match="is no job of this user"):
        collect(str(other))
    assert other.is_dir()


def test_a_job_is_for_its_user_alone(quiet: int) -> None:
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    assert Path(job).stat().st_mode & 0o077 == 0
    collect(job)


def test_a_job_that_does_not_end_is_named(quiet: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_PATIENCE", -60.0)
    job = start([probe(quiet)], timeout=20.0, tries=1, parallel=10)
    with pytest.raises(JobError, match=f"{job}: the process .* does not end"):
        collect(job)
    os.kill(sender_of(job), signal.SIGKILL)


def test_answers_of_which_a_loss_of_power_left_a_part_are_asked_for_again(quiet: int, jobs: Path) -> None:
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    background._wait(job, time.monotonic() + 20)
    Path(job, "answers.json").write_text('{"resu', encoding="utf-8")
    results, _seconds = collect(job)
    assert [item["outcome"] for item in results] == ["silent"]
    assert list(jobs.iterdir()) == []


def test_a_job_whose_probes_are_gone_is_named_and_nothing_is_made_up(quiet: int, jobs: Path) -> None:
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    background._wait(job, time.monotonic() + 20)
    Path(job, "probes.json").unlink()
    with pytest.raises(JobError, match="is damaged"):
        collect(job)


def test_a_run_ends_and_removes_what_the_one_before_left(quiet: int, jobs: Path) -> None:
    left = start([probe(quiet)], timeout=30.0, tries=1, parallel=10, name="run1")
    sender = sender_of(left)
    until(lambda: Path(left, "lock").read_text(encoding="ascii") == f"{sender}\n")
    other = start([probe(quiet)], timeout=0.1, tries=1, parallel=10, name="run2")
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10, name="run1")
    assert {str(path) for path in jobs.iterdir()} == {other, job}
    until(lambda: not Path(f"/proc/{sender}").exists())
    for mine in (other, job):
        assert [item["outcome"] for item in collect(mine)[0]] == ["silent"]


@pytest.mark.parametrize(("days", "stays"), [(1, True), (4, False)])
def test_what_ended_days_ago_is_removed_whosever_it_was(quiet: int, jobs: Path, days: int, stays: bool) -> None:
    old = start([probe(quiet)], timeout=0.1, tries=1, parallel=10, name="run1")
    until(lambda: Path(old, "answers.json").exists())
    until(lambda: sender_is_gone(old))
    then = Path(old).stat().st_mtime - days * 24 * 3600
    os.utime(old, (then, then))
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    assert {str(path) for path in jobs.iterdir()} == {job, *([old] if stays else [])}


def test_a_job_that_still_sends_is_not_ended_for_its_age(quiet: int, jobs: Path) -> None:
    old = start([probe(quiet)], timeout=30.0, tries=1, parallel=10, name="run1")
    os.utime(old, (0, 0))
    job = start([probe(quiet)], timeout=0.1, tries=1, parallel=10)
    assert {str(path) for path in jobs.iterdir()} == {job, old}
    os.kill(sender_of(old), signal.SIGKILL)


def test_what_only_looks_like_a_job_is_left_alone(quiet: int, jobs: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (jobs / "faxnet-probes-run1-link").symlink_to(elsewhere)
    (jobs / "faxnet-probes-run1-file").write_text("", encoding="ascii")
    collect(start([probe(quiet)], timeout=0.1, tries=1, parallel=10, name="run1"))
    assert {path.name for path in jobs.iterdir()} == {
        "elsewhere",
        "faxnet-probes-run1-link",
        "faxnet-probes-run1-file",
    }


@pytest.mark.parametrize("name", ["../x", "a b", "x" * 33])
def test_a_name_that_leads_elsewhere_is_refused(quiet: int, jobs: Path, name: str) -> None:
    with pytest.raises(JobError, match="no name of a job"):
        start([probe(quiet)], timeout=0.1, tries=1, parallel=10, name=name)
    assert list(jobs.iterdir()) == []
