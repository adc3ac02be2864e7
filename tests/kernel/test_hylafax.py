# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document is handed to HylaFAX in both modes, wherever NAT stands, through the plan's own rules on every device.

Client - its router - the Internet - the server's router - server. Both hosts have rules of their own. A router that
translates has the plan's; where nothing translates, it is the provider's, which is in no plan. The server is a stand-in
that opens data connections as hfaxd does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._hylafax.protocol import HandOver, HandOverError, hand_over
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.registry import render_slice
from tests.kernel import networks
from tests.unit.module_utils.hfaxd import Server, serving
from tests.unit.networks import Made, Network

PORT = 4559
BEHIND_NAT = {"server": "10.8.1", "client": "10.8.2"}
#: What each side has on the Internet: the network of its hosts, or what its router wears.
PUBLIC = {"server": "198.51.100", "client": "203.0.113"}
HOSTS = {"server": "fax", "client": "pc"}
POSITIONS = [
    pytest.param({"server"}, id="the server behind NAT"),
    pytest.param({"client"}, id="the client behind NAT"),
    pytest.param({"server", "client"}, id="both behind NAT"),
    pytest.param(set(), id="neither"),
]
MODES = pytest.mark.parametrize("passive", [False, True], ids=["active", "passive"])


def address_of(side: str, translated: set[str]) -> str:
    """The address of the host on one side."""
    return f"{(BEHIND_NAT if side in translated else PUBLIC)[side]}.10"


@pytest.fixture
def net(translated: set[str]) -> Iterator[dict[str, str]]:
    """Namespaces, by what they are in the plan."""
    with ExitStack() as stack:
        names = ("internet", *HOSTS.values(), *(f"{side}-router" for side in HOSTS))
        made = {name: stack.enter_context(networks.namespace(name)) for name in names}
        for number, (side, host) in enumerate(HOSTS.items()):
            router, network = made[f"{side}-router"], address_of(side, translated).removesuffix(".10")
            near, far = (f"192.0.2.{number * 4 + end}" for end in (1, 2))
            networks.link(made["internet"], [f"{near}/30"], router, [f"{far}/30"])
            networks.link(router, [f"{network}.1/24"], made[host], [f"{network}.10/24"])
            networks.route(made[host], f"{network}.1")
            networks.route(router, near)
            networks.run("ip", "-n", made["internet"], "route", "add", f"{PUBLIC[side]}.0/24", "via", far)
            if side in translated:
                networks.run("ip", "-n", router, "address", "add", f"{PUBLIC[side]}.80/32", "dev", "lo")
            for where in (router, made["internet"]):
                with networks.inside(where):
                    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
        yield made


def planned(translated: set[str]) -> Made:
    """Two offices, some of them behind a router that translates, the others with public addresses."""
    plan = Network()
    for side in HOSTS:
        network = address_of(side, translated).removesuffix("10") + "0/24"
        behind = {"gateway": f"{side}-router", "public": f"{PUBLIC[side]}.80"} if side in translated else {}
        plan.site(side, network, **behind)
    server, client = (address_of(side, translated) for side in HOSTS)
    return plan.offers("fax", "server", server, "hylafax").uses("pc", "client", client, "hylafax", "fax").made()


def load(net: Mapping[str, str], made: Made, *, helper: bool = True) -> None:
    """Give each planned device its rules; or all of them without what sets the helper."""
    for host, part in made.slices.items():
        text = render_slice(part)
        without = re.sub(r'ct helper set "\w+" ', "", text)
        assert without != text
        networks.load(net[host], text if helper else without)


def handed_over(net: Mapping[str, str], translated: set[str], *, passive: bool) -> list[bytes]:
    """Hand a document over; what the server got."""
    address = address_of("server", translated)
    with ExitStack() as stack:
        with networks.inside(net["fax"]):
            server = stack.enter_context(serving(Server(address, PORT, address)))
        dialled = f"{PUBLIC['server']}.80" if "server" in translated else address
        with networks.inside(net["pc"]):
            hand_over(HandOver(dialled, PORT, "reception", "", passive, 3.0), "5552", b"%!PS")
    return server.documents


@MODES
@pytest.mark.parametrize("translated", POSITIONS)
def test_a_document_is_handed_over(net: dict[str, str], translated: set[str], passive: bool) -> None:
    load(net, planned(translated))
    assert handed_over(net, translated, passive=passive) == [b"%!PS"]


@MODES
@pytest.mark.parametrize("translated", POSITIONS)
def test_without_the_helper_the_data_connection_is_refused(
    net: dict[str, str], translated: set[str], passive: bool
) -> None:
    load(net, planned(translated), helper=False)
    with pytest.raises(HandOverError) as failed:
        handed_over(net, translated, passive=passive)
    assert failed.value.step == "data"
