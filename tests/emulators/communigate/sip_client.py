# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A SIP client as small as far-end NAT traversal allows: it registers, waits, is called, and may call.

It says in its requests which address it has itself, as real clients do, and so lets a server behind which NAT it
stands find that out. What happens is printed as one JSON object a line; the last one counts it up.

    python3 tests/emulators/communigate/sip_client.py --server 198.51.100.10 --port PORT --name anna --seconds 60

The file needs Python 3.9 and nothing else.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import socket
import sys
import time
from collections import Counter
from typing import Any


def request(method: str, name: str, server: str, own: tuple[str, int], call_id: str, expires: int = 3600) -> bytes:
    """A SIP request (RFC 3261) to a server for an account's name, from the client's own address and port."""
    place = f"[{own[0]}]:{own[1]}" if ":" in own[0] else f"{own[0]}:{own[1]}"
    uri = f"sip:{name}@{server}" if method != "REGISTER" else f"sip:{server}"
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {place};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: <sip:{name}@{server}>;tag={secrets.token_hex(4)}",
        f"To: <sip:{name}@{server}>",
        f"Call-ID: {call_id}",
        f"CSeq: 1 {method}",
        f"Contact: <sip:{name}@{place}>",
        f"Expires: {expires}",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def answered(call: str) -> bytes:
    """The answer with which a called client takes the call."""
    kept = [line for line in call.split("\r\n")[1:] if re.match(r"(?i)(via|from|to|call-id|cseq):", line)]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]).encode()


def event_of(data: bytes, there: tuple[Any, ...]) -> dict[str, Any]:
    """What a datagram is, for the printed lines."""
    if not data.strip():
        return {"event": "dummy", "from": list(there[:2])}
    text = data.decode("utf-8", "replace")
    first = text.partition("\r\n")[0]
    if not first.startswith("SIP/2.0 "):
        return {"event": "called", "from": list(there[:2]), "line": first}
    method = re.search(r"(?im)^cseq:\s*\d+\s+(\w+)", text)
    nat = re.search(r"(?im)^x-behind-nat:\s*(\w+)", text)
    seen = re.search(r";received=([0-9A-Fa-f.:]+);rport=(\d+)", text)
    return {
        "event": "registered" if method and method[1].upper() == "REGISTER" else "answered",
        "status": first[8:],
        "behind_nat": nat[1].upper() == "YES" if nat else None,
        "seen_from": [seen[1], int(seen[2])] if seen else None,
    }


def main(argv: list[str] | None = None) -> int:
    """Run the client; 0 if the server let it register (or took its call)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--server", required=True, help="the server's address, as this client dials it")
    parser.add_argument("--port", required=True, type=int, help="the server's SIP port (UDP)")
    parser.add_argument("--name", required=True, help="the account to register")
    parser.add_argument("--own", help="the address to state as its own; usual is the one that it has")
    parser.add_argument("--call", metavar="NAME", help="do not register, call this account")
    parser.add_argument("--until", metavar="EVENT", help="end as soon as this event has come")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to stay")
    options = parser.parse_args(argv)
    counts: Counter[str] = Counter()
    family = socket.AF_INET6 if ":" in options.server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as ours:
        ours.connect((options.server, options.port))
        own = ours.getsockname()
        own = (options.own or own[0], own[1])
        method, name = ("INVITE", options.call) if options.call else ("REGISTER", options.name)
        ours.send(request(method, name, options.server, own, secrets.token_hex(8)))
        end = time.monotonic() + options.seconds
        while time.monotonic() < end and not (options.until and counts[options.until]):
            ours.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data = ours.recv(65535)
            except OSError:  # nothing more came, or an ICMP error said that nobody is there
                continue
            event = event_of(data, ours.getpeername())
            counts[event["event"]] += 1
            sys.stdout.write(
                json.dumps({"seconds": round(options.seconds - (end - time.monotonic()), 3), **event}) + "\n"
            )
            sys.stdout.flush()
            if event["event"] == "called":
                ours.send(answered(data.decode("utf-8", "replace")))
    sys.stdout.write(json.dumps({"event": "end", "counts": dict(counts)}) + "\n")
    return 0 if counts["answered" if options.call else "registered"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
