# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host cannot do is said with its cure, and nothing changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, timer
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Ran, live_table
from tests.kernel.hosts import NEW, OLD, TRACKED, Host


@pytest.mark.fault("cannot be loaded")
def test_rules_that_nft_refuses_change_nothing(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    with pytest.raises(FirewallError, match="nft refuses the new rules, nothing was changed"):
        host.bring(NEW.replace("tcp dport 22", "tcp dport nonsense"))
    assert host.live == old


def test_a_helper_that_the_kernel_lacks_is_named_with_its_module_and_nothing_changes(host: Host) -> None:
    host.settle(OLD)
    old = host.live
    with pytest.raises(FirewallError, match=r"nothing was changed: .*no .*helper nosuch: .*module nf_conntrack_nosuch"):
        host.bring(TRACKED.replace('type "ftp"', 'type "nosuch"'))
    assert host.live == old
    assert host.loose_ends() == []


def test_a_kernel_without_idle_times_is_told_what_it_needs(host: Host) -> None:
    """Such a kernel's answer, given for every text that holds such an object."""

    def older(argv: list[str], text: str | None) -> Ran:
        if text and "ct timeout" in text:
            return Ran(1, "", "/dev/stdin:2:13-13: Error: Could not process rule: No such file or directory")
        return host.machine.run(argv, text)

    wanted = ensure.Wanted(TRACKED, (), (), tolerate_drops=False)
    with pytest.raises(FirewallError, match=r"nothing was changed: .*CONFIG_NF_CONNTRACK_TIMEOUT") as caught:
        ensure.compare(replace(host.machine, run=older), wanted)
    assert "helper" not in str(caught.value)


def test_a_timer_that_cannot_be_armed_stops_the_run_before_anything_changes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise FirewallError("systemd-run: no bus")

    host.settle(OLD)
    old = host.live
    monkeypatch.setattr(timer, "arm", refuse)
    with pytest.raises(FirewallError, match=r"nothing was changed.*no bus"):
        host.bring(NEW)
    assert host.live == old
    assert host.loose_ends() == []


def test_a_host_without_nft_is_told_what_to_install(host: Host) -> None:
    bare = replace(host.machine, find=lambda _name: None)
    with pytest.raises(FirewallError, match="nft is missing on this host; install the package nftables"):
        live_table(bare)


def test_a_kernel_that_gives_no_namespace_is_a_clear_refusal(host: Host) -> None:
    def stingy(argv: list[str], text: str | None) -> Ran:
        if "unshare" in argv[0]:
            return Ran(1, "", "unshare: unshare failed: Operation not permitted")
        return host.machine.run(argv, text)

    with pytest.raises(FirewallError, match=r"cannot be rehearsed.*CAP_SYS_ADMIN"):
        ensure.compare(replace(host.machine, run=stingy), ensure.Wanted(NEW, (), (), tolerate_drops=False))
