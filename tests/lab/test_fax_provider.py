# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trunk at a provider: an office's Asterisk registers there by TCP through its router; T.38 faxes go both ways."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.offices import PAGE, Offices, changed, tiff, unlike

pytestmark = [pytest.mark.lab("fax"), pytest.mark.slow]

SECRET = "of-the-trunk"  # noqa: S105, of a lab
#: The exchange is the provider, and receives faxes itself.
PROVIDER = {
    "faxnet_offers": [{"service": "iax2"}, {"service": "asterisk", "exchanges": {"sip_tcp": True}}],
    "asterisk_fax_received_numbers": ["5590"],
}
TRUNK = {"registration": "inbound", "transport": "tcp", "name": "florida-trunk", "server": "fl-pbx"}
CUSTOMER = {
    "faxnet_uses": [
        {"service": "asterisk", "server": "uk-pbx"},
        {"service": "asterisk", "server": "exchange", "exchanges": {"sip_tcp": True}},
    ]
}
SHEFFIELD = {"name": "sheffield", "server": "uk-pbx", "numbers": ["_55[67]X"]}
CARRIER = {"name": "carrier", "server": "exchange", "registration": "outbound", "transport": "tcp",
           "username": "florida-trunk", "secret": SECRET, "numbers": ["5590"]}  # fmt: skip


def put(offices: Offices, secret: str) -> None:
    """Have the provider know the trunk by a secret, and deploy that."""
    hosts: dict[str, dict[str, Any]] = {
        "exchange": {**PROVIDER, "asterisk_fax_peers": [{**TRUNK, "secret": secret}]},
        "fl-pbx": {**CUSTOMER, "asterisk_fax_peers": [SHEFFIELD, CARRIER]},
    }
    (offices.directory / "trunk.yml").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    changed(offices.play("faxnet.deploy.plan"))
    changed(offices.play("faxnet.deploy.deploy"))


@pytest.fixture
def trunk(offices: Offices) -> Iterator[Offices]:
    """The offices with a trunk; without it at the end."""
    own = offices.inventories
    offices.inventories = (*own, offices.directory / "trunk.yml")
    try:
        put(offices, SECRET)
        yield offices
    finally:
        offices.inventories = own
        changed(offices.play("faxnet.deploy.plan"))
        changed(offices.play("faxnet.deploy.deploy"))


def arrives(offices: Offices, sender: str, call: str, receiver: str) -> None:
    """Send a page from one Asterisk to another; it must arrive as it was sent."""
    page = PAGE.replace("NUMBER", call[-2:])
    offices.told(receiver, "rm -f /var/spool/asterisk/fax/*.tif")
    offices.give(sender, "/srv/pages.tif", tiff(offices, page))
    offices.told(sender, f"faxnet-sendfax {call} /srv/pages.tif")
    arrived = offices.eventually(receiver, "ls /var/spool/asterisk/fax/*.tif 2>/dev/null", 120)
    offices.give("uk-fax", "/srv/arrived.tif", offices.taken(receiver, f"cat {arrived}"))
    offices.give("uk-fax", "/srv/sent.tif", tiff(offices, page))
    (sent,), (received,) = (offices.pixels("uk-fax", f"/srv/{name}.tif") for name in ("sent", "arrived"))
    assert unlike(sent, received) < 0.01


def test_a_registered_trunk_carries_faxes_both_ways_and_a_wrong_secret_none(trunk: Offices) -> None:
    trunk.eventually("fl-pbx", "asterisk -rx 'pjsip show registrations' | grep -w Registered", 90)
    # By TCP, as the provider sees it: from the office's router.
    contacts = trunk.eventually("exchange", "asterisk -rx 'pjsip show contacts' | grep florida-trunk/", 60)
    assert "@198.51.100.31:" in contacts
    assert "transport=tcp" in contacts.lower()
    arrives(trunk, "fl-pbx", "carrier 5590", "exchange")
    # The provider's call goes back through the connection that the registration holds open.
    arrives(trunk, "exchange", "florida-trunk 5571", "fl-pbx")
    put(trunk, "another")
    trunk.eventually("fl-pbx", "asterisk -rx 'pjsip show registrations' | grep -w Rejected", 90)
