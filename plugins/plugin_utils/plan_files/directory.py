# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan directories: the only place where the engine touches files.

A plan is written whole into a new directory that takes the old one's place: a reader finds a file of the old plan or of
the new one. A file that the new plan holds unchanged is the old one's, by a hard link.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..basics.gc_pause import gc_pause
from ..basics.names import name_problem
from .host_documents import INDEX_FILE, LINES_FILE, MOST_FILES, file_of, index_text, lines_and_index, read_document
from .new_folder import NewFolder
from .plan_json import PlanDocuments
from .references import check_plan
from .sealed_json import PlanFileError, read_sealed
from .shapes import PLAN, check_shape
from .slice_json import add_reasons, read_slice_document
from .swap import replace_folder, steadily, temporary

PLAN_FILE = "plan.json"
FINDINGS_FILE = "findings.json"
DIGEST_FILE = "digest"
HOSTS_DIRECTORY = "hosts"

_PLAN_AGAIN = "run the playbook faxnet.deploy.plan again"


def written_digest(directory: Path, cure: str = _PLAN_AGAIN) -> str:
    """Return the digest of the plan in *directory*, or an empty string where there is none.

    Args:
        cure: how to get a good one.

    Raises:
        PlanFileError: it cannot be read, or is none.
    """
    path = directory / DIGEST_FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} cannot be read: {error}; make it readable, or {cure}") from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise PlanFileError(f"{path} holds no digest; {cure}")
    return text


def write_plan(documents: PlanDocuments, directory: Path) -> bool:
    """Write a plan to *directory*; return False where the same plan is there already.

    A new plan's folders and files may be read by whom the umask lets.

    Raises:
        PlanFileError: the directory cannot be written, or something else than a plan lies there.
    """
    # Where the name is a link, what it leads to is replaced, and not the link.
    directory = directory.resolve()
    _refuse_other_files(directory)
    try:
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            around = temporary(directory)
        except OSError:
            if _put(documents, NewFolder(None, directory)):
                return False  # nothing has to be written where nobody may write
            raise
        try:
            # A temporary folder is its owner's alone; one that is made inside follows the umask, as all below it does.
            new = around / "new"
            (new / HOSTS_DIRECTORY).mkdir(parents=True)
            if _put(documents, NewFolder(new, directory)):
                return False
            replace_folder(new, directory)
        finally:
            shutil.rmtree(around, ignore_errors=True)
    except OSError as error:
        raise PlanFileError(f"{directory} cannot be written: {error}") from error
    return True


def is_current(documents: PlanDocuments, directory: Path) -> bool:
    """Whether *directory* holds this very plan: all its files and no others, byte for byte.

    Raises:
        PlanFileError: it cannot be read.
    """
    _refuse_other_files(directory)
    try:
        return _put(documents, NewFolder(None, directory))
    except OSError as error:
        raise PlanFileError(f"{directory} cannot be read: {error}; make it readable, or remove it") from error


def _refuse_other_files(directory: Path) -> None:
    """Refuse a directory that holds what no plan has: it is replaced as a whole, and that would be lost."""
    elsewhere = "or set faxnet_directory elsewhere"
    if not directory.exists():
        return
    if not directory.is_dir():
        raise PlanFileError(f"{directory} is a file; remove it, {elsewhere}")
    there = sorted(path.name for path in directory.iterdir())
    if there and DIGEST_FILE not in there:
        raise PlanFileError(f"{directory} holds something else than a plan; empty it, {elsewhere}")
    others = [name for name in there if name not in {PLAN_FILE, FINDINGS_FILE, DIGEST_FILE, HOSTS_DIRECTORY}]
    if others:
        raise PlanFileError(
            f"{directory} holds {others[0]}, which no plan has and which would be lost: the directory is replaced as "
            f"a whole. Move it away, {elsewhere}"
        )


def _put(documents: PlanDocuments, folder: NewFolder) -> bool:
    """Put all files of a plan; return whether the old folder holds the same."""
    with gc_pause():
        if len(documents.roles) <= MOST_FILES:
            for made in documents.slices:
                folder.put(f"{HOSTS_DIRECTORY}/{file_of(made.host)}", made.content)
        else:
            rows: list[tuple[str, int, int]] = []
            slices = ((made.host, made.content) for made in documents.slices)
            folder.stream(f"{HOSTS_DIRECTORY}/{LINES_FILE}", lines_and_index(slices, rows))
            folder.put(f"{HOSTS_DIRECTORY}/{INDEX_FILE}", index_text(rows))
        folder.stream(PLAN_FILE, documents.plan)
        folder.put(FINDINGS_FILE, documents.findings.encode())
        folder.put(DIGEST_FILE, f"{documents.digest}\n".encode())
    return folder.is_same()


