# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated server as a program: its options, what survives a restart, listeners, IPv6, log."""

from __future__ import annotations

import contextlib
import ftplib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import PwdError, Session, Target
from tests.emulators.communigate import program as packed
from tests.emulators.communigate.data_format import as_text, values
from tests.emulators.communigate.listeners import listeners, listeners_of_slice
from tests.emulators.communigate.sockets import ipv6_on
from tests.emulators.communigate.store import FRESH, SETTINGS_FILE, Store, local_addresses, written
from tests.unit import loopback
from tests.unit.communigate.world import PASSWORD, PWD_PORT, SIP_PORT, Emulated, made

#: Starts the server from the checkout.
START = (sys.executable, "-m", "tests.emulators.communigate")
FRESH_INSTALL = Path(__file__).parent / "fresh_install.settings"


@contextlib.contextmanager
def program(base: Path, *options: str, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """The server as a process; its context begins when it listens, and ends it."""
    if settings:
        written(base / SETTINGS_FILE, as_text(settings, ""), 0o600)
    running = subprocess.Popen([*START, "--Base", str(base), *options], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 15
    while not (base / "ProcessID").exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(10)
        if running.stderr:
            running.stderr.close()


def probed(address: str, port: int, transport: str = "tcp") -> dict[str, Any]:
    """What a listener answers to a probe."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM) as ours:
        ours.settimeout(3)
        ours.connect((address, port))
        ours.sendall(b'{"probe": "0f1e"}\n')
        said = b""
        while b"{" not in said or not said.endswith(b"\n"):  # PWD greets before it is asked
            piece = ours.recv(4096)
            assert piece, said
            said += piece
        return dict(json.loads(said[said.index(b"{") :]))


def pwd(port: int) -> dict[str, Any]:
    return {"PWD": {"Listener": [{"Port": port}]}}


def password_of(base: Path) -> str:
    (found,) = values((base / "Accounts/postmaster.macnt/account.settings").read_text())
    return str(found["Password"])


def test_what_is_set_survives_a_restart_and_a_kill(tmp_path: Path) -> None:
    port = loopback.port()
    with program(tmp_path, Modules=pwd(port)) as running:
        target = Target("127.0.0.1", port, "postmaster", password_of(tmp_path))
        with Session(target) as session:
            session.set("SETLANIPS", "\"10.0.0.1 ; caf\\u'e9'\\e\"")
        running.send_signal(signal.SIGKILL)
        running.wait(10)
        (tmp_path / "ProcessID").unlink()
    with program(tmp_path), Session(target) as session:
        assert session.get("GETLANIPS") == "10.0.0.1 ; café\n"
    assert not (tmp_path / "ProcessID").exists(), "a server that ends takes its process file away"


def test_postmasters_password_is_made_once_and_for_root_alone(tmp_path: Path) -> None:
    with program(tmp_path, Modules={}):
        first = password_of(tmp_path)
    with program(tmp_path):
        assert password_of(tmp_path) == first
    assert len(first) >= 16
    assert (tmp_path / "Accounts/postmaster.macnt/account.settings").stat().st_mode & 0o777 == 0o600


@pytest.mark.acceptance("CG-01")
def test_the_first_lan_list_is_what_the_system_says_of_itself(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.settings["LANIPs"].split("\n") == [each for each in local_addresses() if "." in each]
    assert "127.0.0.1" not in store.settings["LANIPs"]


def test_in_the_background_it_returns_when_it_listens(tmp_path: Path) -> None:
    port = loopback.port()
    written(tmp_path / SETTINGS_FILE, as_text({"Modules": pwd(port)}, ""), 0o600)
    subprocess.run([*START, "--base", str(tmp_path), "--daemon"], check=True, timeout=20)
    try:
        assert probed("127.0.0.1", port)["by"] == "localhost/PWD"
    finally:
        os.kill(int((tmp_path / "ProcessID").read_text()), signal.SIGTERM)


def test_installed_as_one_program_it_needs_nothing_of_the_checkout(tmp_path: Path) -> None:
    port, base, installed = loopback.port(), tmp_path / "base", tmp_path / "CGServer"
    installed.write_bytes(packed.program("of a test"))
    written(base / SETTINGS_FILE, as_text({"Modules": pwd(port)}, ""), 0o600)
    isolated = [sys.executable, "-I", str(installed), "--Base", str(base), "--Daemon"]
    subprocess.run(isolated, check=True, timeout=20, cwd=tmp_path)
    try:
        assert probed("127.0.0.1", port)["by"] == "localhost/PWD"
    finally:
        os.kill(int((base / "ProcessID").read_text()), signal.SIGTERM)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{a=b}", "a dictionary is made of key=value;"),
        ("(a)", "it must hold one dictionary in the product's data format"),
        ("{Modules=a;}", "Modules must be a dictionary"),
        ("{LANIPs=(a);}", "LANIPs must be a string"),
    ],
)
def test_in_the_background_it_also_tells_when_it_cannot_start(tmp_path: Path, text: str, told: str) -> None:
    written(tmp_path / SETTINGS_FILE, text, 0o600)
    done = subprocess.run(
        [*START, "--Base", str(tmp_path), "--Daemon"],
        check=False,
        timeout=20,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"CGServer: {tmp_path}/Settings/Main.settings: {told}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--fantasy", "--ipv6=maybe"])
def test_an_option_that_the_product_has_not_is_refused(tmp_path: Path, option: str) -> None:
    done = subprocess.run(
        [*START, "--Base", str(tmp_path), option],
        check=False,
        capture_output=True,
        timeout=20,
    )
    assert done.returncode == 2


def test_shutdown_ends_it(tmp_path: Path) -> None:
    port = loopback.port()
    with program(tmp_path, Modules=pwd(port)) as running:
        with Session(Target("127.0.0.1", port, "postmaster", password_of(tmp_path))) as session:
            session.set("SHUTDOWN", "")
        assert running.wait(10) == 0


@pytest.mark.parametrize(("option", "mapped"), [("YES", True), ("NO", False)])
@pytest.mark.acceptance("CG-19", "CG-21")
def test_the_option_says_whether_sockets_are_ipv6_ones(tmp_path: Path, option: str, mapped: bool) -> None:
    port, sip = loopback.port(), loopback.port()
    modules = {**pwd(port), "SIP": {"UDPListener": {"Port": sip}}}
    with program(tmp_path, "--IPv6", option, Modules=modules):
        for transport, number in (("tcp", port), ("udp", sip)):
            # An IPv4 peer is served either way, and seen with its IPv4 address.
            assert probed("127.0.0.1", number, transport)["seen_from"][0] == "127.0.0.1"
            if mapped:
                assert probed("::1", number, transport)["seen_from"][0] == "::1"
            else:
                with pytest.raises(OSError, match="refused"):
                    probed("::1", number, transport)
    log = "".join(path.read_text() for path in (tmp_path / "SystemLogs").iterdir())
    assert f"IPv6 is {'on' if mapped else 'off'}" in log


@pytest.mark.parametrize(
    ("option", "platform", "addresses", "on"),
    [
        ("AUTO", True, ["10.0.1.12", "2001:db8::12"], True),
        ("AUTO", True, ["10.0.1.12"], False),
        ("AUTO", False, ["2001:db8::12"], False),
        ("YES", True, ["10.0.1.12"], True),
        ("NO", True, ["2001:db8::12"], False),
    ],
)
@pytest.mark.acceptance("CG-19", "CG-21")
def test_ipv6_is_on_where_the_platform_has_it_and_a_local_address_is_one(
    option: str, platform: bool, addresses: list[str], on: bool
) -> None:
    assert ipv6_on(option, platform, addresses) is on


def test_every_listener_answers_a_probe_and_says_whose_it_is(server: Emulated) -> None:
    for port, transport, module in ((PWD_PORT, "tcp", "PWD"), (SIP_PORT, "udp", "SIP")):
        found = probed(server.host, port, transport)
        assert found["answer"] == "0f1e"
        assert found["by"] == f"fax.example.com/{module}"
        assert found["seen_from"][0] == "127.0.0.1"


def test_a_module_that_is_set_listens_elsewhere_at_once(server: Emulated) -> None:
    with server.session() as session:
        session.set("UPDATEMODULE", f'SIP {{Listener=({{LocalIP="{server.host}";Port=#15061;}});}}')
        assert probed(server.host, 15061)["by"] == "fax.example.com/SIP"
        assert probed(server.host, SIP_PORT, "udp")["answer"] == "0f1e", "an update keeps what it does not name"
        session.set("SETMODULE", f'sip {{Listener=({{LocalIP="{server.host}";Port=#15062;}});}}')
        assert probed(server.host, 15062)["by"] == "fax.example.com/SIP"
    with pytest.raises(OSError, match="refused"):
        probed(server.host, 15061)
    with pytest.raises(OSError, match="refused"):
        probed(server.host, SIP_PORT, "udp")


@pytest.mark.acceptance("CG-10")
def test_the_media_ports_listen_and_follow_their_settings(server: Emulated) -> None:
    made(server, media={"UDPPorts": "15100-15103", "TCPPorts": "15200-15999"})
    for port, transport in [(15100, "udp"), (15103, "udp"), (15200, "tcp"), (15999, "tcp")]:
        assert probed(server.host, port, transport)["by"] == "fax.example.com/MEDIA"
    made(server, media={"UDPPorts": "15110-15113"})
    with pytest.raises(OSError, match="refused"):
        probed(server.host, 15100, "udp")


def test_a_port_that_is_taken_is_told_and_the_others_listen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy, port = taken.getsockname()[1], loopback.port()
        modules = {"POP": {"Listener": {"LocalIP": "127.0.0.1", "Port": busy}}, **pwd(port)}
        with program(tmp_path, Modules=modules) as running:
            assert probed("127.0.0.1", port)["by"] == "localhost/PWD"
            running.terminate()
            _out, told = running.communicate(timeout=10)
    assert f"CGServer: POP tcp/{busy} at 127.0.0.1: [Errno 98] Address already in use" in told


def test_a_hosts_slice_of_a_plan_says_where_to_listen(tmp_path: Path) -> None:
    exchanges = [
        {"service": "communigate", "name": "sip", "initiator": "client", "transport": "udp", "ports": "sip_port"},
        {"service": "communigate", "name": "media", "initiator": "client", "transport": "udp", "ports": "15300-15399"},
        {"service": "communigate", "name": "off", "initiator": "client", "transport": "udp", "ports": 9},
        {"service": "communigate", "name": "dns", "initiator": "server", "transport": "udp", "ports": 53},
        {"service": "another", "name": "pcp", "initiator": "client", "transport": "tcp", "ports": 7},
    ]
    offer = {"service": "communigate", "settings": {"sip_port": 15060}, "exchanges": ["sip", "media", "dns"]}
    slice_ = {"offers": [offer], "exchanges": exchanges}
    (tmp_path / "slice.json").write_text(json.dumps(slice_))
    found = listeners_of_slice(slice_)
    assert {str(place) for place in listeners({"Modules": found, "MediaServer": {}})} == {
        *("sip udp/15060", "media udp/15300", "media udp/15399")
    }
    port = loopback.port()
    offer["settings"] = {"sip_port": port}
    (tmp_path / "slice.json").write_text(json.dumps({**slice_, "exchanges": exchanges[:1]}))
    with program(tmp_path, "--EmulatorSlice", str(tmp_path / "slice.json"), Modules={}):
        assert probed("127.0.0.1", port, "udp")["by"] == "localhost/sip"


def test_a_fresh_installation_listens_where_the_product_does() -> None:
    (settings,) = values(FRESH_INSTALL.read_text())
    found = set(listeners(settings))
    assert sorted({place.port for place in found if place.transport == "tcp" and place.module != "MEDIA"}) == [
        *(25, 106, 110, 143, 389, 636, 674, 993, 3478, 5060, 5061, 5222, 5269, 5349),
        *(8010, 8021, 8100, 9010, 9100, 11024),
    ]
    assert {place.port for place in found if place.tls} == {636, 993, 5061, 5349, 9010, 9100}
    assert settings.keys() <= FRESH.keys()


@pytest.mark.parametrize(
    ("wan", "lan", "told"),
    [("", "", "server"), ("127.77.77.77", "127.0.0.0/8", "server"), ("127.77.77.77", "", "wan")],
)
@pytest.mark.acceptance("CG-09", "CG-11")
def test_passive_ftp_uses_the_media_tcp_ports(server: Emulated, wan: str, lan: str, told: str) -> None:
    server.server.store.settings["Modules"]["FTP"] = {"Listener": {"LocalIP": server.host, "Port": 15021}}
    made(
        server,
        network={"WANAddress": wan},
        media={"TCPPorts": "15210-15212"},
        lan_ips={"text": lan, "entries": None, "mode": "replace"},
    )
    with ftplib.FTP() as ftp:  # noqa: S321 (to loopback)
        # An attribute of Python 3.9 and later that mypy's typeshed does not list.
        ftp.trust_server_pasv_ipv4_address = True  # type: ignore[attr-defined]
        ftp.connect(server.host, 15021, timeout=5)
        with pytest.raises(ftplib.error_perm, match=r"530 log in first"):
            ftp.sendcmd("PASV")
        with pytest.raises(ftplib.error_perm, match=r"530 incorrect password"):
            ftp.login("postmaster", "not it")
        ftp.login("postmaster", PASSWORD)
        host, port = ftp.makepasv()
        assert 15210 <= port <= 15212
        assert host == (server.host if told == "server" else wan)
        # Whoever is told the WAN address gets here too: on loopback all of its addresses are this machine.
        with socket.create_connection((server.host, port), 3) as transfer:
            assert ftp.sendcmd("LIST").startswith("150")
            assert transfer.recv(10) == b""
        assert ftp.getresp().startswith("226")
        if told == "server":
            lines: list[str] = []
            ftp.retrlines("LIST", lines.append)
            assert lines == []


def test_ports_that_two_share_listen_once(tmp_path: Path) -> None:
    port = loopback.port()
    modules = {"ftp_data": {"Listener": {"Port": port}}, "media_tcp": {"Listener": {"Port": port}}}
    with program(tmp_path, Modules=modules) as running:
        assert probed("127.0.0.1", port)["by"] == "localhost/ftp_data"
        running.terminate()
        assert running.communicate(timeout=10)[1] == ""


def test_denied_addresses_get_nothing(server: Emulated) -> None:
    server.server.store.settings["DeniedIPs"] = "127.0.0.0/8"
    with pytest.raises(PwdError, match=r"closed the connection at the greeting|broke at the greeting"):
        server.session().__enter__()
    with pytest.raises(TimeoutError):
        probed(server.host, SIP_PORT, "udp")


@pytest.mark.acceptance("CG-24")
def test_debug_addresses_are_logged_in_detail_and_without_secrets(server: Emulated) -> None:
    with server.session() as session:
        session.set("SETDEBUGIPS", '"127.0.0.0-127.255.255.255"')
    assert "GETLANIPS" not in server.log
    for authentication in ("apop", "password"):
        with server.session(authentication=authentication) as session:
            session.get("GETLANIPS")
    assert "inp: GETLANIPS" in server.log
    assert "inp: PASS ..." in server.log
    assert PASSWORD not in server.log


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("FANTASY", "500 Unknown command"),
        ("GETMODULE", "501 unknown module name"),
        ("SETLANIPS", "501 incorrect command parameters"),
        ("SETLANIPS (a)", "501 incorrect command parameters"),
        ("SETNETWORK {a=b}", "501 incorrect command format"),
        ("GETIPSTATE nonsense", "501 incorrect IP address"),
        ("EMULATORRESOLVE", "501 incorrect command parameters"),
        ("SETMODULE SIP a", "501 incorrect command parameters"),
    ],
)
def test_a_wrong_command_is_answered_with_an_error_and_the_talk_goes_on(
    server: Emulated, command: str, told: str
) -> None:
    verb, _space, rest = command.partition(" ")
    with server.session() as session:
        with pytest.raises(PwdError, match=told):
            session.set(verb, rest)
        assert session.get("GETVERSION") == "6.3.12"


@pytest.mark.parametrize("line", [b"GETLANIPS\r\n", b"INLINE\r\n", b"\r\n", b"\xff\xfe\r\n", b"PASS x\r\n"])
def test_nobody_gets_anything_before_logging_in(server: Emulated, line: bytes) -> None:
    with socket.create_connection((server.host, PWD_PORT), 3) as ours:
        ours.recv(4096)
        ours.sendall(line)
        assert ours.recv(4096).startswith(b"50")
