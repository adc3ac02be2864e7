# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings sheets of all products, written by the playbook that deploys: what people are told is what is planned.

All hosts of that deployment are `unmanaged` or hold a worksheet: it logs in nowhere and changes no rule here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.plays.network import Network, Outcome, tree

FLORIDA, SHEFFIELD = "198.51.100.10", "203.0.113.20"
ON_HOSTS = "sheets-on-hosts"  # beside the inventory: every "host" is this machine


def inventory() -> dict[str, Any]:
    """Two offices behind NAT, two branches that are routed to each other, and every product with sheets."""

    def host(site: str, address: str, **variables: Any) -> dict[str, Any]:
        return {"faxnet_site": site, "faxnet_address": address, **variables}

    def press(server: str, **more: Any) -> list[dict[str, Any]]:
        return [{"service": "faxpress", "server": server, **more}]

    kerio = [
        {"service": "kerio_control", "server": "kerio"},
        {"service": "kerio_connect", "server": "kerio", "exchanges": ["smtp", "imaps"]},
    ]
    return {
        "all": {
            "vars": {
                "ansible_connection": "local",
                "ansible_pipelining": True,
                "ansible_python_interpreter": sys.executable,
                "faxnet_platform": "unmanaged",
                "faxnet_sites": {
                    "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": FLORIDA},
                    "sheffield": {"networks": ["10.2.0.0/24"], "gateway": "uk-router", "public_address": SHEFFIELD},
                    "east": {"networks": ["10.3.0.0/24"], "gateway": "east-router", "realm": "leased"},
                    "west": {"networks": ["10.4.0.0/24"], "gateway": "west-router", "realm": "leased"},
                },
            },
            "hosts": {
                "fl-router": {"faxnet_address": "10.1.0.1"},
                "uk-router": {"faxnet_address": "10.2.0.1"},
                "east-router": {"faxnet_address": "10.3.0.1"},
                "west-router": {"faxnet_address": "10.4.0.1"},
                "press": host("florida", "10.1.0.10", faxnet_offers=[{"service": "faxpress"}]),
                "east-press": host("east", "10.3.0.10", faxnet_offers=[{"service": "faxpress", "port": 4645}]),
                "near-pc": host("florida", "10.1.0.21", faxnet_uses=press("press")),
                "smtp-gateway": host("florida", "10.1.0.25", faxnet_uses=press("press")),
                "quiet-pc": host("florida", "10.1.0.22", faxnet_uses=press("press", exchanges={"alert": False})),
                "far-pc": host("sheffield", "10.2.0.21", faxnet_uses=press("press")),
                "far-pc2": host("sheffield", "10.2.0.22", faxnet_uses=press("press")),
                "west-pc": host("west", "10.4.0.21", faxnet_uses=press("east-press")),
                "kerio": host(
                    "florida",
                    "10.1.0.30",
                    faxnet_offers=[
                        {"service": "kerio_control"},
                        {"service": "kerio_connect", "exchanges": ["admin", "log", "smtp", "imaps"]},
                    ],
                ),
                "near-console": host("florida", "10.1.0.31", faxnet_uses=kerio[:1]),
                "far-console": host("sheffield", "10.2.0.31", faxnet_uses=kerio),
                "netcfax": host(
                    "florida", "10.1.0.11", faxnet_platform="worksheet", faxnet_offers=[{"service": "netcfax"}]
                ),
                "netcfax-pc": host(
                    "florida",
                    "10.1.0.12",
                    faxnet_platform="worksheet",
                    faxnet_uses=[{"service": "netcfax", "server": "netcfax", "callback": {"mode": "fixed"}}],
                ),
            },
        }
    }


def deploy(network: Network, *arguments: str) -> Outcome:
    roles = ("netcfax_client", "netcfax_server", "faxpress_client", "faxpress_server", "kerio_admin")
    on_host = f"{network.folder}/{ON_HOSTS}/{{{{ inventory_hostname }}}}"
    settings = {f"{role}_sheet": f"{on_host}.{role}.txt" for role in roles} | {"ansible_become": False}
    return network.run("faxnet.deploy.deploy", "-e", json.dumps(settings), *arguments)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """The network, planned and deployed once."""
    made = Network(tmp_path_factory.mktemp("sheets"))
    made.write(inventory())
    made.planned()
    outcome = deploy(made)
    assert outcome.code == 0, outcome.text
    return made


def sheets(network: Network) -> Path:
    return network.folder / ".faxnet" / "sheets"


def text(network: Network, name: str) -> str:
    """A sheet as people read it, on one line so that its line breaks do not matter."""
    return " ".join((sheets(network) / f"{name}.txt").read_text(encoding="utf-8").split())


