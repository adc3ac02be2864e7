# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts whose filter is kept by ufw, firewalld, iptables-persistent or nftables.service, managed from a gateway.

Each host serves some ports, and routes to a network of its own in which others are served. What became of a host is
looked at from the side, through podman, which no rule can stop.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.platforms.policies import nft_rules, opening, permit, policy
from tools.lab import lifecycle, ssh
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

HERE = Path(__file__).parent / "managers"
LAB = HERE.name
#: The last part of each host's addresses.
HOSTS: Mapping[str, int] = {"ufw": 11, "iptables": 12, "nftables": 13, "firewalld": 14}
#: What a host's owner calls to load his rules anew.
RELOAD = {
    "ufw": ["ufw", "reload"],
    "iptables": ["netfilter-persistent", "reload"],
    "nftables": ["systemctl", "reload", "nftables.service"],
    "firewalld": ["firewall-cmd", "--quiet", "--reload"],
}
#: Where each keeps what he loads.
KEPT = {
    "ufw": "/etc/ufw /etc/default/ufw",
    "iptables": "/etc/iptables",
    "nftables": "/etc/nftables.conf",
    "firewalld": "/etc/firewalld",
}
#: What the plan permits, what ufw's own command rejects though the plan permits it, and what nobody permits.
PLANNED, REJECTED, NOBODYS = 7488, 7490, 7489
PORTS = (PLANNED, REJECTED, NOBODYS)
FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
PLAY = """\
- name: Apply each host's policy
  hosts: "ufw:iptables:nftables:firewalld"
  gather_facts: false
  tasks:
    - name: Apply it
      faxnet.deploy.firewall:
        state: "{{ state | default('present') }}"
        policy: "{{ policies[inventory_hostname] }}"
        confirm_timeout: 20
      register: outcome
      ignore_errors: true
      when: texts is not defined

    - name: Change it, and have nobody confirm it
      faxnet.deploy.firewall_transaction:
        phase: apply
        text: "{{ texts[inventory_hostname] }}"
        settings: "{{ settings }}"
        accepted_losses: [{kind: listener}, {kind: session}, {kind: network}]
        confirm_timeout: "{{ patience }}"
      register: changed
      when: texts is defined

    - name: Keep what came of it
      ansible.builtin.copy:
        content: "{{ (changed if texts is defined else outcome) | to_json }}"
        dest: "{{ results }}/{{ inventory_hostname }}"
        mode: "0600"
      delegate_to: localhost
      vars:
        ansible_connection: local
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
      check_mode: false
      diff: false
"""
_SERVES = (
    "import selectors, socket, sys\n"
    "chosen = selectors.DefaultSelector()\n"
    "for port in map(int, sys.argv[1:]):\n"
    "    chosen.register(socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True), 1)\n"
    "while True:\n"
    "    for key, _event in chosen.select():\n"
    "        key.fileobj.accept()[0].close()\n"
)
#: A network behind the host, with somebody in it. It is gone after a boot.
_NETWORK = """
ip netns add inner 2>/dev/null || true
ip link add inner0 type veth peer name eth0 netns inner
sysctl -qw net.ipv6.conf.inner0.accept_dad=0
ip address add 10.79.{number}.1/24 dev inner0
ip -6 address add fd79:{number}::1/64 dev inner0 nodad
ip link set inner0 up
ip netns exec inner sh -c 'sysctl -qw net.ipv6.conf.eth0.accept_dad=0; ip link set lo up
  ip address add 10.79.{number}.2/24 dev eth0
  ip -6 address add fd79:{number}::2/64 dev eth0 nodad; ip link set eth0 up
  ip route add default via 10.79.{number}.1; ip -6 route add default via fd79:{number}::1'
for address in 10.79.{number}.2 fd79:{number}::2; do ping -q -c 1 -w 10 $address >/dev/null; done
systemd-run --quiet --collect --unit serves python3 -c "$SERVES" {ports}
systemd-run --quiet --collect --unit serves-inner ip netns exec inner python3 -c "$SERVES" {ports}
"""
_NOT_STAGED = "-regextype posix-extended -not -regex '.*[.][0-9a-f]{{12}}'"
_TRIES = (
    "import concurrent.futures, json, socket, sys\n"
    "def open_to(way):\n"
    "    try:\n"
    "        socket.create_connection(tuple(way), 1.5).close()\n"
    "    except OSError:\n"
    "        return False\n"
    "    return True\n"
    "ways = json.load(sys.stdin)\n"
    "with concurrent.futures.ThreadPoolExecutor(64) as pool:\n"
    "    print(json.dumps(list(pool.map(open_to, ways))))\n"
)


