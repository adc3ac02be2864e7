# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which somebody else keeps a packet filter that drops: iptables with its files, ufw, a table of nft.

iptables, nft and the kernel are real. Of ufw there are its files and chains; of systemd what it says of
nftables.service. tests/lab/test_managers.py has the programs themselves.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    ENABLED_LINK,
    NFTABLES,
    PASSAGES_FILE,
    RULES_FILE,
    UNIT,
    Machine,
    Ran,
)
from tests.kernel import networks
from tests.kernel.hosts import Host

_BASE = """\
# Comments, odd spaces  and bytes that are no text stay: \udcff
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
"""
_IPTABLES = f"""\
{_BASE}-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -p {{icmp}} -j ACCEPT
-A INPUT -p tcp -m tcp --dport 2222 -m comment --comment "theirs; $(touch /tmp/x) `id`" -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
"""
_UFW = f"""\
{_BASE}:{{ufw}}-after-input - [0:0]
:{{ufw}}-after-forward - [0:0]
:{{ufw}}-user-input - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p {{icmp}} -j ACCEPT
-A INPUT -j {{ufw}}-user-input
-A INPUT -j {{ufw}}-after-input
-A FORWARD -j {{ufw}}-after-forward
-A {{ufw}}-user-input -p tcp -m tcp --dport 2222 -j ACCEPT
-A {{ufw}}-user-input -p tcp -m tcp --dport 7490 -j REJECT
-A {{ufw}}-after-input -p udp -m udp --dport 137 -j DROP
COMMIT
"""
_NFT = """\
flush ruleset
table inet site {
    chain input {
        type filter hook input priority 0; policy drop;
        iif "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        tcp dport 2222 accept
    }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established accept
    }
}
"""
_PROGRAMS = frozenset(("netfilter-persistent", "systemctl"))


@dataclass(frozen=True)
class Kept:
    """A host with a filter that somebody else keeps.

    Attributes:
        host: the host.
        name: who keeps it.
        files: its files, each with its text at the beginning.
    """

    host: Host
    name: str
    files: Mapping[str, str]

    @classmethod
    def on(cls, host: Host, name: str) -> Kept:
        """Put a filter onto a host, and load it."""
        files = _files(host.root, name)
        for path, text in files.items():
            place = Path(host.machine.path(path))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8", errors="surrogateescape")
            place.chmod(0o640)
        kept = cls(replace(host, machine=_machine(host.machine, name)), name, files)
        kept.reload()
        return kept

    def reload(self) -> None:
        """What its keeper does at boot, and when he reloads it."""
        if self.name == "nftables":
            conf = self.host.root / "etc/nftables.conf"
            # What services.py makes of that step; the loader itself stands in the lab's tests.
            ours = [self.host.root / path[1:] for path in (RULES_FILE, PASSAGES_FILE)]
            there = [f'include "{path}"' for path in (conf, *ours) if path.exists()]
            networks.run("nft", "-f", "-", text="\n".join([*there, ""]))
            return
        for path in self.files:
            restore = "ip6tables-restore" if "6" in path.rpartition("/")[2] else "iptables-restore"
            if not path.endswith(".conf"):
                text = self.read(path)
                networks.run(restore, text=text.replace("\udcff", ""))

    def read(self, path: str) -> str:
        """A file, each byte."""
        return Path(self.host.machine.path(path)).read_text(encoding="utf-8", errors="surrogateescape")

    def picture(self) -> dict[str, object]:
        """Everything that is somebody else's: his rules in force, his files and who may read them."""
        rules = networks.run("nft", "-s", "list", "ruleset").split("table inet faxnet {")[0]
        for program in ("iptables-save", "ip6tables-save"):
            said = networks.run(program, "-t", "filter").splitlines()
            # Without what was counted.
            rules += "\n".join(re.sub(r"\[\d+:\d+\]", "", line) for line in said if not line.startswith("#"))
        modes = {path: Path(self.host.machine.path(path)).stat().st_mode for path in self.files}
        return {"rules": rules, "modes": modes, **{path: self.read(path) for path in self.files}}


def _files(root: Path, name: str) -> dict[str, str]:
    if name == "iptables":
        versions = (("rules.v4", "icmp"), ("rules.v6", "ipv6-icmp"))
        return {f"/etc/iptables/{file}": _IPTABLES.format(icmp=icmp) for file, icmp in versions}
    if name == "ufw":
        texts = {
            "/etc/ufw/after.rules": _UFW.format(ufw="ufw", icmp="icmp"),
            "/etc/ufw/after6.rules": _UFW.format(ufw="ufw6", icmp="ipv6-icmp"),
        }
        return {**texts, "/etc/ufw/ufw.conf": "ENABLED=yes\n"}
    assert name == "nftables"
    return {"/etc/nftables.conf": _NFT}


def _machine(machine: Machine, name: str) -> Machine:
    """The host's programs, with those that the machine under test lacks."""
    has = {"iptables": {"netfilter-persistent"}, "nftables": {"systemctl"}}.get(name, set())
    if name == "nftables":
        Path(machine.path("/run/systemd/system")).mkdir(parents=True)
        unit = Path(machine.path("/lib/systemd/system/nftables.service"))
        unit.parent.mkdir(parents=True)
        conf = machine.path("/etc/nftables.conf")
        unit.write_text(f"[Service]\nExecStart=/usr/sbin/nft -f {conf}\n", encoding="ascii")
    blocks = [
        f"Id={UNIT}\nActiveState=active\nFragmentPath=",
        f"Id={NFTABLES}\nActiveState=active\nFragmentPath=/lib/systemd/system/nftables.service",
    ]

    def run(argv: list[str], text: str | None) -> Ran:
        if argv[0] != "/bin/systemctl":
            return machine.run(argv, text)
        link = Path(machine.path(ENABLED_LINK))
        if "enable" in argv:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.touch()
        elif "disable" in argv:
            link.unlink()
        return Ran(3, "", "") if "is-active" in argv else Ran(0, "\n\n".join(blocks), "")

    def find(program: str) -> str | None:
        if program in _PROGRAMS:
            return f"/bin/{program}" if program in has else None
        return None if program == "systemd-run" else machine.find(program)

    return replace(machine, run=run, find=find)


def priorities() -> list[str]:
    """The priorities of our chains that filter."""
    table = networks.run("nft", "list", "table", "inet", "faxnet").splitlines()
    return [
        line.partition("priority ")[2].partition(";")[0]
        for name, line in itertools.pairwise(table)
        if name.strip() in ("chain faxnet_input {", "chain faxnet_forward {")
    ]
