# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and clients that behave on the network as a fax product does, from one file of standard Python.

What is emulated is the product's PORT behaviour: who connects to whom, which port is told to whom, who may share a
port with whom, what happens when a peer goes away. The product's own messages are not known and not imitated: here
each message is one line of JSON. No product's port number is in this file; the configuration brings them, and its
shape is a host's slice of the plan (keys it does not know are ignored, so the slice itself will do).

Exchanges of kind C(login) are served by L(LoginServer) and used by L(LoginClient), with the call-backs that belong to
them; every other exchange that a client starts gets an L(Responder). Anything that listens here answers a probe,
C({"probe": TOKEN}), with its own name and the address it saw, over TCP and UDP.

The file needs Python 3.9 and nothing else: copy it to any host and run C(python3 emulator.py run --config FILE).
"""

from __future__ import annotations

import abc
import argparse
import asyncio
import collections
import contextlib
import dataclasses
import datetime
import errno
import itertools
import json
import logging
import os
import random
import resource
import secrets
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

FORMAT = 1
CONTROL_SOCKET = "/run/faxnet-emulator/control.sock"
CONFIG_FILE = "/etc/faxnet/emulator.json"

# RFC 6335, section 6: System Ports, also known as the Well Known Ports, are 0 to 1023. (NR-16)
LAST_SYSTEM_PORT = 1023
LAST_PORT = 65535
# Sessions in these environments share their machine's one address and one set of ports. (NR-05, NP-10, NP-11, NP-12)
SHARED_ENVIRONMENTS = ("fast_user_switching", "remote_desktop", "terminal_server")
ENVIRONMENTS = ("single_user", *SHARED_ENVIRONMENTS)
MOST_RESPONDER_PORTS = 1024  # sockets one exchange may ask for: a media range of a gateway is not all opened
KEPT_NOTIFICATIONS = 100  # latest ones kept in memory for each instance; the count goes on
KEPT_ERRORS = 20
LONGEST_ROUND = 600.0  # seconds that a client of the control socket waits for a round of call-backs

log = logging.getLogger("faxnet-emulator")


class EmulatorError(Exception):
    """Something that a person has to put right; the message says where and how."""


class RefusedError(EmulatorError):
    """The product's own rules forbid what the settings ask for: trying again can't help, a restart with others can."""


class GoneError(Exception):
    """The peer ended the connection."""


class SilenceError(Exception):
    """The peer said nothing in the time it had."""


class NonsenseError(Exception):
    """The peer sent something that is not a message of this emulator."""


# --- Settings: what the configuration says, checked ------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """Patience, in seconds, and how many call-backs a server has under way at once."""

    connect: float = 5.0
    answer: float = 5.0
    keep_alive: float = 15.0
    retry_first: float = 0.5
    retry_most: float = 10.0
    call_backs_at_once: int = 32


@dataclass(frozen=True)
class CallBack:
    """How a client chooses the port it wants to be called back on: dynamic in low..high, or fixed."""

    mode: str
    low: int
    high: int
    fixed: int
    avoid: tuple[int, ...] = ()

    def candidates(self, number: int) -> Iterator[int]:
        """The ports instance C(number) may try, in its order: each begins at a place of its own in the range."""
        if self.mode == "fixed":
            yield self.fixed
            return
        size = self.high - self.low + 1
        for step in range(size):
            port = self.low + (number - 1 + step) % size
            if port not in self.avoid:
                yield port


@dataclass(frozen=True)
class ServerSettings:
    """A server that clients log in to."""

    name: str
    service: str
    exchange: str
    addresses: tuple[str, ...]
    port: int


@dataclass(frozen=True)
class ClientSettings:
    """One running copy of a client program."""

    name: str
    service: str
    server: str
    number: int
    addresses: tuple[str, ...]
    dial: tuple[str, ...]
    primary_port: int
    environment: str
    call_back: CallBack | None

    def refusal(self) -> str | None:
        """Why the product would not start with these settings, or None."""
        if self.call_back is None:
            return None
        if self.call_back.mode == "fixed":
            if self.environment in SHARED_ENVIRONMENTS:
                return (
                    f"a fixed call-back port can't be used in the environment {self.environment}: its sessions share"
                    " one address, so only one of them could have the port; set callback.mode to dynamic"
                )
            lowest = self.call_back.fixed
        else:
            lowest = self.call_back.low
            if self.call_back.low > self.call_back.high:
                return (
                    f"the call-back range {self.call_back.low}-{self.call_back.high} is reversed;"
                    " write callback.low no higher than callback.high"
                )
        if lowest <= LAST_SYSTEM_PORT:
            return f"call-back port {lowest} is a well-known port; choose one above {LAST_SYSTEM_PORT}"
        if self.call_back.mode == "fixed" and lowest in self.call_back.avoid:
            return f"call-back port {lowest} is one to avoid; choose another"
        return None


@dataclass(frozen=True)
class ResponderSettings:
    """Something that only listens and answers probes."""

    name: str
    service: str
    exchange: str
    transport: str
    addresses: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Config:
    """Everything one host emulates."""

    host: str
    control_socket: str
    timing: Timing
    endpoints: Mapping[str, Any]  # name -> ServerSettings | ClientSettings | ResponderSettings


class Entry:
    """A mapping of the configuration and the place it stands at, so that every complaint names the place."""

    def __init__(self, where: str, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise EmulatorError(f"{where or 'the configuration'}: {value!r} is not a mapping")
        self.where, self.value = where, value

    def _at(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key

    def text(self, key: str, default: str | None = None, choices: Sequence[str] = ()) -> str:
        """Printable text in one line, one of the choices if there are any."""
        found = self.value.get(key, default)
        if not isinstance(found, str) or not found or not found.isprintable():
            raise EmulatorError(f"{self._at(key)}: {found!r} is not a name; write printable text in one line")
        if choices and found not in choices:
            raise EmulatorError(f"{self._at(key)}: {found!r} is unknown; write one of {', '.join(choices)}")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of them."""
        found = self.value.get(key)
        if isinstance(found, str):
            found = [found]
        if not isinstance(found, list) or not found or not all(isinstance(item, str) and item for item in found):
            raise EmulatorError(f"{self._at(key)}: {found!r} is neither an address nor a list of addresses")
        return tuple(found)

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from low to high."""
        found = self.value.get(key, default)
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            raise EmulatorError(f"{self._at(key)}: {found!r} is not a whole number from {low} to {high}")
        return found

    def entry(self, key: str) -> Entry:
        """The mapping under a key."""
        return Entry(self._at(key), self.value.get(key))

    def entries(self, key: str) -> list[Entry]:
        """The mappings of the list under a key; none if the key is missing."""
        found = self.value.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            raise EmulatorError(f"{self._at(key)}: {found!r} is not a list")
        return [Entry(f"{self._at(key)}[{index}]", item) for index, item in enumerate(found)]


def port_span(text: str, where: str) -> tuple[int, int]:
    """First and last port of C("7"), or of C("7-9")."""
    first, dash, last = text.partition("-")
    try:
        low, high = int(first), int(last if dash else first)
    except ValueError:
        raise EmulatorError(f"{where}: {text!r} is neither a port nor a range of ports like 7000-7099") from None
    if not 1 <= low <= high <= LAST_PORT:
        raise EmulatorError(f"{where}: {text!r} does not run upward within 1 to {LAST_PORT}")
    return low, high


def exchange_ports(exchange: Entry, user: Entry) -> range:
    """The ports of an exchange: a number, a range, or the name of a setting of the offer or the use that holds one."""
    found = exchange.value.get("ports")
    where = f"{exchange.where}.ports"
    settings = user.value.get("settings") or {}
    if isinstance(found, str) and found in settings:
        where, found = f"{user.where}.settings.{found}", settings[found]
    if isinstance(found, bool) or not isinstance(found, (int, str)):
        raise EmulatorError(f"{where}: {found!r} is no port, no range of ports and no setting of {user.where}")
    low, high = port_span(str(found), where)
    return range(low, high + 1)


def read_timing(root: Entry) -> Timing:
    """The C(timing) mapping of the configuration, with the defaults of L(Timing) for what it leaves out."""
    given = root.value.get("timing") or {}
    known = {field.name: field for field in dataclasses.fields(Timing)}
    for key, value in Entry("timing", given).value.items():
        if key not in known:
            raise EmulatorError(f"timing.{key}: unknown; write one of {', '.join(known)}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            raise EmulatorError(f"timing.{key}: {value!r} is not a number above 0")
    return Timing(**given)


def read_call_back(use: Entry) -> CallBack | None:
    """How the clients of a use choose their call-back ports, or None for a service that calls nobody back."""
    if not use.value.get("callback"):
        return None
    found = use.entry("callback")
    mode = found.text("mode", choices=("dynamic", "fixed"))
    dynamic = mode == "dynamic"
    avoid = found.value.get("avoid") or []
    if not isinstance(avoid, list) or not all(isinstance(port, int) for port in avoid):
        raise EmulatorError(f"{found.where}.avoid: {avoid!r} is not a list of ports")
    return CallBack(
        mode=mode,
        low=found.whole("low", 1, LAST_PORT) if dynamic else 0,
        high=found.whole("high", 1, LAST_PORT) if dynamic else 0,
        fixed=0 if dynamic else found.whole("fixed", 1, LAST_PORT),
        avoid=tuple(avoid),
    )


def offered(root: Entry, offer: Entry, exchanges: Iterable[Entry]) -> Iterator[Any]:
    """What has to listen on this host for one offer."""
    host, service = root.text("host"), offer.text("service")
    for exchange in exchanges:
        name = exchange.text("name")
        ports = exchange_ports(exchange, offer)
        place: dict[str, Any] = {
            "name": f"{host}/{service}/{name}",
            "service": service,
            "exchange": name,
            "addresses": root.texts("addresses"),
        }
        if exchange.value.get("kind") == "login":
            yield ServerSettings(port=ports[0], **place)
        else:
            transport = exchange.text("transport", choices=("tcp", "udp"))
            yield ResponderSettings(transport=transport, ports=tuple(ports)[:MOST_RESPONDER_PORTS], **place)


def used(root: Entry, use: Entry, exchanges: Iterable[Entry]) -> Iterator[ClientSettings]:
    """The running clients of one use: as many as it has instances, for services that a client logs in to."""
    host, service, server = root.text("host"), use.text("service"), use.text("server")
    for exchange in exchanges:
        if exchange.value.get("kind") != "login":
            continue
        for number in range(1, use.whole("instances", 1, 100000, default=1) + 1):
            yield ClientSettings(
                name=f"{host}/{service}@{server}/{number}",
                service=service,
                server=server,
                number=number,
                addresses=root.texts("addresses"),
                dial=use.texts("dial"),
                primary_port=exchange_ports(exchange, use)[0],
                environment=use.text("environment", default="single_user", choices=ENVIRONMENTS),
                call_back=read_call_back(use),
            )


def read_config(data: Any) -> Config:
    """The checked form of a configuration. Raises L(EmulatorError) that names the place, the value and the cure."""
    root = Entry("", data)
    if root.value.get("format") != FORMAT:
        raise EmulatorError(f"format: {root.value.get('format')!r} is not known here; this emulator reads {FORMAT}")
    by_service: dict[str, list[Entry]] = collections.defaultdict(list)
    for exchange in root.entries("exchanges"):
        if exchange.value.get("initiator", "client") == "client":
            by_service[exchange.text("service")].append(exchange)
    endpoints: dict[str, Any] = {}
    for key, wanted in (("offers", offered), ("uses", used)):
        for entry in root.entries(key):
            if not entry.value.get("enabled", True):
                continue
            for settings in wanted(root, entry, by_service[entry.text("service")]):
                if settings.name in endpoints:
                    raise EmulatorError(f"{entry.where}: {settings.name} is there twice; join the two entries")
                endpoints[settings.name] = settings
    control_socket = root.text("control_socket", default=CONTROL_SOCKET)
    return Config(host=root.text("host"), control_socket=control_socket, timing=read_timing(root), endpoints=endpoints)


def load_config(path: str) -> Config:
    """Read and check a configuration file. Every fault is an L(EmulatorError) that names the file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise EmulatorError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise EmulatorError(f"{path}: not JSON: {error}") from None
    try:
        return read_config(data)
    except EmulatorError as error:
        raise EmulatorError(f"{path}: {error}") from None


