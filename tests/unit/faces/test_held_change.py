# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that could not be ended are told of, and are no failure of the change."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces import held_change
from ansible_collections.faxnet.deploy.plugins.plugin_utils.faces.held_change import HeldChange


@pytest.mark.parametrize(
    ("said", "came"),
    [
        ({"changed": True, "ended_sessions": 3}, {"ended_sessions": 3}),
        ({"changed": False, "ended_sessions": 0}, {"ended_sessions": 0}),
        (
            {"failed": True, "msg": "netlink: refused"},
            {"notice": "the new rules are in force, and sessions from before may go on: netlink: refused"},
        ),
        (
            AnsibleConnectionFailure("no route"),
            {"notice": "the new rules are in force, and sessions from before may go on: no route"},
        ),
    ],
    ids=["some", "none", "not able", "not there"],
)
def test_what_came_of_ending_sessions(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any] | Exception, came: dict[str, Any]
) -> None:
    asked: list[Any] = []

    def run_phase(*arguments: Any) -> dict[str, Any]:
        asked.append(arguments[2:4])
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(held_change, "run_phase", run_phase)
    action: Any = None
    assert HeldChange(action, {}, "a.b.c", "0123").forget() == came
    assert asked == [("forget", {"transaction": "0123"})]
