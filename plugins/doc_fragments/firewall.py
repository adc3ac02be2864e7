# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what the module firewall hands on to the managed host's side of it, firewall_transaction."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment."""

    DOCUMENTATION = r"""
options:
  confirm_timeout:
    description:
      - Seconds until the change is undone unless it is confirmed. Must leave time for a new connection.
    type: int
    default: 60
  tolerate_drops:
    description:
      - Go on although another table holds single rules that drop or reject, such as the ban list of fail2ban.
      - A foreign chain that drops by default and cannot be spoken through is refused all the same.
    type: bool
    default: false
  tolerate_translations:
    description:
      - Go on although a foreign rule may give packets of the plan another address than the plan does.
    type: bool
    default: false
  tolerate_absent_address:
    description:
      - Go on although a router does not have the address that it translates to or from, because another router of a
        pair has it now (VRRP).
    type: bool
    default: false
  mark_bit:
    description:
      - Which bit of a packet's mark says that the rules have accepted it, where ufw, iptables or a table of the host's
        own would drop it afterwards. No other program on the host may use that bit.
    type: int
    default: 28
attributes:
  check_mode:
    support: full
    description: The rules are rehearsed in a network namespace of their own, checked and compared, and not applied.
  diff_mode:
    support: full
    description: The complete table as the kernel lists it, before and after, and the files that differ.
  platform:
    support: full
    platforms: linux
    description: Linux with nft and Python 3.9 or later.
"""
