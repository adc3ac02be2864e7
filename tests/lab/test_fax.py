# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real page crosses the network: HylaFAX, iaxmodem and Asterisk, installed by the roles, behind the plan's own rules.

An office's PC hands it to its fax server, which calls the other office's through two NAT routers and an exchange. The
tests follow one another on the same hosts, as an administrator's day does.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.offices import PAGE, PASSWORD, WIDTH, Offices, changed, unlike
from tools.lab import lifecycle, line
from tools.lab.inventory import Line
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

# Sound that is late on a busy machine ends a call. It is made again after five seconds: a page has four minutes.
pytestmark = [pytest.mark.lab, pytest.mark.labs]
SLOW = pytest.mark.slow

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


@pytest.mark.parametrize(
    ("host", "mode"), [("fl-pc", "active"), pytest.param("uk-pc", "active", marks=SLOW), ("uk-pc", "passive")]
)
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


def test_two_pages_go_at_once_on_two_modems(offices: Offices) -> None:
    before = len(offices.received("uk-fax"))
    pages = {number: PAGE.replace("NUMBER", number[2:]) for number in ("5552", "5554")}
    for number, page in pages.items():
        offices.told("fl-pc", f"cat >/srv/{number}.ps", stdin=page)
        ran = offices.send("fl-pc", "reception", PASSWORD, number, f"/srv/{number}.ps")
        assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    both = "test $(grep -il sending /var/spool/hylafax/status/ttyIAX[01] | wc -l) = 2 && echo both"
    offices.eventually("fl-fax", both, 90)
    arrived = offices.wait("uk-fax", before + 2)[before:]
    received = [offices.pixels("uk-fax", f"/var/spool/hylafax/{file}") for file in arrived]
    sent = [offices.as_fax("uk-fax", page) for page in pages.values()]
    assert [len(page) for page in received] == [1, 1]
    # Whichever came first.
    fits = [[unlike(one, other) < 0.01 for (other,) in received] for (one,) in sent]
    assert fits in ([[True, False], [False, True]], [[False, True], [True, False]])


#: A cover page: faxcover puts who sends and to whom before it, as procedures.
COVER = """%!PS
/Helvetica-Bold findfont 40 scalefont setfont 60 600 moveto (OUR COVER) show
/Helvetica findfont 30 scalefont setfont 60 500 moveto (from ) show from show 30 setlinewidth 60 300 400 100 rectstroke
showpage
"""


def test_pages_with_a_cover_of_ones_own_go_as_one_fax(offices: Offices) -> None:
    cover = offices.directory / "cover.ps"
    cover.write_text(COVER, encoding="utf-8")
    settings = {"hylafax_client_cover_page": str(cover), "hylafax_client_sender": "Reception"}
    play = ("faxnet.deploy.deploy", "--tags", "services", "--limit", "fl-pc")
    assert changed(offices.play(*play, **settings))["fl-pc"] > 0
    assert changed(offices.play(*play, **settings))["fl-pc"] == 0
    before = len(offices.received("uk-fax"))
    pages = "".join(PAGE.replace("NUMBER", f"C{number}") for number in (1, 2))
    offices.told("fl-pc", "cat >/srv/pages.ps", stdin=pages)
    ran = offices.send("fl-pc", "reception", PASSWORD, "5552", "/srv/pages.ps", cover=True)
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    received, sent = offices.pixels("uk-fax", arrived), offices.as_fax("uk-fax", pages)
    assert (len(received), len(sent)) == (3, 2)
    assert [unlike(*both) < 0.01 for both in zip(sent, received[1:], strict=True)] == [True, True]
    (drawn,) = offices.as_fax("uk-fax", COVER.replace("from show", "(Reception) show"))
    # HylaFAX leaves out the white below it, and the shorter page is drawn further down.
    moved = [received[0][rows * WIDTH :] + b"\xff" * (rows * WIDTH) for rows in range(100)]
    assert min(unlike(drawn, page) for page in moved) < 0.01
    assert min(unlike(sent[0], page) for page in moved) > 0.5
    # Without it, the package's own is used again.
    assert changed(offices.play(*play))["fl-pc"] > 0
    assert offices.told("fl-pc", "ls /etc/hylafax; grep Template /etc/hylafax/hyla.conf || true").count("faxnet") == 0


