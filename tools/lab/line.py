# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad lines: a container in a router's own network loses and delays what passes its outer side."""

from __future__ import annotations

import time

from tools.lab import image as images
from tools.lab.containers import LINE_LABEL, container_name, labels
from tools.lab.errors import LabError
from tools.lab.inventory import Line
from tools.lab.podman import Podman
from tools.lab.progress import Progress

_IMAGE = "line"
_SECONDS = 20
#: The outer side of a router in a lab.
OUTSIDE = "wan0"
_READY = "the line is bad now"


def make_bad(podman: Podman, lab: str, host: str, line: Line, progress: Progress) -> None:
    """Make a router's line a bad one, until `mend` or the end of the lab.

    Args:
        podman: podman.
        lab: the lab's name; it is up.
        host: the router.
        line: how bad it is to be.
        progress: tells what is done.

    Raises:
        LabError: the image cannot be built, or the kernel has no NFQUEUE.
    """
    recipe = images.named(_IMAGE)
    image = images.ensure(podman, images.base_from(recipe.base), progress, recipe.more)
    name = container_name(lab, f"line-{host}")
    podman.run(
        "run", "--detach", "--name", name, *labels(lab), "--label", f"{LINE_LABEL}={host}",
        "--network", f"container:{container_name(lab, host)}", "--cap-add", "NET_ADMIN,NET_RAW",
        *podman.runtime.arguments, image, "python3", "/line.py", OUTSIDE, *(f"{number:g}" for number in line),
    )  # fmt: skip
    until = time.monotonic() + _SECONDS
    while _READY not in (said := podman.try_run("logs", name)).out:
        if time.monotonic() > until:
            raise LabError(f"the line of {host} does not become a bad one: {(said.out + said.error).strip()}")
        time.sleep(0.1)


def mend(podman: Podman, lab: str, progress: Progress) -> dict[str, str]:
    """Make all lines of a lab good ones again.

    Returns:
        Of each router how many packets its line lost, in words.

    Raises:
        LabError: podman cannot.
    """
    wanted = (*labels(lab)[1::2], LINE_LABEL)
    rows = podman.listed("ps", "--all", *(word for label in wanted for word in ("--filter", f"label={label}")))
    told: dict[str, str] = {}
    for row in rows:
        # It takes its rules away when it is asked to end; when it is killed, nothing passes any more.
        podman.run("stop", "--time", "10", row["Names"][0])
        host, said = row["Labels"][LINE_LABEL], podman.run("logs", row["Names"][0]).strip()
        told[host] = said.rpartition("\n")[2]
        progress.say(f"the line of {host} is a good one again: {told[host]}")
        podman.run("rm", row["Names"][0])
    return told
