# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be written so that a server holds what is wanted, and writing it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.facts import gathered, module_listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.network import (
    LISTS,
    SETTINGS,
    SettingsError,
    grammar_of,
    planned,
    read,
    server_version,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import PwdError, RefusedError
from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.text import parse
from tests.unit.communigate.world import Emulated, made, wanted_list

#: Keys that the emulator does not know: whatever the server calls its settings, the modules take its word for it.
FOREIGN = (
    '{"WAN IP"="";Mask=#0xFF;Relay=#I[10.0.1.12]:25;Since=#T22-10-2009;Seal=[AAEC];Names=(a,b);Deep={On=NO;Off=YES;};'
    'Nothing=#NULL#;"Old Text"="a\\nb";}'
)


@pytest.mark.parametrize("option", LISTS)
@pytest.mark.acceptance("CG-05", "CG-24")
def test_every_list_is_written_read_back_and_then_left_alone(server: Emulated, option: str) -> None:
    made(server, **{option: wanted_list("10.0.0.0-10.0.255.255 ; office")})
    name = next(name for name in server.kept() if name.upper() == LISTS[option])
    assert server.kept()[name] == "10.0.0.0-10.0.255.255 ; office"
    before = list(server.commands.told)
    assert made(server, **{option: wanted_list("10.0.0.0-10.0.255.255")}).changes == ()
    assert server.commands.told[len(before) :] == ["GETVERSION", f"GET{LISTS[option]}"]


@pytest.mark.acceptance("CG-01")
def test_the_lan_list_is_read_first_and_corrected_to_all_lans(server: Emulated) -> None:
    server.server.store.settings["LANIPs"] = "10.0.1.12 ; found by the server\n"
    plan = made(server, lan_ips=wanted_list("10.0.0.0-10.0.255.255", "10.2.0.0-10.2.0.255"))
    assert plan.changes[0].before == "10.0.1.12 ; found by the server\n"
    assert plan.changes[0].after == "10.0.1.12 ; found by the server\n10.0.0.0-10.0.255.255\n10.2.0.0-10.2.0.255\n"
    assert server.kept()["LANIPs"] == plan.changes[0].after
    assert server.commands.told == ["GETVERSION", "GETLANIPS", "SETLANIPS", "GETLANIPS"]


@pytest.mark.acceptance("CG-02")
def test_lan_addresses_do_not_become_clients_that_may_relay_unless_asked(server: Emulated) -> None:
    made(server, lan_ips=wanted_list("10.0.0.0-10.0.255.255"))
    assert server.kept()["ClientIPs"] == ""
    assert "SETCLIENTIPS" not in server.commands.told
    made(server, client_ips=wanted_list("10.0.0.0-10.0.255.255"))
    assert server.kept()["ClientIPs"] == "10.0.0.0-10.0.255.255"


@pytest.mark.acceptance("CG-22")
def test_foreign_lines_comments_and_order_stay(server: Emulated) -> None:
    held = "; head\n10.5.0.1 ; hers\n\n; guests\n!10.5.0.9\n"
    server.server.store.settings["NATedIPs"] = held
    made(server, nated_ips=wanted_list("10.0.0.0-10.0.255.255"))
    assert server.kept()["NATedIPs"] == f"{held}10.0.0.0-10.0.255.255\n"
    made(server, nated_ips=wanted_list("10.0.0.0/16", mode="absent"))
    assert server.kept()["NATedIPs"] == held


def test_what_an_administrator_excludes_is_not_overruled_and_nothing_is_written(server: Emulated) -> None:
    server.server.store.settings["NATedIPs"] = "10.5.0.1\n!10.0.9.0/24 ; guests\n"
    told = r"nated_ips: line 2 \(!10\.0\.9\.0/24 ; guests\), 10\.0\.9\.0-10\.0\.9\.255, of the server's list keeps out"
    with pytest.raises(SettingsError, match=told):
        made(server, lan_ips=wanted_list("10.1.0.0/16"), nated_ips=wanted_list("10.0.0.0/16"))
    assert not [command for command in server.commands.told if command.startswith("SET")]
    made(server, nated_ips=wanted_list("10.0.0.0/16", "!10.0.9.0/24"))
    assert server.kept()["NATedIPs"] == "10.5.0.1\n!10.0.9.0/24 ; guests\n10.0.0.0/16\n!10.0.9.0/24\n"


