# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which losses an entry accepts, and what a person is told to write for those that nothing names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import FORWARD, INPUT, KINDS, Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.packet import Packet
from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import Finding
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory import accepted_losses
from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.reader import Reader
from tests.unit.networks import two_offices

VPN, LAN, WEB = "10.9.0.0/24", "10.1.0.0/24", "192.0.2.7/32"


def packet(protocol: str = "", port: int | None = None, version: int = 4) -> Packet:
    """A packet of a use."""
    return Packet(version, protocol, "", None, "", port)


WIREGUARD = Use(
    "listener", INPUT, (packet("udp", 51820),), "udp", ((51820, 51820),), inodes=frozenset("1"), fleeting=True
)
AVAHI = Use("listener", INPUT, (packet("udp", 40001),), "udp", ((40001, 40001),), program="avahi", fleeting=True)
WEBSITE = Use("listener", INPUT, (packet("tcp", 80),), "tcp", ((80, 80),), program="nginx")
TUNNEL = Use("protocol", INPUT, (packet("gre"),), "gre", sources=(WEB,), interface="tun7", detail="the tunnel tun7")
GROUP = Use("multicast", INPUT, (packet("vrrp"),), "vrrp", destinations=("224.0.0.18/32",), detail="on lan0")
DOCKER = Use(
    *("published", FORWARD, (packet("tcp", 80),), "tcp", ((8080, 8080),), (), ("172.17.0.2/32",)), detail="iptables-nft"
)
NETWORK = Use("network", FORWARD, (packet(),), sources=(VPN,), detail="behind wg0")
NETWORK6 = Use("network", FORWARD, (packet(version=6),), sources=("2001:db8:9::/64",))
BRIDGE = Use("bridge", FORWARD, (packet(),), interface="br7", sources=("10.66.0.0/24",))
SESSION = Use(
    "session", FORWARD, (packet("tcp", 443),), "tcp", ((443, 443), (8443, 8443)), (LAN,), (VPN, "0.0.0.0/0"), detail="2"
)
PING = Use("session", INPUT, (packet("esp"),), "esp", sources=(WEB,))
ALL = [WIREGUARD, AVAHI, WEBSITE, TUNNEL, GROUP, DOCKER, NETWORK, NETWORK6, BRIDGE, SESSION, PING]


def read(entry: dict[str, Any]) -> consent.Accepted:
    """An entry of the variable, on its way through the inventory's reader and the module's options."""
    findings: list[Finding] = []
    (loss,) = accepted_losses.read_accepted_losses(Reader("host", findings), [entry])
    assert not findings
    return consent.accepted(loss.as_option())


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        ({"kind": "listener"}, [WIREGUARD, AVAHI, WEBSITE]),
        ({"kind": "listener", "protocol": "udp"}, [WIREGUARD, AVAHI]),
        ({"kind": "listener", "protocol": "UDP", "ports": "50000-60000"}, [WIREGUARD]),
        ({"kind": "listener", "ports": [80, 51820]}, [WIREGUARD, WEBSITE]),
        ({"kind": "listener", "program": "avahi"}, [AVAHI]),
        ({"kind": "protocol", "protocol": 47}, [TUNNEL]),
        ({"kind": "protocol", "protocol": "gre", "networks": ["192.0.2.0/24"]}, [TUNNEL]),
        ({"kind": "protocol", "protocol": "esp"}, []),
        ({"kind": "protocol", "interface": "tun8"}, []),
        ({"kind": "multicast", "networks": ["224.0.0.0/24"]}, [GROUP]),
        ({"kind": "published", "networks": ["172.16.0.0/12"]}, [DOCKER]),
        ({"kind": "published", "ports": 80}, []),
        ({"kind": "network"}, [NETWORK, NETWORK6]),
        ({"kind": "network", "networks": ["10.0.0.0/8"]}, [NETWORK]),
        ({"kind": "network", "networks": ["10.9.0.0/25"]}, []),
        ({"kind": "bridge", "interface": "br7"}, [BRIDGE]),
        # All of its ports, and all of its sources or of its destinations.
        ({"kind": "session", "protocol": "tcp", "ports": 443}, []),
        ({"kind": "session", "protocol": "tcp", "ports": [443, 8443], "networks": [LAN]}, [SESSION]),
        ({"kind": "session", "networks": [VPN]}, []),
        ({"kind": "session", "protocol": "esp"}, [PING]),
    ],
)
def test_an_entry_accepts_what_all_of_it_is_true_of(entry: dict[str, Any], covered: list[Use]) -> None:
    said = read(entry)
    assert [use for use in ALL if said.covers(use)] == covered
    assert consent.unnamed(ALL, [said]) == [use for use in ALL if use not in covered]


@pytest.mark.parametrize("use", ALL, ids=lambda use: f"{use.kind}-{use.protocol}")
def test_what_is_told_to_give_up_a_loss_accepts_it_and_nothing_else(use: Use) -> None:
    (entry,) = yaml.safe_load(consent.to_give_up([use]))["faxnet_accepted_losses"]
    assert [other for other in ALL if read(entry).covers(other)] == [use]


