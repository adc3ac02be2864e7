# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real page crosses the network: HylaFAX, iaxmodem and Asterisk, installed by the roles, behind the plan's own rules.

An office's PC hands it to its fax server, which calls the other office's through two NAT routers and an exchange. The
tests follow one another on the same hosts, as an administrator's day does.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.offices import PASSWORD, Offices, changed, unlike
from tools.lab import lifecycle
from tools.lab.fax import PAGE
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

# Sound that is late on a busy machine ends a call. It is made again, but nobody can say how often.
pytestmark = [pytest.mark.lab, pytest.mark.slow]

INVENTORY = Path(__file__).parents[2] / "inventories" / "fax"
FAX = ("fl-fax", "uk-fax", "fl-pc", "uk-pc")
ASTERISKS = ("exchange", "fl-pbx", "uk-pbx")
#: A document as Asterisk takes it.
AS_TIFF = (
    "gs -q -dNOPAUSE -dBATCH -sDEVICE=tiffg4 -r204x98 -g1728x1145 -sOutputFile=/srv/made.tif - && cat /srv/made.tif"
)


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """Hosts without rules and without services, planned; removed at the end."""
    podman, progress = find_podman(), Progress()
    lab = lifecycle.up(podman, INVENTORY, progress, name="fax")
    try:
        made = Offices(lab.container_of, (INVENTORY, lab.connection), tmp_path_factory.mktemp("fax"))
        planned = made.play("faxnet.deploy.plan")
        assert planned.returncode == 0, planned.stdout + planned.stderr
        yield made
    finally:
        lifecycle.down(podman, lifecycle.Which.named(lab.name), progress)


def test_check_mode_on_fresh_hosts_shows_the_change_and_makes_none(offices: Offices) -> None:
    would = changed(offices.play("faxnet.deploy.deploy", "--check"))
    assert all(would[host] > 1 for host in (*FAX, *ASTERISKS)), would
    for host in (*FAX, *ASTERISKS):
        traces = "ls -d /etc/hylafax /etc/iaxmodem /etc/asterisk /etc/systemd/system/faxnet-[fih]* 2>/dev/null || true"
        assert offices.told(host, traces) == ""


def test_the_services_are_installed_and_a_second_run_changes_nothing(offices: Offices) -> None:
    changed(offices.play("faxnet.deploy.deploy"))
    assert "Running and idle" in offices.told("fl-fax", "faxstat -s")
    peers = offices.told("exchange", "asterisk -rx 'iax2 show peers'")
    # Both come through their offices' routers.
    assert re.search(r"florida-1 +198\.51\.100\.31 .* OK", peers), peers
    assert re.search(r"sheffield-1 +203\.0\.113\.31 .* OK", peers), peers
    again = offices.play("faxnet.deploy.deploy", "--diff")
    assert set(changed(again).values()) == {0}, again.stdout


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


@pytest.mark.parametrize(("host", "mode"), [("fl-pc", "active"), ("uk-pc", "active"), ("uk-pc", "passive")])
def test_a_page_arrives_as_it_was_sent(offices: Offices, host: str, mode: str) -> None:
    """From beside the server; and across both routers, where the data connections need the helper on each of them."""
    before = len(offices.received("uk-fax"))
    page, another = (PAGE.replace("NUMBER", f"{before + number}{mode[0]}") for number in (1, 2))
    offices.told(host, "cat >/srv/page.ps", stdin=page)
    offices.told(host, f"echo 'PassiveMode: {'Yes' if mode == 'passive' else 'No'}' >~/.hylarc")
    ran = offices.send(host, "reception", PASSWORD, "5552", "/srv/page.ps")
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    described = offices.told("uk-fax", f"tiffinfo {arrived}")
    assert described.count("TIFF Directory at") == 1, described
    assert "Image Width: 1728" in described
    (received,) = offices.pixels("uk-fax", arrived)
    (sent,) = offices.as_fax("uk-fax", page)
    (other,) = offices.as_fax("uk-fax", another)
    assert unlike(sent, received) < 0.01
    # Another page is another picture: the comparison can fail.
    assert unlike(other, received) > 0.01


def test_the_offices_exchanges_know_each_other_through_both_routers(offices: Offices) -> None:
    for host, peer, address in (("fl-pbx", "sheffield", "203.0.113.31"), ("uk-pbx", "florida", "198.51.100.31")):
        contacts = offices.told(host, "asterisk -rx 'pjsip show contacts'")
        assert re.search(rf"{peer}/sip:{re.escape(address)}:5060 .* Avail", contacts), contacts
        listening = offices.told(host, "ss -Hlunp sport = :5060 | awk '{print $4}'")
        assert listening.split() == [offices.told(host, "hostname -I").split()[0] + ":5060"]


