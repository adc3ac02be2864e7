#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: observed_info
version_added: "0.1.0"
short_description: See what an observing host lets pass that its rules would refuse
description:
  - Reads what the packet filter of a host with C(faxnet_stance=observe) has noted, and gives it as permits to paste
    into the inventory, so that nobody is cut off who was seen when the host refuses.
  - A port is told with the program that listens on it now, as far as that can be read.
  - What was noted is also there after the host has begun to refuse, until its next boot.
  - On a host that has never observed nothing is found; that is no failure.
options:
  ipv4_prefix:
    description:
      - The length of the prefix to which senders with IPv4 addresses are gathered. With V(32) each address is named,
        and the permits let in exactly who was seen.
    type: int
    default: 32
  ipv6_prefix:
    description:
      - The same for IPv6. Hosts change their addresses within their network, which mostly has V(64).
    type: int
    default: 128
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads_on_host
attributes:
  platform:
    platforms: linux
notes:
  - It needs root, as nft does.
  - What comes rarely, such as once a month, is seen only by who watches for so long.
seealso:
  - module: faxnet.deploy.firewall
  - module: faxnet.deploy.listeners_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: See who talks to this host
  faxnet.deploy.observed_info:
  register: seen
  become: true

- name: Show it as permits, ready to paste
  ansible.builtin.debug:
    msg: "{{ seen.yaml }}"
"""

RETURN = r"""
observing:
  description: Whether the host's rules note what they let pass, now.
  returned: success
  type: bool
  sample: true
watched_since:
  description: Since when it has been noting, in UTC. V(null) where it has not.
  returned: success
  type: str
  sample: "2026-03-02T07:30:00Z"
watched_seconds:
  description: The same in seconds until now; V(null) likewise. A boot begins anew.
  returned: success
  type: int
  sample: 345600
seen:
  description: The packets that nothing names, by direction, protocol, port and addresses.
  returned: success
  type: list
  elements: dict
  contains:
    direction: {description: "V(input), for the host itself, or V(forward), through it.", type: str, sample: input}
    version: {description: The IP version., type: int, sample: 4}
    source: {description: Who sends them., type: str, sample: 10.1.0.21}
    destination: {description: "For whom, of those that pass through; else empty.", type: str, sample: ""}
    protocol: {description: "The protocol's name, or its number where it has none.", type: str, sample: tcp}
    port: {description: "The destination port; V(null) where the protocol has none.", type: int, sample: 8080}
    heard:
      description: Whether the host had a socket for them; V(null) where that cannot be told.
      type: bool
      sample: true
    first_seen: {description: "When the first came, in UTC.", type: str, sample: "2026-03-02T07:31:12Z"}
    last_seen: {description: "When the last came that began something.", type: str, sample: "2026-03-05T16:02:40Z"}
    program: {description: The program that listens there now; empty where nobody knows., type: str, sample: java}
    unit: {description: Its systemd unit; empty where nobody knows., type: str, sample: printserver.service}
strays:
  description: Packets that passed and that no permit would let pass when the host refuses.
  returned: success
  type: list
  elements: dict
  contains:
    reason:
      description:
        - V(invalid), they belong to no connection. V(no_way_back), the host's routes know the sender elsewhere
          (C(faxnet_reverse_path)). V(limit), too many of one sender.
      type: str
      sample: no_way_back
    version: {description: The IP version., type: int, sample: 4}
    source: {description: Who sends them., type: str, sample: 10.9.0.7}
    destination: {description: For whom., type: str, sample: 10.1.0.10}
    protocol: {description: "The protocol's name, or its number.", type: str, sample: tcp}
    packets: {description: How many there were., type: int, sample: 31}
    last_seen: {description: "When the last came, in UTC.", type: str, sample: "2026-03-05T16:02:40Z"}
full:
  description: What the kernel has no room to note more of, so that others passed unnoted.
  returned: success
  type: list
  elements: str
  sample: []
permits:
  description: Entries of C(faxnet_permits) for what came in and found a socket, or has no ports.
  returned: success
  type: list
  elements: dict
  sample: [{name: seen-java-tcp-8080, protocols: [tcp], ports: [8080], sources: [10.1.0.21/32]}]
unheard:
  description: The same for what found no socket. To permit it would open what is shut.
  returned: success
  type: list
  elements: dict
  sample: []
forward_permits:
  description: Entries of C(faxnet_forward_permits) for what passed through.
  returned: success
  type: list
  elements: dict
  sample: [{name: seen-esp, protocols: [esp], from: [192.0.2.7/32], to: [10.1.0.30/32]}]
running:
  description:
    - TCP and UDP connections that began before the host observed and that nothing names. Who began each is not sure, so
      they become no permits.
  returned: success
  type: list
  elements: dict
  contains:
    direction: {description: "V(input), for the host itself, or V(forward), through it.", type: str, sample: input}
    version: {description: The IP version., type: int, sample: 4}
    source: {description: Who is taken for the one that began it., type: str, sample: 10.1.0.21}
    destination: {description: "The other end, of those that pass through; else empty.", type: str, sample: ""}
    protocol: {description: V(tcp) or V(udp)., type: str, sample: tcp}
    port: {description: The other end's port., type: int, sample: 5432}
yaml:
  description: The permits as YAML to paste, with the time watched and what is to be known of them as comments.
  returned: success
  type: str
  sample: |
    # Watched for 4 days, since 2026-03-02T07:30:00Z.
    # What comes more rarely, such as once a month, was not seen.
    faxnet_permits:
      - {name: seen-java-tcp-8080, protocols: [tcp], ports: [8080], sources: [10.1.0.21/32]}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed import observed
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_permits import Lengths
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_running import running
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.observed_told import told
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import current_session


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "ipv4_prefix": {"type": "int", "default": 32},
            "ipv6_prefix": {"type": "int", "default": 128},
        },
        supports_check_mode=True,
    )
    lengths = Lengths(module.params["ipv4_prefix"], module.params["ipv6_prefix"])
    for name, length, most in (("ipv4_prefix", lengths.ipv4, 32), ("ipv6_prefix", lengths.ipv6, 128)):
        if not 0 <= length <= most:
            module.fail_json(msg=f"{name} is {length}: no prefix has that length; give one from 0 to {most}")

    def run(argv: list[str], text: str | None) -> Ran:
        return Ran(*module.run_command(argv, data=text, binary_data=True, environ_update={"LC_ALL": "C.UTF-8"}))

    machine = Machine(run=run, find=lambda name: module.get_bin_path(name, opt_dirs=["/usr/sbin", "/sbin"]))
    try:
        found = observed(machine)
        since_before = running(machine, found.packets, current_session()) if found.observing else []
        module.exit_json(changed=False, **told(found, lengths, running=since_before))
    except FirewallError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
