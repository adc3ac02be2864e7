# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a verification, beside the plan's directory on the controller.

    plan/                 the plan
    probes/               what each host must try, made at the beginning of a run, in files as a plan's slices are;
                          and digest, that of the plan
    probes.json           what is expected of the whole network, and what was left out: for the report
    results/<host>.json   what each host found in that run
    report/               index.html, report.json, junit.xml

A new run starts with empty results, so that a report never mixes what two runs found.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..basics.names import name_problem
from ..plan_files.directory import DIGEST_FILE, read_slice, write_text, written_digest
from ..plan_files.host_documents import read_document, write_documents
from ..plan_files.sealed_json import PlanFileError, read_sealed, seal
from .probes import Expectations

PROBES = "probes"
SUMMARY = "probes.json"
RESULTS = "results"
REPORT = "report"


class Slices(Mapping[str, Mapping[str, Any]]):
    """A plan directory's slices by host; each is read when it is asked for, and only then."""

    def __init__(self, plan: Path, hosts: Mapping[str, Any]) -> None:
        self._plan = plan
        self._hosts = hosts
        self._read: dict[str, dict[str, Any]] = {}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        """Return one host's slice."""
        if host not in self._hosts:
            raise KeyError(host)
        if host not in self._read:
            self._read[host] = read_slice(self._plan, host)
        return self._read[host]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the hosts' names."""
        return iter(self._hosts)

    def __len__(self) -> int:
        """Return the number of hosts."""
        return len(self._hosts)


def start_run(base: Path, expected: Expectations) -> None:
    """Write what each host must try, and clear what earlier runs found.

    Args:
        base: the directory that holds the plan's directory.

    Raises:
        PlanFileError: it cannot be written.
    """
    try:
        _fresh(base / RESULTS)
        probes = _fresh(base / PROBES)
        for host in expected.probes:
            _check_name(host)
        write_documents(
            probes, ((host, _sealed(expected.of_host(host))) for host in expected.probes), len(expected.probes)
        )
        # Last: as long as it is missing, nobody takes half a set of probes for a whole one.
        (probes / DIGEST_FILE).write_text(f"{expected.plan}\n", encoding="ascii")
    except OSError as error:
        raise PlanFileError(f"{base} cannot be written: {error}") from error
    write_text(json.dumps(expected.summary(), indent=1, ensure_ascii=False) + "\n", base / SUMMARY)


def read_probes(base: Path, host: str, digest: str) -> dict[str, Any]:
    """Return what one host must try; no probes where nothing is expected of it.

    Raises:
        PlanFileError: no run was started for this plan.
    """
    _check_name(host)
    cure = "run faxnet.deploy.verify with step: expect first, once for all hosts"
    probes = base / PROBES
    if not digest or written_digest(probes, cure) != digest:
        raise PlanFileError(f"there are no probes in {probes}, or they were made for another plan; {cure}")
    found = read_document(probes, host, cure)
    if found is None:
        return {"plan": digest, "host": host, "probes": [], "left_out": []}
    return read_sealed(*found, cure)


def read_summary(base: Path, digest: str) -> dict[str, Any] | None:
    """Return what is expected of the whole network; None before any run for the plan with that digest."""
    path = base / SUMMARY
    if not path.exists():
        return None
    summary = _read(path, "remove it and verify again")
    return summary if summary.get("plan") == digest else None


def write_result(base: Path, host: str, result: Mapping[str, Any]) -> Path:
    """Write one host's result document and return its path."""
    _check_name(host)
    path = base / RESULTS / f"{host}.json"
    write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", path)
    return path


class Results(Mapping[str, Mapping[str, Any]]):
    """The result documents of the last run by host, in the order of their names.

    Each is read whenever it is asked for and not kept, for those of a large network fill the memory. Reading raises
    PlanFileError where a document cannot be read.
    """

    def __init__(self, base: Path) -> None:
        paths = sorted((base / RESULTS).glob("*.json"))
        self._paths = {path.stem: path for path in paths if not path.name.startswith(".")}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        """Return what one host found."""
        return _read(self._paths[host], "remove it and verify again")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the hosts' names."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return the number of hosts."""
        return len(self._paths)


def _fresh(directory: Path) -> Path:
    """Make an empty directory of that name; what was there is moved aside first and removed then."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    if directory.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-old-", dir=directory.parent))
        directory.rename(aside / directory.name)
        shutil.rmtree(aside)
    directory.mkdir()
    return directory


def _check_name(host: str) -> None:
    problem = name_problem(host)
    if problem:
        raise PlanFileError(f"{host!r} is not a host name that a plan can hold: it {problem}")


def _sealed(data: object) -> bytes:
    content, _digest = seal(json.dumps(data, separators=(",", ":"), ensure_ascii=False)[:-1])
    return content


def _read(path: Path, cure: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PlanFileError(f"{path} cannot be read: {error}; {cure}") from error
    if not isinstance(data, dict):
        raise PlanFileError(f"{path} is not what it should be; {cure}")
    return data
