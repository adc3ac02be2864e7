# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port scanner goes over the scenario's network, and the report is held against what it finds.

What is open and unsaid is zero: each TCP port that nmap finds open is one of a planned flow, or stands in "also open".
What is claimed and not so is zero: what the report says got through, nmap finds open, and what it says was refused, it
does not. UDP is left out: to nmap a port that a firewall shuts and one that is open and does not answer look alike.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tools.lab.containers import container_name

#: Besides those that a host listens on or that its rules name, which are the only ones that can be open: what machines
#: commonly offer.
_USUAL = (
    "7,9,13,20-25,53,79,80,88,106,110,111,113,119,135,139,143,389,427,443-445,465,513-515,543,544,548,554,587,631,636,"
    "993,995"
)


class Attempt(NamedTuple):
    """A TCP connection that was tried: by whom, to which address and port."""

    host: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """Which ports were tried, the same from each host to each address; which attempts found one open."""

    ports: frozenset[int]
    addresses: frozenset[str]
    found: frozenset[Attempt]


def numbers(text: str) -> Iterator[int]:
    """The ports of ``4559,10500-10599``, as plans and nmap write them."""
    for part in filter(None, text.replace(" ", "").split(",")):
        low, _dash, high = part.partition("-")
        yield from range(int(low), int(high or low) + 1)


def scan(host: str, addresses: Iterable[str], ports: str) -> Iterator[Attempt]:
    """Let nmap try every port of every address from where a lab's host stands; what it finds open.

    It runs in the host's network and with the machine's own nmap. Half-open: no program sees these connections.
    """
    container = container_name(os.environ["FAXNET_LAB"], host)
    process = ["podman", "inspect", "--format", "{{.State.Pid}}", container]
    pid = subprocess.run(process, check=True, capture_output=True, text=True).stdout.strip()
    for version, option in ((4, []), (6, ["-6"])):
        targets = [address for address in addresses if ip_address(address).version == version]
        if not targets:
            continue
        command = ["nsenter", f"--net=/proc/{pid}/ns/net", "nmap", *option, "-n", "-Pn", "-sS", "-p", ports]
        # What a firewall swallows is tried twice: a lab has no lossy links, and a busy machine answers within a second.
        command += ["--max-retries", "1", "--min-rate", "4000", "--initial-rtt-timeout", "1s", "-oG", "-", *targets]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        answered = re.findall(r"^Host: (\S+) \(\)\tPorts: (.*?)(?:\t|$)", told, re.MULTILINE)
        assert "Nmap done" in told, told
        for address, line in answered:
            for port in re.findall(r"(\d+)/open/tcp", line):
                yield Attempt(host, str(ip_address(address)), int(port))


def listening(network: Any, host: str) -> set[int]:
    """The TCP ports that a host's programs listen on."""
    return {
        int(line.split()[3].rpartition(":")[2]) for line in network.host(host).check_output("ss -Hltn").splitlines()
    }


def named_in_rules(network: Any, host: str) -> set[int]:
    """Whatever may be a port in a host's live rules."""
    return {number for number in map(int, re.findall(r"\b\d{1,5}\b", network.rules(host))) if 0 < number < 65536}


@pytest.fixture(scope="module")
def flows(plan_directory: Path) -> list[dict[str, str]]:
    """Read the report's table of flows: those that are switched on and use TCP. A product may have none."""
    with (plan_directory.parent / "report" / "flows.csv").open(encoding="utf-8", newline="") as table:
        return [row for row in csv.DictReader(table) if (row["state"], row["transport"]) == ("on", "tcp")]


