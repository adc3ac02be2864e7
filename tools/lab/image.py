# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's image: a small Debian with systemd and what the roles and the tests need, built once for each recipe."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.lab.errors import LabError
from tools.lab.podman import Podman
from tools.lab.progress import Progress

DEFAULT_BASE = "bookworm"
REPOSITORY = "localhost/faxnet-lab"
LABEL = "faxnet.image"
PACKAGES = (
    "conntrack",
    "dbus",
    "dnf",
    "iproute2",
    "iputils-ping",
    "netcat-openbsd",
    "nftables",
    "openssh-client",
    "openssh-server",
    "openssl",
    "procps",
    "python3",
    "python3-apt",
    "python3-dnf",
    "rpm",
    "systemd",
    "systemd-sysv",
    "util-linux",
)
_HERE = Path(__file__).parent
_PREPARE = _HERE / "prepare.sh"
_ROOTFS = _HERE / "rootfs"
_IMAGES = _HERE / "images"


class Recipe(NamedTuple):
    """What an image is made of: a base (None: as the environment says, or Debian), and a folder with more on top."""

    base: str | None
    more: Path | None


def base_from(option: str | None) -> str:
    """The base that a person chose: the option, else LAB_IMAGE of the environment, else the default."""
    return option or os.environ.get("LAB_IMAGE") or DEFAULT_BASE


def named(name: str) -> Recipe:
    """The recipe that a host's ``lab_image`` names: a folder of ``images/``.

    Its ``Containerfile`` may have a line ``# base: bullseye``, where it does not stand on what the other hosts do.

    Raises:
        LabError: there is none of that name; the message says which there are.
    """
    folder = _IMAGES / name
    if not (folder / "Containerfile").is_file():
        known = ", ".join(sorted(path.parent.name for path in _IMAGES.glob("*/Containerfile")))
        raise LabError(f"lab_image is {name!r}, and there is no such image; there are: {known}")
    stated = re.search(r"^# base: (\S+)$", (folder / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    return Recipe(stated[1] if stated else None, folder)


def is_suite(base: str) -> bool:
    """Whether a base is a Debian suite (one plain word, ``trixie``); all else is an image name (``debian:13``)."""
    return re.fullmatch(r"[a-z]+", base) is not None


def reference(base: str, more: Path | None = None) -> str:
    """The name of the image of this recipe: it changes when a package, a file or the base does.

    Args:
        base: what it stands on.
        more: a folder whose ``Containerfile`` goes on top of the lab's own image, which it names ``${LAB}``.
    """
    digest = hashlib.sha256()
    for part in (base, *PACKAGES):
        digest.update(part.encode() + b"\0")
    for path in (_PREPARE, *_files(_ROOTFS)):
        digest.update(str(path.relative_to(_HERE)).encode() + b"\0" + path.read_bytes() + b"\0")
    name = re.sub("[^a-z0-9]+", "-", base.lower())
    if more is not None:
        name += f"-{more.parent.name.replace('_', '-')}"
        for path in _files(more):
            digest.update(str(path.relative_to(more)).encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{REPOSITORY}:{name}-{digest.hexdigest()[:12]}"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def ensure(podman: Podman, base: str, progress: Progress, more: Path | None = None) -> str:
    """The image for a base, built if it is not there yet.

    Args:
        podman: podman.
        base: what it stands on.
        progress: tells what is done.
        more: what goes on top of the lab's own image, as in ``reference``.

    Raises:
        LabError: a tool is missing, or the build failed.
    """
    if more is not None:
        return _with_more(podman, base, ensure(podman, base, progress), more, progress)
    image = reference(base)
    if podman.try_run("image", "exists", image).status == 0:
        progress.say(f"image {image} is there already")
        return image
    build, kind = (_from_suite, "suite") if is_suite(base) else (_from_image, "image")
    title = f"image {image} from {kind} {base}"
    with progress.step(title), tempfile.TemporaryDirectory(prefix="faxnet-lab-") as folder:
        build(podman, base, image, Path(folder), progress)
    return image


def _from_suite(podman: Podman, suite: str, image: str, folder: Path, progress: Progress) -> None:
    program = shutil.which("mmdebstrap")
    if program is None:
        raise LabError(
            "mmdebstrap is not installed: apt-get install mmdebstrap debian-archive-keyring (`make setup` does it), or "
            "name an image instead of a suite: LAB_IMAGE=debian:12"
        )
    archive = folder / "root.tar"
    command = [
        program,
        "--variant=apt",
        f"--include={','.join(PACKAGES)}",
        f"--customize-hook=copy-in {_ROOTFS}/etc {_ROOTFS}/usr /",
        f"--customize-hook=copy-in {_PREPARE} /tmp",
        '--customize-hook=chroot "$1" sh /tmp/prepare.sh',
        suite,
        str(archive),
    ]
    _watched(command, progress, "mmdebstrap", shown=re.compile(r"I: (?!success|done|removing|running --)"))
    progress.say("importing into podman")
    podman.run("import", "--quiet", "--change", 'CMD ["/sbin/init"]', "--change", f"LABEL {LABEL}={suite}",
               str(archive), image)  # fmt: skip


def _from_image(podman: Podman, base: str, image: str, folder: Path, progress: Progress) -> None:
    shutil.copytree(_ROOTFS, folder / "rootfs")
    shutil.copy2(_PREPARE, folder / "prepare.sh")
    containerfile = folder / "Containerfile"
    containerfile.write_text(
        f"FROM {base}\n"
        "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "
        f"{' '.join(PACKAGES)}\n"
        "COPY rootfs /\nCOPY prepare.sh /tmp/prepare.sh\nRUN sh /tmp/prepare.sh\n"
        f'LABEL {LABEL}="{base}"\nCMD ["/sbin/init"]\n',
        encoding="utf-8",
    )
    _build(podman, image, containerfile, progress)


def _with_more(podman: Podman, base: str, lab: str, more: Path, progress: Progress) -> str:
    image = reference(base, more)
    if podman.try_run("image", "exists", image).status == 0:
        progress.say(f"image {image} is there already")
        return image
    with progress.step(f"image {image} on top of {lab}"):
        _build(podman, image, more / "Containerfile", progress, "--build-arg", f"LAB={lab}")
    return image


def _build(podman: Podman, image: str, containerfile: Path, progress: Progress, *arguments: str) -> None:
    command = [podman.program, *podman.runtime.global_arguments, "build", *podman.runtime.arguments, *arguments]
    # Root file systems made by mmdebstrap and official images alike hold no resolver: the build uses the machine's.
    command += ["--network", "host", "--tag", image, "--file", str(containerfile), str(containerfile.parent)]
    _watched(command, progress, "podman build", shown=re.compile(r"STEP |Trying to pull"))


def _watched(command: list[str], progress: Progress, name: str, *, shown: re.Pattern[str]) -> None:
    """Run a long command; its milestones are shown as they come, its last lines when it fails."""
    lines: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        for line in running.stdout or ():
            lines.append(line.rstrip())
            if shown.match(line):
                progress.say(f"  {line.rstrip()}")
    if running.returncode != 0:
        last = "\n  ".join(lines[-12:])
        raise LabError(f"{name} failed with status {running.returncode}; its last lines:\n  {last}")
