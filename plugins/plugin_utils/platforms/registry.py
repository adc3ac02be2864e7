# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every platform, by its name in `faxnet_platform`. A new one is a file of its own and a line here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..basics.findings import shown
from ..policies.policy import RefusedError
from ..policies.read_policy import read_policy
from .needs import refused
from .nftables.nftables import Nftables
from .nftables.stateless import StatelessNftables
from .platform import Device, Options, Platform, Step
from .unmanaged import Unmanaged
from .windows.windows import Windows
from .worksheet import Worksheet

PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        Nftables(),
        StatelessNftables(),
        Unmanaged(),
        Windows(),
        Worksheet(),
    )
}


def platform_of(name: object) -> Platform:
    """Return a platform by its name. Raises `RefusedError` where there is none."""
    platform = PLATFORMS.get(str(name))
    if platform is None:
        raise RefusedError(f"faxnet_platform is {shown(name)}; set it to one of {', '.join(sorted(PLATFORMS))}")
    return platform


def render_slice(part: Mapping[str, Any], *, address_ranges: bool = False) -> str:
    """The platform's text for a slice (plan directory, hosts/<host>.json).

    Raises `RefusedError`, the message naming the host, when the platform is unknown, lacks an ability, or the policy is
    malformed.
    """
    with _naming(part):
        platform, device = _able(part)
        return platform.render(device, Options(address_ranges))


def apply_slice(part: Mapping[str, Any], *, address_ranges: bool = False) -> Step:
    """The step that puts a slice into force. Raises `RefusedError` like `render_slice`."""
    with _naming(part):
        platform, device = _able(part)
        return platform.apply(device, Options(address_ranges))


@contextlib.contextmanager
def _naming(part: Mapping[str, Any]) -> Iterator[None]:
    """Put the host's name before whatever is refused."""
    try:
        yield
    except RefusedError as error:
        raise RefusedError(f"{part.get('host')}: {error}") from None


def _able(part: Mapping[str, Any]) -> tuple[Platform, Device]:
    """The platform of a slice, and the device that it can hold."""
    platform = platform_of(part.get("platform"))
    policy = read_policy(part.get("policy"))
    lacking = refused(platform, policy)
    if lacking:
        raise RefusedError(f"{'; '.join(lacking)}; choose another faxnet_platform or change what the host uses")
    return platform, Device(str(part.get("host")), policy, part.get("rules") or {}, part)
