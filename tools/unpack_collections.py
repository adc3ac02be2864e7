# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put the collections that the lab needs, and this checkout itself, on one collections path.

`requirements/collections.txt` pins the `ansible` wheel by its hash and names what to take from it. The wheel comes
through pip like every other dependency, so that no second package index has to be reachable.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements" / "collections.txt"
TARGET = ROOT / ".build" / "collections" / "ansible_collections"


def wanted_collections(pins: str) -> list[str]:
    """Return the names after `# take:` in the text of the pin file.

    Raises SystemExit when there is no such line, or a name in it is not `namespace.name`.
    """
    line = re.search(r"^# take: (.+)$", pins, re.MULTILINE)
    if line is None:
        raise SystemExit(f"{PINS.name} has no line '# take: namespace.name ...'")
    names = line.group(1).split()
    for name in names:
        if not re.fullmatch(r"[a-z0-9_]+\.[a-z0-9_]+", name):
            raise SystemExit(f"{PINS.name}: {name!r} is not a collection's name")
    return names


def unpack(wheel: Path, names: list[str], target: Path) -> None:
    """Replace each named collection under `target` by the wheel's copy of it."""
    with zipfile.ZipFile(wheel) as archive:
        members = archive.namelist()
        for name in names:
            folder = name.replace(".", "/")
            prefix = f"ansible_collections/{folder}/"
            chosen = [member for member in members if member.startswith(prefix)]
            if not chosen:
                raise SystemExit(f"{wheel.name} holds no collection {name}")
            shutil.rmtree(target / folder, ignore_errors=True)
            archive.extractall(target.parent, chosen)


def link_checkout(target: Path, root: Path) -> None:
    """Make `target`/faxnet/deploy a relative link to the checkout at `root`."""
    link = target / "faxnet" / "deploy"
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(os.path.relpath(root, link.parent), target_is_directory=True)


def main() -> None:
    """Download, check, unpack and link; pip says why when the download fails."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        pip += ["--require-hashes", "--requirement", str(PINS), "--dest", folder]
        subprocess.run(pip, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        unpack(wheel, wanted_collections(PINS.read_text(encoding="utf-8")), TARGET)
    link_checkout(TARGET, ROOT)


if __name__ == "__main__":
    main()