@SLOW
def test_a_busy_number_is_called_again(offices: Offices) -> None:
    """Somebody else is on the line, who sends nothing and hangs up after a while."""
    before = len(offices.received("uk-fax"))
    busy = "grep -c 'Busy signal detected' /var/spool/hylafax/log/xferfaxlog || true"
    heard = int(offices.told("fl-fax", busy))
    offices.eventually("uk-fax", "grep idle /var/spool/hylafax/status/ttyIAX0", 60)
    time.sleep(5)  # just after a call a modem takes no other one
    offices.told("exchange", "asterisk -rx 'channel originate IAX2/sheffield-1 application Wait 30'")
    offices.eventually("uk-fax", "grep -iE 'answering|receiving' /var/spool/hylafax/status/ttyIAX0", 30)
    offices.told("fl-pc", "cat >/srv/page.ps", stdin=PAGE.replace("NUMBER", "B"))
    ran = offices.send("fl-pc", "reception", PASSWORD, "5552", "/srv/page.ps")
    assert "request id is" in ran.stdout, ran.stdout + ran.stderr
    offices.eventually("fl-fax", f"test $({busy}) -gt {heard} && echo busy", 60)
    assert len(offices.wait("uk-fax", before + 1)) == before + 1


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


def test_a_page_by_t38_reaches_a_software_modem_through_the_gateway(offices: Offices) -> None:
    before = len(offices.received("uk-fax"))
    page = PAGE.replace("NUMBER", "GW")
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, page))
    offices.told("fl-pbx", "faxnet-sendfax sheffield 5562 /srv/pages.tif")
    arrived = f"/var/spool/hylafax/{offices.wait('uk-fax', before + 1)[-1]}"
    offices.give("uk-fax", "/srv/sent.tif", tiff(offices, page))
    (sent,), (received,) = (offices.pixels("uk-fax", name) for name in ("/srv/sent.tif", arrived))
    assert unlike(sent, received) < 0.01


def test_a_page_by_t38_bears_a_line_that_loses_packets(offices: Offices) -> None:
    """Five of a hundred each way, and a tenth of a second of delay: no sound would pass."""
    podman, progress = find_podman(), Progress()
    offices.told("uk-pbx", "rm -f /var/spool/asterisk/fax/*.tif")
    page = PAGE.replace("NUMBER", "L1")
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, page))
    line.make_bad(podman, "fax", "uk-router", Line(loss=5, delay=50, jitter=10), progress)
    try:
        offices.told("fl-pbx", "faxnet-sendfax sheffield 5570 /srv/pages.tif")
        arrived = offices.eventually("uk-pbx", "ls /var/spool/asterisk/fax/*.tif 2>/dev/null", 120)
    finally:
        told = line.mend(podman, "fax", progress)
    # The line was a bad one indeed.
    assert re.fullmatch(r"lost [1-9]\d* of [1-9]\d{2,} packets", told["uk-router"]), told
    offices.give("uk-fax", "/srv/arrived.tif", offices.taken("uk-pbx", f"cat {arrived}"))
    offices.give("uk-fax", "/srv/sent.tif", tiff(offices, page))
    (sent,), (received,) = (offices.pixels("uk-fax", f"/srv/{name}.tif") for name in ("sent", "arrived"))
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


def canary(offices: Offices, **values: object) -> dict[str, object]:
    """Make the inventory's call; what came of it."""
    ran = offices.play("faxnet.deploy.canary", **{"canary_patience": 45, "canary_fail": False, **values})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr
    kept = offices.directory / "faxnet" / "canary" / "florida-to-sheffield.json"
    found: dict[str, object] = json.loads(kept.read_text(encoding="utf-8"))[0]
    return found


