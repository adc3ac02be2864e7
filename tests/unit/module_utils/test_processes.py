# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what runs is what is installed: against real processes of this machine."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.faxnet.deploy.plugins.module_utils._listening import processes
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.processes import lacks, processes_of
from ansible_collections.faxnet.deploy.plugins.modules import program_info

OPTIONS = ["--IPv6", "NO"]


@pytest.fixture(params=["program", "script"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A program that runs until it is ended: a copy of a binary, or a script."""
    path = tmp_path / "CGServer"
    if request.param == "program":
        shutil.copy(str(shutil.which("sleep")), path)
    else:
        path.write_text("#!/bin/sh\nread line\n", encoding="ascii")
        path.chmod(0o755)
    return path


@contextlib.contextmanager
def running(server: Path, *options: str) -> Iterator[int]:
    """The program's process."""
    words = [str(server), *(options or ["600"])]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        try:
            until = time.monotonic() + 10
            while not processes_of(str(server), []):
                assert time.monotonic() < until
            yield process.pid
        finally:
            process.kill()


def reasons(server: Path, *files: Path) -> list[str]:
    (found,) = processes_of(str(server), [str(path) for path in files])
    return found.reasons


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a moment later are newer: no test waits for a second."""
    monkeypatch.setattr(processes, "_AT_ONCE", -0.02)


def reasons_after(server: Path, touched: Path, sign: str) -> list[str]:
    """Touch a file until it is seen to be younger than the process; the reasons then."""
    until = time.monotonic() + 10
    while sign not in (found := reasons(server, touched)):
        assert time.monotonic() < until
        touched.touch()
    return found


def test_what_runs_as_it_is_installed_has_no_reason_to_be_started_again(server: Path, tmp_path: Path) -> None:
    settings = tmp_path / "Startup.sh"
    settings.touch()
    with running(server) as pid:
        (found,) = processes_of(str(server), [str(settings), str(tmp_path / "not there")])
        assert (found.pid, found.reasons) == (pid, [])
        assert found.age < 60


def test_who_only_reads_the_program_does_not_run_it(server: Path) -> None:
    reading = ["tail", "-f", str(server)]
    with running(server) as pid, subprocess.Popen(reading, stdout=subprocess.DEVNULL) as reader:
        try:
            until = time.monotonic() + 10
            while "tail" not in Path(f"/proc/{reader.pid}/cmdline").read_text(encoding="ascii"):
                assert time.monotonic() < until
            assert [found.pid for found in processes_of(str(server), [])] == [pid]
        finally:
            reader.kill()


@pytest.mark.usefixtures("at_once")
def test_a_program_that_was_replaced_is_seen(server: Path) -> None:
    with running(server):
        newer = server.with_name("newer")
        shutil.copy(server, newer)
        newer.replace(server)
        assert reasons_after(server, server, f"{server} is another file now")
        server.unlink()
        assert reasons(server) == [f"{server} is gone"]


@pytest.mark.usefixtures("at_once")
def test_settings_that_were_written_since_are_seen(server: Path, tmp_path: Path) -> None:
    settings = tmp_path / "Startup.sh"
    with running(server):
        settings.touch()
        assert reasons_after(server, settings, f"{settings} is newer")


@pytest.mark.parametrize(
    ("arguments", "options", "missing"),
    [
        (["CGServer", "--Base", "/var", "--IPv6", "NO"], OPTIONS, False),
        (["CGServer", "--IPv6", "YES", "NO"], OPTIONS, True),
        (["CGServer"], OPTIONS, True),
        (["CGServer"], [], False),
    ],
)
def test_options_stand_together(arguments: list[str], options: list[str], missing: bool) -> None:
    assert lacks(arguments, options) is missing


def test_the_module_tells_what_is_outside_the_unit_and_what_lacks_its_options(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(**options: Any) -> dict[str, Any]:
        given = {"program": str(server), "options": OPTIONS, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            program_info.main()
        return dict(json.loads(capsys.readouterr().out))

    assert told(unit="a.service")["processes"] == []
    with running(server) as pid:
        outside = told(unit="a.service")
        assert (outside["outside"], outside["stale"]) == ([pid], [])
        inside = told(unit=outside["processes"][0]["unit"])
        assert (inside["outside"], inside["stale"]) == ([], ["it runs without --IPv6 NO"])