def write_text(text: str, path: Path) -> bool:
    """Write a small file whole by rename; return False where it already holds *text*.

    Raises:
        PlanFileError: it cannot be written.
    """
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} cannot be written: {error}") from error
    write_pieces([text], path)
    return True


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write a file of any size piece by piece, and put it in its place by rename when it is whole.

    Raises:
        PlanFileError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A temporary file is its owner's alone; one that is made in a temporary folder follows the umask.
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}-", dir=path.parent, ignore_cleanup_errors=True
        ) as around:
            new = Path(around, path.name)
            # Half a surrogate pair, which a host may answer with, is no UTF-8; written so it is what JSON calls it.
            with new.open("x", encoding="utf-8", errors="backslashreplace") as stream:
                stream.writelines(pieces)
            new.replace(path)
    except OSError as error:
        raise PlanFileError(f"{path} cannot be written: {error}") from error


def read_plan(directory: Path) -> dict[str, Any]:
    """Return the plan document of a plan directory.

    Raises:
        PlanFileError: there is no plan, or it is not as it was written.
    """
    plan, where = _sealed_plan(directory, shared=True)
    check_shape(plan, PLAN, where, _PLAN_AGAIN)
    check_plan(plan, where, _PLAN_AGAIN)
    _add_reasons(plan)
    return plan


def read_plan_to_ask(directory: Path) -> dict[str, Any]:
    """Return the plan document for whoever only looks into it: its digest is checked, its form is not.

    Raises:
        PlanFileError: as :func:`read_plan`.
    """
    plan, _where = _sealed_plan(directory, shared=False)
    try:
        _add_reasons(plan)
    except (AttributeError, KeyError, TypeError):
        return read_plan(directory)  # which says what is wrong with it, and where
    return plan


def _add_reasons(plan: dict[str, Any]) -> None:
    add_reasons(plan["flows"], [exchange for listed in plan["services"].values() for exchange in listed])


def _sealed_plan(directory: Path, *, shared: bool) -> tuple[dict[str, Any], str]:
    path = directory / PLAN_FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PlanFileError(f"there is no {path}; run the playbook faxnet.deploy.plan first") from error
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error}; make it readable, or {_PLAN_AGAIN}") from error
    return read_sealed(content, str(path), _PLAN_AGAIN, shared=shared), str(path)


def read_slice(directory: Path, host: str) -> dict[str, Any]:
    """Return one host's slice.

    Raises:
        PlanFileError: the host has no slice in this plan, or it is not as it was written.
    """
    found = _slice_of(directory, host)
    if found is None:
        raise PlanFileError(
            f"there is no slice of {host} in {directory / HOSTS_DIRECTORY}; run the playbook faxnet.deploy.plan first; "
            "a host is planned when it has faxnet_site, or is a site's gateway"
        )
    content, where = found
    part = read_slice_document(content, where, _PLAN_AGAIN)
    if part["host"] != host:
        raise PlanFileError(f"{where} is the slice of {part['host']} and not of {host}; {_PLAN_AGAIN}")
    return part


def is_planned(directory: Path, host: str) -> bool:
    """Whether the plan in a directory has a part for a host; true where there is no plan, which reading it will say.

    Raises:
        PlanFileError: it cannot be read, or is being replaced for too long.
    """

    def is_there() -> bool:
        return steadily(directory, lambda: written_digest(directory) or None) is not None

    if not is_there():
        return True
    # Once more afterwards: who removes a plan has not taken the host out of it.
    return (not name_problem(host) and _slice_of(directory, host) is not None) or not is_there()


def _slice_of(directory: Path, host: str) -> tuple[bytes, str] | None:
    if name_problem(host):
        raise PlanFileError(f"{host!r} is not a host name that a plan can hold: it {name_problem(host)}")
    return read_document(directory / HOSTS_DIRECTORY, host, _PLAN_AGAIN)
