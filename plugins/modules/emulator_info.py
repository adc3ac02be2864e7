#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: emulator_info
version_added: "0.1.0"
short_description: Read what a host's emulator runs and has seen
description:
  - Asks the emulator on the host, over its control socket, for the servers, clients and responders that it runs, who is
    logged in, and which notifications have arrived where.
  - Nothing is changed. M(faxnet.deploy.emulator_notify) lets a server notify its clients.
options:
  socket:
    description: The emulator's control socket on the host.
    type: path
    default: /run/faxnet-emulator/control.sock
  wait:
    description:
      - Seconds to wait until every server listens and has taken every client, log channels included.
      - When the time is over the state is returned as it is then, and RV(unready) says what is missing.
    type: float
    default: 0.0
extends_documentation_fragment:
  - faxnet.deploy.attributes.reads_on_host
notes:
  - The control socket belongs to the emulator's user, so the task needs to run as that user or as root.
seealso:
  - module: faxnet.deploy.emulator_notify
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Wait until all fax clients of the host are logged in
  faxnet.deploy.emulator_info:
    wait: 30
  register: emulated
  failed_when: emulated.unready | length > 0
  become: true

- name: Show each client's call-back port
  ansible.builtin.debug:
    msg: "{{ item.name }} listens on {{ item.port }}"
  loop: "{{ emulated.instances }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
