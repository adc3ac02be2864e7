# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HylaFAX server says about itself: its modems, one job, its room for faxes, and the test pages it received.

It reads the spool as hylafax-server(1) and xferfaxlog(5) describe it, and asks nothing that would change anything.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .page import Picture, pictures, read

#: States of a job (q file, `state`), by number: faxq's own names.
_STATES = {
    "1": "suspended",
    "2": "pending",
    "3": "sleeping",
    "4": "blocked",
    "5": "ready",
    "6": "active",
    "7": "done",
    "8": "failed",
}
_IAXMODEM = Path("/etc/iaxmodem")
#: A received page is drawn with so many dots an inch, far more than its cells need.
_DOTS = 50
#: And so many for people, who read its words.
_SHOWN_DOTS = 75
_DRAW_SECONDS = 60
#: What iaxmodem logs (1.2.0) at every registration that the exchange refuses, and nothing where it does not answer.
_REFUSED = "Registration failed"
_STARTED = "Modem started"
#: Seconds between two registrations where the settings do not say, and what one may be late.
_REFRESH, _LATE = 300, 15


def modems(spool: Path) -> list[dict[str, Any]]:
    """The modems of a server, by name.

    Returns:
        Dictionaries with ``name``, ``status`` (as faxgetty says), ``answering`` (whether a faxgetty runs for it),
        ``there`` (whether its device exists) and, of a software modem, ``refused`` (whether its exchange said no).
    """
    found = []
    for config in sorted(spool_settings(spool).glob("config.*")):
        name = config.name.partition(".")[2]
        if not (spool / f"FIFO.{name}").exists() and not (spool / "status" / name).exists():
            continue
        modem = {
            "name": name,
            "status": _first_line(spool / "status" / name),
            "answering": _is_read(spool / f"FIFO.{name}"),
            "there": Path("/dev", name).exists(),
        }
        if (_IAXMODEM / name).exists():
            modem["refused"] = _refused(name)
        found.append(modem)
    return found


def spool_settings(spool: Path) -> Path:
    """Where a server's settings are: Debian keeps them in /etc and shows them in the spool to its services alone."""
    inside = spool / "etc"
    return inside if any(inside.glob("config*")) else Path("/etc/hylafax")


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[0]
    except (OSError, IndexError):
        return ""


def _is_read(fifo: Path) -> bool:
    """Whether a program reads a named pipe."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as problem:
        return problem.errno not in (errno.ENXIO, errno.ENOENT)
    return True


def _refused(name: str) -> bool:
    """Whether a software modem was refused when it last registered, since it was started."""
    argv = ["journalctl", "--quiet", "--no-pager", "--output", "cat", "--unit", f"*iaxmodem@{name}*"]
    try:
        refresh = re.search(r"^refresh\s+(\d+)", (_IAXMODEM / name).read_text(encoding="utf-8"), re.MULTILINE)
        seconds = int(refresh[1] if refresh else _REFRESH) + _LATE
        argv += ["--since", f"-{seconds}s"]
        ran = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return _REFUSED in ran.stdout.rpartition(_STARTED)[2]


def job(spool: Path, number: int) -> dict[str, Any] | None:
    """What became of a job: ``state``, ``status`` (why it waits or failed), ``dials``, ``pages``; None: no such job."""
    for folder in ("sendq", "doneq"):
        path = spool / folder / f"q{number}"
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        said = dict(line.partition(":")[::2] for line in text.splitlines() if ":" in line)
        return {
            "state": _STATES.get(said.get("state", ""), "unknown"),
            "status": said.get("status", "").strip(),
            "dials": int(said.get("totdials") or 0),
            "pages": int(said.get("npages") or 0),
        }
    return None


def free(spool: Path) -> int:
    """Bytes that may still be written where a server keeps its jobs and faxes, the least of all these folders."""
    found = []
    for folder in (spool, *(spool / name for name in ("sendq", "docq", "recvq", "tmp"))):
        try:
            room = os.statvfs(folder)
        except FileNotFoundError:
            continue
        found.append(room.f_bavail * room.f_frsize)
    return min(found)


def received(spool: Path, since: float) -> list[dict[str, Any]]:
    """The faxes that a server received since a moment, the oldest first.

    A file is there as soon as a call is answered; received is what the log says so of.

    Args:
        spool: the spool.
        since: seconds since 1970.

    Returns:
        Dictionaries with ``file``, ``pages``, ``failed`` (why, as the log says; empty where all went well), and of
        every test page ``mark`` (16 hexadecimal digits) and ``unlike`` (``marks``, a list).
    """
    found = []
    for file, pages, failed in _logged(spool):
        path = spool / file
        try:
            changed = path.stat().st_mtime
        except OSError:
            continue
        if changed < since:
            continue
        readings = [read(picture) for picture in _drawn(path)]
        marks = [{"mark": f"{each.mark:016x}", "unlike": each.unlike} for each in readings if each.mark is not None]
        found.append({"file": file, "pages": pages, "failed": failed, "marks": marks})
    return found


def _logged(spool: Path) -> Iterator[tuple[str, int, str]]:
    """File, pages and failure of every call that brought a fax (xferfaxlog(5), RECV)."""
    try:
        lines = (spool / "log" / "xferfaxlog").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        fields = [field.strip('"') for field in line.split("\t")]
        if len(fields) >= 14 and fields[1] == "RECV" and re.fullmatch(r"recvq/[\w.-]+", fields[4]):
            yield fields[4], int(fields[10]) if fields[10].isdigit() else 0, fields[13]


def _drawn(tiff: Path) -> list[Picture]:
    """The pages of a TIFF file as dots; none where it cannot be read."""
    return pictures(_by_ghostscript(tiff, "pbmraw", _DOTS))


def shown(spool: Path, file: str) -> bytes:
    """The first page of a received fax for people, as PNG; empty where it cannot be read.

    Args:
        spool: the spool.
        file: as `received` names it.
    """
    return _by_ghostscript(spool / file, "pnggray", _SHOWN_DOTS, "-dFirstPage=1", "-dLastPage=1")


def _by_ghostscript(tiff: Path, device: str, dots: int, *options: str) -> bytes:
    """What Ghostscript draws of a TIFF file's pages, in one stream; empty where it cannot be read.

    A stranger sent it: it is read with the rights of the account that received it, never with root's.
    """
    drawing = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-dSAFER", f"-sDEVICE={device}", f"-r{dots}", "-sPAPERSIZE=a4"]
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        owner = tiff.stat()
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    try:
        with subprocess.Popen(
            ["tiff2ps", "-a", str(tiff)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **account
        ) as told:
            ran = subprocess.run(
                [*drawing, *options, "-sOutputFile=-", "-"],
                stdin=told.stdout,
                capture_output=True,
                timeout=_DRAW_SECONDS,
                check=False,
                **account,
            )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    drawn: bytes = ran.stdout
    return drawn


def now() -> float:
    """This host's own time: the files' times are its, too."""
    return time.time()
