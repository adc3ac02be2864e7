# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands for a host with Windows: straight lines, in an order without gaps, with nothing of a value as syntax."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.comparison import compare
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule import Rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule_text import read_rule, write_rule
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rules import rules_of
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.script import (
    LiteralError,
    applying,
    literal,
    undoing,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.standing import Standing
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.wanted import NOTHING, Wanted
from ansible_collections.faxnet.deploy.plugins.plugin_utils.policies.read_policy import read_policy
from tests.unit.platforms.policies import permit, policy
from tests.unit.platforms.powershell import parameters_of, words_of
from tests.unit.platforms.windows_rules import rules, text

OLD = policy(input=[permit("198.51.100.7", "10.1.0.9", "10000-10099"), permit("10.1.0.7", "10.1.0.9", "25")])
NEW = policy(input=[permit("198.51.100.7", "10.1.0.9", "10100-10199"), permit("10.1.0.7", "10.1.0.9", "25")])


def wanted(held: dict[str, object]) -> Wanted:
    """What a policy wants."""
    return Wanted(rules_of(read_policy(held), {}))


def stand(held: dict[str, object]) -> dict[str, str]:
    """The same as it stands on a host."""
    return {rule.name: write_rule(rule) for rule in wanted(held).rules}


PROTOCOLS = {"TCP": "6", "UDP": "17", "ICMPv4": "1", "ICMPv6": "58"}


class Host:
    """A host's own rules, changed by the commands as New-, Remove-, Enable- and Disable-NetFirewallRule do."""

    def __init__(self, standing: dict[str, str]) -> None:
        self.rules = dict(standing)

    def run(self, script: str) -> None:
        """Run a script; a command that fails with Stop ends it."""
        for line in script.splitlines():
            command, values = parameters_of(line)
            (name,) = values.pop("Name")
            on_error = values.pop("ErrorAction")
            if command == "Remove-NetFirewallRule":
                self.rules.pop(name, None)
            elif command == "New-NetFirewallRule":
                if name in self.rules:
                    assert on_error != ["Stop"], f"{name} is there already"
                    continue
                self.rules[name] = self._text(values)
            else:
                flag = "TRUE" if command == "Enable-NetFirewallRule" else "FALSE"
                other = "FALSE" if flag == "TRUE" else "TRUE"
                self.rules[name] = self.rules[name].replace(f"Active={other}", f"Active={flag}")

    def _text(self, given: dict[str, list[str]]) -> str:
        fields = [f"Action={given['Action'][0]}", f"Active={given['Enabled'][0].upper()}"]
        fields.append("Dir=" + {"Inbound": "In", "Outbound": "Out"}[given["Direction"][0]])
        (protocol,) = given["Protocol"]
        if protocol != "Any":
            fields.append(f"Protocol={PROTOCOLS.get(protocol, protocol)}")
        fields += [f"Profile={name}" for name in given["Profile"] if name != "Any"]
        for key, parameter in (("L", "LocalPort"), ("R", "RemotePort")):
            for ports in given.get(parameter, ()):
                fields.append(f"{key}Port{'2_10' if '-' in ports else ''}={ports.replace('RPCEPMap', 'RPC-EPMap')}")
        version = {"1": "4", "58": "6"}.get(PROTOCOLS.get(protocol, ""), "")
        fields += [f"ICMP{version}={kind if ':' in kind else kind + ':*'}" for kind in given.get("IcmpType", ())]
        for key, parameter in (("LA", "LocalAddress"), ("RA", "RemoteAddress")):
            fields += [field for value in given.get(parameter, ()) for field in self._address(key, value)]
        for key, parameter in (
            ("App", "Program"),
            ("Svc", "Service"),
            ("Name", "DisplayName"),
            ("Desc", "Description"),
        ):
            fields += [f"{key}={value}" for value in given.get(parameter, ())]
        fields += [f"EmbedCtxt={value}" for value in given.get("Group", ())]
        if given["EdgeTraversalPolicy"] == ["Allow"]:
            fields.append("Edge=TRUE")
        return "v2.33|" + "".join(f"{field}|" for field in fields)

    @staticmethod
    def _address(key: str, value: str) -> Iterable[str]:
        if value[0].isalpha() and ":" not in value:
            versions = value[-1] if value[-1].isdigit() else "46"
            return [f"{key}{version}={value.rstrip('46')}" for version in versions]
        return [f"{key}{6 if ':' in value else 4}={value}"]


def read(standing: dict[str, str]) -> dict[str, Rule]:
    """What rules say."""
    return {name: read_rule(name, rule) for name, rule in standing.items()}


def test_the_lines_are_these() -> None:
    found = compare(wanted(NEW), Standing(stand(OLD)))
    (old,), (new,) = found.removed, found.added
    made = (
        f"New-NetFirewallRule -Name '{new.name}' -DisplayName 'faxnet TCP 10100-10199: netcfax.pcp' "
        "-Group 'faxnet.deploy' -Description 'Serves netcfax.pcp' -Enabled 'True' -Profile 'Domain','Private' "
        "-Direction 'Inbound' -Action 'Allow' -Protocol 'TCP' -LocalPort '10100-10199' -RemoteAddress '198.51.100.7' "
        "-EdgeTraversalPolicy 'Block' -ErrorAction Stop\n"
    )
    assert applying(found) == made + f"Remove-NetFirewallRule -Name '{old.name}' -ErrorAction SilentlyContinue\n"
    back = made.replace("10100-10199", "10000-10099").replace(new.name, old.name).replace("Stop", "Continue")
    assert undoing(found) == (
        f"Remove-NetFirewallRule -Name '{old.name}' -ErrorAction SilentlyContinue\n{back}"
        f"Remove-NetFirewallRule -Name '{new.name}' -ErrorAction SilentlyContinue\n"
    )


def test_words_for_ports_are_powershells_own() -> None:
    called = policy(input=[permit("10.1.0.7", "10.1.0.9", "135", flows=["a.rpc/x>y"])])
    mapper = rules_of(read_policy(called), {"a.rpc": {"listener": {"rpc": "mapper", "program": "C:\\f a x.exe"}}})
    script = applying(compare(Wanted(mapper), Standing({})))
    (line,) = [line for line in script.splitlines() if "a.rpc" in line]
    _command, values = parameters_of(line)
    assert (values["LocalPort"], values["Program"]) == (["RPCEPMap"], ["C:\\f a x.exe"])
    host = Host({})
    host.run(script)
    assert not compare(Wanted(mapper), Standing(host.rules)).changes


def test_nothing_to_do_is_no_line() -> None:
    found = compare(wanted(OLD), Standing(stand(OLD)))
    assert (applying(found), undoing(found)) == ("", "")


@pytest.mark.parametrize("before", [{}, OLD, NEW])
@pytest.mark.parametrize("after", [None, OLD, NEW])
def test_a_host_is_as_wanted_afterwards_and_as_before_when_it_is_undone(
    before: dict[str, object], after: dict[str, object] | None
) -> None:
    standing = (stand(before) if before else {}) | {"theirs": text("Name=theirs")}
    goal = NOTHING if after is None else wanted(after)
    found = compare(goal, Standing(standing))
    host = Host(standing)
    host.run(applying(found))
    assert not compare(goal, Standing(host.rules)).changes
    assert host.rules["theirs"] == standing["theirs"]
    host.run(undoing(found))
    host.run(undoing(found))
    assert read(host.rules) == read(standing)


@pytest.mark.parametrize("lines", range(4))
def test_a_change_that_broke_off_is_undone_from_wherever_it_came_to(lines: int) -> None:
    both = policy(input=[permit("198.51.100.7", "10.1.0.9", "99"), permit("10.1.0.8", "10.1.0.9", "26")])
    standing = stand(OLD)
    found = compare(wanted(both), Standing(standing))
    script = applying(found).splitlines(keepends=True)
    assert len(script) == 4
    host = Host(standing)
    host.run("".join(script[:lines]))
    host.run(undoing(found))
    assert read(host.rules) == read(standing)


def test_at_no_moment_is_a_permit_missing_that_is_in_both() -> None:
    found = compare(wanted(NEW), Standing(stand(OLD)))
    host = Host(stand(OLD))
    for line in applying(found).splitlines():
        host.run(line)
        assert {rule.content for rule in wanted(OLD).rules} & {rule.content for rule in wanted(NEW).rules} <= {
            rule.content for rule in read(host.rules).values()
        }
    commands = [line.partition(" ")[0] for line in applying(found).splitlines()]
    assert commands == sorted(commands)  # New before Remove


def test_rules_of_others_are_switched_off_and_on_again() -> None:
    standing = stand(OLD) | {"it's theirs": text("Name=theirs")}
    found = compare(wanted(OLD), Standing(standing), disable=["it's theirs"])
    host = Host(standing)
    host.run(applying(found))
    assert not read(host.rules)["it's theirs"].enabled
    host.run(undoing(found))
    assert host.rules == standing


@given(rules().filter(lambda rule: not rule.other and rule.action != "bypass"))
def test_every_rule_of_ours_comes_back_as_it_was(given_rule: Rule) -> None:
    plain = given_rule._replace(
        group="faxnet.deploy", remote_words=tuple(word for word in given_rule.remote_words if word[3] == "=")
    )
    standing = {"x": write_rule(plain)}
    found = compare(NOTHING, Standing(standing))
    host = Host(standing)
    host.run(applying(found))
    assert host.rules == {}
    host.run(undoing(found))
    assert read(host.rules) == read(standing)


HOSTILE = [
    "it's",
    "''",
    "'; Remove-Item C:\\ -Recurse; '",
    "\u2018; whoami; \u2019",
    "a\u201ab\u201bc\u2019\u2018",
    "'\u2019'",
    "$(whoami)",
    "${env:PATH} $x @(1) `n `$ %COMSPEC%",
    '"; exit; "',
    "a | b & c > d # e",
    "C:\\Program Files (x86)\\f a x\\f.exe",
    "-Name",
    "x\\",
    ",'x'",
    "\u65e5\u672c \u0130\u0131 \U0001f4e0",
    "",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_one_string_that_holds_it(value: str) -> None:
    assert words_of(f"Command -Name {literal(value)} -End") == ["Command", "-Name", [value], "-End"]


@given(
    st.lists(
        st.text(
            st.one_of(st.characters(blacklist_categories=["C", "Z"]), st.sampled_from("'\u2018\u2019\u201a\u201b ,-$`"))
        )
    )
)
def test_any_value_is_one_string_that_holds_it(values: list[str]) -> None:
    line = "Command " + ",".join(map(literal, values))
    assert words_of(line) == (["Command", values] if values else ["Command"])


@pytest.mark.parametrize(
    "value", ["a\nb", "a\rb", "\x00", "\t", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\ufeff", "\ud800"]
)
def test_what_could_end_a_line_or_is_no_letter_is_refused(value: str) -> None:
    with pytest.raises(LiteralError, match="cannot be handed to PowerShell"):
        literal(value)


def test_a_hostile_rule_on_the_host_does_not_get_into_the_script_as_syntax() -> None:
    evil = "'; Stop-Computer; \u2019"
    standing = {f"faxnet-{evil}": text(f"Name={evil}", f"Desc={evil}", f"App={evil}", "EmbedCtxt=faxnet.deploy")}
    found = compare(NOTHING, Standing(standing))
    host = Host(standing)
    host.run(applying(found))
    host.run(undoing(found))
    assert read(host.rules) == read(standing)
