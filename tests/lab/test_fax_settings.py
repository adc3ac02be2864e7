# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The offices' fax services as their administrators have them: access, mistakes, what others set up, removal."""

from __future__ import annotations

import re

import pytest

from tests.lab.offices import PAGE, PASSWORD, Offices, changed, pages_as_sent

pytestmark = [pytest.mark.lab("fax"), pytest.mark.labs]


def test_the_server_listens_where_it_is_meant_to_and_nowhere_else(offices: Offices) -> None:
    listening = offices.told("fl-fax", "ss -Hltn | awk '{print $4}'").split()
    assert sorted(each for each in listening if each.endswith((":4559", ":444"))) == [
        "10.31.1.10:4559",
        "127.0.0.1:4559",
    ]


def test_no_secret_is_shown(offices: Offices) -> None:
    ran = offices.play("faxnet.deploy.deploy", "--check", "--diff", "-vv", reception_password="another-secret")  # noqa: S106, of a lab
    assert changed(ran)["fl-fax"] == 1
    assert "^reception@10" in ran.stdout or "censored" in ran.stdout or "no_log" in ran.stdout
    for secret in ("another-secret", PASSWORD, "first secret", "second secret", "$6$"):
        assert secret not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("user", "password"), [("reception", "wrong"), ("nobody", PASSWORD)], ids=["wrong password", "unknown user"]
)
def test_who_may_not_use_the_server_is_refused(offices: Offices, user: str, password: str) -> None:
    offices.told("fl-pc", "cat >/srv/page.ps", stdin=PAGE)
    ran = offices.send("fl-pc", user, password, "5552", "/srv/page.ps")
    assert ran.returncode != 0
    assert "530 Login incorrect" in ran.stdout


def test_a_host_that_the_plan_does_not_name_does_not_reach_the_server(offices: Offices) -> None:
    ran = offices.inside("exchange", "timeout", "4", "nc", "-w", "2", "198.51.100.31", "4559")
    assert (ran.returncode == 0, "HylaFAX" in ran.stdout) == (False, False)


def test_a_server_that_somebody_else_set_up_is_asked_about(offices: Offices) -> None:
    unit, settings = "/etc/systemd/system/faxnet-hfaxd@.service", "cat /etc/hylafax/* 2>/dev/null | sha256sum"
    play = ("faxnet.deploy.deploy", "--tags", "services", "--limit", "fl-fax")
    before = offices.told("fl-fax", settings)
    offices.told("fl-fax", f"mv {unit} /srv/")
    try:
        ran, looked = offices.play(*play), offices.play(*play, "--check", "--diff")
        allowed = offices.play(*play, "--check", hylafax_server_replace=True)
    finally:
        offices.told("fl-fax", f"mv /srv/{unit.rpartition('/')[2]} {unit}")
    assert ran.returncode != 0
    for said in (ran.stdout, looked.stdout):
        for part in ("hylafax_server_replace", "/etc/hylafax/config.ttyIAX0", "/etc/hylafax/hosts.hfaxd", "10.31.1.10"):
            assert part in said, part
    assert changed(looked)["fl-fax"] > 0
    assert "hylafax_server_replace" not in allowed.stdout
    assert changed(allowed)["fl-fax"] > 0
    assert offices.told("fl-fax", settings) == before


def test_an_asterisk_in_use_is_asked_about_peers_of_the_older_channel(offices: Offices) -> None:
    made = """sed -i 's/^noload => chan_sip.so/;&/' /etc/asterisk/faxnet_modules.conf
    printf '\\n[old-phone]\\ntype=peer\\nhost=10.31.2.99\\n' >>/etc/asterisk/sip.conf; systemctl restart asterisk"""
    unmade = """sed -i 's/^;noload/noload/' /etc/asterisk/faxnet_modules.conf
    sed -i '/old-phone/,$d' /etc/asterisk/sip.conf; systemctl restart asterisk"""
    settings = "cat /etc/asterisk/faxnet_* | sha256sum"
    offices.told("uk-pbx", made)
    try:
        offices.eventually("uk-pbx", "asterisk -rx 'sip show peers' | grep '^1 sip peers'", 60)
        before = offices.told("uk-pbx", settings)
        ran = offices.play("faxnet.deploy.deploy", "--tags", "services", "--limit", "uk-pbx")
        assert ran.returncode != 0
        assert "asterisk_fax_replace_chan_sip: true" in ran.stdout
        assert offices.told("uk-pbx", settings) == before
    finally:
        offices.told("uk-pbx", unmade)
    offices.eventually("uk-pbx", "asterisk -rx 'pjsip show contacts' | grep Avail", 90)


def test_a_scheduler_that_is_restarted_while_a_page_is_sent_stays_the_only_one(offices: Offices) -> None:
    before = len(offices.received("uk-fax"))
    offices.told("fl-pc", "cat >/srv/page.ps", stdin=PAGE.replace("NUMBER", "S"))
    ran = offices.send("fl-pc", "reception", PASSWORD, "5552", "/srv/page.ps")
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    offices.eventually("fl-fax", "grep -il sending /var/spool/hylafax/status/ttyIAX[01]", 60)
    # The second one finds what the first one has started, beside what still sends.
    for _time in range(2):
        offices.told("fl-fax", "systemctl restart faxq; sleep 1")
    assert len(offices.told("fl-fax", "pgrep -x faxq").split()) == 1
    # The page goes on meanwhile.
    assert len(offices.wait("uk-fax", before + 1)) == before + 1


def test_mistakes_in_the_modems_are_told_all_at_once_and_nothing_changes(offices: Offices) -> None:
    modems = [
        {"name": "ttyIAX0", "port": 4570},
        {"name": "ttyIAX0", "port": 4570, "peer": "x"},
        {"name": "a b", "peer": "y"},
    ]
    settings = "cat /etc/iaxmodem/* /etc/hylafax/config* | sha256sum"
    before = offices.told("fl-fax", settings)
    ran = offices.play("faxnet.deploy.deploy", "--tags", "services", "--limit", "fl-fax", hylafax_server_modems=modems)
    said = " ".join(ran.stdout.split())
    assert ran.returncode != 0
    for part in (
        "[0].name: ttyIAX0 is there 2 times",
        "[1].port: 4570 is there 2 times",
        "[0].peer: missing",
        "'a b' is no",
    ):
        assert f"hylafax_server_modems{part}" in said or part in said, said
    assert offices.told("fl-fax", settings) == before


def test_it_is_removed_and_faxes_stay(offices: Offices) -> None:
    if not offices.received("uk-fax"):
        assert pages_as_sent(offices, "fl-pc", "active") == 1
    offices.served = False
    roles = {
        "uk-fax": "hylafax_server", "uk-pc": "hylafax_client", "exchange": "asterisk_fax",
    }  # fmt: skip
    for host, role in roles.items():
        play = offices.directory / "remove.yml"
        play.write_text(
            f"- hosts: {host}\n  gather_facts: false\n  roles: [faxnet.deploy.{role}]\n"
            f"  vars: {{{role}_state: absent}}\n",
            encoding="utf-8",
        )
        assert changed(offices.play(str(play)))[host] > 0
        assert changed(offices.play(str(play))) == {host: 0}
    left = offices.told(
        "uk-fax", "ls /etc/systemd/system; ls /var/spool/hylafax/recvq; ls /srv/fax; pgrep -l 'fax|iax' || true"
    )
    assert "faxnet-iaxmodem" not in left
    assert "faxnet-faxgetty" not in left
    assert re.search(r"fax0+1\.tif", left)
    assert re.search(r"fax0+1\.pdf", left)
