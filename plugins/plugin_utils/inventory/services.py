# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that offers and uses share: the service's name, its protocol, and the switches of its exchanges."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..basics.names import named_service, near_words
from ..catalog.catalog import Catalog
from ..catalog.profile import Profile
from .intent import Switches
from .reader import Reader

#: What every product of the catalogue runs over; a rule for anything else cannot be written.
PROTOCOLS = ("tcpip", "tcp/ip")


#: One for all who say nothing.
_NOTHING_SAID = Switches()


def read_service(reader: Reader, value: object, variable: str, catalog: Catalog) -> Profile | None:
    """Return the profile that an offer or a use names; noted where there is none."""
    if isinstance(value, str) and value in catalog.unsound:
        return None
    if isinstance(value, str) and value in catalog.profiles:
        return catalog.profiles[value]
    near = near_words(value, catalog.profiles)
    meant = f" (is {near[0]!r} meant?)" if near else ""
    known = ", ".join(sorted(catalog.profiles))
    reader.note(
        "FXN201",
        variable,
        value,
        f"the catalogue has no such service{meant}",
        f"use one of: {known}; or describe it in faxnet_services",
    )
    return None


def read_offer_name(reader: Reader, raw: object, variable: str, profile: Profile, catalog: Catalog) -> str | None:
    """Return what tells an offer from the host's others of the product; None where that is in error."""
    name = reader.name(raw, variable)
    service = named_service(profile.name, name or "")
    if name is None or reader.name(service, variable) is None:
        return None
    if service in catalog.profiles:
        message, cure = f"makes {service}, which is a service of its own", "give the offer another name"
        reader.note("FXN104", variable, name, message, cure)
        return None
    return name


def check_protocol(reader: Reader, value: object, variable: str, profile: Profile) -> None:
    """Note a protocol suite that no rule can carry: the vendor's documents cover TCP/IP only."""
    if value is not None and str(value).lower() not in PROTOCOLS:
        message = f"{profile.title} can be carried over TCP/IP only"
        cure = "set the product to TCP/IP and omit 'protocol'; IPX or another suite needs a bridge, not a rule"
        reader.note("FXN211", variable, value, message, cure)


def other_version(profile: Profile, version: str, having: Collection[str]) -> tuple[str, str]:
    """What to say of a thing that only other versions of a product have, and its cure."""
    versions = [known for known in profile.versions if known in having]
    message = f"version {version} of {profile.title} does not have it; version {' and '.join(versions)} does"
    return message, f"write 'version: {versions[0]}' into the offer of a {profile.versions[versions[0]]}"


def read_switches(reader: Reader, raw: object, variable: str, profile: Profile, version: str | None = None) -> Switches:
    """Return the switches of ``exchanges``: a mapping of names to true or false, or a list of all that are wanted.

    With a *version* only the exchanges that it has may be named.
    """
    if raw is None:
        return _NOTHING_SAID
    known = profile.exchanges_of(version) if version else profile.exchanges
    names = [exchange.name for exchange in known if not exchange.part_of]
    elsewhere = _elsewhere(reader, raw, variable, profile, version) if version else frozenset()
    if isinstance(raw, (list, tuple)):
        if not raw:
            reader.note("FXN103", variable, raw, "is an empty list", "name an exchange, or use 'enabled: false'")
        wanted = [
            reader.choice(name, f"{variable}[{index}]", names, "FXN102")
            for index, name in enumerate(raw)
            if not (isinstance(name, str) and name in elsewhere)
        ]
        return Switches(on=frozenset(name for name in wanted if name is not None), listed=True)
    if not isinstance(raw, Mapping):
        message = "is neither a list of exchanges nor a mapping of them to true or false"
        reader.note("FXN101", variable, raw, message, f"write [{names[0]}], or {{{names[0]}: false}}")
        return Switches()
    here = {name: value for name, value in raw.items() if name not in elsewhere}
    entry = reader.mapping(here, variable, names) or {}
    said = {name: reader.flag(value, f"{variable}.{name}", True) for name, value in entry.items()}
    return Switches(
        on=frozenset(name for name, value in said.items() if value),
        off=frozenset(name for name, value in said.items() if not value),
    )


def _elsewhere(reader: Reader, raw: object, variable: str, profile: Profile, version: str) -> frozenset[str]:
    """The exchanges named in *raw* that only other versions of the product have; each is noted."""
    named = list(raw) if isinstance(raw, (list, tuple, Mapping)) else []
    having = {
        exchange.name: [known for known in profile.versions if exchange.default_of(known) is not None]
        for exchange in profile.exchanges
        if exchange.default_of(version) is None and not exchange.part_of
    }
    found = set()
    for index, name in enumerate(named):
        if isinstance(name, str) and name in having:
            where = f"{variable}.{name}" if isinstance(raw, Mapping) else f"{variable}[{index}]"
            message, cure = other_version(profile, version, having[name])
            reader.note("FXN102", where, name, message, cure)
            found.add(name)
    return frozenset(found)
