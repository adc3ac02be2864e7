# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module that sends probes, run by Ansible: it sends nothing beside an emulator that has its turn first."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest


def told(arguments: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["ansible", "localhost", "-m", "faxnet.deploy.probe", "-a", json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"=> (\{.*\})", done.stdout, re.DOTALL)
    assert done.returncode == 0, done.stdout + done.stderr
    assert found, done.stdout
    answer: dict[str, Any] = json.loads(found.group(1))
    return answer


@pytest.mark.parametrize("background", [False, True])
def test_nothing_is_sent_where_an_emulator_runs(tmp_path: Path, background: bool) -> None:
    control = tmp_path / "control"
    control.touch()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.5)
        probe = {"id": "a", "address": "127.0.0.1", "transport": "tcp", "port": listener.getsockname()[1]}
        wanted = {"probes": [probe], "timeout": 0.5, "background": background, "unless_there": str(control)}
        answer = told(wanted)
        assert (answer["held_back"], answer["job"], answer["results"]) == (True, "", [])
        with pytest.raises(TimeoutError):
            listener.accept()
        control.unlink()
        answer = told(wanted)
        listener.accept()[0].close()
    assert answer["held_back"] is False
    if background:
        answer = told({"job": answer["job"]})
    assert [item["outcome"] for item in answer["results"]] == ["open"]
