#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hylafax_access
short_description: Say who may use a HylaFAX server
version_added: "0.1.0"
description:
  - Writes C(hosts.hfaxd), the list of clients that C(hfaxd) lets in. Without that file, or with other rights on it, it
    lets nobody in.
  - A user is let in from the named addresses, with a password where one is given. Without O(users) whoever comes from
    them is let in, and needs none. The server itself always may, without a password.
  - Passwords are kept as hashes (SHA-512). One that is there already and fits is left as it is, so that a second run
    changes nothing; the hashes are shown nowhere.
  - HylaFAX takes the first line that fits. The file is written as a whole; somebody's own is kept beside it.
options:
  path:
    description: The file.
    type: path
    default: /etc/hylafax/hosts.hfaxd
  owner:
    description: The account that hfaxd runs as.
    type: str
    default: uucp
  sources:
    description:
      - Addresses and IPv4 networks that clients come from, as the server sees them. IPv6 networks are refused, for the
        file has no way to say them.
    type: list
    elements: str
    default: []
  users:
    description: The users, each with a name of its own.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name that the user logs in with. Letters, digits, dot, dash and underscore.
        type: str
        required: true
      password:
        description: The password, without blanks, quotes and backslashes; without one nobody asks for it.
        type: str
      admin_password:
        description: The password that makes an administrator of the user, who may then see and remove all jobs.
        type: str
      sources:
        description: Where this user may come from, instead of O(sources).
        type: list
        elements: str
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    support: full
    description: Returns in diff mode what changed, or in check mode what would.
    details:
      - Hashes of passwords are replaced by stars.
seealso:
  - name: hosts.hfaxd(5)
    description: Manual page of HylaFAX.
    link: https://www.hylafax.org/man/current/hosts.hfaxd.5f.html
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Let two people in, from the fax clients of the plan
  faxnet.deploy.hylafax_access:
    sources: [10.1.0.21, 10.1.0.22, 203.0.113.20]
    users:
      - name: reception
        password: "{{ reception_password }}"
      - name: administrator
        password: "{{ administrator_password }}"
        admin_password: "{{ administrator_password }}"
  become: true
"""

RETURN = r"""
entries:
  description: How many lines let somebody in.
  returned: success
  type: int
  sample: 8
"""

import ctypes
import ctypes.util
import ipaddress
import os
import pwd
import re
import secrets
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

HEADER = "# Ansible managed (faxnet.deploy.hylafax_access). The first line that fits counts.\n"
LOCAL = ("127.0.0.1", "::1", "localhost")
#: What hfaxd takes for a line without one; others tell whose jobs are whose.
FIRST_UID = 1000
LAST_UID = 60001
MODE = 0o600
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HASH = re.compile(r"(?<=:)\$[^:\n]+")


class AccessError(Exception):
    """Something that cannot be written; the message says what, and the cure."""


def main() -> None:
    """Compare and write."""
    users: dict[str, Any] = {
        "name": {"type": "str", "required": True},
        "password": {"type": "str", "no_log": True},
        "admin_password": {"type": "str", "no_log": True},
        "sources": {"type": "list", "elements": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/etc/hylafax/hosts.hfaxd"},
            "owner": {"type": "str", "default": "uucp"},
            "sources": {"type": "list", "elements": "str", "default": []},
            "users": {"type": "list", "elements": "dict", "default": [], "options": users},
        },
        supports_check_mode=True,
    )
    path: str = module.params["path"]
    try:
        before = read(path)
        lines = entries(module.params["users"], module.params["sources"], Known(before))
        after = HEADER + "".join(f"{line}\n" for line in lines)
        changed = before != after or not has_its_rights(path, module.params["owner"])
        if changed and not module.check_mode:
            if before and not before.startswith(HEADER):
                module.backup_local(path)  # somebody's own list
            write(module, path, after)
    except AccessError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or path} cannot be read or written: {error.strerror or error}")
    result: dict[str, Any] = {"changed": changed, "entries": len(lines)}
    if module._diff:
        shown = {"before": hidden(before), "after": hidden(after)}
        result["diff"] = {**shown, "before_header": path, "after_header": path}
    module.exit_json(**result)


class Known:
    """What the file says now: each user's number and hashes, which stay where they fit."""

    def __init__(self, text: str) -> None:
        self._fields: dict[str, list[str]] = {}
        for line in text.splitlines():
            found = re.match(r"\^((?:[A-Za-z0-9_-]|\\.)+)@[^:]*(?::[^:]*)*?:(\d*):([^:]*):([^:]*)$", line)
            if found:
                self._fields.setdefault(found.group(1).replace("\\", ""), list(found.groups()[1:]))
        self._taken = {int(fields[0]) for fields in self._fields.values() if fields[0]}

    def uid(self, user: str) -> int:
        """The user's number: the one that it has, or one that nobody has."""
        known = self._fields.get(user, [""])[0]
        if known:
            return int(known)
        found = next((number for number in range(FIRST_UID, LAST_UID) if number not in self._taken), LAST_UID)
        self._taken.add(found)
        return found

    def hashed(self, user: str, place: int, password: str | None) -> str:
        """The hash of a password: the one that is there if it fits, or a new one; nothing for none.

        Args:
            user: whose.
            place: 1 for the password, 2 for the administrator's.
            password: what it is to be.
        """
        if not password:
            return ""
        known = (self._fields.get(user) or ["", "", ""])[place]
        if known and crypted(password, known) == known:
            return known
        return crypted(password, f"$6${secrets.token_hex(8)}")


