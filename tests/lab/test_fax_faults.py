# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults between the offices, one after another: each fails the fax, and the one to blame is named. And a busy day."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.lab.offices import PAGE, PASSWORD, Offices, canary, changed, tiff, unlike

pytestmark = [pytest.mark.lab("fax"), pytest.mark.slow]


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


def test_after_all_of_that_one_comes_home(offices: Offices) -> None:
    # A modem that was refused or not heard registers again within a minute.
    offices.told("uk-fax", "systemctl restart faxnet-iaxmodem@ttyIAX0")
    offices.told("fl-fax", "systemctl restart faxnet-iaxmodem@ttyIAX0 faxnet-iaxmodem@ttyIAX1")
    assert canary(offices, canary_patience=240)["delivered"]


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
        nearest = []
        for number in range(20):
            (sent,) = offices.as_fax("uk-fax", PAGE.replace("NUMBER", str(number)))
            far = [unlike(sent, page) for (page,) in pictures]
            assert min(far) < 0.01, number
            nearest.append(far.index(min(far)))
        # Two numbers may look much alike: each page is nearest to another one that was sent.
        assert sorted(nearest) == list(range(20))
    finally:
        offices.inventories = own
        changed(offices.play("faxnet.deploy.plan"))
        changed(offices.play("faxnet.deploy.deploy"))
