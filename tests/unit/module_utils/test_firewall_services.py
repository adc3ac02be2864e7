# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in for nftables.service, made from whatever each distribution's own unit does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import services
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    DROP_IN,
    NFTABLES,
    UNIT,
    FirewallError,
    Machine,
    Ran,
)

VENDOR = "/usr/lib/systemd/system/nftables.service"
LOAD = "/bin/sh /etc/faxnet/load-rules.sh"


def steps(root: Path, unit: str, *drop_ins: str) -> list[str]:
    """The lines that our drop-in gives to the service, for a host's unit and its other drop-ins."""
    written = [VENDOR, *(f"/etc/systemd/system/nftables.service.d/{n}.conf" for n in range(len(drop_ins)))]
    for path, text in zip(written, (unit, *drop_ins), strict=True):
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / path[1:]).write_text(text, encoding="utf-8")
    (root / "run/systemd/system").mkdir(parents=True)
    shown = f"Id={UNIT}\nActiveState=inactive\nNeedDaemonReload=no\nFragmentPath=\nDropInPaths=\n\n"
    shown += f"Id={NFTABLES}\nActiveState=active\nNeedDaemonReload=no\nFragmentPath={VENDOR}\n"
    shown += f"DropInPaths={' '.join([*written[1:], DROP_IN])}\n"
    machine = Machine(run=lambda *_: Ran(0, shown, ""), find=lambda name: "/usr/sbin/" + name, root=str(root))
    text = services.wanted_files(machine, services.units(machine), wanted=True, closed="")[DROP_IN]
    assert text is not None
    return text.split("[Service]\n")[1].splitlines()


DEBIAN = """\
[Service]
Type=oneshot
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
ExecReload=/usr/sbin/nft -f /etc/nftables.conf
ExecStop=/usr/sbin/nft flush ruleset
"""
RHEL = """\
[Service]
ExecStart=/sbin/nft -f /etc/sysconfig/nftables.conf
ExecReload=/sbin/nft 'flush ruleset; include "/etc/sysconfig/nftables.conf";'
ExecStop=/sbin/nft flush ruleset
"""


@pytest.mark.parametrize(("unit", "file"), [(DEBIAN, "/etc/nftables.conf"), (RHEL, "/etc/sysconfig/nftables.conf")])
def test_each_step_of_a_distributions_unit_becomes_one_transaction_with_our_rules(
    tmp_path: Path, unit: str, file: str
) -> None:
    again = "" if unit is DEBIAN else "flush ruleset; "
    assert steps(tmp_path, unit) == [
        "ExecStart=",
        f"ExecStart={LOAD} 'include \"{file}\";'",
        "ExecReload=",
        f"ExecReload={LOAD} '{again}include \"{file}\";'",
        "ExecStop=",
        f"ExecStop={LOAD} 'flush ruleset;'",
    ]


def test_what_the_hosts_owner_made_of_the_unit_counts_and_what_we_made_of_it_does_not(tmp_path: Path) -> None:
    owners = (
        "[Service]\nExecStart=\nExecStart=/usr/sbin/nft \\\n  --file /srv/rules\nExecStart=/usr/sbin/nft add table x\n"
    )
    assert steps(tmp_path, DEBIAN, owners)[1] == f"ExecStart={LOAD} 'include \"/srv/rules\"; add table x;'"


@pytest.mark.parametrize(
    "command",
    [
        "/usr/local/sbin/my-firewall start",
        "/usr/sbin/nft -I /srv -f rules",
        "/usr/sbin/nft -f ${RULES}",
        "/usr/sbin/nft -f %E/rules",
        "/bin/sh -c 'nft -f /etc/nftables.conf'",
        "/usr/sbin/nft 'unclosed",
        "!/usr/sbin/nft -f /etc/nftables.conf",
    ],
)
def test_a_step_that_is_more_than_nft_is_kept_and_our_rules_come_after_it(tmp_path: Path, command: str) -> None:
    unit = "[Service]\n" + "".join(f"{step}={command}\n" for step in ("ExecStart", "ExecReload", "ExecStop"))
    assert steps(tmp_path, unit) == [f"ExecStartPost={LOAD}", f"ExecReload={LOAD}", f"ExecStopPost={LOAD}"]


def test_a_step_that_the_unit_does_not_have_is_not_added(tmp_path: Path) -> None:
    assert [line.partition("=")[0] for line in steps(tmp_path, "[Service]\nExecStart=/sbin/nft -f /x\n")] == [
        "ExecStart",
        "ExecStart",
    ]


def test_a_systemd_that_does_not_answer_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    machine = Machine(run=lambda *_: Ran(1, "", "no bus"), find=lambda name: name, root=str(tmp_path))
    with pytest.raises(FirewallError, match="nothing was changed: no bus"):
        services.units(machine)
