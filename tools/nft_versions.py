# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nft of every Debian that a managed host may have, from Debian's own packages, beside this machine's.

Nothing is installed: each lies with its libraries in a folder of `.build/nft` and runs on this machine's kernel.
`python -m tools.nft_versions` writes what each of them lists of some golden policies to tests/listings, for the tests
that need no package.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import made
from tools.made import ROOT

#: Debian 11, 12, 13 and the next one.
SUITES = ("bullseye", "bookworm", "trixie", "sid")
#: Between them they hold whatever a table of ours can hold.
POLICIES = ("router", "stateless_router", "tracked", "observing_router")
LISTINGS = "tests/listings"
_BUILD = ROOT / ".build" / "nft"
_GOLDEN = ROOT / "tests" / "golden" / "nftables" / "expected"
_WRAPPER = """\
#!/bin/sh
exec {loader} --library-path {libraries} {program} "$@"
"""


class NoNftError(Exception):
    """The packages cannot be had; the message says why."""


def program(suite: str) -> Path:
    """A program that runs a suite's nft; its packages are fetched once. Raises NoNftError."""
    found = _BUILD / suite / "bin" / "nft"
    if not found.exists():
        _fetch(suite)
    return found


def _fetch(suite: str) -> None:
    folder = _BUILD / suite
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = ["mmdebstrap", "--variant=extract", "--include=nftables"]
    if suite == "sid":
        # A mirror that stands still is good enough for a program that is tried in a namespace of its own.
        command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    done = subprocess.run([*command, suite, str(folder)], capture_output=True, text=True, check=False)
    loaders = sorted(folder.rglob("ld-linux*.so.*"))
    if done.returncode != 0 or not loaders:
        raise NoNftError(f"the packages of {suite} cannot be had: {' '.join(done.stderr.split())[-300:]}")
    libraries = sorted({str(path.parent) for path in folder.rglob("libc.so.6")} | {str(folder / "usr/lib" / _triple())})
    wrapper = folder / "bin" / "nft"
    wrapper.parent.mkdir(exist_ok=True)
    words = {"loader": loaders[0], "libraries": ":".join(libraries), "program": folder / "usr" / "sbin" / "nft"}
    wrapper.write_text(_WRAPPER.format(**words), encoding="ascii")
    wrapper.chmod(0o755)


def _triple() -> str:
    return f"{os.uname().machine}-linux-gnu"


def version(suite: str) -> str:
    """What a suite's nft calls itself (``0.9.8``)."""
    said = subprocess.run([program(suite), "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[1].removeprefix("v")


def listings() -> Mapping[str, str]:
    """What each nft lists of some golden policies that it has loaded, as text and as JSON, by path."""
    found = {}
    for suite in SUITES:
        for policy in POLICIES:
            for ending, option in (("nft", "-s"), ("json", "-j")):
                text = _listed(suite, policy, option)
                found[f"{LISTINGS}/{version(suite)}/{policy}.{ending}"] = text
    return found


#: What makes the committed listings.
GENERATOR = made.Generator(listings, owned=(f"{LISTINGS}/**/*.*",))


def _listed(suite: str, policy: str, option: str) -> str:
    script = f'"$0" -f "$1" && "$0" {option} list table inet faxnet'
    command = ["unshare", "--net", "sh", "-c", script, str(program(suite)), str(_GOLDEN / f"{policy}.nft")]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _indented(listing) if option == "-j" else listing


def _indented(listing: str) -> str:
    """A JSON listing that a person can compare: one entry a line."""
    document: dict[str, Any] = json.loads(listing)
    entries = ",\n".join(json.dumps(entry) for entry in document["nftables"])
    # The handles are the kernel's own count.
    return re.sub(r'"handle": \d+', '"handle": 0', f'{{"nftables": [\n{entries}\n]}}\n')


if __name__ == "__main__":
    raise SystemExit(made.main({"listings": GENERATOR}, "python -m tools.nft_versions", sys.argv[1:]))
