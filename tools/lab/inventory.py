# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a faxnet inventory, and write the second inventory that says how the lab's containers are reached."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools.lab.errors import LabError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The word for a public address that the provider changes.
_CHANGING = "dynamic"


@dataclass(frozen=True, slots=True)
class Gateway:
    """One of a site's gateways: the host's name and the addresses it wears on its outer side."""

    host: str
    public: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """A site as the inventory has it.

    Attributes:
        gateways: from the inside out.
        outer: the site in one of whose networks the outermost gateway stands; None where that is at a provider.
        mapped: its networks that a VPN maps one to one, and to which.
    """

    name: str
    networks: tuple[Network, ...]
    gateways: tuple[Gateway, ...]
    outer: str | None = None
    mapped: tuple[tuple[Network, Network], ...] = ()


class Line(NamedTuple):
    """How bad a line is, the same in both directions.

    Attributes:
        loss: percent of the packets.
        delay: milliseconds that each of the others waits,
        jitter: and by how many more or less.
    """

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Host:
    """A host of the inventory with the site it stands in (None: only named as a gateway, or in no site at all).

    Attributes:
        anyone_in: networks whose every machine the host stands for: in the lab it is one of them.
        from_ansible_host: whether the addresses came from ``ansible_host``, which the lab's own inventory takes over.
        image: what its container is made of (``lab_image``); None: the lab's own image.
        line: how bad its line to the outside is (``lab_line``); None: not at all.
    """

    name: str
    site: str | None
    addresses: tuple[Address, ...]
    anyone_in: tuple[Network, ...] = ()
    from_ansible_host: bool = False
    image: str | None = None
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """Sites and hosts, in the inventory's order."""

    sites: tuple[Site, ...]
    hosts: tuple[Host, ...]


