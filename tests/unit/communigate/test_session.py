# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session over PWD: logins, answers, and everything that can go wrong on the way."""

from __future__ import annotations

import itertools
import socket
import subprocess
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._communigate.pwd import (
    PwdError,
    RefusedError,
    Session,
    Target,
)
from tests.unit.communigate.world import PASSWORD, PWD_PORT, Emulated

STATES = ("GREETING", "APOP", "INLINE", "GETLANIPS")
FAULTS = ("cut", "half", "silent", "slow 5", "drip 0.5", "junk", "long", "latin", "raw hello", "raw 2", "refuse sorry")


def asked(server: Emulated, **changes: object) -> object:
    """What the server answers to GETLANIPS."""
    with server.session(**changes) as session:
        return session.get("GETLANIPS")


def test_apop_logs_in_and_the_password_never_crosses_the_wire(server: Emulated) -> None:
    server.server.store.settings["DebugIPs"] = "127.0.0.0/8"
    assert asked(server) == ""
    assert "logged in with APOP" in server.log
    assert PASSWORD not in server.log


def test_a_clear_text_login_happens_only_when_asked_for(server: Emulated) -> None:
    assert asked(server, authentication="password") == ""
    assert "logged in with clear text" in server.log


def test_without_a_challenge_nothing_falls_back_to_clear_text(server: Emulated) -> None:
    server.go_wrong(GREETING="raw 200 fax.example.com CommuniGate Pro PWD Server 4.0 ready")
    with pytest.raises(PwdError, match=r"offers no APOP .* set authentication to password"):
        asked(server)
    assert "logged in" not in server.log
    assert asked(server, authentication="password") == ""


@pytest.mark.parametrize("authentication", ["apop", "password"])
def test_a_wrong_password_is_refused_in_the_servers_words(server: Emulated, authentication: str) -> None:
    with pytest.raises(RefusedError, match="501 incorrect password") as caught:
        asked(
            server,
            password="not it",  # noqa: S106 (of an emulator)
            authentication=authentication,
        )
    assert "not it" not in str(caught.value)
    assert caught.value.code == 501


def test_an_unknown_account_is_refused_in_the_servers_words(server: Emulated) -> None:
    with pytest.raises(RefusedError, match="500 unknown user account"):
        asked(server, login="nobody")


@pytest.mark.parametrize("field", ["login", "password"])
@pytest.mark.parametrize("value", ["", "a\r\nSHUTDOWN", "a\0b"])
def test_a_login_that_would_be_two_lines_is_never_sent(server: Emulated, field: str, value: str) -> None:
    with pytest.raises(PwdError, match=f"the {field} is empty or holds a control character"):
        asked(server, **{field: value})
    assert "connection from" not in server.log


def test_a_login_with_a_blank_would_shift_the_digest(server: Emulated) -> None:
    with pytest.raises(PwdError, match="holds a blank"):
        asked(server, login="post master")


@pytest.mark.parametrize(
    ("state", "fault"),
    # A server that refuses INLINE is a server too; it has a test of its own.
    [pair for pair in itertools.product(STATES, FAULTS) if pair != ("INLINE", "refuse sorry")],
)
def test_whatever_goes_wrong_ends_with_one_sentence(server: Emulated, state: str, fault: str) -> None:
    server.go_wrong(**{state: fault})
    with pytest.raises(PwdError) as caught:
        asked(server, timeout=0.6)
    assert server.host in str(caught.value)
    assert str(caught.value).isprintable()
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("cut", "closed the connection at GETLANIPS$"),
        ("half", "closed the connection at GETLANIPS, in the middle of the answer"),
        ("slow 5", "did not answer GETLANIPS in 0.6 s; raise timeout"),
        ("drip 0.5", "did not answer GETLANIPS in 0.6 s"),
        ("long", "a line longer than"),
        ("latin", "byte .* is not UTF-8"),
        ("raw hello", "does not speak PWD: at GETLANIPS it said 'hello'"),
        ("raw 201 {a=b", r"the data of its answer to GETLANIPS can't be read: ';' was expected .* \(character 5\)"),
        ("raw 200 OK", "answered GETLANIPS without data: 200 OK"),
        ("refuse no right to do that", "refused GETLANIPS: 501 no right to do that"),
    ],
)
def test_the_sentence_says_what_it_was(server: Emulated, fault: str, told: str) -> None:
    server.go_wrong(GETLANIPS=fault)
    with pytest.raises(PwdError, match=told):
        asked(server, timeout=0.6 if "0.6 s" in told else 20.0)