def test_replace_makes_it_exactly_the_text(server: Emulated) -> None:
    server.server.store.settings["DebugIPs"] = "10.0.0.1 ; hers\nthis was never a line\n"
    made(server, debug_ips=wanted_list(mode="replace", text="; kept by Ansible\n192.0.2.17\n"))
    assert server.kept()["DebugIPs"] == "; kept by Ansible\n192.0.2.17\n"
    again = made(server, debug_ips=wanted_list(mode="replace", text="; kept by Ansible  \n192.0.2.17"))
    assert again.changes == (), "blanks and the last line end say nothing"
    assert made(server, debug_ips=wanted_list(mode="replace", text="; another\n192.0.2.17")).changes


@pytest.mark.parametrize("text", ["", "; nobody\n"])
def test_replace_does_not_empty_a_list_without_a_word(server: Emulated, text: str) -> None:
    server.server.store.settings["DebugIPs"] = "; hers\n10.0.0.1\nthis was never a line"
    told = "debug_ips: nothing is wanted in this list, and mode replace would take all 2 entries out of the server's"
    with pytest.raises(SettingsError, match=told):
        made(server, debug_ips=wanted_list(mode="replace", text=text))
    assert "SETDEBUGIPS" not in server.commands.told
    allowed = {**wanted_list(mode="replace", text=text), "allow_empty": True}
    assert made(server, debug_ips=allowed).changes[0].after == text
    # Where there is nothing to lose, nothing has to be said.
    made(server, debug_ips=wanted_list(mode="replace", text="; another comment"))
    assert server.kept()["DebugIPs"] == "; another comment"


def test_a_list_on_the_server_that_cannot_be_read_is_not_merged_into(server: Emulated) -> None:
    server.server.store.settings["LANIPs"] = "10.0.0.1\n10.0.0.9-10.0.0.1"
    with pytest.raises(SettingsError, match=r"lan_ips: the list on the server can't be read, .*line 2.* mode replace"):
        made(server, lan_ips=wanted_list("10.1.0.0/16"))
    assert "SETLANIPS" not in server.commands.told


@pytest.mark.parametrize(
    ("version", "line", "told"),
    [
        ("5.0.9", "!10.0.0.1", 'line 2: "!10.0.0.1" excludes, which .*version 5.0.9 cannot'),
        ("5.1.16", "10.0.0.0/8", "line 2: .* has a mask, which .*version 5.1.16 cannot.* 10.0.0.0-10.255.255.255"),
        ("6.3.12", "#office", "line 2: .* refers to another list, which .*version 6.3.12 cannot"),
        ("6.4.1", "10.0.0.9-10.0.0.1", "line 2: .* runs backwards; .*10.0.0.1-10.0.0.9"),
        ("6.4.1", "10.0.0.1-2001:db8::1", "line 2: .* mixes IPv4 and IPv6"),
        ("6.4.1", "10.0.0.256", "line 2: .* where an address belongs"),
    ],
)
@pytest.mark.acceptance("CG-23")
def test_a_line_that_the_servers_version_cannot_read_is_refused(
    server: Emulated, version: str, line: str, told: str
) -> None:
    server.server.store.settings["Version"] = version
    with pytest.raises(SettingsError, match=f"lan_ips: {told}"):
        made(server, lan_ips=wanted_list("10.5.0.1", line))
    assert "SETLANIPS" not in server.commands.told
    # The emulator, whose grammar was written apart, would not have taken it either.
    with server.session() as session, pytest.raises(RefusedError, match="501 incorrect network address list: line 2"):
        session.set("SETLANIPS", f'"10.5.0.1\\e{line}"')


@pytest.mark.parametrize(
    ("version", "grammar"),
    [
        *(("5.0c2", "5.0"), ("5.1.16", "5.1"), ("5.4.0", "5.2"), ("6.3.12", "5.2"), ("6.4", "6.4"), ("10.1", "6.4")),
        *(("4.3", "5.0"), ("", "5.0"), ("6", "5.0"), ("six", "5.0")),
    ],
)
def test_the_version_decides_the_grammar_and_an_unknown_one_gets_the_oldest(version: str, grammar: str) -> None:
    assert grammar_of(version) == grammar


def test_a_server_without_getversion_is_known_by_its_greeting(server: Emulated) -> None:
    server.go_wrong(GETVERSION="refuse Unknown command")
    server.server.store.settings["Version"] = "5.1.16"
    with server.session() as session:
        assert server_version(session) == "5.1.16"