def test_a_canary_comes_home(offices: Offices) -> None:
    verdict = canary(offices, canary_patience=240)
    assert (verdict["delivered"], verdict["text"]) == (True, "the page arrived, whole and as it was sent")
    page = (offices.directory / "faxnet" / "canary" / "index.html").read_text(encoding="utf-8")
    assert "florida to sheffield: 1 of the last 1 delivered" in page
    assert 'src="data:image/png;base64,iVBOR' in page


@SLOW
def test_a_test_fax_is_a_picture_in_the_report(offices: Offices) -> None:
    ran = offices.play("faxnet.deploy.verify", faxnet_test_fax="florida to sheffield")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = offices.directory / "faxnet" / "report"
    page = (report / "index.html").read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,iVBOR' in page
    assert "with this plan" in page
    (sent,) = json.loads((report / "report.json").read_text(encoding="utf-8"))["test_pages"]
    assert (sent["call"], sent["delivered"]) == ("florida to sheffield", True)
    ran = offices.play("faxnet.deploy.verify", faxnet_test_fax="nobody knows it")
    assert ran.returncode != 0
    assert "none of its calls has the name that was asked for" in ran.stdout


#: A table beside those of the plan, whose rules come first.
BLOCK = (
    "nft add table inet block; nft 'add chain inet block f {{ type filter hook {hook} priority -100; }}'; nft {rule}"
)
UNBLOCK = "nft delete table inet block"
#: Where a host's rules are kept while a part of them is away.
KEPT = "/tmp/rules.nft"  # noqa: S108, of a container
NO_HELPER = f"""nft list table inet faxnet >{KEPT}
nft -a list table inet faxnet | awk '
  /^\\tchain/ {{ chain = $2 }} /ct helper set/ {{ print "delete rule inet faxnet " chain " handle " $NF }}' | nft -f -
! nft list table inet faxnet | grep 'ct helper set'
"""
HELPER = f"(echo 'delete table inet faxnet'; cat {KEPT}) | nft -f -"
#: Both of fl-fax: with one of them a page still goes out.
MODEMS = " ".join(f"faxnet-{what}@ttyIAX{number}" for what in ("iaxmodem", "faxgetty") for number in (0, 1))
CALL = {"name": "florida to sheffield", "from": "fl-pc", "to": "uk-fax", "number": "5552", "user": "reception"}
RIGHT = {**CALL, "password": PASSWORD}
#: By fault: on which host, how it is made and unmade, what else the call gets, who is to blame, and what is said.
FAULTS: dict[str, tuple[str, str, str, dict[str, object], str, str]] = {
    "the control port is closed": ("fl-fax", BLOCK.format(hook="input", rule="add rule inet block f tcp dport 4559 drop"), UNBLOCK, {}, "network", "not reached"),  # noqa: E501, a table
    "no server runs": ("fl-fax", "systemctl stop faxnet-hfaxd@10.31.1.10", "systemctl start faxnet-hfaxd@10.31.1.10", {}, "fax", "no HylaFAX server runs there"),  # noqa: E501, a table
    "a helper is off": ("fl-pc", NO_HELPER, HELPER, {}, "network", "the data connection beside it does not"),
    "a wrong password": ("fl-fax", "true", "true", {"faxnet_canaries": [{**CALL, "password": "wrong"}]}, "fax", "does not let it in"),  # noqa: E501, a table
    "not on the list": ("fl-fax", "cp -p /etc/hylafax/hosts.hfaxd /srv/; sed -i '/reception/d' /etc/hylafax/hosts.hfaxd", "cp -p /srv/hosts.hfaxd /etc/hylafax/", {}, "fax", "does not let it in"),  # noqa: E501, a table
    "a dead modem": ("fl-fax", f"systemctl stop {MODEMS}; rm -f /dev/ttyIAX*", f"systemctl start {MODEMS}", {}, "fax", "on the sending server the modem ttyIAX0 has no device"),  # noqa: E501, a table
    "the sender's router is shut": ("fl-router", BLOCK.format(hook="forward", rule="add rule inet block f udp dport 4569 drop"), UNBLOCK, {}, "network", "iax2.iax/fl-fax>exchange"),  # noqa: E501, a table
    "the receiver's router is shut": ("uk-router", BLOCK.format(hook="forward", rule="add rule inet block f udp dport 4569 drop"), UNBLOCK, {}, "network", "iax2.iax/uk-fax>exchange"),  # noqa: E501, a table
    "a wrong secret": ("uk-fax", "cp -p /etc/iaxmodem/ttyIAX0 /srv/; sed -i 's/^secret .*/secret wrong/' /etc/iaxmodem/ttyIAX0; systemctl restart faxnet-iaxmodem@ttyIAX0", "cp -p /srv/ttyIAX0 /etc/iaxmodem/; systemctl restart faxnet-iaxmodem@ttyIAX0", {}, "fax", "the exchange refuses the modem ttyIAX0"),  # noqa: E501, a table
    "a wrong number": ("fl-fax", "true", "true", {"faxnet_canaries": [{**RIGHT, "number": "5999"}]}, "fax", "all packets get through"),  # noqa: E501, a table
    "nobody answers": ("uk-fax", "systemctl stop faxnet-faxgetty@ttyIAX0", "systemctl start faxnet-faxgetty@ttyIAX0", {}, "fax", "on the receiving server nothing answers calls to the modem ttyIAX0"),  # noqa: E501, a table
    "no room": ("uk-fax", "mount -t tmpfs -o size=64k,mode=1777 tmpfs /var/spool/hylafax/recvq; dd if=/dev/zero of=/var/spool/hylafax/recvq/full bs=64k count=2 2>/dev/null || true", "umount -l /var/spool/hylafax/recvq", {}, "fax", "there is no room for a page"),  # noqa: E501, a table
    "the exchange is down": ("exchange", "systemctl stop asterisk", "systemctl start asterisk", {}, "fax", "nothing listens on port 4569 of exchange"),  # noqa: E501, a table
}  # fmt: skip


