# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules do on a host: check mode writes nothing, the second run neither."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from tests.emulators.windows.modules.packages import UNINSTALL, installer
from tests.emulators.windows.state import LOCAL_POLICY
from tests.unit.emulators.windows.world import World

KEY = "HKLM:\\SOFTWARE\\NetCFax"


def test_ping_answers(world: World) -> None:
    assert world.done("win_ping")["ping"] == "pong"
    assert world.done("win_ping", data="x")["invocation"] == {"module_args": {"data": "x"}}
    assert "boom" in world.refused("win_ping", data="crash")


def test_facts_are_those_of_windows(world: World) -> None:
    facts = world.done("setup", gather_subset=["min"], some_future_option=1)["ansible_facts"]
    assert (facts["ansible_os_family"], facts["ansible_hostname"]) == ("Windows", "WINHOST")


# ---- registry


@pytest.mark.parametrize(
    ("kind", "data", "kept"),
    [
        ("string", "a", ("REG_SZ", "a")),
        ("string", 5, ("REG_SZ", "5")),
        ("expandstring", "%TEMP%", ("REG_EXPAND_SZ", "%TEMP%")),
        ("dword", 1, ("REG_DWORD", 1)),
        ("dword", "0xffffffff", ("REG_DWORD", 0xFFFFFFFF)),
        ("qword", 2**40, ("REG_QWORD", 2**40)),
        ("multistring", ["a", "b"], ("REG_MULTI_SZ", ["a", "b"])),
        ("binary", "hex:be,ef", ("REG_BINARY", [0xBE, 0xEF])),
        ("binary", [1, 2], ("REG_BINARY", [1, 2])),
        ("binary", "beef", ("REG_BINARY", [0xBE, 0xEF])),
        ("none", None, ("REG_NONE", [])),
    ],
)
def test_a_value_is_written_once_and_read_back(world: World, kind: str, data: Any, kept: tuple[str, Any]) -> None:
    result = world.thrice("win_regedit", path=KEY, name="Value", data=data, type=kind)
    assert list(result["diff"]["after"][KEY]) == ["Value"]
    assert world.host.state.registry.value(KEY.lower(), "value") == kept
    read = world.done("win_reg_stat", path=KEY, name="Value")
    assert (read["exists"], read["type"], read["value"]) == (True, *kept)
    everything = world.done("win_reg_stat", path=KEY)
    assert list(everything["properties"]) == ["Value"]
    assert "NetCFax" in world.done("win_reg_stat", path="HKLM:\\SOFTWARE")["sub_keys"]


def test_a_changed_value_tells_what_changed(world: World) -> None:
    world.done("win_regedit", path=KEY, name="a", data="1")
    changed = world.done("win_regedit", path=KEY, name="a", data=1, type="dword")
    assert (changed["data_type_changed"], changed["data_changed"]) == (True, True)
    assert changed["diff"]["before"][KEY]["a"] == {"type": "String", "value": "1"}
    assert changed["diff"]["after"][KEY]["a"] == {"type": "DWord", "value": "0x00000001"}


def test_a_value_and_a_key_are_taken_away(world: World) -> None:
    world.done("win_regedit", path=KEY, name="a", data="1")
    world.thrice("win_regedit", path=KEY, name="a", state="absent")
    assert world.host.state.registry.has(KEY)
    world.done("win_regedit", path=f"{KEY}\\Inside", name="a", data="1")
    world.thrice("win_regedit", path=KEY, state="absent")
    assert not world.host.state.registry.has(f"{KEY}\\Inside")
    assert world.done("win_reg_stat", path=KEY) == {"changed": False, "exists": False}
    assert not world.done("win_regedit", path=KEY, name="a", state="absent")["changed"]


def test_the_keys_own_value_is_text(world: World) -> None:
    result = world.done("win_regedit", path=KEY, data="x", type="expandstring")
    assert "can only be 'string'" in result["warnings"][0]
    assert world.host.state.registry.value(KEY, "") == ("REG_SZ", "x")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"path": "SOFTWARE\\x"}, "is not a valid powershell path"),
        ({"path": KEY, "name": "a", "type": "dword", "data": 2**32}, "larger than 0xffffffff when type is dword"),
        ({"path": KEY, "name": "a", "type": "dword", "data": "x"}, "Cannot convert value"),
        ({"path": KEY, "name": "a", "type": "binary", "data": 256}, "cannot convert binary data"),
        ({"path": KEY, "hive": "C:\\x"}, "hive is not emulated"),
    ],
)
def test_wrong_values_are_refused(world: World, arguments: dict[str, Any], text: str) -> None:
    assert text in world.refused("win_regedit", **arguments)


