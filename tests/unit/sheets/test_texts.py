# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings sheets of all products: what people are told is what is planned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.definitions import SheetError, definitions
from ansible_collections.faxnet.deploy.plugins.plugin_utils.sheets.rendering import Sheet, render
from tests.unit.networks import FLORIDA, SHEFFIELD, Made, Network


def inventory() -> Network:
    """Two offices behind NAT, two branches that are routed to each other, and every product with sheets."""
    kerio = [
        {"service": "kerio_control", "server": "kerio"},
        {"service": "kerio_connect", "server": "kerio", "exchanges": ["smtp", "imaps"]},
    ]
    console = {"version": "console"}
    mail = {"service": "kerio_connect", **console, "exchanges": ["admin", "log", "smtp", "imaps"]}
    return (
        Network()
        .site("florida", "10.1.0.0/24", gateway="fl-router", public=FLORIDA)
        .site("sheffield", "10.2.0.0/24", gateway="uk-router", public=SHEFFIELD)
        .site("east", "10.3.0.0/24", gateway="east-router", realm="leased")
        .site("west", "10.4.0.0/24", gateway="west-router", realm="leased")
        .offers("press", "florida", "10.1.0.10", "faxpress")
        .offers("east-press", "east", "10.3.0.10", "faxpress", port=4645)
        .uses("near-pc", "florida", "10.1.0.21", "faxpress", "press")
        .uses("smtp-gateway", "florida", "10.1.0.25", "faxpress", "press")
        .uses("quiet-pc", "florida", "10.1.0.22", "faxpress", "press", exchanges={"alert": False})
        .uses("far-pc", "sheffield", "10.2.0.21", "faxpress", "press")
        .uses("far-pc2", "sheffield", "10.2.0.22", "faxpress", "press")
        .uses("west-pc", "west", "10.4.0.21", "faxpress", "east-press")
        .host("kerio", "florida", "10.1.0.30", offers=[{"service": "kerio_control", **console}, mail])
        .host("near-console", "florida", "10.1.0.31", uses=kerio[:1])
        .host("far-console", "sheffield", "10.2.0.31", uses=kerio)
        .server("netcfax", "florida", "10.1.0.11")
        .client("netcfax-pc", "florida", "10.1.0.12", "netcfax", callback={"mode": "fixed"})
    )


@pytest.fixture(scope="module")
def network() -> Made:
    """The network, planned once."""
    return inventory().made()


def sheets(network: Made, host: str, **more: Any) -> dict[str, Sheet]:
    """A host's sheets by name."""
    return {sheet.name: sheet for sheet in render(network.slices[host], definitions(**more))}


def text(network: Made, name: str) -> str:
    """A sheet as people read it, on one line so that its line breaks do not matter."""
    host, _dot, sheet = name.partition(".")
    return " ".join(sheets(network, host)[sheet].text.split())


def test_every_host_of_every_product_has_its_sheets_and_no_other_host_has_any(network: Made) -> None:
    clients = ("near-pc", "smtp-gateway", "quiet-pc", "far-pc", "far-pc2", "west-pc")
    wanted = {f"{name}.faxpress-client" for name in clients}
    wanted |= {f"{name}.faxpress-server" for name in ("press", "east-press")}
    wanted |= {f"{name}.kerio-admin" for name in ("near-console", "far-console")}
    wanted |= {"netcfax.netcfax-server", "netcfax-pc.netcfax-client"}
    assert {f"{host}.{name}" for host in network.slices for name in sheets(network, host)} == wanted


@pytest.mark.acceptance("FP-07")
def test_a_client_in_the_faxpress_s_own_network_is_told_where_the_list_finds_it(network: Made) -> None:
    sheet = text(network, "near-pc.faxpress-client")
    assert "asks by broadcast in the network that both are in, and finds press where no filter drops that" in sheet
    assert 'If press is not in the list, choose "Advanced" there and enter the address' in sheet


@pytest.mark.acceptance("FP-07")
@pytest.mark.parametrize(("client", "address"), [("far-pc", FLORIDA), ("west-pc", "10.3.0.10")])
def test_a_client_in_another_network_is_told_which_address_to_enter_under_advanced(
    network: Made, client: str, address: str
) -> None:
    sheet = text(network, f"{client}.faxpress-client")
    assert f'choose "Advanced" and enter the address {address}' in sheet
    assert f"FaxPress address {address}" in sheet
    assert "finds press where no filter drops that" not in sheet


