# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server itself does about NAT, across the planned network: openings kept alive, calls inward, passive FTP.

Here the emulator of CommuniGate Pro runs in the place of the port emulator. It speaks SIP and FTP as far as NAT is
concerned; which telephone is behind NAT it finds out by its lists, as the product does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.communigate import sip_client
from tests.emulators.communigate.program import program

SERVER, OFFICE, SIP, FTP = "10.0.1.12", "198.51.100.77", 5060, 8021
MEDIA = range(60000, 60100)
# Longer than Linux remembers UDP that is not answered (30 seconds), so that nothing but the plan keeps an opening.
NAT_PING = 35
SETTINGS = f"""
{{
  Version = "6.3.12"; ServerName = "cgate";
  Network = {{WANAddress = "{OFFICE}"; ServerLANAddress = "{SERVER}"; NATPing = #{NAT_PING};}};
  DNRSettings = {{Source = OS;}};
  MediaServer = {{UDPPorts = "{MEDIA[0]}-{MEDIA[-1]}"; TCPPorts = "{MEDIA[0]}-{MEDIA[-1]}";}};
  Modules = {{SIP = {{UDPListener = ({{Port = #{SIP};}});}}; FTP = {{Listener = ({{Port = #{FTP};}});}};}};
  LANIPs = "10.0.1.0-10.0.1.255";
  NATedIPs = "10.0.8.0-10.0.8.255";
}}
"""
# Logs in, lists the folder over a data connection, and prints where that went.
FETCH = f"""
import ftplib
ftp = ftplib.FTP()
ftp.trust_server_pasv_ipv4_address = True
ftp.connect("{{address}}", {FTP}, timeout=10)
ftp.login("postmaster", "lab")
data, _size = ftp.ntransfercmd("LIST")
print(*data.getpeername())
while data.recv(4096):
    pass
data.close()
ftp.voidresp()
ftp.quit()
"""


@pytest.fixture(scope="module", autouse=True)
def server(network: Any) -> Iterator[None]:
    """Run CommuniGate Pro's emulator on the server, and put the telephones' program in place."""
    network.put("cgate", "/opt/lab/CGServer", program())
    network.put("cgate", "/var/lab/Settings/Main.settings", SETTINGS)
    network.put("cgate", "/var/lab/Accounts/postmaster.macnt/account.settings", '{Password = "lab";}')
    telephone = Path(sip_client.__file__).read_bytes()
    for host in ("branch-phone", "lan-phone", "visitor"):
        network.put(host, "/opt/lab/telephone.py", telephone)
    host = network.host("cgate")
    host.check_output("systemctl stop faxnet-emulator")
    host.check_output("systemd-run --unit=cgserver /usr/bin/python3 /opt/lab/CGServer --Base /var/lab --LogToConsole")
    network.wait_for(lambda: host.socket(f"tcp://{FTP}").is_listening, "the server listens")
    yield
    host.check_output("systemctl stop cgserver; systemctl start faxnet-emulator")


@pytest.fixture(scope="module")
def telephones(network: Any, server: None) -> Iterator[None]:
    """Two telephones that register and then only listen: one behind the far NAT, one on the server's LAN."""
    for host, address in (("branch-phone", OFFICE), ("lan-phone", SERVER)):
        command = f"--server {address} --port {SIP} --name {host} --seconds 300"
        network.host(host).check_output(
            f"systemd-run --unit=telephone /usr/bin/python3 -u /opt/lab/telephone.py {command}"
        )
    network.wait_for(
        lambda: all(events(network, host) for host in ("branch-phone", "lan-phone")), "both are registered"
    )
    yield
    for host in ("branch-phone", "lan-phone"):
        network.host(host).check_output("systemctl stop telephone 2>/dev/null || true")


def events(network: Any, host: str) -> list[dict[str, Any]]:
    """What a telephone has met so far."""
    printed = network.host(host).check_output("journalctl --unit=telephone --output=cat").splitlines()
    return [json.loads(line) for line in printed if line.startswith("{")]


@pytest.mark.acceptance("CG-05", "CG-06")
def test_the_server_finds_out_which_telephone_is_behind_a_far_nat(network: Any, telephones: None) -> None:
    behind = {host: events(network, host)[0]["behind_nat"] for host in ("branch-phone", "lan-phone")}
    assert behind == {"branch-phone": True, "lan-phone": False}


@pytest.mark.acceptance("CG-07")
def test_its_dummy_packets_still_get_in_after_an_idle_time_in_which_linux_would_have_forgotten(
    network: Any, telephones: None
) -> None:
    for device in ("branch-router", "office-router"):
        assert int(network.host(device).sysctl("net.netfilter.nf_conntrack_udp_timeout")) < NAT_PING
    network.wait_for(
        lambda: "dummy" in {event["event"] for event in events(network, "branch-phone")}, "a dummy packet got in", 60
    )
    assert "dummy" not in {event["event"] for event in events(network, "lan-phone")}


@pytest.mark.acceptance("CG-07")
def test_a_call_from_the_internet_reaches_the_telephone_behind_the_far_nat(network: Any, telephones: None) -> None:
    call = f"--server {OFFICE} --port {SIP} --name visitor --call branch-phone --until answered --seconds 10"
    heard = network.host("visitor").check_output(f"python3 /opt/lab/telephone.py {call}")
    assert "answered" in heard, heard
    assert "called" in {event["event"] for event in events(network, "branch-phone")}


@pytest.mark.acceptance("CG-09", "CG-11")
@pytest.mark.parametrize(
    ("host", "address", "told"),
    [("lan-phone", SERVER, SERVER), ("branch-phone", OFFICE, OFFICE), ("visitor", OFFICE, OFFICE)],
)
def test_passive_ftp_comes_through_the_media_ports_and_the_address_that_the_nat_relays(
    network: Any, host: str, address: str, told: str
) -> None:
    met, port = network.host(host).check_output("python3 -c %s", FETCH.replace("{address}", address)).split()
    assert met == told
    assert int(port) in MEDIA
