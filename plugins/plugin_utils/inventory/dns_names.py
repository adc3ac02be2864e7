# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Peers that are known by a DNS name: somebody else's servers, a home office with dynamic DNS.

A plan is made of addresses. So a name is asked for when planning, and the plan is one of the answers; the lock file
keeps them, so that a change of them is seen as one, and that there is a plan while nobody answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..basics.addresses import Address, is_loopback, is_no_host
from ..basics.findings import Finding, short
from ..basics.vaulted import VaultedText

#: Asks for a name and returns the addresses that it has now.
Resolve = Callable[[str], Sequence[Address]]

#: As RFC 1123, 2.1 has host names; with a dot, and a last label that is no number, so that no address is taken for one.
_NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?",
    re.IGNORECASE | re.ASCII,
)
_VARIABLE = "faxnet_address"
_UNMANAGED = "unmanaged"
#: What a name stands for that leads nowhere: no plan is made of it, and what follows from a host without an address
#: would only hide the mistake. Of the IETF's own network, which no host is in (RFC 6890).
_STAND_INS = Address(4, 0xC0000008)


class ResolutionError(Exception):
    """A name that cannot be asked for, or has no address; the message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Named:
    """An inventory in which addresses stand for DNS names.

    Attributes:
        sites: ``faxnet_sites``, with a site of its own for each peer that is in none.
        hosts: the variables of every host.
        names: the DNS names of each host that has some, by the host's name.
        found: the addresses of each name, for the lock file.
    """

    sites: object
    hosts: Mapping[str, Mapping[str, object]]
    names: Mapping[str, tuple[str, ...]]
    found: Mapping[str, tuple[Address, ...]]


def is_dns_name(value: object) -> bool:
    """Whether a value is written as a DNS name with at least one dot, and is no address."""
    return isinstance(value, str) and not isinstance(value, VaultedText) and _NAME.fullmatch(value.strip()) is not None


def with_addresses(
    sites: object,
    hosts: Mapping[str, Mapping[str, object]],
    known: Mapping[str, tuple[Address, ...]],
    resolve: Resolve | None,
    findings: list[Finding],
) -> Named:
    """Return the inventory with addresses in place of the DNS names of unmanaged hosts.

    Args:
        known: what each name had when it was last asked for.
        resolve: None where nobody can be asked: then what is known stands.
    """
    named = {name: said for name, own in hosts.items() if (said := _names_of(own))}
    if not named:
        return Named(sites, hosts, {}, {})
    asking = _Asking(known, resolve, findings)
    changed: dict[str, Mapping[str, object]] = dict(hosts)
    places: dict[str, Any] = {}
    for host in sorted(named):
        own = hosts[host]
        addresses = asking.addresses_of(host, own)
        changed[host] = {**own, _VARIABLE: addresses}
        if own.get("faxnet_site") is None and isinstance(sites, Mapping) and host not in sites:
            changed[host] = {**changed[host], "faxnet_site": host}
            places[host] = {"networks": [text if "/" in str(text) else _alone(text) for text in addresses]}
    joined = {**sites, **places} if isinstance(sites, Mapping) else sites
    return Named(joined, changed, named, asking.found)


def _names_of(own: Mapping[str, object]) -> tuple[str, ...]:
    """The DNS names in a host's address; of hosts whose rules are set here an address is wanted, and none is asked."""
    value = own.get(_VARIABLE)
    if value is None or own.get("faxnet_platform") != _UNMANAGED:
        return ()
    items = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(dict.fromkeys(_plain(item) for item in items if is_dns_name(item)))


def _plain(name: object) -> str:
    return str(name).strip().lower()


def _alone(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


class _Asking:
    """Asks for each name once."""

    def __init__(
        self, known: Mapping[str, tuple[Address, ...]], resolve: Resolve | None, findings: list[Finding]
    ) -> None:
        self._known = known
        self._resolve = resolve
        self._findings = findings
        self._problems: dict[str, str] = {}
        self.found: dict[str, tuple[Address, ...]] = {}

    def addresses_of(self, host: str, own: Mapping[str, object]) -> list[Any]:
        """What a host's address says, with addresses in place of names, each once; what is no name stays as it is."""
        value = own[_VARIABLE]
        several = isinstance(value, (list, tuple))
        texts: dict[Any, None] = {}
        rest = []
        for index, item in enumerate(value if isinstance(value, (list, tuple)) else (value,)):
            if is_dns_name(item):
                where = f"{_VARIABLE}[{index}]" if several else _VARIABLE
                texts.update((address.text, None) for address in self._of(host, _plain(item), where))
            elif isinstance(item, str):
                texts[item] = None
            else:
                rest.append(item)
        return [*texts, *rest]

    def _of(self, host: str, name: str, where: str) -> tuple[Address, ...]:
        if name not in self.found:
            self._ask(name)
        found = self.found[name]
        if name in self._problems and found:
            before = ", ".join(address.text for address in found)
            message = (
                f"cannot be asked for ({self._problems[name]}): the plan is made with what it led to before, {before}"
            )
            cure = "see that the controller can ask for the name, and plan again"
            self._findings.append(Finding("FXN162", (host,), where, short(name), message, cure))
        elif name in self._problems:
            cure = "correct the name, see that the controller can ask for it, or name the addresses"
            message = f"leads to no address: {self._problems[name]}"
            self._findings.append(Finding("FXN161", (host,), where, short(name), message, cure))
            return (_STAND_INS._replace(value=_STAND_INS.value + list(self._problems).index(name)),)
        first = found[0].version if found else 0
        if len(found) > 2 and any(address.version != first for address in found):
            return tuple(address for address in found if address.version == first)
        return found

    def _ask(self, name: str) -> None:
        before = self._known.get(name, ())
        try:
            if self._resolve is None:
                raise ResolutionError("nobody was asked for it")
            answers = self._resolve(name)
            usable = sorted({item for item in answers if not (is_loopback(item) or is_no_host(item))})
            if not usable:
                said = ", ".join(item.text for item in answers) or "nothing"
                raise ResolutionError(f"{said} is no other machine's")
            self.found[name] = tuple(usable)
        except ResolutionError as error:
            self._problems[name] = str(error)
            self.found[name] = before
