# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document for each host in one folder, such that a task reads its own host's and nothing else.

A small network has a file for each host, which people open and review by its name. Where there are more than
:data:`MOST_FILES` hosts, nobody does, and as many files cost more than planning them: all documents stand in one file
then, a line each, beside an index of equally long rows, sorted by host, which is searched and not loaded.
"""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .sealed_json import PlanFileError
from .swap import steadily

#: From one host more on, documents are lines of one file. A thousand files take 0.07 s more than one.
MOST_FILES = 1000

LINES_FILE = "lines.jsonl"
INDEX_FILE = "lines.index"


def file_of(host: str) -> str:
    """Name of a host's own file, where hosts have one."""
    return f"{host}.json"


def lines_and_index(documents: Iterable[tuple[str, bytes]], rows: list[tuple[str, int, int]]) -> Iterator[bytes]:
    """Yield the documents, which end in a line's end each, and note a row of the index for each in *rows*."""
    offset = 0
    for host, content in documents:
        rows.append((host, offset, len(content)))
        offset += len(content)
        yield content


def index_text(rows: Iterable[tuple[str, int, int]]) -> bytes:
    """Return the index: host, offset and length in bytes; each row padded to the same length."""
    ordered = sorted(rows)
    width = max((len(host) for host, _offset, _length in ordered), default=0)
    return "".join(f"{host:<{width}} {offset:>15} {length:>12}\n" for host, offset, length in ordered).encode()


def write_documents(folder: Path, documents: Iterable[tuple[str, bytes]], count: int) -> None:
    """Write the documents of *count* hosts to an empty folder.

    Raises:
        OSError: it cannot be written.
    """
    if count <= MOST_FILES:
        for host, content in documents:
            (folder / file_of(host)).write_bytes(content)
        return
    rows: list[tuple[str, int, int]] = []
    with (folder / LINES_FILE).open("wb", buffering=1 << 20) as stream:
        stream.writelines(lines_and_index(documents, rows))
    (folder / INDEX_FILE).write_bytes(index_text(rows))


class _Hosts:
    """The index's column of hosts; each is read when it is asked for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._row = os.pread(descriptor, 512, 0).find(b"\n") + 1
        self._size = os.fstat(descriptor).st_size

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._size // self._row if self._row else 0

    def __getitem__(self, number: int) -> str:
        """Return the host of a row."""
        return self.row(number)[0]

    def row(self, number: int) -> tuple[str, int, int]:
        """Return a row: host, offset and length."""
        host, offset, length = os.pread(self._descriptor, self._row, number * self._row).decode().split()
        return host, int(offset), int(length)


def read_document(folder: Path, host: str, cure: str) -> tuple[bytes, str] | None:
    """Return a host's document and where it stands, for messages; None where there is none.

    Another folder may take the place of this one meanwhile.

    Args:
        host: a name without a problem (``names.name_problem``).
        cure: what to do where the folder cannot be read.

    Raises:
        PlanFileError: the folder cannot be read, or is replaced for too long.
    """
    return steadily(folder, lambda: _document_in(folder, host, cure))


def _document_in(folder: Path, host: str, cure: str) -> tuple[bytes, str] | None:
    own = folder / file_of(host)
    try:
        return own.read_bytes(), str(own)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise PlanFileError(f"{own} cannot be read: {error}; make it readable, or {cure}") from error
    try:
        # Both files of one folder, though another takes its name meanwhile.
        with _opened(folder) as at, _opened(INDEX_FILE, at) as index, _opened(LINES_FILE, at) as lines:
            return _line(index, lines, host, folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise PlanFileError(f"{folder / INDEX_FILE} cannot be read: {error}; make it readable, or {cure}") from error


@contextmanager
def _opened(path: Path | str, at: int | None = None) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY, dir_fd=at)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _line(index: int, lines: int, host: str, folder: Path) -> tuple[bytes, str] | None:
    hosts = _Hosts(index)
    number = bisect.bisect_left(hosts, host)
    if number == len(hosts):
        return None
    found, offset, length = hosts.row(number)
    if found != host:
        return None
    return os.pread(lines, length, offset), f"{folder / LINES_FILE} (the line of {host})"