def crypted(password: str, salt: str) -> str:
    """What crypt(3) makes of a password; the library came with hfaxd, which asks it as well."""
    name = ctypes.util.find_library("crypt") or "libcrypt.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError:
        raise AccessError(f"{name} is not there: install HylaFAX first, which brings it") from None
    library.crypt.restype = ctypes.c_char_p
    made = library.crypt(password.encode(), salt.encode())
    if not made or made.startswith(b"*"):
        raise AccessError("crypt(3) of this host knows no SHA-512: hfaxd could not check such a password")
    found: str = made.decode()
    return found


def entries(users: list[dict[str, Any]], sources: list[str], known: Known) -> list[str]:
    """The file's lines: the server itself first."""
    lines = [f"^.*@{address_pattern(place)}$" for place in LOCAL]
    if not users:
        return [*lines, *(f"^.*@{source}$" for source in patterns(sources))]
    names = [user["name"] for user in users]
    for user in users:
        name = user["name"]
        if not _NAME.fullmatch(name):
            raise AccessError(f"user {name!r}: a name has letters, digits, dot, dash and underscore")
        if names.count(name) > 1:
            raise AccessError(f"user {name!r} is there {names.count(name)} times: name each user once")
        if any(re.search(r"[\s\"\\]", user[key] or "") for key in ("password", "admin_password")):
            raise AccessError(
                f"user {name!r}: a password without blanks, quotes and backslashes: hfaxd takes no others"
            )
        uid = known.uid(name)
        password, admin = known.hashed(name, 1, user["password"]), known.hashed(name, 2, user["admin_password"])
        own = sources if user["sources"] is None else user["sources"]
        lines += [f"^{re.escape(name)}@{source}$:{uid}:{password}:{admin}" for source in patterns(own)]
    return lines


def patterns(sources: list[str]) -> list[str]:
    """Regular expressions that fit addresses and networks, and nothing else; each once."""
    found: list[str] = []
    for source in sources:
        try:
            network = ipaddress.ip_network(source, strict=False)
        except ValueError:
            raise AccessError(f"{source!r} is no address and no network, such as 10.1.0.21 or 10.1.0.0/24") from None
        if network.num_addresses == 1:
            found.append(address_pattern(str(network.network_address)))
        elif network.version == 4:
            found.append(network_pattern(network))
        else:
            raise AccessError(
                f"{source} is an IPv6 network, which hosts.hfaxd has no way to say: name the users' addresses"
            )
    return list(dict.fromkeys(found))


def address_pattern(address: str) -> str:
    """A regular expression for one address. A colon, which parts the fields of a line, is said as what is no digit."""
    return re.escape(address).replace(":", "[^0-9a-f]")


def network_pattern(network: ipaddress.IPv4Network) -> str:
    """A regular expression for the addresses of a network, octet by octet."""
    octets = []
    for low, high in zip(network.network_address.packed, network.broadcast_address.packed):
        if low == high:
            octets.append(str(low))
        elif (low, high) == (0, 255):
            octets.append("[0-9]+")
        else:
            octets.append(f"({'|'.join(map(str, range(low, high + 1)))})")
    return r"\.".join(octets)


def read(path: str) -> str:
    """What the file holds; nothing where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def has_its_rights(path: str, owner: str) -> bool:
    """Whether only the account of hfaxd can read the file."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return False
    return status.st_mode & 0o7777 == MODE and status.st_uid == account(owner).pw_uid


def account(owner: str) -> pwd.struct_passwd:
    """The account of that name."""
    try:
        return pwd.getpwnam(owner)
    except KeyError:
        raise AccessError(f"there is no account {owner}: install HylaFAX first, or name its account") from None


def write(module: AnsibleModule, path: str, text: str) -> None:
    """Put the file in place whole, readable for its owner from the beginning."""
    owner = account(module.params["owner"])
    descriptor, name = tempfile.mkstemp(dir=module.tmpdir)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chmod(name, MODE)
    os.chown(name, owner.pw_uid, owner.pw_gid)
    module.atomic_move(name, path)
    os.chmod(path, MODE)
    os.chown(path, owner.pw_uid, owner.pw_gid)


def hidden(text: str) -> str:
    """The file without its hashes."""
    return _HASH.sub("***", text)


if __name__ == "__main__":
    main()
