# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fresh host for each test of the transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import running
from tests.kernel import networks
from tests.kernel.hosts import Host
from tests.kernel.in_use import Used, used_host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A fresh host; this process stands in its namespace. Nobody talks there, so that nobody need be listened to."""
    monkeypatch.setattr(running, "WATCH", 0.0)
    with networks.namespace("host") as name, networks.inside(name):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0\n", encoding="ascii")
        yield Host(networks.machine(tmp_path), tmp_path)


@pytest.fixture
def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Used]:
    """A host that is in use; this process stands in its namespace."""
    with used_host(tmp_path, monkeypatch) as made:
        yield made
