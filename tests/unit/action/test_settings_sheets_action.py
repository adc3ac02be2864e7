# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sheets a task looks after, and which hosts it refuses."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.faxnet.deploy.plugins.action import settings_sheets

PART = {"host": "pc", "uses": [{"service": "hylafax"}], "offers": []}


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("faxpress-client", "no FaxPress client here. Add the service faxpress to faxnet_uses of this host"),
        ("faxpress-server", "no FaxPress server here. Add the service faxpress to faxnet_offers of this host"),
        ("kerio-admin", "no Kerio administration client here. Add the service kerio_control or kerio_connect to"),
        ("netcfax-client", "no NetCFax client here. Add the service netcfax to faxnet_uses of this host"),
        ("netcfax-server", "no NetCFax server here. Add the service netcfax to faxnet_offers of this host"),
    ],
)
def test_a_host_that_the_plan_has_nothing_for_is_refused_with_the_cure(sheet: str, message: str) -> None:
    chosen = settings_sheets._chosen({"only": [sheet], "own": []})
    assert [each.name for each in chosen] == [sheet]
    with pytest.raises(AnsibleActionFail, match=f"^pc: the plan names {message}"):
        settings_sheets._refuse_without(PART, chosen)


def test_a_users_own_sheet_can_be_named() -> None:
    own = {"name": "hylafax-client", "product": "HylaFAX", "side": "client", "services": ["hylafax"], "template": "x"}
    chosen = settings_sheets._chosen({"only": ["hylafax-client"], "own": [own]})
    assert [each.product for each in chosen] == ["HylaFAX"]
    settings_sheets._refuse_without(PART, chosen)
