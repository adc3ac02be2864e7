#!/usr/bin/env bash
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Pins requirements/*.in into requirements/*.txt, with hashes, for every Python from 3.11 on (environment markers decide).
# Run it after a change of an .in file, or with --upgrade to take newer versions; then `make test`, then commit both.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.8
venv=.build/lock
if ! "$venv/bin/uv" --version 2>/dev/null | grep -q "^uv $UV_VERSION\b"; then
  "$(tools/python.sh)" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet "uv==$UV_VERSION"
fi
for source in requirements/*.in; do
  lock=${source%.in}.txt
  wanted=$(mktemp)
  # uv prefers the versions that its output file already holds: a plain run moves nothing that need not move.
  grep -v '^#' "$lock" >"$wanted" 2>/dev/null || true
  "$venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    "$@" "$source" --output-file "$wanted"
  {
    sed -n '1,/^$/p' "$source"
    printf '# Made by tools/lock.sh from %s: change that file, not this one.\n\n' "$(basename "$source")"
    cat "$wanted"
  } >"$lock"
  rm -f "$wanted"
  printf '%s: %s packages\n' "$lock" "$(grep -c '==' "$lock")"
done
