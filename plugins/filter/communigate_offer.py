# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An offer for the inventory, from what a CommuniGate Pro server listens on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: communigate_offer
short_description: Read the listeners of a CommuniGate Pro server into an offer for the inventory
version_added: "0.1.0"
description:
  - Turns what M(faxnet.deploy.communigate_network_info) read from a running server into the entry of C(faxnet_offers)
    that describes it, so that nobody has to copy ports from web pages.
  - A port is only written where it differs from the catalogue's default.
  - A listener that has no place in the offer is returned with the reason. Nothing is left out in silence.
positional: _input
options:
  _input:
    description:
      - The module's registered result, with the O(faxnet.deploy.communigate_network_info#module:modules) that the
        server runs.
    type: dict
    required: true
  keys:
    description:
      - The server's own names of settings, which the vendor does not publish. V(media_udp) and V(media_tcp), the media
        server's ranges of ports, and V(dns_servers), the resolver's servers. What has no name here is not in the offer.
    type: dict
    default: {}
  administration:
    description:
      - Whether to offer what only administrators and trusted networks need (PWD, WebAdmin, LDAP, ACAP). An offer opens
        it to all clients of the plan.
    type: bool
    default: false
seealso:
  - module: faxnet.deploy.communigate_network_info
  - plugin: faxnet.deploy.communigate_settings
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Read what the server listens on
  faxnet.deploy.communigate_network_info:
    login: postmaster
    password: "{{ vault_communigate_password }}"
    subjects: [media]
    modules: [SMTP, POP, IMAP, SIP, STUN, XMPP, XIMSS, HTTPU, HTTPA, FTP, LDAP, ACAP, PWD]
  register: server

- name: Show the offer, to be pasted into the inventory
  ansible.builtin.debug:
    msg: "{{ (server | faxnet.deploy.communigate_offer).offer | to_nice_yaml }}"
"""

RETURN = r"""
_value:
  description: The offer, and what is not in it.
  type: dict
  contains:
    offer:
      description: An entry of C(faxnet_offers).
      type: dict
    left_out:
      description: Listeners without a place in the offer.
      type: list
      elements: dict
      contains:
        module: {description: The server's module., type: str}
        transport: {description: "V(tcp) or V(udp).", type: str}
        port: {description: The port., type: int}
        text: {description: All three in words., type: str}
        reason: {description: Why., type: str}
  sample:
    offer: {service: communigate, exchanges: [smtp, imap, sip_udp, smtp_out], imap_port: 1143}
    left_out:
      - module: PWD
        transport: tcp
        port: 106
        text: PWD 106/tcp
        reason: PWD and CLI is for administrators or trusted networks alone
"""

from typing import Any, ClassVar

from ..plugin_utils.faces.communigate.offer import communigate_offer
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError


def _communigate_offer(data: object, keys: object = None, administration: bool = False) -> dict[str, Any]:
    return communigate_offer(data, keys, bool(administration))


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"communigate_offer": _communigate_offer}
    refusals = (InputError,)
    plain = True
