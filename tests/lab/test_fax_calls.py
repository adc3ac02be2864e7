# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faxes between the offices in every way there is: pages, covers, several at once, T.38, bad lines."""

from __future__ import annotations

import re

import pytest

from tests.lab.offices import PAGE, PASSWORD, WIDTH, Offices, canary, changed, pages_as_sent, tiff, unlike
from tools.lab import line
from tools.lab.inventory import Line
from tools.lab.podman import find_podman
from tools.lab.progress import Progress

pytestmark = [pytest.mark.lab("fax"), pytest.mark.labs]


@pytest.mark.parametrize("mode", [pytest.param("active", marks=pytest.mark.slow), "passive"])
def test_a_page_arrives_from_the_other_office(offices: Offices, mode: str) -> None:
    """Across both routers, where the data connections need the helper on each of them."""
    assert pages_as_sent(offices, "uk-pc", mode) == 1


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


def test_the_offices_exchanges_know_each_other_through_both_routers(offices: Offices) -> None:
    for host, peer, address in (("fl-pbx", "sheffield", "203.0.113.31"), ("uk-pbx", "florida", "198.51.100.31")):
        contacts = offices.told(host, "asterisk -rx 'pjsip show contacts'")
        assert re.search(rf"{peer}/sip:{re.escape(address)}:5060 .* Avail", contacts), contacts
        listening = offices.told(host, "ss -Hlunp sport = :5060 | awk '{print $4}'")
        assert listening.split() == [offices.told(host, "hostname -I").split()[0] + ":5060"]


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
    offices.give("fl-pbx", "/srv/pages.tif", tiff(offices, PAGE))
    offices.told("fl-pbx", "faxnet-sendfax sheffield 5571 /srv/pages.tif")
    offices.eventually("fl-pbx", "grep 'fax not sent' /var/log/asterisk/messages", 60)
    assert offices.told("fl-pbx", "ls -A /var/spool/asterisk/fax") == ""


def test_a_canary_comes_home(offices: Offices) -> None:
    verdict = canary(offices, canary_patience=240)
    assert (verdict["delivered"], verdict["text"]) == (True, "the page arrived, whole and as it was sent")
    page = (offices.directory / "faxnet" / "canary" / "index.html").read_text(encoding="utf-8")
    assert "florida to sheffield: 1 of the last 1 delivered" in page
    assert 'src="data:image/png;base64,iVBOR' in page
