# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad values in profiles that users write: what an exchange's keys may be, and what they say of one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.inventory.mistakes import Mistake
from tests.unit.inventory.products import (
    ALERT,
    ANSWER,
    CONTROL,
    FILES,
    NAMES,
    PRODUCTS,
    products,
    profile_of_its_own,
)
from tests.unit.networks import Network


def _exchange(name: str, index: int, **keys: Any) -> Callable[[Network], object]:
    """A profile of its own, with keys of one exchange changed (`with_` is `with`)."""
    return profile_of_its_own(
        name, lambda profile: profile["exchanges"][index].update({key.rstrip("_"): keys[key] for key in keys})
    )


def _exchange_without(name: str, index: int, key: str) -> Callable[[Network], object]:
    return profile_of_its_own(name, lambda profile: profile["exchanges"][index].pop(key))


MISTAKES = {
    "idle: none at all": Mistake(
        _exchange("p-idle", CONTROL, idle=0),
        "FXN209", "", "faxnet_services.p-idle.exchanges[0].idle", "0", "number",
    ),
    "idle: a time with its unit": Mistake(
        _exchange("p-unit", CONTROL, idle="5 min"),
        "FXN209", "", "faxnet_services.p-unit.exchanges[0].idle", "5 min", "number",
    ),
    "idle: longer than a kernel can count": Mistake(
        _exchange("p-long", CONTROL, idle=2147484),
        "FXN209", "", "faxnet_services.p-long.exchanges[0].idle", "2147484", "shorter",
    ),
    "helper for TCP, by UDP": Mistake(
        _exchange("p-udp", CONTROL, helper="ftp"),
        "FXN209", "", "faxnet_services.p-udp.exchanges[0].helper", "ftp", "omit it",
    ),
    "helper that the kernel has and the collection does not set": Mistake(
        _exchange("p-helper", FILES, helper="sip"),
        "FXN209", "", "faxnet_services.p-helper.exchanges[3].helper", "sip", "ftp",
    ),
    "source_ports that everybody may choose": Mistake(
        _exchange("p-any", ALERT, source_ports="any"),
        "FXN209", "", "faxnet_services.p-any.exchanges[2].source_ports", "any", "from 1 to 65535",
    ),
    "source_ports: addresses": Mistake(
        _exchange("p-from", ALERT, source_ports="resolvers"),
        "FXN209", "", "faxnet_services.p-from.exchanges[2].source_ports", "resolvers", "holds ports",
    ),
    "ports: addresses": Mistake(
        _exchange("p-ports", FILES, ports="resolvers"),
        "FXN209", "", "faxnet_services.p-ports.exchanges[3].ports", "resolvers", "holds ports",
    ),
    "part_of nothing": Mistake(
        _exchange("p-part", ANSWER, part_of="question"),
        "FXN209", "", "faxnet_services.p-part.exchanges[1].part_of", "question", "control, alert",
    ),
    "part_of itself": Mistake(
        _exchange("p-self", ANSWER, part_of="answer"),
        "FXN209", "", "faxnet_services.p-self.exchanges[1].part_of", "answer", "control, alert",
    ),
    "part_of a part": Mistake(
        _exchange("p-parts", FILES, part_of="answer"),
        "FXN209", "", "faxnet_services.p-parts.exchanges[3].part_of", "answer", "control, alert",
    ),
    "rides_on what the server starts": Mistake(
        _exchange("p-ride", ALERT, rides_on="names"),
        "FXN209", "", "faxnet_services.p-ride.exchanges[2].rides_on", "names", "the client starts",
    ),
    "rides_on what only the Internet sends": Mistake(
        _exchange("p-far2", CONTROL, with_="internet"),
        "FXN209", "", "faxnet_services.p-far2.exchanges[2].rides_on", "control", "the client starts",
    ),
    "rides_on what passes no NAT": Mistake(
        _exchange("p-near", CONTROL, only="one_network"),
        "FXN209", "", "faxnet_services.p-near.exchanges[2].rides_on", "control", "the client starts",
    ),
    "rides_on another transport": Mistake(
        _exchange("p-tcp", ALERT, rides_on="files"),
        "FXN209", "", "faxnet_services.p-tcp.exchanges[2].rides_on", "files", "by udp",
    ),
    "rides_on without idle": Mistake(
        _exchange_without("p-short", ALERT, "idle"),
        "FXN209", "", "faxnet_services.p-short.exchanges[2].rides_on", "control", "set 'idle'",
    ),
    "rides_on to a known port": Mistake(
        _exchange("p-known", ALERT, ports=9222),
        "FXN209", "", "faxnet_services.p-known.exchanges[2].rides_on", "control", "the client starts",
    ),
    "with nobody that there is": Mistake(
        _exchange("p-with", NAMES, with_="world"),
        "FXN209", "", "faxnet_services.p-with.exchanges[5].with", "world", "everyone, named, resolvers",
    ),
    "with a setting of another kind": Mistake(
        _exchange("p-kind", NAMES, with_="media"),
        "FXN209", "", "faxnet_services.p-kind.exchanges[5].with", "media", "everyone, named, resolvers",
    ),
    "with addresses that a client would talk to": Mistake(
        _exchange("p-whom", FILES, with_="resolvers"),
        "FXN209", "", "faxnet_services.p-whom.exchanges[3].with", "resolvers", "let the server start it",
    ),
    "only in a place that is none": Mistake(
        _exchange("p-only", ANSWER, only="one_site"),
        "FXN209", "", "faxnet_services.p-only.exchanges[1].only", "one_site", "one_network",
    ),
    "kind that is none": Mistake(
        _exchange("p-sort", CONTROL, kind="question"),
        "FXN209", "", "faxnet_services.p-sort.exchanges[0].kind", "question", "request",
    ),
    "default that is neither true nor false": Mistake(
        _exchange("p-default", NAMES, default="off, mostly"),
        "FXN209", "", "faxnet_services.p-default.exchanges[5].default", "off, mostly", "true or false",
    ),
    "broadcast that nothing answers": Mistake(
        profile_of_its_own("p-shout", lambda profile: profile["broadcast"].update(response="alert")),
        "FXN209", "", "faxnet_services.p-shout.broadcast.response", "alert", "answer",
    ),
    "broadcast with an instruction that cannot be filled in": Mistake(
        profile_of_its_own("p-far", lambda profile: profile["broadcast"].update(far_instruction="Enter {adress}.")),
        "FXN209", "", "faxnet_services.p-far.broadcast.far_instruction", "Enter {adress}.", "dial",
    ),
    "broadcast instruction without a broadcast": Mistake(
        profile_of_its_own("p-mute", lambda profile: profile.pop("broadcast")),
        "FXN209", "", "faxnet_services.p-mute.instructions[0]", "{broadcast_instruction}", "dial",
    ),
    "mapped_ipv4 that is neither true nor false": Mistake(
        profile_of_its_own("p-mapped", lambda profile: profile.update(mapped_ipv4="by_default")),
        "FXN209", "", "faxnet_services.p-mapped.mapped_ipv4", "by_default", "true or false",
    ),
    "setting of a kind that is none": Mistake(
        profile_of_its_own("p-range", lambda profile: profile["settings"]["media"].update(kind="range")),
        "FXN209", "", "faxnet_services.p-range.settings.media.kind", "range", "port, ports, addresses",
    ),
    "setting's range reversed": Mistake(
        profile_of_its_own("p-back", lambda profile: profile["settings"]["media"].update(default="20099-20000")),
        "FXN209", "", "faxnet_services.p-back.settings.media.default", "20099-20000", "range",
    ),
    "setting's addresses as a text": Mistake(
        profile_of_its_own("p-addr", lambda profile: profile["settings"]["resolvers"].update(default="192.0.2.53")),
        "FXN209", "", "faxnet_services.p-addr.settings.resolvers.default", "192.0.2.53", "list",
    ),
    "setting with a name that means something else": Mistake(
        profile_of_its_own("p-word", lambda profile: profile["settings"].update(internet={"default": 9230})),
        "FXN209", "", "faxnet_services.p-word.settings.internet", "internet", "another name",
    ),
    "setting well known to whom": Mistake(
        profile_of_its_own("p-known2", lambda profile: profile["settings"]["media"].update(well_known="IANA")),
        "FXN209", "", "faxnet_services.p-known2.settings.media.well_known", "IANA", "true or false",
    ),
    "key with a typing error": Mistake(
        _exchange("p-typo", CONTROL, idel=300),
        "FXN209", "", "faxnet_services.p-typo.exchanges[0].idel", "300", "idle",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_gives_one_finding_at_its_place(mistake: Mistake) -> None:
    PRODUCTS.check(mistake)


def test_all_mistakes_in_one_run_give_all_findings_and_nothing_else() -> None:
    PRODUCTS.check_all(MISTAKES.values())


def test_two_mistakes_in_one_profile_are_two_findings_of_one_run() -> None:
    net = products()
    profile_of_its_own(
        "p-two", lambda profile: profile.update(titel="Gateway") or profile["exchanges"][FILES].update(idle=-1)
    )(net)
    assert [(item.code, item.variable) for item in PRODUCTS.told(net)] == [
        ("FXN209", "faxnet_services.p-two.exchanges[3].idle"),
        ("FXN209", "faxnet_services.p-two.titel"),
    ]