def test_all_mistakes_come_at_once_and_nothing_is_written(server: Emulated) -> None:
    with pytest.raises(SettingsError) as caught:
        made(
            server,
            client_ips=wanted_list("10.9.0.0/16"),
            lan_ips=wanted_list("10.0.0.300", "nonsense"),
            network={"WANAdress": "77.77.77.77", "NATPing": "often"},
        )
    lines = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["lan_ips:", "lan_ips:", "network.WANAdress:", "network.NATPing:"]
    assert not [command for command in server.commands.told if command.startswith("SET")]


@pytest.mark.parametrize("option", SETTINGS)
@pytest.mark.acceptance("CG-09", "CG-04")
def test_settings_are_changed_by_the_servers_own_keys_and_all_others_go_back_as_they_came(
    server: Emulated, option: str
) -> None:
    with server.session() as session:
        session.set(f"SET{SETTINGS[option]}", FOREIGN)
    made(server, **{option: {"WAN IP": "77.77.77.77", "Deep": {"On": True}}})
    with server.session() as session:
        now = session.get(f"GET{SETTINGS[option]}")
    foreign = parse(FOREIGN)
    assert isinstance(foreign, dict)
    assert now == {**foreign, "WAN IP": "77.77.77.77", "Deep": {"On": "YES", "Off": "YES"}}
    assert made(server, **{option: {"WAN IP": "77.77.77.77"}}).changes == ()


def test_what_is_not_changed_is_sent_back_letter_by_letter() -> None:
    plan = planned({"network": FOREIGN}, {"network": {"WAN IP": "77.77.77.77", "Deep": {"On": True}}}, "6.3")
    assert plan.changes[0].text == FOREIGN.replace('"WAN IP"=""', '"WAN IP"="77.77.77.77"').replace("On=NO", "On=YES")
    same = planned({"network": FOREIGN}, {"network": {"Mask": 255, "Old Text": "a\nb", "Deep": {"On": True}}}, "6.3")
    assert same.changes[0].text == FOREIGN.replace("On=NO", "On=YES"), "nor what is wanted as it is"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("Mask", "12", "#12"),
        ("Mask", 12, "#12"),
        ("Relay", "10.0.1.13", "#I[10.0.1.13]"),
        ("Relay", "10.0.1.13:26", "#I[10.0.1.13]:26"),
        ("Relay", "2001:db8::1", "#I[2001:db8::1]"),
        ("Relay", "[2001:db8::1]:26", "#I[2001:db8::1]:26"),
        ("Since", "23-10-2009_10:00:00", "#T23-10-2009_10:00:00"),
        ("Seal", "AAED", "[AAED]"),
        ("Names", ["c", 4], "(c,4)"),
        ("WAN IP", 7, "7"),
        ("WAN IP", "two\nlines", '"two\\elines"'),
        ("Nothing", 7, "#7"),
    ],
)
def test_a_value_becomes_the_kind_that_the_server_holds(key: str, value: Any, text: str) -> None:
    plan = planned({"network": FOREIGN}, {"network": {key: value}}, "6.3")
    assert f"{text};" in plan.changes[0].text


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"wan ip": "1.2.3.4"},
            r"network\.wan ip: the server lists no such key \(did you mean WAN IP\?\); it lists Deep, ",
        ),
        ({"Deep": {"Onn": 1}}, r"network\.Deep\.Onn: the server lists no such key .*it lists Off, On\. A setting that"),
        ({"Mask": "many"}, r"network\.Mask: 'many' is not a number, which the server holds there"),
        ({"Mask": True}, r"network\.Mask: True is not a number"),
        ({"Mask": 1.5}, r"network\.Mask: 1\.5 is not a number"),
        ({"Relay": "here"}, r"network\.Relay: 'here' is not an IP address"),
        ({"Since": "today"}, r"network\.Since: 'today' is not a time like"),
        ({"Seal": "é"}, r"network\.Seal: 'é' is not a data block"),
        ({"Names": "a"}, r"network\.Names: 'a' is not an array"),
        ({"WAN IP": ["a"]}, r"network\.WAN IP: \['a'\] is not text"),
        ({"WAN IP": None}, r"network\.WAN IP: has no value; write one, or leave the key out"),
        ({"Deep": "a"}, r"network\.Deep: 'a' is not a dictionary"),
    ],
)
def test_a_setting_that_the_server_has_not_or_cannot_take_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        planned({"network": FOREIGN}, {"network": settings}, "6.3")


