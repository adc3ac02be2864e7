# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewalld, which keeps its table for itself and asks no mark: it gets a policy that names what our rules accept.

Two policies of its own kind (firewalld.policy(5)) go before its zones: what comes in, and on routers what goes through.
Their rules name sender, receiver, protocol and port; our table is asked first and refuses whatever they name too much.

A policy is a file, and firewalld takes it up by a reload. Until the change is confirmed the file has another name, and
systemd-tmpfiles is told to take it away at boot, before firewalld starts. So a boot undoes this change like any other,
and what was confirmed before stays beside it all the while. (A link into /run would not do: a policy that cannot be
read makes firewalld start with none of its owner's settings.)
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.opened import Opened, opened
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.rules import Rules

_FOLDER = "/etc/firewalld/policies"
#: The policies by the hook of our rules, and between which of firewalld's zones each stands.
_POLICIES = {"input": ("faxnet-in", "HOST"), "forward": ("faxnet-fwd", "ANY")}
PATHS = {hook: f"{_FOLDER}/{name}.xml" for hook, (name, _egress) in _POLICIES.items()}
#: Where a policy that is not confirmed yet is found; the names are as long as firewalld takes them (17).
_TRIALS = {hook: f"{_FOLDER}/{name}-try.xml" for hook, (name, _egress) in _POLICIES.items()}
#: What takes them away at boot (tmpfiles.d(5)), and itself.
_GUARD = "/etc/tmpfiles.d/faxnet-trial.conf"
_GUARD_TEXT = "# Written by faxnet.deploy: takes back at boot what was not confirmed.\n" + "".join(
    f"r! {path}\n" for path in (*_TRIALS.values(), _GUARD)
)
#: More rules than firewalld reads in some seconds.
_MOST = 2000
#: What a listing of firewalld says of now alone: which zones are in use, and by which interfaces.
_OF_NOW = re.compile(r" \((?:active|default|default, active)\)$|^  interfaces:.*\n", re.MULTILINE)
_IPSETS, _OF_POLICIES = ["--get-ipsets"], ["--list-all-policies"]
#: What of firewalld's settings a reload would bring back to what its files say, beside the entries of its sets.
_SETTINGS = (["--list-all-zones"], _OF_POLICIES, ["--direct", "--get-all-rules"], _IPSETS)


def policies(rules: Rules | None, forwarding: bool) -> dict[str, str | None]:
    """The policies' files for rules of ours; None for what must not be there. Raises FirewallError for too many."""
    texts: dict[str, str | None] = {}
    for hook, path in PATHS.items():
        wanted = rules is not None and (forwarding or hook == "input")
        texts[path] = policy_text(hook, opened(rules, hook)) if rules is not None and wanted else None
    return texts


def policy_text(hook: str, accepted: Iterable[Opened]) -> str:
    """One policy as firewalld.policy(5) has it. Raises FirewallError for more rules than firewalld can bear."""
    name, egress = _POLICIES[hook]
    found = list(accepted)
    if len(found) > _MOST:
        raise FirewallError(
            f"nothing was changed: the plan permits {len(found)} kinds of packets here, and firewalld takes long to "
            f"read more than {_MOST} rules; let the plan's rules do the filtering: systemctl disable --now firewalld"
        )
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            "<!-- Written by faxnet.deploy. Changes made by hand are replaced in the next run. -->",
            '<policy priority="-100" target="CONTINUE">',
            f"  <short>{name}</short>",
            "  <description>What the rules of faxnet.deploy accept: they are asked first.</description>",
            '  <ingress-zone name="ANY"/>',
            f'  <egress-zone name="{egress}"/>',
            *(line for item in found for line in _rule(item)),
            "</policy>",
            "",
        ]
    )


def _rule(item: Opened) -> Iterable[str]:
    """A rich rule. Its values are numbers, addresses and words of ours: nothing that a person wrote gets here."""
    family = f' family="ipv{item.version}"' if item.version else ""
    yield f"  <rule{family}>"
    if item.source:
        yield f'    <source address="{item.source}"/>'
    if item.destination:
        yield f'    <destination address="{item.destination}"' + (' invert="True"/>' if item.elsewhere else "/>")
    if item.ports:
        yield f'    <port port="{item.ports}" protocol="{item.protocol}"/>'
    elif item.from_ports:
        yield f'    <source-port port="{item.from_ports}" protocol="{item.protocol}"/>'
    elif item.protocol:
        yield f'    <protocol value="{item.protocol}"/>'
    yield "    <accept/>"
    yield "  </rule>"