def test_what_is_told_to_keep_is_yaml_of_permits() -> None:
    told = yaml.safe_load(consent.to_keep(ALL))
    assert told["faxnet_permits"] == [
        {"name": "in-use-1", "protocols": ["udp"], "ports": [51820]},
        {"name": "in-use-2", "protocols": ["udp"], "ports": [40001]},
        {"name": "in-use-3", "protocols": ["tcp"], "ports": [80]},
        {"name": "in-use-4", "protocols": ["gre"], "sources": [WEB]},
        {"name": "in-use-5", "protocols": ["vrrp"]},
        {"name": "in-use-11", "protocols": ["esp"], "sources": [WEB]},
    ]
    assert told["faxnet_forward_permits"] == [
        {"name": "in-use-6", "to": ["172.17.0.2/32"], "protocols": ["tcp"], "ports": [80], "only_translated": True},
        {"name": "in-use-7", "from": [VPN], "both_directions": True},
        {"name": "in-use-8", "from": ["2001:db8:9::/64"], "both_directions": True},
        {
            "name": "in-use-9",
            "from": ["10.66.0.0/24"],
            "to": ["10.66.0.0/24"],
            "from_interfaces": ["br7"],
            "to_interfaces": ["br7"],
        },
        {
            "name": "in-use-10",
            "from": [LAN],
            "to": [VPN, "0.0.0.0/0"],
            "protocols": ["tcp"],
            "ports": [443, 8443],
        },
    ]


def test_what_is_told_to_keep_opens_no_port_by_the_other_ip_version() -> None:
    by_ipv6 = Use("listener", INPUT, (packet("tcp", 22, version=6),), "tcp", ((22, 22),), program="sshd")
    both = replace(by_ipv6, packets=(packet("tcp", 22), packet("tcp", 22, version=6)))
    told = [yaml.safe_load(consent.to_keep([use]))["faxnet_permits"][0] for use in (by_ipv6, both)]
    assert [entry.get("sources") for entry in told] == [["::/0"], None]


def test_what_is_told_to_keep_is_taken_by_the_inventory() -> None:
    offices = two_offices()
    offices.hosts["uk-router"] |= yaml.safe_load(consent.to_keep(ALL)) | yaml.safe_load(consent.to_give_up(ALL))
    assert {item.severity for item in offices.plan().findings} <= {"advice"}


def test_what_is_lost_is_told_in_words() -> None:
    assert [consent.in_words(use) for use in ALL] == [
        "listener udp port 51820 (no program holds it: the kernel's own)",
        "listener udp port 40001 (avahi)",
        "listener tcp port 80 (nginx)",
        "protocol gre from 192.0.2.7/32 (the tunnel tun7)",
        "multicast vrrp to 224.0.0.18/32 (on lan0)",
        "published tcp port 8080 to 172.17.0.2/32 (iptables-nft)",
        "network 10.9.0.0/24 (behind wg0)",
        "network 2001:db8:9::/64",
        "bridge br7 10.66.0.0/24",
        "session tcp ports 443, 8443 from 10.1.0.0/24 to 10.9.0.0/24, 0.0.0.0/0 (2)",
        "session esp from 192.0.2.7/32",
    ]


def test_the_kinds_are_the_same_on_the_controller_and_on_the_host() -> None:
    assert set(accepted_losses.KINDS) == set(KINDS)


@pytest.mark.parametrize(
    ("entry", "code", "where"),
    [
        ("listener", "FXN101", ""),
        ({}, "FXN101", ".kind"),
        ({"kind": "listner"}, "FXN101", ".kind"),
        ({"kind": "listener", "port": 80}, "FXN102", ".port"),
        ({"kind": "listener", "networks": [LAN]}, "FXN140", ".networks"),
        ({"kind": "network", "protocol": "udp"}, "FXN140", ".protocol"),
        ({"kind": "listener", "ports": "x"}, "FXN204", ".ports"),
        ({"kind": "listener", "ports": []}, "FXN103", ".ports"),
        ({"kind": "network", "networks": ["10.0.0.1/8"]}, "FXN105", ".networks[0]"),
        ({"kind": "network", "networks": []}, "FXN103", ".networks"),
        ({"kind": "listener", "protocol": None}, "FXN125", ".protocol"),
        ({"kind": "listener", "protocol": "utp"}, "FXN125", ".protocol"),
        ({"kind": "listener", "program": 7}, "FXN101", ".program"),
        ({"kind": "bridge", "interface": ""}, "FXN101", ".interface"),
    ],
)
def test_a_mistake_in_an_entry_is_a_finding_and_accepts_nothing(entry: object, code: str, where: str) -> None:
    findings: list[Finding] = []
    assert accepted_losses.read_accepted_losses(Reader("host", findings), [entry, {"kind": "network"}])[:-1] == ()
    assert [(item.code, item.variable) for item in findings] == [(code, f"faxnet_accepted_losses[0]{where}")]