def test_a_slow_answer_within_the_time_is_an_answer(server: Emulated) -> None:
    server.go_wrong(GETLANIPS="slow 0.5")
    assert asked(server, timeout=5) == ""


def test_what_a_server_says_unasked_is_not_taken_for_the_next_answer(server: Emulated) -> None:
    server.go_wrong(INLINE="noise")
    with pytest.raises(PwdError, match=r"GETLANIPS \(unasked\) it said '200 nobody asked"):
        asked(server)


def test_a_server_that_repeats_the_password_does_not_get_it_into_a_message(server: Emulated) -> None:
    server.go_wrong(APOP=f"refuse the password {PASSWORD} is wrong")
    with pytest.raises(RefusedError) as caught:
        asked(server)
    assert "the password ******** is wrong" in str(caught.value)
    assert PASSWORD not in repr(server.target())


def test_a_server_without_inline_sends_its_data_in_lines_of_their_own(server: Emulated) -> None:
    server.go_wrong(INLINE="refuse Unknown command")
    with server.session() as session:
        session.set("SETLANIPS", '"10.0.0.1\\e10.0.0.2 ; {not a bracket\\e"')
        assert session.get("GETLANIPS") == "10.0.0.1\n10.0.0.2 ; {not a bracket\n"
        assert session.get("GETMODULE", "SIP") == {"UDPListener": [{"LocalIP": server.host, "Port": 15060}]}
        assert session.get("GETDNRSETTINGS") == server.server.store.settings["DNRSettings"]
        assert session.get("GETVERSION") == "6.3.12"


def test_a_failed_goodbye_spoils_nothing(server: Emulated) -> None:
    server.go_wrong(QUIT="cut")
    assert asked(server) == ""


def test_a_value_that_holds_a_line_end_stays_one_command(server: Emulated) -> None:
    with server.session() as session, pytest.raises(PwdError, match="a command is one line"):
        session.set("SETLANIPS", '"10.0.0.1"\r\nSHUTDOWN')
    assert server.commands.told == []


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PwdError, match=f"can't reach 127.0.0.1 port {port}: Connection refused; is the PWD"):
            Session(Target("127.0.0.1", port, "postmaster", PASSWORD, timeout=1)).__enter__()


def test_a_host_name_that_no_resolver_would_take() -> None:
    with pytest.raises(PwdError, match="can't reach"):
        Session(Target("a..b" + "x" * 70, 1, "postmaster", PASSWORD, timeout=1)).__enter__()


@pytest.fixture
def tls_server(tmp_path: Path) -> Emulated:
    """A server whose PWD listener begins with TLS; its certificate is for its address."""
    server = Emulated(tmp_path / "CommuniGate", CertificateFile=str(tmp_path / "both.pem"))
    subject = f"subjectAltName=IP:{server.host}"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fax"),
            *("-addext", subject, "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (tmp_path / "both.pem").write_text((tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text())
    server.first["Modules"]["PWD"]["Listener"][0]["TLS"] = "YES"
    return server


def test_tls_with_a_trusted_issuer(tls_server: Emulated, tmp_path: Path) -> None:
    with tls_server:
        ca = str(tmp_path / "cert.pem")
        assert asked(tls_server, tls=True, ca_path=ca, authentication="password") == ""


def test_tls_refuses_a_certificate_that_nobody_vouches_for(tls_server: Emulated) -> None:
    with tls_server:
        with pytest.raises(PwdError, match=r"no TLS with .* self-signed certificate"):
            asked(tls_server, tls=True)
        assert "connection from" not in tls_server.log
        assert asked(tls_server, tls=True, validate_certs=False) == ""


def test_tls_on_a_port_without_it(server: Emulated) -> None:
    with pytest.raises(
        PwdError, match=f"no TLS with {server.host} port {PWD_PORT}: .* is the listener's port one that"
    ):
        asked(server, tls=True)