# --- Sockets and lines -----------------------------------------------------------------------------------------------


def bound(address: str, port: int, transport: str, rebind: bool = False) -> socket.socket:
    """A bound socket on a literal address that nobody shares. Raises OSError.

    SO_REUSEPORT is never set, and SO_REUSEADDR only with C(rebind): Winsock gives an address and port to one program
    (NP-12). For servers C(rebind) skips a closed connection's TIME_WAIT on Linux, where it never lets two listen.
    """
    family, kind, protocol, _name, place = socket.getaddrinfo(
        address,
        port,
        type=socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM,
        flags=socket.AI_NUMERICHOST,
    )[0]
    made = socket.socket(family, kind, protocol)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if rebind:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(place)
        if transport == "tcp":
            made.listen(1024)
    except OSError:
        made.close()
        raise
    return made


def bound_everywhere(
    addresses: Iterable[str], ports: Iterable[int], transport: str, rebind: bool = False
) -> list[socket.socket]:
    """Every one of the ports on every one of the addresses, or nothing. Raises OSError."""
    made: list[socket.socket] = []
    place = ""
    try:
        for address, port in itertools.product(addresses, ports):
            place = f"{address} port {port}"
            made.append(bound(address, port, transport, rebind))
    except OSError as error:
        for each in made:
            each.close()
        raise OSError(error.errno, f"can't listen on {place}: {reason(error)}") from None
    return made


