# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a connection to a CommuniGate Pro server's command line interface."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment C(communigate)."""

    DOCUMENTATION = r"""
options:
  host:
    description:
      - Name or address of the server, as the host that the module runs on reaches it.
      - V(127.0.0.1) if the module runs on the server itself, which keeps the connection off the network.
    type: str
    default: 127.0.0.1
  port:
    description: Port of the server's PWD module, which also gives access to its command line interface.
    type: int
    default: 106
  login:
    description: Account to log in with; it needs the access right Settings (or Master).
    type: str
    required: true
  password:
    description: The account's password. It is in no log, message or difference.
    type: str
    required: true
  authentication:
    description:
      - How the password is proved.
      - With V(apop) it never crosses the network, only its digest does, with a challenge of the server. The server must
        keep the account's password in a form that it can read.
      - With V(password) it crosses the network as it is; use that on loopback, with O(tls) or through an SSH tunnel.
      - Nothing falls back to V(password) by itself.
    type: str
    choices: [apop, password]
    default: apop
  tls:
    description:
      - Whether the connection begins with TLS.
      - The server's PWD listener needs a port whose SSL/TLS setting is on; its usual port is not one.
    type: bool
    default: false
  ca_path:
    description: File with the certificates (PEM) of the issuers to trust, instead of those that the host trusts.
    type: path
  validate_certs:
    description: Whether the server's certificate must be valid and be made out to O(host). Only with O(tls).
    type: bool
    default: true
  timeout:
    description: Seconds that the connection, and each whole answer, may take.
    type: float
    default: 10.0
notes:
  - Not run against CommuniGate Pro itself, which is a commercial product. The tests run against this collection's
    emulator, which was written from the vendor's published guide.
"""