def tiff(offices: Offices, page: str) -> bytes:
    """A document as a TIFF file, made where there is a Ghostscript."""
    ran = subprocess.run(
        ["podman", "exec", "--interactive", offices.containers["uk-fax"], "sh", "-c", AS_TIFF],
        input=page.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return ran.stdout


def test_a_page_crosses_by_t38_from_exchange_to_exchange(offices: Offices) -> None:
    pages = PAGE.replace("NUMBER", "T1") + PAGE.replace("NUMBER", "T2")
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, pages))
    offices.told("fl-pbx", "faxnet-sendfax sheffield 5570 /srv/pages.tif")
    arrived = offices.eventually("uk-pbx", "ls /var/spool/asterisk/fax/*.tif 2>/dev/null", 120)
    offices.give("uk-fax", "/srv/arrived.tif", offices.taken("uk-pbx", f"cat {arrived}"))
    offices.give("uk-fax", "/srv/sent.tif", tiff(offices, pages))
    described = offices.told("uk-fax", "tiffinfo /srv/arrived.tif")
    assert described.count("TIFF Directory at") == 2, described
    assert "Image Width: 1728" in described
    sent, received = (offices.pixels("uk-fax", f"/srv/{name}.tif") for name in ("sent", "arrived"))
    assert [unlike(*both) < 0.01 for both in zip(sent, received, strict=True)] == [True, True]
    assert unlike(sent[0], received[1]) > 0.01
    log = offices.told("fl-pbx", "grep 'fax sent' /var/log/asterisk/messages")
    assert "fax sent: SUCCESS, 2 pages" in log


def test_a_page_by_t38_reaches_a_software_modem_through_the_gateway(offices: Offices) -> None:
    before = len(offices.received("uk-fax"))
    page = PAGE.replace("NUMBER", "GW")
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, page))
    offices.told("fl-pbx", "faxnet-sendfax sheffield 5562 /srv/pages.tif")
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    offices.give("uk-fax", "/srv/sent.tif", tiff(offices, page))
    (sent,), (received,) = (offices.pixels("uk-fax", name) for name in ("/srv/sent.tif", arrived))
    assert unlike(sent, received) < 0.01


def test_a_peer_reaches_no_number_that_is_not_the_exchanges_own(offices: Offices) -> None:
    """Whoever comes in does not go out again, where the same number dialled by a modem would."""
    assert "5571" in offices.told("uk-pbx", "asterisk -rx 'dialplan show 5571@faxnet'")
    offices.told("fl-pbx", "faxnet-sendfax sheffield 5571 /srv/pages.tif")
    offices.eventually("fl-pbx", "grep 'fax not sent' /var/log/asterisk/messages", 60)
    assert offices.told("fl-pbx", "ls -A /var/spool/asterisk/fax") == ""


def test_received_faxes_are_in_the_folder_and_in_the_mail_as_pdf(offices: Offices) -> None:
    count = len(offices.received("uk-fax"))
    assert count
    assert offices.told("uk-fax", "head -qc 5 /srv/fax/*.pdf") == "%PDF-" * count
    until = time.monotonic() + 30
    while "application/pdf" not in (mail := offices.told("uk-fax", "cat /var/mail/reception 2>/dev/null || true")):
        assert time.monotonic() < until, offices.told("uk-fax", "journalctl --no-pager | tail -n 30; ls -la /var/mail")
        time.sleep(1)
    assert "fax" in mail.partition("Subject:")[2].partition("\n")[0].lower()


@pytest.mark.parametrize(
    ("user", "password"), [("reception", "wrong"), ("nobody", PASSWORD)], ids=["wrong password", "unknown user"]
)
def test_who_may_not_use_the_server_is_refused(offices: Offices, user: str, password: str) -> None:
    ran = offices.send("fl-pc", user, password, "5552", "/srv/page.ps")
    assert ran.returncode != 0
    assert "530 Login incorrect" in ran.stdout


def test_a_host_that_the_plan_does_not_name_does_not_reach_the_server(offices: Offices) -> None:
    ran = offices.inside("exchange", "timeout", "4", "nc", "-w", "2", "198.51.100.31", "4559")
    assert (ran.returncode == 0, "HylaFAX" in ran.stdout) == (False, False)


def test_mistakes_in_the_modems_are_told_all_at_once_and_nothing_changes(offices: Offices) -> None:
    modems = [
        {"name": "ttyIAX0", "port": 4570},
        {"name": "ttyIAX0", "port": 4570, "peer": "x"},
        {"name": "a b", "peer": "y"},
    ]
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
    assert "Running and idle" in offices.told("fl-fax", "faxstat -s")


def test_it_is_removed_and_faxes_stay(offices: Offices) -> None:
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
