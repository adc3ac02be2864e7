# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role asterisk_fax makes of the plan and of its variables, without an Asterisk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays.network import Network

ROLE = Path(__file__).parents[2] / "roles" / "asterisk_fax"
FILES = ("faxnet_modules.conf", "faxnet_pjsip_transports.conf", "faxnet_pjsip.conf", "faxnet_extensions.conf")
SECRET = "a-secret"  # noqa: S105, of a test


def exchanges(peers: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """Two offices with an Asterisk each, behind NAT, a third beside the first, and a provider; fl-pbx has the peers."""
    asterisk = {"faxnet_offers": [{"service": "asterisk"}]}
    return {
        "all": {
            "vars": {
                "ansible_connection": "local",
                "ansible_python_interpreter": sys.executable,
                "faxnet_sites": {
                    "florida": {"networks": ["10.1.0.0/24"], "gateway": "fl-router", "public_address": "198.51.100.10"},
                    "sheffield": {
                        "networks": ["10.2.0.0/24"],
                        "gateway": "uk-router",
                        "public_address": "203.0.113.20",
                    },
                    "provider": {"networks": ["192.0.2.0/24"]},
                },
            },
            "hosts": {
                "fl-router": {"faxnet_site": "florida", "faxnet_address": "10.1.0.1"},
                "uk-router": {"faxnet_site": "sheffield", "faxnet_address": "10.2.0.1"},
                "fl-pbx": yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
                | asterisk
                | {
                    "faxnet_site": "florida",
                    "faxnet_address": "10.1.0.11",
                    "faxnet_uses": [
                        {"service": "asterisk", "server": "uk-pbx"},
                        {"service": "asterisk", "server": "fl-other"},
                        {"service": "sip_trunk", "server": "trunk", "client_media": "10000-20000"},
                    ],
                    "asterisk_fax_peers": peers,
                }
                | values,
                "fl-other": asterisk | {"faxnet_site": "florida", "faxnet_address": "10.1.0.12"},
                "uk-pbx": asterisk
                | {
                    "faxnet_site": "sheffield",
                    "faxnet_address": "10.2.0.11",
                    "faxnet_uses": [{"service": "asterisk", "server": "fl-pbx"}],
                },
                "trunk": {
                    "faxnet_site": "provider",
                    "faxnet_address": "192.0.2.20",
                    "faxnet_platform": "unmanaged",
                    "faxnet_offers": [{"service": "sip_trunk", "media": "30000-30999"}],
                },
            },
        }
    }


class Settings:
    """What the role would write on fl-pbx."""

    def __init__(self, network: Network, directory: Path) -> None:
        self.network = network
        self.directory = directory

    def made(self, peers: list[dict[str, Any]], **values: Any) -> dict[str, str]:
        """By file, its text; `mistakes` and `ranges` beside them."""
        self.network.write(exchanges(peers, **values))
        self.network.planned()
        play = self.directory / "settings.yml"
        play.write_text(
            f"""
- hosts: fl-pbx
  gather_facts: false
  vars_files: [{ROLE}/vars/main.yml]
  tasks:
    - faxnet.deploy.slice:
      register: __asterisk_fax_slice
    - ansible.builtin.copy:
        content: "{{{{ (item.of | join('\\n')) ~ '\\n' }}}}"
        dest: "{self.directory}/{{{{ item.name }}}}"
      loop:
        - {{name: mistakes, of: "{{{{ __asterisk_fax_mistakes }}}}"}}
        - {{name: ranges, of: "{{{{ __asterisk_fax_ranges | map(attribute='value') }}}}"}}
    - ansible.builtin.template: {{src: "{ROLE}/templates/{{{{ item }}}}.j2", dest: "{self.directory}/{{{{ item }}}}"}}
      loop: {list(FILES)}
""",
            encoding="utf-8",
        )
        ran = self.network.run(str(play))
        assert ran.code == 0, ran.text
        return {name: (self.directory / name).read_text(encoding="utf-8") for name in (*FILES, "mistakes", "ranges")}


@pytest.fixture
def settings(network: Network, tmp_path: Path) -> Settings:
    """What the role would write."""
    return Settings(network, tmp_path)


def sections(text: str) -> list[dict[str, list[str]]]:
    """The sections of a configuration: each setting with its values in order, and the name as `section`."""
    found: list[dict[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("["):
            found.append({"section": [line.strip("[]")]})
        elif "=" in line and not line.startswith(";"):
            name, _is, value = line.partition("=")
            found[-1].setdefault(name, []).append(value)
    return found


def test_ports_and_addresses_are_those_of_the_plan(settings: Settings) -> None:
    made = settings.made([{"name": "sheffield", "server": "uk-pbx"}])
    assert made["ranges"].split() == ["10000", "20000", "4000", "4999"]
    assert sections(made["faxnet_pjsip_transports.conf"]) == [
        {
            "section": ["faxnet-udp4"],
            "type": ["transport"],
            "protocol": ["udp"],
            "bind": ["10.1.0.11:5060"],
            "external_signaling_address": ["198.51.100.10"],
            "external_media_address": ["198.51.100.10"],
            # Nothing translates between it and the one beside it.
            "local_net": ["10.1.0.12/32"],
        }
    ]
    assert "noload => chan_sip.so" in made["faxnet_modules.conf"]


def test_a_peer_is_dialled_where_the_plan_says_and_known_by_where_it_comes_from(settings: Settings) -> None:
    made = settings.made([{"name": "sheffield", "server": "uk-pbx", "numbers": ["_44X.", "117"]}])
    endpoint, aor, identify = sections(made["faxnet_pjsip.conf"])
    assert endpoint["transport"] == ["faxnet-udp4"]
    assert endpoint["context"] == ["faxnet-in"]
    assert aor["contact"] == ["sip:203.0.113.20:5060"]
    assert identify["match"] == ["203.0.113.20"]
    incoming, _middle, dialled = made["faxnet_extensions.conf"].partition("[faxnet]")
    assert "Dial(PJSIP" not in incoming
    assert "exten => _44X.,1," in dialled
    assert "Dial(PJSIP/${EXTEN}@sheffield,60)" in dialled


def test_this_asterisk_registers_at_a_provider(settings: Settings) -> None:
    peer = {"name": "carrier", "server": "trunk", "registration": "outbound", "username": "1941", "secret": SECRET}
    made = settings.made([peer])
    kinds = {section["type"][0]: section for section in sections(made["faxnet_pjsip.conf"])}
    assert kinds["registration"]["server_uri"] == ["sip:192.0.2.20:5060"]
    assert kinds["registration"]["client_uri"] == ["sip:1941@192.0.2.20:5060"]
    assert kinds["auth"]["username"] == ["1941"]
    assert kinds["endpoint"]["outbound_auth"] == ["carrier"]
    assert kinds["identify"]["match"] == ["192.0.2.20"]


def test_a_peer_registers_at_this_asterisk(settings: Settings) -> None:
    made = settings.made([{"name": "adapter", "registration": "inbound", "secret": SECRET}])
    kinds = {section["type"][0]: section for section in sections(made["faxnet_pjsip.conf"])}
    assert set(kinds) == {"endpoint", "aor", "auth"}
    assert kinds["endpoint"]["auth"] == ["adapter"]
    assert "contact" not in kinds["aor"]
    assert kinds["aor"]["max_contacts"] == ["1"]


def test_all_that_cannot_be_is_told_at_once_without_a_secret(settings: Settings) -> None:
    peers = [
        {"name": "a b", "address": "192.0.2.9"},
        {"name": "nowhere"},
        {"name": "sheffield", "server": "uk-pbx", "registration": "outbound", "numbers": ["12", "dial me"]},
        {"name": "sheffield", "server": "uk-pbx", "transport": "tcp", "secret": SECRET, "numbers": ["12"]},
    ]
    told = settings.made(peers, asterisk_fax_received_numbers=["12"])["mistakes"].splitlines()
    assert told == [
        "asterisk_fax_peers[0].name: 'a b': letters, digits, dash and underscore",
        "asterisk_fax_peers[2].name: sheffield is there 2 times: each has a name of its own",
        "asterisk_fax_peers[3].name: sheffield is there 2 times: each has a name of its own",
        "asterisk_fax_received_numbers[0]: 12 is there 3 times: who dials it would reach one of them",
        "asterisk_fax_peers[2].numbers[0]: 12 is there 3 times: who dials it would reach one of them",
        "asterisk_fax_peers[2].numbers[1]: 'dial me': digits, star and hash, or a pattern that begins with an"
        " underscore, such as _0X.",
        "asterisk_fax_peers[3].numbers[0]: 12 is there 3 times: who dials it would reach one of them",
        "asterisk_fax_peers[1].server: the plan knows no way between this host and nowhere: add a use of asterisk,"
        " sip_trunk or t38fax_trunk to faxnet_uses, or name the address here",
        "asterisk_fax_peers[2].secret: missing, and registration is outbound",
        "asterisk_fax_peers[3].transport: tcp, and the plan opens UDP alone: name the exchange sip_tcp in the offer or"
        " the use",
    ]
    assert SECRET not in "".join(told)
