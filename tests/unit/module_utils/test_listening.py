# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What listens on a host: against sockets of this machine, and against tables of other machines."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._listening import wanted as wanted_module
from ansible_collections.faxnet.deploy.plugins.module_utils._listening.wanted import look, wait_for

ANY = "0.0.0.0"  # noqa: S104 - that others can reach it is what is looked for
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(local: str, state: str, inode: int = 4711) -> str:
    return f"   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1\n"


def wanted(port: int, transport: str = "tcp", name: str | None = None) -> dict[str, object]:
    return {"name": name, "transport": transport, "port": port}


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A machine's tables: words are little-endian, as on the machine that runs the tests."""
    net = tmp_path / "self" / "net"
    net.mkdir(parents=True)
    (net / "tcp").write_text(
        HEAD + row("00000000:0019", "0A", 1) + row("0100007F:0FC8", "0A", 2) + row("0A00010A:01BB", "01")
    )
    (net / "tcp6").write_text(
        HEAD
        + row("00000000000000000000000000000000:03E1", "0A", 3)
        + row("0000000000000000FFFF00000100007F:1F90", "0A", 4)
        + row("B80D0120000000000000000001000000:0050", "0A", 5)
    )
    (net / "udp").write_text(HEAD + row("00000000:AD31", "07", 6))
    (tmp_path / "812").mkdir()
    (tmp_path / "812" / "comm").write_text("mailserver\n")
    (tmp_path / "812" / "cgroup").write_text(
        "2:cpu:/lxc/system.slice\n1:name=systemd:/lxc/system.slice/kerio-connect.service\n0::/\n"
    )
    descriptors = tmp_path / "812" / "fd"
    descriptors.mkdir()
    for number, inode in ((3, 1), (4, 3), (5, 6)):
        (descriptors / str(number)).symlink_to(f"socket:[{inode}]")
    (descriptors / "0").symlink_to("/dev/null")
    return tmp_path


def test_what_listens_is_found_in_both_ip_versions_with_its_program(proc: Path) -> None:
    listening, deaf = look([wanted(25, name="SMTP"), wanted(993), wanted(44337, "udp"), wanted(80)], str(proc))
    assert deaf == []
    assert {each["unit"] for each in listening if each["program"]} == {"kerio-connect.service"}
    assert [(each["port"], each["addresses"], each["program"]) for each in listening] == [
        (25, [ANY], "mailserver"),
        (993, ["::"], "mailserver"),
        (44337, [ANY], "mailserver"),
        (80, ["2001:db8::1"], ""),
    ]
    assert (listening[0]["name"], listening[0]["text"]) == (
        "SMTP",
        "port 25/tcp (SMTP) is held by mailserver (kerio-connect.service)",
    )


@pytest.mark.parametrize("port", [4040, 8080], ids=["IPv4", "IPv4 in an IPv6 socket"])
def test_a_socket_that_no_other_host_can_reach_does_not_count(proc: Path, port: int) -> None:
    listening, (deaf,) = look([wanted(port)], str(proc))
    assert listening == []
    problem = "a program listens on the loopback address alone"
    assert deaf == {
        **wanted(port),
        "problem": problem,
        "program": "",
        "unit": "",
        "text": f"port {port}/tcp: {problem}",
    }


@pytest.mark.parametrize(
    ("port", "transport"),
    [(443, "tcp"), (25, "udp"), (44337, "tcp")],
    ids=["a connection is no listener", "tcp is not udp", "udp is not tcp"],
)
def test_what_does_not_listen_is_said_to_be_deaf(proc: Path, port: int, transport: str) -> None:
    assert look([wanted(port, transport)], str(proc)) == (
        [],
        [
            {
                **wanted(port, transport),
                "problem": "nothing listens",
                "program": "",
                "unit": "",
                "text": f"port {port}/{transport}: nothing listens",
            }
        ],
    )


def test_this_machine_s_own_sockets_are_seen_with_this_program() -> None:
    name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    with (
        socket.create_server((ANY, 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind((ANY, 0))
        ports = [wanted(tcp.getsockname()[1]), wanted(udp.getsockname()[1], "udp")]
        listening, deaf = look(ports)
    assert deaf == []
    assert [each["program"] for each in listening] == [name, name]
    assert len(look(ports)[1]) == 2


def test_a_service_that_is_late_is_waited_for_and_not_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as late:
        late.bind((ANY, 0))
        port = late.getsockname()[1]
        assert look([wanted(port)])[0] == []
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                late.listen()

        monkeypatch.setattr(wanted_module.time, "sleep", pause)
        listening, deaf = wait_for([wanted(port)], 600)
        assert (len(listening), deaf) == (1, [])
        assert len(pauses) == 3


def test_the_wait_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 100)
    monkeypatch.setattr(wanted_module.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(wanted_module.time, "sleep", lambda _seconds: None)
    with socket.socket() as never:
        never.bind((ANY, 0))
        assert len(wait_for([wanted(never.getsockname()[1])], 450)[1]) == 1
    assert next(clock) == 600


@pytest.mark.parametrize(
    ("group", "unit"),
    [
        ("0::/system.slice/exim4.service\n", "exim4.service"),
        ("0::/system.slice/dovecot.service/worker\n", "dovecot.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/mail.scope\n", "mail.scope"),
        ("4:pids:/x\n1:name=systemd:/docker/5/system.slice/ssh.service\n", "ssh.service"),
        ("0::/user.slice\n", ""),
    ],
    ids=["a service", "a group below it", "a user's program", "version 1 of control groups", "none"],
)
def test_the_unit_that_a_program_runs_in_is_named(proc: Path, group: str, unit: str) -> None:
    (proc / "812" / "cgroup").write_text(group)
    ((smtp,), _deaf) = look([wanted(25)], str(proc))
    assert smtp["unit"] == unit
    assert smtp["text"] == "port 25/tcp is held by mailserver" + (f" ({unit})" if unit else "")
