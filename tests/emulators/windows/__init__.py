# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows host that behaves towards ansible-core as its modules' sources and public documents say. Tests only.

Written from [MS-GPFAS], [MS-FASP], the documentation of cmdlets and netsh, and the sources of the modules that are
sent; never run beside Windows, and sharing nothing with what the collection renders. ansible-core sends a module's
source: the options are read out of it, its behaviour is written here (C(modules)). What is not emulated is a failure
that says so.

C(Host(file)) is a host whose state lies in a file; C(ssh.serving) lets ansible's real ssh connection in. C(Host.log)
has every module call with what it wrote, C(Host.faults) what goes wrong, C(Host.judge) what the firewall does with a
packet, C(Host.nft) the same rules for a container's kernel.
"""

from __future__ import annotations

from .host import Answer, Entry, Host

__all__ = ["Answer", "Entry", "Host"]
