# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role communigate on real hosts: from a package of the vendor's shape to a server that knows its network.

The package installs this collection's emulator at the product's paths (tests/standins/communigate.py). What the server
holds is read from its own settings file, and not through the module that wrote it. The tests follow one another, as an
administrator's days do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.standins import communigate
from tests.standins.packages import build_deb, build_rpm, checksum
from tools.lab import lifecycle
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

# A role on real hosts is in `make test` with test_kerio_role.py.
pytestmark = [pytest.mark.lab, pytest.mark.labs]

#: What a listener on every IPv4 address shows.
EVERY_IPV4 = "0.0.0.0"  # noqa: S104, nothing is bound here
HERE = Path(__file__).parent / "communigate_role"
ROOT = Path(__file__).parents[2]
PLAY = """\
- name: Deploy a server
  hosts: "{{ server }}"
  gather_facts: false
  become: true
  roles:
    - role: faxnet.deploy.communigate
"""
KEYS = {
    "wan_address": "WANAddress",
    "server_lan_address": "ServerLANAddress",
    "media_udp": "UDPPorts",
    "media_tcp": "TCPPorts",
}
WRONG = "not the password of anybody"


@dataclass(frozen=True)
class Run:
    """What a run of the play said and did."""

    succeeded: bool
    text: str

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        return int(re.findall(r"changed=(\d+)", self.text)[-1])

    @property
    def words(self) -> str:
        """The text with every kind of white space as one blank."""
        return " ".join(self.text.split())


