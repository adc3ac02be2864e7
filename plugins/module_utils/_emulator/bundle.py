# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package as one file: a zip archive that Python runs, the same bytes wherever it is made."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from .errors import EmulatorError, reason

PACKAGE = "faxnet_emulator"
# The earliest time that a zip archive can hold: files' own times differ from one checkout to another.
_BEGIN = (1980, 1, 1, 0, 0, 0)


def bundle(target: str | None = None) -> str:
    """Write the running package as one archive, in place of what may be there. Returns its path.

    Without a target it goes to the user's cache, under a name that tells its content. Python 3.9 or later runs it:
    C(python3 FILE run --config ...). Raises L(EmulatorError) when it can't be written.
    """
    content = program()
    path = Path(target) if target else _cache() / f"emulator-{hashlib.sha256(content).hexdigest()[:16]}.pyz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(made, path)  # who reads it meanwhile has the old one or the new one, whole
        except BaseException:
            os.unlink(made)
            raise
    except OSError as error:
        raise EmulatorError(f"can't write {path}: {reason(error)}; name another FILE, or set XDG_CACHE_HOME") from None
    return str(path)


def program() -> bytes:
    """This package as one file that Python 3.9 or later runs."""
    # An archive has a start of its own.
    return archive(PACKAGE, [source for source in Path(__file__).parent.glob("*.py") if source.name != "program.py"])


def _cache() -> Path:
    """The user's own cache. (XDG Base Directory Specification)"""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path("~", ".cache").expanduser(), "faxnet")


def archive(package: str, sources: Iterable[Path]) -> bytes:
    """These files as a package of that name, in an archive that C(main) of its module C(cli) starts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        _add(packed, "__main__.py", f"import sys\n\nfrom {package}.cli import main\n\nsys.exit(main())\n".encode())
        for source in sorted(sources):
            _add(packed, f"{package}/{source.name}", source.read_bytes())
    return made.getvalue()


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _BEGIN)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    packed.writestr(entry, content)
