# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session with a CommuniGate Pro server's command line interface, over its PWD protocol.

Source: CommuniGate Pro Guide, sections "PWD Module" and "Command Line Interface/API" (5.1 to 6.4); the APOP challenge
and C(INLINE) are as the vendor's Perl client (CGP::CLI 2.7.5) uses them.

    S: 200 fax.example.com CommuniGate Pro PWD Server 6.0.5 ready <1.1381912847@fax.example.com>
    C: APOP postmaster MD5(challenge + password), as hexadecimal digits
    S: 200 login OK, proceed
    C: INLINE
    S: 200 OK
    C: GETLANIPS
    S: 201 "10.0.0.1-10.0.0.254\\e"

Without C(INLINE) the data comes after the line C(200 data follow). Every wait has an end, every line a longest length,
and no message of this file holds the password. Standard library only.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from .text import MOST_CHARACTERS, DataError, Value, decoded, opened, parse, to_text

MOST_LINE = MOST_CHARACTERS * 4  # bytes: an answer in one line may hold a whole list
SHOWN = 200  # characters of a strange answer that a message repeats
OK, OK_DATA, MORE = 200, 201, 300

_ANSWER = re.compile(r"([0-9]{3})(?:[ -](.*))?\Z", re.DOTALL)
_CHALLENGE = re.compile(r"<[^<>\s]+>")  # RFC 1939, section 7: a msg-id of RFC 822
_VERSION = re.compile(r"\bPWD Server ([0-9]+\.[0-9]+[^ ]*)", re.IGNORECASE)


class PwdError(Exception):
    """The server can't be talked to; the message names the host, what was tried, and the cure."""


class RefusedError(PwdError):
    """The server answered C(what) with an error. C(code) and C(text) are its own words, whole."""

    def __init__(self, where: str, what: str, code: int, text: str) -> None:
        super().__init__(f"{where} refused {what}: {code} {text}")
        self.what, self.code, self.text = what, code, text


@dataclass(frozen=True)
class Target:
    """Whom to talk to, and how. C(timeout) is in seconds, for the connection and for each whole answer."""

    host: str
    port: int
    login: str
    password: str = field(repr=False)
    authentication: str = "apop"
    timeout: float = 10.0
    tls: bool = False
    ca_path: str | None = None
    validate_certs: bool = True

    @property
    def name(self) -> str:
        """The server as messages name it."""
        return f"{self.host} port {self.port}"


@dataclass(frozen=True)
class Answer:
    """One answer: its code, the text behind it, and the text of its data if it has any."""

    code: int
    text: str
    data: str | None = None


