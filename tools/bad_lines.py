# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrives over bad lines: pages by T.38 and as sound (G.711), over one network, measured with real services.

    python -m tools.bad_lines              half an hour: the table of docs/guides/fax.md
    python -m tools.bad_lines --pages 1    one page a way and line, and the table goes to the terminal alone

Brings the inventory ``fax`` up as a lab of its own, deploys it, makes one office's line to the outside worse and worse,
and sends test pages that can be told by their mark. Each is called for once: what a fax server tries again does not
count. The lab is removed at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from tools.lab import lifecycle
from tools.lab import line as lines
from tools.lab.checkout import ROOT
from tools.lab.errors import LabError
from tools.lab.fax import FaxHosts
from tools.lab.inventory import Line
from tools.lab.podman import Podman, find_podman
from tools.lab.progress import Progress

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.page import pictures, postscript, read

INVENTORY = ROOT / "inventories" / "fax"
PAGE = ROOT / "docs" / "guides" / "fax.md"
LAB = "bad_lines"
LINES = (
    Line(),
    Line(loss=0.02),
    Line(loss=0.1),
    Line(loss=1),
    Line(loss=5),
    Line(loss=10),
    Line(delay=100, jitter=30),
)
#: Dots of a page that may differ, as the canary has it.
MOST_UNLIKE = 0.02
WHOLE, SPOILT, LOST = "whole", "spoilt", "lost"
#: The receiving modems by their numbers.
_MODEMS = {"5552": "ttyIAX0", "5554": "ttyIAX2"}
#: Seconds for one call, with dialling, training and the page.
PATIENCE = 150
_DRAWN = "tiff2ps -a {tiff} | gs -q -dNOPAUSE -dBATCH -sDEVICE=pbmraw -r50 -sPAPERSIZE=a4 -sOutputFile=- -"
_AS_TIFF = (
    "gs -q -dNOPAUSE -dBATCH -sDEVICE=tiffg4 -r204x98 -g1728x1145 -sOutputFile=/srv/made.tif - && cat /srv/made.tif"
)
_ASTERISK_FAX = "/var/spool/asterisk/fax"
_BEGIN, _END = "<!-- bad lines: written by python -m tools.bad_lines -->", "<!-- end of bad lines -->"


class Sent(NamedTuple):
    """What became of one page, and after how many seconds that was known."""

    fate: str
    seconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.bad_lines", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--pages", type=int, default=6, help="pages a way and line (6)")
    wanted = parser.parse_args(arguments)
    podman, progress = find_podman(), Progress()
    try:
        lab = lifecycle.up(podman, INVENTORY, progress, name=LAB)
        try:
            _deploy(lab, progress)
            offices = _Offices(lab.container_of)
            rows = [(line, _measure(podman, offices, line, wanted.pages, progress)) for line in LINES]
        finally:
            lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)
    except LabError as error:
        print(f"bad_lines: {error}", file=sys.stderr)
        return 1
    table = _table(rows, wanted.pages)
    print(table)
    if wanted.pages == parser.get_default("pages"):
        text = PAGE.read_text(encoding="utf-8")
        begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
        PAGE.write_text(f"{text[:begin]}\n\n{table}\n{text[end:]}", encoding="utf-8")
    return 0


