# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are safe everywhere they go: files, rules, comments, XML, HTML, shell words; and lists of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .vaulted import VaultedText

#: Letters, digits, dot, hyphen, underscore; begins with a letter or digit. Host names, inventory names and service
#: names of ordinary networks fit; nothing that a rule language could read as syntax does.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", re.ASCII)

NAME_CURE = "use at most 100 letters, digits, dots, hyphens and underscores, beginning with a letter or digit"


def near_words(value: object, known: Iterable[str]) -> list[str]:
    """Return the word of *known* that *value* is probably a typing error of; of a secret not even that is told."""
    return [] if isinstance(value, VaultedText) else difflib.get_close_matches(str(value), list(known), 1)


def name_problem(value: object) -> str:
    """Return what is wrong with *value* as a name, or an empty string."""
    if not isinstance(value, str):
        return "is not a text"
    if not value:
        return "is empty"
    if ".." in value:
        return "holds two dots in a row"
    if not _SAFE.match(value):
        return "holds a character that is not a letter, digit, dot, hyphen or underscore, or is too long"
    return ""


def named(names: Sequence[str], most: int = 3) -> str:
    """Return ``a, b, c and 17 more``; one more than *most* is named, too."""
    if len(names) <= most + 1:
        return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def named_service(service: str, name: str) -> str:
    """The service as everything after the inventory knows it, of an offer that has a name: ``netcfax-second``."""
    return f"{service}-{name}" if name else service


class HostService(NamedTuple):
    """A service on a host that offers or uses it: what offers, clients and their call-back ranges are found by."""

    host: str
    service: str

    @property
    def text(self) -> str:
        """As files and messages name it; neither of the two names can hold a slash."""
        return f"{self.host}/{self.service}"

    @classmethod
    def parse(cls, text: str) -> HostService:
        """Return what :attr:`text` wrote.

        Raises:
            ValueError: *text* is anything else.
        """
        host, _slash, service = text.partition("/")
        if name_problem(host) or name_problem(service):
            raise ValueError("is not HOST/SERVICE")
        return cls(host, service)
