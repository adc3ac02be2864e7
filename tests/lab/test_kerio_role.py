# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kerio Connect from its package to its console, with a stand-in package: refused, tried, installed, asked.

The tests follow one another on the same hosts, as an administrator's day does.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.listening_ports import listening_ports
from tests.standins import kerio_connect
from tests.standins.packages import File, Package, build_deb, build_rpm, checksum
from tools.lab import lifecycle
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

pytestmark = [pytest.mark.lab, pytest.mark.labs]

INVENTORY = Path(__file__).parent / "kerio_role"
PLAY = """\
- name: Deploy the mail server
  hosts: "{{ target }}"
  gather_facts: false
  roles:
    - role: faxnet.deploy.kerio_connect
      kerio_connect_wait: 4
"""
CONSOLE = """\
- name: Deploy the console
  hosts: console
  gather_facts: false
  roles:
    - role: faxnet.deploy.host_firewall
    - role: faxnet.deploy.emulator
    - role: faxnet.deploy.settings_sheets
"""
WRONG = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Office:
    """The lab, its plan, and the packages that its vendor hands out."""

    containers: dict[str, str]
    inventories: tuple[Path, ...]
    directory: Path

    @property
    def deb(self) -> Path:
        """The current package for Debian."""
        return self.directory / "kerio-connect_10.0.6_all.deb"

    def play(self, playbook: str, *arguments: str, **values: object) -> subprocess.CompletedProcess[str]:
        """Run a playbook: one of the collection's, or the text of one."""
        if "\n" in playbook:
            (self.directory / "play.yml").write_text(playbook, encoding="utf-8")
            playbook = str(self.directory / "play.yml")
        sources = [word for path in self.inventories for word in ("-i", str(path))]
        places = {
            "faxnet_directory": str(self.directory / "faxnet"),
            "faxnet_lock": str(self.directory / ".faxnet.lock.json"),
        }
        ran = subprocess.run(
            ["ansible-playbook", *sources, "-e", json.dumps({**places, **values}), *arguments, playbook],
            env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stdout + ran.stderr
        return ran

    def install(self, *arguments: str, host: str = "mail", **values: object) -> subprocess.CompletedProcess[str]:
        """Run the role on one host, with the right package unless another one is named."""
        values.setdefault("kerio_connect_package", str(self.deb))
        values.setdefault("kerio_connect_checksum", checksum(self.deb))
        return self.play(PLAY, *arguments, target=host, **values)

    def inside(self, host: str, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a host from the side."""
        return subprocess.run(
            ["podman", "exec", self.containers[host], *argv], capture_output=True, text=True, check=False
        )

    def told(self, host: str, *argv: str) -> str:
        """What a command says on a host; it must succeed."""
        ran = self.inside(host, *argv)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def give(self, text: str, host: str, path: str) -> None:
        """Put a file on a host."""
        made = self.directory / "given"
        made.write_text(text, encoding="utf-8")
        subprocess.run(["podman", "cp", str(made), f"{self.containers[host]}:{path}"], check=True)

    def traces(self, host: str) -> list[str]:
        """What there is on a host of package and rules; empty on a fresh one."""
        found = self.inside(host, "sh", "-c", "ls -d /opt/kerio /var/cache/kerio-connect.* /etc/faxnet 2>/dev/null")
        return found.stdout.split() + self.told(host, "nft", "list", "tables").splitlines()

    def slice(self, host: str) -> dict[str, Any]:
        """A host's part of the plan."""
        text = (self.directory / "faxnet" / "plan" / "hosts" / f"{host}.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found


def changed(ran: subprocess.CompletedProcess[str]) -> str:
    """How many tasks changed something; the run must have succeeded."""
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.partition("changed=")[2].split()[0]


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    """What a run that must fail said."""
    assert ran.returncode != 0, ran.stdout
    return " ".join((ran.stdout + ran.stderr).split())


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Hosts without rules and without services, planned, and two packages; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="kerio-role")
    try:
        directory = tmp_path_factory.mktemp("kerio")
        made = Office(dict(lab.container_of), (INVENTORY, lab.directory / "inventory.yml"), directory)
        planned = made.play("faxnet.deploy.plan")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        (web_port,) = [each["port"] for each in listening_ports(made.slice("mail")) if each["exchange"] == "web_admin"]
        for version in ("10.0.6", "10.0.7"):
            build_deb(kerio_connect.package(directory, version, web_port), directory)
        build_rpm(kerio_connect.package(directory, "10.0.6", web_port), directory, lab.container_of["mail-rpm"])
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


def test_a_host_without_an_offer_is_refused(office: Office) -> None:
    said = refusal(office.install(host="console"))
    assert "console: the plan has no kerio_connect offer on this host. Add the service kerio_connect to its" in said
    assert office.traces("console") == []


def test_check_mode_on_a_fresh_host_shows_the_change_and_makes_none(office: Office) -> None:
    ran = office.install("--check", "--diff")
    assert changed(ran) == "2", ran.stdout
    assert "table inet faxnet" in ran.stdout
    assert office.traces("mail") == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kerio_connect_checksum": WRONG}, "PACKAGE has the sha256 checksum FOUND and not the expected 000"),
        ({"kerio_connect_checksum": "md5:d41d8cd98f"}, "the checksum md5:d41d8cd98f of PACKAGE cannot be used. Write"),
        ({"kerio_connect_checksum": "sha256:12"}, "the checksum sha256:12 of PACKAGE cannot be used. Write the algo"),
        ({"kerio_connect_package": "/nowhere/kerio.deb"}, "/nowhere/kerio.deb is no file on the controller"),
        ({"kerio_connect_package": "/nowhere/kerio.exe"}, "the package /nowhere/kerio.exe is neither a .deb nor"),
    ],
    ids=["wrong checksum", "broken algorithm", "too short", "no such file", "no package"],
)
def test_what_cannot_be_trusted_is_refused_before_anything_is_touched(
    office: Office, given: dict[str, object], message: str
) -> None:
    said = refusal(office.install(**given))
    message = message.replace("PACKAGE", str(office.deb)).replace("FOUND", checksum(office.deb).partition(":")[2])
    assert f"mail: {message}" in said
    assert office.traces("mail") == []


