# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's files, put in place by a play (the host is this machine), as far as that goes without systemd.

That they run is tested in the molecule scenarios, and what role C(emulator) does when they do not in test_preflight.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network, Outcome, tree

PLAY = """
- name: Put the emulator in place
  hosts: fax
  gather_facts: false
  tasks:
    - name: Put it in place
      faxnet.deploy.emulator: {options}
"""
FILES = ["lib/emulator.pyz", "etc/emulator.json", "systemd/faxnet-emulator.service"]
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {log}
exit {code}
"""


@dataclass(frozen=True)
class Host:
    """The planned network, and a folder that stands for its server's files."""

    network: Network
    folder: Path

    def run(self, *arguments: str, **given: Any) -> tuple[Outcome, dict[str, Any]]:
        """Put the emulator in place, with these options besides; the run and the task's result."""
        program, settings, service = (str(self.folder / "on" / name) for name in FILES)
        options = {"program": program, "settings": settings, "service": service, "python": sys.executable, **given}
        outcome = self.network.run(PLAY.format(options=json.dumps(options)), *arguments)
        (result,) = outcome.results
        return outcome, result

    def there(self) -> list[str]:
        """Its files."""
        return sorted(tree(self.folder / "on"))

    def systemctl(self, code: int = 0) -> None:
        """Stand in for systemctl; it notes how it is called, and ends with that status."""
        program = self.folder / "bin" / "systemctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text(SYSTEMCTL.format(log=self.folder / "systemctl.log", code=code), encoding="utf-8")
        program.chmod(0o755)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    made = Network(tmp_path_factory.mktemp("emulator"))
    everywhere = {
        "ansible_connection": "local",
        "ansible_pipelining": True,
        "ansible_python_interpreter": sys.executable,
        "faxnet_site": "office",
        "faxnet_sites": {"office": {"networks": ["10.1.0.0/24"]}},
    }
    hosts: dict[str, dict[str, Any]] = {
        "fax": {"faxnet_address": "10.1.0.10", "faxnet_offers": [{"service": "netcfax"}]},
        "pc": {"faxnet_address": "10.1.0.21", "faxnet_uses": [{"service": "netcfax", "server": "fax"}]},
    }
    made.write({"all": {"vars": everywhere, "hosts": hosts}})
    made.planned()
    return made


@pytest.fixture
def host(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(network, tmp_path)
    made.systemctl()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return made


def test_its_files_are_written_when_they_differ_and_removed_with_the_service(host: Host) -> None:
    checked, result = host.run("--check", "--diff")
    assert (checked.code, result["changed"], result["written"]) == (0, True, ["program", "settings", "service"])
    assert host.there() == []
    assert '+    "host": "fax",' in checked.text
    assert "+SHA-256 " in checked.text

    _first, result = host.run()
    assert (result["written"], result["serves"]) == (["program", "settings", "service"], True)
    assert host.there() == sorted(FILES)
    on = host.folder / "on"
    told = json.loads((on / "etc/emulator.json").read_text("utf-8"))
    assert (told["addresses"], [offer["service"] for offer in told["offers"]]) == (["10.1.0.10"], ["netcfax"])
    program, settings = str(on / "lib/emulator.pyz"), str(on / "etc/emulator.json")
    subprocess.run([sys.executable, "-I", program, "check", "--config", settings], check=True, capture_output=True)
    unit = (on / "systemd/faxnet-emulator.service").read_text("utf-8")
    assert f"ExecStart={sys.executable} -I {program} run --config {settings}\n" in unit

    before = tree(on)
    again, result = host.run("--diff")
    assert (result["changed"], result["written"]) == (False, [])
    assert "+++ " not in again.text
    assert tree(on) == before

    _other, result = host.run(timing={"answer": 2})
    assert result["written"] == ["settings"]

    _checked, result = host.run("--check", state="absent")
    assert (result["changed"], result["removed"]) == (True, ["service", "settings", "program"])
    assert host.there() == sorted(FILES)
    assert not (host.folder / "systemctl.log").exists()
    for removed in (["service", "settings", "program"], []):
        outcome, result = host.run(state="absent")
        assert (outcome.code, result["changed"], result["removed"]) == (0, bool(removed), removed)
        assert host.there() == []
    log = (host.folder / "systemctl.log").read_text("utf-8")
    assert log == "disable --now faxnet-emulator.service\ndaemon-reload\n"


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["for real", "check"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"timing": {"patience": 2}}, "timing.patience: unknown; write one of "),
        ({"python": "/usr/bin/python3.0"}, "the interpreter /usr/bin/python3.0 is not there; name one of this host in"),
        ({"python": "/bin/false"}, "/bin/false ended with status 1"),
    ],
    ids=["settings", "interpreter", "silent"],
)
def test_nothing_is_written_of_an_emulator_that_does_not_work(
    host: Host, given: dict[str, Any], said: str, arguments: tuple[str, ...]
) -> None:
    outcome, result = host.run(*arguments, **given)
    assert outcome.code != 0
    assert said in result["msg"]
    assert host.there() == []


def test_what_keeps_running_stays_in_place(host: Host) -> None:
    host.run()
    host.systemctl(code=1)
    outcome, _result = host.run(state="absent")
    assert outcome.code != 0
    assert host.there() == sorted(FILES)
