# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that behaves on the network as CommuniGate Pro's guide says, from one file of standard Python.

Written from the published guide (Network, Listeners, Resolver, PWD, CLI/API, Data Formats, NAT Traversal; 5.1 to 6.4)
and never run beside the product. What it does: the command line interface over PWD; network address lists in the
grammar of its version; settings that survive a restart; listeners that its settings name, which answer a probe,
C({"probe": TOKEN}); the far-end NAT detection of its SIP listeners, with the dummy packets that keep a client's opening
alive; the resolver's repeats, time-outs and dummy addresses; IPv6 on, off or found out.

Everything is in the base folder, in the product's data format. No port number is in this file: the settings bring
them. The names of the settings inside Network, DNRSettings and MediaServer are this emulator's own, for the product's
are not published. The codec below is written apart from the one that the modules use, so that each shows the other's
faults. Install it as /opt/CommuniGate/CGServer, or run C(python3 tests/emulators/communigate/emulator.py --Base DIR).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import datetime
import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASE = "/var/CommuniGate"
SETTINGS_FILE = "Settings/Main.settings"
LONGEST_LINE = 8 * 1024 * 1024  # bytes of one command
MOST_PORTS = 64  # sockets that one range of media ports may take; of a larger range the first and the last port listen
IDLE = 300.0  # seconds without a command after which a session ends
NETWORK_LISTS = (
    "LANIPs",
    "ClientIPs",
    "NATedIPs",
    "NATSiteIPs",
    "DebugIPs",
    "DeniedIPs",
    "BlacklistedIPs",
    "WhiteHoleIPs",
)
DICTIONARIES = {"NETWORK": "Network", "DNRSETTINGS": "DNRSettings", "MEDIASERVERSETTINGS": "MediaServer"}
FRESH: dict[str, Any] = {
    "Version": "6.3.12",
    "ServerName": "localhost",
    "Network": {"WANAddress": "", "ServerLANAddress": "", "NATPing": 15},
    "DNRSettings": {
        "Source": "OS",
        "Servers": "",
        "Port": 0,
        "InitialTimeout": 2,
        "RetryLimit": 3,
        "DummyIPs": "",
        "ConcurrentRequests": 10,
    },
    "MediaServer": {"UDPPorts": "", "TCPPorts": ""},
    "Modules": {},
    **{name: "" for name in NETWORK_LISTS if name != "LANIPs"},  # the LAN list comes from the system (CG-01)
}
Reply = Callable[[bytes], None]


class EmulatorError(Exception):
    """Something that a person has to put right."""


class CommandError(Exception):
    """A command that is answered with an error: code and text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


# --- The data format -------------------------------------------------------------------------------------------------

SYMBOLS = re.compile(
    r"""(?P<space>(?:[ \t\r\n]|//[^\r\n]*)+)|(?P<mark>[(){}=;,])|(?P<string>"(?:[^"\\\x00-\x08\x0a-\x1f]|\\.)*")"""
    r"""|(?P<block>\[[A-Za-z0-9+/= \t\r\n]*\])|(?P<null>\#NULL\#)|(?P<address>\#I\[[0-9A-Fa-f.:]+\](?::\d{1,5})?)"""
    r"""|(?P<time>\#T[-A-Z0-9_:]+)|(?P<number>\#-?(?:0x[0-9A-Fa-f]+|0o[0-7]+|0b[01]+|\d+))|(?P<atom>[-\w.@!%:<>]+)"""
)
UNESCAPED = {"e": "\n", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Marked:
    """An address or a time: the text that it has in the data format."""

    text: str


def symbols(text: str) -> Iterator[tuple[str, str]]:
    """The text's symbols, kind and text, without white space and comments. Raises ValueError."""
    at = 0
    while at < len(text):
        found = SYMBOLS.match(text, at)
        if not found or not found.lastgroup:
            raise ValueError(f"symbol {at + 1} is not expected")
        at = found.end()
        if found.lastgroup != "space":
            yield found.lastgroup, found[0]


def string_of(part: str) -> str:
    """What a quoted string says. Raises ValueError."""

    def symbol(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1]))
        if found[2]:
            return chr(int(found[2], 16))
        if found[3] not in UNESCAPED:
            raise ValueError(f"\\{found[3]} means nothing")
        return UNESCAPED[found[3]]

    return re.sub(r"\\(?:(\d{3})|u'([0-9A-Fa-f]{1,5})'|(.))", symbol, part[1:-1])


def values(text: str) -> list[Any]:
    """The values that stand in the text one behind the other. Raises ValueError."""
    stack: list[tuple[str, list[Any]]] = [("", [])]
    for kind, part in symbols(text):
        holder, items = stack[-1]
        if kind == "mark" and part in "({":
            stack.append((part, []))
            if len(stack) > 100:
                raise ValueError("nested too deep")
        elif kind == "mark" and part in ")}":
            if holder + part not in ("()", "{}"):
                raise ValueError(f"{part} closes nothing")
            stack.pop()
            stack[-1][1].append(_array(items) if holder == "(" else _dictionary(items))
        elif kind == "mark":
            items.append((part,))
        else:
            items.append(_value(kind, part))
    if len(stack) > 1:
        raise ValueError(f"{stack[-1][0]} is not closed")
    if any(isinstance(item, tuple) for item in stack[0][1]):
        raise ValueError("a separator stands outside of any bracket")
    return stack[0][1]


def _value(kind: str, text: str) -> Any:
    readers: dict[str, Callable[[], Any]] = {
        "string": lambda: string_of(text),
        "number": lambda: int(text[1:], 0 if set("xob") & set(text) else 10),
        "block": lambda: base64.b64decode("".join(text[1:-1].split()), validate=True),
        "null": lambda: None,
        "address": lambda: Marked(text),
        "time": lambda: Marked(text),
    }
    return readers.get(kind, lambda: text)()


