# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan directories: the only place where the engine touches files.

A plan is written whole into a new directory and swapped in by two renames: a reader finds the old plan or the new one,
never a mixture; in the instant between the renames, none. A file that the new plan holds unchanged is the old one's,
by a hard link: it keeps its time, and whoever copies plan directories about copies only what has changed.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..basics.names import name_problem
from ..platforms.rule_list import rule_list
from .plan_json import Written
from .sealed_json import PlanFileError, read_sealed

PLAN_FILE = "plan.json"
FINDINGS_FILE = "findings.json"
DIGEST_FILE = "digest"
HOSTS_DIRECTORY = "hosts"

_PLAN_AGAIN = "run the playbook faxnet.deploy.plan again"


def written_digest(directory: Path) -> str:
    """Return the digest of the plan in *directory*, or an empty string where there is none."""
    path = directory / DIGEST_FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} cannot be read: {error}") from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise PlanFileError(f"{path} holds no digest; {_PLAN_AGAIN}")
    return text


def write_plan(written: Written, directory: Path) -> bool:
    """Write a plan to *directory*; return False where the same plan is there already.

    Raises:
        PlanFileError: the directory cannot be written, or something else than a plan lies there.
    """
    if directory.exists() and not directory.is_dir():
        raise PlanFileError(f"{directory} is a file; remove it, or set faxnet_directory elsewhere")
    if directory.exists() and any(directory.iterdir()) and not (directory / DIGEST_FILE).exists():
        raise PlanFileError(
            f"{directory} holds something else than a plan; empty it, or set faxnet_directory elsewhere"
        )
    try:
        if is_current(written, directory):
            return False
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _write_files(written, new, directory)
            _swap(new, directory)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise PlanFileError(f"{directory} cannot be written: {error}") from error
    return True


def is_current(written: Written, directory: Path) -> bool:
    """Whether *directory* holds this very plan: all its files and no others, byte for byte.

    Raises:
        PlanFileError: it cannot be read.
    """
    try:
        there = {
            path.relative_to(directory).as_posix()
            for folder in (directory, directory / HOSTS_DIRECTORY)
            for path in folder.iterdir()
        }
        wanted = {HOSTS_DIRECTORY, *(name for name, _content in _files(written))}
        return there == wanted and all(_holds(f"{directory}/{name}", content) for name, content in _files(written))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise PlanFileError(f"{directory} cannot be read: {error}; make it readable, or remove it") from error


def _files(written: Written) -> Iterator[tuple[str, bytes]]:
    """Yield the path below the plan's directory and the content of each file."""
    for part in written.slices:
        yield f"{HOSTS_DIRECTORY}/{part.host}.json", part.text.encode()
    yield PLAN_FILE, written.plan.encode()
    yield FINDINGS_FILE, written.findings.encode()
    yield DIGEST_FILE, f"{written.digest}\n".encode()


def _holds(path: str, content: bytes) -> bool:
    """Whether there is a file with that content."""
    # os.open and not Path.open, here and below: half the time, and there may be many files.
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    with os.fdopen(descriptor, "rb") as stream:
        return os.fstat(descriptor).st_size == len(content) and stream.read() == content


def _write_files(written: Written, new: Path, old: Path) -> None:
    new.chmod(0o755)
    (new / HOSTS_DIRECTORY).mkdir()
    for name, content in _files(written):
        if _holds(f"{old}/{name}", content):
            try:
                os.link(f"{old}/{name}", f"{new}/{name}")
                continue
            except OSError:
                pass  # a file system without hard links: a copy will do
        with os.fdopen(os.open(f"{new}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as stream:
            stream.write(content)


def _swap(new: Path, directory: Path) -> None:
    if not directory.exists():
        new.rename(directory)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-old-", dir=directory.parent))
    try:
        directory.rename(old / "plan")
        new.rename(directory)
    finally:
        if not directory.exists():
            (old / "plan").rename(directory)
        shutil.rmtree(old, ignore_errors=True)


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
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.writelines(pieces)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise PlanFileError(f"{path} cannot be written: {error}") from error


def read_plan(directory: Path) -> dict[str, Any]:
    """Return the plan document of a plan directory.

    Raises:
        PlanFileError: there is no plan, or it is not as it was written.
    """
    plan = _read(directory / PLAN_FILE, "run the playbook faxnet.deploy.plan first")
    exchanges = [exchange for entries in plan["services"].values() for exchange in entries]
    return _with_reasons(plan, exchanges)


def read_slice(directory: Path, host: str) -> dict[str, Any]:
    """Return one host's slice.

    Raises:
        PlanFileError: the host has no slice in this plan, or it is not as it was written.
    """
    if name_problem(host):
        raise PlanFileError(f"{host!r} is not a host name that a plan can hold: it {name_problem(host)}")
    part = _read(
        directory / HOSTS_DIRECTORY / f"{host}.json",
        "run the playbook faxnet.deploy.plan first; a host is planned when it has faxnet_site, or is a site's gateway",
    )
    part = _with_reasons(part, part["exchanges"])
    return {**part, "rules": rule_list(part)}


def _with_reasons(data: dict[str, Any], exchanges: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Give each flow its exchange's purpose, which the files do not repeat for thousands of flows."""
    reasons = {(item["service"], item["name"]): f"{item['title']}: {item['purpose']}" for item in exchanges}
    for flow in data["flows"]:
        flow["reason"] = reasons[(flow["service"], flow["exchange"])]
    return data


def _read(path: Path, absent: str) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PlanFileError(f"there is no {path}; {absent}") from error
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error}; make it readable, or {_PLAN_AGAIN}") from error
    return read_sealed(content, str(path), _PLAN_AGAIN)
