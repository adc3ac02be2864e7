# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An office whose router and fax server do much beside fax, and a prober that knows nothing of any plan.

The router has a port forward and a source translation of its own, a second LAN with DHCP and DNS, a tunnel to a peer's
network, listens to GRE and VRRP, and runs a container with a published port. The fax server runs Docker, fail2ban and
a name server, and answers on ports of its own. Management comes through the router and over it as a jump host.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.lab import in_use_probes, in_use_services
from tools.lab import lifecycle, ssh
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

HERE = Path(__file__).parent / "in_use"
LAB = HERE.name
WAYS = {
    "office-router": ssh.Way("control"),
    "office-fax": ssh.Way("control", jump="office-router"),
    "branch-router": ssh.Way("control"),
    "branch-pc": ssh.Way("control", jump="branch-router"),
}
ROUTER, FAX, PEER, GUEST = "203.0.113.91", "10.91.1.10", "192.0.2.20", "10.91.2.20"
#: The peer's end of the tunnel; packets for the office's networks enter it there.
TUNNEL = "10.99.0.2"
WEB = "a page of {name}"
#: For each place where a prober stands, its attempts by name: a kind, and what the kind needs (in_use_probes).
ATTEMPTS: dict[str, dict[str, list[Any]]] = {
    "control": {
        "a port that the router forwards": ["tcp", ROUTER, 8443, "guest/tcp/443"],
        "a container's port on the router": ["web", ROUTER, 8080, WEB.format(name="office-router")],
    },
    "peer": {
        "GRE to the router": ["raw", ROUTER, 47, "office-router/ip/47"],
        "the fax server through the tunnel": ["tcp", FAX, 9100, "office-fax/tcp/9100"],
        "the second LAN through the tunnel": ["tcp", GUEST, 443, "guest/tcp/443"],
    },
    "guest": {
        "the Internet from the second LAN": ["tcp", PEER, 80, "peer/tcp/80"],
        "a datagram to the Internet": ["udp", PEER, 5000, "peer/udp/5000"],
        "ESP to the Internet": ["raw", PEER, 50, "peer/ip/50"],
        "the first LAN from the second": ["tcp", FAX, 9100, "office-fax/tcp/9100"],
        "names from the router": ["dns", "10.91.2.1", "router.test", "10.91.2.1"],
        "an address from the router": ["dhcp", "lan0", "10.91.2.1"],
        "VRRP to the router": ["raw", "224.0.0.18", 112, "office-router/ip/112"],
    },
    "neighbour": {
        "a service of the fax server": ["tcp", FAX, 9100, "office-fax/tcp/9100"],
        "a service by IPv6": ["tcp", "fd91:1::10", 9100, "office-fax/tcp/9100"],
        "datagrams of the fax server": ["udp", FAX, 5140, "office-fax/udp/5140"],
        "datagrams to a high port": ["udp", FAX, 51820, "office-fax/udp/51820"],
        "a container's port on the fax server": ["web", FAX, 8081, WEB.format(name="office-fax")],
        "names from the fax server": ["dns", FAX, "fax.test", FAX],
        "the Internet from the first LAN": ["tcp", PEER, 80, "peer/tcp/80"],
        "the second LAN from the first": ["tcp", GUEST, 443, "guest/tcp/443"],
    },
    "office-fax": {
        "the Internet from the fax server": ["tcp", PEER, 80, "peer/tcp/80"],
        "a container on this host": ["web", "172.17.0.2", 80, WEB.format(name="office-fax")],
    },
    #: In the network of a container that runs on the host.
    "office-fax/container": {
        "the host's service from a container": ["tcp", "172.17.0.1", 9100, "office-fax/tcp/9100"],
        "the Internet from a container": ["tcp", PEER, 80, "peer/tcp/80"],
    },
}
_SERVICES: dict[str, dict[str, Any]] = {
    "office-router": {"raw": [47, 112], "groups": ["224.0.0.18"]},
    "office-fax": {"tcp": [9100], "udp": [5140, 51820]},
    "guest": {"tcp": [443]},
    "peer": {"tcp": [80], "udp": [5000], "raw": [47, 50]},
}
_ROUTER_RULES = f"""
table ip uplink {{
    chain forwards {{
        type nat hook prerouting priority dstnat
        iifname "wan0" tcp dport 8443 dnat to {GUEST}:443
    }}
    chain hides {{
        type nat hook postrouting priority srcnat
        oifname "wan0" ip saddr 10.91.0.0/16 masquerade
    }}
}}
"""
_TUNNEL = (
    "ip link add vpn0 type vxlan id 7 remote {far} dstport 51821 && ip address add {own}/24 dev vpn0 && "
    "ip link set vpn0 up"
)
# Without a ping before each offer, which costs seconds.
_DNSMASQ = "no-resolv\nno-hosts\nbind-dynamic\nno-ping\n"
#: Its server takes orders some time after it has started. The address is nobody's.
_BAN = (
    "systemctl start fail2ban && "
    "timeout 20 sh -c 'until fail2ban-client set sshd banip 192.0.2.99; do sleep 0.2; done' 2>&1"
)
_DOCKER = (
    "systemctl start docker && mkdir -p /tmp/page/bin && cd /tmp/page && cp /bin/busybox bin/ && "
    "ln -s busybox bin/sh && "
    "tar c . | docker import - page && docker run --detach --name web --cap-drop ALL --publish {port}:80 page "
    "/bin/sh -c 'echo {page} > /index.html; exec /bin/busybox httpd -f -p 80'"
)


