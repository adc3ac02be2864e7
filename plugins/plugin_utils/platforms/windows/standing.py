# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the registry of a host with Windows: where it is, and what it says of each kind of networks.

The local store is Windows' own place; group policy has one beside it, and where both say something of a kind of
networks, group policy decides ([MS-GPFAS] 2.2.3, [MS-FASP] 2.2.38).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...inventory.firewall_profiles import PROFILES

_LOCAL = r"HKLM:\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
_GROUP = r"HKLM:\SOFTWARE\Policies\Microsoft\WindowsFirewall"
#: The keys that hold the rules, a value each.
LOCAL_RULES = rf"{_LOCAL}\FirewallRules"
GROUP_RULES = rf"{_GROUP}\FirewallRules"
#: The keys that hold what is said of each kind of networks. The local store has its name for private ones from XP.
LOCAL_SETTINGS: Mapping[str, str] = {
    "domain": rf"{_LOCAL}\DomainProfile",
    "private": rf"{_LOCAL}\StandardProfile",
    "public": rf"{_LOCAL}\PublicProfile",
}
GROUP_SETTINGS: Mapping[str, str] = {name: rf"{_GROUP}\{name.capitalize()}Profile" for name in PROFILES}
#: The key of a group policy from XP's time, for private and public ones, where neither has a key of its own.
OLD_GROUP_SETTINGS = rf"{_GROUP}\StandardProfile"

_SINCE_VISTA = ("private", "public")


class ProfileSettings(NamedTuple):
    """What a host does in one kind of networks.

    Attributes:
        on: whether its firewall is on there.
        lets_in: whether what no rule names comes in.
        refuses_all: whether nothing comes in, whatever the rules say.
        takes_local_rules: whether rules of the local store count beside those of group policy.
    """

    on: bool = True
    lets_in: bool = False
    refuses_all: bool = False
    takes_local_rules: bool = True


class Standing(NamedTuple):
    """What stands on a host.

    Attributes:
        local, group: the rules of the local store and of group policy: the values of their keys.
        local_settings, group_settings: by profile, the values of its key; a profile without the key is left out.
        old_group_settings: the values of `OLD_GROUP_SETTINGS`.
        active: the kinds of the networks that the host is in now; empty where that is not known.
    """

    local: Mapping[str, str]
    group: Mapping[str, str] = {}
    local_settings: Mapping[str, Mapping[str, Any]] = {}
    group_settings: Mapping[str, Mapping[str, Any]] = {}
    active: tuple[str, ...] = ()
    old_group_settings: Mapping[str, Any] = {}

    def settings_of(self, profile: str) -> ProfileSettings:
        """What counts in a kind of networks."""
        local = self.local_settings.get(profile, {})
        group = self.group_settings.get(profile, {})
        # What the old key cannot hold is looked for in the new ones alone.
        goes_by_old = profile != "domain" and self.group_settings.keys().isdisjoint(_SINCE_VISTA)
        old = self.old_group_settings if goes_by_old else {}
        return ProfileSettings(
            on=_number("EnableFirewall", 1, group, old, local) != 0,
            lets_in=_number("DefaultInboundAction", 1, group, local) == 0,
            # Here it does not matter who says so ([MS-FASP] 2.2.38, FW_PROFILE_CONFIG_SHIELDED).
            refuses_all=any(_number("DoNotAllowExceptions", 0, said) != 0 for said in (group, old, local)),
            # Only group policy says so; in the local store the value has no meaning ([MS-GPFAS] 2.2.3.13).
            takes_local_rules=_number("AllowLocalPolicyMerge", 1, group) != 0,
        )


def _number(name: str, usual: int, *places: Mapping[str, Any]) -> int:
    """A setting's number in the first place that has one; a value's name is the same in any case of letters."""
    for said in places:
        for key, value in said.items():
            if key.lower() == name.lower():
                with contextlib.suppress(TypeError, ValueError):
                    return int(value)
    return usual
