# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real page crosses the network: HylaFAX, iaxmodem and Asterisk, installed by the roles, behind the plan's own rules.

An office's PC hands it to its fax server, which calls the other office's through two NAT routers and an exchange. The
tests follow one another on the same hosts, as an administrator's day does.
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

import pytest

from tools.lab import lifecycle
from tools.lab.image import Recipe
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

# Sound that is late on a busy machine ends a call. It is made again, but nobody can say how often.
pytestmark = [pytest.mark.lab, pytest.mark.slow]

HERE = Path(__file__).parent / "fax"
INVENTORY = HERE / "network"
FAX = ("fl-fax", "uk-fax", "fl-pc", "uk-pc")
PASSWORD = "open-secret"  # noqa: S105, of a lab
#: What is sent: big letters, and a frame that shows whether the page is whole.
PAGE = """%!PS
/Helvetica-Bold findfont 60 scalefont setfont
6 setlinewidth 50 80 500 600 rectstroke 120 500 moveto (A PAGE) show
/Helvetica-Bold findfont 180 scalefont setfont 150 250 moveto (NUMBER) show showpage
"""
#: Hands a document to sendfax, which asks for the password on a terminal.
SEND = """
import os, pty, sys
os.environ["FAXUSER"] = sys.argv[1]
child, terminal = pty.fork()
if not child:
    os.execvp("sendfax", ["sendfax", "-n", "-d", *sys.argv[3:]])
said = b""
while True:
    try:
        said += os.read(terminal, 1000)
    except OSError:
        break
    if said.endswith(b"Password:"):
        said += b" "
        os.write(terminal, sys.argv[2].encode() + b"\\n")
print(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
#: Pages of a TIFF file as plain pictures, small enough to be compared.
WIDTH, HEIGHT = 165, 220
PICTURE = f"tiff2ps -a {{tiff}} | gs -q -dNOPAUSE -dBATCH -sDEVICE=pgmraw -r20 -g{WIDTH}x{HEIGHT} -sOutputFile=- -"
#: A document as HylaFAX itself makes a fax of it, on A4 (ps2fax(8)), with the resolution of those received.
AS_FAX = """cat >/srv/page.ps
cd /var/spool/hylafax
made="bin/ps2fax -o /srv/page.tif -w 1728 -l 297 -r 98 -2 /srv/page.ps"
unshare --mount sh -c "mount --bind /etc/hylafax etc && $made"
tiffset -s XResolution 204 /srv/page.tif
"""


@dataclass(frozen=True)
class Offices:
    """The lab and its plan."""

    containers: dict[str, str]
    inventories: tuple[Path, ...]
    directory: Path

    def play(self, playbook: str, *arguments: str, **values: object) -> subprocess.CompletedProcess[str]:
        """Run one of the collection's playbooks."""
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

    def inside(self, host: str, *argv: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on a host from the side."""
        return subprocess.run(
            ["podman", "exec", "--interactive", self.containers[host], *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def told(self, host: str, command: str, stdin: str | None = None) -> str:
        """What a shell command says on a host; it must succeed."""
        ran = self.inside(host, "sh", "-c", command, stdin=stdin)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def send(
        self, host: str, number: str, document: str, *options: str, user: str = "reception", password: str = PASSWORD
    ) -> subprocess.CompletedProcess[str]:
        """Hand a document of a host to the fax server that is set up there."""
        given = [user, password, number, *options, document]
        return self.inside(host, "timeout", "60", "python3", "-c", SEND, *given)

    def received(self, host: str) -> list[str]:
        """The received faxes of a host: those that its log calls received, for a file is there long before."""
        log = self.told(host, "cat /var/spool/hylafax/log/xferfaxlog 2>/dev/null || true")
        lines = [line.split("\t") for line in log.splitlines()]
        return [fields[4] for fields in lines if fields[1] == "RECV"]

    def wait(self, host: str, count: int, seconds: float = 240) -> list[str]:
        """Wait until a host has received so many faxes; all of them."""
        until = time.monotonic() + seconds
        while len(found := self.received(host)) < count:
            assert time.monotonic() < until, self.told(
                "fl-fax", "faxstat -s -q -d; tail -n 40 $(ls -t /var/spool/hylafax/log/c* | head -n 1)"
            )
            time.sleep(1)
        return found

    def as_fax(self, host: str, page: str) -> list[bytes]:
        """A document as a fax server would send it, in pictures."""
        self.told(host, AS_FAX, stdin=page)
        return self.pixels(host, "/srv/page.tif")

    def pixels(self, host: str, tiff: str) -> list[bytes]:
        """The pages of a TIFF file, each as rows of grey."""
        command = ["podman", "exec", self.containers[host], "sh", "-c", PICTURE.format(tiff=tiff)]
        ran = subprocess.run(command, capture_output=True, check=True)
        size = f"{WIDTH} {HEIGHT}".encode()
        pattern = rb"P5\n(?:#[^\n]*\n)?%b\n255\n(.{%d})" % (size, WIDTH * HEIGHT)
        return re.findall(pattern, ran.stdout, re.DOTALL)


def unlike(sent: bytes, received: bytes) -> float:
    """The share of one page's ink that has none of the other's near it, whichever is more.

    Without the top, where HylaFAX prints a line of its own. The two ways to a picture differ by a dot.
    """

    def without(ink: set[tuple[int, int]], other: set[tuple[int, int]]) -> float:
        around = {(x + right, y + down) for x, y in other for right in (-1, 0, 1) for down in (-1, 0, 1)}
        return len(ink - around) / max(1, len(ink))

    one, other = (
        {(place % WIDTH, place // WIDTH) for place, grey in enumerate(page) if grey < 200 and place // WIDTH >= 20}
        for page in (sent, received)
    )
    return max(without(one, other), without(other, one))


def changed(ran: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """By host, how many tasks changed something; the run must have succeeded."""
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return {
        host: int(count) for host, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", ran.stdout, re.MULTILINE)
    }


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """Hosts without rules and without services, planned; removed at the end."""
    podman, progress = find_podman(), Progress()
    special = {name: Recipe(None, HERE / "image") for name in FAX} | {"exchange": Recipe("bullseye", HERE / "exchange")}
    lab = lifecycle.up(podman, INVENTORY, progress, name="fax", special=special)
    try:
        made = Offices(
            dict(lab.container_of), (INVENTORY, lab.directory / "inventory.yml"), tmp_path_factory.mktemp("fax")
        )
        planned = made.play("faxnet.deploy.plan")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


def test_check_mode_on_fresh_hosts_shows_the_change_and_makes_none(offices: Offices) -> None:
    would = changed(offices.play("faxnet.deploy.deploy", "--check"))
    assert all(would[host] > 1 for host in (*FAX, "exchange")), would
    for host in (*FAX, "exchange"):
        traces = "ls -d /etc/hylafax /etc/iaxmodem /etc/asterisk /etc/systemd/system/faxnet-[fih]* 2>/dev/null || true"
        assert offices.told(host, traces) == ""


def test_the_services_are_installed_and_a_second_run_changes_nothing(offices: Offices) -> None:
    changed(offices.play("faxnet.deploy.deploy"))
    assert "Running and idle" in offices.told("fl-fax", "faxstat -s")
    peers = offices.told("exchange", "asterisk -rx 'iax2 show peers'")
    # Both come through their offices' routers.
    assert re.search(r"florida-1 +198\.51\.100\.31 .* OK", peers), peers
    assert re.search(r"sheffield-1 +203\.0\.113\.31 .* OK", peers), peers
    again = offices.play("faxnet.deploy.deploy", "--diff")
    assert set(changed(again).values()) == {0}, again.stdout


def test_the_server_listens_where_it_is_meant_to_and_nowhere_else(offices: Offices) -> None:
    listening = offices.told("fl-fax", "ss -Hltn | awk '{print $4}'").split()
    assert sorted(each for each in listening if each.endswith((":4559", ":444"))) == [
        "10.31.1.10:4559",
        "127.0.0.1:4559",
    ]


def test_no_secret_is_shown(offices: Offices) -> None:
    ran = offices.play("faxnet.deploy.deploy", "--check", "--diff", "-vv", reception_password="another-secret")  # noqa: S106, of a lab
    assert changed(ran)["fl-fax"] == 1
    assert "^reception@10" in ran.stdout or "censored" in ran.stdout or "no_log" in ran.stdout
    for secret in ("another-secret", PASSWORD, "first secret", "second secret", "$6$"):
        assert secret not in ran.stdout + ran.stderr


@pytest.mark.parametrize(("host", "mode"), [("fl-pc", "active"), ("uk-pc", "active"), ("uk-pc", "passive")])
def test_a_page_arrives_as_it_was_sent(offices: Offices, host: str, mode: str) -> None:
    """From beside the server; and across both routers, where the data connections need the helper on each of them."""
    before = len(offices.received("uk-fax"))
    page, another = (PAGE.replace("NUMBER", f"{before + number}{mode[0]}") for number in (1, 2))
    offices.told(host, "cat >/srv/page.ps", stdin=page)
    offices.told(host, f"echo 'PassiveMode: {'Yes' if mode == 'passive' else 'No'}' >~/.hylarc")
    ran = offices.send(host, "5552", "/srv/page.ps")
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    described = offices.told("uk-fax", f"tiffinfo {arrived}")
    assert described.count("TIFF Directory at") == 1, described
    assert "Image Width: 1728" in described
    (received,) = offices.pixels("uk-fax", arrived)
    (sent,) = offices.as_fax("uk-fax", page)
    (other,) = offices.as_fax("uk-fax", another)
    assert unlike(sent, received) < 0.01
    # Another page is another picture: the comparison can fail.
    assert unlike(other, received) > 0.01


def test_received_faxes_are_in_the_folder_and_in_the_mail_as_pdf(offices: Offices) -> None:
    count = len(offices.received("uk-fax"))
    assert count
    assert offices.told("uk-fax", "head -qc 5 /srv/fax/*.pdf") == "%PDF-" * count
    until = time.monotonic() + 30
    while "application/pdf" not in (mail := offices.told("uk-fax", "cat /var/mail/reception 2>/dev/null || true")):
        assert time.monotonic() < until, offices.told("uk-fax", "journalctl --no-pager | tail -n 30; ls -la /var/mail")
        time.sleep(1)
    assert "fax" in mail.partition("Subject:")[2].partition("\n")[0].lower()


@pytest.mark.parametrize(
    ("user", "password"), [("reception", "wrong"), ("nobody", PASSWORD)], ids=["wrong password", "unknown user"]
)
def test_who_may_not_use_the_server_is_refused(offices: Offices, user: str, password: str) -> None:
    ran = offices.send("fl-pc", "5552", "/srv/page.ps", user=user, password=password)
    assert ran.returncode != 0
    assert "530 Login incorrect" in ran.stdout


def test_a_host_that_the_plan_does_not_name_does_not_reach_the_server(offices: Offices) -> None:
    ran = offices.inside("exchange", "timeout", "4", "nc", "-w", "2", "198.51.100.31", "4559")
    assert (ran.returncode == 0, "HylaFAX" in ran.stdout) == (False, False)


def test_mistakes_in_the_modems_are_told_all_at_once_and_nothing_changes(offices: Offices) -> None:
    modems = [
        {"name": "ttyIAX0", "port": 4570},
        {"name": "ttyIAX0", "port": 4570, "peer": "x"},
        {"name": "a b", "peer": "y"},
    ]
    ran = offices.play("faxnet.deploy.deploy", "--tags", "services", "--limit", "fl-fax", hylafax_server_modems=modems)
    said = " ".join(ran.stdout.split())
    assert ran.returncode != 0
    for part in (
        "[0].name: ttyIAX0 is there 2 times",
        "[1].port: 4570 is there 2 times",
        "[0].peer: missing",
        "'a b' is no",
    ):
        assert f"hylafax_server_modems{part}" in said or part in said, said
    assert "Running and idle" in offices.told("fl-fax", "faxstat -s")


def test_it_is_removed_and_faxes_stay(offices: Offices) -> None:
    roles = {
        "uk-fax": "hylafax_server", "uk-pc": "hylafax_client", "exchange": "asterisk_fax",
    }  # fmt: skip
    for host, role in roles.items():
        play = offices.directory / "remove.yml"
        play.write_text(
            f"- hosts: {host}\n  gather_facts: false\n  roles: [faxnet.deploy.{role}]\n"
            f"  vars: {{{role}_state: absent}}\n",
            encoding="utf-8",
        )
        assert changed(offices.play(str(play)))[host] > 0
        assert changed(offices.play(str(play))) == {host: 0}
    left = offices.told(
        "uk-fax", "ls /etc/systemd/system; ls /var/spool/hylafax/recvq; ls /srv/fax; pgrep -l 'fax|iax' || true"
    )
    assert "faxnet-iaxmodem" not in left
    assert "faxnet-faxgetty" not in left
    assert re.search(r"fax0+1\.tif", left)
    assert re.search(r"fax0+1\.pdf", left)
