# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages that tests build are packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.standins.packages import File, Package, build_deb, checksum

PACKAGE = Package(
    name="stand-in",
    version="1.2.3",
    summary="Nothing but two files",
    files={"/opt/stand-in/program": File(b"#!/bin/sh\n", 0o755), "/opt/stand-in/data": File(b"data\n")},
    scripts={"after_install": "#!/bin/sh\ntrue\n", "before_removal": "#!/bin/sh\ntrue\n"},
    depends=("python3",),
)


def _told(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_deb_holds_files_scripts_and_metadata(tmp_path: Path) -> None:
    deb = build_deb(PACKAGE, tmp_path)
    fields = _told("dpkg-deb", "--field", str(deb), "Package", "Version", "Depends")
    assert fields.split("\n")[:3] == ["Package: stand-in", "Version: 1.2.3", "Depends: python3"]
    contents = _told("dpkg-deb", "--contents", str(deb))
    assert "-rwxr-xr-x root/root" in contents
    assert "./opt/stand-in/program" in contents
    assert _told("dpkg-deb", "--info", str(deb), "postinst") == "#!/bin/sh\ntrue\n"
    assert [path.name for path in tmp_path.iterdir()] == ["stand-in_1.2.3_all.deb"]


def test_the_same_content_gives_the_same_checksum(tmp_path: Path) -> None:
    first = checksum(build_deb(PACKAGE, tmp_path))
    assert checksum(build_deb(PACKAGE, tmp_path)) == first
    assert first.startswith("sha256:")
