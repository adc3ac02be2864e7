# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan directories: the only place where the engine touches files.

A plan is written whole into a new directory and swapped in by two renames: a reader finds the old plan or the new one,
never a mixture; in the instant between the renames, none.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..basics.names import name_problem
from ..platforms.rule_list import rule_list
from .plan_json import Written

PLAN_FILE = "plan.json"
FINDINGS_FILE = "findings.json"
DIGEST_FILE = "digest"
HOSTS_DIRECTORY = "hosts"


class PlanFileError(Exception):
    """A plan directory that cannot be read or written; the message names the path and the cure."""


def written_digest(directory: Path) -> str:
    """Return the digest of the plan in *directory*, or an empty string where there is none."""
    try:
        return (directory / DIGEST_FILE).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{directory / DIGEST_FILE} cannot be read: {error}") from error


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
    if is_current(written, directory):
        return False
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            _write_files(written, new)
            _swap(new, directory)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise PlanFileError(f"{directory} cannot be written: {error}") from error
    return True


def is_current(written: Written, directory: Path) -> bool:
    """Whether *directory* holds this very plan, with all its files."""
    if written_digest(directory) != written.digest:
        return False
    try:
        there = {path.name for path in (directory / HOSTS_DIRECTORY).iterdir()}
    except OSError:
        return False
    whole = all((directory / name).is_file() for name in (PLAN_FILE, FINDINGS_FILE))
    return whole and there == {f"{part.host}.json" for part in written.slices}


def _write_files(written: Written, new: Path) -> None:
    new.chmod(0o755)
    hosts = new / HOSTS_DIRECTORY
    hosts.mkdir()
    prefix = f"{hosts}/"
    for part in written.slices:
        # os.open and not Path.open: half the time, and there may be tens of thousands of slices.
        descriptor = os.open(f"{prefix}{part.host}.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as stream:
                stream.write(part.text.encode())
        finally:
            os.close(descriptor)
    (new / PLAN_FILE).write_text(written.plan, encoding="utf-8")
    (new / FINDINGS_FILE).write_text(written.findings, encoding="utf-8")
    (new / DIGEST_FILE).write_text(f"{written.digest}\n", encoding="ascii")


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
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink()
            raise
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError(f"{path} cannot be written: {error}") from error
    return True


def read_plan(directory: Path) -> dict[str, Any]:
    """Return the plan document of a plan directory.

    Raises:
        PlanFileError: there is no plan, or it cannot be read.
    """
    plan = _read(directory / PLAN_FILE, "run the playbook faxnet.deploy.plan first")
    exchanges = [exchange for entries in plan["services"].values() for exchange in entries]
    return _with_reasons(plan, exchanges)


def read_slice(directory: Path, host: str) -> dict[str, Any]:
    """Return one host's slice.

    Raises:
        PlanFileError: the host has no slice in this plan, or it cannot be read.
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


def _read(path: Path, cure: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise PlanFileError(f"there is no {path}; {cure}") from error
    except (OSError, ValueError) as error:
        raise PlanFileError(f"{path} cannot be read: {error}; {cure}") from error
    if not isinstance(data, dict):
        raise PlanFileError(f"{path} is not a plan; {cure}")
    return data