def test_a_server_that_keeps_something_else_is_found_out(server: Emulated) -> None:
    server.go_wrong(SETLANIPS="forget", SETNETWORK="forget")
    with pytest.raises(SettingsError, match=r"accepted SETLANIPS, but holds something else now"):
        made(server, lan_ips=wanted_list("10.0.0.0/16"))
    with pytest.raises(SettingsError, match="accepted SETNETWORK, but holds something else now"):
        made(server, network={"WANAddress": "77.77.77.77"})


def test_an_error_of_the_server_is_passed_on_whole(server: Emulated) -> None:
    server.go_wrong(SETLANIPS="refuse you have no access right to do that; ask  an administrator")
    with pytest.raises(RefusedError) as caught:
        made(server, lan_ips=wanted_list("10.0.0.0/16"))
    assert "refused SETLANIPS: 501 you have no access right to do that; ask  an administrator" in str(caught.value)
    assert server.kept()["LANIPs"] == ""


@pytest.mark.parametrize(("command", "answer"), [("GETLANIPS", "201 (a)"), ("GETLANIPS", "201 #5")])
def test_a_list_that_is_no_text_is_refused(server: Emulated, command: str, answer: str) -> None:
    server.go_wrong(**{command: f"raw {answer}"})
    with pytest.raises(PwdError, match="where a text belongs"):
        made(server, lan_ips=wanted_list("10.0.0.0/16"))


@pytest.mark.parametrize("answer", ["201 (a)", "201 {a=b}"])
def test_settings_that_are_no_dictionary_are_refused(server: Emulated, answer: str) -> None:
    server.go_wrong(GETNETWORK=f"raw {answer}")
    with pytest.raises(PwdError, match="GETNETWORK"):
        made(server, network={"WANAddress": "77.77.77.77"})


def test_a_list_that_is_null_is_empty(server: Emulated) -> None:
    server.go_wrong(GETDEBUGIPS="raw 201 #NULL#")
    with server.session() as session:
        assert read(session, ["debug_ips"]) == {"debug_ips": ""}


def test_the_server_tells_lists_settings_listeners_and_what_an_address_is(server: Emulated) -> None:
    server.server.store.settings["LANIPs"] = "; head\n10.0.0.0/16 ; office\n!10.0.9.9"
    server.go_wrong(GETNATSITEIPS="refuse Unknown command")
    with server.session() as session:
        found = gathered(session, ["lan_ips", "nat_site_ips", "media"], ["SIP", "Fax"], ["10.0.1.1", "10.0.9.9"])
    assert found["version"] == "6.3.12"
    assert [(entry["line"], entry["value"], entry["excluded"]) for entry in found["lists"]["lan_ips"]["entries"]] == [
        (2, "10.0.0.0/16", False),
        (3, "10.0.9.9", True),
    ]
    assert found["lists"]["lan_ips"]["entries"][0]["last"] == "10.0.255.255"
    assert found["settings"]["media"] == {"UDPPorts": "", "TCPPorts": "", "LocalIP": server.host}
    assert [listener["port"] for listener in found["listeners"]["SIP"]] == [15060]
    assert found["ip_states"] == {"10.0.1.1": "LANIPs", "10.0.9.9": "none"}
    assert found["refused"] == {"nat_site_ips": "501 Unknown command", "Fax": "501 unknown module name"}


def test_a_list_that_cannot_be_read_is_told_with_its_problems(server: Emulated) -> None:
    server.server.store.settings["LANIPs"] = "10.0.0.1\nwhat\n"
    with server.session() as session:
        found = gathered(session, ["lan_ips"], [], [])["lists"]["lan_ips"]
    assert found["entries"] == []
    assert found["problems"][0].startswith('line 2: "what"')


def test_an_address_to_ask_about_has_to_be_one(server: Emulated) -> None:
    with server.session() as session, pytest.raises(SettingsError, match=r"addresses: '10.0.0' is no IP address"):
        gathered(session, [], [], ["10.0.0"])


def test_only_the_listeners_of_a_modules_settings_are_told() -> None:
    settings = parse(
        '{Password=secret;Relay={Port=#26;Password=secret;};Listener=({Port=#25;},x);"UDP Listener"={Port="5060";};'
        'Listeners=a;listener={A=b;};"2nd Listener"=({Port=#0;},{Port=#65536;},{PORT=#-1;},{Port="0000009";});}'
    )
    assert [(each["under"], each["port"]) for each in module_listeners(settings)] == [
        ("Listener", 25),
        ("UDP Listener", 5060),
        ("listener", None),
        *[("2nd Listener", None)] * 4,
    ]