def test_a_host_where_another_program_has_one_of_the_ports_is_refused(office: Office) -> None:
    office.told("mail", "systemd-run", "--quiet", "--unit=old-mail", "nc", "-lk", "127.0.0.1", "25")
    said = refusal(office.install())
    assert (
        "mail: another program has what Kerio Connect needs: port 25/tcp (SMTP): nc (old-mail.service) listens" in said
    )
    assert office.traces("mail") == []
    office.told("mail", "systemctl", "stop", "old-mail")


def test_the_package_is_installed_behind_the_rules_and_runs_now_and_at_every_boot(office: Office) -> None:
    ran = office.install()
    assert changed(ran) == "4", ran.stdout
    assert "10.0.6" in office.told("mail", "dpkg-query", "--show", kerio_connect.NAME)
    for question, answer in (("is-active", "active"), ("is-enabled", "enabled")):
        assert office.told("mail", "systemctl", question, kerio_connect.UNIT) == answer
    # What the package found when it was unpacked: nothing of it ever listened unguarded.
    assert "table inet faxnet" in office.told("mail", "cat", kerio_connect.RULES)
    said = " ".join(ran.stdout.split())
    assert "port 44337/tcp (Administration): nothing listens; port 44337/udp (Log items): nothing listens" in said
    assert "go through the configuration wizard in a browser" in said
    assert "4040" not in said


def test_what_does_not_listen_fails_the_run_where_that_is_wanted(office: Office) -> None:
    said = refusal(office.install(kerio_connect_require_listeners=True))
    assert "mail: port 44337/tcp (Administration): nothing listens" in said


def test_after_the_wizard_everything_listens_and_nothing_is_left_to_do(office: Office) -> None:
    office.give(kerio_connect.configured(office.slice("mail")), "mail", kerio_connect.CONFIGURATION)
    office.told("mail", "systemctl", "restart", kerio_connect.UNIT)
    for arguments in ((), ("--check", "--diff")):
        ran = office.install(*arguments, kerio_connect_require_listeners=True)
        assert changed(ran) == "0", ran.stdout
        assert "nothing listens" not in ran.stdout


