# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package that stands in for CommuniGate Pro's own: the emulator at the product's real paths, started as it is.

The paths, the start script's name and what it does (base folder, ``Startup.sh``, ``SUPPLPARAMS``, ``--Daemon``) are
those of the vendor's Linux packages, as people who packaged the product again have published them. Nothing of the
product is in here.
"""

from __future__ import annotations

from pathlib import Path

from tests.emulators.communigate.program import program
from tests.standins.packages import File, Package

ROOT = Path(__file__).parents[2]
PROGRAM = "/opt/CommuniGate/CGServer"
FRESH = "/opt/CommuniGate/Fresh.settings"
STARTER = "/etc/init.d/CommuniGate"
BASE = "/var/CommuniGate"
_START = f"""\
#!/bin/sh
# chkconfig: 345 88 18
# description: CommuniGate Pro
### BEGIN INIT INFO
# Provides: CommuniGate
# Required-Start: $network $remote_fs
# Required-Stop: $network $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: CommuniGate Pro
### END INIT INFO
APPLICATION="/opt/CommuniGate"
BASEFOLDER="{BASE}"
SUPPLPARAMS=
[ -f ${{APPLICATION}}/CGServer ] || exit 0
umask 0
if [ -f ${{BASEFOLDER}}/Startup.sh ]; then
  . ${{BASEFOLDER}}/Startup.sh
fi
case "$1" in
  start)
    if [ ! -d ${{BASEFOLDER}} ]; then
      mkdir ${{BASEFOLDER}}
      chgrp mail ${{BASEFOLDER}}
      chmod 2770 ${{BASEFOLDER}}
    fi
    # The product knows what a fresh installation listens on; the emulator is told.
    if [ ! -f ${{BASEFOLDER}}/Settings/Main.settings ]; then
      mkdir -p ${{BASEFOLDER}}/Settings
      cp {FRESH} ${{BASEFOLDER}}/Settings/Main.settings
    fi
    ${{APPLICATION}}/CGServer --Base ${{BASEFOLDER}} --Daemon ${{SUPPLPARAMS}}
    ;;
  stop)
    if [ -f ${{BASEFOLDER}}/ProcessID ]; then
      server=$(cat ${{BASEFOLDER}}/ProcessID)
      kill "$server"
      while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
    fi
    ;;
  restart)
    $0 stop
    $0 start
    ;;
  *)
    echo "Usage: $0 [ start | stop | restart ]"
    exit 1
    ;;
esac
"""


def package(version: str) -> Package:
    """The package of a version; another version is another file, and tells its own number."""
    fresh = (ROOT / "tests" / "unit" / "communigate" / "fresh_install.settings").read_bytes()
    return Package(
        name="cgatepro-linux",
        version=version,
        summary="Stand-in for CommuniGate Pro, for tests",
        files={
            PROGRAM: File(program(f"stand-in of version {version}"), 0o755),
            FRESH: File(fresh),
            STARTER: File(_START.encode(), 0o755),
        },
    )
