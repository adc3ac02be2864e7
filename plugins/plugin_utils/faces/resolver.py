# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for DNS names as the controller's own programs do: its hosts file, its DNS servers, in its order."""

from __future__ import annotations

import socket

from ..basics.addresses import Address, parse_address
from ..inventory.dns_names import ResolutionError


def resolve(name: str) -> list[Address]:
    """Return the addresses of a DNS name, each once.

    Raises:
        ResolutionError: it is not known, or nobody answers; the message is the system's (gai_strerror(3)).
    """
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise ResolutionError(error.strerror or str(error)) from None
    except (OSError, UnicodeError) as error:
        raise ResolutionError(str(error)) from None
    # A scope, as in fe80::1%eth0, means something on this machine alone.
    return [parse_address(str(address[0]).partition("%")[0]) for *_kind, address in answers]