def take_call_back_port(settings: ClientSettings) -> tuple[int, list[socket.socket]]:
    """The first free port of the instance's own order, taken. Raises L(RefusedError) when none is left, OSError."""
    call_back = settings.call_back
    if call_back is None:
        return 0, []
    for port in call_back.candidates(settings.number):
        try:
            return port, bound_everywhere(settings.addresses, [port], "tcp")
        except OSError as error:  # noqa: PERF203 (the point of the loop)
            if error.errno != errno.EADDRINUSE:
                raise
    if call_back.mode == "fixed":
        raise RefusedError(
            f"fixed call-back port {call_back.fixed} is in use on this machine: address and port belong to one running"
            " client; run one instance, or set callback.mode to dynamic"
        )
    raise RefusedError(
        f"no free port in the call-back range {call_back.low}-{call_back.high}: every one is taken;"
        " widen the range, or run fewer instances"
    )


class Line:
    """A connection that carries one JSON object a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.here: tuple[str, int] = (writer.get_extra_info("sockname") or ("", 0))[:2]
        self.there: tuple[str, int] = (writer.get_extra_info("peername") or ("", 0))[:2]

    def say(self, **message: Any) -> None:
        """Send one message."""
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def hear(self, patience: float) -> dict[str, Any]:
        """The next message. Raises SilenceError after C(patience) seconds, GoneError, Nonsense."""
        try:
            text = await asyncio.wait_for(self._reader.readline(), patience)
        except (asyncio.TimeoutError, TimeoutError):
            raise SilenceError(f"no answer in {patience:g} s") from None
        except OSError as error:
            raise GoneError(f"connection lost: {reason(error)}") from None
        except ValueError:
            raise NonsenseError("a line without end") from None
        if not text.endswith(b"\n"):
            raise GoneError("connection ended by the peer")
        try:
            message = json.loads(text)
        except ValueError:
            raise NonsenseError("a line that is not JSON") from None
        if not isinstance(message, dict):
            raise NonsenseError("a line that is not a JSON object")
        return message

    def close(self) -> None:
        """End the connection once everything said has been sent."""
        self._writer.close()

    def end(self) -> None:
        """End the connection at once. The side that listens must not be the one that keeps TIME_WAIT, which would
        hold its port for a minute after a restart: it closes only after its peer, and resets else."""
        raw = self._writer.get_extra_info("socket")
        if not self._reader.at_eof() and raw is not None:
            with contextlib.suppress(OSError):  # closed already
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def dialled(address: str, port: int, patience: float, own_address: str | None = None) -> Line:
    """A new connection. Raises OSError or Silence."""
    own = (own_address, 0) if own_address else None
    try:
        return Line(*await asyncio.wait_for(asyncio.open_connection(address, port, local_addr=own), patience))
    except (asyncio.TimeoutError, TimeoutError):
        raise SilenceError(f"{address} port {port} did not answer in {patience:g} s") from None
    except OSError as error:
        if error.errno is None or error.errno < 0:  # not an address
            raise
        raise OSError(error.errno, os.strerror(error.errno)) from None  # asyncio's text only repeats the address


def same_family(addresses: Sequence[str], other: str) -> str | None:
    """The first of the addresses that is of the other's family."""
    return next((address for address in addresses if (":" in address) == (":" in other)), None)


