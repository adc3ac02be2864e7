# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts Docker's containers inside a container, which has no cgroups to hand out; their networks are as ever."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if "--bundle" in sys.argv:
    file = Path(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    config = json.loads(file.read_text(encoding="utf-8"))
    config["mounts"] = [mount for mount in config["mounts"] if not mount["type"].startswith("cgroup")]
    file.write_text(json.dumps(config), encoding="utf-8")
os.execv("/usr/bin/crun", ["crun", "--cgroup-manager=disabled", *sys.argv[1:]])  # noqa: S606, it becomes the runtime
