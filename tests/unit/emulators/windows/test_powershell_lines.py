# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Straight lines of PowerShell: what is read, and that all else is refused with nothing done."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.windows.errors import ScriptError
from tests.emulators.windows.powershell_lines import QUOTES, Command, commands
from tests.emulators.windows.script import checked, text_of_file
from tests.unit.emulators.windows.world import World

QUICK = settings(max_examples=400, derandomize=True)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("Remove-Item -Path 'C:\\a b'", Command(1, "Remove-Item", {"path": ("C:\\a b",)})),
        ("X -A 'it''s'", Command(1, "X", {"a": ("it's",)})),
        ("X -A 'it\u2019\u2019s'", Command(1, "X", {"a": ("it\u2019s",)})),
        ("X -A \u2018a'", Command(1, "X", {"a": ("a",)})),
        ("X -A 'a','b' , c-1", Command(1, "X", {"a": ("a", "b", "c-1")})),
        ("X -LocalPort 10000-10099,44333", Command(1, "X", {"localport": ("10000-10099", "44333")})),
        ("X -Confirm:$false -Force", Command(1, "X", {"confirm": (False,), "force": ()})),
        ("X -A $TRUE", Command(1, "X", {"a": (True,)})),
        ("X -A '' # rest", Command(1, "X", {"a": ("",)})),
        ("netsh.exe interface ipv4 a=1", Command(1, "netsh.exe", {}, ("interface", "ipv4", "a=1"))),
        ("\tX\t-A\ta\t", Command(1, "X", {"a": ("a",)})),
    ],
)
def test_a_line_is_a_command_with_literals(line: str, command: Command) -> None:
    assert commands(line) == [command]


def test_lines_are_numbered_and_empty_ones_and_comments_are_none() -> None:
    found = commands("# first\r\n\r\nA\n   # more\nB -C d\n")
    assert [(each.line, each.name) for each in found] == [(3, "A"), (5, "B")]


@pytest.mark.parametrize(
    "line",
    [
        "$a = 1",
        "X $a",
        "X -A $env:TEMP",
        "X -A $null",
        "X -A $trueish",
        'X "a"',
        "X -A (1)",
        "X -A @('a')",
        "X -A @{a=1}",
        "X | Y",
        "X; Y",
        "X -A 'a'; Y",
        "X & Y",
        "& 'X'",
        "'X'",
        ". X",
        "X > file",
        "X -A a`b",
        "X -A `",
        "X {",
        "if (1) { X }",
        "X -A 'a'b",
        "X -A b'a'",
        "X -A 'a'+'b'",
        "X -A C:'a'",
        "X -A 'a",
        "X -A 'a''",
        "X -A 'a\u2019 ; Y '",
        "X -A ,a",
        "X -A a,",
        "X a,b",
        "X ,",
        "X -A a -a b",
        "X \u2013A b",
        "X -A -5",
        "X -A é",
        "X\u00a0-A b",
        "X\x00",
        "X -Confirm: $false y'",
        "-A X",
        "[int]1",
        "X --% a",
    ],
)
def test_whatever_is_more_is_refused(line: str) -> None:
    with pytest.raises(ScriptError, match="line 2: "):
        commands(f"# one\n{line}\n")


def quoted(text: str) -> str:
    """A text as PowerShell's own documentation has it in single quotes: each kind of single quote twice."""
    return "'" + "".join(sign * 2 if sign in QUOTES else sign for sign in text) + "'"


texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
hostile = st.lists(st.sampled_from([*QUOTES, *'a;|&`$(){}"#, -', "''", "$(calc)", "\u2013"]), max_size=12).map("".join)


@QUICK
@given(st.lists(texts | hostile, min_size=1, max_size=4))
def test_a_quoted_text_comes_back_whatever_it_holds(values: list[str]) -> None:
    line = f"New-Thing -Name {','.join(quoted(value) for value in values)} -Last 'x'"
    assert commands(line) == [Command(1, "New-Thing", {"name": tuple(values), "last": ("x",)})]


@QUICK
@given(
    st.lists(st.sampled_from([*"aA1 '-,;|&`$(){}\"#:=\\.\u2019\u2013\n", "$true", "-Name", "''"]), max_size=25).map(
        "".join
    )
)
def test_no_text_does_anything_but_be_read_or_refused(script: str) -> None:
    try:
        names = [each.name for each in commands(script)]
    except ScriptError:
        return
    assert [name for name in names if not name[0].isalpha()] == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Get-Process", "the emulator has no command 'Get-Process'"),
        ("New-NetFirewallRule -DisplayNme 'x'", "has no parameter -displaynme in the emulator"),
        ("New-NetFirewallRule 'x'", "stands there without its parameter's name"),
        ("New-NetFirewallRule -DisplayName 'x','y'", "-displayname has other values than a text"),
        ("New-NetFirewallRule -DisplayName", "-displayname has other values than a text"),
        ("Remove-NetFirewallRule -Name", "-name has other values than a texts"),
        ("Remove-Item -Path 'C:\\a' -Force 'x'", "-force has other values than a switch"),
        ("Remove-Item -Path 'C:\\a' -ErrorAction Sometimes", "-ErrorAction Sometimes is no action"),
    ],
)
def test_a_script_with_something_unknown_does_nothing_at_all(world: World, line: str, text: str) -> None:
    refusal = world.refused("win_powershell", script=f"New-Item -ItemType Directory -Path 'C:\\before'\n{line}")
    assert refusal.startswith("emulated Windows: line 2: ")
    assert text in refusal
    assert not world.host.state.files.exists("C:\\before")
    with pytest.raises(ScriptError):
        checked(line)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a", "a"),
        ("\ufeffä".encode(), "ä"),
        ("\ufeffä".encode("utf-16-le"), "ä"),
        ("ä".encode("cp1252"), "ä"),
        # The reason for a mark: without one Windows PowerShell takes UTF-8 for the code page, and this is a quote.
        ("\u0451".encode(), "\u00d1\u2018"),
    ],
)
def test_a_script_file_is_read_as_windows_powershell_reads_it(data: bytes, text: str) -> None:
    assert text_of_file(data) == text