_SESSIONS = (
    "import json, socket, sys\n"
    "held = [socket.create_connection((address, 22), 5) for address in sys.argv[1:]]\n"
    "files = [one.makefile('rb') for one in held]\n"
    "assert all(file.readline().startswith(b'SSH-') for file in files)\n"
    "print('connected', flush=True)\n"
    "sys.stdin.read()\n"
    "def answers(one, file):\n"
    "    one.sendall(b'SSH-2.0-none\\r\\n')\n"
    "    return len(file.read(6)) == 6\n"
    "print(json.dumps([answers(*pair) for pair in zip(held, files)]))\n"
)


def policies() -> dict[str, dict[str, Any]]:
    """A router's policy for each host: the gateway may reach some ports of it, and of the network behind."""
    found = {}
    for name, number in HOSTS.items():
        to = {
            "input": (f"10.79.0.{number}", f"fd79::{number}"),
            "forward": (f"10.79.{number}.2", f"fd79:{number}::2"),
        }
        permits = {
            hook: [
                permit("fd79::1" if ":" in address else "10.79.0.1", address, f"{port}")
                for address in addresses
                for port in (PLANNED,)
            ]
            for hook, addresses in to.items()
        }
        found[name] = policy(
            forwarding=True,
            networks=[f"10.79.{number}.0/24", f"fd79:{number}::/64"],
            management=[{"transport": "tcp", "ports": "22", "sources": ["10.79.0.1/32"]}],
            openings=[opening("tcp", str(REJECTED), "10.79.0.0/24", name='quotes " and $(reboot)')],
            **permits,
        )
    return found


def texts() -> dict[str, str]:
    """Each policy as an nft file."""
    return {name: nft_rules(held) for name, held in policies().items()}


