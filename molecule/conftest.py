# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes and hands of the verify tests: packets from one lab host to another, and what hosts say about themselves.

Nothing here is shared with the collection: the packets come from plain sockets, and an answer or its absence is judged
by itself. What is permitted to whom comes from the inventory's case; only the call-back ranges are read from the plan.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import testinfra
from testinfra.host import Host

from ansible_collections.faxnet.deploy.plugins.plugin_utils.plan_files.directory import read_slice
from tools.lab.containers import container_name

ROOT = Path(__file__).resolve().parent.parent
# Molecule names the scenario's lab and plan. Others can be named, to try the tests there:
# FAXNET_LAB=two_offices FAXNET_PLAN=.build/demo/two_offices/plan pytest ...
LAB = os.environ.get("FAXNET_LAB", "")

# Runs on a lab host, prints {port: "open"|"refused"|"silent"}. A port is "open" when a connection is made (TCP) or an
# answer comes (UDP), "refused" when the far end's kernel says that nobody listens there, which only a packet that
# passed every firewall can bring about, and "silent" when nothing comes back.
_KNOCK = """
import json, select, socket, sys, time
transport, address, patience, ports, source_address, source_port = json.loads(sys.argv[1])
kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
family = socket.AF_INET6 if ":" in address else socket.AF_INET
waiting, found = {}, {}
poll = select.poll()
for port in ports:
    knock = socket.socket(family, kind)
    knock.setblocking(False)
    if source_port:
        # The emulator may hold this port: a connected socket beside it gets the answers to its own packets.
        knock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if source_address or source_port:
        knock.bind((source_address, source_port))
    knock.connect_ex((address, port))
    if transport == "udp":
        knock.send(b'{"probe": "knock"}\\n')
    waiting[knock.fileno()] = port, knock
    poll.register(knock, select.POLLOUT if transport == "tcp" else select.POLLIN)
end = time.monotonic() + patience
while waiting and time.monotonic() < end:
    for number, _ in poll.poll(100):
        port, knock = waiting.pop(number)
        poll.unregister(number)
        error = knock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        found[port] = "open" if not error else "refused" if error == 111 else "silent"
found.update({port: "silent" for port, _ in waiting.values()})
print(json.dumps(found))
"""

# Runs on a lab host: one question to the emulator's control socket, its answer.
_ASK = """
import socket, sys
asked = socket.socket(socket.AF_UNIX)
asked.settimeout(60)
asked.connect("/run/faxnet-emulator/control.sock")
asked.sendall(sys.argv[1].encode() + b"\\n")
print(asked.makefile().readline())
"""


