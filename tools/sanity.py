# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run `ansible-test sanity` on the tracked files, in a place and with a home of its own.

    python -m tools.sanity [--released] [ansible-test options, such as --test validate-modules]

With `--released` only what Galaxy gets is looked at: what `ansible-galaxy collection build` puts into the tarball.

ansible-test wants a collection at `ansible_collections/NAMESPACE/NAME`, real interpreters on PATH (a version manager's
shims mislead it), and a bootstrap script for pip that it downloads from a server of the Ansible project. That server is
not a package index and is often out of reach; a script of the same name in its cache installs the same pip from a
pinned wheel (requirements/sanity.txt).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".build" / "sanity"
HOME = PLACE / "home"
COLLECTION = PLACE / "ansible_collections" / "faxnet" / "deploy"
INTERPRETERS = PLACE / "bin"

# What ansible-core 2.19 to 2.21 support on managed hosts (from 3.9 on, our promise) and on controllers.
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

GET_PIP = """\
import runpy
import sys

sys.path.insert(0, {wheel!r})
options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", "--no-index", "--find-links", {folder!r}, *options]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def tracked_files() -> list[str]:
    """Return the paths of the files that git tracks and that exist, relative to the checkout."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listing.split("\0") if name and os.path.lexists(ROOT / name)]


def empty(target: Path) -> None:
    """Remove everything in `target` but tests/output: ansible-test keeps its venvs there."""
    for old in [*target.glob("*"), *target.glob("tests/*")]:
        if old.is_symlink() or old.is_file():
            old.unlink()
        elif old != target / "tests" and old != target / "tests" / "output":
            shutil.rmtree(old)


def own_repository(target: Path) -> None:
    """Make `target` a repository: ansible-test asks git for the files, and the checkout's git ignores .build."""
    subprocess.run(["git", "init", "--quiet"], cwd=target, check=True)
    # What ansible-test writes itself is no file of the collection; a release has no .gitignore that says so.
    with (target / ".git" / "info" / "exclude").open("a", encoding="utf-8") as excluded:
        excluded.write("tests/output/\n")
    subprocess.run(["git", "add", "--all"], cwd=target, check=True)


def copy_tree(target: Path) -> None:
    """Replace `target` by a copy of the tracked files as they are on disk now; links stay links."""
    empty(target)
    for name in tracked_files():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy, follow_symlinks=False)
    own_repository(target)


def unpack_release(target: Path) -> None:
    """Replace `target` by what the tarball of a release holds, built from the tracked files as they are on disk now."""
    empty(target)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        copy_tree(source)
        build = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", "--output-path", folder]
        subprocess.run([*build, str(source)], check=True, stdout=subprocess.DEVNULL)
        (built,) = Path(folder).glob("*.tar.gz")
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(built) as archive:
            archive.extractall(target, filter="data")
    own_repository(target)


def provide_pip(home: Path) -> None:
    """Put the pinned pip wheel and a script that installs it where ansible-test looks for its bootstrap script."""
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    pins = ROOT / "requirements" / "sanity.txt"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
    ]
    subprocess.run([*command, "--requirement", pins, "--dest", cache], check=True)
    for wheel in cache.glob("pip-*.whl"):
        version = wheel.name.split("-")[1].replace(".", "_")
        script = GET_PIP.format(wheel=str(wheel), folder=str(cache))
        (cache / f"get_pip_{version}.py").write_text(script, encoding="utf-8")
    # pip's own settings (an index, a certificate) of the person who runs this hold inside too.
    for settings in (".config/pip", ".pip"):
        theirs, ours = Path.home() / settings, home / settings
        if theirs.is_dir() and not ours.is_symlink():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)


def interpreter(version: str) -> Path | None:
    """Return the real path of a Python of that version: on PATH, or beside this one where a version manager put it."""
    running = Path(os.path.realpath(sys.executable))
    name = f"python{version}"
    beside = sorted(running.parent.parent.parent.glob(f"{version}.*/bin/{name}"))
    for candidate in filter(None, map(shutil.which, [str(running.parent / name), name, *map(str, beside)])):
        question = [
            candidate,
            "-I",
            "-c",
            "import os, sys; print(os.path.realpath(sys.executable), *sys.version_info[:2])",
        ]
        answer = subprocess.run(question, capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            path, major, minor = answer.stdout.rsplit(maxsplit=2)
            if f"{major}.{minor}" == version:
                return Path(path)
    return None


def provide_interpreters(folder: Path) -> list[str]:
    """Fill `folder` with links python3.N to the real interpreters at hand; returns their versions."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found = []
    for version in VERSIONS:
        path = interpreter(version)
        if path is not None:
            (folder / f"python{version}").symlink_to(path)
            found.append(version)
    return found


def main(options: list[str]) -> int:
    """Prepare everything, run ansible-test with the options, return its status."""
    released = "--released" in options
    options = [option for option in options if option != "--released"]
    (unpack_release if released else copy_tree)(COLLECTION)
    provide_pip(HOME)
    versions = provide_interpreters(INTERPRETERS)
    absent = [version for version in VERSIONS if version not in versions]
    print(f"sanity: Python {', '.join(versions)}; not on this machine: {', '.join(absent) or 'none'}", flush=True)
    environment = {
        **os.environ,
        "HOME": str(HOME),
        "PATH": f"{INTERPRETERS}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    }
    command = [str(Path(sys.executable).with_name("ansible-test")), "sanity", "--color", "no", "--venv", *options]
    return subprocess.run(command, cwd=COLLECTION, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
