# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue: what each product does on the network, as data with its source.

Profiles live in ``products/*.yml``, one file a product family; users add or override them with ``faxnet_services`` in
the same schema (docs/schema/services.schema.json).
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ..basics.findings import Finding, short
from ..basics.ports import ReservedPorts, parse_range
from .profile import Profile, Step, System
from .read_profile import InvalidProfileError, ProfileError, read_profile

PROFILES_DIRECTORY = Path(__file__).parent / "products"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All profiles and the facts about ports and systems that they share.

    *unsound* names the user's profiles that are in error themselves: what refers to them needs no second finding.
    """

    profiles: Mapping[str, Profile]
    systems: Mapping[str, System]
    well_known: Mapping[int, str]
    reserved_below: int
    unsound: frozenset[str] = frozenset()


#: libyaml's parser where PyYAML was built with it: it takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=_LOADER)  # noqa: S506, both loaders are safe ones


#: The name of a profile stands at the beginning of a line, and nothing else does.
_NAME = re.compile(r"^(\w+):", re.MULTILINE)


class _Products(Mapping[str, Profile]):
    """The collection's profiles, each read when it is first asked for: most networks have one or two products.

    Reading all of them takes twice as long as planning a hundred hosts.
    """

    def __init__(self, systems: Mapping[str, System]) -> None:
        self._systems = systems
        files = sorted(PROFILES_DIRECTORY.glob("[a-z]*.yml"))
        self._files = {name: path for path in files for name in _NAME.findall(path.read_text(encoding="utf-8"))}
        self._profiles: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        """Return a profile; its file is read with the others that stand in it."""
        if name not in self._profiles:
            for other, data in _read(self._files[name]).items():
                self._profiles[other] = read_profile(other, data, self._systems)
        return self._profiles[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a profile."""
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._files)

    def __len__(self) -> int:
        """Return the number of profiles."""
        return len(self._files)


class _WithNames(Mapping[str, Profile]):
    """Profiles, some of them under further names; of those that nobody asks for no file is read."""

    def __init__(self, profiles: Mapping[str, Profile], named: Mapping[str, str]) -> None:
        self._profiles = profiles
        self._named = {name: replace(profiles[product], name=name) for name, product in sorted(named.items())}

    def __getitem__(self, name: str) -> Profile:
        """Return a profile by either kind of name."""
        return self._named[name] if name in self._named else self._profiles[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a profile."""
        return name in self._named or name in self._profiles

    def __iter__(self) -> Iterator[str]:
        """Return the names of both kinds."""
        return itertools.chain(self._profiles, self._named)

    def __len__(self) -> int:
        """Return the number of names of both kinds."""
        return len(self._profiles) + len(self._named)


def with_names(catalog: Catalog, named: Mapping[str, str]) -> Catalog:
    """Return the catalogue with profiles under further names, by which offers of one host are told apart.

    Args:
        named: the product by the further name; none of these is a profile's.
    """
    return replace(catalog, profiles=_WithNames(catalog.profiles, named)) if named else catalog


@functools.lru_cache(maxsize=1)
def builtin_catalog() -> Catalog:
    """Return the catalogue that comes with the collection."""
    systems = {
        name: _system(name, entry) for name, entry in _read(PROFILES_DIRECTORY / "_systems.yml")["systems"].items()
    }
    ports = _read(PROFILES_DIRECTORY / "_well_known.yml")
    return Catalog(_Products(systems), systems, ports["well_known"], ports["reserved_below"])


def _system(name: str, entry: Mapping[str, Any]) -> System:
    return System(
        name,
        entry["title"],
        parse_range(entry["dynamic"]),
        tuple(entry["environments"]),
        entry["mapped_ipv4"],
        tuple(
            ReservedPorts(item["transport"], parse_range(item["ports"]), item["reason"], "")
            for item in entry.get("reserved", ())
        ),
        tuple(Step(item["words"], item["line"]) for item in entry.get("reserving", ())),
    )


def extend_catalog(catalog: Catalog, services: object, findings: list[Finding]) -> Catalog:
    """Return the catalogue with the user's ``faxnet_services`` added or overriding; what is wrong there is noted."""
    if not isinstance(services, Mapping):
        cure = "write it as a mapping: service name, then its profile"
        findings.append(Finding("FXN209", (), "faxnet_services", short(services), "is not a mapping", cure))
        return catalog
    profiles = dict(catalog.profiles)
    unsound: set[str] = set()
    for name, data in services.items():
        try:
            profiles[name] = read_profile(name, data, catalog.systems)
        except (ProfileError, InvalidProfileError) as error:
            faults = error.faults if isinstance(error, InvalidProfileError) else (error,)
            findings += [
                Finding("FXN209", (), fault.path, short(fault.value), str(fault), fault.cure) for fault in faults
            ]
            unsound.add(str(name))
    return replace(catalog, profiles=profiles, unsound=frozenset(unsound))
