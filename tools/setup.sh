#!/usr/bin/env bash
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Brings a Debian or Ubuntu machine with git, make, Python 3.11+ and root or sudo to the point where everything runs:
#   tools/setup.sh            system packages, .venv, the collections path
#   tools/setup.sh bench      also .venv-bench, the benchmark's yardstick (requirements/bench.txt)
#   tools/setup.sh importer   also .venv-importer, Galaxy's importer (requirements/importer.txt)
#   tools/setup.sh browser    also Chromium and axe-core (requirements/browser.txt), which look at the report's page
#   tools/setup.sh windows    also the collections ansible.windows and community.windows (requirements/windows.txt)
# A step whose result is there already costs nothing. FAXNET_NO_APT=1 leaves the system packages to somebody else.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build/log

# Two makes at once must not build one venv twice.
exec 9>.build/setup.lock
flock 9

# step NAME COMMAND...: runs the command, its output in a log; prints one line with the seconds, the log when it fails.
step() {
  local name=$1 log start=$SECONDS
  shift
  log=.build/log/$(printf '%s' "$name" | tr -c 'a-z0-9.\n' '-').log
  printf 'setup: %-44s ' "$name"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'done in %d s\n' $((SECONDS - start))
  else
    printf 'FAILED after %d s; the end of %s:\n' $((SECONDS - start)) "$log"
    tail -n 25 "$log" | sed 's/^/    /'
    exit 1
  fi
}

# ---- system packages

# missing_packages FILE: those that a list names and the machine has not.
missing_packages() {
  local package
  sed 's/[[:space:]]*#.*//; /^$/d' "$1" | while read -r package; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
  as_root apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get install --yes --no-install-recommends "$@"
}

# packages NAME...: installs them, as root or by asking for root.
packages() {
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      printf 'setup: neither root nor sudo; as root: apt-get install --no-install-recommends %s\n' "$*" >&2
      exit 1
    }
    # Ask for the password here, where a person can see the question: the step's own input and output are closed.
    sudo -v
  fi
  printf 'setup: missing packages: %s\n' "$*"
  step "packages: $*" apt_install "$@"
}

if [ -z "${FAXNET_NO_APT:-}" ]; then
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    printf 'setup: this machine has no apt (Debian 12, Debian 13 and Ubuntu have). Install what requirements/apt.txt\n' >&2
    printf '       lists by your own means, then: make setup FAXNET_NO_APT=1\n' >&2
    exit 1
  fi
  read -r -a missing <<<"$(missing_packages requirements/apt.txt)"
  if [ "${#missing[@]}" -gt 0 ]; then packages "${missing[@]}"; fi
fi

# ---- venvs

python=$(tools/python.sh)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  # Debian and Ubuntu cut ensurepip out of a Python; python3-venv brings it for the default version only.
  printf 'setup: %s cannot make a venv; as root: apt-get install python%s-venv\n' "$python" \
    "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" >&2
  exit 1
fi

# venv FOLDER LOCK: a venv that holds exactly what the lock says. Its stamp is the lock and the interpreter; a venv that
# was moved or whose interpreter is gone does not run, and is made anew.
venv() {
  local folder=$1 lock=$2 wanted
  wanted="$("$python" --version) $python $PWD $(sha256sum "$lock")"
  if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then return; fi
  step "$folder ($("$python" --version))" "$python" -m venv --clear "$folder"
  step "$folder packages" "$folder/bin/python" -m pip install --no-input --disable-pip-version-check --require-hashes \
    --requirement "$lock"
  printf '%s\n' "$wanted" >"$folder/.stamp"
}

venv .venv requirements/project.txt

# ---- a browser

# Ubuntu has Chromium as a snap only, and other systems under other names: what is on the path will do.
# (Not called chromium: command -v would find this function.)
browser_package() {
  if command -v chromium chromium-browser google-chrome >/dev/null || [ -n "${FAXNET_NO_APT:-}" ]; then return; fi
  if ! apt-cache show chromium >/dev/null 2>&1; then as_root apt-get update >/dev/null; fi
  if apt-cache show chromium >/dev/null 2>&1; then packages chromium; fi
}

# npm_file PACKAGE VERSION INTEGRITY FILE: a file of a package of npm's registry, checked, in .build/npm.
npm_file() {
  local wanted="$1 $2 $3 $4" folder=.build/npm/$1
  if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  if ! command -v npm >/dev/null && [ -z "${FAXNET_NO_APT:-}" ]; then packages npm; fi
  mkdir -p "$folder"
  step "$1 $2" npm pack --silent --ignore-scripts --cache .build/npm/cache --pack-destination "$folder" "$1@$2"
  "$python" - "$folder/$1-$2.tgz" "$3" <<'END'
import base64, hashlib, pathlib, sys
found = "sha512-" + base64.b64encode(hashlib.sha512(pathlib.Path(sys.argv[1]).read_bytes()).digest()).decode()
if found != sys.argv[2]:
    raise SystemExit(f"setup: {sys.argv[1]} is not what requirements/browser.txt pins: {found}")
END
  tar --extract --gzip --file "$folder/$1-$2.tgz" --directory "$folder" --strip-components 1 "package/$4"
  printf '%s\n' "$wanted" >"$folder/.stamp"
}

browser() {
  local package version integrity file
  browser_package
  while read -r package version integrity file; do
    npm_file "$package" "$version" "$integrity" "$file"
  done < <(grep -v '^#' requirements/browser.txt)
}

# ---- collections of others, for tests with Windows hosts

# unpacked WHEEL COLLECTION...: takes whole collections, licences included, out of a wheel. Each is made anew.
unpacked() {
  .venv/bin/python - .build/collections "$@" <<'END'
import pathlib, shutil, sys, zipfile
target, wheel, *collections = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for collection in collections:
        prefix = f"ansible_collections/{collection.replace('.', '/')}/"
        members = [name for name in archive.namelist() if name.startswith(prefix)]
        if f"{prefix}COPYING" not in members:
            raise SystemExit(f"setup: {wheel} has no collection {collection} with its licence")
        shutil.rmtree(pathlib.Path(target, prefix), ignore_errors=True)
        archive.extractall(target, members)
END
}

windows() {
  local folder=.build/windows wanted
  wanted="$(sha256sum requirements/windows.txt)"
  if [ "$(cat "$folder/.stamp" 2>/dev/null)" = "$wanted" ] &&
    [ -d .build/collections/ansible_collections/community/windows ]; then return; fi
  rm -rf "$folder"
  mkdir -p "$folder"
  step "ansible.windows and community.windows" .venv/bin/python -m pip download --no-input --disable-pip-version-check \
    --no-deps --only-binary :all: --require-hashes --dest "$folder" --requirement requirements/windows.txt
  unpacked "$folder"/ansible-*.whl ansible.windows community.windows
  rm -f "$folder"/ansible-*.whl
  printf '%s\n' "$wanted" >"$folder/.stamp"
}

for extra in "$@"; do
  case $extra in
    browser) browser ;;
    windows) windows ;;
    *) venv ".venv-$extra" "requirements/$extra.txt" ;;
  esac
done

# ---- collections

# This checkout, and the lab's own way into its containers; nothing that is run needs another collection.
faxnet=.build/collections/ansible_collections/faxnet
mkdir -p "$faxnet"
ln -sfn ../../../.. "$faxnet/deploy"
ln -sfn ../../../../tools/lab/collection "$faxnet/lab"
printf 'setup: ready (%s, %s)\n' "$(.venv/bin/python --version)" "$(.venv/bin/python -c 'import importlib.metadata as m; print("ansible-core", m.version("ansible-core"))')"