def test_the_playbook_that_deploys_installs_it_where_its_package_is_named(office: Office) -> None:
    named: dict[str, object] = {
        "kerio_connect_package": str(office.deb),
        "kerio_connect_checksum": checksum(office.deb),
    }
    task = "faxnet.deploy.kerio_connect : Run it now and at every boot"
    there = office.play("faxnet.deploy.deploy", "--limit", "mail", **named)
    assert task in there.stdout
    assert changed(there) == "0", there.stdout
    for given in ({}, {**named, "faxnet_emulate": True}):
        elsewhere = office.play("faxnet.deploy.deploy", "--check", "--limit", "mail", **given)
        assert elsewhere.returncode == 0, elsewhere.stdout + elsewhere.stderr
        assert task not in elsewhere.stdout


@pytest.mark.acceptance("KE-02", "KE-03")
def test_the_console_logs_in_and_gets_log_items_on_the_application_port(office: Office) -> None:
    ran = office.play(CONSOLE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "tcp 44337 to 10.79.0.10" in office.told("console", "cat", "/etc/faxnet/kerio-admin.txt")
    until = time.monotonic() + 20
    while True:
        notified = json.loads(office.inside("mail", kerio_connect.PROGRAM, "notify").stdout)
        outcomes = [(each["kind"], each["transport"], each["outcome"]) for each in notified["results"]]
        if outcomes == [("log item", "udp", "sent")]:
            break
        assert time.monotonic() < until, notified
        time.sleep(0.5)
    state = json.loads(office.told("console", "python3", "/usr/local/lib/faxnet/emulator.pyz", "state"))
    (console,) = state["instances"]
    assert console["notifications"][-1]["token"] == notified["results"][0]["token"]


def test_a_newer_package_is_installed_over_the_old_one_and_an_older_one_is_refused(office: Office) -> None:
    newer = office.directory / "kerio-connect_10.0.7_all.deb"
    given = {"kerio_connect_package": str(newer), "kerio_connect_checksum": checksum(newer)}
    assert changed(office.install(**given)) == "2"
    assert "10.0.7" in office.told("mail", "dpkg-query", "--show", kerio_connect.NAME)
    assert "later version" in refusal(office.install())
    assert "10.0.7" in office.told("mail", "dpkg-query", "--show", kerio_connect.NAME)


def know_the_shell(office: Office, host: str) -> None:
    """Let a Debian machine's rpm know that there is a shell, as it does where the shell came from an rpm."""
    shell = Package("shell", "1", "What rpm has to know of", {"/bin/sh": File(b"", 0o755)})
    build_rpm(shell, office.directory, office.containers[host])
    subprocess.run(
        ["podman", "cp", str(office.directory / "shell-1-1.noarch.rpm"), f"{office.containers[host]}:/srv"], check=True
    )
    office.told(host, "rpm", "--install", "--justdb", "/srv/shell-1-1.noarch.rpm")


def test_an_rpm_is_installed_from_a_url_and_only_with_the_right_checksum(office: Office) -> None:
    rpm = office.directory / "kerio-connect-10.0.6-1.noarch.rpm"
    subprocess.run(["podman", "cp", str(rpm), f"{office.containers['console']}:/srv/{rpm.name}"], check=True)
    serve = ("python3", "-m", "http.server", "--directory", "/srv", "8080")
    office.told("console", "systemd-run", "--quiet", "--unit=vendor", *serve)
    given: dict[str, object] = {
        "kerio_connect_package": f"http://10.79.0.20:8080/{rpm.name}?from=vendor.deb",
        "vendor_package_dnf": "dnf4",  # Ansible takes a host by its family, and Debian's is another one
    }
    know_the_shell(office, "mail-rpm")
    said = refusal(office.install(host="mail-rpm", kerio_connect_checksum=WRONG, **given))
    assert "did not match 0000000000" in said
    assert office.traces("mail-rpm") == []
    given["kerio_connect_checksum"] = checksum(rpm)
    assert changed(office.install(host="mail-rpm", **given)) == "4"
    assert office.told("mail-rpm", "rpm", "-q", kerio_connect.NAME) == "kerio-connect-10.0.6-1.noarch"
    assert office.told("mail-rpm", "systemctl", "is-enabled", kerio_connect.UNIT) == "enabled"
    assert changed(office.install(host="mail-rpm", **given)) == "0"
