# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules need of this host's kernel and it lacks: connection-tracking helpers, idle times of a flow, sockets.

The first two are objects in the rules, and the kernel loads the module of a helper by itself. Where it cannot, nft says
"No such file or directory" and shows a line of the rules; here that becomes a sentence that names the module.
"""

from __future__ import annotations

import re

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine, rehearse

_OBJECT = re.compile(r"^\tct (?P<kind>helper|timeout) \S+ \{\n(?P<body>.*?)^\t\}\n", re.MULTILINE | re.DOTALL)
_SOCKET = re.compile(r"socket transparent \{ 0, 1 \}")
_RULE = "table inet faxnet {{ chain c {{ type filter hook input priority filter; meta l4proto tcp {match}; }}; }}\n"
_HELPER = re.compile(r'type "([^"]+)"')


def lacking(machine: Machine, text: str) -> list[str]:
    """A sentence with the cure for each object of the nft file `text` that the kernel does not take, found by trying.

    Raises FirewallError when nothing can be tried.
    """
    found = []
    for item in _OBJECT.finditer(text):
        if rehearse(machine, f"table inet faxnet {{\n{item.group(0)}}}\n").code == 0:
            continue
        helper = _HELPER.search(item.group("body"))
        if helper:
            module = "nf_conntrack_" + helper.group(1).replace("-", "_")
            found.append(
                f"this host's kernel has no connection-tracking helper {helper.group(1)}: install the kernel's package "
                f"that holds the module {module} (in a container, on the machine that runs it), or switch the flow off"
            )
        else:
            found.append(
                "this host's kernel keeps no idle time for single flows: it needs Linux 4.19 or later, built with "
                "CONFIG_NF_CONNTRACK_TIMEOUT; boot such a kernel, or switch the flow off"
            )
    socket = _SOCKET.search(text)
    if socket and rehearse(machine, _RULE.format(match=socket[0])).code != 0:
        found.append(
            "this host's kernel cannot tell whether a packet is for one of its sockets, which an observing host must: "
            "install the kernel's package that holds the module nft_socket (in a container, on the machine that runs "
            "it), or set faxnet_stance to exclusive or additive"
        )
    return sorted(set(found))
