# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session that a module runs in is found in its own processes and in nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session, current_session


def process(proc: Path, number: int, parent: int, environment: str | None, name: str = "sh") -> None:
    """A process of a /proc; without an environment it cannot be read."""
    own = proc / str(number)
    own.mkdir()
    (own / "stat").write_text(f"{number} ({name}) S {parent} {number} 0", encoding="ascii")
    if environment is not None:
        (own / "environ").write_bytes(environment.replace(" ", "\0").encode())


@pytest.mark.parametrize(
    ("said", "session"),
    [
        ("10.77.0.1 50000 10.77.0.10 22", Session("10.77.0.1", 50000, "10.77.0.10", 22)),
        ("2001:db8::1 50000 2001:db8::2 2222", Session("2001:db8::1", 50000, "2001:db8::2", 2222)),
        ("::ffff:10.77.0.1 50000 ::ffff:10.77.0.10 22", Session("10.77.0.1", 50000, "10.77.0.10", 22)),
        ("fe80::1%eth0 50000 fe80::2%eth0 22", Session("fe80::1", 50000, "fe80::2", 22)),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("", None),
    ],
)
def test_the_session_is_what_sshd_says(tmp_path: Path, said: str, session: Session | None) -> None:
    own = tmp_path / "7"
    own.mkdir()
    (own / "stat").write_text("7 (python3) S 1 7 0", encoding="ascii")
    (own / "environ").write_bytes(f"HOME=/root\0SSH_CONNECTION={said}\0LANG=C\0".encode())
    assert current_session(tmp_path, 7) == session


def test_behind_sudo_it_is_found_in_the_process_that_called_sudo(tmp_path: Path) -> None:
    own = tmp_path / "4"
    process(tmp_path, 2, 1, "PATH=/bin", "sshd: user@notty) (")
    process(tmp_path, 3, 2, None)
    own.mkdir()
    (own / "stat").write_text("4 (a) R 9) S 3 4 0", encoding="ascii")
    (own / "environ").write_bytes(b"HOME=/home/user\0SSH_CONNECTION=10.77.0.1 50000 10.77.0.10 22\0")
    process(tmp_path, 5, 4, "SUDO_USER=user", "sudo")
    process(tmp_path, 6, 5, "SUDO_USER=user", "python3")
    assert current_session(tmp_path, 6) == Session("10.77.0.1", 50000, "10.77.0.10", 22)


def test_the_nearest_session_counts(tmp_path: Path) -> None:
    """Somebody who is logged in over SSH may have started sshd."""
    for number, parent, source in ((2, 1, "192.0.2.1"), (3, 2, "10.77.0.1")):
        own = tmp_path / str(number)
        own.mkdir()
        (own / "stat").write_text(f"{number} (sh) S {parent} 2 0", encoding="ascii")
        (own / "environ").write_bytes(f"SSH_CONNECTION={source} 50000 10.77.0.10 22\0".encode())
    found = current_session(tmp_path, 3)
    assert found is not None
    assert found.source == "10.77.0.1"


@pytest.mark.parametrize("parent", [0, 1, 99, 5], ids=["a container's first", "init", "gone", "a circle"])
def test_without_sshd_there_is_no_session(tmp_path: Path, parent: int) -> None:
    process(tmp_path, 1, 0, "container=podman", "systemd")
    process(tmp_path, 5, parent, "HOME=/root", "python3")
    assert current_session(tmp_path, 5) is None
