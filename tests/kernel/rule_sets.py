# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others' rules on a host, loaded by the program that they are for: the files of tests/kernel/rule_sets."""

from __future__ import annotations

from pathlib import Path

from tests.kernel import networks

FOLDER = Path(__file__).parent / "rule_sets"
#: Each file with the bridges that its program has, and their networks.
BRIDGES = {
    "docker-20.iptables": {"docker0": "172.17.0.1/16"},
    "docker-28.iptables": {"docker0": "172.17.0.1/16", "shop0": "172.20.0.1/16"},
    "docker-29.nft": {"docker0": "172.17.0.1/16", "shop0": "172.20.0.1/16"},
    "podman-netavark.nft": {"podman0": "10.88.0.1/16"},
    "podman-netavark.iptables": {"podman0": "10.88.0.1/16"},
    "podman-cni.iptables": {"cni-podman0": "10.88.0.1/16"},
}
NAMES = sorted(BRIDGES)


def load(name: str) -> None:
    """Load a file's rules where this process stands, with the bridges that belong to them."""
    text = (FOLDER / name).read_text(encoding="ascii")
    networks.run(*(["nft", "-f", "-"] if name.endswith(".nft") else ["iptables-nft-restore"]), text=text)
    for bridge, address in BRIDGES[name].items():
        networks.run("ip", "link", "add", bridge, "type", "bridge")
        networks.run("ip", "address", "add", address, "dev", bridge)
        networks.run("ip", "link", "set", bridge, "up")


def engine(name: str) -> str:
    """Whose rules a file has."""
    return name.partition("-")[0].capitalize()
