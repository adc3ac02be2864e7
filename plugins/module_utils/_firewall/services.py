# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd does with our rules: a unit that loads them at boot, and nftables.service, which must not lose them.

nftables.service flushes every rule of the host when it starts, reloads and stops. A drop-in lets each of these steps
load our file in the same kernel transaction, so that no packet meets a moment without rules. What the steps are is read
from the host's own unit, for every distribution has its own. A step that is more than nft is kept as it is, and ours is
loaded after it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    CLOSED_FILE,
    DROP_IN,
    IN_FORCE,
    LOADER,
    NFTABLES,
    PASSAGES_FILE,
    RULES_FILE,
    TABLE,
    UNIT,
    UNIT_FILE,
    FirewallError,
    Machine,
)

# A unit is stopped at shutdown only if it says so, and this one does not: the rules stay until the power goes.
# No limit of starts: loading the rules twice harms nobody, and not loading them does.
_UNIT_TEXT = """\
# Written by faxnet.deploy
[Unit]
Description=Packet filter rules of faxnet.deploy
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target
After=systemd-modules-load.service local-fs.target nftables.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh {loader}
ExecReload=/bin/sh {loader}
ExecStop=-{nft} delete table {table}

[Install]
WantedBy=sysinit.target
"""

_LOADER_TEXT = """\
#!/bin/sh
# Written by faxnet.deploy
# Loads the rules, in one transaction with the nft statements of the first argument, which may flush everything.
# When the rules' file is damaged, another takes its place.
rules={rules}
# A run has loaded them, only systemd does not know yet.
[ -z "$1" ] && [ -e {in_force} ] && '{nft}' list table {table} >/dev/null 2>&1 && exit 0
if ! grep -q '^table {table} {{' "$rules" || ! '{nft}' -c -f "$rules"; then
  echo "<2>$rules cannot be loaded; until the next run of faxnet.deploy {until}" >&2
  rules={closed}
  [ -n "$1" ] || damaged=1
fi
'{nft}' "$1 include \\"$rules\\";" && [ -z "$damaged" ]
"""
# Passages are rules in tables of others. What others load may lack their chains: then ours are loaded alone.
_PASSAGES_TEXT = """\
gone=$('{nft}' -a -t list ruleset 2>/dev/null | awk '
  /^table / {{ table = $2 " " $3 }}
  /^\\tchain / {{ chain = $2 }}
  /comment "faxnet.deploy" # handle [0-9]+$/ {{ print "delete rule " table " " chain " handle " $NF ";" }}')
if '{nft}' "$gone $1 include \\"$rules\\"; include \\"{passages}\\";"; then
  [ -z "$damaged" ]
  exit
fi
"""
_LAST_STEP = "'{nft}' \"$1 include"

_DROP_IN_HEAD = """\
# Written by faxnet.deploy: nftables.service flushes every rule, and these are loaded with what it loads.
[Unit]
StartLimitIntervalSec=0

[Service]
"""
#: For each step of nftables.service: where our rules are loaded when the step is more than nft.
_AFTER = {"ExecStart": "ExecStartPost", "ExecReload": "ExecReload", "ExecStop": "ExecStopPost"}
_FILE_OPTIONS = ("-f", "--file")


@dataclass(frozen=True)
class Unit:
    """A unit as systemd has it now. `fragment` and `drop_ins` are paths; `fragment` is "" for a unit without file."""

    active: str
    stale: bool
    fragment: str
    drop_ins: tuple[str, ...]


def units(machine: Machine) -> dict[str, Unit]:
    """Our unit and nftables.service, by name; none without systemd. Raises FirewallError if systemd does not answer."""
    systemctl = machine.find("systemctl")
    if not systemctl or not machine.has_systemd():
        return {}
    wanted = "--property=Id,ActiveState,NeedDaemonReload,FragmentPath,DropInPaths"
    ran = machine.run([systemctl, "show", wanted, UNIT, NFTABLES], None)
    if ran.code != 0:
        raise FirewallError(
            f"systemd does not say how {UNIT} and {NFTABLES} are, nothing was changed: {ran.err.strip()}"
        )
    found = {}
    for block in ran.out.strip().split("\n\n"):
        held = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        found[held.get("Id", "")] = Unit(
            active=held.get("ActiveState", ""),
            stale=held.get("NeedDaemonReload") == "yes",
            fragment=held.get("FragmentPath", ""),
            drop_ins=tuple(held.get("DropInPaths", "").split()),
        )
    if not found.keys() >= {UNIT, NFTABLES}:
        raise FirewallError(
            f"systemd does not say how {UNIT} and {NFTABLES} are, nothing was changed; look at systemctl show {UNIT}"
        )
    return found


