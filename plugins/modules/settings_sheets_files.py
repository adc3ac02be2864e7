#!/usr/bin/python
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: settings_sheets_files
version_added: "0.1.0"
short_description: The managed host's side of faxnet.deploy.settings_sheets, which calls it
description:
  - Brings small text files in one directory to their content, and removes others, in one call.
  - It is internal. It is not meant for plays, and its options change without notice.
options:
  path:
    description: The directory. It is made where there is something to write.
    type: path
    required: true
  files:
    description: Content by name.
    type: dict
    default: {}
  absent:
    description: Names of files that are not to be there.
    type: list
    elements: str
    default: []
  others_of:
    description:
      - A host's inventory name. Its sheets in the directory that are in neither list go; what is no sheet, or another
        host's, stays.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change without changing it.
  diff_mode:
    support: full
    description: Returns in diff mode what changed, or in check mode what would.
seealso:
  - module: faxnet.deploy.settings_sheets
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Write all settings sheets of this host
  faxnet.deploy.settings_sheets:
"""

RETURN = r"""
written:
  description: Names of files that were not as they are to be.
  returned: always
  type: list
  elements: str
  sample: [netcfax-client.txt]
removed:
  description: Names of files that were there and are not to be.
  returned: always
  type: list
  elements: str
  sample: []
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.faxnet.deploy.plugins.module_utils._placing.files import content_of, draft, is_as, place


def main() -> None:
    """Compare, write, remove."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "files": {"type": "dict", "default": {}},
            "absent": {"type": "list", "elements": "str", "default": []},
            "others_of": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    folder: str = module.params["path"]
    try:
        absent = [*module.params["absent"], *others(folder, module.params["others_of"], module.params["files"])]
        result = bring(module, folder, module.params["files"], list(dict.fromkeys(absent)))
    except (OSError, UnicodeDecodeError) as error:
        module.fail_json(msg=f"{getattr(error, 'filename', None) or folder} cannot be read or written: {error}")
    module.exit_json(**result)


def bring(module: AnsibleModule, folder: str, files: dict[str, str], absent: list[str]) -> dict[str, object]:
    """Bring the files to their content; return the module's result."""
    written: list[str] = []
    removed: list[str] = []
    diff: list[dict[str, str]] = []
    for name, content in [*files.items(), *((name, None) for name in absent)]:
        path = os.path.join(folder, name)
        before = content_of(path)
        as_wanted = before is None if content is None else is_as(path, content.encode())
        if as_wanted:
            continue
        (removed if content is None else written).append(name)
        shown = (before or b"").decode()
        diff.append({"before": shown, "after": content or "", "before_header": path, "after_header": path})
        if module.check_mode:
            continue
        if content is None:
            os.unlink(path)
        else:
            place(module, draft(module, content.encode()), path)
    result = {"changed": bool(diff), "written": written, "removed": removed}
    return {**result, "diff": diff} if module._diff else result


def others(folder: str, host: str, files: dict[str, str]) -> list[str]:
    """Return the names of the files of a host's sheets that are not among *files*; each sheet's data names both."""
    found: list[str] = []
    for name in sorted(os.listdir(folder)) if host and os.path.isdir(folder) else ():
        sheet, end = os.path.splitext(name)
        if end == ".json" and name not in files and is_sheet(os.path.join(folder, name), host, sheet):
            found += [f"{sheet}.txt", name]
    return found


def is_sheet(path: str, host: str, sheet: str) -> bool:
    """Whether a file is the data of that host's sheet of that name."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return False  # something else, whose it may be
    return isinstance(data, dict) and (data.get("host"), data.get("sheet")) == (host, sheet)


if __name__ == "__main__":
    main()
