# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arguments of ssh say of a login's way: as ssh itself reads them, with whatever quotes and in whatever order."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from ansible_collections.faxnet.deploy.plugins.plugin_utils.inventory.ssh_arguments import (
    Stop,
    WayError,
    read_arguments,
)


@pytest.mark.parametrize(
    ("text", "stops"),
    [
        ("", []),
        ("-C -o ControlMaster=auto -o ControlPersist=60s", []),
        ("-J bastion", [("bastion", None)]),
        ("-vJbastion", [("bastion", None)]),
        ("-J one,admin@two:2222", [("one", None), ("two", 2222)]),
        ("-J admin@192.0.2.5:22,ssh://root@[2001:db8::5]:2222", [("192.0.2.5", 22), ("2001:db8::5", 2222)]),
        ("-J [2001:db8::5]", [("2001:db8::5", None)]),
        ("-J 2001:db8::5", [("2001:db8::5", None)]),
        ("-o ProxyJump=bastion", [("bastion", None)]),
        ("-oProxyJump=bastion -J other", [("bastion", None)]),
        ("-o 'proxyjump bastion'", [("bastion", None)]),
        ("-o ProxyJump=none -o ProxyCommand='ssh -W %h:%p x'", []),
        ("-l -J -p 22", []),
        ("-o ProxyCommand='ssh -W %h:%p bastion'", [("bastion", None)]),
        ("-o ProxyCommand='ssh -W %h:%p bastion' -J other", [("bastion", None)]),
        ("-o ProxyCommand='exec /usr/bin/ssh -q -W [%h]:%p -p 2222 admin@bastion'", [("bastion", 2222)]),
        ('-o ProxyCommand="ssh -i ~/.ssh/key admin@bastion -p 2222 -W %h:%p"', [("bastion", 2222)]),
        ('-o ProxyCommand="ssh -o Port=2222 -l admin bastion nc -q0 %h %p"', [("bastion", 2222)]),
        ('-o ProxyCommand="ssh -J outer -W %h:%p inner"', [("outer", None), ("inner", None)]),
        ("""-o ProxyCommand="ssh -o ProxyCommand='ssh -W %h:%p a' -W %h:%p b" """, [("a", None), ("b", None)]),
        ("-o ProxyCommand='sshpass -p hunter2 ssh -W %h:%p bastion'", [("bastion", None)]),
        ("-o ProxyCommand='nc %h %p'", []),
        ("-o ProxyCommand='nc -X 5 -x proxy %h %p'", [("proxy", 1080)]),
        ("-o ProxyCommand='nc -X connect -x proxy %h %p'", [("proxy", 3128)]),
        ("-o ProxyCommand='ncat --proxy 192.0.2.7:8080 %h %p'", [("192.0.2.7", 8080)]),
    ],
)
def test_the_hosts_on_the_way_are_told_in_order(text: str, stops: list[tuple[str, int | None]]) -> None:
    assert read_arguments(text).stops == tuple(Stop(*stop) for stop in stops)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-o ProxyCommand='connect-proxy -H proxy:8080 %h %p'", "ProxyCommand=connect-proxy"),
        ("-o ProxyCommand='sshpass -p hunter2 gateway.sh %h'", "ProxyCommand=gateway.sh"),
        ("-o ProxyCommand='ssh bastion uptime'", "ProxyCommand=ssh"),
        ("-o ProxyCommand='ssh -W %h:%p'", "ProxyCommand=ssh"),
        ("-o ProxyCommand='nc localhost 22'", "ProxyCommand=nc"),
        ("-o ProxyCommand=' '", "ProxyCommand="),
        ("-J bastion:ssh", "bastion:ssh"),
        ("-J bastion:99999", "bastion:99999"),
        ("-J %r.example.com", "%r.example.com"),
        ("-J ''", ""),
        ("-J a,,b", ""),
    ],
)
def test_what_cannot_be_followed_is_shown_without_what_may_be_a_password(text: str, shown: str) -> None:
    with pytest.raises(WayError) as caught:
        read_arguments(text).stops  # noqa: B018 reading it is what raises
    assert caught.value.shown == shown


def test_quotes_that_never_end_are_told() -> None:
    with pytest.raises(WayError, match="quotes"):
        read_arguments("-o ProxyCommand='ssh")


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("-o ProxyCommand='ssh -W %h:%p -p 2222 bastion'", None),
        ("-o ProxyCommand='ssh -W %h:%p -p 2222 bastion' -p 22", "22"),
        ("-p 1 -o Port=2", "1"),
        ("-4Cp2222", "2222"),
        ('-o Port="22"', "22"),
        ("-o 'Port = \"23\"'", "23"),
        ("-i -p 22", None),
    ],
)
def test_a_port_is_the_hosts_own_and_not_that_of_a_jump_host(text: str, port: str | None) -> None:
    assert read_arguments(text).values.get("port") == port


@pytest.mark.parametrize(
    "text",
    [
        "-J a -p 1 -o Port=2",
        "-o Port=1 -p 2",
        "-J a -o ProxyCommand=x",
        "-o 'ProxyCommand x' -o ProxyJump=a",
        "-oProxyJump=none -o ProxyCommand=x",
        "-4vJ a -o proxyjump=b",
        "-i -J -i -p",
        '-o "Port = 2222" -o ProxyJump="u@a,b:3"',
    ],
)
def test_ssh_itself_reads_them_so(text: str) -> None:
    command = ["ssh", "-F", "none", "-G", *shlex.split(text), "host"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    says = dict(line.split(" ", 1) for line in told if line.startswith(("port ", "proxyjump ", "proxycommand ")))
    arguments = read_arguments(text)
    proxy = dict([arguments.proxy]) if arguments.proxy and arguments.proxy[1] != "none" else {}
    assert {"port": arguments.values.get("port", "22")} | proxy == says
