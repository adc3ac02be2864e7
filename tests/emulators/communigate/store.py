# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings: in memory, and in the base folder in the product's data format."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

from .address_lists import listed
from .data_format import Marked, as_text, values
from .errors import EmulatorError

SETTINGS_FILE = "Settings/Main.settings"
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
