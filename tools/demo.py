# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo SCENARIO=...``: the whole path for one product, from an inventory to proven packets and a page to read.

Builds the lab, runs playbooks/site.yml against it as an administrator would against real machines, and prints the
verdict with the report's path. The lab stays up for a look around; ``make lab-down`` removes it.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from tools.lab import fax, lifecycle
from tools.lab.errors import LabError
from tools.lab.podman import find_podman
from tools.lab.progress import Progress
from tools.lab.root import become_root, give_back

ROOT = Path(__file__).resolve().parent.parent
INVENTORIES = ROOT / "inventories"
DEFAULT_SCENARIO = "two_offices"
#: The scenario with real services.
FAX = INVENTORIES / "fax"
# Against containers on this machine a task is short; more forks than this only wait for the processor.
FORKS = 5


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--scenario", default=DEFAULT_SCENARIO, help=f"{', '.join(scenarios())} (%(default)s)")
    which.add_argument("--inventory", type=Path, help="an inventory of your own instead: folder or file")
    parser.add_argument("--name", help="the lab's name; by default that of the inventory's folder")
    return parser


def scenarios(folder: Path = INVENTORIES) -> list[str]:
    """The inventories that come with the collection, by name."""
    return sorted(path.parent.name for path in folder.glob("*/hosts.yml"))


def inventory_of(scenario: str, folder: Path = INVENTORIES) -> Path:
    """The inventory of a scenario.

    Raises:
        LabError: there is none of that name; the message says which ones there are and which one may be meant.
    """
    known = scenarios(folder)
    if scenario in known:
        return folder / scenario
    close = difflib.get_close_matches(scenario, known, n=1)
    meant = f", did you mean {close[0]}?" if close else "."
    raise LabError(f"there is no scenario {scenario!r}{meant} There are: {', '.join(known)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; 0 when everything that was tried came out as planned."""
    options = _parser().parse_args(arguments)
    try:
        inventory = options.inventory or inventory_of(options.scenario)
        become_root("tools.demo", sys.argv[1:] if arguments is None else arguments)
        return _demonstrated(inventory, options.name, Progress())
    except LabError as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    finally:
        give_back()


def _demonstrated(inventory: Path, name: str | None, progress: Progress) -> int:
    lab = lifecycle.up(find_podman(), inventory, progress, name=name)
    # Not beside the inventory: a rehearsal leaves the real network's plan, lock file and report alone.
    kept = ROOT / ".build" / "demo" / lab.name
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        f"--inventory={inventory}",
        f"--inventory={lab.connection}",
        f"--extra-vars={json.dumps(_settings(kept, emulated=inventory != FAX))}",
        str(ROOT / "playbooks" / "site.yml"),
    ]
    with progress.step("running playbooks/site.yml"):
        sys.stderr.flush()
        status = subprocess.run(command, check=False, env=_environment()).returncode
    if status == 0 and inventory == FAX:
        picture = fax.show_a_page(lab.container_of, kept, progress)
        print(f"\npage     {picture.resolve()}")
    # A real program may leave what it does not know unanswered, and then nothing is proven; an emulator answers all.
    accepted = {"passed", "incomplete"} if inventory == FAX else {"passed"}
    return _verdict(kept / "report", status, accepted, progress)


def _settings(kept: Path, *, emulated: bool) -> dict[str, object]:
    """Variables of the run: where its files go, and whether emulated fax programs take the place of real ones."""
    return {
        "faxnet_directory": str(kept),
        "faxnet_lock": str(kept / ".faxnet.lock.json"),
        "faxnet_emulate": emulated,
    }


def _environment() -> dict[str, str]:
    """Settings that a person would put into ansible.cfg."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "collections"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_FORKS": str(FORKS),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "0",
        "ANSIBLE_NOCOWS": "1",
    }
    return {**settings, **os.environ}


def _verdict(report: Path, status: int, accepted: Collection[str], progress: Progress) -> int:
    """Print what the report says; 0 when the play ended well and the verdict is one of those that are accepted."""
    try:
        found = json.loads((report / "report.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        print(f"\ndemo: playbooks/site.yml ended with status {status} before it made a report", file=sys.stderr)
        return status or 1
    print(f"\n{found['headline']}\n{found['sentence']}")
    print(", ".join(f"{count} {what}" for what, count in found["counts"].items()))
    print(f"report   {(report / 'index.html').resolve()}")
    print(f"results  {(report / 'report.json').resolve()}, {(report / 'junit.xml').resolve()}")
    progress.say("the lab is still up: look around with `.venv/bin/python -m tools.lab exec HOST`; `make lab-down`")
    return status or int(found["verdict"] not in accepted)


if __name__ == "__main__":
    sys.exit(main())
