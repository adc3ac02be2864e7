# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages for tests: what a vendor would hand out, built from files and scripts in the test.

A .deb is built where the test runs (``dpkg-deb``). A .rpm needs ``rpmbuild``, which may be had only inside a container.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: The same content gives the same package, and so the same checksum.
_EPOCH = "1700000000"
_DEB_SCRIPTS = {"after_install": "postinst", "before_removal": "prerm", "after_removal": "postrm"}
_RPM_SCRIPTS = {"after_install": "post", "before_removal": "preun", "after_removal": "postun"}


@dataclass(frozen=True)
class File:
    """A file of a package: content and mode."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Package:
    """A package.

    Attributes:
        name: in the package manager.
        version: ``6.3.12``; without a release.
        files: by absolute path.
        scripts: shell scripts by when they run: ``after_install``, ``before_removal``, ``after_removal``.
        depends: names of packages.
    """

    name: str
    version: str
    summary: str
    files: Mapping[str, File]
    scripts: Mapping[str, str] = field(default_factory=dict)
    depends: tuple[str, ...] = ()


def checksum(path: Path) -> str:
    """The checksum of a file as roles take it: ``sha256:...``."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def build_deb(package: Package, folder: Path) -> Path:
    """Build ``NAME_VERSION_all.deb`` in *folder*."""
    target = folder / f"{package.name}_{package.version}_all.deb"
    with tempfile.TemporaryDirectory(dir=folder) as work:
        root = Path(work) / "root"
        _write_files(package, root)
        control = root / "DEBIAN"
        control.mkdir(mode=0o755)
        size = sum(len(file.content) for file in package.files.values()) // 1024 + 1
        lines = [
            f"Package: {package.name}",
            f"Version: {package.version}",
            "Architecture: all",
            "Maintainer: faxnet.deploy contributors <nobody@localhost>",
            f"Installed-Size: {size}",
            *([f"Depends: {', '.join(package.depends)}"] if package.depends else []),
            f"Description: {package.summary}",
        ]
        (control / "control").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for when, script in package.scripts.items():
            path = control / _DEB_SCRIPTS[when]
            path.write_text(script, encoding="utf-8")
            path.chmod(0o755)
        _run(["dpkg-deb", "--root-owner-group", "--build", str(root), str(target)])
    return target


def build_rpm(package: Package, folder: Path, container: str = "") -> Path:
    """Build ``NAME-VERSION-1.noarch.rpm`` in *folder*, with the ``rpmbuild`` of a running container if one is named."""
    target = folder / f"{package.name}-{package.version}-1.noarch.rpm"
    with tempfile.TemporaryDirectory(dir=folder, prefix="rpm-") as work:
        here = Path(work)
        _write_files(package, here / "root")
        (here / "package.spec").write_text(_spec(package), encoding="utf-8")
        top = here
        prefix: list[str] = []
        if container:
            top = Path("/tmp") / here.name  # noqa: S108, a folder of the container
            prefix = ["podman", "exec", "--env", f"SOURCE_DATE_EPOCH={_EPOCH}", container]
            _run(["podman", "cp", str(here), f"{container}:{top}"])
        defines = {
            "_topdir": str(top),
            "files_root": str(top / "root"),
            "_rpmdir": str(top / "made"),
            "_build_name_fmt": target.name,
            "clamp_mtime_to_source_date_epoch": "1",
            "use_source_date_epoch_as_buildtime": "1",
            "_buildhost": "localhost",
        }
        options = [part for name, value in defines.items() for part in ("--define", f"{name} {value}")]
        try:
            _run([*prefix, "rpmbuild", "-bb", *options, str(top / "package.spec")])
            if container:
                _run(["podman", "cp", f"{container}:{top / 'made' / target.name}", str(target)])
            else:
                shutil.copy(top / "made" / target.name, target)
        finally:
            if container:
                _run(["podman", "exec", container, "rm", "-rf", str(top)])
    return target


def _write_files(package: Package, root: Path) -> None:
    root.mkdir(mode=0o755)
    for name, file in package.files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)


def _spec(package: Package) -> str:
    """The spec file: the files are there already, so nothing is built."""
    files = "".join(f"%attr({file.mode:o}, root, root) {name}\n" for name, file in sorted(package.files.items()))
    scripts = "".join(f"\n%{_RPM_SCRIPTS[when]}\n{script}\n" for when, script in package.scripts.items())
    requires = "".join(f"Requires: {name}\n" for name in package.depends)
    return (
        "# Python's and others' files are data here.\n"
        "%global __os_install_post %{nil}\n"
        "%global _build_id_links none\n"
        f"Name: {package.name}\nVersion: {package.version}\nRelease: 1\nSummary: {package.summary}\n"
        f"License: none\nBuildArch: noarch\nAutoReqProv: no\n{requires}\n"
        f"%description\n{package.summary}\n\n"
        "%install\nmkdir -p %{buildroot}\ncp -a %{files_root}/. %{buildroot}/\n"
        f"{scripts}\n%files\n{files}"
    )


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH},
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
