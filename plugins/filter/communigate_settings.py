# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CommuniGate Pro server has to be told about the network around it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: communigate_settings
short_description: Compute the network settings of a CommuniGate Pro server from the plan
version_added: "0.1.0"
description:
  - The server has to be told which networks are its LANs, which stand behind remote NAT devices, under which address a
    NAT before it relays its ports, and more. All of that follows from the plan, and this filter says it.
  - Networks are written as ranges with a comment that names the site, one line each, as the options of
    M(faxnet.deploy.communigate_network) take them.
  - The role P(faxnet.deploy.communigate#role) uses it; use it yourself to look at what the role would set, or to set it
    in another way.
positional: _input, host
options:
  _input:
    description: A plan as a dictionary, or as a path on the controller (a plan directory or its C(plan.json)).
    type: raw
    required: true
  host:
    description: Inventory name of the server. It offers the service V(communigate).
    type: str
    required: true
  clients_relay:
    description:
      - Whether hosts on the LAN may relay mail and signals anywhere. Only then RV(_value.client_ips) has lines, those
        of the LAN.
    type: bool
    default: false
  debug_ips:
    description: Addresses whose connections the server logs in detail, lines of a network address list.
    type: list
    elements: str
    default: []
  grammar:
    description:
      - The grammar that the lines are written in; see P(faxnet.deploy.network_address_list#filter). Every server reads
        the default.
    type: str
    choices: ["5.0", "5.1", "5.2", "6.4"]
    default: "5.0"
  nated:
    description:
      - Which networks are listed as NATed. V(clients) are those of the sites behind NAT elsewhere whose hosts use the
        server. V(private) has the private networks of RFC 1918 as well, for telephones of which nobody knows where they
        stand, as where the offer is public.
    type: str
    choices: [clients, private]
    default: clients
  ipv6:
    description: How the server is started, so that RV(_value.warnings) are about what will be.
    type: str
    choices: [auto, "on", "off"]
    default: auto
seealso:
  - module: faxnet.deploy.communigate_network
  - plugin: faxnet.deploy.to_network_address_list
    plugin_type: filter
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Show what the server has to be told
  ansible.builtin.debug:
    msg: "{{ plan_directory | faxnet.deploy.communigate_settings(inventory_hostname) }}"
  vars:
    plan_directory: "{{ inventory_dir }}/.faxnet/plan"

- name: Tell it its LANs, and let their hosts relay
  faxnet.deploy.communigate_network:
    login: postmaster
    password: "{{ vault_communigate_password }}"
    lan_ips:
      entries: "{{ settings.lan_ips }}"
    client_ips:
      entries: "{{ settings.client_ips }}"
  vars:
    plan_directory: "{{ inventory_dir }}/.faxnet/plan"
    settings: "{{ plan_directory | faxnet.deploy.communigate_settings(inventory_hostname, clients_relay=true) }}"
"""

RETURN = r"""
_value:
  description: The settings.
  type: dict
  contains:
    host:
      description: The server.
      type: str
    lan_ips:
      description:
        - Lines of the LAN IPs list, networks whose hosts meet the server untranslated, and which the Internet cannot
          reach directly.
      type: list
      elements: str
    client_ips:
      description: Lines of the Client IPs list, those of the LAN if O(clients_relay).
      type: list
      elements: str
    nated_ips:
      description: Lines of the NATed IPs list, networks behind NAT elsewhere from which hosts use the server.
      type: list
      elements: str
    debug_ips:
      description: Lines of the Debug IPs list.
      type: list
      elements: str
    server_lan_address:
      description: The server's own address on the LAN. None where it stands on none.
      type: str
    wan_address:
      description: The address that a NAT relays to the server. None where none does.
      type: str
    wan_addresses:
      description: The same by IP version, V("4") and V("6").
      type: dict
    media_udp:
      description: UDP ports of the media proxy. None where the offer names none.
      type: str
    media_tcp:
      description: TCP ports of the media proxy. None where the offer names none.
      type: str
    ftp_passive:
      description: Ports of FTP's passive mode, which are the media proxy's TCP ports. None where FTP does not run.
      type: str
    dns_servers:
      description: DNS servers of the Resolver's custom list. Empty means one on the server's own host.
      type: list
      elements: str
    warnings:
      description: What an administrator should know.
      type: list
      elements: str
  sample:
    host: cgate
    lan_ips: [10.0.1.0-10.0.1.255 ; site office]
    client_ips: []
    nated_ips: [10.0.8.0-10.0.8.255 ; site branch]
    debug_ips: []
    server_lan_address: 10.0.1.12
    wan_address: 77.77.77.77
    wan_addresses: {"4": 77.77.77.77, "6": null}
    media_udp: 60000-60099
    media_tcp: 60000-60099
    ftp_passive: 60000-60099
    dns_servers: [192.0.2.53]
    warnings: []
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.faces.communigate.settings import OLDEST_GRAMMAR, Wishes, communigate_settings
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError
from ..plugin_utils.plan_files.directory import read_plan
from ..plugin_utils.plan_files.sealed_json import PlanFileError


def _communigate_settings(
    data: object,
    host: object,
    clients_relay: bool = False,
    debug_ips: object = (),
    grammar: object = OLDEST_GRAMMAR,
    ipv6: object = "auto",
    nated: object = "clients",
) -> dict[str, Any]:
    if isinstance(data, (str, os.PathLike)):
        path = Path(data).expanduser()
        data = read_plan(path if path.is_dir() else path.parent)
    # YAML reads on and off as booleans.
    mode = ("on" if ipv6 else "off") if isinstance(ipv6, bool) else str(ipv6)
    return communigate_settings(data, host, Wishes(bool(clients_relay), debug_ips, str(grammar), mode, str(nated)))


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"communigate_settings": _communigate_settings}
    refusals = (InputError, PlanFileError)
    plain = True
