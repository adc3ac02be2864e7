#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: communigate_network
version_added: "0.1.0"
short_description: Set the network settings of a CommuniGate Pro server
description:
  - Reads the server's network address lists and settings over its command line interface (PWD), changes what is asked
    for, writes that back, reads it again and compares.
  - What is not named is not touched. In the lists lines of others, comments and the order stay; in the dictionaries all
    other settings are sent back as they came.
  - The order of a list's lines matters, for a line with V(!) excludes addresses from the lines before it. The mode
    V(merge) only adds; it moves no line and takes no address out of the list. Where what is wanted is excluded by a
    line on the server, or a wanted exclusion would take out what the server's list holds, the task fails, names the
    line, and nothing is written.
  - The server's version decides which grammar the lists may use (5.0 has no V(!), 5.1 no masks like V(10.0.0.0/8), 5.2
    no references to other lists). A line that the server can't read is refused before anything is written.
options:
  lan_ips:
    description: >-
      Addresses of the LANs that the server serves, and that can't be reached from the Internet directly. They do not
      become clients that may relay; that is what O(client_ips) is for.
    type: dict
    suboptions: &list
      text:
        description: The lines as one text. In the modes V(merge) and V(absent) only entries count, comments do not.
        type: str
      entries:
        description: The lines as a list.
        type: list
        elements: str
      mode:
        description:
          - V(merge) brings the entries in and keeps all other lines.
          - V(replace) makes the list exactly this text, comments included. Without an entry it is refused where the
            server's list has some, unless O(lan_ips.allow_empty=true).
          - V(absent) takes the entries out and keeps all other lines.
        type: str
        choices: [merge, replace, absent]
        default: merge
      allow_empty:
        description: Whether the mode V(replace) may take every entry out of the list.
        type: bool
        default: false
  client_ips:
    description: Addresses of clients, from which mail and signals are relayed anywhere. Never derived from O(lan_ips).
    type: dict
    suboptions: *list
  nated_ips:
    description: Addresses that clients have behind NAT devices elsewhere; by them the server finds out who needs help.
    type: dict
    suboptions: *list
  nat_site_ips:
    description: Addresses of NAT sites.
    type: dict
    suboptions: *list
  debug_ips:
    description: Addresses whose connections the server logs in detail.
    type: dict
    suboptions: *list
  denied_ips:
    description: Addresses that may not connect at all.
    type: dict
    suboptions: *list
  blacklisted_ips:
    description: Addresses from which no mail is taken.
    type: dict
    suboptions: *list
  white_hole_ips:
    description: Addresses that no blacklist applies to.
    type: dict
    suboptions: *list
  network:
    description:
      - Network settings by the server's own keys, such as the WAN address and the server's LAN address.
      - The keys are not published by the vendor and differ between versions; M(faxnet.deploy.communigate_network_info)
        shows those that the server has. A key that the server does not list is refused.
      - A value becomes what the server holds at its key, a text, a number, an address. V(true) and V(false) become
        V(YES) and V(NO). A dictionary in a dictionary is changed key by key too.
    type: dict
  media:
    description: Settings of the media server by the server's own keys, such as the port ranges. See O(network).
    type: dict
  resolver:
    description: Settings of the domain name resolver by the server's own keys. See O(network).
    type: dict
extends_documentation_fragment:
  - faxnet.deploy.communigate
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    support: full
    description: Shows each list and each dictionary that changes as lines, before and after.
  platform:
    support: full
    platforms: posix
    description: Hosts with Python 3.9 or later, which need not be the server itself.
notes:
  - The server has no transactions. If it refuses one list, those before it have been written; RV(written) names them.
seealso:
  - module: faxnet.deploy.communigate_network_info
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Tell the server its LANs, and what stands behind NAT elsewhere
  faxnet.deploy.communigate_network:
    login: postmaster
    password: "{{ vault_communigate_password }}"
    lan_ips:
      entries:
        - 10.0.0.0-10.0.255.255
        - "!10.0.9.0-10.0.9.255 ; the guests' network"
    nated_ips:
      entries: [192.168.0.0-192.168.255.255]

- name: Set the address that the NAT device relays, by the server's own key for it
  faxnet.deploy.communigate_network:
    login: postmaster
    password: "{{ vault_communigate_password }}"
    network: "{{ {communigate_key_of_wan_address: '77.77.77.77'} }}"

- name: Write the whole list of debug addresses, over a port with TLS
  faxnet.deploy.communigate_network:
    host: mail.example.com
    port: "{{ communigate_tls_port }}"
    tls: true
    login: postmaster
    password: "{{ vault_communigate_password }}"
    debug_ips:
      mode: replace
      text: |
        ; kept by Ansible
        192.0.2.17
