#!/usr/bin/env bash
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Prints the path of the Python (3.11 or later) that the project's venvs are made from: the interpreter itself, never a
# version manager's shim (which breaks ansible-test) nor the python of a venv that happens to be active.
# PYTHON=/path/to/python3.x chooses one.
set -euo pipefail

report='
import os, sys
if sys.version_info < (3, 11):
    sys.exit(1)
print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))
'
for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
  path=$("$candidate" -I -c "$report" 2>/dev/null) || continue
  printf '%s\n' "$path"
  exit 0
done
printf 'No Python 3.11 or later found (tried: %s). Install one, or name it: make setup PYTHON=/path/to/python3.12\n' \
  "${PYTHON:-python3, python3.11 to python3.14}" >&2
exit 1
