#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: emulator_files
version_added: "0.1.0"
short_description: The managed host's side of faxnet.deploy.emulator, which calls it
description:
  - Tries an emulator and its settings, and writes both and their service, in one call. Or removes all of them.
  - It is internal. It is not meant for plays, and its options change without notice.
options:
  python:
    description: The interpreter that is to run it.
    type: str
    required: true
  paths:
    description: Where the files C(program), C(settings) and C(service) are.
    type: dict
    required: true
  contents:
    description: What they are to hold, in base64. Empty to remove them.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    support: full
    description: Returns in diff mode what changed, or in check mode what would.
seealso:
  - module: faxnet.deploy.emulator
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Put the emulator in place
  faxnet.deploy.emulator:
"""

RETURN = r"""
written:
  description: Which files were not as they are to be.
  returned: success
  type: list
  elements: str
  sample: [settings]
removed:
  description: Which files were there and are not to be.
  returned: success
  type: list
  elements: str
  sample: []
"""

import base64
import hashlib
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._placing.files import content_of, draft, is_as, place

PROGRAM = "program"
SETTINGS = "settings"
SERVICE = "service"


def main() -> None:
    """Write, or remove."""
    module = AnsibleModule(
        argument_spec={
            "python": {"type": "str", "required": True},
            "paths": {"type": "dict", "required": True},
            "contents": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    paths: dict[str, str] = module.params["paths"]
    contents = {name: base64.b64decode(text) for name, text in module.params["contents"].items()}
    try:
        result = write(module, paths, contents) if contents else remove(module, paths)
    except OSError as error:
        module.fail_json(msg=f"{error.filename or 'a file'} cannot be read or written: {error.strerror or error}")
    module.exit_json(**result)


def write(module: AnsibleModule, paths: dict[str, str], contents: dict[str, bytes]) -> dict[str, object]:
    """Write what differs, after all of it was tried."""
    differing = [name for name in (PROGRAM, SETTINGS, SERVICE) if not is_as(paths[name], contents[name])]
    drafts = {name: draft(module, contents[name]) for name in differing}
    # What does not differ was tried when it came, but other settings meet another program.
    if PROGRAM in drafts or SETTINGS in drafts:
        program = drafts.get(PROGRAM, paths[PROGRAM])
        run(module, program, "check", "--config", drafts.get(SETTINGS, paths[SETTINGS]))
    diff = [change(name, paths[name], contents[name]) for name in differing]
    if not module.check_mode:
        for name in differing:
            place(module, drafts[name], paths[name])
    return outcome(module, diff, written=differing, removed=[])


def run(module: AnsibleModule, program: str, *arguments: str) -> None:
    """Run the emulator with the host's interpreter; fail with what it says."""
    python: str = module.params["python"]
    if not os.access(python, os.X_OK):
        module.fail_json(msg=f"the interpreter {python} is not there; name one of this host in emulator_python")
    code, _out, err = module.run_command([python, "-I", program, *arguments])
    if code != 0:
        module.fail_json(msg=err.strip() or f"{python} ended with status {code}")


def remove(module: AnsibleModule, paths: dict[str, str]) -> dict[str, object]:
    """Stop the service, and remove what is there."""
    there = [name for name in (SERVICE, SETTINGS, PROGRAM) if os.path.lexists(paths[name])]
    diff = [change(name, paths[name], None) for name in there]
    if not module.check_mode:
        if SERVICE in there:
            systemctl(module, "disable", "--now", os.path.basename(paths[SERVICE]))
        for name in there:
            os.unlink(paths[name])
        if SERVICE in there:
            systemctl(module, "daemon-reload")
    return outcome(module, diff, written=[], removed=there)


def systemctl(module: AnsibleModule, *arguments: str) -> None:
    """Ask systemd; fail with what it says."""
    module.run_command([module.get_bin_path("systemctl", required=True), *arguments], check_rc=True)


def change(name: str, path: str, after: bytes | None) -> dict[str, str]:
    """How a file differs from what it is to hold, as Ansible shows it."""
    return {
        "before": shown(name, content_of(path)),
        "after": shown(name, after),
        "before_header": path,
        "after_header": path,
    }


def shown(name: str, content: bytes | None) -> str:
    """A file's text, of the program its digest; nothing for no file."""
    if content is None:
        return ""
    if name == PROGRAM:
        return f"SHA-256 {hashlib.sha256(content).hexdigest()}\n"
    return content.decode(errors="replace")


def outcome(
    module: AnsibleModule, diff: list[dict[str, str]], *, written: list[str], removed: list[str]
) -> dict[str, object]:
    """The module's result."""
    result: dict[str, object] = {"changed": bool(diff), "written": written, "removed": removed}
    return {**result, "diff": diff} if module._diff else result


if __name__ == "__main__":
    main()
