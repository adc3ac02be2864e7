# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH across the lab's networks, for tests that must be able to lock themselves out.

Ansible's podman connection enters a container from the side: no firewall of the host stands in its way. Here the TCP
connection begins in a *control* container, with that container's own address, and arrives at the target's port 22
through every router and firewall on the way; only the encrypted stream is handed on to the ssh of this machine. With a
jump host it arrives there, and sshd there opens the second one.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.lab.errors import LabError
from tools.lab.inventory import Address, write_host_vars
from tools.lab.network import Topology
from tools.lab.podman import Podman
from tools.lab.progress import Progress

_ENABLE = (
    "set -e; key=/etc/ssh/ssh_host_ed25519_key; [ -e $key ] || ssh-keygen -q -t ed25519 -N '' -f $key; "
    "mkdir -p -m 700 ~/.ssh; cat > ~/.ssh/authorized_keys; "
    "chmod 600 ~/.ssh/authorized_keys; systemctl enable --quiet --now ssh.service"
)


# Host keys are made anew with every lab: there is nothing to compare them with.
_OPTIONS = {
    "StrictHostKeyChecking": "no",
    "UserKnownHostsFile": "/dev/null",
    "LogLevel": "ERROR",
    "IdentitiesOnly": "yes",
}


@dataclass(frozen=True, slots=True)
class Way:
    """How a host is reached.

    Attributes:
        control: the host whose address the connection comes from.
        jump: a host that is logged in to first, and from which the second connection goes on (ssh's ProxyJump).
        version: the IP version of the connection to the host itself; None: whichever address comes first.
    """

    control: str
    jump: str | None = None
    version: int | None = None


def key_file(directory: Path) -> Path:
    """The lab's private key, below the lab's folder; made when it is not there.

    Raises:
        LabError: ssh-keygen is missing or failed.
    """
    key = directory / "ssh" / "id_ed25519"
    if key.exists():
        return key
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "faxnet lab", "-f", str(key)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as problem:
        raise LabError("ssh-keygen is not installed on this machine: apt-get install openssh-client") from problem
    except subprocess.CalledProcessError as problem:
        raise LabError(f"ssh-keygen failed: {problem.stderr.strip()}") from problem
    return key


def enable(podman: Podman, directory: Path, container_of: Mapping[str, str], progress: Progress) -> None:
    """Start sshd in every container and let the lab's key in as root.

    Raises:
        LabError: a container refused.
    """
    public = key_file(directory).with_suffix(".pub").read_text(encoding="ascii")

    def start(container: str) -> None:
        podman.run("exec", "--interactive", container, "sh", "-c", _ENABLE, stdin=public)

    with progress.step(f"starting sshd in {len(container_of)} containers"), ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(start, container) for container in container_of.values()]:
            future.result()


def address_of(topology: Topology, target: str, control: str, version: int | None = None) -> Address:
    """The address where ``control`` meets ``target``: in a segment that both are in, else on the target's outer side.

    Args:
        topology: the lab's network.
        target: the host to manage.
        control: the host that connects to it.
        version: the IP version, where it matters.

    Raises:
        LabError: one of them is not in the lab, or they have no such address.
    """
    near = {leg.segment for leg in topology.node(control).legs}
    legs = topology.node(target).legs
    for wanted in (
        [leg for leg in legs if leg.segment in near],
        [leg for leg in legs if leg.interface.startswith("wan")],
        # No translation on the way: the address itself, along the route that the internet router has for it.
        list(legs),
    ):
        for leg in wanted:
            for address in leg.addresses:
                if version in (None, address.version):
                    return address.ip
    kind = "address" if version is None else f"IPv{version} address"
    raise LabError(f"{target} has no {kind} that {control} could connect to")


def variables(directory: Path, topology: Topology, target: str, way: Way) -> dict[str, Any]:
    """Ansible's connection variables for ``target`` by SSH; they need the file that ``write_config`` writes.

    Args:
        directory: the lab's folder (``lifecycle.directory``).
        topology: the lab's network.
        target: the host to manage.
        way: how it is reached.

    Raises:
        LabError: as ``address_of``.
    """
    # A file, because ssh hands none of its options on to the one that it starts for a jump host. And the plan sees no
    # command that leads into a container, which it could not follow.
    arguments = ["-F", str(_config(directory))]
    if way.jump is not None:
        jump = address_of(topology, way.jump, way.control)
        arguments += ["-o", f"ProxyJump=root@[{jump}]" if jump.version == 6 else f"ProxyJump=root@{jump}"]
    return {
        "ansible_connection": "ansible.builtin.ssh",
        "ansible_host": str(address_of(topology, target, way.jump or way.control, way.version)),
        "ansible_user": "root",
        "ansible_become": False,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(key_file(directory).resolve()),
        "ansible_ssh_common_args": shlex.join(arguments),
    }


def write_config(
    directory: Path, topology: Topology, container_of: Mapping[str, str], way_to: Mapping[str, Way]
) -> None:
    """Write the file of ssh that says in which container the connection to each address begins.

    Raises:
        LabError: as ``address_of``; or two controls want to reach one address, and ssh could not tell whose turn it is.
    """
    control_of: dict[Address, str] = {}
    for target, way in way_to.items():
        if way.jump is None:
            address = address_of(topology, target, way.control, way.version)
        else:
            address = address_of(topology, way.jump, way.control)
        if control_of.setdefault(address, way.control) != way.control:
            raise LabError(f"both {control_of[address]} and {way.control} connect to {address}: choose one of them")
    # -N: when ssh ends, so does its connection. Without, nc, podman's watcher of it and the far sshd stay for ever.
    lines = [
        f"Host {address}\n  ProxyCommand podman exec --interactive {container_of[control]} nc -N %h %p\n"
        for address, control in control_of.items()
    ]
    options = {"IdentityFile": str(key_file(directory).resolve()), **_OPTIONS}
    lines += ["Host *\n", *(f"  {name} {value}\n" for name, value in options.items())]
    _config(directory).write_text("".join(lines), encoding="utf-8")


def _config(directory: Path) -> Path:
    return directory.resolve() / "ssh" / "config"


def write_inventory(
    directory: Path, topology: Topology, container_of: Mapping[str, str], way_to: Mapping[str, Way]
) -> Path:
    """Write an inventory source that reaches each target by SSH, to be named after the lab's own.

    Args:
        directory: the lab's folder.
        topology: the lab's network.
        container_of: container of each host.
        way_to: for each target how it is reached.

    Returns:
        The path for a further ``-i``.

    Raises:
        LabError: as ``write_config``.
    """
    write_config(directory, topology, container_of, way_to)
    return write_host_vars(
        directory / "ssh",
        {target: variables(directory, topology, target, way) for target, way in way_to.items()},
    )