def test_every_host_of_every_product_has_its_sheets_and_no_other_host_has_any(network: Network) -> None:
    clients = ("near-pc", "smtp-gateway", "quiet-pc", "far-pc", "far-pc2", "west-pc")
    stems = {f"{name}.faxpress-client" for name in clients}
    stems |= {f"{name}.faxpress-server" for name in ("press", "east-press")}
    stems |= {f"{name}.kerio-admin" for name in ("near-console", "far-console")}
    stems |= {"netcfax.netcfax-server", "netcfax-pc.netcfax-client"}
    assert {path.name for path in sheets(network).iterdir()} == {
        f"{stem}{end}" for stem in stems for end in (".txt", ".json")
    }


def test_nobody_logs_in_to_what_is_unmanaged_or_for_a_person_to_set_up(network: Network) -> None:
    assert not (network.folder / ON_HOSTS).exists()


def test_a_second_run_changes_nothing_and_neither_does_check_mode(network: Network) -> None:
    before = tree(network.folder)
    one_of_each = "near-pc,press,far-console,netcfax,netcfax-pc"
    for arguments in ((), ("--check", "--diff")):
        outcome = deploy(network, "--limit", one_of_each, *arguments)
        assert outcome.code == 0, outcome.text
        assert set(outcome.changed.values()) == {0}
        assert tree(network.folder) == before


@pytest.mark.acceptance("FP-07")
def test_a_client_in_the_faxpress_s_own_network_is_told_that_the_list_finds_it(network: Network) -> None:
    assert "The server list finds press by itself" in text(network, "near-pc.faxpress-client")


@pytest.mark.acceptance("FP-07")
@pytest.mark.parametrize(("client", "address"), [("far-pc", FLORIDA), ("west-pc", "10.3.0.10")])
def test_a_client_in_another_network_is_told_which_address_to_enter_under_advanced(
    network: Network, client: str, address: str
) -> None:
    sheet = text(network, f"{client}.faxpress-client")
    assert f'choose "Advanced" and enter the address {address}' in sheet
    assert f"FaxPress address {address}" in sheet
    assert "by itself: it asks by broadcast" not in sheet


def test_a_faxpress_on_another_port_is_told_so_to_its_clients(network: Network) -> None:
    sheet = text(network, "west-pc.faxpress-client")
    assert "UDP port 4645" in sheet
    assert "4644" not in sheet


@pytest.mark.acceptance("FP-02")
def test_a_mail_gateway_is_a_client_like_any_pc(network: Network) -> None:
    def rules(name: str, address: str) -> str:
        return json.dumps(network.slice(name)["policy"]).replace(address, "ADDRESS").replace(name, "NAME")

    assert rules("smtp-gateway", "10.1.0.25") == rules("near-pc", "10.1.0.21")
    same = text(network, "near-pc.faxpress-client").replace("near-pc", "NAME")
    assert text(network, "smtp-gateway.faxpress-client").replace("smtp-gateway", "NAME") == same


@pytest.mark.acceptance("FP-11")
def test_faxalert_that_is_switched_off_has_no_flow_and_the_sheet_says_so(network: Network) -> None:
    quiet = text(network, "quiet-pc.faxpress-client")
    assert "FaxAlert off: switch it off in the program, too; there is no rule for it" in quiet
    # Honest about what is let in all the same, inside one network.
    assert "(that for answers to the server list's broadcast lets in the same packets)" in quiet
    alerts = [flow for flow in network.slice("quiet-pc")["flows"] if flow["exchange"] == "alert"]
    assert not any(flow["enabled"] for flow in alerts)
    assert not any(rule["enabled"] for rule in network.slice("quiet-pc")["policy"]["input"] if "alert" in str(rule))
    assert "FaxAlert on: 10.1.0.10 sends by itself, from UDP port 4644" in text(network, "near-pc.faxpress-client")
    assert "FaxAlert to 4: far-pc, far-pc2, near-pc, smtp-gateway" in text(network, "press.faxpress-server")


def test_faxalert_behind_nat_is_told_to_pass_only_through_the_client_s_own_opening(network: Network) -> None:
    for client in ("far-pc", "far-pc2"):
        sheet = text(network, f"{client}.faxpress-client")
        assert "FaxAlert on, but behind address translation" in sheet
        assert "keep it open for 5 days" in sheet
        # Both have one finding, and it is told to both.
        assert "Note (FXN405)" in sheet


