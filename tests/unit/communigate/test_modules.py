# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them: check mode, differences, idempotence, and no password anywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.faxnet.deploy.plugins.doc_fragments.communigate import ModuleDocFragment
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.network import (
    LISTS,
    SETTINGS,
    SettingsError,
    connection_spec,
    readable_password,
    target_of,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import PwdError, Session
from ansible_collections.faxnet.deploy.plugins.modules import communigate_network, communigate_network_info
from tests.unit.communigate.world import PASSWORD, PWD_PORT, Emulated

HELD = "; found by the server\n10.0.1.12\n"


def run(server: Emulated, module: str, *flags: str, **options: Any) -> tuple[dict[str, Any], str]:
    """A module's result and everything that the run wrote, through Ansible itself with a local connection."""
    given = {"host": server.host, "port": PWD_PORT, "login": "postmaster", "password": PASSWORD, **options}
    done = subprocess.run(
        [
            *(
                str(Path(sys.executable).parent / "ansible"),
                "localhost",
                "-c",
                "local",
                "-i",
                "localhost,",
                "-vvv",
                *flags,
            ),
            *("-e", f"ansible_python_interpreter={sys.executable}"),
            *("-m", f"faxnet.deploy.{module}", "-a", json.dumps(given)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = re.search(r"^localhost \| \w+!? => (\{.*?^\})", done.stdout, re.MULTILINE | re.DOTALL)
    assert found, done.stdout + done.stderr
    return json.loads(found[1]), done.stdout + done.stderr


@pytest.fixture
def called(server: Emulated, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Calls a module in this process, which costs less than a run of Ansible."""

    def call(module: ModuleType, **options: Any) -> dict[str, Any]:
        given = {"host": server.host, "port": PWD_PORT, "login": "postmaster", "password": PASSWORD, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        return dict(json.loads(capsys.readouterr().out))

    return call


@pytest.fixture
def lan(server: Emulated) -> Emulated:
    """A server that has found its own address."""
    server.server.store.settings["LANIPs"] = HELD
    return server


@pytest.mark.acceptance("CG-01")
def test_check_mode_shows_the_difference_and_the_run_makes_it_once(lan: Emulated) -> None:
    wanted = {
        "lan_ips": {"entries": ["10.0.0.0-10.0.255.255"]},
        "nated_ips": {"text": "192.168.0.0-192.168.255.255 ; homes\n"},
        "network": {"WANAddress": "77.77.77.77", "ServerLANAddress": "10.0.1.12"},
        "resolver": {"InitialTimeout": 3},
    }
    checked, shown = run(lan, "communigate_network", "--check", "--diff", **wanted)
    assert checked["changed"] is True
    assert lan.kept()["LANIPs"] == "", "the disk still has what was there at the start"
    assert not [command for command in lan.commands.told if command.startswith("SET")]
    assert "--- before: lan_ips (server)\n+++ after: lan_ips (wanted)" in shown
    assert " 10.0.1.12\n+10.0.0.0-10.0.255.255" in shown
    assert '-WANAddress = ""\n-ServerLANAddress = ""\n+WANAddress = "77.77.77.77"' in shown

    made, _text = run(lan, "communigate_network", "--diff", **wanted)
    assert {**made, "invocation": None} == {**checked, "invocation": None}
    assert [change["command"] for change in made["changes"]] == [
        *("SETLANIPS", "SETNATEDIPS", "SETNETWORK", "SETDNRSETTINGS")
    ]
    assert [command for command in lan.commands.told if command.startswith("SET")] == [
        change["command"] for change in made["changes"]
    ], "one SET for each list that changes"
    kept = lan.kept()
    assert kept["LANIPs"] == HELD + "10.0.0.0-10.0.255.255\n"
    assert kept["ClientIPs"] == ""
    assert kept["Network"]["WANAddress"] == "77.77.77.77"
    assert kept["DNRSettings"]["InitialTimeout"] == 3
    assert kept["DNRSettings"]["RetryLimit"] == 3

    again, _text = run(lan, "communigate_network", **wanted)
    assert again["changed"] is False
    assert again["changes"] == []


def test_no_run_shows_the_password(server: Emulated) -> None:
    for password in (PASSWORD, "not it"):
        _result, text = run(server, "communigate_network", lan_ips={"entries": []}, password=password)
        assert password not in text
        assert json.dumps(password)[1:-1] not in text
        assert "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" in text
    assert PASSWORD not in server.log


def test_a_failure_in_the_middle_says_what_is_written(server: Emulated, called: Callable[..., Any]) -> None:
    server.go_wrong(SETCLIENTIPS="cut")
    failed = called(
        communigate_network,
        lan_ips={"entries": ["10.0.0.1"]},
        client_ips={"entries": ["10.0.0.1"]},
        nated_ips={"entries": ["10.0.0.1"]},
    )
    assert "closed the connection at SETCLIENTIPS" in failed["msg"]
    told = "it has taken client_ips, as read over a new connection; run this again"
    assert told in failed["msg"], "the emulator is cut when it has done what it was told"
    assert failed["written"] == ["lan_ips", "client_ips"]
    assert failed["changed"] is True
    server.go_wrong(SETNATEDIPS="refuse no")
    refused = called(communigate_network, nated_ips={"entries": ["10.0.0.1"]})
    assert "SETNATEDIPS: 501 no" in refused["msg"]
    assert "written" not in refused


def test_what_was_cut_before_the_server_took_it_is_not_called_written(
    server: Emulated, called: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_session: Session, command: str, _text: str) -> None:
        raise PwdError(f"the connection ended at {command}")

    monkeypatch.setattr(Session, "set", cut)
    failed = called(communigate_network, lan_ips={"entries": ["10.0.0.1"]})
    assert failed["msg"].startswith("the connection ended at SETLANIPS; it has not taken lan_ips, as read over a new")
    assert ("written" in failed, "unknown" in failed, failed["changed"]) == (False, False, False)
    server.go_wrong(GETLANIPS="cut")
    monkeypatch.setattr(communigate_network, "read", lambda _session, _options: {"lan_ips": ""})
    failed = called(communigate_network, lan_ips={"entries": ["10.0.0.1"]})
    assert "whether it took lan_ips cannot be read any more; run this again" in failed["msg"]
    assert (failed["unknown"], failed["changed"]) == (["lan_ips"], True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"lan_ips": {}}, "one of the following is required: text, entries"),
        ({"lan_ips": {"text": "", "entries": []}}, "parameters are mutually exclusive: text|entries"),
        ({"lan_ips": {"text": "", "mode": "add"}}, "value of mode must be one of: merge, replace, absent"),
        ({"port": 0}, "port: 0 is no port"),
        ({"timeout": 0}, "timeout: 0 is out of bounds"),
        ({"authentication": "plain"}, "value of authentication must be one of: apop, password"),
    ],
)
def test_wrong_options_are_refused_before_anybody_is_asked(
    server: Emulated, called: Callable[..., Any], options: dict[str, Any], told: str
) -> None:
    failed = called(communigate_network, **options)
    assert told in failed["msg"]
    assert "connection from" not in server.log


def test_the_info_module_tells_and_changes_nothing(lan: Emulated, called: Callable[..., Any]) -> None:
    found = called(communigate_network_info, modules=["SIP"], addresses=["10.0.1.12"])
    assert found["changed"] is False
    assert found["version"] == "6.3.12"
    assert list(found["lists"]) == list(LISTS)
    assert list(found["settings"]) == list(SETTINGS)
    assert found["listeners"]["SIP"][0]["port"] == 15060
    assert found["ip_states"] == {"10.0.1.12": "LANIPs"}
    assert not [command for command in lan.commands.told if not command.startswith("GET")]


@pytest.mark.parametrize(
    ("host", "authentication", "tls", "warned"),
    [
        ("127.0.0.1", "password", False, False),
        ("192.0.2.1", "apop", False, False),
        ("192.0.2.1", "password", True, False),
        ("192.0.2.1", "password", False, True),
    ],
)
def test_a_password_that_crosses_the_network_readable_is_told(
    host: str, authentication: str, tls: bool, warned: bool
) -> None:
    target = target_of(_params(host=host, authentication=authentication, tls=tls))
    assert bool(readable_password(target)) is warned


def test_the_time_out_has_an_end() -> None:
    with pytest.raises(SettingsError, match="timeout: inf is out of bounds"):
        target_of(_params(timeout=float("inf")))


def test_documentation_and_arguments_say_the_same() -> None:
    shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(shared) == set(connection_spec())
    for name, spec in connection_spec().items():
        assert shared[name].get("default") == spec.get("default"), name
        assert shared[name].get("choices") == spec.get("choices"), name
    own = yaml.safe_load(communigate_network.DOCUMENTATION)["options"]
    assert set(own) == {*LISTS, *SETTINGS}
    info = yaml.safe_load(communigate_network_info.DOCUMENTATION)["options"]
    assert info["subjects"]["choices"] == info["subjects"]["default"] == [*LISTS, *SETTINGS]


def _params(**changes: Any) -> dict[str, Any]:
    usual = {name: spec.get("default") for name, spec in connection_spec().items()}
    return {**usual, "login": "postmaster", "password": PASSWORD, **changes}


def test_the_examples_run(lan: Emulated, tmp_path: Path) -> None:
    tasks = [
        task
        for module in (communigate_network, communigate_network_info)
        for task in yaml.safe_load(module.EXAMPLES)
        if any(name.startswith("faxnet.deploy.communigate") for name in task) or "loop" in task
    ]
    reach = {"host": lan.host, "port": PWD_PORT}
    for task in tasks:
        for name in [name for name in task if name.startswith("faxnet.deploy.")]:
            # Where to the server is, and TLS, are the reader's; everything else runs as it is printed.
            task[name] = {**{key: value for key, value in task[name].items() if key != "tls"}, **reach}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "vault_communigate_password": PASSWORD,
            "communigate_key_of_wan_address": "WANAddress",
            "ansible_python_interpreter": sys.executable,
        },
        "tasks": tasks,
    }
    (tmp_path / "play.json").write_text(json.dumps([play]))
    lan.server.store.settings["Modules"]["SMTP"] = {"Listener": []}
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-c", "local", "-i", "localhost,", tmp_path / "play.json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SIP listens on 15060" in done.stdout
    assert len(tasks) == 5
    assert lan.kept()["Network"]["WANAddress"] == "77.77.77.77"
    assert lan.kept()["DebugIPs"] == "; kept by Ansible\n192.0.2.17\n"