class Session:
    """A connection that is logged in; use it as a context manager. Every method may raise L(PwdError)."""

    def __init__(self, target: Target) -> None:
        for name, text in (("login", target.login), ("password", target.password)):
            if not text or any(ord(symbol) < 32 or ord(symbol) == 127 for symbol in text):
                raise PwdError(f"{target.name}: the {name} is empty or holds a control character")
        if re.search(r"\s", target.login):
            raise PwdError(f"{target.name}: the login {target.login!r} holds a blank; write the account's name alone")
        self.target = target
        self.greeting = ""
        self._inline = False
        self._socket: socket.socket | None = None
        self._waiting = bytearray()

    def __enter__(self) -> Session:
        try:
            self._socket = self._connected()
            self._greet()
            self._log_in()
            # A server that does not know INLINE answers 5xx, and sends data in lines of their own.
            self._inline = self._exchange("INLINE", "INLINE").code == OK
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            with contextlib.suppress(PwdError):  # all that was asked for has been answered: a goodbye changes nothing
                self._exchange("QUIT", "QUIT")
        self._close()

    def greeted_version(self) -> str | None:
        """The version that the server's greeting names, or None."""
        found = _VERSION.search(self.greeting)
        return found[1] if found else None

    def get(self, command: str, *parameters: Any) -> Value:
        """The data that a command answers with."""
        return self._read(command, self.get_text(command, *parameters))

    def get_text(self, command: str, *parameters: Any) -> str:
        """The data that a command answers with, as its own text."""
        answer = self._commanded(command, parameters)
        if answer.data is None:
            raise PwdError(f"{self.target.name} answered {command} without data: {answer.code} {answer.text}")
        return answer.data

    def set(self, command: str, text: str) -> None:
        """Send a command with a value that is text already."""
        self._commanded(command, (), text)

    def _read(self, command: str, text: str) -> Value:
        try:
            return parse(text)
        except DataError as error:
            raise PwdError(f"{self.target.name}: the data of its answer to {command} can't be read: {error}") from None

    def _commanded(self, command: str, parameters: tuple[Any, ...], text: str = "") -> Answer:
        try:
            parts = [command, *(to_text(each) for each in parameters)]
        except DataError as error:
            raise PwdError(f"{command}: {error}") from None
        answer = self._exchange(" ".join(parts + ([text] if text else [])), command)
        if answer.code not in (OK, OK_DATA):
            raise RefusedError(self.target.name, command, answer.code, answer.text)
        return answer

    # --- The login ---------------------------------------------------------------------------------------------------

    def _connected(self) -> socket.socket:
        target = self.target
        try:
            plain = socket.create_connection((target.host, target.port), timeout=target.timeout)
        except (OSError, UnicodeError) as error:
            raise PwdError(
                f"can't reach {target.name}: {_reason(error)}; is the PWD module's listener on, and does it accept"
                " connections from this address?"
            ) from None
        if not target.tls:
            return plain
        try:
            context = ssl.create_default_context(cafile=target.ca_path)
            if not target.validate_certs:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            return context.wrap_socket(plain, server_hostname=target.host)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            plain.close()
            raise PwdError(
                f"no TLS with {target.name}: {_reason(error)}; is the listener's port one that begins with TLS, and is"
                " the certificate's issuer in ca_path?"
            ) from None

    def _greet(self) -> None:
        answer = self._answer("the greeting")
        if answer.code != OK:
            raise RefusedError(self.target.name, "the connection", answer.code, answer.text)
        self.greeting = answer.text

    def _log_in(self) -> None:
        target = self.target
        if target.authentication == "apop":
            challenge = _CHALLENGE.search(self.greeting)
            if not challenge:
                raise PwdError(
                    f"{target.name} offers no APOP (its greeting has no challenge); with TLS or through an SSH tunnel"
                    " set authentication to password, else the password would cross the network readable"
                )
            # RFC 1939 says MD5; it is what the product speaks, and nothing here rests on it but this login.
            digest = hashlib.new("md5", (challenge[0] + target.password).encode("utf-8"), usedforsecurity=False)
            self._accepted(f"APOP {target.login} {digest.hexdigest()}", "APOP", OK)
        else:
            self._accepted(f"USER {target.login}", "USER", MORE)
            self._accepted(f"PASS {target.password}", "PASS", OK)

    def _accepted(self, line: str, what: str, wanted: int) -> None:
        answer = self._exchange(line, what)
        if answer.code >= 400:
            cure = "check login and password, and that the account may use PWD"
            if what == "APOP":
                cure += "; APOP needs a password that the server keeps readable (not a one-way encrypted one)"
            text = f"the login of {self.target.login} with {what} ({cure})"
            raise RefusedError(self.target.name, text, answer.code, answer.text)
        if answer.code != wanted:
            raise self._strange(what, f"{answer.code} {answer.text}")

    # --- Lines -------------------------------------------------------------------------------------------------------

    def _exchange(self, line: str, what: str) -> Answer:
        """Send one line and hear its answer. C(what) names the line in messages, for the line may be a secret."""
        if self._waiting.strip():
            raise self._strange(f"{what} (unasked)", self._waiting[:SHOWN].decode("utf-8", "replace"))
        try:
            raw = line.encode("utf-8") + b"\r\n"
            if b"\n" in raw[:-1] or b"\r" in raw[:-2]:
                raise PwdError(f"{what}: a command is one line, and this one holds a line end")
            self._timed(what, time.monotonic() + self.target.timeout).sendall(raw)
        except (OSError, UnicodeError) as error:
            raise PwdError(f"{self.target.name}: the connection ended at {what}: {_reason(error)}") from None
        return self._answer(what)

    def _answer(self, what: str) -> Answer:
        deadline = time.monotonic() + self.target.timeout
        line = self._line(what, deadline)
        while not line.strip():  # data in lines of its own may end with an empty one
            line = self._line(what, deadline)
        found = _ANSWER.match(line)
        if not found:
            raise self._strange(what, line)
        code, text = int(found[1]), self._clean(found[2] or "")
        if code == OK_DATA:
            return Answer(code, "", found[2] or "")
        if code == OK and text.lower().startswith("data follow"):
            return Answer(code, text, self._data(what, deadline))
        return Answer(code, text)

    def _data(self, what: str, deadline: float) -> str:
        """Data in lines of its own: one line, or as many as close all brackets that the first one opens."""
        lines: list[str] = []
        depth = size = 0
        while not lines or depth > 0:
            line = self._line(what, deadline)
            size += len(line) + 1
            if size > MOST_CHARACTERS:
                raise PwdError(f"{self.target.name}: its answer to {what} is longer than {MOST_CHARACTERS} characters")
            depth += opened(line)
            if line.strip() or lines:
                lines.append(line)
        return "\n".join(lines)

    def _line(self, what: str, deadline: float) -> str:
        seen = 0
        while self._waiting.find(b"\n", seen) < 0:
            seen = len(self._waiting)
            if seen > MOST_LINE:
                raise PwdError(f"{self.target.name}: its answer to {what} is a line longer than {MOST_LINE} bytes")
            try:
                more = self._timed(what, deadline).recv(65536)
            except socket.timeout:
                raise self._silent(what) from None
            except OSError as error:
                raise PwdError(f"{self.target.name}: the connection broke at {what}: {_reason(error)}") from None
            if not more:
                begun = ", in the middle of the answer" if self._waiting else ""
                raise PwdError(f"{self.target.name} closed the connection at {what}{begun}")
            self._waiting += more
        end = self._waiting.index(b"\n", seen)
        raw = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        try:
            return decoded(raw[:-1] if raw.endswith(b"\r") else raw)
        except DataError as error:
            raise PwdError(
                f"{self.target.name}: its answer to {what} can't be read: {error}; put the text right in the WebAdmin"
                " Interface (UTF-8, in lists also the comments), and run this again"
            ) from None

    def _timed(self, what: str, deadline: float) -> socket.socket:
        """The connection, with what is left of the time. A server that drips bytes does not get more of it."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._silent(what)
        if self._socket is None:
            raise PwdError(f"{self.target.name}: not connected")
        self._socket.settimeout(left)
        return self._socket

    def _silent(self, what: str) -> PwdError:
        return PwdError(
            f"{self.target.name} did not answer {what} in {self.target.timeout:g} s; raise timeout if it is only slow"
        )

    def _strange(self, what: str, line: str) -> PwdError:
        shown = self._clean(line)
        shown = shown[:SHOWN] + ("..." if len(shown) > SHOWN else "")
        return PwdError(f"{self.target.name} does not speak PWD: at {what} it said {shown!r}")

    def _clean(self, text: str) -> str:
        """A server's words without the password, should it repeat it."""
        return text.replace(self.target.password, "********")

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _reason(error: BaseException) -> str:
    if isinstance(error, socket.timeout):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