#: The elements of a set that the kernel fills by itself.
_COUNTED = re.compile(r"(^\t\tflags dynamic\n)\t\telements = \{.*?\}\n", re.MULTILINE | re.DOTALL)
#: A rule that is there for some hours after a host's first rules, and not after a boot.
_SPARED = re.compile(r'^\t\t[^\n]*comment "running sessions until \d+"\n', re.MULTILINE)
_ENDED = re.compile(r"^table inet faxnet_ended \{\n.*?^\}(?:\n|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tracked:
    """One connection as a host's connection tracking has it: its first packet's ends, and seconds left to live."""

    source: str
    source_port: int
    destination: str
    port: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Network:
    """The lab as the tests use it."""

    def host(self, name: str) -> Host:
        """The testinfra host of that name."""
        return testinfra.get_host(f"podman://{container_name(LAB, name)}")

    def knock(
        self,
        source: str,
        address: str,
        ports: Iterable[int],
        transport: str = "tcp",
        patience: float = 1.5,
        source_port: int = 0,
        source_address: str = "",
    ) -> dict[int, str]:
        """What ``source`` meets at each of the ports of ``address``; see ``_KNOCK``.

        Args:
            source_port: 0 is any.
            source_address: one of the addresses of ``source``; none leaves it to its routes.
        """
        argument = json.dumps([transport, address, patience, sorted(set(ports)), source_address, source_port])
        answers = json.loads(self.host(source).check_output("python3 -c %s %s", _KNOCK, argument))
        return {int(port): answer for port, answer in answers.items()}

    def ask(self, host: str, do: str, **options: Any) -> dict[str, Any]:
        """What the emulator on ``host`` answers."""
        answer: dict[str, Any] = json.loads(
            self.host(host).check_output("python3 -c %s %s", _ASK, json.dumps({"do": do, **options}))
        )
        assert answer["ok"], answer
        return answer

    def instance(self, host: str, service: str, server: str) -> dict[str, Any]:
        """The state of the one client of ``service`` at ``server`` that runs on ``host``."""
        (found,) = [
            each
            for each in self.ask(host, "state")["instances"]
            if (each["service"], each["server"]) == (service, server)
        ]
        return dict(found)

    def wait_for(self, holds: Callable[[], bool], what: str, seconds: float = 45) -> None:
        """Wait until something holds; half a minute is an emulated client's slowest retry."""
        if not self.settled(holds, seconds):
            pytest.fail(f"not within {seconds:g} s: {what}", pytrace=False)

    @staticmethod
    def settled(holds: Callable[[], bool], seconds: float = 45) -> bool:
        """Whether something holds before the time is over; for a start from which each test says what is amiss."""
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def tracked(self, name: str, transport: str, port: int) -> list[Tracked]:
        """What connection tracking on a host holds for a port at the far end of a connection."""
        found = []
        for line in self.host(name).check_output("conntrack -L -p %s 2>/dev/null", transport).splitlines():
            values: dict[str, str] = {}
            for key, value in re.findall(r"(src|dst|sport|dport)=(\S+)", line):
                values.setdefault(key, value)  # the direction of the first packet comes first
            if int(values["dport"]) == port:
                seconds = int(line.split()[2])
                found.append(Tracked(values["src"], int(values["sport"]), values["dst"], port, seconds))
        return found

    def forget(self, name: str) -> None:
        """Let a host forget every connection that it tracks, as when it boots again."""
        self.host(name).check_output("conntrack -F 2>/dev/null")

    def rules(self, name: str) -> str:
        """The host's live rule set as it was set.

        Without counts, without what spares running sessions at first, and without the sessions that a change has ended.
        """
        listed = str(self.host(name).check_output("nft --stateless list ruleset"))
        listed = _COUNTED.sub(r"\1", listed)
        return _ENDED.sub("", _SPARED.sub("", listed))

    def put(self, name: str, path: str, content: str | bytes) -> None:
        """Write a file on a host, with the folders on the way."""
        command = ["podman", "exec", "--interactive", container_name(LAB, name)]
        command += ["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "put", path]
        data = content.encode() if isinstance(content, str) else content
        subprocess.run(command, check=True, capture_output=True, input=data)

    def reboot(self, name: str) -> None:
        """Boot a host again and wait until it is up and its neighbours find it."""
        container = container_name(LAB, name)
        subprocess.run(["podman", "restart", "--time", "5", container], check=True, capture_output=True)
        end = time.monotonic() + 30
        while self.host(name).run("timeout 5 systemctl is-system-running --wait").stdout.strip() != "running":
            assert time.monotonic() < end, f"{name} is not up again"
            time.sleep(0.2)
        # At boot duplicates of its link-local addresses are looked for (RFC 4862), a second or more; until then a host
        # asks for no neighbour.
        while self.host(name).check_output("ip -6 address show tentative"):
            assert time.monotonic() < end, f"{name} has no IPv6 address again"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def network() -> Network:
    """Give the lab's hosts."""
    return Network()


@pytest.fixture(scope="session")
def plan_directory() -> Path:
    """Find the plan that this scenario made; the report of its verification lies beside it."""
    scenario = ROOT / ".build" / "molecule" / os.environ.get("MOLECULE_SCENARIO_NAME", "")
    return Path(os.environ.get("FAXNET_PLAN", scenario / "plan"))


@pytest.fixture(scope="session")
def slices(plan_directory: Path) -> dict[str, dict[str, Any]]:
    """Read each host's slice of the plan that this scenario made."""
    directory = plan_directory / "hosts"
    found = {path.stem: read_slice(plan_directory, path.stem) for path in directory.glob("*.json")}
    assert found, f"no plan in {directory}"
    return found


@pytest.fixture(scope="session")
def plan(plan_directory: Path) -> dict[str, Any]:
    """Read the plan of the whole network."""
    found: dict[str, Any] = json.loads((plan_directory / "plan.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def report(plan_directory: Path) -> dict[str, Any]:
    """Read what the collection's own verification wrote for programs."""
    path = plan_directory.parent / "report" / "report.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def call_back_ports(slices: dict[str, dict[str, Any]]) -> dict[str, range]:
    """For each client host the ports that its clients may be called back at."""
    found = {}
    for name, values in slices.items():
        for use in values["uses"]:
            call_back = use["callback"]
            if not call_back:
                continue
            fixed = call_back["mode"] == "fixed"
            low, high = (call_back["fixed"],) * 2 if fixed else (call_back["low"], call_back["high"])
            found[name] = range(low, high + 1)
    return found
