# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Offices that send each other real faxes, and what arrives, in pictures."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.lab import lifecycle
from tools.lab.fax import FaxHosts
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

INVENTORY = Path(__file__).parents[2] / "inventories" / "fax"
FAX = ("fl-fax", "uk-fax", "fl-pc", "uk-pc")
ASTERISKS = ("exchange", "fl-pbx", "uk-pbx")

PASSWORD = "open-secret"  # noqa: S105, of a lab
#: What is sent, in PostScript: big letters, and a frame that shows whether the page is whole.
PAGE = """%!PS
/Helvetica-Bold findfont 60 scalefont setfont
6 setlinewidth 50 80 500 600 rectstroke 120 500 moveto (A PAGE) show
/Helvetica-Bold findfont 180 scalefont setfont 150 250 moveto (NUMBER) show showpage
"""
#: Pages of a TIFF file as plain pictures, small enough to be compared.
WIDTH, HEIGHT = 165, 220
PICTURE = f"tiff2ps -a {{tiff}} | gs -q -dNOPAUSE -dBATCH -sDEVICE=pgmraw -r20 -g{WIDTH}x{HEIGHT} -sOutputFile=- -"
#: A document as HylaFAX itself makes a fax of it, on A4 (ps2fax(8)), with the resolution of those received.
AS_FAX = """cat >/srv/page.ps
cd /var/spool/hylafax
made="bin/ps2fax -o /srv/page.tif -w 1728 -l 297 -r 98 -2 /srv/page.ps"
unshare --mount sh -c "mount --bind /etc/hylafax etc && $made"
pages=$(tiffinfo /srv/page.tif | grep -c "TIFF Directory at")
for page in $(seq 0 $((pages - 1))); do tiffset -d $page -s XResolution 204 /srv/page.tif; done
"""
#: A document as Asterisk takes it.
AS_TIFF = (
    "gs -q -dNOPAUSE -dBATCH -sDEVICE=tiffg4 -r204x98 -g1728x1145 -sOutputFile=/srv/made.tif - && cat /srv/made.tif"
)


class Offices(FaxHosts):
    """The lab and its plan.

    Attributes:
        served: whether the plan is deployed, so that the services run.
    """

    def __init__(self, container_of: Mapping[str, str], inventories: tuple[Path, ...], directory: Path) -> None:
        super().__init__(container_of)
        self.inventories = inventories
        self.directory = directory
        self.served = False

    def serve(self) -> None:
        """Put the plan's rules in force and install the services, once."""
        if not self.served:
            changed(self.play("faxnet.deploy.deploy"))
            self.served = True

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

    def told(self, host: str, command: str, stdin: str | None = None) -> str:
        """What a shell command says on a host; it must succeed."""
        ran = self.inside(host, "sh", "-c", command, stdin=stdin)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def give(self, host: str, path: str, content: bytes) -> None:
        """Put a file on a host."""
        command = ["podman", "exec", "--interactive", self.containers[host], "sh", "-c", f"cat >{path}"]
        subprocess.run(command, input=content, capture_output=True, check=True)

    def eventually(self, host: str, command: str, seconds: float) -> str:
        """What a shell command says on a host, as soon as it says something."""
        until = time.monotonic() + seconds
        while not (said := self.inside(host, "sh", "-c", command).stdout.strip()):
            assert time.monotonic() < until, self.told(host, "tail -n 40 /var/log/asterisk/messages || true")
            time.sleep(1)
        return said

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


def pages_as_sent(offices: Offices, host: str, mode: str, pages: int = 1) -> int:
    """Send pages from a PC to the other office's server; how many of the one fax that arrives are as they were sent.

    Args:
        offices: the lab; the services run.
        host: the PC.
        mode: who opens the data connections: ``active``, the server, or ``passive``, the PC.
        pages: how many pages the fax has.

    Raises:
        AssertionError: what arrives is no fax of so many pages, or cannot be told from another one.
    """
    before = len(offices.received("uk-fax"))
    each = [PAGE.replace("NUMBER", f"{before}{mode[0]}{number}") for number in range(pages + 1)]
    another = each.pop()
    offices.told(host, "cat >/srv/page.ps", stdin="".join(each))
    offices.told(host, f"echo 'PassiveMode: {'Yes' if mode == 'passive' else 'No'}' >~/.hylarc")
    ran = offices.send(host, "reception", PASSWORD, "5552", "/srv/page.ps")
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    # Sound that is late on a busy machine ends a call, which is made again after five seconds.
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    described = offices.told("uk-fax", f"tiffinfo {arrived}")
    assert described.count("TIFF Directory at") == pages, described
    assert described.count("Image Width: 1728") == pages, described
    received, sent = offices.pixels("uk-fax", arrived), offices.as_fax("uk-fax", "".join(each))
    # Another page is another picture: the comparison can fail.
    (other,) = offices.as_fax("uk-fax", another)
    assert all(unlike(other, page) > 0.01 for page in received)
    return sum(unlike(*both) < 0.01 for both in zip(sent, received, strict=True))


def tiff(offices: Offices, page: str) -> bytes:
    """A document as a TIFF file, made where there is a Ghostscript."""
    ran = subprocess.run(
        ["podman", "exec", "--interactive", offices.containers["uk-fax"], "sh", "-c", AS_TIFF],
        input=page.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return ran.stdout


def canary(offices: Offices, **values: object) -> dict[str, object]:
    """Make the inventory's call; what came of it."""
    ran = offices.play("faxnet.deploy.canary", **{"canary_patience": 45, "canary_fail": False, **values})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr
    kept = offices.directory / "faxnet" / "canary" / "florida-to-sheffield.json"
    found: dict[str, object] = json.loads(kept.read_text(encoding="utf-8"))[0]
    return found


@contextlib.contextmanager
def offices_in(directory: Path) -> Iterator[Offices]:
    """The lab, planned, its hosts without rules and services; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="fax")
    try:
        made = Offices(lab.container_of, (INVENTORY, lab.connection), directory)
        changed(made.play("faxnet.deploy.plan"))
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)