def wanted_files(
    machine: Machine, known: Mapping[str, Unit], wanted: bool, closed: str | None, *, passages: bool = False
) -> dict[str, str | None]:
    """Each file that systemd needs of us with its text; None where there must be none.

    `wanted`: whether there are to be rules of ours; `closed` is the nft file that lets management in and nothing else;
    `passages`: whether there are rules of ours in tables of nft that are somebody else's.
    """
    texts: dict[str, str | None] = dict.fromkeys((CLOSED_FILE, LOADER, UNIT_FILE, DROP_IN))
    if wanted and known:
        words = {"nft": machine.nft(), "table": TABLE, "rules": RULES_FILE, "closed": CLOSED_FILE, "loader": LOADER}
        words["in_force"] = IN_FORCE
        words["until"] = without_rules(closed)
        texts[CLOSED_FILE] = closed
        words["passages"] = PASSAGES_FILE
        loader = _LOADER_TEXT.replace(_LAST_STEP, _PASSAGES_TEXT + _LAST_STEP) if passages else _LOADER_TEXT
        texts[LOADER] = loader.format(**words)
        texts[UNIT_FILE] = _UNIT_TEXT.format(**words)
        texts[DROP_IN] = _drop_in(machine, known[NFTABLES])
    return texts


def without_rules(closed: str | None) -> str:
    """What a host does while its rules' file is damaged and `closed` is loaded in its place, in words."""
    if closed is not None and "policy drop" not in closed:
        return "this host refuses nothing and holds no rule but those for management"
    return "this host lets only management in"


def unsettled(known: Mapping[str, Unit], wanted: bool) -> list[str]:
    """Units that systemd does not have as their files say, or that do not run; `wanted`: whether ours is to run."""
    found = [name for name, unit in known.items() if unit.stale]
    if known and wanted and known[UNIT].active != "active" and UNIT not in found:
        found.append(UNIT)
    return sorted(found)


def started(machine: Machine, known: Mapping[str, Unit]) -> str | None:
    """The nft statements that nftables.service loads at boot; None where that is not known, or it is not enabled."""
    systemctl = machine.find("systemctl")
    if NFTABLES not in known or not known[NFTABLES].fragment or not systemctl:
        return None
    if machine.run([systemctl, "is-enabled", "--quiet", NFTABLES], None).code != 0:
        return None
    return _statements(_steps(machine, known[NFTABLES])["ExecStart"])


def _steps(machine: Machine, theirs: Unit) -> dict[str, list[str]]:
    """The commands of each step of a unit, but for those that a drop-in of ours says."""
    steps: dict[str, list[str]] = {step: [] for step in _AFTER}
    for path in (theirs.fragment, *theirs.drop_ins):
        if path != DROP_IN:
            for step, command in _commands(machine.read(path) or ""):
                # systemd.service(5): an empty assignment takes the earlier ones back.
                steps[step] = [*steps[step], command] if command else []
    return steps


def _drop_in(machine: Machine, theirs: Unit) -> str | None:
    """The text of our drop-in for nftables.service, None when the host has no such service."""
    if not theirs.fragment or theirs.fragment == "/dev/null":
        return None
    text = _DROP_IN_HEAD
    for step, commands in _steps(machine, theirs).items():
        statements = _statements(commands)
        if statements is not None:
            quoted = statements.replace("\\", "\\\\").replace("'", "\\'")
            text += f"{step}=\n{step}=/bin/sh {LOADER} '{quoted}'\n"
        elif commands:
            text += f"{_AFTER[step]}=/bin/sh {LOADER}\n"
    return text


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """The steps of a unit file that matter here, in order: (ExecStart, command)."""
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        header = re.fullmatch(r"\[(.+)\]\s*", line)
        if header:
            section = header[1]
        name, equals, value = line.partition("=")
        if section == "Service" and equals and name.strip() in _AFTER:
            yield name.strip(), value.strip()


def _statements(commands: list[str]) -> str | None:
    """The nft statements that a step loads; None when it has no command, or one that is more than nft."""
    found = []
    for command in commands:
        try:
            words = shlex.split(command.lstrip("-"))
        except ValueError:
            return None
        # What systemd would put in place of % and $ is not known here.
        if len(words) < 2 or not re.fullmatch(r"(/\S*/)?nft", words[0]) or re.search(r"[%$]", command):
            return None
        if words[1] in _FILE_OPTIONS and len(words) == 3:
            found.append(f'include "{words[2]}";')
        elif any(word.startswith("-") for word in words[1:]):
            return None
        else:
            found.append(" ".join(words[1:]).rstrip("; ") + ";")
    return " ".join(found) or None