def now() -> str:
    """The time as ISO 8601 text in UTC, to the millisecond."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def reason(error: BaseException) -> str:
    """An error as one phrase for a person."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


# --- Endpoints: one small class a kind of exchange -------------------------------------------------------------------


class Endpoint(abc.ABC):
    """Something that runs with fixed settings until it is stopped; it tries again, ever more slowly, when it fails."""

    def __init__(self, settings: Any, timing: Timing) -> None:
        self.settings, self.timing = settings, timing
        self.condition = "starting"
        self.errors: collections.deque[dict[str, Any]] = collections.deque(maxlen=KEPT_ERRORS)
        self.settled = asyncio.Event()  # set once it is clear whether it listens
        self._listeners: list[asyncio.AbstractServer] = []
        self._talks: set[asyncio.Task[None] | None] = set()
        self._task: asyncio.Task[None] | None = None
        self._delay = timing.retry_first

    def start(self) -> None:
        """Begin to run, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._keep_running())

    async def stop(self) -> None:
        """Stop listening, end what is under way, and wait until it has ended."""
        for listener in self._listeners:
            listener.close()
        tasks = [task for task in (self._task, *self._talks) if task is not None]
        while tasks:
            for task in tasks:
                task.cancel()
            # Again until it works: wait_for() of Python 3.9 to 3.11 loses a cancellation that meets its own end.
            tasks = list((await asyncio.wait(tasks, timeout=0.1))[1])
        self._listeners.clear()
        self.condition = "stopped"

    def note(self, text: str) -> None:
        """Keep an error for the state and write it to the log."""
        last = self.errors[-1] if self.errors else None
        if last is not None and last["text"] == text:  # the same again: a lost server must not fill the log
            last.update(time=now(), times=last["times"] + 1)
            return
        self.errors.append({"time": now(), "text": text, "times": 1})
        log.warning("%s: %s", self.settings.name, text)

    async def _keep_running(self) -> None:
        while True:
            try:
                await self._run()
            except RefusedError as error:
                self.condition = "refused"
                self.note(str(error))
                self.settled.set()
                return
            except (OSError, GoneError, SilenceError, NonsenseError) as error:
                self.note(reason(error))
            self.condition = "waiting"
            self.settled.set()
            # All clients of a lost server would come back in the same instant: spread them.
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            self._delay = min(self._delay * 2, self.timing.retry_most)

    @abc.abstractmethod
    async def _run(self) -> None:
        """Serve, or stay logged in, until something goes wrong."""

    async def _listen(self, sockets: Iterable[socket.socket], talk: Callable[[Line], Any]) -> None:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            line, task = Line(reader, writer), asyncio.current_task()
            self._talks.add(task)
            try:
                await talk(line)
            except (GoneError, SilenceError, OSError):
                pass  # a port scan, a probe's plain connect, a peer that left: normal life of a listening port
            except NonsenseError as error:
                self.note(f"{line.there[0]} sent {error}")
            except asyncio.CancelledError:
                pass  # stop() ends talks; asyncio would log the cancellation of its own callback as an error
            finally:
                self._talks.discard(task)
                line.end()

        for each in sockets:
            self._listeners.append(await asyncio.start_server(served, sock=each))

    def answered_probe(self, line: Line, message: Mapping[str, Any]) -> bool:
        """Whether the message was a probe; if so it has been answered."""
        if "probe" not in message:
            return False
        line.say(answer=message["probe"], by=self.settings.name, seen_from=list(line.there))
        return True

    def state(self) -> dict[str, Any]:
        """Settings, condition and what happened, as JSON can hold it."""
        found = dataclasses.asdict(self.settings)
        found.update(state=self.condition, errors=list(self.errors))
        return found


@dataclass
class Login:
    """A client that is logged in, as its server remembers it."""

    instance: str
    address: str  # as seen: behind NAT this is the router's public address
    port: int
    call_back_port: int
    own_address: str  # the server's own address that the client reached: call-backs leave from it
    since: str
    line: Line
    delivered: int = 0

    def state(self) -> dict[str, Any]:
        """What the server tells about this login."""
        hidden = ("line", "own_address")
        return {key: value for key, value in self.__dict__.items() if key not in hidden}


class LoginServer(Endpoint):
    """Listens on the primary port, remembers who logged in from where, and calls them back. (NR-02, NR-13, NP-03)"""

    settings: ServerSettings

    def __init__(self, settings: ServerSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.logins: dict[str, Login] = {}

    async def _run(self) -> None:
        sockets = bound_everywhere(self.settings.addresses, [self.settings.port], "tcp", rebind=True)
        await self._listen(sockets, self._serve)
        self.condition = "listening"
        self.settled.set()
        await asyncio.Event().wait()

    async def _serve(self, line: Line) -> None:
        message = await line.hear(self.timing.answer)
        while self.answered_probe(line, message):
            message = await line.hear(self.timing.answer)
        instance, port = message.get("login"), message.get("call_back_port")
        if not isinstance(instance, str) or not 0 < len(instance) <= 255 or not instance.isprintable():
            raise NonsenseError("a first message that is no login")
        if not isinstance(port, int) or (port != 0 and not LAST_SYSTEM_PORT < port <= LAST_PORT):
            line.say(refused=f"call-back port {port!r} is not one that a client may use")
            await line.hear(self.timing.answer)  # the client closes
            return
        keep_alive = message.get("keep_alive")
        patience = 3 * (keep_alive if isinstance(keep_alive, (int, float)) and 0 < keep_alive < 600 else 600)
        login = Login(instance, line.there[0], line.there[1], port, line.here[0], now(), line)
        previous = self.logins.pop(instance, None)
        if previous is not None:
            previous.line.end()  # the client came back before the server knew that it had gone
            if previous.address != login.address:
                self.note(f"{instance} logged in from {previous.address} and then from {login.address}")
        self.logins[instance] = login
        log.info("%s: %s logged in from %s, call-back port %s", self.settings.name, instance, login.address, port)
        try:
            line.say(welcome=self.settings.name, seen_as=list(line.there))
            while "logout" not in message:
                message = await line.hear(patience)
                if "ping" in message:
                    line.say(pong=message["ping"])
        finally:
            if self.logins.get(instance) is login:
                del self.logins[instance]
                log.info("%s: %s is gone", self.settings.name, instance)

    async def notify(
        self, instances: Sequence[str] | None, patience: float, parallel: int, rehearse: bool = False
    ) -> list[dict[str, Any]]:
        """Call back these instances (all that are logged in, if None), each with a token of its own.

        Each connection, and then each acknowledgement, has C(patience) seconds; C(parallel) are under way at once;
        C(rehearse) calls nobody and says who would be called.
        """
        limit = asyncio.Semaphore(parallel)

        async def one(instance: str) -> dict[str, Any]:
            async with limit:
                return await self._call_back(instance, patience, rehearse)

        chosen = sorted(self.logins) if instances is None else instances
        return list(await asyncio.gather(*(one(instance) for instance in chosen)))

    async def _call_back(self, instance: str, patience: float, rehearse: bool) -> dict[str, Any]:
        token = secrets.token_hex(8)
        result: dict[str, Any] = {"server": self.settings.name, "instance": instance, "token": token}
        result.update(address=None, port=None, answered_by=None, detail="")
        login = self.logins.get(instance)
        if login is None:
            return dict(result, outcome="not_logged_in", detail="log the client in first", seconds=0.0)
        if not login.call_back_port:
            return dict(result, outcome="no_call_back", detail="this client wants no call-back", seconds=0.0)
        result.update(address=login.address, port=login.call_back_port)
        if rehearse:
            return dict(result, token=None, outcome="not_tried", seconds=0.0)
        began = asyncio.get_running_loop().time()
        try:
            result.update(await self._deliver(login, token, patience))
        except ConnectionRefusedError as error:
            result.update(outcome="refused", detail=reason(error))
        except SilenceError as error:
            result.update(outcome="timed_out", detail=reason(error))
        except OSError as error:
            result.update(outcome="unreachable", detail=reason(error))
        except (GoneError, NonsenseError) as error:
            result.update(outcome="unacknowledged", detail=reason(error))
        result["seconds"] = round(asyncio.get_running_loop().time() - began, 3)
        login.delivered += result["outcome"] == "delivered"
        return result

    async def _deliver(self, login: Login, token: str, patience: float) -> dict[str, Any]:
        line = await dialled(login.address, login.call_back_port, patience, login.own_address)
        try:
            line.say(notification=token, to=login.instance, server=self.settings.name)
            answer = await line.hear(patience)
        finally:
            line.close()  # the caller closes first: no TIME_WAIT on the client's port
        if answer.get("acknowledged") != token:
            raise NonsenseError("an acknowledgement of something else")
        by = answer.get("by")
        if by != login.instance:
            return {"outcome": "wrong_instance", "answered_by": by, "detail": f"{by} has this port, not the client"}
        return {"outcome": "delivered", "answered_by": by}

    def state(self) -> dict[str, Any]:
        """As every endpoint, and who is logged in."""
        return dict(super().state(), logins=[self.logins[name].state() for name in sorted(self.logins)])


class LoginClient(Endpoint):
    """One running client: takes its call-back port, logs in, stays logged in, receives notifications. (NR-04, NR-13)"""

    settings: ClientSettings

    def __init__(self, settings: ClientSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.port = 0
        self.login_time: str | None = None
        self.seen_as: str | None = None
        self.connected = False
        self.login_count = 0
        self.notification_count = 0
        self.notifications: collections.deque[dict[str, Any]] = collections.deque(maxlen=KEPT_NOTIFICATIONS)

    async def _run(self) -> None:
        if not self._listeners:  # taken once: the port stays the instance's own while the server is away
            refusal = self.settings.refusal()
            if refusal:
                raise RefusedError(refusal)
            self.port, sockets = take_call_back_port(self.settings)
            await self._listen(sockets, self._called_back)
            self.settled.set()
        self.condition = "connecting"
        line = await self._dial()
        try:
            await self._stay_logged_in(line)
        except asyncio.CancelledError:
            line.say(logout=self.settings.name)
            raise
        finally:
            self.connected = False
            line.close()

    async def _dial(self) -> Line:
        """A connection to the first of the server's addresses that answers, from this host's planned address."""
        failure: Exception = GoneError("no address to dial")
        for address in self.settings.dial:
            own = same_family(self.settings.addresses, address)
            try:
                return await dialled(address, self.settings.primary_port, self.timing.connect, own)
            except (OSError, SilenceError) as error:
                failure = GoneError(f"can't reach {address} port {self.settings.primary_port}: {reason(error)}")
        raise failure

    async def _stay_logged_in(self, line: Line) -> None:
        keep_alive = self.timing.keep_alive
        line.say(
            login=self.settings.name,
            service=self.settings.service,
            call_back_port=self.port,
            keep_alive=keep_alive,
        )
        welcome = await line.hear(self.timing.answer)
        if "refused" in welcome:
            raise RefusedError(f"refused by the server: {welcome['refused']}")
        seen_as = welcome.get("seen_as")
        if "welcome" not in welcome or not isinstance(seen_as, list):
            raise NonsenseError("no welcome")
        self.condition, self.connected, self.login_time = "logged_in", True, now()
        self.seen_as = str(seen_as[0])
        self.login_count += 1
        self._delay = self.timing.retry_first
        asked = False
        while True:
            try:
                await line.hear(self.timing.answer if asked else keep_alive)
                asked = False
            except SilenceError:  # noqa: PERF203 (silence is what a keep-alive waits for)
                if asked:
                    raise
                line.say(ping=self.login_count)
                asked = True

    async def _called_back(self, line: Line) -> None:
        message = await line.hear(self.timing.answer)
        while self.answered_probe(line, message):
            message = await line.hear(self.timing.answer)
        token = message.get("notification")
        if not isinstance(token, str):
            raise NonsenseError("a call-back without a notification")
        meant_for = str(message.get("to"))
        self.notification_count += 1
        server = str(message.get("server"))
        self.notifications.append(
            {"time": now(), "token": token, "to": meant_for, "server": server, "from": line.there[0]}
        )
        if meant_for != self.settings.name:
            self.note(f"got a notification that is meant for {meant_for}")
        line.say(acknowledged=token, by=self.settings.name)
        await line.hear(self.timing.answer)  # until the server closes

    def state(self) -> dict[str, Any]:
        """Settings, condition and what happened, as JSON can hold it."""
        found = super().state()
        call_back = self.settings.call_back
        found.update(
            mode=call_back.mode if call_back else None,
            port=self.port or None,
            connected=self.connected,
            login_time=self.login_time,
            login_count=self.login_count,
            seen_as=self.seen_as,
            notification_count=self.notification_count,
            notifications=list(self.notifications),
        )
        return found


class Responder(Endpoint):
    """Listens and answers probes: what stands in for an exchange whose conversation is not emulated."""

    settings: ResponderSettings

    def __init__(self, settings: ResponderSettings, timing: Timing) -> None:
        super().__init__(settings, timing)
        self.answered = 0
        self._datagrams: list[asyncio.DatagramTransport] = []

    async def _run(self) -> None:
        tcp = self.settings.transport == "tcp"
        sockets = bound_everywhere(self.settings.addresses, self.settings.ports, self.settings.transport, rebind=tcp)
        if tcp:
            await self._listen(sockets, self._serve)
        else:
            loop = asyncio.get_running_loop()
            for each in sockets:
                transport, _protocol = await loop.create_datagram_endpoint(lambda: Datagrams(self), sock=each)
                self._datagrams.append(transport)
        self.condition = "listening"
        self.settled.set()
        await asyncio.Event().wait()

    async def _serve(self, line: Line) -> None:
        while self.answered_probe(line, await line.hear(self.timing.answer)):
            self.answered += 1

    async def stop(self) -> None:
        """As every endpoint, UDP included."""
        for transport in self._datagrams:
            transport.close()
        await super().stop()

    def state(self) -> dict[str, Any]:
        """As every endpoint, and how many probes it answered."""
        return dict(super().state(), answered=self.answered)


class Datagrams(asyncio.DatagramProtocol):
    """Answers probes over UDP, and nothing else: two responders must not be able to keep each other talking."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def connection_made(self, transport: Any) -> None:
        """Keep the way to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Answer a probe."""
        try:
            message = json.loads(data)
        except ValueError:
            return
        if not isinstance(message, dict) or "probe" not in message:
            return
        self._responder.answered += 1
        answer = {"answer": message["probe"], "by": self._responder.settings.name, "seen_from": list(addr[:2])}
        self._transport.sendto(json.dumps(answer, separators=(",", ":")).encode() + b"\n", addr)