# ---- files


def test_folders_are_made_and_removed(world: World) -> None:
    world.thrice("win_file", path="C:\\Fax\\in", state="directory")
    found = world.done("win_stat", path="c:/fax/IN")["stat"]
    assert (found["exists"], found["isdir"], found["path"], found["size"]) == (True, True, "C:\\Fax\\in", 0)
    world.thrice("win_file", path="C:\\Fax", state="absent")
    assert world.done("win_stat", path="C:\\Fax\\in")["stat"] == {"exists": False}


def test_a_file_is_told_by_size_and_checksum(world: World) -> None:
    world.host.change(lambda state: state.files.write("C:\\Windows\\a.cfg", b"abc"))
    found = world.done("win_stat", path="C:\\Windows\\a.cfg", checksum_algorithm="sha256")["stat"]
    assert (found["size"], found["extension"], found["isreg"]) == (3, ".cfg", True)
    assert found["checksum"] == hashlib.sha256(b"abc").hexdigest()
    assert world.done("win_stat", path="C:\\Windows")["stat"]["size"] == 3
    assert "checksum" not in world.done("win_stat", path="C:\\Windows\\a.cfg", get_checksum=False)["stat"]
    assert not world.done("win_file", path="C:\\Windows\\a.cfg", state="file")["changed"]


def test_touching_always_changes(world: World) -> None:
    for _time in range(2):
        world.clock.move(1)
        assert world.done("win_file", path="C:\\new.txt", state="touch")["changed"]
    assert world.done("win_stat", path="C:\\new.txt")["stat"]["lastwritetime"] == world.clock.now()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"path": "C:\\none", "state": "file"}, "path C:\\none will not be created"),
        ({"path": "C:\\Windows", "state": "file"}, "path C:\\Windows is not a file"),
        ({"path": "C:\\f", "state": "directory"}, "path C:\\f is not a directory"),
        ({"path": "C:\\no\\a", "state": "touch"}, "Could not find a part of the path"),
        ({"path": "relative", "state": "directory"}, "paths that begin with a drive"),
    ],
)
def test_a_wrong_file_is_refused(world: World, arguments: dict[str, Any], text: str) -> None:
    world.host.change(lambda state: state.files.write("C:\\f", b""))
    assert text in world.refused("win_file", **arguments)


# ---- services


def test_a_service_is_made_started_and_taken_away(world: World) -> None:
    wanted = {"name": "NetCFax", "path": "C:\\fax.exe", "start_mode": "delayed", "state": "started",
              "display_name": "Fax", "dependencies": ["mpssvc"]}  # fmt: skip
    result = world.thrice("win_service", **wanted)
    assert (result["exists"], result["state"], result["start_mode"]) == (True, "running", "delayed")
    info = world.done("win_service_info", name="FAX")["services"][0]
    assert (info["name"], info["state"], info["dependencies"]) == ("NetCFax", "started", ["mpssvc"])
    assert world.done("win_service", name="mpssvc")["depended_by"] == ["NetCFax"]
    world.thrice("win_service", name="NetCFax", state="stopped", start_mode="disabled")
    assert "cannot be started" in world.refused("win_service", name="NetCFax", state="started")
    assert not world.thrice("win_service", name="NetCFax", state="absent")["exists"]
    assert world.done("win_service_info", name="NetCFax") | {"invocation": 0} == {
        "changed": False, "exists": False, "services": [], "invocation": 0}  # fmt: skip


def test_a_restart_changes_each_time(world: World) -> None:
    starts = [world.host.state.data["services"]["sshd"]["starts"]]
    for _time in range(2):
        assert world.done("win_service", name="sshd", state="restarted")["changed"]
        assert world.last.wrote
        starts.append(world.host.state.data["services"]["sshd"]["starts"])
    assert starts == [0, 1, 2]


