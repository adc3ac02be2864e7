# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection put on a network is taken off again, and nobody behind a router is lost on the way."""

from __future__ import annotations

import re

import pytest

from tests.lab.estate import INVENTORY, Estate

pytestmark = [pytest.mark.lab(INVENTORY.name), pytest.mark.labs]


def changed(printed: str) -> set[str]:
    """The hosts on which a run changed something."""
    return {
        name for name, number in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", printed, re.MULTILINE) if int(number)
    }


@pytest.mark.slow
def test_devices_are_as_they_were_before_and_a_second_run_changes_nothing(estate: Estate) -> None:
    estate.make_bare()
    bare = estate.picture
    deployed = estate.settle(1)
    assert deployed != bare
    status, printed = estate.play("faxnet.deploy.remove", "--check")
    assert (status, estate.difference(deployed)) == (0, ""), printed
    foreseen = changed(printed)
    status, printed = estate.play("faxnet.deploy.remove")
    assert (status, estate.difference(bare), estate.waiting()) == (0, "", []), printed
    assert changed(printed) == foreseen == set(bare)
    status, printed = estate.play("faxnet.deploy.remove")
    assert (status, changed(printed)) == (0, set()), printed