def trials(machine: Machine) -> list[str]:
    """The files of policies that were not confirmed and are there still."""
    return [path for path in (*_TRIALS.values(), _GUARD) if os.path.lexists(machine.path(path))]


def there(machine: Machine) -> dict[str, str | None]:
    """The policies' files."""
    return {path: machine.read(path) for path in PATHS.values()}


def forgotten(machine: Machine) -> list[str]:
    """The policies whose file firewalld does not have in force as it is: somebody changed it until the next reload."""
    program = machine.find("firewall-cmd")
    found = []
    for hook, path in PATHS.items():
        name = _POLICIES[hook][0]
        if program and machine.read(path) is not None:
            now, kept = (_said(machine, [program, *words, f"--info-policy={name}"]) for words in ([], ["--permanent"]))
            if now != kept:
                found.append(f"firewalld's policy {name}")
    return found


def only_for_now(machine: Machine, ours: bool) -> str:
    """Which of firewalld's settings a reload would lose; empty where it loses none. Raises FirewallError.

    `ours`: policies of ours were changed in force, so that policies cannot be compared.
    """
    program = machine.program("firewall-cmd", "install the package firewalld")
    sets = _said(machine, [program, *_IPSETS]).split()
    settings = [words for words in _SETTINGS if not (ours and words == _OF_POLICIES)]
    for words in (*settings, *([f"--ipset={name}", "--get-entries"] for name in sets)):
        now, kept = (_said(machine, [program, *more, *words]) for more in ([], ["--permanent"]))
        if now != kept:
            return " ".join(words)
    return ""


def commands(machine: Machine, wanted: Mapping[str, str | None]) -> tuple[str, str]:
    """The shell commands that put policies into force for a trial, and those that end it; see `script`."""
    program = shlex.quote(machine.program("firewall-cmd", "install the package firewalld"))
    reload = f"if {program} --state >/dev/null 2>&1; then {program} --reload >/dev/null || failed=1; fi\n"
    guard = shlex.quote(machine.path(_GUARD))
    begin = f"mkdir -p {shlex.quote(machine.path(_FOLDER))} {shlex.quote(os.path.dirname(machine.path(_GUARD)))}\n"
    # On the disk before anything that it has to take away.
    begin += f"cat > {guard} <<'END'\n{_GUARD_TEXT}END\nsync {guard}\n"
    texts = [(machine.path(_TRIALS[hook]), text) for hook, path in PATHS.items() if (text := wanted.get(path))]
    for place, text in texts:
        # Named as firewalld looks for it when it is whole.
        whole = shlex.quote(place)
        begin += f"cat > {whole}.new <<'END'\n{text}END\nmv {whole}.new {whole}\n"
    begin += f"if {program} --check-config >/dev/null; then\n{reload}else failed=1; fi\n"
    every = [shlex.quote(machine.path(path)) for path in _TRIALS.values()]
    away = " ".join([*every, *(f"{path}.new" for path in every)])
    return begin if texts else "", f"rm -f {away} && rm -f {guard}\n{reload}"


def settle(machine: Machine) -> None:
    """End the trial once the files are in place. Raises FirewallError where firewalld does not take them."""
    for path in trials(machine):
        os.unlink(machine.path(path))
    program = machine.find("firewall-cmd")
    if program and machine.run([program, "--state"], None).code == 0:
        ran = machine.run([program, "--reload"], None)
        if ran.code != 0:
            raise FirewallError(f"firewalld does not reload: {ran.err.strip()}; look at: firewall-cmd --check-config")


def _said(machine: Machine, argv: list[str]) -> str:
    ran = machine.run(argv, None)
    return _OF_NOW.sub("", ran.out) if ran.code == 0 else f"{ran.code} {ran.err}"