@SLOW
@pytest.mark.parametrize("fault", FAULTS)
def test_a_canary_that_does_not_come_home_says_who_is_to_blame(offices: Offices, fault: str) -> None:
    host, made, unmade, values, blame, text = FAULTS[fault]
    offices.told(host, made)
    try:
        verdict = canary(offices, **values)
    finally:
        offices.told(host, unmade)
        # What waits would be sent later, into the next call.
        offices.told("fl-fax", "systemctl stop faxq; rm -f /var/spool/hylafax/sendq/q[0-9]*; systemctl start faxq")
    assert (verdict["delivered"], verdict["blame"]) == (False, blame), verdict
    assert text in str(verdict["text"]), verdict
    assert verdict["cure"]


@SLOW
def test_after_all_of_that_one_comes_home(offices: Offices) -> None:
    # A modem that was refused or not heard registers again within a minute.
    offices.told("uk-fax", "systemctl restart faxnet-iaxmodem@ttyIAX0")
    offices.told("fl-fax", "systemctl restart faxnet-iaxmodem@ttyIAX0 faxnet-iaxmodem@ttyIAX1")
    assert canary(offices, canary_patience=240)["delivered"]


@SLOW
def test_a_closed_media_range_fails_the_fax_and_is_named(offices: Offices) -> None:
    told = "grep -c 'fax sent: FAILED' /var/log/asterisk/messages || true"
    before = int(offices.told("fl-pbx", told))
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, PAGE.replace("NUMBER", "M1")))
    # All of it but the ports that calls of the software modems have.
    rule = "add rule inet block f udp dport { 4000-4568, 4600-4999 } drop"
    offices.told("uk-router", BLOCK.format(hook="forward", rule=f"'{rule}'"))
    try:
        offices.told("fl-pbx", "faxnet-sendfax sheffield 5570 /srv/pages.tif")
        offices.eventually("fl-pbx", f"test $({told}) -gt {before} && echo failed", 240)
        ran = offices.play("faxnet.deploy.verify")
    finally:
        offices.told("uk-router", UNBLOCK)
    assert ran.returncode != 0
    report = json.loads((offices.directory / "faxnet" / "report" / "report.json").read_text(encoding="utf-8"))
    blocked = {check["flow"] for check in report["checks"] if check["verdict"] == "failed"}
    assert "asterisk.udptl/fl-pbx>uk-pbx" in blocked, blocked
    assert {flow.partition("/")[0] for flow in blocked} <= {"asterisk.udptl", "asterisk.udptl_out"}