def load(source: Path) -> Inventory:
    """Read an inventory folder or file through ``ansible-inventory``, so that groups and host_vars count as usual.

    Raises:
        LabError: it can't be read, or the values that the lab needs are missing or wrong.
    """
    if not source.exists():
        raise LabError(f"there is no inventory at {source}: name the folder or file with --inventory")
    beside = Path(sys.executable).with_name("ansible-inventory")
    program = str(beside) if beside.exists() else shutil.which("ansible-inventory")
    if program is None:
        raise LabError("ansible-inventory is not installed beside this Python: run `make setup` first")
    run = subprocess.run([program, "-i", str(source), "--list"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise LabError(f"ansible-inventory cannot read {source}:\n{run.stderr.strip()}")
    return parse(json.loads(run.stdout))


def parse(listing: Mapping[str, Any]) -> Inventory:
    """Sites and hosts from the output of ``ansible-inventory --list``.

    Raises:
        LabError: as ``load``.
    """
    variables: dict[str, Mapping[str, Any]] = dict(listing.get("_meta", {}).get("hostvars", {}))
    names = _host_names(listing)
    raw_sites: Mapping[str, Any] = next(
        (values["faxnet_sites"] for values in variables.values() if values.get("faxnet_sites")), {}
    )
    if not isinstance(raw_sites, Mapping) or not raw_sites:
        raise LabError(
            "no host of the inventory has the variable faxnet_sites: put it into group_vars/all.yml, for example "
            "`faxnet_sites: {office: {networks: [10.1.0.0/24], gateway: office-router, public_address: 198.51.100.10}}`"
        )
    hosts = tuple(_host(name, variables.get(name, {})) for name in names)
    home = {host.name: host.site for host in hosts}
    alone = [_site(str(name), value) for name, value in raw_sites.items()]
    sites = tuple(replace(site, outer=_outer(site, alone, home)) for site in alone)
    known = {site.name for site in sites}
    for host in hosts:
        if host.site is not None and host.site not in known:
            raise LabError(
                f"host {host.name}: faxnet_site is {host.site!r}, which faxnet_sites does not have "
                f"(it has {', '.join(sorted(known))})"
            )
    for site in sites:
        for gateway in site.gateways:
            if gateway.host not in names:
                raise LabError(
                    f"site {site.name}: gateway {gateway.host!r} is no host of the inventory: add it under `hosts:`"
                )
    return Inventory(sites, hosts)


def _host_names(listing: Mapping[str, Any]) -> list[str]:
    """All hosts, sorted; a host without variables stands in its groups only."""
    names = set(listing.get("_meta", {}).get("hostvars", {}))
    for group in listing.values():
        if isinstance(group, Mapping):
            names.update(group.get("hosts", []))
    return sorted(names)


def _site(name: str, value: Any) -> Site:
    where = f"site {name}"
    if not isinstance(value, Mapping) or not value.get("networks"):
        raise LabError(f"{where}: networks is missing: give a list, for example `networks: [10.1.0.0/24]`")
    for entry in (value, *(item for item in _listed(value.get("gateways") or ()) if isinstance(item, Mapping))):
        if entry.get("outside_address") is not None:
            raise LabError(
                f"{where}: outside_address cannot be laid out: a lab has no provider's box before a router; give this "
                "one a public address of its own for the lab"
            )
    networks = tuple(_network(where, "networks", text) for text in _listed(value["networks"]))
    mapped = tuple(
        (_network(where, "mapped_as", own), _network(where, "mapped_as", shown))
        for own, shown in (value.get("mapped_as") or {}).items()
    )
    worn = _public(where, "public_address", value)
    chain = value.get("gateways")
    if chain is None:
        gateways = (Gateway(str(value["gateway"]), worn),) if value.get("gateway") else ()
        return Site(name, networks, gateways, mapped=mapped)
    entries = []
    for number, entry in enumerate(_listed(chain)):
        if not isinstance(entry, Mapping) or not entry.get("host"):
            raise LabError(f"{where}: gateways[{number}] needs a host: `{{host: NAME, public_address: ADDRESS}}`")
        public = _public(where, f"gateways[{number}].public_address", entry)
        outermost = number == len(chain) - 1
        entries.append(Gateway(str(entry["host"]), public or (worn if outermost else ())))
    return Site(name, networks, tuple(entries), mapped=mapped)


def _public(where: str, variable: str, entry: Mapping[str, Any]) -> tuple[Address, ...]:
    """What a gateway wears outside: of an address that changes one of those that it may be."""
    said = [] if entry.get("public_address") is None else _listed(entry["public_address"])
    fixed = _addresses(where, variable, [item for item in said if item != _CHANGING])
    if _CHANGING not in said and (said or entry.get("public_networks") is None):
        return fixed
    networks = [_network(where, "public_networks", item) for item in _listed(entry.get("public_networks") or ())]
    if not networks:
        raise LabError(
            f"{where}: {variable}: {_CHANGING} cannot be laid out without public_networks: name there the networks of "
            "which the lab may take an address"
        )
    return (networks[0][networks[0].num_addresses // 2], *fixed)


def _outer(site: Site, sites: Iterable[Site], home: Mapping[str, str | None]) -> str | None:
    """The site that one stands in, by its outermost gateway's address there, or by where that is an ordinary host."""
    if not site.gateways:
        return None
    outermost = site.gateways[-1]
    others = [other for other in sites if other is not site]
    around = [
        other.name
        for other in others
        if any(address in network for address in outermost.public for network in other.networks)
    ]
    at_home = home.get(outermost.host)
    ordinary = {other.name for other in others if outermost.host not in {each.host for each in other.gateways}}
    if at_home in around or (not outermost.public and at_home in ordinary):
        return at_home
    return around[0] if around else None


def _host(name: str, values: Mapping[str, Any]) -> Host:
    where, site = f"host {name}", values.get("faxnet_site")
    stated = values.get("faxnet_address")
    home = None if site is None else str(site)
    image = str(values["lab_image"]) if values.get("lab_image") else None
    line = _line(where, values.get("lab_line"))
    if stated is not None:
        listed = _listed(stated)
        whole = [item for item in listed if "/" in str(item) and "{{" not in str(item)]
        addresses = _addresses(where, "faxnet_address", [item for item in listed if item not in whole])
        anyone_in = tuple(_network(where, "faxnet_address", item) for item in whole)
        return Host(name, home, addresses, anyone_in, image=image, line=line)
    try:
        addresses = (ipaddress.ip_address(str(values.get("ansible_host", ""))),)
    except ValueError:
        addresses = ()
    return Host(name, home, addresses, from_ansible_host=bool(addresses), image=image, line=line)


def _line(where: str, value: Any) -> Line | None:
    if not value:
        return None
    numbers = value.values() if isinstance(value, Mapping) and set(value) <= set(Line._fields) else ("",)
    if any(isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0 for number in numbers):
        raise LabError(
            f"{where}: lab_line is {value!r}: give percent and milliseconds, for example "
            "`lab_line: {loss: 1, delay: 40, jitter: 10}`"
        )
    return Line(**{key: float(number) for key, number in value.items()})


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _addresses(where: str, variable: str, value: Any) -> tuple[Address, ...]:
    if value is None:
        return ()
    try:
        return tuple(ipaddress.ip_address(_text(where, variable, item)) for item in _listed(value))
    except ValueError as problem:
        said = value[0] if isinstance(value, list) and len(value) == 1 else value
        raise LabError(f"{where}: {variable} is {said!r}: {problem}; give an address without a prefix") from problem


def _network(where: str, variable: str, value: Any) -> Network:
    try:
        return ipaddress.ip_network(_text(where, variable, value))
    except ValueError as problem:
        raise LabError(f"{where}: {variable} has {value!r}: {problem}; give a prefix like 10.1.0.0/24") from problem


def _text(where: str, variable: str, value: Any) -> str:
    if isinstance(value, str) and "{{" in value:
        raise LabError(
            f"{where}: {variable} is the template {value!r}; the lab reads plain values only: write the "
            "address itself, or rehearse with a copy of the inventory where it is written out"
        )
    return str(value)


def lab_name(source: Path) -> str:
    """The lab's default name: that of the inventory's folder, in letters, digits and underscores."""
    folder = source.resolve()
    folder = folder if folder.is_dir() else folder.parent
    return re.sub(r"[^a-z0-9_]+", "_", folder.name.lower()).strip("_") or "lab"


def write_connection(directory: Path, hosts: Iterable[Host], container_of: Mapping[str, str]) -> Path:
    """Write the inventory source that leads Ansible into the containers, to be named after the user's own.

    The values go to host_vars and not beside the host names: a value in the user's host_vars would beat those.

    Args:
        directory: where it goes; inventory.yml and host_vars in it are written anew.
        hosts: the inventory's hosts.
        container_of: the container of each host in the lab.

    Returns:
        The path for ``ansible-playbook -i``.
    """
    values_of: dict[str, dict[str, Any]] = {}
    for host in hosts:
        if host.name not in container_of:
            continue
        values = values_of[host.name] = {
            "ansible_connection": "faxnet.lab.podman",
            "ansible_host": container_of[host.name],
            "ansible_user": "root",
            # A task runs as root already, and the containers have no sudo: this beats a play's own `become`.
            "ansible_become": False,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        if host.from_ansible_host:
            # The container's name takes the place of the address that the user wrote there.
            values["faxnet_address"] = [str(address) for address in host.addresses]
    return write_host_vars(directory, values_of)


def write_host_vars(directory: Path, values_of: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write inventory.yml and host_vars into a folder, in place of what was there; the path of the former."""
    folder = directory / "host_vars"
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name, values in values_of.items():
        (folder / f"{name}.yml").write_text(_HEAD + yaml.safe_dump(dict(values)), encoding="utf-8")
    path = directory / "inventory.yml"
    hosts = dict.fromkeys(values_of)
    path.write_text(_HEAD + yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    return path


_HEAD = "---\n# Written by `python -m tools.lab up`; removed by `down`.\n"