@dataclass(frozen=True)
class Office:
    """The lab with everything running."""

    containers: Mapping[str, str]
    inventories: tuple[Path, ...]
    directory: Path

    def apply(self, *arguments: str, **given: Any) -> dict[str, dict[str, Any]]:
        """Run the play over SSH; each host's result."""
        results = self.directory / "results"
        results.mkdir(exist_ok=True)
        for old in results.iterdir():
            old.unlink()
        sources = [word for path in self.inventories for word in ("-i", str(path))]
        values = json.dumps({"policies": policies(), "results": str(results), **given})
        with tempfile.TemporaryDirectory(prefix="faxnet-") as sockets:
            ran = subprocess.run(
                ["ansible-playbook", *sources, "-e", values, *arguments, str(self.directory / "play.yml")],
                env={**os.environ, "ANSIBLE_PIPELINING": "1", "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets},
                capture_output=True,
                text=True,
                check=False,
            )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in results.iterdir()}

    def inside(self, host: str, command: str) -> str:
        """Run a shell command on a host, from the side."""
        ran = subprocess.run(
            [
                "podman",
                "exec",
                "--interactive",
                "--env",
                f"SERVES={_SERVES}",
                self.containers[host],
                "sh",
                "-c",
                command,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{host}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def on_each(self, commands: Mapping[str, str]) -> dict[str, str]:
        """Run a shell command on each host, side by side."""
        with ThreadPoolExecutor(2) as pool:
            return dict(zip(commands, pool.map(self.inside, commands, commands.values()), strict=True))

    def serve(self, *hosts: str) -> None:
        """Make the network behind hosts, all unless some are named, and serve ports there and on the host."""
        ports = " ".join(map(str, PORTS))
        self.on_each({name: _NETWORK.format(number=HOSTS[name], ports=ports) for name in hosts or HOSTS})

    def open(self) -> dict[str, set[str]]:
        """What of each host the gateway can connect to now: ``in 4 7488``, ``through 6 7488``."""
        tried = [
            (name, f"{way} {version} {port}", (address, port))
            for name, number in HOSTS.items()
            for way, version, address in (
                ("in", 4, f"10.79.0.{number}"),
                ("in", 6, f"fd79::{number}"),
                ("through", 4, f"10.79.{number}.2"),
                ("through", 6, f"fd79:{number}::2"),
            )
            for port in PORTS
        ]
        ran = subprocess.run(
            ["podman", "exec", "--interactive", self.containers["gw"], "python3", "-c", _TRIES],
            input=json.dumps([way for _name, _word, way in tried]),
            capture_output=True,
            text=True,
            check=True,
        )
        found: dict[str, set[str]] = {name: set() for name in HOSTS}
        for (name, word, _way), came in zip(tried, json.loads(ran.stdout), strict=True):
            if came:
                found[name].add(word)
        return found

    def picture(self) -> dict[str, str]:
        """All that a host's owner keeps: his rules in force without counts, his files byte for byte, modes too.

        Without loose ends.
        """
        dump = (
            "nft -s list ruleset 2>/dev/null | sed '/^table inet faxnet /,/^}}/d'; "
            "for program in iptables ip6tables; do $program-save | sed '/^#/d; s/\\[[0-9:]*\\]//'; done; "
            f"find {{kept}} -type f {_NOT_STAGED} | sort | "
            "while read -r file; do stat -c '%n %a %u %g' $file; cat $file; done; "
            f"find /etc/systemd /etc/faxnet -not -type d {_NOT_STAGED} "
            "-name '*faxnet*' -not -name 'faxnet-lab-*' 2>/dev/null | sort"
        )
        return self.on_each({name: dump.format(kept=KEPT[name]) for name in HOSTS})

    @contextmanager
    def session(self) -> Iterator[dict[str, bool]]:
        """Keep a connection to the SSH server of each host until the block ends; then whether it still answers."""
        found: dict[str, bool] = {}
        with subprocess.Popen(
            ["podman", "exec", "--interactive", self.containers["gw"], "python3", "-c", _SESSIONS, *self._addresses()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline() == "connected\n"
            try:
                yield found
            finally:
                process.stdin.close()
                found.update(zip(HOSTS, json.loads(process.stdout.readline()), strict=True))

    @staticmethod
    def _addresses() -> list[str]:
        return [f"10.79.0.{number}" for number in HOSTS.values()]

    def changes(self, before: Mapping[str, str]) -> dict[str, list[str]]:
        """The lines of each host's picture that are not as before."""
        now = self.picture()
        return {
            name: [line for line in difflib.ndiff(before[name].splitlines(), now[name].splitlines()) if line[0] in "+-"]
            for name in HOSTS
            if now[name] != before[name]
        }

    def loose_ends(self) -> dict[str, str]:
        """What a run that was cut off leaves on each host for the next one to take away."""
        find = "find /etc -regextype posix-extended -regex '.*([.][0-9a-f]{12}|faxnet-trial.conf)'"
        return self.on_each(dict.fromkeys(HOSTS, find))

    def boot(self, *hosts: str) -> None:
        """Boot hosts, all unless some are named, and wait until they are up."""
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._boot, hosts or HOSTS))
        self.inside("gw", "ip neigh flush all; ip -6 neigh flush all")
        self.serve(*hosts)

    def _boot(self, host: str) -> None:
        subprocess.run(["podman", "restart", "--time", "5", self.containers[host]], check=True, capture_output=True)
        until = time.monotonic() + 60
        while True:
            ran = subprocess.run(
                ["podman", "exec", self.containers[host], "systemctl", "is-system-running"],
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.stdout.strip() == "running":
                return
            assert time.monotonic() < until, f"{host} is not up again: {ran.stdout}{ran.stderr}"
            time.sleep(0.2)


@contextmanager
def office_in(directory: Path) -> Iterator[Office]:
    """The lab with a filter kept on each host and nothing of ours; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, HERE / "hosts.yml", progress, name=LAB, more=HERE / "image")
    try:
        ssh.enable(podman, lab.directory, lab.container_of, progress)
        by_ssh = ssh.write_inventory(
            lab.directory, lab.topology, lab.container_of, {name: ssh.Way("gw") for name in HOSTS}
        )
        (directory / "play.yml").write_text(PLAY, encoding="utf-8")
        made = Office(dict(lab.container_of), (HERE / "hosts.yml", by_ssh), directory)
        routes = "; ".join(
            f"ip route add 10.79.{number}.0/24 via 10.79.0.{number}; "
            f"ip -6 route add fd79:{number}::/64 via fd79::{number}"
            for number in HOSTS.values()
        )
        made.inside("gw", routes)
        forward = " ".join(f"{name}=1" for name in FORWARDING)
        scripts = {name: (HERE / f"{name}.sh").read_text(encoding="utf-8") for name in HOSTS}
        made.on_each({name: f"sysctl -qw {forward}\n{script}" for name, script in scripts.items()})
        made.serve()
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)
