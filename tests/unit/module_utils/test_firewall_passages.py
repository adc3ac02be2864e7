# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and commands of other packet filters: a line of ours comes and goes, whatever else stands there."""

from __future__ import annotations

import shlex
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.foreign import Ruleset
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import firewalld, saved_rules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.keepers import Kept
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.opened import Opened
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.passage import Passage, plain, script

MARK = 0x10000000
IN = Passage("iptables", "ip", "filter", "INPUT", MARK)
THROUGH = IN._replace(chain="FORWARD")
LINE = '-A INPUT -m mark --mark 0x10000000/0x10000000 -m comment --comment "faxnet.deploy" -j ACCEPT\n'
#: What people and programs have in such files, and what none should have.
HOSTILE = (
    "*filter\n:INPUT DROP [0:0]\nCOMMIT\n",
    "*nat\n-A INPUT -j SNAT\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n"
    "*mangle\n-A INPUT -j DROP\nCOMMIT\n",
    '*filter\r\n:INPUT DROP [0:0]\r\n-A INPUT -m comment --comment "$(reboot) `id` \\" END" -j DROP\r\nCOMMIT\r\n',
    "*filter\n:INPUT DROP [0:0]\n[12:3400] -A INPUT -i lo -j ACCEPT\n[0:0] -A INPUT -j DROP\nCOMMIT\n",
    '*filter\n-A INPUT -m comment --comment "not faxnet.deploy" -j DROP\n# faxnet.deploy\nCOMMIT\n',
    "*filter\n-A INPUT -m comment --comment \udcff\udc00 <x>&amp;</x> -j DROP\nCOMMIT",
    "*filter\n-A INPUT -j f2b-sshd\n-A INPUT -s 192.0.2.66/32 -j DROP\n"
    "-A INPUT -m set --match-set bad src -j DROP\nCOMMIT\n",
)


@pytest.mark.parametrize("framed", [False, True])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_of_ours_comes_and_goes_and_no_other_byte_does(text: str, framed: bool) -> None:
    made = saved_rules.with_passages(text, [IN, THROUGH], framed=framed)
    assert LINE in made
    assert saved_rules.with_passages(made, [IN, THROUGH], framed=framed) == made
    assert saved_rules.with_passages(made, [], framed=framed) == text
    others = [line for line in made.splitlines(keepends=True) if "faxnet.deploy" not in line]
    assert others == [line for line in text.splitlines(keepends=True) if "faxnet.deploy" not in line]


@pytest.mark.parametrize("text", ["", "COMMIT", "*filter", "*filter\n:INPUT DROP [0:0]", "*nat\nCOMMIT\n"])
def test_a_file_without_a_table_to_the_end_stays_as_it_is(text: str) -> None:
    assert saved_rules.with_passages(text, [IN], framed=False) == text
    assert saved_rules.with_passages(text, [IN], framed=True) == text


def test_a_line_of_ours_stands_in_the_filter_behind_who_is_banned_and_before_all_else() -> None:
    lines = saved_rules.with_passages(HOSTILE[1], [IN], framed=False).splitlines(keepends=True)
    assert lines[lines.index(LINE) + 1] == "-A INPUT -j DROP\n"
    assert lines[lines.index(LINE) - 1] == ":INPUT DROP [0:0]\n"
    lines = saved_rules.with_passages(HOSTILE[-1], [IN], framed=False).splitlines(keepends=True)
    assert lines[lines.index(LINE) + 1 :] == ["COMMIT\n"]
    lines = saved_rules.with_passages(HOSTILE[3], [IN], framed=False).splitlines(keepends=True)
    assert lines[lines.index(LINE) + 1].startswith("[12:3400]")


@pytest.mark.parametrize(
    ("rule", "bans"),
    [
        ("-p tcp -m multiport --dports 22 -j f2b-sshd", True),
        ("-m set --match-set bad src -j DROP", True),
        ("-m set --match-set bad src,dst -p tcp -j REJECT --reject-with tcp-reset", False),
        ("-m set ! --match-set good src -j DROP", False),
        ("-m set --match-set good src -j ACCEPT", False),
        ("-s 192.0.2.66/32 -j DROP", True),
        ("-s 2001:db8::66/128 -j REJECT --reject-with icmp6-port-unreachable", True),
        ("! -s 192.0.2.66/32 -j DROP", False),
        ("-s 192.0.2.0/24 -j DROP", False),
        ("-j DROP", False),
    ],
)
def test_a_ban_is_told_from_other_rules(rule: str, bans: bool) -> None:
    assert saved_rules.bans(rule) == bans


@pytest.mark.parametrize(
    "name", ["a b", "a;reboot", "$(id)", "`id`", "a'b", 'a"b', "a\\b", "a/b", "", "-a", "a\nb", "é"]
)
def test_a_name_that_is_more_than_a_name_goes_into_no_command(name: str) -> None:
    assert not plain("inet", name)


