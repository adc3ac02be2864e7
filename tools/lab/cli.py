# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: ``python -m tools.lab up|down|status|exec|type|image``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.lab import image, lifecycle, ssh
from tools.lab.containers import container_name
from tools.lab.errors import LabError
from tools.lab.inventory import lab_name
from tools.lab.lifecycle import Which
from tools.lab.podman import find_podman
from tools.lab.progress import Progress
from tools.lab.root import become_root, give_back

DEFAULT_INVENTORY = Path("inventories/two_offices")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.lab",
        description="Rehearse a faxnet inventory: its sites, routers and hosts as containers on this machine.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    which = argparse.ArgumentParser(add_help=False)
    which.add_argument(
        "-i", "--inventory", type=Path, default=DEFAULT_INVENTORY, help="inventory folder or file (%(default)s)"
    )
    which.add_argument("--name", help="the lab's name; by default that of the inventory's folder")
    base = argparse.ArgumentParser(add_help=False)
    base.add_argument(
        "--base",
        help="Debian suite (trixie) or image name (debian:13) that hosts are made of; by default $LAB_IMAGE, else "
        + image.DEFAULT_BASE,
    )
    up = commands.add_parser("up", parents=[which, base], help="make and start what is not there yet")
    up.add_argument("--ssh", action="store_true", help="start sshd in every container, with a key of the lab's own")
    down = commands.add_parser("down", parents=[which], help="remove the lab, also what a broken run left")
    down.add_argument("--checkout", action="store_true", help="remove every lab that this checkout made")
    down.add_argument("--all", action="store_true", help="remove every lab of this machine, other checkouts' too")
    status = commands.add_parser("status", parents=[which], help="what is there")
    status.add_argument("--all", action="store_true", help="of every lab of this machine, with its checkout")
    run = commands.add_parser("exec", parents=[which], help="run a command on a host")
    run.add_argument("host")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND", help="a shell when left out")
    typed = commands.add_parser("type", parents=[which], help="type a worksheet into a router, as a person would")
    typed.add_argument("host", help="a site's one gateway, behind which it wears an IPv4 public_address")
    typed.add_argument("sheet", type=Path, help="the text file below worksheets/ beside the plan")
    commands.add_parser("image", parents=[base], help="build the image only")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command of the lab; 0, or 1 with the error's text on standard error."""
    options = _parser().parse_args(arguments)
    progress = Progress()
    try:
        become_root("tools.lab", sys.argv[1:] if arguments is None else arguments)
        return _run(options, progress)
    except LabError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        return 1
    finally:
        give_back()


def _run(options: argparse.Namespace, progress: Progress) -> int:
    podman = find_podman()
    if options.command == "image":
        print(image.ensure(podman, image.base_from(options.base), progress))
        return 0
    name = options.name or lab_name(options.inventory)
    if options.command == "up":
        lab = lifecycle.up(podman, options.inventory, progress, name=name, base=options.base)
        if options.ssh:
            ssh.enable(podman, lab.directory, lab.container_of, progress)
        print(f"ansible-playbook -i {options.inventory} -i {os.path.relpath(lab.connection)} ...")
        return 0
    if options.command == "down":
        which = Which.checkouts() if options.checkout else Which.named(name)
        lifecycle.down(podman, Which.machines() if options.all else which, progress)
        return 0
    if options.command == "status":
        which = Which.machines() if options.all else Which.named(name)
        for checkout, lab_of, what, state in lifecycle.status(podman, which):
            print(f"{lab_of:20} {what:50} {state:20} {checkout if options.all else ''}".rstrip())
        return 0
    if options.command == "type":
        lifecycle.type_in(podman, options.inventory, options.host, options.sheet, progress, name=name)
        return 0
    terminal = ["--interactive", "--tty"] if sys.stdin.isatty() else ["--interactive"]
    command = ["exec", *terminal, container_name(name, options.host), *(options.argv or ["bash"])]
    return subprocess.run([podman.program, *command], check=False).returncode