@pytest.fixture(scope="module")
def scanned(network: Any, slices: dict[str, dict[str, Any]], report: dict[str, Any]) -> Scanned:
    """Scan all addresses of the network, inside and outside, from all of its hosts."""
    addresses = {str(ip_address(address)) for each in slices.values() for address in each["addresses"]}
    addresses |= {worn for router in report["outward"] for worn in router["worn"] if _is_address(worn)}
    # A port is open where something listens, or where a rule translates it: of ranges in rules the ends are tried, and
    # what a listener behind them has.
    wanted = {port for name in slices for port in (*listening(network, name), *named_in_rules(network, name))}
    wanted |= {check["port"] for check in report["checks"] if check["transport"] == "tcp"}
    ports = ",".join(map(str, sorted({*numbers(_USUAL), *wanted})))
    with ThreadPoolExecutor(3) as several:
        found = several.map(lambda name: tuple(scan(name, sorted(addresses), ports)), sorted(slices))
        return Scanned(
            frozenset(numbers(ports)), frozenset(addresses), frozenset(each for part in found for each in part)
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What the report tells of open ports, to be asked by the packet.

    Attributes:
        owners: which host has an address, or wears it.
        seen: all addresses that a host's packets may bear where they arrive.
    """

    report: Mapping[str, Any]
    flows: list[dict[str, str]]
    owners: Mapping[str, str]
    seen: Mapping[str, frozenset[str]]

    def says(self, attempt: Attempt) -> bool:
        """Whether an open port is one that the report tells of."""
        return self._of_a_flow(attempt) or self._let_in(attempt) or self._carried(attempt)

    def _of_a_flow(self, attempt: Attempt) -> bool:
        """Its own flow, or that of another who has the same address beyond a router (``shared_addresses``)."""
        return any(
            (_holds(flow["dial"], attempt.address) or _holds(flow["destination_address"], attempt.address))
            and attempt.port in numbers(flow["ports"])
            and any(_holds(flow["seen_as"], address) for address in self.seen[attempt.host])
            for flow in self.flows
        )

    def _let_in(self, attempt: Attempt) -> bool:
        return any(
            self.owners[attempt.address] in entry["hosts"]
            and self._passes(attempt.port, entry["services"])
            and self._among(attempt.host, entry["sources"])
            for entry in self.report["let_in"]
        )

    def _carried(self, attempt: Attempt) -> bool:
        return any(
            self._passes(attempt.port, entry["services"])
            and (not entry["sources"] or self._among(attempt.host, entry["sources"]))
            and (not entry["destinations"] or _inside(attempt.address, entry["destinations"]))
            for entry in self.report["carried"]
        )

    def _among(self, host: str, sources: Iterable[str]) -> bool:
        return any(_inside(address, sources) for address in self.seen[host] if _is_address(address))

    @staticmethod
    def _passes(port: int, services: Iterable[Mapping[str, str]]) -> bool:
        return any(
            service["protocol"] in ("tcp", "any") and (not service["ports"] or port in numbers(service["ports"]))
            for service in services
        )


def _holds(told: str, address: str) -> bool:
    """Whether what a flow tells of an end, addresses and networks, is or holds an address (or network) of a host."""
    parts = told.split(", ")
    return address in parts or (_is_address(address) and _inside(address, filter(_is_network, parts)))


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _inside(address: str, networks: Iterable[str]) -> bool:
    own = ip_address(address)
    return any(own in ip_network(network) for network in networks if ip_network(network).version == own.version)


@pytest.fixture(scope="module")
def told(slices: dict[str, dict[str, Any]], report: dict[str, Any], flows: list[dict[str, str]]) -> Told:
    """What the report of this scenario tells."""
    owners = {str(ip_address(address)): name for name, each in slices.items() for address in each["addresses"]}
    seen = {name: {str(ip_address(address)) for address in each["addresses"]} for name, each in slices.items()}
    for name, each in slices.items():
        seen[name] |= set(each.get("stands_for", ()))  # one of a network's machines, as the flow says
    for router in report["outward"]:
        behind = [name for name, each in slices.items() if each["site"] in router["sites"] or name == router["router"]]
        for worn in router["worn"]:
            if not _is_address(worn):
                # It changes: whoever is behind it shows what the flows from there say.
                for name in behind:
                    seen[name] |= {flow["seen_as"] for flow in flows if flow["source_site"] in router["sites"]}
                continue
            owners.setdefault(worn, router["router"])
            for name in behind:
                seen[name].add(worn)
    return Told(report, flows, owners, {name: frozenset(addresses) for name, addresses in seen.items()})


def test_what_is_open_is_said(scanned: Scanned, told: Told, flows: list[dict[str, str]]) -> None:
    # A host's own address never leaves it.
    others = {each for each in scanned.found if told.owners[each.address] != each.host}
    assert others or not flows, "nothing is open: nobody looked"
    assert sorted(each for each in others if not told.says(each)) == []


def test_what_is_claimed_is_so(scanned: Scanned, report: dict[str, Any], flows: list[dict[str, str]]) -> None:
    claims = [
        (Attempt(check["host"], check["address"], check["port"]), check)
        for check in report["checks"]
        if check["transport"] == "tcp" and check["verdict"] == "passed" and check["source_port"] is None
    ]
    open_ones = {attempt for attempt, check in claims if check["expect"] == "open"}
    shut_ones = {attempt for attempt, check in claims if check["expect"] == "silent"}
    tried = {
        each for each in (*open_ones, *shut_ones) if each.address in scanned.addresses and each.port in scanned.ports
    }
    assert open_ones & tried or not flows
    assert shut_ones & tried
    assert sorted((open_ones & tried) - scanned.found) == []
    assert sorted(shut_ones & scanned.found) == []