@dataclass
class Office:
    """The lab, with everything running that it does beside fax.

    Attributes:
        containers: container of each host.
        sources: what of the inventory is the same in each run.
        directory: where plans lie.
        variables: further variables of hosts, as a user adds them between two runs.
    """

    containers: dict[str, str]
    sources: tuple[Path, ...]
    directory: Path
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def inside(self, host: str, command: str) -> str:
        """Run a shell command on a host, from the side."""
        ran = subprocess.run(
            ["podman", "exec", self.containers[host], "sh", "-c", command], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{host}: {ran.stdout}{ran.stderr}"
        return ran.stdout

    def play(self, playbook: str, *arguments: str) -> tuple[int, str]:
        """Play a playbook over SSH; its exit status and what it printed."""
        more = self.directory / "more.yml"
        more.write_text(yaml.safe_dump({"all": {"hosts": self.variables}}), encoding="utf-8")
        command = ["ansible-playbook", *(word for path in (*self.sources, more) for word in ("-i", str(path)))]
        given = {"faxnet_directory": self.directory / "faxnet", "faxnet_lock": self.directory / "lock"}
        command += [word for key, value in given.items() for word in ("-e", f"{key}={value}")]
        environment = {
            **os.environ,
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_TIMEOUT": "10",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.directory / "ssh"),
        }
        ran = subprocess.run(
            [*command, *arguments, playbook],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ran.returncode, ran.stdout

    @contextlib.contextmanager
    def probing(self) -> Iterator[dict[str, tuple[int, int, str]]]:
        """Try every attempt again and again until the block ends; then the mapping holds what became of each.

        For each attempt, "place: name": how often it came about, how often it did not, and why not at last.
        """
        found: dict[str, tuple[int, int, str]] = {}
        with contextlib.ExitStack() as stack:
            started = []
            for place, attempts in ATTEMPTS.items():
                host, _slash, container = place.partition("/")
                into = ["sh", "-c", _INTO_CONTAINER, "in"] if container else []
                command = ["podman", "exec", "--interactive", self.containers[host], *into, "python3", "-c"]
                command += [Path(in_use_probes.__file__).read_text(encoding="utf-8"), json.dumps(attempts)]
                process = stack.enter_context(
                    subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                )
                assert process.stdout
                assert process.stdout.readline() == "probing\n", place
                started.append((place, process))
            try:
                yield found
            finally:
                for _place, process in started:
                    assert process.stdin
                    process.stdin.close()
                for place, process in started:
                    assert process.stdout
                    for name, (passed, failed, why) in json.loads(process.stdout.readline()).items():
                        found[f"{place}: {name}"] = (passed, failed, why)

    def plan(self) -> None:
        """Plan from what the inventory says now."""
        status, printed = self.play("faxnet.deploy.plan")
        assert status == 0, printed

    def paste(self, host: str, lists: Mapping[str, list[Any]]) -> None:
        """Add entries to lists of a host's variables, behind what these hold already."""
        for variable, entries in lists.items():
            self.variables.setdefault(host, {}).setdefault(variable, []).extend(entries)

    def cut(self) -> dict[str, str]:
        """What does not come about now, each attempt tried once, with the reason."""
        with self.probing() as found:
            pass
        return {name: why for name, (passed, _failed, why) in found.items() if not passed}

    def start_services(self) -> None:
        """Start everything that the office does beside fax."""
        text = Path(in_use_services.__file__).read_text(encoding="utf-8")
        for host, wanted in _SERVICES.items():
            subprocess.run(
                [
                    *("podman", "exec", self.containers[host], "systemd-run", "--quiet", "--unit", "in-use"),
                    *("python3", "-c", text, json.dumps({"name": host, **wanted})),
                ],
                check=True,
            )
        self.inside("office-router", "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        self.inside("office-router", f"nft -f - <<'END'\n{_ROUTER_RULES}\nEND")
        self.inside("branch-router", "sysctl -qw net.ipv4.ip_forward=1")
        self.inside("office-router", _TUNNEL.format(far=PEER, own="10.99.0.1"))
        self.inside("peer", _TUNNEL.format(far=ROUTER, own=TUNNEL) + " && ip route add 10.91.0.0/16 via 10.99.0.1")
        self._name_server(
            "office-router", "interface=lan1\ndhcp-range=10.91.2.100,10.91.2.200\n", "router", "10.91.2.1"
        )
        self._name_server("office-fax", "interface=lan0\n", "fax", FAX)
        self.inside("office-fax", _BAN)
        ports = {"office-router": 8080, "office-fax": 8081}
        with ThreadPoolExecutor(2) as pool:
            for done in [
                pool.submit(self.inside, host, _DOCKER.format(port=port, page=WEB.format(name=host)))
                for host, port in ports.items()
            ]:
                done.result()

    def _name_server(self, host: str, settings: str, name: str, address: str) -> None:
        text = f"{_DNSMASQ}{settings}address=/{name}.test/{address}\n"
        self.inside(host, f"cat > /etc/dnsmasq.d/in-use.conf <<'END'\n{text}END\nsystemctl start dnsmasq")


#: What follows is run in the network of the container "web".
_INTO_CONTAINER = 'exec nsenter --net=/proc/$(docker inspect --format "{{.State.Pid}}" web)/ns/net "$@"'


@contextlib.contextmanager
def office_in(directory: Path) -> Iterator[Office]:
    """The lab with everything running, and nothing of ours on the devices yet; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, HERE / "wires.yml", progress, name=LAB, more=HERE / "image")
    try:
        ssh.enable(podman, lab.directory, lab.container_of, progress)
        by_ssh = ssh.write_inventory(lab.directory, lab.topology, lab.container_of, WAYS)
        (directory / "ssh").mkdir()
        made = Office(dict(lab.container_of), (HERE / "office.yml", by_ssh), directory)
        made.start_services()
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)