def test_a_faxpress_on_another_port_is_told_so_to_its_clients(network: Made) -> None:
    sheet = text(network, "west-pc.faxpress-client")
    assert "UDP port 4645" in sheet
    assert "4644" not in sheet


@pytest.mark.acceptance("FP-02")
def test_a_mail_gateway_is_a_client_like_any_pc(network: Made) -> None:
    def rules(name: str, address: str) -> str:
        return json.dumps(network.slices[name]["policy"]).replace(address, "ADDRESS").replace(name, "NAME")

    assert rules("smtp-gateway", "10.1.0.25") == rules("near-pc", "10.1.0.21")
    same = text(network, "near-pc.faxpress-client").replace("near-pc", "NAME")
    assert text(network, "smtp-gateway.faxpress-client").replace("smtp-gateway", "NAME") == same


@pytest.mark.acceptance("FP-11")
def test_faxalert_that_is_switched_off_has_no_flow_and_the_sheet_says_so(network: Made) -> None:
    quiet = text(network, "quiet-pc.faxpress-client")
    assert "FaxAlert off: switch it off in the program, too; there is no rule for it" in quiet
    # Honest about what is let in all the same, inside one network.
    assert "(that for answers to the server list's broadcast lets in the same packets)" in quiet
    alerts = [flow for flow in network.slices["quiet-pc"]["flows"] if flow["exchange"] == "alert"]
    assert not any(flow["enabled"] for flow in alerts)
    assert not any(rule["enabled"] for rule in network.slices["quiet-pc"]["policy"]["input"] if "alert" in str(rule))
    assert "FaxAlert on: 10.1.0.10 sends by itself, from UDP port 4644" in text(network, "near-pc.faxpress-client")
    assert "FaxAlert to 4: far-pc, far-pc2, near-pc, smtp-gateway" in text(network, "press.faxpress-server")


def test_faxalert_behind_nat_is_told_to_pass_only_through_the_client_s_own_opening(network: Made) -> None:
    for client in ("far-pc", "far-pc2"):
        sheet = text(network, f"{client}.faxpress-client")
        assert "FaxAlert on, but behind address translation" in sheet
        assert "keep it open for 5 days" in sheet
        # Both have one finding, and it is told to both.
        assert "Note (FXN405)" in sheet


@pytest.mark.acceptance("KE-08", "KE-09")
def test_a_console_behind_nat_dials_the_public_address_by_both_protocols_and_opens_nothing(network: Made) -> None:
    sheet = text(network, "far-console.kerio-admin")
    assert f"Kerio Control on kerio Server address to dial {FLORIDA} Its address inside 10.1.0.30" in sheet
    assert f"tcp 44333 to {FLORIDA}, Administration udp 44333 to {FLORIDA}, Log items" in sheet
    assert "Inbound to this host nothing is opened" in sheet
    assert network.slices["far-console"]["policy"]["input"] == []


def test_a_console_is_told_of_the_identifier_and_the_silent_channel(network: Made) -> None:
    sheet = text(network, "near-console.kerio-admin")
    assert "Server address to dial 10.1.0.30 Inbound" in sheet
    for words in ("connection identifier", "new log items come back to that port", "keeps this UDP flow for 5 days"):
        assert words in sheet


def test_a_mail_client_of_kerio_connect_is_told_its_ports_and_nothing_of_consoles(network: Made) -> None:
    sheet = text(network, "far-console.kerio-admin")
    mail = sheet.partition("Kerio Connect on kerio")[2].partition("Kerio Control on kerio")[0]
    assert f"tcp 25 to {FLORIDA}, SMTP" in mail
    assert f"tcp 993 to {FLORIDA}, IMAPS" in mail
    assert f"1. Kerio Connect server: {FLORIDA}." in mail
    assert "Incoming mail: IMAP over TLS, port 993." in mail
    for words in ("44337", "identifier", "Console"):
        assert words not in mail


