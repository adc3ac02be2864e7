# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real faxes in a lab: hand a page to HylaFAX as a user does, wait until it has arrived, and look at it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tools.lab.errors import LabError
from tools.lab.progress import Progress

#: What the demonstration sends; large enough to be read in a terminal.
_LETTER = """%!PS
/Helvetica-Bold findfont 82 scalefont setfont
10 setlinewidth 45 110 505 640 rectstroke
80 620 moveto (HELLO,) show 80 520 moveto (SHEFF-) show 80 430 moveto (IELD.) show
/Helvetica-Bold findfont 150 scalefont setfont 80 250 moveto (NUMBER) show
/Helvetica findfont 12 scalefont setfont
80 170 moveto (From the PC fl-pc in Florida, by HylaFAX, two NAT routers and an exchange,) show
80 148 moveto (to the fax server uk-fax in Sheffield. Page number NUMBER of this demonstration.) show showpage
"""
#: Hands a document to sendfax, which asks for the password on a terminal.
_SEND = """
import os, pty, sys
os.environ["FAXUSER"] = sys.argv[1]
child, terminal = pty.fork()
if not child:
    os.execvp("sendfax", ["sendfax", *sys.argv[3:]])
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
_SPOOL = "/var/spool/hylafax"
#: Grey values from which a dot of a small picture counts as paper.
_PAPER = 200
# Two dots above each other are one letter: terminals have no square ones.
_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class FaxHosts:
    """Hosts with HylaFAX, by the containers of a lab."""

    def __init__(self, container_of: Mapping[str, str]) -> None:
        self.containers = dict(container_of)

    def inside(self, host: str, *argv: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on a host from the side."""
        return subprocess.run(
            ["podman", "exec", "--interactive", self.containers[host], *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def taken(self, host: str, command: str) -> bytes:
        """What a shell command prints on a host.

        Raises:
            LabError: it failed; the message has what it said.
        """
        argv = ["podman", "exec", self.containers[host], "sh", "-c", command]
        ran = subprocess.run(argv, capture_output=True, check=False)
        if ran.returncode != 0:
            raise LabError(f"{host}: {command}: {ran.stderr.decode(errors='replace').strip()}")
        return ran.stdout

    def send(
        self, host: str, user: str, password: str, number: str, document: str, *options: str, cover: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Hand a document of a host to the fax server that is set up there, with a cover page if wanted."""
        given = [user, password, *([] if cover else ["-n"]), *options, "-d", number, document]
        return self.inside(host, "timeout", "60", "python3", "-c", _SEND, *given)

    def received(self, host: str) -> list[str]:
        """The faxes of a host that its log calls received, below its spool; a file is there long before."""
        log = self.taken(host, f"cat {_SPOOL}/log/xferfaxlog 2>/dev/null || true").decode(errors="replace")
        lines = [line.split("\t") for line in log.splitlines()]
        return [fields[4] for fields in lines if len(fields) > 4 and fields[1] == "RECV"]


def show_a_page(container_of: Mapping[str, str], folder: Path, progress: Progress, patience: float = 300) -> Path:
    """Send a page from one office's PC to the other's fax server, and show what arrived there.

    Args:
        container_of: container of each host of the inventory ``fax``.
        folder: where the received page goes, as a picture.
        progress: tells what is done.
        patience: seconds to wait for the page.

    Returns:
        The picture, a PNG file.

    Raises:
        LabError: it was not taken, or did not arrive in time.
    """
    hosts = FaxHosts(container_of)
    before = len(hosts.received("uk-fax"))
    page = _LETTER.replace("NUMBER", str(before + 1))
    with progress.step("sending a page from fl-pc to the number 5552, by fl-fax, both routers and the exchange"):
        hosts.inside("fl-pc", "sh", "-c", "cat >/srv/page.ps", stdin=page)
        ran = hosts.send("fl-pc", "reception", "open-secret", "5552", "/srv/page.ps")
        if ran.returncode != 0:
            raise LabError(f"fl-fax does not take the page: {ran.stdout.strip() or ran.stderr.strip()}")
        until = time.monotonic() + patience
        while len(found := hosts.received("uk-fax")) <= before:
            if time.monotonic() > until:
                said = hosts.taken("fl-fax", "faxstat -s -q -d").decode(errors="replace").strip()
                raise LabError(f"the page has not arrived after {patience:.0f} seconds; fl-fax says:\n{said}")
            time.sleep(1)
    arrived = f"{_SPOOL}/{found[-1]}"
    picture = folder / "received.png"
    picture.write_bytes(hosts.taken("uk-fax", _drawn(arrived, "pnggray", 75)))
    print(f"\nreceived by uk-fax:\n\n{in_letters(hosts.taken('uk-fax', _drawn(arrived, 'pgmraw', 9)))}")
    return picture


def _drawn(tiff: str, device: str, dots: int) -> str:
    """The command that draws a TIFF file's pages with so many dots an inch."""
    return f"tiff2ps -a {tiff} | gs -q -dNOPAUSE -dBATCH -sDEVICE={device} -r{dots} -sPAPERSIZE=a4 -sOutputFile=- -"


def in_letters(picture: bytes) -> str:
    """A picture (PGM, as Ghostscript writes it) for a terminal, two rows of dots a line."""
    header = re.match(rb"P5\n(?:#[^\n]*\n)*(\d+) (\d+)\n255\n", picture)
    if header is None:
        raise LabError("this is no picture in the format that was asked for")
    width, height = int(header[1]), int(header[2])
    dots = picture[header.end() :]
    ink = [[grey < _PAPER for grey in dots[row * width : (row + 1) * width]] for row in range(height)]
    ink.append([False] * width)
    pairs = zip(ink[0:height:2], ink[1::2], strict=True)
    lines = ["".join(_BLOCKS[both] for both in zip(upper, lower, strict=True)).rstrip() for upper, lower in pairs]
    return "\n".join(lines).strip("\n")