def test_a_service_may_run_as_another_account(world: World) -> None:
    result = world.thrice("win_service", name="sshd", username="LocalService")
    assert result["username"] == "NT AUTHORITY\\LOCAL SERVICE"
    assert world.done("win_service", name="mpssvc", desktop_interact=True)["username"] == "LocalSystem"


def test_dependencies_are_added_and_removed(world: World) -> None:
    world.done("win_service", name="sshd", dependencies=["a", "b"])
    assert world.done("win_service", name="sshd", dependencies="c", dependency_action="add")["dependencies"] == [
        "a", "b", "c"]  # fmt: skip
    assert world.done("win_service", name="sshd", dependencies="a", dependency_action="remove")["dependencies"] == [
        "b", "c"]  # fmt: skip
    assert world.done("win_service", name="sshd", dependencies=["c"])["dependencies"] == ["c"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "none", "state": "started"}, "Service 'none' is not installed, need to set 'path'"),
        ({"name": "sshd", "state": "paused"}, "The service does not support pausing"),
        ({"name": "sshd", "username": "DOMAIN\\fax"}, "the account 'DOMAIN\\\\fax' is not emulated"),
        ({"name": "sshd", "username": "LocalService", "desktop_interact": True}, "Can only set 'desktop_interact'"),
    ],
)
def test_a_wrong_service_is_refused(world: World, arguments: dict[str, Any], text: str) -> None:
    assert text in world.refused("win_service", **arguments)


# ---- features


def test_features_are_installed_with_what_belongs_to_them(world: World) -> None:
    result = world.thrice("win_feature", name="fax", include_management_tools=True)
    assert [each["display_name"] for each in result["feature_result"]] == ["Fax Server", "Fax Server Tools"]
    assert (result["success"], result["exitcode"], result["reboot_required"]) == (True, "Success", False)
    assert world.done("win_feature", name=["Fax"])["exitcode"] == "NoChangeNeeded"
    world.thrice("win_feature", name="Print-Services", include_sub_features=True)
    assert world.host.state.data["features"]["Print-Server"]["installed"]
    world.thrice("win_feature", name="Print-Services", state="absent")
    assert not world.host.state.data["features"]["Print-Server"]["installed"]
    assert "'Fux'. The name was not found" in world.refused("win_feature", name="Fux")


def test_a_feature_may_need_a_restart(world: World) -> None:
    world.host.change(lambda state: state.data["features"]["Fax"].update(restart_needed=True))
    assert world.done("win_feature", name="Fax")["reboot_required"]
    assert world.done("setup")["ansible_facts"]["ansible_reboot_pending"]
    world.host.reboot()
    assert not world.done("setup")["ansible_facts"]["ansible_reboot_pending"]


# ---- packages

BRINGS: dict[str, Any] = {
    "display_name": "NetCFax Client",
    "services": {"NetCFaxMonitor": {"display_name": "NetCFax Monitor"}},
    "files": {"C:\\Program Files\\NetCFax\\client.exe": "emulated"},
}


def put(world: World, path: str, product_id: str = "NetCFax", **more: Any) -> bytes:
    """Lay an installer on the host's drive, or on the web."""
    content = installer(product_id, **{**BRINGS, **more})
    if path.startswith("http"):
        encoded = base64.b64encode(content).decode()
        world.host.change(lambda state: state.data["downloads"].update({path: encoded}))
    else:
        world.host.change(lambda state: state.files.write(path, content))
    return content


@pytest.mark.parametrize("path", ["C:\\setup.exe", "C:\\setup.msi", "http://www.example.com/setup.exe"])
def test_a_package_is_installed_once_and_taken_away(world: World, path: str) -> None:
    content = put(world, path)
    digest = hashlib.sha256(content).hexdigest()
    wanted = {"path": path, "product_id": "NetCFax", "checksum": digest, "checksum_algorithm": "sha256"}
    result = world.thrice("win_package", **wanted)
    assert (result["rc"], result["reboot_required"]) == (0, False)
    key = f"HKLM:\\{UNINSTALL}\\NetCFax"
    assert world.done("win_reg_stat", path=key, name="DisplayName")["value"] == "NetCFax Client"
    assert world.done("win_service_info", name="NetCFaxMonitor")["exists"]
    assert world.host.state.files.exists("C:\\Program Files\\NetCFax\\client.exe")
    world.thrice("win_package", product_id="NetCFax", state="absent")
    assert not world.host.state.registry.has(key)
    assert not world.done("win_service_info", name="NetCFaxMonitor")["exists"]