NETCFAX_CLIENT = """\
NetCFax client settings of netcfax-pc

Fax server netcfax

  Server address to dial        10.1.0.11
  Primary connection port       7488
  Environment                   single user
  Clients on this machine       1
  Port for notifications        fixed
    "Use dynamic port"          low 7485, high 7485
    "Use specified port"        7485   <- select this

  1. Set this BEFORE you log in to the fax server"""

NETCFAX_SERVER = """\
NetCFax server settings of netcfax

  Primary connection port       7488
  Address                       10.1.0.11
  Address outside its office    the same
  Ports of its clients          as each client has them
  Clients                       1: netcfax-pc

  When the primary port is changed, every client must be given the new one: no client reaches the server with another.
"""


def test_the_sheets_of_netcfax_say_what_they_always_said(network: Made) -> None:
    assert sheets(network, "netcfax-pc")["netcfax-client"].text.startswith(NETCFAX_CLIENT)
    assert sheets(network, "netcfax")["netcfax-server"].text == NETCFAX_SERVER


def test_programs_read_the_same_from_the_json_beside_each_sheet(network: Made) -> None:
    read = 0
    for host, part in network.slices.items():
        for name, sheet in sheets(network, host).items():
            found = json.loads(sheet.data)
            side = "offers" if name.endswith("-server") else "uses"
            services = {each["service"] for each in found[side]}
            entries = [each for each in part[side] if each["service"] in services]
            assert found == {"format": 1, "host": host, "sheet": name, side: entries}
            read += 1
    assert read == 12


def test_with_two_products_on_a_host_each_sheet_has_the_warnings_of_its_own_alone() -> None:
    network = inventory()
    network.hosts["far-pc"]["faxnet_uses"] = [
        {"service": "netcfax", "server": "netcfax", "callback": {"low": 49152, "high": 49251}},
        {"service": "faxpress", "server": "press"},
    ]
    network.hosts["far-pc"]["faxnet_system"] = "windows"
    made = network.made()
    warned = {finding["code"]: finding["service"] for finding in made.slices["far-pc"]["findings"]}
    assert warned == {"FXN311": "netcfax", "FXN405": "faxpress", "FXN406": "faxpress"}
    netcfax, faxpress = text(made, "far-pc.netcfax-client"), text(made, "far-pc.faxpress-client")
    assert ("FXN311" in netcfax, "FXN405" in netcfax) == (True, False)
    assert ("FXN311" in faxpress, "FXN405" in faxpress) == (False, True)


IPV4, IPV6 = "10.1.0.12", "2001:db8:1::12"


def reserving(system: str, address: Any, callback: dict[str, Any]) -> list[str]:
    """The lines of a client's sheet that keep its ports from other programs, without what they are for."""
    network = inventory()
    network.sites["florida"]["networks"].append("2001:db8:1::/64")
    network.hosts["netcfax-pc"] |= {"faxnet_system": system, "faxnet_address": address}
    network.hosts["netcfax-pc"]["faxnet_uses"][0]["callback"] = callback
    (use,) = network.made().slices["netcfax-pc"]["uses"]
    lines = [line for line in use["instructions"] if "Set this BEFORE" not in line]
    shown = sheets(network.made(), "netcfax-pc")["netcfax-client"].text
    assert all(line in shown for line in lines)
    told = [line for line in lines if line.startswith(("See which ports", "As administrator", "As root"))]
    return [line.rpartition(": ")[2] for line in told]


TEN = {"low": 20000, "high": 20009}


@pytest.mark.parametrize(
    ("system", "address", "callback", "lines"),
    [
        (
            "windows",
            IPV4,
            TEN,
            [
                "netsh int ipv4 show excludedportrange protocol=tcp",
                "netsh int ipv4 add excludedportrange protocol=tcp startport=20000 numberofports=10 store=persistent",
            ],
        ),
        (
            "windows",
            IPV4,
            {"mode": "fixed", "port": 7485},
            [
                "netsh int ipv4 show excludedportrange protocol=tcp",
                "netsh int ipv4 add excludedportrange protocol=tcp startport=7485 numberofports=1 store=persistent",
            ],
        ),
        (
            "windows",
            [IPV4, IPV6],
            TEN,
            [
                "netsh int ipv4 show excludedportrange protocol=tcp",
                "netsh int ipv6 show excludedportrange protocol=tcp",
                "netsh int ipv4 add excludedportrange protocol=tcp startport=20000 numberofports=10 store=persistent",
                "netsh int ipv6 add excludedportrange protocol=tcp startport=20000 numberofports=10 store=persistent",
            ],
        ),
        ("windows_xp_pro", IPV4, TEN, ["20000-20009"]),
        (
            "linux",
            [IPV4, IPV6],
            TEN,
            ["sysctl net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_local_reserved_ports = 20000-20009"],
        ),
        ("freebsd", IPV4, {"low": 7000, "high": 7009}, []),
    ],
)
def test_the_sheet_has_the_line_that_keeps_other_programs_from_the_range(
    system: str, address: Any, callback: dict[str, Any], lines: list[str]
) -> None:
    assert reserving(system, address, callback) == lines