KINDS: Mapping[type, type[Endpoint]] = {
    ServerSettings: LoginServer,
    ClientSettings: LoginClient,
    ResponderSettings: Responder,
}


# --- The emulator: all endpoints of a host, and its control socket ---------------------------------------------------


class Emulator:
    """All that one host emulates, in one process."""

    def __init__(self, config: Config, path: str | None = None) -> None:
        self.config = config
        self._path = path
        self.running: dict[str, Endpoint] = {}
        self._control: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Start everything; returns when each endpoint listens, or has said why not. Raises EmulatorError."""
        await self._start_missing()
        path = Path(self.config.control_socket)
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()  # left over by a process that was killed
            self._control = await asyncio.start_unix_server(self._controlled, path)
            path.chmod(0o600)
        except OSError as error:
            raise EmulatorError(f"control socket {path}: {reason(error)}") from None

    async def stop(self) -> None:
        """Log the clients out and stop listening."""
        if self._control is not None:
            self._control.close()
            with contextlib.suppress(FileNotFoundError):
                Path(self.config.control_socket).unlink()
        await self._stop(self.running)

    async def _start_missing(self) -> None:
        new = []
        for name, settings in self.config.endpoints.items():
            if name not in self.running:
                new.append(KINDS[type(settings)](settings, self.config.timing))
                self.running[name] = new[-1]
        for endpoint in new:
            endpoint.start()
        await asyncio.gather(*(endpoint.settled.wait() for endpoint in new))

    async def _stop(self, names: Iterable[str]) -> None:
        await asyncio.gather(*(self.running.pop(name).stop() for name in list(names)))

    def changed(self) -> list[str]:
        """Endpoints that still run with settings of before the last reload. (NP-07)"""
        return [name for name, one in self.running.items() if one.settings != self.config.endpoints.get(name)]

    async def reload(self) -> dict[str, Any]:
        """Read the configuration again. What runs keeps its settings until it is restarted; what is no longer
        wanted stops, what is new starts. Raises EmulatorError and changes nothing when the file has a fault."""
        if self._path is None:
            raise EmulatorError("there is no configuration file to read again")
        self.config = dataclasses.replace(load_config(self._path), control_socket=self.config.control_socket)
        gone = [name for name in self.running if name not in self.config.endpoints]
        new = [name for name in self.config.endpoints if name not in self.running]
        await self._stop(gone)
        await self._start_missing()
        return {"started": new, "stopped": gone, "restart_needed": self.changed()}

    async def restart(self, names: Sequence[str]) -> dict[str, Any]:
        """Restart these endpoints with the settings of the configuration. Raises EmulatorError for unknown names."""
        unknown = sorted(set(names) - set(self.running))
        if unknown:
            raise EmulatorError(f"not running here: {', '.join(unknown)}; ask for the state to see the names")
        await self._stop(dict.fromkeys(names))
        await self._start_missing()
        return {"restarted": list(dict.fromkeys(names))}

    def state(self) -> dict[str, Any]:
        """What runs, with which settings, and what it has seen."""
        found: dict[str, Any] = {"format": FORMAT, "host": self.config.host, "pid": os.getpid()}
        changed = set(self.changed())
        for key, kind in (("servers", LoginServer), ("instances", LoginClient), ("responders", Responder)):
            found[key] = [
                dict(one.state(), restart_needed=name in changed)
                for name, one in self.running.items()
                if isinstance(one, kind)
            ]
        return found

    async def notify(self, request: Entry) -> dict[str, Any]:
        """Every server of this host calls back its clients, or the named ones; one result a call-back."""
        servers = [one for one in self.running.values() if isinstance(one, LoginServer)]
        if request.value.get("service"):
            servers = [one for one in servers if one.settings.service == request.text("service")]
        if not servers:
            raise EmulatorError(f"no server that calls clients back runs on {self.config.host}")
        instances = request.texts("instances") if request.value.get("instances") else None
        parallel = request.whole("parallel", 1, 1000, default=self.config.timing.call_backs_at_once)
        patience = request.value.get("timeout") or self.config.timing.answer
        if not isinstance(patience, (int, float)) or patience <= 0:
            raise EmulatorError(f"timeout: {patience!r} is not a number of seconds above 0")
        rehearse = bool(request.value.get("rehearse"))
        rounds = await asyncio.gather(*(server.notify(instances, patience, parallel, rehearse) for server in servers))
        results = [result for each in rounds for result in each]
        if instances is not None and len(servers) > 1:
            # A client is logged in to one of the servers: the others have nothing to say about it.
            known = {result["instance"] for result in results if result["outcome"] != "not_logged_in"}
            results = [one for one in results if one["outcome"] != "not_logged_in" or one["instance"] not in known]
        return {"host": self.config.host, "results": results}

    async def _controlled(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        try:
            request = await line.hear(self.config.timing.answer)
            try:
                line.say(ok=True, **await self._do(Entry("", request)))
            except EmulatorError as error:
                line.say(ok=False, error=str(error))
            await writer.drain()
        except (GoneError, SilenceError, NonsenseError, OSError) as error:
            log.warning("control: %s", reason(error))
        finally:
            line.close()

    async def _do(self, request: Entry) -> dict[str, Any]:
        do = request.text("do", choices=("state", "notify", "restart", "reload"))
        if do == "state":
            return self.state()
        if do == "notify":
            return await self.notify(request)
        if do == "reload":
            return await self.reload()
        return await self.restart(request.texts("names") if request.value.get("names") else self.changed())


# --- The control socket's other end, and the command line -------------------------------------------------------------


def control(path: str, do: str, patience: float = 60.0, **options: Any) -> dict[str, Any]:
    """Ask a running emulator. Returns its answer. Raises L(EmulatorError) when it can't be asked, or refuses."""
    request = {key: value for key, value in options.items() if value is not None}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(patience)
        try:
            asked.connect(path)
            asked.sendall(json.dumps(dict(request, do=do)).encode() + b"\n")
            with asked.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(
                    answers.readline() or b'{"ok": false, "error": "the emulator ended"}'
                )
        except socket.timeout:
            raise EmulatorError(f"{path}: the emulator did not answer in {patience:g} s") from None
        except OSError as error:
            raise EmulatorError(f"{path}: {reason(error)}; is the emulator running here?") from None
        except ValueError as error:
            raise EmulatorError(f"{path}: this is no emulator: {error}") from None
    if not answer.pop("ok", False):
        raise EmulatorError(f"{path}: {answer.get('error')}")
    return answer