@dataclass(frozen=True)
class Server:
    """One of the lab's servers: its container, the play, and what it is given."""

    name: str
    container: str
    inventories: tuple[Path, ...]
    folder: Path
    package: Path

    def deploy(self, *arguments: str, package: Path | None = None, **variables: Any) -> Run:
        """Run the role."""
        chosen = package or self.package
        given = {
            "server": self.name,
            "communigate_package": str(chosen),
            "communigate_checksum": checksum(chosen),
            "communigate_firewall": False,
            "faxnet_directory": str(self.folder),
            **variables,
        }
        return _play(self.inventories, self.folder / "play.yml", given, *arguments)

    def inside(self, command: str) -> str:
        """Run a shell command on the server, from the side."""
        ran = subprocess.run(
            ["podman", "exec", self.container, "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    @property
    def password(self) -> str:
        """The password that the fresh server made for itself, as its administrator finds it."""
        text = self.inside(f"cat {communigate.BASE}/Accounts/postmaster.macnt/account.settings")
        found = re.search(r'Password\s*=\s*"?([^";\s]+)', text)
        assert found is not None
        return found[1]

    @property
    def process(self) -> str:
        """The running server's process."""
        return self.inside(f"cat {communigate.BASE}/ProcessID").strip()

    @property
    def starts(self) -> int:
        """How often the server was started, by its own log."""
        return int(self.inside(f"cat {communigate.BASE}/SystemLogs/* | grep -c ' started, IPv6 is '"))

    def setting(self, name: str) -> str:
        """A setting as the server's own file holds it."""
        text = self.inside(f"cat {communigate.BASE}/Settings/Main.settings")
        found = re.search(rf'\b{name} = ("(?:[^"\\]|\\.)*"|[^;]*);', text)
        assert found is not None, text
        return found[1].strip('"').replace("\\e", "\n")

    def listens_on(self, port: int) -> set[str]:
        """The addresses on which a TCP port listens."""
        return set(re.findall(rf"(\S+):{port}\b", self.inside("ss -Hltn | awk '{print $4}'")))


def _play(inventories: tuple[Path, ...], play: Path, variables: dict[str, Any], *arguments: str) -> Run:
    ran = subprocess.run(
        [
            "ansible-playbook",
            *(word for path in inventories for word in ("-i", str(path))),
            "-e",
            json.dumps(variables),
            *arguments,
            str(play),
        ],
        env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(ran.returncode == 0, ran.stdout + ran.stderr)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Two hosts without the product, one for each kind of package, and a plan; removed at the end."""
    folder = tmp_path_factory.mktemp("communigate")
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, HERE / "lab", progress, name="communigate_role")
    try:
        inventories = (HERE / "network", lab.connection)
        where = {"faxnet_directory": str(folder), "faxnet_lock": str(folder / "lock.json")}
        planned = _play(inventories, ROOT / "playbooks" / "plan.yml", where)
        assert planned.succeeded, planned.text
        stand_in = communigate.package("6.3.12")
        packages = {
            "cgate": build_deb(stand_in, folder),
            "cgate-rpm": build_rpm(stand_in, folder, lab.container_of["cgate-rpm"]),
        }
        yield {
            name: Server(name, lab.container_of[name], inventories, folder, package)
            for name, package in packages.items()
        }
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


@pytest.fixture
def cgate(servers: dict[str, Server]) -> Server:
    """The server with the .deb."""
    return servers["cgate"]


@pytest.fixture
def cgate_rpm(servers: dict[str, Server]) -> Server:
    """The server with the .rpm."""
    return servers["cgate-rpm"]


def _untouched(server: Server) -> bool:
    return server.inside("ls -d /opt/CommuniGate /var/CommuniGate /etc/faxnet 2>/dev/null || true") == ""


def test_check_mode_on_a_host_without_the_product_shows_everything_and_changes_nothing(cgate: Server) -> None:
    run = cgate.deploy("--check", "--diff", communigate_password=WRONG, communigate_firewall=True)
    assert run.succeeded, run.text
    assert "10.0.8.0-10.0.8.255 ; site branch" in run.text
    assert "+table inet faxnet" in run.text
    assert _untouched(cgate)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"communigate_checksum": "sha256:" + "0" * 64}, "and not the expected 0000"),
        ({"communigate_password": ""}, "communigate_password is not set. Put the password of postmaster into a vault"),
        ({"communigate_start_options": ["--LogAll; reboot"]}, "communigate_start_options holds --LogAll; reboot."),
        ({"communigate_ipv6": "perhaps"}, "value of communigate_ipv6 must be one of: auto, on, off, got: perhaps"),
        ({"communigate_debug_ips": ["10.0.0.9-10.0.0.1"]}, 'line 1: "10.0.0.9-10.0.0.1" runs backwards'),
    ],
)
def test_what_is_wrong_is_refused_before_anything_changes(
    cgate: Server, variables: dict[str, Any], message: str
) -> None:
    run = cgate.deploy(**{"communigate_password": WRONG, **variables})
    assert not run.succeeded
    assert message in run.words
    assert _untouched(cgate)


def test_another_program_on_one_of_its_ports_is_named(cgate: Server) -> None:
    cgate.inside("systemd-run --quiet --unit other-mail nc -lk 10.0.1.12 25")
    try:
        run = cgate.deploy(communigate_password=WRONG)
    finally:
        cgate.inside("systemctl stop other-mail")
    assert not run.succeeded
    assert "port 25/tcp (SMTP) is held by nc" in run.words
    assert _untouched(cgate)


def test_the_first_run_installs_and_starts_and_says_how_to_get_a_password(cgate: Server) -> None:
    run = cgate.deploy("-vvv", communigate_password=WRONG, communigate_firewall=True)
    assert not run.succeeded
    assert "501 incorrect password" in run.words
    assert "After a fresh installation, open the WebAdmin interface and set the password of postmaster" in run.words
    assert WRONG not in run.text
    assert cgate.inside("systemctl is-active CommuniGate.service").strip() == "active"
    assert cgate.inside("systemctl is-enabled CommuniGate.service 2>/dev/null").strip() == "enabled"
    assert cgate.inside("stat -c '%U %G %a' /var/CommuniGate").strip() == "root mail 2770"
    assert "table inet faxnet" in cgate.inside("nft list tables")
    assert cgate.starts == 1


@pytest.mark.acceptance("CG-01")
@pytest.mark.acceptance("CG-02")
@pytest.mark.acceptance("CG-04")
@pytest.mark.acceptance("CG-05")
@pytest.mark.acceptance("CG-09")
@pytest.mark.acceptance("CG-11")
@pytest.mark.acceptance("CG-24")
def test_the_server_is_told_the_network_around_it(cgate: Server) -> None:
    found = cgate.setting("LANIPs")
    assert found == "10.0.1.12"  # what the server found out by itself
    run = cgate.deploy(
        "--diff",
        communigate_password=cgate.password,
        communigate_keys=KEYS,
        communigate_debug_ips=["192.0.2.90 ; the phone that fails"],
    )
    assert run.succeeded, run.text
    assert cgate.password not in run.text
    lan = "10.0.1.0-10.0.1.255 ; site office\nfd00:1::-fd00:1::ffff:ffff:ffff:ffff ; site office"
    assert cgate.setting("LANIPs") == f"{found}\n{lan}"
    # The difference shows the list as it was read, and what comes in.
    assert f" {found}\n+{lan.splitlines()[0]}" in run.text
    assert cgate.setting("NATedIPs") == "10.0.8.0-10.0.8.255 ; site branch"
    assert cgate.setting("ClientIPs") == ""
    assert cgate.setting("DebugIPs") == "192.0.2.90 ; the phone that fails"
    assert cgate.setting("WANAddress") == "198.51.100.77"
    assert cgate.setting("ServerLANAddress") == "10.0.1.12"
    assert (cgate.setting("UDPPorts"), cgate.setting("TCPPorts")) == ("60000-60099", "61000-61099")


def test_a_second_run_changes_nothing(cgate: Server) -> None:
    process = cgate.process
    run = cgate.deploy(
        communigate_password=cgate.password,
        communigate_keys=KEYS,
        communigate_debug_ips=["192.0.2.90 ; the phone that fails"],
    )
    assert (run.succeeded, run.changed) == (True, 0), run.text
    assert cgate.process == process


@pytest.mark.acceptance("CG-02")
@pytest.mark.acceptance("CG-21")
def test_ipv6_is_forced_off_with_one_restart_and_beside_the_administrators_own_options(cgate: Server) -> None:
    assert cgate.listens_on(25) == {"*"}
    cgate.inside("echo 'SUPPLPARAMS=\"--LogToConsole\"' > /var/CommuniGate/Startup.sh")
    process, starts = cgate.process, cgate.starts
    run = cgate.deploy(communigate_password=cgate.password, communigate_ipv6="off", communigate_clients_relay=True)
    assert run.succeeded, run.text
    assert (cgate.process != process, cgate.starts) == (True, starts + 1)
    assert cgate.inside(f"tr '\\0' ' ' < /proc/{cgate.process}/cmdline").endswith("--LogToConsole --IPv6 NO ")
    assert cgate.listens_on(25) == {EVERY_IPV4}
    # LAN addresses become client addresses because it was asked for, and no key means entering by hand.
    assert cgate.setting("ClientIPs").splitlines()[0] == "10.0.1.0-10.0.1.255 ; site office"
    assert "Settings, Network: WAN IP Address 198.51.100.77" in run.words


def test_a_newer_package_is_started_once(cgate: Server) -> None:
    newer = build_deb(communigate.package("6.3.13"), cgate.folder)
    starts = cgate.starts
    run = cgate.deploy(package=newer, communigate_password=cgate.password, communigate_ipv6="off")
    assert run.succeeded, run.text
    assert "stand-in of version 6.3.13" in cgate.inside(f"head -2 {communigate.PROGRAM}")
    assert cgate.starts == starts + 1


def test_a_base_folder_that_is_in_use_is_not_moved(cgate: Server) -> None:
    run = cgate.deploy(communigate_password=cgate.password, communigate_base="/srv/communigate")
    assert not run.succeeded
    assert "/var/CommuniGate is a base folder already, and communigate_base is /srv/communigate" in run.words
    assert cgate.inside("ls -d /srv/communigate 2>/dev/null || true") == ""


def test_the_server_is_there_after_a_reboot(cgate: Server) -> None:
    subprocess.run(["podman", "restart", "--time", "5", cgate.container], check=True, capture_output=True)
    until = time.monotonic() + 60
    while "25" not in cgate.inside("ss -Hltn | grep -o ':25 ' || true"):
        assert time.monotonic() < until, cgate.inside("systemctl status CommuniGate.service --no-pager || true")
        time.sleep(0.5)
    assert cgate.listens_on(25) == {EVERY_IPV4}


@pytest.mark.acceptance("CG-21")
def test_an_rpm_is_installed_with_another_base_folder_and_ipv6_forced_on(cgate_rpm: Server) -> None:
    wanted = {
        "communigate_network": False,
        "communigate_base": "/srv/mail/communigate",
        "communigate_ipv6": "on",
        # Debian has dnf for this test, and Ansible does not expect one here.
        "vendor_package_dnf": "dnf4",
    }
    run = cgate_rpm.deploy(**wanted)
    assert run.succeeded, run.text
    assert cgate_rpm.inside("rpm -q cgatepro-linux").strip() == "cgatepro-linux-6.3.12-1.noarch"
    assert cgate_rpm.inside("readlink /var/CommuniGate").strip() == "/srv/mail/communigate"
    assert cgate_rpm.inside("stat -c '%U %G %a' /srv/mail /srv/mail/communigate").split("\n")[:2] == [
        "root root 755",
        "root mail 2770",
    ]
    assert cgate_rpm.listens_on(25) == {"*"}
    again = cgate_rpm.deploy(**wanted)
    assert (again.succeeded, again.changed) == (True, 0), again.text
    assert cgate_rpm.starts == 1
