# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real page crosses the network: HylaFAX, iaxmodem and Asterisk, installed by the roles, behind the plan's own rules.

An office's PC hands it to its fax server, which calls the other office's through two NAT routers and an exchange; there
it lies in a folder and in the mail. What else such offices do is in the files beside this one, on the same hosts.
"""

from __future__ import annotations

import re
import time

import pytest

from tests.lab.offices import ASTERISKS, FAX, Offices, changed, pages_as_sent

pytestmark = pytest.mark.lab("fax")


def test_check_mode_on_fresh_hosts_shows_the_change_and_makes_none(fresh_offices: Offices) -> None:
    would = changed(fresh_offices.play("faxnet.deploy.deploy", "--check"))
    assert would.keys() > {*FAX, *ASTERISKS}
    assert all(would[host] > 1 for host in (*FAX, *ASTERISKS)), would
    for host in (*FAX, *ASTERISKS):
        traces = "ls -d /etc/hylafax /etc/iaxmodem /etc/asterisk /etc/systemd/system/faxnet-[fih]* 2>/dev/null || true"
        assert fresh_offices.told(host, traces) == ""


def test_the_services_are_installed_and_a_second_run_changes_nothing(fresh_offices: Offices) -> None:
    fresh_offices.serve()
    assert "Running and idle" in fresh_offices.told("fl-fax", "faxstat -s")
    peers = fresh_offices.told("exchange", "asterisk -rx 'iax2 show peers'")
    # Both come through their offices' routers.
    assert re.search(r"florida-1 +198\.51\.100\.31 .* OK", peers), peers
    assert re.search(r"sheffield-1 +203\.0\.113\.31 .* OK", peers), peers
    again = fresh_offices.play("faxnet.deploy.deploy", "--diff")
    assert set(changed(again).values()) == {0}, again.stdout


def test_three_pages_arrive_as_they_were_sent(offices: Offices) -> None:
    assert pages_as_sent(offices, "fl-pc", "active", pages=3) == 3


def test_received_faxes_are_in_the_folder_and_in_the_mail_as_pdf(offices: Offices) -> None:
    count = len(offices.received("uk-fax"))
    assert count, "no fax arrived before"
    assert offices.told("uk-fax", "head -qc 5 /srv/fax/*.pdf") == "%PDF-" * count
    until = time.monotonic() + 30
    while "application/pdf" not in (mail := offices.told("uk-fax", "cat /var/mail/reception 2>/dev/null || true")):
        assert time.monotonic() < until, offices.told("uk-fax", "journalctl --no-pager | tail -n 30; ls -la /var/mail")
        time.sleep(1)
    assert "fax" in mail.partition("Subject:")[2].partition("\n")[0].lower()
