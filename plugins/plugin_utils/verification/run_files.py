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
from ..plan_files.directory import DIGEST_FILE, read_slice, write_pieces, written_digest
from ..plan_files.host_documents import read_document, write_documents
from ..plan_files.sealed_json import PlanFileError, read_sealed, seal
from .probes import FORMAT, Expectations
from .result_form import ResultFormError, check_result

_VERIFY_AGAIN = "run the playbook faxnet.deploy.verify again"

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
    write_pieces([_sealed_text(expected.summary())], base / SUMMARY)


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
    """Return what is expected of the whole network; None before any run for the plan with that digest.

    Raises:
        PlanFileError: it cannot be read, or is not as it was written.
    """
    path = base / SUMMARY
    try:
        summary = read_sealed(path.read_bytes(), str(path), _VERIFY_AGAIN)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PlanFileError(f"{path} cannot be read: {error}; make it readable, or {_VERIFY_AGAIN}") from error
    return summary if summary.get("plan") == digest else None


def write_result(base: Path, host: str, result: Mapping[str, Any]) -> Path:
    """Write one host's result document and return its path.

    Raises:
        PlanFileError: it cannot be written, or holds what no results of this host can be.
    """
    _check_name(host)
    path = base / RESULTS / f"{host}.json"
    try:
        check_result(result, host)
        content = _sealed_text({"format": FORMAT, **result})
    except (ResultFormError, ValueError) as error:
        raise PlanFileError(
            f"what {host} answered is no result of a verification: {error}. Its Python or the module there may be "
            f"damaged; {_VERIFY_AGAIN}"
        ) from error
    write_pieces([content], path)
    return path


class Results(Mapping[str, Mapping[str, Any]]):
    """The result documents of the last run by host, in the order of their names.

    Each is read whenever it is asked for and not kept, for those of a large network fill the memory. Reading raises
    PlanFileError, which names the file, where a document is not what the host's results can be.
    """

    def __init__(self, base: Path) -> None:
        paths = sorted((base / RESULTS).glob("*.json"))
        self._paths = {path.stem: path for path in paths if not path.name.startswith(".")}
        #: Contents that were found good: those need no second look when they are gone through again.
        self._good: dict[str, str] = {}

    def __getitem__(self, host: str) -> Mapping[str, Any]:
        """Return what one host found."""
        path = self._paths[host]
        cure = "its results do not count"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PlanFileError(f"{path} cannot be read: {error.strerror}; {cure}") from error
        result = read_sealed(content, str(path), cure, "Somebody has changed it, and")
        if self._good.get(host) != result["digest"]:
            try:
                check_result(result, host)
            except ResultFormError as error:
                raise PlanFileError(f"{path} holds no results of {host}: {error}; {cure}") from error
            self._good[host] = result["digest"]
        return result

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


def _sealed_text(data: object) -> str:
    """A sealed document that people read, too."""
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, which a host may answer with, is no UTF-8: outside of ASCII it would stop the writing.
    content, _digest = seal(text.encode(errors="backslashreplace").decode().removesuffix("\n}"))
    return content.decode()