#: Four modems in each office, of whatever number of the inventory's own.
MODEMS_OF = {"fl-fax": ("florida", 5591), "uk-fax": ("sheffield", 5595)}


@SLOW
def test_of_twenty_faxes_on_four_modems_none_is_lost_while_rules_change(offices: Offices) -> None:
    modems = {
        host: [
            {"name": f"ttyIAX{place}", "peer": f"load-{office}-{place}", "secret": f"s{number + place}",
             "port": 4570 + place, "number": str(number + place)} for place in range(4)
        ] for host, (office, number) in MODEMS_OF.items()
    }  # fmt: skip
    at_exchange = [
        {"name": modem["peer"], "secret": modem["secret"], "number": modem["number"]}
        for each in modems.values() for modem in each
    ]  # fmt: skip
    hosts: dict[str, Any] = {host: {"hylafax_server_modems": each} for host, each in modems.items()}
    hosts["exchange"] = {"asterisk_fax_modems": at_exchange}
    more = offices.directory / "load.yml"
    more.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    others = {"all": {"vars": {"faxnet_permits": [{"name": "web", "ports": "8080", "sources": ["192.0.2.0/24"]}]}}}
    permits = offices.directory / "permits.yml"
    permits.write_text(json.dumps(others), encoding="utf-8")
    own = offices.inventories
    try:
        offices.inventories = (*own, more)
        changed(offices.play("faxnet.deploy.plan"))
        changed(offices.play("faxnet.deploy.deploy"))
        before = len(offices.received("uk-fax"))
        for number in range(20):
            offices.told("fl-pc", "cat >/srv/load.ps", stdin=PAGE.replace("NUMBER", str(number)))
            ran = offices.send("fl-pc", "reception", PASSWORD, str(5595 + number % 4), "/srv/load.ps")
            assert "request id is" in ran.stdout, ran.stdout + ran.stderr
        offices.eventually(
            "fl-fax", "test $(grep -il sending /var/spool/hylafax/status/tty* | wc -l) -ge 3 && echo busy", 120
        )
        for inventories in ((*own, more, permits), (*own, more)):
            offices.inventories = inventories
            changed(offices.play("faxnet.deploy.plan"))
            rules = changed(offices.play("faxnet.deploy.deploy", "--tags", "rules"))
            assert all(rules[host] for host in ("fl-router", "uk-router", "fl-fax", "uk-fax", "exchange")), rules
        arrived = offices.wait("uk-fax", before + 20, 900)[before:]
        pictures = [offices.pixels("uk-fax", f"/var/spool/hylafax/{file}") for file in arrived]
        assert [len(pages) for pages in pictures] == [1] * 20
        for number in range(20):
            (sent,) = offices.as_fax("uk-fax", PAGE.replace("NUMBER", str(number)))
            assert sum(unlike(sent, page) < 0.01 for (page,) in pictures) == 1, number
    finally:
        offices.inventories = own
        changed(offices.play("faxnet.deploy.plan"))
        changed(offices.play("faxnet.deploy.deploy"))


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