@pytest.mark.acceptance("KE-08", "KE-09")
def test_a_console_behind_nat_dials_the_public_address_by_both_protocols_and_opens_nothing(network: Network) -> None:
    sheet = text(network, "far-console.kerio-admin")
    assert f"Kerio Control on kerio Server address to dial {FLORIDA} Its address inside 10.1.0.30" in sheet
    assert f"tcp 44333 to {FLORIDA}, Administration udp 44333 to {FLORIDA}, Log items" in sheet
    assert "Inbound to this host nothing is opened" in sheet
    assert network.slice("far-console")["policy"]["input"] == []


def test_a_console_is_told_of_the_identifier_and_the_silent_channel(network: Network) -> None:
    sheet = text(network, "near-console.kerio-admin")
    assert "Server address to dial 10.1.0.30 Inbound" in sheet
    for words in ("connection identifier", "new log items come back to that port", "keeps this UDP flow for 5 days"):
        assert words in sheet


def test_a_mail_client_of_kerio_connect_is_told_its_ports_and_nothing_of_consoles(network: Network) -> None:
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


BY_ROLE = f"""
- name: Write the sheets of hosts that can be logged in to
  hosts: netcfax,netcfax-pc
  gather_facts: false
  tasks:
    - name: Write them
      ansible.builtin.include_role:
        name: "faxnet.deploy.netcfax_{{{{ 'server' if inventory_hostname == 'netcfax' else 'client' }}}}"
      vars:
        netcfax_client_emulator: false
        netcfax_server_emulator: false
        netcfax_client_sheet: "{{{{ inventory_dir }}}}/{ON_HOSTS}/client.txt"
        netcfax_server_sheet: "{{{{ inventory_dir }}}}/{ON_HOSTS}/server.txt"
"""


def test_a_host_that_can_be_logged_in_to_has_its_sheet_too_and_on_both_it_is_netcfax_s_as_ever(tmp_path: Path) -> None:
    reached, written = Network(tmp_path), inventory()
    for name in ("netcfax", "netcfax-pc"):
        written["all"]["hosts"][name]["faxnet_platform"] = "nftables"
    reached.write(written)
    reached.planned()
    first, second = reached.run(BY_ROLE), reached.run(BY_ROLE)
    assert (first.code, second.code) == (0, 0), first.text + second.text
    assert 0 not in first.changed.values()
    assert set(second.changed.values()) == {0}
    for folder, client, server in (
        (tmp_path / ON_HOSTS, "client", "server"),
        (sheets(reached), "netcfax-pc.netcfax-client", "netcfax.netcfax-server"),
    ):
        assert (folder / f"{client}.txt").read_text(encoding="utf-8").startswith(NETCFAX_CLIENT)
        assert (folder / f"{server}.txt").read_text(encoding="utf-8") == NETCFAX_SERVER
        (use,) = json.loads((folder / f"{client}.json").read_text(encoding="utf-8"))["uses"]
        assert use == reached.slice("netcfax-pc")["uses"][0]


def test_programs_read_the_same_from_the_json_beside_each_sheet(network: Network) -> None:
    paths = list(sheets(network).glob("*.json"))
    assert paths
    for path in paths:
        host = path.name.partition(".")[0]
        found = json.loads(path.read_text(encoding="utf-8"))
        side = "offers" if path.stem.endswith("-server") else "uses"
        services = {each["service"] for each in found[side]}
        assert found == {
            "format": 1,
            "host": host,
            side: [each for each in network.slice(host)[side] if each["service"] in services],
        }


ROLE = """
- name: A role on a host that has nothing to do with it
  hosts: {host}
  gather_facts: false
  roles:
    - role: faxnet.deploy.{role}
"""


@pytest.mark.parametrize(
    ("role", "host", "message"),
    [
        ("faxpress_client", "press", "no FaxPress client here. Add the service faxpress to faxnet_uses of"),
        ("faxpress_server", "near-pc", "no FaxPress server here. Add the service faxpress to faxnet_offers of"),
        (
            "kerio_admin",
            "near-pc",
            "no Kerio administration client here. Add the service kerio_control or kerio_connect to",
        ),
        ("netcfax_client", "netcfax", "no NetCFax client here. Add the service netcfax to faxnet_uses of"),
        ("netcfax_server", "near-pc", "no NetCFax server here. Add the service netcfax to faxnet_offers of"),
    ],
    ids=lambda value: value if " " not in value else "",
)
def test_a_role_refuses_a_host_that_the_plan_has_nothing_for_and_names_the_cure(
    network: Network, role: str, host: str, message: str
) -> None:
    outcome = network.run(ROLE.format(role=role, host=host))
    assert outcome.code != 0
    assert f"{host}: the plan names {message}" in outcome.text
    assert outcome.changed == {host: 0}