servers:
  description: The servers on this host that clients log in to or send requests to.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The server's name.
      returned: always
      type: str
      sample: fl-fax/netcfax/pcp
    service:
      description: The service profile.
      returned: always
      type: str
      sample: netcfax
    exchange:
      description: The exchange of the profile.
      returned: always
      type: str
      sample: pcp
    kind:
      description: V(login) over TCP, or V(request) over UDP.
      returned: always
      type: str
      sample: login
    addresses:
      description: Where it listens.
      returned: always
      type: list
      elements: str
      sample: [10.1.0.10]
    port:
      description: The port it listens on.
      returned: always
      type: int
      sample: 7488
    state:
      description: >-
        V(listening), V(waiting) to try again after an error, or V(refused) when it cannot run here, as without openssl
        when its logins are encrypted.
      returned: always
      type: str
      sample: listening
    tls:
      description: Whether logins are encrypted.
      returned: for kind V(login)
      type: bool
      sample: false
    log_port:
      description: The UDP port where clients open their log channel, V(0) without one.
      returned: for kind V(login)
      type: int
      sample: 0
    alert_port:
      description: The UDP port that alerts are sent from, V(0) where they are switched off.
      returned: for kind V(request)
      type: int
      sample: 0
    broadcast_port:
      description: The UDP port where clients look for servers, V(0) for none.
      returned: for kind V(request)
      type: int
      sample: 0
    lost:
      description: How many answers were dropped, as C(timing.loss) asks for.
      returned: for kind V(request)
      type: int
      sample: 0
    ignored:
      description: How many datagrams meant nothing, such as the identifier of a connection that has ended.
      returned: always
      type: int
      sample: 0
    logins:
      description: >-
        Who is logged in, or has asked lately. For both kinds C(instance), C(address) and C(port) as the server sees
        them (behind NAT the router's), C(since), and how many notifications were C(delivered) or sent. For logins
        C(call_back_port) as the client reported it, and C(log_channel), the address and port that log items go to. For
        requests how many C(requests) there were, and whether the client C(wants_alerts).
      returned: always
      type: list
      elements: dict
      sample:
        - instance: uk-ts1/netcfax@fl-fax/1
          address: 203.0.113.20
          port: 51234
          call_back_port: 10000
          since: "2026-11-20T12:00:00.000+00:00"
          delivered: 1
          log_channel:
    errors: &errors
      description: "The latest errors: C(time), C(text), and how many C(times) in a row."
      returned: always
      type: list
      elements: dict
      sample: []
    restart_needed: &restart_needed
      description: Whether it still runs with settings that have changed since.
      returned: always
      type: bool
      sample: false
instances:
  description: The clients on this host, one for each running copy of the client program.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: "The instance's name: host, service, server and number."
      returned: always
      type: str
      sample: uk-ts1/netcfax@fl-fax/1
    service:
      description: The service profile.
      returned: always
      type: str
      sample: netcfax
    server:
      description: The host that offers the service.
      returned: always
      type: str
      sample: fl-fax
    number:
      description: Which of the host's copies it is, from 1.
      returned: always
      type: int
      sample: 1
    addresses:
      description: The host's addresses, where call-backs can arrive.
      returned: always
      type: list
      elements: str
      sample: [10.2.0.10]
    dial:
      description: The server's addresses as this client dials them.
      returned: always
      type: list
      elements: str
      sample: [198.51.100.10]
    primary_port:
      description: The server's port that it dials.
      returned: always
      type: int
      sample: 7488
    environment:
      description: The environment that the copies of the program run in.
      returned: always
      type: str
      sample: terminal_server
    call_back:
      description: The settings that it was started with, or V(null) for a service that calls nobody back.
      returned: for clients that log in
      type: dict
      sample: {mode: dynamic, low: 10000, high: 10099, fixed: 0, avoid: []}
    mode:
      description: V(dynamic), V(fixed) or V(null).
      returned: for clients that log in
      type: str
      sample: dynamic
    tls:
      description: Whether its login is encrypted.
      returned: for clients that log in
      type: bool
      sample: false
    encryption:
      description: The version of TLS that its connection has now, or V(null).
      returned: for clients that log in
      type: str
      sample:
    log_port:
      description: The server's UDP port where it opens its log channel, V(0) without one.
      returned: for clients that log in
      type: int
      sample: 0
    log_channel:
      description: >-
        V(null) for a service without one; else the UDP C(port) that log items come to, and whether it is C(open), which
        means that the server has confirmed that it knows this port.
      returned: for clients that log in
      type: dict
      sample:
    source_ports:
      description: The first and last port that it may ask from, or V(null) where the system chooses.
      returned: for clients that send requests
      type: list
      elements: int
      sample:
    alerts:
      description: Whether it wants alerts.
      returned: for clients that send requests
      type: bool
      sample: true
    broadcast_port:
      description: The UDP port by which it looks for servers, V(0) for none.
      returned: for clients that send requests
      type: int
      sample: 0
    servers:
      description: "The servers that answered its broadcasts: C(server), C(address), C(port) and C(time)."
      returned: for clients that send requests
      type: list
      elements: dict
      sample: []
    requests:
      description: How many requests it has made.
      returned: for clients that send requests
      type: int
      sample: 1
    retries:
      description: How often it sent one of them again because no answer came.
      returned: for clients that send requests
      type: int
      sample: 0
    lost:
      description: How many datagrams it dropped, as C(timing.loss) asks for.
      returned: for clients that send requests
      type: int
      sample: 0
    ignored:
      description: How many datagrams came to it that meant nothing.
      returned: for clients that send requests
      type: int
      sample: 0
    kind:
      description: >-
        How it is notified: V(call-back), V(alert), V(log item), or V(null) when it never is.
      returned: always
      type: str
      sample: call-back
    port:
      description: >-
        The call-back port that it listens on, or V(null). For a client that sends requests the port that it asks from
        and is alerted on.
      returned: always
      type: int
      sample: 10000
    state:
      description: >-
        V(connecting) and V(logged_in), or V(asking) and V(answered); V(waiting) to try again after an error; V(refused)
        when the product's own rules forbid the settings.
      returned: always
      type: str
      sample: logged_in
    connected:
      description: Whether it is logged in, or its latest request was answered.
      returned: always
      type: bool
      sample: true
    login_time:
      description: When it last logged in or was answered.
      returned: always
      type: str
      sample: "2026-11-20T12:00:00.000+00:00"
    login_count:
      description: How often it has logged in or been answered.
      returned: always
      type: int
      sample: 1
    seen_as:
      description: The address that the server sees it with.
      returned: always
      type: str
      sample: 203.0.113.20
    notification_count:
      description: How many notifications have arrived.
      returned: always
      type: int
      sample: 1
    notifications:
      description: >-
        The latest 100 of them: C(time), C(kind), C(token), the instance that it was meant for (C(to)), the C(server),
        and the address and port that it came from (C(from) and C(from_port)).
      returned: always
      type: list
      elements: dict
      sample:
        - time: "2026-11-20T12:00:05.000+00:00"
          kind: call-back
          token: 0f1e2d3c4b5a6978
          to: uk-ts1/netcfax@fl-fax/1
          server: fl-fax/netcfax/pcp
          from: 198.51.100.10
          from_port: 40112
    errors: *errors
    restart_needed: *restart_needed
responders:
  description: >-
    What only listens and answers probes, for exchanges whose conversation is not emulated: C(name), C(service),
    C(exchange), C(transport), C(addresses), C(ports), C(state), C(answered), C(errors) and C(restart_needed).
  returned: success
  type: list
  elements: dict
  sample: []
unready:
  description: What does not listen, is not logged in, not answered, or without its log channel, and why.
  returned: success
  type: list
  elements: str
  sample: ["uk-ts1/netcfax@fl-fax/1: can't reach 198.51.100.10 port 7488: Connection refused"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.control import CONTROL_SOCKET, awaited_state
from ansible_collections.faxnet.deploy.plugins.module_utils._emulator.errors import EmulatorError


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": CONTROL_SOCKET},
            "wait": {"type": "float", "default": 0.0},
        },
        supports_check_mode=True,
    )
    try:
        state = awaited_state(module.params["socket"], module.params["wait"])
    except EmulatorError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **{key: state[key] for key in ("servers", "instances", "responders", "unready")})


if __name__ == "__main__":
    main()
