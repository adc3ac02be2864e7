# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every platform, by its name in `faxnet_platform`. A new one is a file of its own and a line here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from .needs import refusals
from .nftables.nftables import Nftables
from .nftables.stateless import StatelessNftables
from .platform import Options, Platform, RefusedError, Step
from .unmanaged import Unmanaged
from .worksheet import Worksheet

PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        Nftables(),
        StatelessNftables(),
        Unmanaged(),
        Worksheet(),
    )
}

#: The platform of a host that names none.
DEFAULT = Nftables.name


def platform_of(name: object, host: object) -> Platform:
    """Return a platform by its name. Raises `RefusedError`, the message naming the host, where there is none."""
    platform = PLATFORMS.get(str(name))
    if platform is None:
        raise RefusedError(f"{host}: faxnet_platform is {name!r}; set it to one of {', '.join(sorted(PLATFORMS))}")
    return platform


def render_slice(part: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    """The platform's text for a slice (plan directory, hosts/<host>.json).

    Raises `RefusedError`, the message naming the host, when the platform is unknown, lacks an ability, or the policy is
    malformed.
    """
    platform = _able(part)
    with _named(part):
        return platform.render(part, Options(address_ranges))


def apply_slice(part: Mapping[str, Any], *, address_ranges: bool = False) -> Step:
    """The step that puts a slice into force. Raises `RefusedError` like `render_slice`."""
    platform = _able(part)
    with _named(part):
        return platform.apply(part, Options(address_ranges))


@contextlib.contextmanager
def _named(part: Mapping[str, Any]) -> Iterator[None]:
    """Put the host's name before whatever is refused."""
    try:
        yield
    except RefusedError as error:
        raise RefusedError(f"{part.get('host')}: {error}") from None


def _able(part: Mapping[str, Any]) -> Platform:
    """The platform of a slice, which has all abilities that its policy needs."""
    host = part.get("host")
    platform = platform_of(part.get("platform"), host)
    lacking = refusals(platform.name, platform.traits.abilities, part["policy"])
    if lacking:
        raise RefusedError(f"{host}: {'; '.join(lacking)}; choose another faxnet_platform or change what the host uses")
    return platform
