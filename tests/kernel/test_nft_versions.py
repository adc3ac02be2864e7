# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run with the real nft of each Debian, on this machine's kernel; the packages are fetched once."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import transaction
from tests.golden.nftables.made import files
from tests.kernel.hosts import TRACKED, Host
from tests.unit.platforms.policies import nft_rules, permit, policy
from tools import made, nft_versions

pytestmark = pytest.mark.slow


@pytest.fixture(params=nft_versions.SUITES)
def debian(request: pytest.FixtureRequest, host: Host) -> Host:
    """A host whose nft is that of a Debian."""
    nft = str(nft_versions.program(request.param))
    machine = dataclasses.replace(host.machine, find=lambda name: nft if name == "nft" else shutil.which(name))
    return Host(machine, host.root)


def test_the_committed_listings_are_what_each_nft_says() -> None:
    assert made.differences(nft_versions.GENERATOR) == []


@pytest.mark.parametrize("golden", sorted(files()))
def test_each_golden_policy_is_loaded_and_then_left_alone(debian: Host, golden: str) -> None:
    text = files()[golden]
    differences, mark = debian.bring(text)
    assert "table inet faxnet" in differences
    transaction.confirm(debian.machine, mark)
    assert debian.bring(text) == ([], "")


IDLE = permit("10.1.0.10", "192.0.2.1", "44337", transport="udp", idle=432000)
ONE = nft_rules(policy(output=[IDLE]))
TWO = nft_rules(policy(output=[IDLE, permit("10.1.0.10", "192.0.2.2", "44337", transport="udp", idle=300)]))


def test_a_change_can_be_undone_and_is_made_once(debian: Host) -> None:
    debian.settle(ONE)
    before = debian.picture()
    _differences, mark = debian.bring(TWO)
    transaction.roll_back(debian.machine, mark)
    assert debian.picture() == before
    debian.settle(TWO)
    assert debian.bring(TWO) == ([], "")


@pytest.mark.parametrize("debian", nft_versions.SUITES[1:], indirect=True)
def test_a_change_keeps_the_idle_time_that_connections_hold(debian: Host) -> None:
    """nft 0.9.8 dies of a table that is replaced piece by piece (signal 11); there the whole one is loaded."""
    debian.settle(ONE)
    before = handle(debian)
    debian.settle(TWO)
    assert handle(debian) == before
    assert debian.bring(TWO) == ([], "")


def handle(debian: Host) -> str:
    """The kernel's number of the idle time."""
    listed = debian.machine.run([debian.machine.nft(), "-a", "list", "table", "inet", "faxnet"], None).out
    found = re.search(r"ct timeout faxnet_idle_udp_432000 \{ # handle (\d+)", listed)
    assert found, listed
    return found[1]


def test_all_of_ours_goes(debian: Host) -> None:
    debian.settle(TRACKED)
    debian.settle(None)
    assert debian.live is None
    assert not list(Path(debian.root, "etc").rglob("*faxnet*"))