def test_an_msi_knows_its_own_product(world: World) -> None:
    product = "{1F0D3A0E-0000-0000-0000-000000000000}"
    put(world, "C:\\setup.msi", product)
    world.thrice("win_package", path="C:\\setup.msi")
    assert world.host.state.registry.has(f"HKLM:\\{UNINSTALL}\\{product}")


def test_a_package_that_makes_a_file_or_service_is_there_with_it(world: World) -> None:
    put(world, "C:\\setup.exe")
    world.thrice("win_package", path="C:\\setup.exe", creates_path="C:\\Program Files\\NetCFax\\client.exe")
    assert not world.done("win_package", path="C:\\setup.exe", creates_service="NetCFaxMonitor")["changed"]


def test_a_return_code_that_nobody_expects_is_a_failure(world: World) -> None:
    put(world, "C:\\setup.exe", return_code=3010)
    assert "unexpected rc" in world.refused("win_package", path="C:\\setup.exe", product_id="NetCFax",
                                            expected_return_code=[0])  # fmt: skip
    assert world.last.result["rc"] == 3010
    assert world.done("win_package", path="C:\\setup.exe", product_id="NetCFax")["reboot_required"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"path": "C:\\none.exe"}, "the file at the path 'C:\\none.exe' cannot be reached"),
        ({"path": "http://x/none.exe"}, "(404) Not Found"),
        ({"path": "C:\\setup.exe", "checksum": "00"}, "did not match '00'"),
        ({"path": "C:\\Windows\\a.exe"}, "is no emulated installer"),
        ({"path": "C:\\setup.exe", "provider": "msix"}, "the provider msix is not emulated"),
        ({"path": "C:\\setup.exe", "chdir": "C:\\Windows"}, "chdir is not emulated"),
    ],
)
def test_a_wrong_package_is_refused(world: World, arguments: dict[str, Any], text: str) -> None:
    put(world, "C:\\setup.exe")
    world.host.change(lambda state: state.files.write("C:\\Windows\\a.exe", b"MZ"))
    assert text in world.refused("win_package", **arguments)


def test_secrets_are_not_repeated(world: World) -> None:
    put(world, "http://x/setup.exe")
    result = world.done("win_package", path="http://x/setup.exe", product_id="NetCFax", url_password="hunter2")  # noqa: S106 (of a test)
    assert "hunter2" not in str(result)


# ---- the firewall's profiles


@pytest.mark.parametrize(
    ("arguments", "value", "number"),
    [
        ({"state": "disabled", "profiles": ["Public"]}, "EnableFirewall", 0),
        ({"state": "enabled", "profiles": ["Public"], "inbound_action": "allow"}, "DefaultInboundAction", 0),
        ({"state": "enabled", "profiles": "Public", "outbound_action": "block"}, "DefaultOutboundAction", 1),
    ],
)
def test_a_profile_is_set(world: World, arguments: dict[str, Any], value: str, number: int) -> None:
    result = world.thrice("win_firewall", **arguments)
    assert (result["Public"]["considered"], result["Private"]["considered"]) == (True, False)
    registry = world.host.state.registry
    assert registry.data(f"{LOCAL_POLICY}\\PublicProfile", value) == number
    assert registry.data(f"{LOCAL_POLICY}\\StandardProfile", value) != number or value == "EnableFirewall"
    assert registry.data(f"{LOCAL_POLICY}\\StandardProfile", "EnableFirewall") == 1


def test_a_default_action_is_given_back(world: World) -> None:
    world.done("win_firewall", state="enabled", inbound_action="block")
    world.thrice("win_firewall", state="enabled", inbound_action="not_configured")
    assert world.host.state.registry.data(f"{LOCAL_POLICY}\\DomainProfile", "DefaultInboundAction") is None
