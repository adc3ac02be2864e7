# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a configuration to what has to run on a host. The shape is that of a host's slice of the plan; keys that are not
known here are ignored, so the slice itself will do.

What an exchange becomes depends on its C(kind) and on who starts it, never on a product's name or port:

    login        a server that clients log in to, and the clients; with TLS where the service has a log_channel too
    log_channel  the UDP side of the service's login
    request      over UDP: a server that answers, and clients that ask; over TCP like any other kind
    alert        datagrams that the service's request server sends to its clients unasked
    callback     connections from a login server to its clients
    any other    listens where the exchange arrives, and answers probes
"""

from __future__ import annotations

import collections
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .control import CONTROL_SOCKET
from .entry import Entry, port_span
from .errors import EmulatorError
from .settings import (
    ENVIRONMENTS,
    LAST_PORT,
    CallBack,
    ClientSettings,
    Config,
    RequestClientSettings,
    RequestServerSettings,
    ResponderSettings,
    ServerSettings,
    Settings,
    Timing,
)

FORMAT = 1

MOST_RESPONDER_PORTS = 1024  # sockets one exchange may ask for: a media range of a gateway is not all opened
# Words for ports that the receiving side chooses; the plan also writes the first as the numbers it means.
UNKNOWN_PORTS = ("any", f"1-{LAST_PORT}", "callback")
# Exchanges between the server and others than its clients have no far end that could be emulated.
WITH_CLIENTS = ("clients", "everyone", "named")


def load_config(path: str) -> Config:
    """Read and check a configuration file. Every fault is an L(EmulatorError) that names the file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise EmulatorError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise EmulatorError(f"{path}: not JSON: {error}") from None
    try:
        return read_config(data)
    except EmulatorError as error:
        raise EmulatorError(f"{path}: {error}") from None


def read_config(data: Any) -> Config:
    """The checked form of a configuration. Raises L(EmulatorError) that names the place, the value and the cure."""
    root = Entry("", data)
    if root.value.get("format") != FORMAT:
        raise EmulatorError(f"format: {root.value.get('format')!r} is not known here; this emulator reads {FORMAT}")
    by_service: dict[str, list[Entry]] = collections.defaultdict(list)
    for exchange in root.entries("exchanges"):
        by_service[exchange.text("service")].append(exchange)
    endpoints: dict[str, Settings] = {}
    for key, wanted in (("offers", _offered), ("uses", _used)):
        for user in root.entries(key):
            if not user.value.get("enabled", True):
                continue
            for settings in wanted(Service(root, user, by_service[user.text("service")])):
                there = endpoints.setdefault(settings.name, settings)
                # A host that uses two servers of one service listens once for what both of them send.
                if there is not settings and not (there == settings and isinstance(settings, ResponderSettings)):
                    raise EmulatorError(f"{user.where}: {settings.name} is there twice; join the two entries")
    control_socket = root.text("control_socket", default=CONTROL_SOCKET)
    listening = _listening_once(endpoints)
    return Config(host=root.text("host"), control_socket=control_socket, timing=read_timing(root), endpoints=listening)


def _listening_once(endpoints: dict[str, Settings]) -> dict[str, Settings]:
    """Exchanges of a host may mean the same ports, as media and FTP's data do: the first responder has each of them.

    One that is left without any is left out: whoever meets its ports meets the first.
    """
    taken: set[tuple[str, int]] = set()
    found: dict[str, Settings] = {}
    for name, settings in endpoints.items():
        if not isinstance(settings, ResponderSettings):
            found[name] = settings
            continue
        ports = tuple(port for port in settings.ports if (settings.transport, port) not in taken)
        taken.update((settings.transport, port) for port in ports)
        if ports:
            found[name] = dataclasses.replace(settings, ports=ports)
    return found


def read_timing(root: Entry) -> Timing:
    """The C(timing) mapping of the configuration, with the defaults of L(Timing) for what it leaves out."""
    given = Entry("timing", root.value.get("timing") or {})
    known = {field.name: field for field in dataclasses.fields(Timing)}
    for key, value in given.value.items():
        if key not in known:
            raise EmulatorError(f"timing.{key}: unknown; write one of {', '.join(known)}")
        if key == "seed":
            given.whole(key, 0, 2**63)
        elif isinstance(known[key].default, int):
            given.whole(key, 1, 100000)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            raise EmulatorError(f"timing.{key}: {value!r} is not a number")
        elif key == "loss" and not 0 <= value <= 1:
            raise EmulatorError(f"timing.loss: {value!r} is not a share from 0 to 1")
        elif key != "loss" and not 0 < value < float("inf"):
            raise EmulatorError(f"timing.{key}: {value!r} is not a number above 0")
    return Timing(**given.value)