def test_the_warning_of_the_systems_own_dynamic_ports_stands_beside_the_line_that_cures_it() -> None:
    network = inventory()
    network.hosts["netcfax-pc"]["faxnet_uses"][0]["callback"] = {"low": 50000, "high": 50099}
    network.hosts["netcfax-pc"]["faxnet_system"] = "windows"
    sheet = text(network.made(), "netcfax-pc.netcfax-client")
    assert "Note (FXN311): Windows Vista, Server 2008 and later gives 49152-65535 to other programs by itself." in sheet
    assert "or reserve them on the client, as its settings sheet says." in sheet
    assert (
        "netsh int ipv4 add excludedportrange protocol=tcp startport=50000 numberofports=100 store=persistent" in sheet
    )


def test_a_client_without_call_backs_is_told_of_no_ports_to_keep(network: Made) -> None:
    assert "excludedportrange" not in text(network, "near-pc.faxpress-client")
    assert "excludedportrange" not in text(network, "near-console.kerio-admin")


def own(template: Path, **more: Any) -> dict[str, Any]:
    return {"name": "own", "product": "HylaFAX", "side": "client", "services": ["netcfax"], "template": template} | more


def test_a_users_own_sheet_is_given_what_ours_are(network: Made, tmp_path: Path) -> None:
    template = tmp_path / "own.j2"
    template.write_text("{% for use in entries %}\n{{ host }} dials {{ use.dial }}\n{% endfor %}\n", encoding="utf-8")
    made = sheets(network, "netcfax-pc", own=[own(template), own(template, name="netcfax-client")])
    assert list(made) == ["netcfax-client", "own"]
    assert {sheet.text for sheet in made.values()} == {"netcfax-pc dials 10.1.0.11\n"}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "own.j2: it is not there. Put it there, or correct the name"),
        ("{{ host }\n", "own.j2, line 1: unexpected '}'. Correct the template"),
        (
            "\n{{ hots }}\n",
            "own.j2, line 2: UndefinedError: 'hots' is undefined. Correct the template; it is given host,",
        ),
        ("{% include 'gone.j2' %}\n", "gone.j2: it is not there"),
        ("a\n\n{{ 1 / 0 }}\n", "own.j2, line 3: ZeroDivisionError: division by zero. Correct"),
        ("{{ host\n+ 1 }}\n", "own.j2, line 1: TypeError: can only concatenate str"),
        ("{{ entries[0].dial.nothing() }}", "own.j2, line 1: UndefinedError: 'str object' has no attribute 'nothing'"),
        ("{{ '%d' | format('x') }}", "own.j2, line 1: TypeError: %d format"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "own.j2, line 1: RecursionError: "),
        (b"\xff\xfe", "own.j2: 'utf-8' codec can't decode"),
    ],
)
def test_a_users_template_that_does_not_work_is_named(
    network: Made, tmp_path: Path, template: str | bytes | None, message: str
) -> None:
    path = tmp_path / "own.j2"
    if template is not None:
        path.write_bytes(template if isinstance(template, bytes) else template.encode())
    with pytest.raises(SheetError) as caught:
        sheets(network, "netcfax-pc", own=[own(path)])
    assert str(caught.value).startswith(f"netcfax-pc: the sheet own cannot be made from {tmp_path}/")
    assert message in str(caught.value)


def test_a_sheets_name_that_is_no_good_for_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"'\.\./x' holds"):
        definitions([own(tmp_path, name="../x")])