def test_whatever_a_rule_that_was_found_says_the_shell_takes_it_as_words(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "iptables"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {ran}\n', encoding="ascii")
    program.chmod(0o755)
    machine = Machine(run=lambda _argv, _text: Ran(0, "", ""), find=lambda _name: str(program))
    rule = f'-m comment --comment "$(touch {tmp_path}/bad) `touch {tmp_path}/bad` \'; touch {tmp_path}/bad" -j ACCEPT'
    subprocess.run(["/bin/sh", "-c", script(machine, [IN._replace(held=rule)], [])], check=True)
    assert ran.read_text(encoding="ascii").splitlines()[-len(shlex.split(rule)) :] == shlex.split(rule)
    assert not (tmp_path / "bad").exists()


def test_firewalld_gets_one_rule_for_each_kind_of_packet() -> None:
    accepted = [
        Opened(4, "192.0.2.0/24", "10.1.0.10/32", False, "tcp", "7488-7490", ""),
        Opened(6, "", "2001:db8::/64", True, "", "", ""),
        Opened(0, "", "", False, "47", "", ""),
        # Never as a service: that would let in whatever is sent to the port or from it.
        Opened(4, "192.0.2.7/32", "", False, "udp", "", "4644"),
    ]
    text = firewalld.policy_text("input", accepted)
    root = ET.fromstring(text)  # noqa: S314 it was written here
    assert root.attrib == {"priority": "-100", "target": "CONTINUE"}
    assert [zone.attrib for zone in root.iter("egress-zone")] == [{"name": "HOST"}]
    said = [{part.tag: part.attrib for part in rule} | {"rule": rule.attrib} for rule in root.iter("rule")]
    assert said == [
        {
            "rule": {"family": "ipv4"},
            "source": {"address": "192.0.2.0/24"},
            "destination": {"address": "10.1.0.10/32"},
            "port": {"port": "7488-7490", "protocol": "tcp"},
            "accept": {},
        },
        {"rule": {"family": "ipv6"}, "destination": {"address": "2001:db8::/64", "invert": "True"}, "accept": {}},
        {"rule": {}, "protocol": {"value": "47"}, "accept": {}},
        {
            "rule": {"family": "ipv4"},
            "source": {"address": "192.0.2.7/32"},
            "source-port": {"port": "4644", "protocol": "udp"},
            "accept": {},
        },
    ]


def test_more_rules_than_firewalld_can_bear_are_refused() -> None:
    many = [Opened(4, "", "", False, "tcp", str(number), "") for number in range(2001)]
    with pytest.raises(FirewallError, match=r"2001 kinds of packets.*systemctl disable --now firewalld"):
        firewalld.policy_text("input", many)


ZONES = "public (active)\n  target: default\n  interfaces: eth0\n  ports: {ports}\n"
KEPT_ZONES = ZONES.replace(" (active)", "").replace(" eth0", "")


def host_with_firewalld(now: dict[str, str], kept: dict[str, str]) -> Machine:
    """A host whose firewalld says this of itself, by the last word of the question, and that of its files."""

    def run(argv: list[str], _text: str | None) -> Ran:
        said = (kept if "--permanent" in argv else now).get(argv[-1], "")
        return Ran(252, "", "FirewallD is not running") if said == "dead" else Ran(0, said, "")

    return Machine(run=run, find=lambda name: f"/usr/bin/{name}")


@pytest.mark.parametrize(
    ("now", "kept", "lost"),
    [
        ({"--list-all-zones": ZONES.format(ports="")}, {"--list-all-zones": KEPT_ZONES.format(ports="")}, ""),
        (
            {"--list-all-zones": ZONES.format(ports="999/tcp")},
            {"--list-all-zones": KEPT_ZONES.format(ports="")},
            "--list-all-zones",
        ),
        ({"--get-all-rules": "ipv4 filter INPUT 0 -j DROP"}, {}, "--direct --get-all-rules"),
        (
            {"--get-ipsets": "bad", "--get-entries": "192.0.2.66"},
            {"--get-ipsets": "bad"},
            "--ipset=bad --get-entries",
        ),
    ],
)
def test_what_a_reload_of_firewalld_would_lose_is_named(now: dict[str, str], kept: dict[str, str], lost: str) -> None:
    assert firewalld.only_for_now(host_with_firewalld(now, kept), ours=False) == lost


def test_a_policy_of_ours_that_was_changed_in_force_is_no_setting_of_its_owners() -> None:
    host = host_with_firewalld({"--list-all-policies": "faxnet-in"}, {})
    assert firewalld.only_for_now(host, ours=False) == "--list-all-policies"
    assert firewalld.only_for_now(host, ours=True) == ""


@pytest.mark.parametrize(("answer", "refused"), [("", False), ("dead", True)])
def test_a_firewalld_that_does_not_answer_is_refused(answer: str, refused: bool) -> None:
    kept = Kept(host_with_firewalld({"--get-policies": answer}, {}), Ruleset((), {}), {})
    active = Obstacle("firewalld", "firewalld is active", "stop it", certain=True)
    spoken = kept.spoken([active], MARK, forwarding=False, options=())
    assert spoken.firewalld != refused
    assert [item.cure.partition(";")[0] for item in spoken.left] == (
        ["start it anew with: systemctl restart firewalld"] if refused else []
    )


def test_firewalld_beside_ufw_is_refused() -> None:
    kept = Kept(host_with_firewalld({}, {}), Ruleset((), {}), {})
    both = [Obstacle(name, f"{name} is active", "stop it", certain=True) for name in ("firewalld", "ufw")]
    spoken = kept.spoken(both, MARK, forwarding=False, options=())
    assert not spoken.firewalld
    assert [item.reason for item in spoken.left] == [
        "firewalld and ufw filter here at once, and only one can be spoken through"
    ]