def own_addresses(root: Entry) -> tuple[str, ...]:
    """The host's addresses: those inside come first, for packets to leave with; a gateway's outer ones follow.

    A service on the gateway itself is reached from outside at the latter. (KE-08)
    """
    inside = root.texts("addresses")
    policy = root.entry("policy").value if root.value.get("policy") else {}
    outside = Entry("policy", policy).texts("public") if policy.get("public") else ()
    return tuple(dict.fromkeys((*inside, *outside)))


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


class Service:
    """One offer or use, and the exchanges of its service that are switched on for it."""

    def __init__(self, root: Entry, user: Entry, exchanges: Sequence[Entry]) -> None:
        self.root, self.user = root, user
        self.host, self.name = root.text("host"), user.text("service")
        self.addresses = own_addresses(root)
        self.described = exchanges
        names = {exchange.text("name"): exchange for exchange in exchanges}
        self.exchanges = [exchange for exchange in exchanges if self._is_on(exchange, names, ())]

    def _is_on(self, exchange: Entry, names: dict[str, Entry], seen: tuple[str, ...]) -> bool:
        leader = exchange.value.get("part_of")
        if leader in names and leader not in seen:
            return self._is_on(names[leader], names, (*seen, leader))
        name, chosen = exchange.text("name"), self.user.value.get("exchanges")
        if isinstance(chosen, list):
            return name in chosen
        if chosen is not None:
            chosen = self.user.entry("exchanges").value.get(name)
        return exchange.value.get("default") is not False if chosen is None else bool(chosen)

    def of_kind(self, kind: str) -> Entry | None:
        """The first exchange of a kind that is on."""
        return next((exchange for exchange in self.exchanges if exchange.value.get("kind") == kind), None)

    @property
    def encrypted(self) -> bool:
        """Whether its logins are: they hand out the identifier that opens a log channel, be that switched on or not."""
        return any(exchange.value.get("kind") == "log_channel" for exchange in self.described)

    def ports(self, exchange: Entry | None, key: str = "ports") -> range | None:
        """The ports of an exchange: a number, a range, or the name of a setting of the offer or the use that holds one.

        None for no exchange, no such key, and for ports that are not known beforehand.
        """
        if exchange is None:
            return None
        found, where = exchange.value.get(key), exchange.at(key)
        if found is None or found in UNKNOWN_PORTS:
            return None
        settings = self.user.value.get("settings") or {}
        if isinstance(found, str) and found in settings:
            where, found = f"{self.user.where}.settings.{found}", settings[found]
        if isinstance(found, bool) or not isinstance(found, (int, str)):
            raise EmulatorError(f"{where}: {found!r} is no port, no range of ports and no setting of {self.user.where}")
        # Of several ranges the first: a program is tried on some of its ports, not on all.
        low, high = port_span(str(found).partition(",")[0], where)
        return range(low, high + 1)

    def port(self, exchange: Entry) -> int:
        """The one port of an exchange, the first of a range. Raises L(EmulatorError) where there is none."""
        ports = self.ports(exchange)
        if ports is None:
            raise EmulatorError(
                f"{exchange.at('ports')}: {exchange.value.get('ports')!r} is neither a port nor a range of ports like"
                f" 7000-7099, and an exchange of kind {exchange.value.get('kind')} needs one"
            )
        return ports[0]

    def broadcast_port(self) -> int:
        """The port that the configuration names for this service's search for servers; 0 when it names none.

        No product document states it, so it has no default. An offer with a name is a service of its own, whose clients
        look as those of its product do where nothing else is said of it. (FP-07)
        """
        if not self.root.value.get("broadcast"):
            return 0
        named = self.root.entry("broadcast")
        offer = self.user.text("offer") if self.user.value.get("offer") else ""
        product = self.name.removesuffix(f"-{offer}") if offer else self.name
        known = next((name for name in (self.name, product) if name in named.value), None)
        return named.whole(known, 1, LAST_PORT) if known else 0

    def responder(self, exchange: Entry, ports: range | None) -> Iterator[ResponderSettings]:
        """What listens on these ports for an exchange that nothing else stands for; nothing where they are unknown."""
        if ports is None:
            return
        # The ends of a range are what a prober tries first.
        chosen = tuple(ports) if len(ports) <= MOST_RESPONDER_PORTS else (*ports[: MOST_RESPONDER_PORTS - 1], ports[-1])
        yield ResponderSettings(
            name=f"{self.host}/{self.name}/{exchange.text('name')}",
            service=self.name,
            exchange=exchange.text("name"),
            transport=exchange.text("transport", choices=("tcp", "udp")),
            addresses=self.addresses,
            ports=chosen,
        )