"""

RETURN = r"""
version:
  description: The server's version in its own words, empty if it does not say.
  returned: success
  type: str
  sample: 6.3.12
changes:
  description: What was written, or in check mode would be, in that order.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option.
      returned: always
      type: str
      sample: lan_ips
    command:
      description: The command that writes it.
      returned: always
      type: str
      sample: SETLANIPS
    before:
      description: The list, or the dictionary's keys and values as lines, as it was.
      returned: always
      type: str
      sample: "; found by the server\n10.0.1.12"
    after:
      description: The same as it is now, or would be.
      returned: always
      type: str
      sample: "; found by the server\n10.0.1.12\n10.0.0.0-10.0.255.255"
written:
  description: What the server had taken when the task failed, as it was read back.
  returned: failure, once something was written
  type: list
  elements: str
  sample: [lan_ips]
unknown:
  description: What the server may have taken or not, because it could not be asked any more.
  returned: failure, where the connection ended at a command that writes
  type: list
  elements: str
  sample: [client_ips]
"""

from collections.abc import Iterable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.network import (
    LISTS,
    MODES,
    SETTINGS,
    Change,
    CutError,
    SettingsError,
    connection_spec,
    outcome,
    planned,
    read,
    readable_password,
    server_version,
    target_of,
    written,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import (
    PwdError,
    RefusedError,
    Session,
    Target,
)


def argument_spec() -> dict[str, Any]:
    one_list = {
        "type": "dict",
        "options": {
            "text": {"type": "str"},
            "entries": {"type": "list", "elements": "str"},
            "mode": {"type": "str", "choices": list(MODES), "default": "merge"},
            "allow_empty": {"type": "bool", "default": False},
        },
        "mutually_exclusive": [("text", "entries")],
        "required_one_of": [("text", "entries")],
    }
    spec = connection_spec()
    spec.update(dict.fromkeys(LISTS, one_list))
    spec.update({name: {"type": "dict"} for name in SETTINGS})
    return spec


def with_line_end(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def difference(changes: Iterable[Change]) -> list[dict[str, str]]:
    return [
        {
            "before_header": f"{change.option} (server)",
            "after_header": f"{change.option} (wanted)",
            "before": with_line_end(change.before),
            "after": with_line_end(change.after),
        }
        for change in changes
    ]


def write(session: Session, changes: Iterable[Change], done: list[str]) -> None:
    """Write the changes; C(done) names those that the server has taken. Raises L(CutError) for one that may be."""
    for change in changes:
        try:
            written(session, change)
        except RefusedError as error:
            if error.what != f"SET{change.command}":  # the server took it, and then would not let it be read back
                done.append(change.option)
            raise
        except PwdError as error:
            raise CutError(change, str(error)) from None
        except SettingsError:
            done.append(change.option)
            raise
        done.append(change.option)


def settled(target: Target, cut: CutError, extra: dict[str, list[str]]) -> str:
    """What became of the change at which the connection ended, read over a new one: said, and noted in C(extra)."""
    change = cut.change
    again = "run this again: it reads first, and goes on from there"
    try:
        with Session(target) as session:
            found = outcome(session, change)
    except PwdError:
        found = None
    if found is None:
        extra["unknown"] = [change.option]
        return f"{cut}; whether it took {change.option} cannot be read any more; {again}"
    if found:
        extra.setdefault("written", []).append(change.option)
        return f"{cut}; it has taken {change.option}, as read over a new connection; {again}"
    return f"{cut}; it has not taken {change.option}, as read over a new connection; {again}"


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = {name: module.params[name] for name in (*LISTS, *SETTINGS) if module.params[name] is not None}
    done: list[str] = []
    extra: dict[str, list[str]] = {"written": done}
    try:
        target = target_of(module.params)
        warning = readable_password(target)
        if warning:
            module.warn(warning)
        with Session(target) as session:
            version = server_version(session)
            plan = planned(read(session, list(wanted)), wanted, version)
            if not module.check_mode:
                write(session, plan.changes, done)
    except (PwdError, SettingsError) as error:
        # A cut needs a change, and a change a target.
        message = settled(target, error, extra) if isinstance(error, CutError) else str(error)
        told: dict[str, Any] = {name: options for name, options in extra.items() if options}
        module.fail_json(msg=message, changed=bool(told), **told)
    result = {
        "changed": bool(plan.changes),
        "version": version,
        "changes": [
            {"option": each.option, "command": f"SET{each.command}", "before": each.before, "after": each.after}
            for each in plan.changes
        ],
    }
    if module._diff:
        result["diff"] = difference(plan.changes)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
