# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's way into a container of the lab: one ``podman exec`` a task.

The connection of the collection containers.podman declares that it cannot pipeline (``has_pipelining = False``; it runs
``podman exec`` without ``--interactive``, so a module's source would never reach the container) and mounts the
container for every task besides: four to six calls of podman where this one makes one. `tools/setup.sh` puts this
folder on the collections path as ``faxnet.lab``, a collection that is never published.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure, AnsibleFileNotFound
from ansible.module_utils.common.process import get_bin_path
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: podman
short_description: Run tasks as root in a container of the lab
description:
  - Runs everything through C(podman exec --interactive), modules included, without a file on the container.
author: faxnet.deploy contributors (@faxnet)
options:
  remote_addr:
    description: The container's name.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
  pipelining:
    description:
      - Whether a module's source goes to the container's Python on its standard input. Nothing of the lab speaks
        against it, so unlike other connections this one does it unless it is told not to.
    type: boolean
    default: true
    env:
      - name: ANSIBLE_PIPELINING
    ini:
      - section: defaults
        key: pipelining
      - section: connection
        key: pipelining
    vars:
      - name: ansible_pipelining
"""


#: Lowest exit status of ``podman exec`` that may be podman's own word. Source: podman-exec(1), "Exit Status".
_PODMANS_OWN = 125


class Connection(ConnectionBase):
    """One container; there is nothing to open and nothing to close."""

    transport = "faxnet.lab.podman"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def close(self) -> None:
        """Nothing was opened."""
        self._connected = False

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command line, as the container's root; its exit status, standard output and standard error.

        Raises:
            AnsibleConnectionFailure: there is no such container, or it does not run (any more).
        """
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = self._run(["/bin/sh", "-c", cmd], in_data or b"")
        # Podman's own errors and commands that were killed. A command may end so by itself: podman is asked.
        if done.returncode >= _PODMANS_OWN and not self._runs():
            raise AnsibleConnectionFailure(
                f"the container {self._container} is not running ({_text(done.stderr)}): bring the lab up again "
                "(`make lab-up`, or `python -m tools.lab up` with the inventory and the name it was made with)"
            )
        return done.returncode, done.stdout, done.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        """Copy a file into the container.

        Raises:
            AnsibleFileNotFound: there is no such file here.
            AnsibleConnectionFailure: it cannot be written there.
        """
        super().put_file(in_path, out_path)
        source = Path(in_path)
        if not source.exists():
            raise AnsibleFileNotFound(f"file {in_path} does not exist on the controller")
        done = self._run(["sh", "-c", 'cat > "$1"', "put", out_path], source.read_bytes())
        if done.returncode != 0:
            raise AnsibleConnectionFailure(f"{self._container}: {out_path} cannot be written: {_text(done.stderr)}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Copy a file out of the container.

        Raises:
            AnsibleConnectionFailure: it cannot be read there.
        """
        super().fetch_file(in_path, out_path)
        done = self._run(["cat", in_path], b"")
        if done.returncode != 0:
            raise AnsibleConnectionFailure(f"{self._container}: {in_path} cannot be read: {_text(done.stderr)}")
        Path(out_path).write_bytes(done.stdout)

    @property
    def _container(self) -> str:
        return str(self.get_option("remote_addr"))

    def _run(self, command: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
        return _podman(["exec", "--interactive", self._container, *command], given)

    def _runs(self) -> bool:
        shown = _podman(["container", "inspect", "--format", "{{.State.Running}}", self._container], b"")
        return _text(shown.stdout) == "true"


def _podman(arguments: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        program = get_bin_path("podman")
    except ValueError as problem:
        raise AnsibleConnectionFailure("podman is not installed on this machine: `make setup` does it") from problem
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=False)


def _text(output: bytes) -> str:
    return output.decode(errors="replace").strip()