def _from_client(exchange: Entry) -> bool:
    return exchange.text("initiator", default="client") == "client"


def _is_request(exchange: Entry) -> bool:
    return exchange.value.get("kind") == "request" and exchange.value.get("transport") == "udp"


def _offered(service: Service) -> Iterator[Settings]:
    """What has to listen on this host for one offer."""
    login, log_channel, alert = (service.of_kind(kind) for kind in ("login", "log_channel", "alert"))
    for exchange in service.exchanges:
        if not _from_client(exchange):
            continue
        place: dict[str, Any] = {
            "name": f"{service.host}/{service.name}/{exchange.text('name')}",
            "service": service.name,
            "exchange": exchange.text("name"),
            "addresses": service.addresses,
        }
        if exchange is login:
            log_port = service.port(log_channel) if log_channel else 0
            yield ServerSettings(port=service.port(exchange), tls=service.encrypted, log_port=log_port, **place)
        elif exchange.value.get("kind") == "login":
            yield ServerSettings(port=service.port(exchange), tls=service.encrypted, **place)
        elif _is_request(exchange):
            port = service.port(exchange)
            yield RequestServerSettings(
                port=port,
                alert_port=(service.ports(alert, "source_ports") or (port,))[0] if alert else 0,
                broadcast_port=service.broadcast_port(),
                **place,
            )
        elif exchange is not log_channel or login is None:
            yield from service.responder(exchange, service.ports(exchange))


def _used(service: Service) -> Iterator[Settings]:
    """What runs on this host for one use: as many clients as it has instances, and what listens for its server."""
    talking = [one for one in service.exchanges if _from_client(one)]
    talking = [one for one in talking if one.value.get("kind") == "login" or _is_request(one)]
    for place, exchange in enumerate(talking):
        make = _request_client if _is_request(exchange) else _login_client
        # A use's clients are known by their numbers; where a service has two conversations, the second says which.
        extra = f"{exchange.text('name')}/" if place else ""
        for number in range(1, service.user.whole("instances", 1, 100000, default=1) + 1):
            yield make(service, exchange, number, extra)
    for exchange in service.exchanges:
        if _from_client(exchange) or exchange.value.get("with", "clients") not in WITH_CLIENTS:
            continue
        if exchange.value.get("kind") != "callback":
            yield from service.responder(exchange, service.ports(exchange))
        elif service.of_kind("login") is None:
            call_back = read_call_back(service.user)
            yield from service.responder(exchange, call_back.ports() if call_back else None)


def _instance(service: Service, exchange: Entry, number: int, extra: str) -> dict[str, Any]:
    use, server = service.user, service.user.text("server")
    return {
        "name": f"{service.host}/{service.name}@{server}/{extra}{number}",
        "service": service.name,
        "server": server,
        "number": number,
        "addresses": service.addresses,
        "dial": use.texts("dial"),
        "primary_port": service.port(exchange),
        "environment": use.text("environment", default="single_user", choices=ENVIRONMENTS),
    }


def _login_client(service: Service, exchange: Entry, number: int, extra: str) -> ClientSettings:
    log_channel = None if extra else service.of_kind("log_channel")
    return ClientSettings(
        call_back=None if extra else read_call_back(service.user),
        tls=service.encrypted,
        log_port=service.port(log_channel) if log_channel else 0,
        **_instance(service, exchange, number, extra),
    )


def _request_client(service: Service, exchange: Entry, number: int, extra: str) -> RequestClientSettings:
    alert = service.of_kind("alert")
    # One socket asks and is alerted, so an alert's port, where it is known beforehand, is the one that asks.
    ports = service.ports(exchange, "source_ports") or service.ports(alert)
    return RequestClientSettings(
        source_ports=(ports[0], ports[-1]) if ports else None,
        alerts=alert is not None,
        broadcast_port=service.broadcast_port(),
        **_instance(service, exchange, number, extra),
    )