def _deploy(lab: lifecycle.Lab, progress: Progress) -> None:
    places = {"faxnet_directory": str(lab.directory / "faxnet"), "faxnet_lock": str(lab.directory / "lock.json")}
    for playbook in ("faxnet.deploy.plan", "faxnet.deploy.deploy"):
        with progress.step(playbook):
            ran = subprocess.run(
                ["ansible-playbook", "-i", str(INVENTORY), "-i", str(lab.connection), "-e", json.dumps(places),
                 playbook],
                env={**os.environ, "ANSIBLE_PIPELINING": "1"}, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if ran.returncode != 0:
            raise LabError(f"{playbook} failed:\n{ran.stdout[-3000:]}{ran.stderr[-1000:]}")


class _Offices(FaxHosts):
    """Both ways of a page from Florida to Sheffield."""

    def __init__(self, container_of: dict[str, str]) -> None:
        super().__init__(container_of)
        # Both ways at once take numbers from it.
        self._marks = itertools.count(int(time.time()) << 16)

    def _page(self) -> tuple[int, str]:
        mark = next(self._marks)
        return mark, postscript(mark, ("A page over a bad line.",))

    def _told(self, host: str, command: str) -> str:
        return self.taken(host, command).decode(errors="replace")

    def by_t38(self) -> Sent:
        """From Asterisk to Asterisk, as data."""
        mark, page = self._page()
        self._give("fl-pbx", "/srv/page.tif", self.taken("fl-fax", f"cat <<'E' | ({_AS_TIFF})\n{page}\nE"))
        log = "grep -c 'fax sent\\|fax not sent' /var/log/asterisk/messages || true"
        before, begun = int(self._told("fl-pbx", log)), time.monotonic()
        self.taken("uk-pbx", f"rm -f {_ASTERISK_FAX}/*.tif")
        self.taken("fl-pbx", "faxnet-sendfax sheffield 5570 /srv/page.tif")
        self._until(lambda: int(self._told("fl-pbx", log)) > before, PATIENCE)
        time.sleep(1)
        arrived = self._told("uk-pbx", f"ls {_ASTERISK_FAX}/*.tif 2>/dev/null || true").split()
        seconds = time.monotonic() - begun
        if not arrived:
            return Sent(LOST, seconds)
        self._give("uk-fax", "/srv/t38.tif", self.taken("uk-pbx", f"cat {arrived[0]}"))
        return Sent(self._fate("/srv/t38.tif", mark), seconds)

    def as_sound(self, number: str) -> Sent:
        """From HylaFAX to HylaFAX by software modems and IAX2, as G.711."""
        mark, page = self._page()
        self.inside("fl-pc", "sh", "-c", f"cat >/srv/{number}.ps", stdin=page)
        known, begun = self._received_by(_MODEMS[number]), time.monotonic()
        ran = self.send("fl-pc", "reception", "open-secret", number, f"/srv/{number}.ps", "-t", "1", "-T", "1")
        job = re.search(r"request id is (\d+)", ran.stdout)
        if job is None:
            raise LabError(f"fl-fax does not take the page: {ran.stdout.strip() or ran.stderr.strip()}")
        self._until(lambda: any(call[1:5:3] == ["SEND", job[1]] for call in self._calls("fl-fax")), PATIENCE)
        # What could not be sent is not tried again.
        self.inside("fl-fax", "faxrm", "-a", job[1])
        self._until(lambda: self._received_by(_MODEMS[number]) != known, 10)
        seconds = time.monotonic() - begun
        found = self._received_by(_MODEMS[number])[len(known) :]
        return Sent(self._fate(f"/var/spool/hylafax/{found[0]}", mark) if found else LOST, seconds)

    def _calls(self, host: str) -> list[list[str]]:
        """What a server logs of its calls (xferfaxlog(5))."""
        log = self._told(host, "cat /var/spool/hylafax/log/xferfaxlog 2>/dev/null || true")
        return [line.split("\t") for line in log.splitlines()]

    def _received_by(self, modem: str) -> list[str]:
        return [call[4] for call in self._calls("uk-fax") if call[1:4:2] == ["RECV", modem]]

    def _fate(self, tiff: str, mark: int) -> str:
        shown = pictures(self.taken("uk-fax", _DRAWN.format(tiff=tiff)))
        readings = [read(picture) for picture in shown]
        whole = [reading for reading in readings if reading.mark == mark and reading.unlike <= MOST_UNLIKE]
        return WHOLE if whole and len(shown) == 1 else SPOILT

    def _give(self, host: str, path: str, content: bytes) -> None:
        command = ["podman", "exec", "--interactive", self.containers[host], "sh", "-c", f"cat >{path}"]
        subprocess.run(command, input=content, capture_output=True, check=True)

    @staticmethod
    def _until(arrived: Callable[[], bool], seconds: float) -> None:
        """Wait for it, and no longer."""
        end = time.monotonic() + seconds
        while not arrived() and time.monotonic() < end:
            time.sleep(1)


def _measure(podman: Podman, offices: _Offices, line: Line, pages: int, progress: Progress) -> list[list[Sent]]:
    lines.mend(podman, LAB, progress)
    if line != Line():
        lines.make_bad(podman, LAB, "uk-router", line, progress)
    with progress.step(f"{pages} pages each way over {line}"), ThreadPoolExecutor(3) as at_once:
        data = at_once.submit(_pages, offices.by_t38, pages)
        # Both modems have a half.
        halves = [
            at_once.submit(_pages, partial(offices.as_sound, number), (pages + place) // 2)
            for place, number in enumerate(_MODEMS)
        ]
        rows = [data.result(), [sent for half in halves for sent in half.result()]]
    for row in rows:
        progress.say(", ".join(f"{sent.fate} {sent.seconds:.0f} s" for sent in row))
    return rows


def _pages(way: Callable[[], Sent], count: int) -> list[Sent]:
    return [way() for _number in range(count)]


def _table(rows: list[tuple[Line, list[list[Sent]]]], pages: int) -> str:
    of_a_way = ("whole", "spoilt", "seconds a page")
    head = ["lost each way", "delay each way", *(f"{way}, {what}" for way in ("T.38", "G.711") for what in of_a_way)]
    told = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for line, ways in rows:
        delay = f"{line.delay:g} ms" + (f" ± {line.jitter:g}" if line.jitter else "") if line.delay else "none"
        told.append(f"| {line.loss:g} % | {delay} | " + " | ".join(_cells(way, pages) for way in ways) + " |")
    return "\n".join(told) + "\n"


def _cells(way: list[Sent], pages: int) -> str:
    whole = [sent.seconds for sent in way if sent.fate == WHOLE]
    mean = f"{sum(whole) / len(whole):.0f}" if whole else "-"
    return f"{len(whole)} of {pages} | {sum(sent.fate == SPOILT for sent in way)} | {mean}"


if __name__ == "__main__":
    sys.exit(main())