def _array(items: list[Any]) -> list[Any]:
    regular = len(items) % 2 and items[1::2] == [(",",)] * (len(items) // 2)
    if items and not (regular and not any(isinstance(item, tuple) for item in items[::2])):
        raise ValueError("an array's values are separated by commas")
    return items[::2]


def _dictionary(items: list[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if len(items) % 4:
        raise ValueError("a dictionary is made of key=value; with a semicolon behind each")
    for key, equals, value, end in zip(*[iter(items)] * 4, strict=True):
        if equals != ("=",) or end != (";",) or not isinstance(key, str) or isinstance(value, tuple) or key in made:
            raise ValueError("a dictionary is made of different keys, each with key=value;")
        made[key] = value
    return made


def quoted(text: str) -> str:
    """A string in the data format."""
    if re.fullmatch(r"[A-Za-z0-9]+", text, re.ASCII):
        return text
    names = {'"': '\\"', "\\": "\\\\", "\n": "\\e", "\r": "\\r", "\t": "\\t"}
    return '"' + re.sub(r'["\\\x00-\x1f\x7f]', lambda sign: names.get(sign[0]) or f"\\{ord(sign[0]):03d}", text) + '"'


def as_text(value: Any, indent: str | None = None) -> str:
    """A value in the data format: in one line, or over several with an indent, as the product writes its files."""
    if isinstance(value, dict):
        pairs = [(quoted(key), as_text(item, None if indent is None else indent + "  ")) for key, item in value.items()]
        if indent is None:
            return "{" + "".join(f"{key}={item};" for key, item in pairs) + "}"
        return "{\r\n" + "".join(f"{indent}  {key} = {item};\r\n" for key, item in pairs) + indent + "}"
    if isinstance(value, list):
        parts = [as_text(item, None if indent is None else indent + "  ") for item in value]
        return "(" + (", " if indent is not None else ",").join(parts) + ")"
    writers: tuple[tuple[type, Callable[[Any], str]], ...] = (
        (bytes, lambda found: f"[{base64.b64encode(found).decode('ascii')}]"),
        (Marked, lambda found: str(found.text)),
        (str, quoted),
        (int, lambda found: f"#{found}"),
        (type(None), lambda _found: "#NULL#"),
    )
    return next(write(value) for kind, write in writers if isinstance(value, kind))


# --- Network address lists (CG-22, CG-23) ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One line of a list that says something."""

    excluded: bool
    first: Any  # an address of ipaddress, or the name of another list
    last: Any


def numbered(version: str) -> tuple[int, ...]:
    """A version as numbers, for comparing."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def entries(text: str, version: str) -> Iterator[Entry]:
    """A list's entries in the grammar of a version. Raises ValueError that names the line."""
    for number, line in enumerate(text.split("\n"), 1):
        body = line.partition(";")[0].strip()
        if not body:
            continue
        try:
            yield _entry(body, numbered(version))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None


def _entry(body: str, version: tuple[int, ...]) -> Entry:
    excluded = body.startswith("!")
    if excluded and version < (5, 1):
        raise ValueError("incorrect IP address")
    body = body[1:].strip() if excluded else body
    if body.startswith("#") and version >= (6, 4):
        return Entry(excluded, body[1:].lower(), None)
    if "/" in body and version >= (5, 2):
        network = ipaddress.ip_network(body)
        if not network.prefixlen:
            raise ValueError("incorrect IP address mask")
        return Entry(excluded, network[0], network[-1])
    first, minus, last = (part.strip() for part in body.partition("-"))
    ends = ipaddress.ip_address(first), ipaddress.ip_address(last if minus else first)
    if ends[0].version != ends[1].version or int(ends[0]) > int(ends[1]):
        raise ValueError("incorrect IP address range")
    return Entry(excluded, *ends)


def listed(text: str, address: Any, version: str, others: Mapping[str, Any] | None = None, depth: int = 0) -> bool:
    """Whether an address is in a list: the last line that matches it decides."""
    found = False
    for entry in entries(text, version):
        if isinstance(entry.first, str):
            named = {name.lower(): lines for name, lines in (others or {}).items()}.get(entry.first, "")
            matches = depth < 10 and listed(named, address, version, others, depth + 1)
        else:
            matches = entry.first.version == address.version and entry.first <= address <= entry.last
        found = not entry.excluded if matches else found
    return found


# --- The system log, and the state in the base folder ----------------------------------------------------------------


class Journal:
    """The system log: a file a day, each record with time, level and the tag of the component that wrote it."""

    def __init__(self, folder: Path, console: bool) -> None:
        self.folder, self.console, self._numbers = folder, console, dict[str, int]()
        folder.mkdir(parents=True, exist_ok=True)

    def number(self, tag: str) -> str:
        """The name of a new task of a component, such as DNR-00001 (CG-12)."""
        self._numbers[tag] = self._numbers.get(tag, 0) + 1
        return f"{tag}-{self._numbers[tag]:05d}"

    def write(self, level: int, source: str, text: str) -> None:
        """One record; level 1 is a crash, 5 is all."""
        now = datetime.datetime.now()
        printable = "".join(sign if sign.isprintable() else f"\\{ord(sign):03d}" for sign in text)
        record = f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} {level} {source} {printable}\n"
        with (self.folder / f"{now:%Y-%m-%d}.log").open("a", encoding="utf-8") as file:
            file.write(record)
        if self.console:
            sys.stdout.write(record)
            sys.stdout.flush()


class Store:
    """The settings, in memory and on disk; what is set is on disk before it is answered."""

    def __init__(self, base: Path) -> None:
        self.base, self.path = base, base / SETTINGS_FILE
        self.settings: dict[str, Any] = json.loads(json.dumps(FRESH))
        if self.path.exists():
            self.settings.update(self._read(self.path))
            self._check()
        if "LANIPs" not in self.settings:
            self.settings["LANIPs"] = "\n".join(address for address in local_addresses() if "." in address)
        self.save()

    @staticmethod
    def _read(path: Path) -> dict[str, Any]:
        try:
            (found,) = values(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EmulatorError(f"{path}: {error}; it must hold one dictionary in the product's data format") from None
        if not isinstance(found, dict):
            raise EmulatorError(f"{path}: it must hold one dictionary in the product's data format")
        return found

    def _check(self) -> None:
        for kind, told, names in (
            (dict, "dictionary", ("Modules", *DICTIONARIES.values())),
            (str, "string", ("Version", "ServerName", *(name for name in NETWORK_LISTS if name in self.settings))),
        ):
            for name in names:
                if not isinstance(self.settings[name], kind):
                    raise EmulatorError(f"{self.path}: {name} must be a {told}")

    def save(self) -> None:
        """Write the settings; a reader sees the old file or the new one."""
        written(self.path, as_text(self.settings, "") + "\n", 0o644)

    def text(self, group: str, key: str) -> str:
        """A setting in one of the dictionaries as text, empty if it is missing."""
        found = self.settings[group].get(key, "")
        return re.sub(r"^#I", "", found.text) if isinstance(found, Marked) else str(found)

    def number(self, group: str, key: str, default: float) -> float:
        """A setting in one of the dictionaries as a number above 0, else the default."""
        try:
            found = float(self.text(group, key))
        except ValueError:
            return default
        return found if 0 < found < float("inf") else default

    def holds(self, name: str, address: Any) -> bool:
        """Whether the list of that name holds the address."""
        try:
            text, version = self.settings[name], self.settings["Version"]
            return listed(text, address, version, self.settings.get("AddressLists", {}))
        except ValueError:
            return False

    def password(self, account: str) -> str | None:
        """The account's password, or None; postmaster's is made when it is first asked for."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", account) or account.startswith("."):
            return None
        path = self.base / "Accounts" / f"{account}.macnt" / "account.settings"
        if account == "postmaster" and not path.exists():
            written(path, as_text({"Password": secrets.token_urlsafe(12)}, "") + "\n", 0o600)
        if not path.exists():
            return None
        found = self._read(path).get("Password")
        return found if isinstance(found, str) and found else None


def written(path: Path, text: str, mode: int) -> None:
    """Put a file in place whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8", newline=""
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def local_addresses() -> list[str]:
    """The addresses of this machine, loopback left out, as Linux lists them."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        trie = Path("/proc/net/fib_trie").read_text(encoding="ascii")
        for address in re.findall(r"\|-- ([0-9.]+)\n\s+/32 host LOCAL", trie):
            if not address.startswith("127.") and address not in found:
                found.append(address)
    with contextlib.suppress(OSError):
        for line in Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines():
            address = str(ipaddress.IPv6Address(int(line.split()[0], 16)))
            if address != "::1":
                found.append(address)
    return found


# --- Sockets ---------------------------------------------------------------------------------------------------------


def ipv6_on(option: str, platform: bool, addresses: Iterable[str]) -> bool:
    """Whether networking is IPv6: as the option says, else if the platform has it and a local address is one.

    (CG-19, CG-21)
    """
    if option != "AUTO":
        return option == "YES"
    return platform and any(":" in address for address in addresses)


def unmapped(address: str) -> str:
    """An address as people know it: ::ffff:10.0.0.1, which an IPv6 socket shows for an IPv4 peer, is 10.0.0.1."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


@dataclass(frozen=True)
class Place:
    """Where something listens, and for what."""

    module: str
    transport: str
    address: str  # empty: all of this machine's
    port: int
    tls: bool = False

    def __str__(self) -> str:
        return f"{self.module} {self.transport}/{self.port}" + (f" at {self.address}" if self.address else "")


def opened(place: Place, ipv6: bool) -> socket.socket:
    """A bound socket. With IPv6 it is an IPv6 one that also talks to IPv4 systems (CG-19). Raises OSError."""
    six = ":" in place.address or (ipv6 and not place.address)
    made = socket.socket(
        socket.AF_INET6 if six else socket.AF_INET,
        socket.SOCK_STREAM if place.transport == "tcp" else socket.SOCK_DGRAM,
    )
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.setblocking(False)
        made.bind((place.address or ("::" if six else "0.0.0.0"), place.port))  # noqa: S104 (as the product does)
        if place.transport == "tcp":
            made.listen(256)
        elif six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    except OSError:
        made.close()
        raise
    return made


IP_PKTINFO = 8  # linux/in.h; the socket module has no name for it before Python 3.14
PKTINFO4, PKTINFO6 = struct.Struct("=I4s4s"), struct.Struct("=16sI")


class Datagrams:
    """A bound UDP socket whose answers leave from the address that was asked, which a machine may have many of."""

    def __init__(self, bound: socket.socket, heard: Callable[[bytes, tuple[str, int], Reply], None]) -> None:
        self._socket, self._heard = bound, heard
        asyncio.get_running_loop().add_reader(bound, self._read)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        try:
            data, extra, _flags, there = self._socket.recvmsg(65535, 256)
        except OSError:
            return  # an ICMP error of an earlier answer
        control = [(level, kind, self._own(level, kind, value)) for level, kind, value in extra]

        def reply(answer: bytes) -> None:
            with contextlib.suppress(OSError):  # lost, as any datagram may be
                self._socket.sendmsg([answer], control, 0, there)

        self._heard(data, (unmapped(there[0]), there[1]), reply)

    @staticmethod
    def _own(level: int, kind: int, value: bytes) -> bytes:
        """Control data that sends from the address that was asked."""
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            _index, own, _asked = PKTINFO4.unpack(value[: PKTINFO4.size])
            return PKTINFO4.pack(0, own, own)
        return value


def probe_answer(data: bytes, by: str, there: tuple[str, int]) -> bytes | None:
    """The answer to a probe, or None if the data is none."""
    try:
        message = json.loads(data)
    except ValueError:
        return None
    if not isinstance(message, dict) or "probe" not in message:
        return None
    answer = {"answer": message["probe"], "by": by, "seen_from": list(there)}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


def port_range(text: str) -> list[int]:
    """The ports of a range like C(7000-7009) that are to listen: all of a small one, the ends of a large one."""
    found = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", str(text))
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= 65535:
        return []
    low, high = int(found[1]), int(found[2])
    return list(range(low, high + 1)) if high - low < MOST_PORTS else [low, high]


def places(settings: Mapping[str, Any]) -> Iterator[Place]:
    """Where the settings let the server listen: each module's listeners, and the media ports."""
    for module, found in settings["Modules"].items():
        for key, several in found.items() if isinstance(found, dict) else ():
            if not key.lower().endswith("listener"):
                continue
            transport = "udp" if "udp" in key.lower() else "tcp"
            for listener in several if isinstance(several, list) else [several]:
                if not isinstance(listener, dict):
                    continue
                address, tls = str(listener.get("LocalIP", "")), listener.get("TLS") == "YES"
                port = str(listener.get("Port", ""))
                if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536:
                    yield Place(module, transport, address, int(port), tls)
    for key, transport in (("UDPPorts", "udp"), ("TCPPorts", "tcp")):
        for number in port_range(settings["MediaServer"].get(key, "")):
            yield Place("MEDIA", transport, str(settings["MediaServer"].get("LocalIP", "")), number)


def listeners_of_slice(slice_: Mapping[str, Any]) -> dict[str, Any]:
    """Modules with listeners for what a host's slice of the plan lets it serve, named as the exchanges are."""
    modules: dict[str, Any] = {}
    for offer in slice_.get("offers", []):
        settings = offer.get("settings") or {}
        running = offer.get("exchanges")
        for exchange in slice_.get("exchanges", []):
            if exchange["service"] != offer["service"] or exchange.get("initiator", "client") != "client":
                continue
            if running is not None and exchange["name"] not in running:
                continue
            ports = str(settings.get(exchange.get("ports"), exchange.get("ports")))
            numbers = port_range(ports if "-" in ports else f"{ports}-{ports}")
            key = "UDPListener" if exchange["transport"] == "udp" else "Listener"
            modules[exchange["name"]] = {key: [{"Port": number} for number in numbers]}
    return modules


# --- Faults, for tests -----------------------------------------------------------------------------------------------


class Faults:
    """What goes wrong on purpose: a dictionary in a file, read anew before each answer.

    A key is a command's name or GREETING; a value is one of
      C(cut), C(half), C(silent), C(slow SECONDS), C(drip SECONDS), C(junk), C(long), C(latin), C(noise),
      C(refuse TEXT), C(raw TEXT), C(forget).
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None

    def of(self, state: str) -> tuple[str, str]:
        """The fault of a state, and what is said of it."""
        if self._path is None or not self._path.exists():
            return "", ""
        found = values(self._path.read_text(encoding="utf-8"))
        kind, _space, detail = str(found[0].get(state, "") if found else "").partition(" ")
        return kind, detail

    async def answered(self, writer: asyncio.StreamWriter, state: str, answer: bytes) -> bool:
        """Send an answer with the state's fault; whether the connection goes on."""
        kind, detail = self.of(state)
        if kind == "cut":
            return False
        if kind == "silent":
            await asyncio.sleep(3600)
        if kind == "slow":
            await asyncio.sleep(float(detail))
        if kind == "drip":
            for each in answer:
                writer.write(bytes([each]))
                await writer.drain()
                await asyncio.sleep(float(detail))
            return True
        changed = {
            "half": answer[: len(answer) // 2],
            "long": b"",
            "junk": secrets.token_bytes(64).replace(b"\n", b"?") + b"\n",
            "latin": answer.rstrip(b"\r\n") + b"\xe9\r\n",
            "noise": answer + b"200 nobody asked\r\n",
            "refuse": f"501 {detail}\r\n".encode(),  # the greeting; a command that is refused is not even done
            "raw": f"{detail}\r\n".encode(),
        }
        writer.write(changed.get(kind, answer))
        for _piece in range(64 if kind == "long" else 0):
            writer.write(b"A" * 1048576)
            await writer.drain()
        await writer.drain()
        return kind != "half"


# --- PWD and the command line interface ------------------------------------------------------------------------------


class PwdTalk:
    """One connection to the PWD listener."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        peer = writer.get_extra_info("peername")
        self.peer, self.peer_port = unmapped(peer[0]), peer[1]
        self.source = server.journal.number("PWD")
        self.account = self.user = ""
        self.inline = False
        self.challenge = f"<{secrets.randbelow(10**6)}.{int(time.time())}@{server.name}>"
        self.detailed = server.store.holds("DebugIPs", ipaddress.ip_address(self.peer))  # (CG-24)

    async def run(self) -> None:
        """Greet, and answer until the client leaves."""
        greeting = f"{self.server.name} CommuniGate Pro PWD Server {self.server.version} ready {self.challenge}"
        self.log(f"connection from {self.peer}")
        more = await self._say("GREETING", 200, greeting)
        while more:
            try:
                line = await asyncio.wait_for(self.reader.readline(), IDLE)
            except ValueError:  # a line longer than the reader's limit
                await self._say("", 500, "the command line is too long")
                return
            if not line.endswith(b"\n"):
                return
            probe = probe_answer(line, f"{self.server.name}/PWD", (self.peer, self.peer_port))
            if probe is not None:
                self.writer.write(probe)
                continue
            more = await self._command(line.decode("utf-8", "replace").strip())

    def log(self, text: str) -> None:
        """A record of this connection. Never a password, nor a digest made of one."""
        self.server.journal.write(4, self.source, text)

    async def _command(self, line: str) -> bool:
        verb, _space, rest = line.partition(" ")
        verb = verb.upper()
        if self.detailed:
            self.log(f"inp: {verb} ..." if verb in ("PASS", "APOP", "NEWPASS") else f"inp: {line}")
        data: Any = None
        try:
            fault, detail = self.server.faults.of(verb)
            if fault == "refuse":
                raise CommandError(501, detail)
            code, text = self._protocol(verb, rest)
            if not code:
                if not self.account:
                    raise CommandError(501, "authentication is required")
                if fault != "forget":
                    data = self.server.commanded(verb, rest)
                    await self.server.listen()  # what a changed setting opens is open when the answer comes
                code, text = 200, "OK"
                if isinstance(data, tuple):
                    return await self._say_data(verb, data[0])
        except CommandError as error:
            code, text = error.code, error.text
        more = await self._say(verb, code, text)
        return more and verb != "QUIT"

    def _protocol(self, verb: str, rest: str) -> tuple[int, str]:
        """The answer to a command of PWD itself, or 0."""
        if verb == "USER":
            self.user = rest
            return 300, "please send the PASS"
        if verb in ("PASS", "APOP"):
            return self._logged_in(verb, rest)
        if verb == "INLINE" and self.account:
            self.inline = True
            return 200, "OK"
        if verb == "QUIT":
            return 200, "CommuniGate Pro PWD connection closed"
        return 0, ""

    def _logged_in(self, verb: str, rest: str) -> tuple[int, str]:
        user, given = (self.user, rest) if verb == "PASS" else (rest.partition(" ")[0], rest.partition(" ")[2])
        password = self.server.store.password(user)
        if password is None:
            self.log(f"login of {user!r} failed: unknown account")
            raise CommandError(500, "unknown user account")
        digest = hashlib.new("md5", (self.challenge + password).encode(), usedforsecurity=False).hexdigest()
        wanted = password if verb == "PASS" else digest
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            self.log(f"login of {user!r} failed: incorrect password")
            raise CommandError(501, "incorrect password")
        self.account = user
        self.log(f"{user!r} logged in with {'APOP' if verb == 'APOP' else 'clear text'}")
        return 200, "login OK, proceed"

    async def _say(self, state: str, code: int, text: str) -> bool:
        if self.detailed:
            self.log(f"out: {code} {text}")
        return await self.server.faults.answered(self.writer, state, f"{code} {text}\r\n".encode())

    async def _say_data(self, state: str, data: Any) -> bool:
        if self.detailed:
            self.log(f"out: {as_text(data)}")
        answer = f"201 {as_text(data)}\r\n" if self.inline else f"200 data follow\r\n{as_text(data, '')}\r\n"
        return await self.server.faults.answered(self.writer, state, answer.encode())


# --- FTP: passive transfers on the media ports (CG-11) ---------------------------------------------------------------


class FtpTalk:
    """One connection to the FTP listener: logins, and listings of an empty folder over passive data connections."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        peer, own = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        self.peer, self.own = (unmapped(peer[0]), peer[1]), unmapped(own[0])
        self.user, self.account, self.port = "", "", 0

    async def run(self) -> None:
        """Greet, and answer until the client leaves."""
        more = self._say(220, f"{self.server.name} CommuniGate Pro FTP Server {self.server.version} ready")
        while more:
            line = await asyncio.wait_for(self.reader.readline(), IDLE)
            probe = probe_answer(line, f"{self.server.name}/FTP", self.peer)
            if probe is not None:
                self.writer.write(probe)
                continue
            if not line.endswith(b"\n"):
                return
            verb, _space, rest = line.decode("utf-8", "replace").strip().partition(" ")
            more = await self._command(verb.upper(), rest)
            await self.writer.drain()

    async def _command(self, verb: str, rest: str) -> bool:
        if verb == "QUIT":
            self._say(221, "goodbye")
            return False
        if verb in ("USER", "PASS"):
            return self._log_in(verb, rest)
        if not self.account:
            return self._say(530, "log in first")
        if verb in ("PASV", "EPSV"):
            return self._passive(verb)
        if verb in ("LIST", "NLST"):
            return await self._listing()
        return self._say(200, "OK") if verb in ("TYPE", "NOOP", "CWD") else self._say(502, "not implemented")

    def _log_in(self, verb: str, rest: str) -> bool:
        if verb == "USER":
            self.user = rest
            return self._say(331, "please send the password")
        wanted = self.server.store.password(self.user)
        right = wanted is not None and hmac.compare_digest(rest.encode(), wanted.encode())
        self.account = self.user if right else ""
        return self._say(230, "logged in") if right else self._say(530, "incorrect password")

    def _passive(self, verb: str) -> bool:
        self.port = self.server.expect_transfer(self.peer[0])
        if not self.port:
            return self._say(425, "no media TCP port is free")
        if verb == "EPSV":
            return self._say(229, f"entering extended passive mode (|||{self.port}|)")
        # What a NAT device relays to this server is where a client from outside has to go (CG-09).
        outside = self.server.store.text("Network", "WANAddress").strip("[]")
        inside = self.server.store.holds("LANIPs", ipaddress.ip_address(self.peer[0]))
        numbers = ",".join((self.own if inside or not outside else outside).split("."))
        return self._say(227, f"entering passive mode ({numbers},{self.port >> 8},{self.port & 255})")

    async def _listing(self) -> bool:
        if not self.port:
            return self._say(425, "passive mode first")
        self._say(150, "here it comes")
        try:
            (await self.server.transfer(self.port)).close()
        except TimeoutError:
            return self._say(425, "no data connection came")
        finally:
            self.port = 0
        return self._say(226, "done")

    def _say(self, code: int, text: str) -> bool:
        self.writer.write(f"{code} {text}\r\n".encode())
        return True


# --- SIP: clients behind remote NAT devices (CG-05, CG-06, CG-07) ----------------------------------------------------


@dataclass
class Registration:
    """A client that can be called: where it is seen, how to reach it, and until when (monotonic seconds)."""

    seen_from: tuple[str, int]
    reply: Reply
    until: float
    pings: asyncio.Task[None] | None = None


class Sip:
    """As much of a SIP registrar as the far-end NAT traversal needs: REGISTER, and calls passed to the client."""

    DUMMY = b"\r\n\r\n"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.registered: dict[str, Registration] = {}
        self._callers: dict[str, Reply] = {}

    def heard(self, data: bytes, there: tuple[str, int], reply: Reply) -> None:
        """One datagram: a request or a response."""
        head = data.decode("utf-8", "replace").partition("\r\n\r\n")[0].split("\r\n")
        headers = [
            (name.strip().lower(), value.strip()) for name, _colon, value in (line.partition(":") for line in head[1:])
        ]
        first, known = head[0].split(" "), dict(reversed(headers))
        if first[0] == "SIP/2.0":  # an answer to a call that was passed on
            caller = self._callers.get(known.get("call-id", ""))
            if caller:
                caller(data)
        elif len(first) == 3 and first[2] == "SIP/2.0" and "via" in known:
            if first[0] == "REGISTER":
                self._register(known, there, reply)
            elif first[0] == "INVITE":
                self._call(first[1], known, data, reply)
            else:
                reply(self._response("501 Not Implemented", known, there))

    def behind_nat(self, stated: str, seen: str) -> bool:
        """Whether a client stands behind a NAT device: its own address is in the list of NATed addresses, it is seen
        from another one, and that one is not in the list (CG-06)."""
        try:
            own = ipaddress.ip_address(stated.strip("[]"))
        except ValueError:
            return False  # a name says nothing of where the client is
        source = ipaddress.ip_address(seen)
        holds = self.server.store.holds
        return own != source and holds("NATedIPs", own) and not holds("NATedIPs", source)

    def _register(self, headers: dict[str, str], there: tuple[str, int], reply: Reply) -> None:
        name = self._user(headers.get("to", ""))
        found = re.match(r"SIP/2\.0/UDP\s+(\[[^\]]+\]|[^:;\s]+)", headers["via"])
        nat = self.behind_nat(found[1] if found else "", there[0])
        expires = headers.get("expires", "3600")
        seconds = min(int(expires), 86400) if re.fullmatch(r"[0-9]{1,8}", expires) else 3600
        self._forget(name)
        if seconds:
            self.registered[name] = Registration(there, reply, time.monotonic() + seconds)
            if nat:
                self.registered[name].pings = asyncio.get_running_loop().create_task(self._ping(name))
        state = "is behind a NAT" if nat else "is not behind a NAT"
        self.server.journal.write(4, self.server.journal.number("SIP"), f"{name} at {there[0]}:{there[1]} {state}")
        reply(
            self._response("200 OK", headers, there, f"Expires: {seconds}", f"X-Behind-NAT: {'YES' if nat else 'NO'}")
        )

    async def _ping(self, name: str) -> None:
        """Keep the client's opening alive with dummy packets (CG-07)."""
        registration = self.registered[name]
        while time.monotonic() < registration.until:
            await asyncio.sleep(self.server.store.number("Network", "NATPing", 15))
            registration.reply(self.DUMMY)
        self.registered.pop(name, None)

    def _call(self, uri: str, headers: dict[str, str], data: bytes, reply: Reply) -> None:
        registration = self.registered.get(self._user(uri))
        if registration is None or registration.until < time.monotonic():
            reply(self._response("404 Not Found", headers, ("", 0)))
            return
        if len(self._callers) > 1000:
            self._callers.pop(next(iter(self._callers)))
        self._callers[headers.get("call-id", "")] = reply
        registration.reply(data)

    def _forget(self, name: str) -> None:
        old = self.registered.pop(name, None)
        if old and old.pings:
            old.pings.cancel()

    def stop(self) -> None:
        """Send no more dummy packets."""
        for name in list(self.registered):
            self._forget(name)

    @staticmethod
    def _user(uri: str) -> str:
        found = re.search(r"sips?:([^@>;\s]+)", uri)
        return found[1] if found else ""

    @staticmethod
    def _response(status: str, headers: dict[str, str], there: tuple[str, int], *more: str) -> bytes:
        via = headers["via"] + (f";received={there[0]};rport={there[1]}" if there[0] else "")
        copied = [f"{name.title()}: {headers[name]}" for name in ("from", "to", "call-id", "cseq") if name in headers]
        return "\r\n".join([f"SIP/2.0 {status}", f"Via: {via}", *copied, *more, "Content-Length: 0", "", ""]).encode()


# --- The resolver (CG-12 to CG-18) -----------------------------------------------------------------------------------


class UnknownHostError(Exception):
    """The name has no address, or the name servers say nothing."""


class Resolver:
    """Asks DNS servers for addresses, as the guide describes it; its log records carry the tag DNR (CG-12)."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self.store, self.journal = store, journal

    def servers(self) -> list[tuple[str, int]]:
        """Address and port of the DNS servers, in their order."""
        port = int(self.store.number("DNRSettings", "Port", 0))
        texts = self.store.text("DNRSettings", "Servers").replace(",", " ").split()
        if self.store.text("DNRSettings", "Source") != "Custom":
            try:
                text = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
            except OSError:
                text = ""
            texts = re.findall(r"(?m)^nameserver\s+([0-9A-Fa-f.:]+)", text)
        texts = texts or ["127.0.0.1"]  # Custom without an address means a server on this very machine (CG-13)
        found: list[tuple[str, int]] = []
        for each in texts:
            match = re.fullmatch(r"\[([^\]]+)\]:(\d{1,5})", each)
            found.append((match[1], int(match[2])) if match else (each.strip("[]"), port))
        return found

    async def addresses(self, name: str, rbl: bool = False) -> list[str]:
        """The IPv4 addresses of a name. Raises UnknownHostError.

        A request that gets no answer is sent again after T, and then waits 2T and 3T (CG-14), each time to the next
        server (CG-15); an RBL request is sent twice at most, both with T (CG-16).
        """
        source = f"{self.journal.number('DNR')}({name})"
        servers = self.servers()
        patience = self.store.number("DNRSettings", "InitialTimeout", 2)
        limit = int(self.store.number("DNRSettings", "RetryLimit", 3))
        for turn in range(min(limit, 2) if rbl else limit):
            place = servers[turn % len(servers)]
            wait = patience if rbl else patience * (turn + 1)
            self.journal.write(4, source, f"request sent to [{place[0]}]:{place[1]}, time-out {wait:g} s")
            try:
                found = await asyncio.wait_for(self._asked(name, place, source), wait)
            except (TimeoutError, OSError) as error:
                self.journal.write(3, source, f"no answer from [{place[0]}]:{place[1]}: {error or 'time-out'}")
                continue
            return self._checked(found, source)
        self.journal.write(2, source, "no response from any domain name server")
        raise UnknownHostError("no response from the domain name server")

    def _checked(self, found: list[str], source: str) -> list[str]:
        if not found:
            self.journal.write(4, source, "unknown host/domain name")
            raise UnknownHostError("unknown host/domain name")
        # Only the first address is looked at; such an answer means that the name does not exist (CG-18).
        dummies, version = self.store.text("DNRSettings", "DummyIPs"), self.store.settings["Version"]
        if dummies and listed(dummies, ipaddress.ip_address(found[0]), version):
            self.journal.write(4, source, f"{found[0]} is a dummy address: unknown host/domain name")
            raise UnknownHostError("unknown host/domain name")
        self.journal.write(4, source, f"resolved to {', '.join(found)}")
        return found

    async def _asked(self, name: str, place: tuple[str, int], source: str) -> list[str]:
        number = secrets.randbelow(65536)
        labels = [part.encode("idna") for part in name.strip(".").split(".")]
        question = b"".join(bytes([len(part)]) + part for part in labels) + b"\0" + struct.pack("!HH", 1, 1)
        query = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + question
        answer = await self._by_udp(query, place)
        if answer[2] & 2:  # truncated: the whole of it comes by TCP (CG-17)
            self.journal.write(4, source, f"truncated answer, asking [{place[0]}]:{place[1]} by TCP")
            answer = await self._by_tcp(query, place)
        return dns_addresses(answer)

    @staticmethod
    async def _by_udp(query: bytes, place: tuple[str, int]) -> bytes:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6 if ":" in place[0] else socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.setblocking(False)
            asked.connect(place)
            await loop.sock_sendall(asked, query)
            while True:
                answer = await loop.sock_recv(asked, 65535)
                if len(answer) >= 12 and answer[:2] == query[:2] and answer[2] & 0x80:
                    return answer

    @staticmethod
    async def _by_tcp(query: bytes, place: tuple[str, int]) -> bytes:
        reader, writer = await asyncio.open_connection(*place)
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            raise OSError("the connection ended") from None
        finally:
            writer.close()


def dns_addresses(answer: bytes) -> list[str]:
    """The IPv4 addresses in a DNS answer (RFC 1035); none if it holds none, or can't be read."""

    def skipped(at: int) -> int:
        while answer[at]:
            if answer[at] >= 0xC0:
                return at + 2
            at += answer[at] + 1
        return at + 1

    found: list[str] = []
    try:
        _number, _flags, questions, count, _authority, _more = struct.unpack_from("!HHHHHH", answer)
        at = 12
        for _question in range(questions):
            at = skipped(at) + 4
        for _record in range(count):
            at = skipped(at)
            kind, _class, _life, size = struct.unpack_from("!HHIH", answer, at)
            at += 10
            if kind == 1 and size == 4:
                found.append(socket.inet_ntoa(answer[at : at + 4]))
            at += size
    except (IndexError, struct.error, OSError):
        return []
    return found


# --- The server ------------------------------------------------------------------------------------------------------


class Server:
    """All of it: settings, log, listeners, and what the commands do."""

    def __init__(self, store: Store, journal: Journal, ipv6: bool, faults: Faults) -> None:
        self.store, self.journal, self.ipv6, self.faults = store, journal, ipv6, faults
        self.sip, self.resolver = Sip(self), Resolver(store, journal)
        self.ended, self._opening = asyncio.Event(), asyncio.Lock()
        self._listening: dict[Place, Any] = {}
        self._talks: set[asyncio.Task[None]] = set()
        self._transfers: dict[int, tuple[str, asyncio.Future[asyncio.StreamWriter]]] = {}

    @property
    def name(self) -> str:
        """The server's main domain name."""
        return str(self.store.settings["ServerName"])

    @property
    def version(self) -> str:
        """The version that it says it is."""
        return str(self.store.settings["Version"])

    async def listen(self) -> list[str]:
        """Listen where the settings say, and nowhere else; what can't be opened is logged and returned."""
        async with self._opening:
            return await self._listen()

    async def _listen(self) -> list[str]:
        # Two may share ports (passive FTP uses the media ports, CG-11): the first that names one has it.
        named: dict[tuple[str, str, int], Place] = {}
        for place in places(self.store.settings):
            named.setdefault((place.transport, place.address, place.port), place)
        wanted, failed = set(named.values()), []
        for place in [place for place in self._listening if place not in wanted]:
            self._listening.pop(place).close()
            self.journal.write(3, "LISTENER", f"{place} closed")
        for place in sorted(wanted - set(self._listening), key=str):
            try:
                self._listening[place] = await self._opened(place)
                self.journal.write(3, "LISTENER", f"{place} opened")
            except (OSError, ValueError) as error:
                failed.append(f"{place}: {error}")
                self.journal.write(1, "LISTENER", f"{place} failed: {error}")
        return failed

    async def _opened(self, place: Place) -> Any:
        bound = opened(place, self.ipv6)
        if place.transport == "udp":
            return Datagrams(bound, lambda data, there, reply: self._heard(place, data, there, reply))
        context = None
        certificate = str(self.store.settings.get("CertificateFile", ""))
        if place.tls and certificate:  # without one such a listener has to do with answering probes
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._talk(place, reader, writer)

        return await asyncio.start_server(connected, sock=bound, ssl=context, limit=LONGEST_LINE)

    def _heard(self, place: Place, data: bytes, there: tuple[str, int], reply: Reply) -> None:
        if self.store.holds("DeniedIPs", ipaddress.ip_address(there[0])):
            return
        answer = probe_answer(data, f"{self.name}/{place.module}", there)
        if answer is not None:
            reply(answer)
        elif "SIP" in place.module.upper():
            self.sip.heard(data, there, reply)

    def expect_transfer(self, peer: str) -> int:
        """A media TCP port that waits for a peer's data connection from now on, or 0 if none is free."""
        for place in self._listening:
            if place.module == "MEDIA" and place.transport == "tcp" and place.port not in self._transfers:
                self._transfers[place.port] = (peer, asyncio.get_running_loop().create_future())
                return place.port
        return 0

    async def transfer(self, port: int) -> asyncio.StreamWriter:
        """The data connection that a port waits for. Raises TimeoutError."""
        try:
            return await asyncio.wait_for(self._transfers[port][1], 10)
        finally:
            del self._transfers[port]

    def _taken_for_transfer(self, place: Place, peer: str, writer: asyncio.StreamWriter) -> bool:
        expected, arrived = self._transfers.get(place.port, ("", None))
        if place.module != "MEDIA" or arrived is None or expected != peer or arrived.done():
            return False
        arrived.set_result(writer)
        return True

    async def _talk(self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._talks.add(task)
            task.add_done_callback(self._talks.discard)
        peer = writer.get_extra_info("peername")
        kept = False
        try:
            if peer is None or self.store.holds("DeniedIPs", ipaddress.ip_address(unmapped(peer[0]))):
                return
            kept = self._taken_for_transfer(place, unmapped(peer[0]), writer)
            if kept:
                return
            talks: dict[str, Callable[..., PwdTalk | FtpTalk]] = {"PWD": PwdTalk, "FTP": FtpTalk}
            talk = talks.get(place.module.upper())
            if talk:
                await talk(self, reader, writer).run()
                return
            while True:
                line = await asyncio.wait_for(reader.readline(), IDLE)
                answer = probe_answer(line, f"{self.name}/{place.module}", (unmapped(peer[0]), peer[1]))
                if answer is None:
                    return
                writer.write(answer)
        except (OSError, ValueError, TimeoutError, asyncio.CancelledError):
            pass  # a peer that left, a line that never ends, the server's own end
        finally:
            if not kept:
                writer.close()

    async def stop(self) -> None:
        """Close everything."""
        self.sip.stop()
        for listener in self._listening.values():
            listener.close()
        self._listening.clear()
        for task in list(self._talks):
            task.cancel()
        if self._talks:
            await asyncio.wait(list(self._talks), timeout=2)

    # What the commands do. Each answers with a tuple that holds its data, or with nothing.

    def commanded(self, verb: str, rest: str) -> tuple[Any] | None:
        """Do what a command of the command line interface asks. Raises CommandError."""
        try:
            parameters = values(rest)
        except ValueError as error:
            raise CommandError(501, f"incorrect command format: {error}") from None
        lists = {name.upper(): name for name in NETWORK_LISTS}
        kind, subject = verb[:3], verb[3:]
        if kind in ("GET", "SET") and subject in lists:
            return self._list(kind, lists[subject], parameters)
        if kind in ("GET", "SET") and subject in DICTIONARIES:
            return self._dictionary(kind, DICTIONARIES[subject], parameters)
        commands: dict[str, Callable[[], Any]] = {
            "GETMODULE": lambda: self._module("GET", parameters),
            "SETMODULE": lambda: self._module("SET", parameters),
            "UPDATEMODULE": lambda: self._module("UPDATE", parameters),
            "GETVERSION": lambda: (self.version,),
            "GETIPSTATE": lambda: (self._ip_state(parameters),),
            "REFRESHOSDATA": lambda: None,
            "EMULATORRESOLVE": lambda: self._resolve(parameters),  # not the product's: a test makes the resolver work
            "SHUTDOWN": self.ended.set,
        }
        if verb not in commands:
            raise CommandError(500, "Unknown command")
        found: tuple[Any] | None = commands[verb]()
        return found

    def _one(self, parameters: list[Any], kind: type) -> Any:
        if len(parameters) != 1 or not isinstance(parameters[0], kind):
            raise CommandError(501, "incorrect command parameters")
        return parameters[0]

    def _list(self, verb: str, name: str, parameters: list[Any]) -> tuple[Any] | None:
        if verb == "GET":
            return (self.store.settings[name],)
        text = self._one(parameters, str)
        try:
            list(entries(text, self.version))
        except ValueError as error:
            raise CommandError(501, f"incorrect network address list: {error}") from None
        self.store.settings[name] = text
        self.store.save()
        return None

    def _dictionary(self, verb: str, name: str, parameters: list[Any]) -> tuple[Any] | None:
        if verb == "GET":
            return (self.store.settings[name],)
        self.store.settings[name] = self._one(parameters, dict)
        self.store.save()
        return None

    def _module(self, verb: str, parameters: list[Any]) -> tuple[Any] | None:
        modules = self.store.settings["Modules"]
        name = next((each for each in modules if parameters and each.upper() == str(parameters[0]).upper()), None)
        if name is None:
            raise CommandError(501, "unknown module name")
        if verb == "GET":
            return (modules[name],)
        new = self._one(parameters[1:], dict)
        modules[name] = {**(modules[name] if verb == "UPDATE" else {}), **new}
        self.store.save()
        return None

    def _ip_state(self, parameters: list[Any]) -> str:
        text = (
            parameters[0].text[2:] if parameters and isinstance(parameters[0], Marked) else self._one(parameters, str)
        )
        try:
            address = ipaddress.ip_address(str(text).strip("[]"))
        except ValueError:
            raise CommandError(501, "incorrect IP address") from None
        return ",".join(name for name in NETWORK_LISTS if self.store.holds(name, address)) or "none"

    def _resolve(self, parameters: list[Any]) -> None:
        if not parameters or not isinstance(parameters[0], str):
            raise CommandError(501, "incorrect command parameters")

        async def resolve() -> None:
            with contextlib.suppress(UnknownHostError):  # the resolver's own log record tells
                await self.resolver.addresses(parameters[0], rbl="RBL" in parameters[1:])

        task = asyncio.get_running_loop().create_task(resolve())
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)


# --- Starting and stopping -------------------------------------------------------------------------------------------


def arguments(argv: list[str]) -> argparse.Namespace:
    """The command line, with the product's options and this emulator's own. Option names ignore case, as there."""
    known = {
        "--base": "--CGateBase",
        "--cgatebase": "--CGateBase",
        "--ipv6": "--IPv6",
        "--daemon": "--Daemon",
        "--logtoconsole": "--LogToConsole",
        "--emulatorslice": "--EmulatorSlice",
        "--emulatorfaults": "--EmulatorFaults",
    }
    parser = argparse.ArgumentParser(
        prog="CGServer", description=(__doc__ or "").partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--CGateBase", default=BASE, metavar="DIR", help="base folder (also --Base)")
    parser.add_argument(
        "--IPv6", default="AUTO", type=str.upper, choices=("YES", "NO", "AUTO"), help="IPv6 networking; AUTO finds out"
    )
    parser.add_argument("--Daemon", action="store_true", help="go on in the background once everything listens")
    parser.add_argument("--LogToConsole", action="store_true", help="write the log's records to the console too")
    parser.add_argument(
        "--EmulatorSlice", metavar="FILE", help="listen for what this host's slice of a plan offers, too"
    )
    parser.add_argument("--EmulatorFaults", metavar="FILE", help="go wrong on purpose, as the file says")
    return parser.parse_args([known.get(each.lower(), each) for each in argv])


async def served(options: argparse.Namespace, ready: Callable[[], None]) -> None:
    """Run until SIGTERM, SIGINT or the command SHUTDOWN."""
    base = Path(options.CGateBase)
    store = Store(base)
    if options.EmulatorSlice:
        slice_ = json.loads(Path(options.EmulatorSlice).read_text(encoding="utf-8"))
        store.settings["Modules"] = {**listeners_of_slice(slice_), **store.settings["Modules"]}
    store.password("postmaster")
    journal = Journal(base / "SystemLogs", options.LogToConsole)
    ipv6 = ipv6_on(options.IPv6, socket.has_ipv6, local_addresses())
    journal.write(1, "SYSTEM", f"version {store.settings['Version']} started, IPv6 is {'on' if ipv6 else 'off'}")
    server = Server(store, journal, ipv6, Faults(options.EmulatorFaults))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.ended.set)
    for failed in await server.listen():
        sys.stderr.write(f"CGServer: {failed}\n")
    written(base / "ProcessID", f"{os.getpid()}\n", 0o644)
    ready()
    await server.ended.wait()
    await asyncio.sleep(0.05)  # the answer to SHUTDOWN goes out first
    await server.stop()
    (base / "ProcessID").unlink(missing_ok=True)
    journal.write(1, "SYSTEM", "stopped")


def in_background() -> Callable[[], None]:
    """Go on as a child whose parent ends when the returned function is called, or fails when the child does."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os._exit(0 if os.read(reader, 1) else 1)
    os.close(reader)
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)

    def ready() -> None:
        for number in (0, 1, 2):
            os.dup2(quiet, number)
        os.write(writer, b"1")
        os.close(writer)

    return ready


def main(argv: list[str] | None = None) -> int:
    """Run the server; returns the exit code."""
    options = arguments(sys.argv[1:] if argv is None else argv)
    ready = in_background() if options.Daemon else lambda: None
    try:
        asyncio.run(served(options, ready))
    except (EmulatorError, OSError, ValueError) as error:
        sys.stderr.write(f"CGServer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
