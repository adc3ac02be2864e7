# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page is handed to HylaFAX; what fails says at which step, and whether anybody answered."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.protocol import (
    HandOver,
    HandOverError,
    hand_over,
    listens,
)
from tests.unit.module_utils.hfaxd import Server, serving

WORD = "a word"


def way(server: Server, *, password: str = "", passive: bool = False) -> HandOver:
    return HandOver("127.0.0.1", server.port, "canary", password, passive, 2.0)


@pytest.mark.parametrize("passive", [False, True], ids=["active", "passive"])
@pytest.mark.parametrize("password", ["", WORD])
def test_a_page_is_handed_over(password: str, passive: bool) -> None:
    with serving() as server:
        server.wants = password
        assert hand_over(way(server, password=password, passive=passive), "5552", b"%!PS") == 12
        assert listens("127.0.0.1", server.port, 2.0)
    assert server.documents == [b"%!PS"]
    assert server.parameters["DIALSTRING"] == '"5552"'
    assert server.parameters["DOCUMENT"] == "/tmp/doc7.ps"  # noqa: S108, of the server that is played


@pytest.mark.parametrize(
    ("command", "answer", "step", "silent"),
    [
        ("USER", "530 User canary access denied.", "login", False),
        ("STOT", "425 Cannot build data connection: Connection timed out.", "data", False),
        ("JNEW", "550 No more jobs.", "job", False),
        ("JSUBM", "460 Failed to submit job 12.", "job", False),
        ("STOT", None, "data", True),
        ("JSUBM", None, "job", True),
    ],
)
def test_what_fails_is_told_with_its_step(command: str, answer: str | None, step: str, silent: bool) -> None:
    with serving() as server:
        if answer is None:
            server.silent.add(command)
        else:
            server.refuses[command] = answer
        with pytest.raises(HandOverError) as told:
            hand_over(way(server)._replace(timeout=0.5), "5552", b"%!PS")
    assert (told.value.step, told.value.silent) == (step, silent)
    assert str(told.value) == (answer or "no answer")


def test_a_wrong_password_is_refused_and_not_told() -> None:
    with serving() as server:
        server.wants = "another"
        with pytest.raises(HandOverError, match=r"^530 Login incorrect\.$") as told:
            hand_over(way(server, password=WORD), "5552", b"%!PS")
    assert told.value.step == "login"


def test_where_nothing_listens_is_not_where_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as full:
        port = full.getsockname()[1]
        assert not listens("127.0.0.1", port, 0.2)
        with pytest.raises(HandOverError) as told:
            hand_over(HandOver("127.0.0.1", port, "canary", "", False, 0.2), "5552", b"")
        assert (told.value.step, told.value.silent) == ("connect", True)
    with pytest.raises(HandOverError) as told:
        hand_over(HandOver("127.0.0.1", port, "canary", "", False, 0.2), "5552", b"")
    assert (told.value.step, told.value.silent, str(told.value)) == (
        "connect",
        False,
        "refused: nothing listens there",
    )