def unready(state: Mapping[str, Any]) -> list[str]:
    """What in a state does not yet do what it is for: servers that do not listen, clients that are not logged in."""
    found = []
    for key, wanted in (("servers", "listening"), ("responders", "listening"), ("instances", "logged_in")):
        for one in state[key]:
            if one["state"] != wanted:
                why = one["errors"][-1]["text"] if one["errors"] else one["state"]
                found.append(f"{one['name']}: {why}")
    return found


def awaited_state(path: str, patience: float) -> dict[str, Any]:
    """The state once everything is ready, or after C(patience) seconds, with what is still C(unready) in it.

    Raises L(EmulatorError) when the emulator can't be asked at the end of that time.
    """
    end = time.monotonic() + patience
    while True:
        try:
            state = control(path, "state")
            state["unready"] = unready(state)
            if not state["unready"] or time.monotonic() >= end:
                return state
        except EmulatorError:
            if time.monotonic() >= end:
                raise
        time.sleep(0.2)


def call_back_round(path: str, **request: Any) -> list[dict[str, Any]]:
    """The results of one round of call-backs. Raises L(EmulatorError)."""
    results: list[dict[str, Any]] = control(path, "notify", LONGEST_ROUND, **request)["results"]
    return results


def tell_systemd(text: str) -> None:
    """Tell the service manager, if one asked for it (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.connect("\0" + path[1:] if path.startswith("@") else path)
        manager.sendall(text.encode())


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: each instance needs a few."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(emulator: Emulator) -> None:
    """Run until SIGTERM or SIGINT."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await emulator.start()
    log.info("%s runs %d endpoints", emulator.config.host, len(emulator.running))
    tell_systemd("READY=1")
    await end.wait()
    tell_systemd("STOPPING=1")
    await emulator.stop()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="emulator.py", description="Emulate a fax product's behaviour on its ports.")
    commands = made.add_subparsers(dest="do", required=True)
    run = commands.add_parser("run", help="run in the foreground")
    run.add_argument("--config", default=CONFIG_FILE, help="default %(default)s; a host's slice of the plan will do")
    check = commands.add_parser("check", help="check a configuration and run nothing")
    check.add_argument("--config", default=CONFIG_FILE, help="default %(default)s")
    for name, text in (
        ("state", "print what runs, as JSON"),
        ("notify", "let the server call its clients back; ends with 1 unless every one got its notification"),
        ("restart", "restart the named ones, or those whose settings have changed"),
        ("reload", "read the configuration again; what runs keeps its settings until it is restarted"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--socket", default=CONTROL_SOCKET, help="default %(default)s")
        if name == "notify":
            command.add_argument("instances", nargs="*", help="default: every client that is logged in")
            command.add_argument("--service")
            command.add_argument("--timeout", type=float, help="seconds for one call-back")
        if name == "restart":
            command.add_argument("names", nargs="*")
        if name == "state":
            command.add_argument("--wait", type=float, default=0.0, help="seconds to wait until everything is ready")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 (a call-back failed), 2 (a message on stderr says what to put right)."""
    chosen = parser().parse_args(arguments)
    try:
        if chosen.do == "run":
            logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
            allow_many_sockets()
            asyncio.run(serve(Emulator(load_config(chosen.config), chosen.config)))
            return 0
        if chosen.do == "check":
            answer: dict[str, Any] = {"endpoints": len(load_config(chosen.config).endpoints)}
        elif chosen.do == "state":
            answer = awaited_state(chosen.socket, chosen.wait)
        else:
            options = {key: value for key, value in vars(chosen).items() if key not in ("do", "socket") and value}
            answer = control(chosen.socket, chosen.do, LONGEST_ROUND, **options)
    except EmulatorError as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 2
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return int(chosen.do == "notify" and any(one["outcome"] != "delivered" for one in answer["results"]))


if __name__ == "__main__":
    raise SystemExit(main())
