# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that scripts may have, run by win_powershell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.windows.commands.netsh import excluded
from tests.unit.emulators.windows.world import World

BARE = "New-NetFirewallRule -Name 'faxnet-tcp' -DisplayName 'Fax'"
RULE = f"{BARE} -Group 'faxnet' -Direction Inbound -Action Allow"


def errors(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The errors of a script: texts and identifiers."""
    return [(each["exception"]["message"], each["fully_qualified_error_id"]) for each in result["error"]]


# ---- firewall rules


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ("", "Action=Allow|Active=TRUE|Dir=In|Name=Fax|EmbedCtxt=faxnet|"),
        ("-Enabled False", "Action=Allow|Active=FALSE|Dir=In|Name=Fax|EmbedCtxt=faxnet|"),
        (
            "-Protocol TCP -LocalPort '10000-10099','44333','RPC','RPCEPMap' -RemotePort 1 -Profile Private,Domain",
            "Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort2_10=10000-10099|"
            "LPort=44333|LPort=RPC|LPort=RPC-EPMap|RPort=1|Name=Fax|EmbedCtxt=faxnet|",
        ),
        (
            "-RemoteAddress '198.51.100.7','198.51.100.0/24','10.0.0.1-10.0.0.9','2001:db8::/64','LocalSubnet'",
            "Action=Allow|Active=TRUE|Dir=In|RA4=198.51.100.7|RA4=198.51.100.0/255.255.255.0|RA4=10.0.0.1-10.0.0.9|"
            "RA6=2001:db8::/64|RA4=LocalSubnet|RA6=LocalSubnet|Name=Fax|EmbedCtxt=faxnet|",
        ),
        (
            "-LocalAddress '192.168.20.21/32' -RemoteAddress 'LocalSubnet6' -Program 'C:\\fax.exe' -Service 'Fax'",
            "Action=Allow|Active=TRUE|Dir=In|LA4=192.168.20.21|RA6=LocalSubnet|App=C:\\fax.exe|Svc=Fax|Name=Fax|"
            "EmbedCtxt=faxnet|",
        ),
        (
            "-LocalAddress Any -RemoteAddress Any -LocalPort Any -Protocol Any -Profile Any -Program Any",
            "Action=Allow|Active=TRUE|Dir=In|Name=Fax|EmbedCtxt=faxnet|",
        ),
        (
            "-Description 'd' -EdgeTraversalPolicy DeferToApp -Protocol 47",
            "Action=Allow|Active=TRUE|Dir=In|Protocol=47|Name=Fax|Desc=d|EmbedCtxt=faxnet|Defer=App|",
        ),
    ],
)
def test_a_new_rule_is_a_text_in_the_registry(world: World, parameters: str, fields: str) -> None:
    result = world.script(f"{RULE} {parameters}")
    assert result["error"] == []
    assert world.rules() == {"faxnet-tcp": f"v2.31|{fields}"}
    assert result["output"] == [{"Name": "faxnet-tcp", "DisplayName": "Fax"}]


def test_a_rule_without_a_name_gets_one_of_its_own(world: World) -> None:
    world.script("New-NetFirewallRule -DisplayName 'x' -Direction Outbound -Action Block")
    ((name, text),) = world.rules().items()
    assert name.startswith("{")
    assert text == "v2.31|Action=Block|Active=TRUE|Dir=Out|Name=x|"


def test_a_second_rule_of_a_name_is_an_error(world: World) -> None:
    result = world.script(RULE, RULE.replace("faxnet-tcp", "FAXNET-TCP"), "Remove-NetFirewallRule -Name 'faxnet-tcp'")
    assert result["failed"]
    assert errors(result) == [
        ("Cannot create a file when that file already exists.", "Windows System Error 183,New-NetFirewallRule")
    ]
    assert list(world.rules()) == ["faxnet-tcp"]


@pytest.mark.parametrize(
    "parameters",
    [
        "-Enabled $true",
        "-Enabled Yes",
        "-Action Bypass",
        "-Direction In",
        "-Profile Home",
        "-Protocol SCTP",
        "-Protocol 256",
        "-LocalPort 80",
        "-Protocol TCP -LocalPort 65536",
        "-Protocol TCP -LocalPort 'a'",
        "-Protocol TCP -RemotePort RPC",
        "-Protocol UDP -LocalPort RPC",
        "-RemoteAddress '198.51.100.300'",
        "-RemoteAddress 'example.com'",
        "-RemoteAddress '198.51.100.9-198.51.100.7'",
        "-RemoteAddress '1.1.1.1-2001:db8::1'",
        "-LocalAddress LocalSubnet",
        "-EdgeTraversalPolicy Yes",
        "-Description 'a|Active=FALSE'",
    ],
)
def test_a_wrong_rule_is_an_error_and_none_is_made(world: World, parameters: str) -> None:
    result = world.script(f"{BARE} {parameters}")
    assert result["failed"]
    assert len(result["error"]) == 1
    assert world.rules() == {}


def test_a_rule_needs_a_display_name(world: World) -> None:
    assert "missing mandatory parameters: DisplayName" in errors(world.script("New-NetFirewallRule -Name 'x'"))[0][0]


def test_rules_are_removed_by_name_and_by_group(world: World) -> None:
    made = [RULE.replace("faxnet-tcp", name) for name in ("a", "b", "c")]
    world.script(*made, "New-NetFirewallRule -Name 'other' -DisplayName 'o'")
    world.script("Remove-NetFirewallRule -Name 'A','b'")
    assert sorted(world.rules()) == ["c", "other"]
    world.script("Remove-NetFirewallRule -Group 'FAXNET'")
    assert sorted(world.rules()) == ["other"]


def test_a_missing_rule_is_an_error_unless_it_is_silenced(world: World) -> None:
    world.script(RULE)
    result = world.script("Remove-NetFirewallRule -Name 'gone','faxnet-tcp'", error_action="continue")
    assert not result["failed"]
    assert errors(result) == [
        (
            "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to 'gone'.  Verify the value of "
            "the property and retry.",
            "CmdletizationQuery_NotFound_InstanceID,Remove-NetFirewallRule",
        )
    ]
    assert result["error"][0]["category_info"]["category"] == "ObjectNotFound"
    assert world.rules() == {}
    assert world.script("Remove-NetFirewallRule -Name 'gone'")["failed"]
    quiet = world.script("Remove-NetFirewallRule -Name 'gone' -ErrorAction SilentlyContinue")
    assert (quiet["failed"], quiet["error"]) == (False, [])
    assert world.script("Remove-NetFirewallRule -Group 'gone'")["error"][0]["fully_qualified_error_id"].startswith(
        "CmdletizationQuery_NotFound_RuleGroup"
    )


def test_rules_are_switched_off_and_on_and_keep_the_rest(world: World) -> None:
    world.host.put_rule("foreign", "v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=1|Name=b|EmbedCtxt=g|")
    world.script("Set-NetFirewallRule -Name 'foreign' -Enabled False")
    assert world.rules()["foreign"] == "v2.10|Action=Block|Active=FALSE|Dir=In|Protocol=6|LPort=1|Name=b|EmbedCtxt=g|"
    world.script("Set-NetFirewallRule -Group 'g' -Enabled True")
    assert "Active=TRUE" in world.rules()["foreign"]


@pytest.mark.parametrize("line", ["Remove-NetFirewallRule", "Set-NetFirewallRule -Name a -Group b -Enabled True"])
def test_rules_are_chosen_by_name_or_by_group(world: World, line: str) -> None:
    assert "Parameter set cannot be resolved" in errors(world.script(line))[0][0]


def test_wildcards_are_not_emulated(world: World) -> None:
    assert "wildcards" in world.refused("win_powershell", script="Remove-NetFirewallRule -Name 'fax*'")
    assert "wildcards" in world.refused("win_powershell", script="Remove-Item -Path 'C:\\*'")


# ---- files


def test_folders_and_files_are_made_and_removed(world: World) -> None:
    folder = "New-Item -ItemType Directory -Path 'C:\\ProgramData\\faxnet\\undo'"
    files = world.host.state.files
    world.script(folder, "Set-Content -LiteralPath 'c:\\programdata\\FAXNET\\undo\\a.ps1' -Value 'one','two'")
    assert files.read("C:\\ProgramData\\faxnet\\undo\\a.ps1") == b"one\r\ntwo\r\n"
    assert "already exists" in errors(world.script(folder))[0][0]
    assert not world.script(f"{folder} -Force")["failed"]
    assert "has children" in errors(world.script("Remove-Item -Path 'C:\\ProgramData\\faxnet'"))[0][0]
    world.script("Remove-Item -Path 'C:\\ProgramData\\faxnet' -Recurse -Force")
    assert not files.exists("C:\\ProgramData\\faxnet\\undo\\a.ps1")
    assert "does not exist" in errors(world.script("Remove-Item -LiteralPath 'C:\\ProgramData\\faxnet'"))[0][0]
    missing = world.script("Set-Content -Path 'C:\\none\\a' -Value 'x'")
    assert "Could not find a part of the path 'C:\\none\\a'" in errors(missing)[0][0]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", b"\xe4?\r\n"),
        ("-Encoding ASCII", b"??\r\n"),
        ("-Encoding UTF8", b"\xef\xbb\xbf\xc3\xa4\xd1\x91\r\n"),
        ("-Encoding Unicode", "\ufeffä\u0451\r\n".encode("utf-16-le")),
    ],
)
def test_content_is_written_in_its_encoding(world: World, encoding: str, data: bytes) -> None:
    world.script(f"Set-Content -Path 'C:\\a.txt' -Value 'ä\u0451' {encoding}")
    assert world.host.state.files.read("C:\\a.txt") == data


@pytest.mark.parametrize("path", ["a.txt", "D:\\a", "\\\\server\\share", "C:\\a?b", "HKLM:\\SOFTWARE"])
def test_a_path_of_another_kind_is_an_error(world: World, path: str) -> None:
    assert world.script(f"Remove-Item -LiteralPath '{path}'")["failed"]


def test_sleeping_lets_time_pass(world: World) -> None:
    before = world.clock.now()
    world.script("Start-Sleep -Seconds 5", "Start-Sleep -Milliseconds 500")
    assert world.clock.now() == before + 5.5
    assert world.script("Start-Sleep -Seconds soon")["failed"]


# ---- port ranges


def netsh(world: World, line: str) -> list[str]:
    """What netsh writes, without the empty lines around it."""
    result = world.script(f"netsh.exe interface {line}")
    assert not result["failed"]
    return list(result["output"][1:-1])


def test_port_ranges_are_excluded_shown_and_given_back(world: World) -> None:
    add = "ipv4 add excludedportrange protocol=tcp startport=10000 numberofports=100"
    assert netsh(world, add) == ["Ok."]
    assert netsh(world, "ipv4 show excludedportrange protocol=tcp") == [
        "Protocol tcp Port Exclusion Ranges",
        "",
        "Start Port    End Port      ",
        "----------    --------      ",
        "     10000       10099     *",
        "",
        "* - Administered port exclusions.",
    ]
    assert excluded(world.host.state, "ipv4", "tcp") == [{"first": 10000, "count": 100, "administered": True}]
    assert excluded(world.host.state, "ipv6", "tcp") == []
    assert netsh(world, add) == ["The process cannot access the file because it is being used by another process."]
    assert netsh(world, add.replace("10000", "9950")) == netsh(world, add)
    assert netsh(world, add.replace("add", "delete").replace("=100", "=99")) == [
        "The system cannot find the file specified."
    ]
    assert netsh(world, add.replace("add", "delete")) == ["Ok."]
    assert excluded(world.host.state, "ipv4", "tcp") == []


def test_ranges_that_others_hold_are_not_given_back(world: World) -> None:
    held = {"first": 50000, "count": 100, "administered": False}
    world.host.change(lambda state: state.data["ports"]["excluded"].update({"ipv4 tcp": [held]}))
    assert "     50000       50099      " in netsh(world, "ipv4 show excludedportrange tcp")
    deleting = "ipv4 delete excludedportrange protocol=tcp startport=50000 numberofports=100"
    assert netsh(world, deleting) == ["Access is denied."]


def test_both_families_may_share_their_ranges(world: World) -> None:
    world.host.change(lambda state: state.data["ports"].update(shared_by_families=True))
    add = "add excludedportrange protocol=udp startport=44333 numberofports=1"
    assert netsh(world, f"ipv4 {add}") == ["Ok."]
    assert netsh(world, f"ipv6 {add}") != ["Ok."]


def test_the_dynamic_range_is_shown(world: World) -> None:
    assert netsh(world, "ipv6 show dynamicport udp")[2:] == ["Start Port      : 49152", "Number of Ports : 16384"]
    world.host.change(lambda state: state.data["ports"]["dynamic"].update({"ipv4 tcp": {"first": 1025, "count": 3976}}))
    assert netsh(world, "ipv4 show dynamicport tcp")[2:] == ["Start Port      : 1025", "Number of Ports : 3976"]


@pytest.mark.parametrize(
    "line",
    [
        "ipv4 add excludedportrange protocol=tcp startport=0 numberofports=1",
        "ipv4 add excludedportrange protocol=tcp startport=65535 numberofports=2",
        "ipv4 add excludedportrange protocol=tcp startport=x numberofports=2",
        "ipv4 delete excludedportrange protocol=tcp startport=10",
    ],
)
def test_a_wrong_range_is_told_and_stops_nothing(world: World, line: str) -> None:
    result = world.script(f"netsh.exe interface {line}", "New-Item -ItemType Directory -Path 'C:\\after'")
    assert "The parameter is incorrect." in result["output"]
    assert world.host.state.files.is_folder("C:\\after")


@pytest.mark.parametrize(
    "line",
    [
        "advfirewall show allprofiles",
        "interface ipv4 show interfaces",
        "interface ipv4 show excludedportrange protocol=sctp",
        "interface ipv4 add excludedportrange protocol=tcp startport=1 numberofports=1 store=active",
        "interface ipv4 add excludedportrange protocol=tcp port=1",
    ],
)
def test_the_rest_of_netsh_is_not_emulated(world: World, line: str) -> None:
    assert world.refused("win_powershell", script=f"netsh.exe {line}").startswith("emulated Windows: netsh")


# ---- error actions


@pytest.mark.parametrize(("action", "after", "failed"), [("stop", False, True), ("continue", True, False)])
def test_an_error_stops_a_script_where_that_is_asked_for(world: World, action: str, after: bool, failed: bool) -> None:
    lines = ("Remove-Item -Path 'C:\\none'", "New-Item -ItemType Directory -Path 'C:\\after'")
    result = world.script(*lines, error_action=action)
    assert (world.host.state.files.exists("C:\\after"), result["failed"]) == (after, failed)
    assert len(result["error"]) == 1


def test_a_commands_own_error_action_wins(world: World) -> None:
    lines = ("Remove-Item -Path 'C:\\none' -ErrorAction Stop", "New-Item -ItemType Directory -Path 'C:\\after'")
    assert world.script(*lines, error_action="silently_continue")["failed"]
    assert not world.host.state.files.exists("C:\\after")


def test_check_mode_runs_no_script(world: World) -> None:
    result = world.done("win_powershell", check=True, script=RULE)
    assert (result["changed"], result["msg"]) == (True, "skipped, running in check mode")
    assert world.rules() == {}


def test_a_script_is_skipped_by_creates_and_removes(world: World) -> None:
    assert not world.done("win_powershell", script=RULE, creates="C:\\Windows")["changed"]
    assert not world.done("win_powershell", script=RULE, removes="C:\\none")["changed"]
    assert world.rules() == {}
    assert world.done("win_powershell", script=RULE, removes="C:\\Windows", creates="C:\\none")["changed"]


@pytest.mark.parametrize("option", ["parameters", "chdir", "executable", "arguments"])
def test_options_that_are_not_emulated_are_refused(world: World, option: str) -> None:
    value: Any = {"a": 1} if option == "parameters" else "C:\\Windows"
    assert f"{option} is not emulated" in world.refused("win_powershell", script=RULE, **{option: value})
