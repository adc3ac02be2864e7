# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what the engine has to say about an inventory, each with a stable code and a cure.

There is one way to collect them: what reads or checks takes the list ``findings`` last and appends to it, and goes on
with whatever is sound.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .vaulted import NOT_SHOWN, VaultedText, without


class Severity(StrEnum):
    """How grave a finding is: an error stops everything, a warning and an advice do not."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


@dataclass(frozen=True)
class Kind:
    """A kind of finding: its stable code, severity, and title for people."""

    code: str
    severity: Severity
    title: str


def _kinds(*rows: tuple[str, str, str]) -> dict[str, Kind]:
    return {code: Kind(code, Severity(severity), title) for code, severity, title in rows}


#: Every code there is. A code once published keeps its meaning; the reference in docs/ is generated from this table.
KINDS = _kinds(
    # 1xx: sites, hosts, addresses
    ("FXN101", "error", "Value of the wrong type or shape"),
    ("FXN102", "error", "Unknown key"),
    ("FXN103", "error", "Missing value"),
    ("FXN104", "error", "Name with characters that no configuration can hold safely"),
    ("FXN105", "error", "Not an IP address or network"),
    ("FXN106", "error", "Host in no site"),
    ("FXN107", "error", "Unknown site"),
    ("FXN108", "error", "Address outside its site's networks"),
    ("FXN109", "error", "Overlapping sites"),
    ("FXN110", "error", "Unknown gateway"),
    ("FXN111", "error", "Host without an address"),
    ("FXN112", "error", "One address on two hosts"),
    ("FXN113", "error", "Public address of two sites"),
    ("FXN114", "error", "Hosts disagree about a value that belongs to the whole network"),
    ("FXN115", "error", "Template that cannot be evaluated"),
    ("FXN116", "error", "Management access would be shut"),
    ("FXN117", "error", "Unknown client system"),
    ("FXN118", "error", "Public address inside a site's own networks"),
    ("FXN119", "error", "One router between two realms"),
    ("FXN120", "warning", "Jump host that the plan cannot tell"),
    ("FXN121", "warning", "Way of a login that the plan cannot read"),
    ("FXN122", "error", "Controller that the plan cannot tell"),
    ("FXN123", "advice", "Management from anywhere"),
    ("FXN124", "advice", "Way of a login that is known only while Ansible connects"),
    ("FXN125", "error", "Protocol that is not known or does not fit"),
    ("FXN126", "error", "Ports of a protocol that has none"),
    ("FXN127", "error", "Name in a permit that stands for no address"),
    ("FXN128", "error", "Forward permit that cannot be"),
    ("FXN129", "advice", "Permit for somebody beyond a router that translates"),
    ("FXN130", "advice", "Permit that a router without connection tracking does not carry"),
    ("FXN131", "advice", "Permit without sources on a host behind routers"),
    ("FXN135", "advice", "Host that refuses nothing"),
    ("FXN140", "error", "Accepted loss that names what its kind does not have"),
    ("FXN150", "error", "Segment size or interface that cannot be"),
    ("FXN151", "error", "Outside address that fits no public address"),
    ("FXN152", "error", "Networks of a public address that does not change"),
    ("FXN153", "error", "Changing public address of which nobody says where it lies"),
    ("FXN154", "error", "Changing public address where a fixed one is needed"),
    ("FXN155", "error", "Routers side by side that were written as a row"),
    ("FXN156", "error", "Site nested in others in a way that cannot be"),
    ("FXN157", "error", "Mapped network that cannot be"),
    ("FXN160", "error", "Several machines where one is needed"),
    ("FXN161", "error", "DNS name that leads to no address"),
    ("FXN162", "warning", "DNS name that nobody could be asked for"),
    # 2xx: services, offers, uses
    ("FXN201", "error", "Unknown service"),
    ("FXN202", "error", "Unknown server host"),
    ("FXN203", "error", "Server does not offer the service"),
    ("FXN204", "error", "Not a port"),
    ("FXN205", "error", "Well-known port"),
    ("FXN206", "error", "Unknown environment"),
    ("FXN207", "error", "More instances than the environment runs"),
    ("FXN208", "error", "Service offered or used twice on one host"),
    ("FXN209", "error", "Invalid service profile"),
    ("FXN210", "error", "Two services on one address and port"),
    ("FXN211", "error", "Protocol that no rule can carry"),
    ("FXN212", "advice", "Service that nobody uses"),
    ("FXN213", "error", "Server uses itself"),
    ("FXN214", "error", "Exchange that the server does not run"),
    ("FXN215", "error", "Public offer of a service that has nothing for the public"),
    ("FXN216", "warning", "Server whose IPv6 sockets do not take IPv4"),
    ("FXN217", "error", "Offer to everybody that names them by a network"),
    ("FXN218", "warning", "Pool of ports that holds another service's port"),
    ("FXN219", "error", "Exchange with addresses that the host does not have"),
    ("FXN220", "error", "Port that its host has reserved for others"),
    ("FXN221", "warning", "Pool of ports that holds ports its host has reserved for others"),
    # 3xx: call-back ports
    ("FXN301", "error", "Call-back range reversed"),
    ("FXN302", "error", "Call-back range out of bounds"),
    ("FXN303", "error", "Call-back range smaller than its instances need"),
    ("FXN304", "error", "Fixed call-back port where several sessions share one address"),
    ("FXN305", "error", "Two clients with one call-back port on one address"),
    ("FXN306", "error", "No free call-back range left"),
    ("FXN307", "error", "Server port inside a call-back range on one address"),
    ("FXN308", "error", "Call-back range holds a well-known port"),
    ("FXN309", "error", "Call-back ports outside the range that the server's network opens"),
    ("FXN310", "error", "Unlimited dynamic call-back ports"),
    ("FXN311", "warning", "Call-back range shares ports with the client system's own dynamic ports"),
    ("FXN312", "warning", "Call-back range moved"),
    ("FXN313", "error", "Call-back settings for a service without call-backs"),
    ("FXN314", "error", "Unreadable lock file"),
    ("FXN315", "error", "Call-back range holds ports that are reserved for others"),
    # 4xx: paths
    ("FXN401", "error", "Server that cannot be reached"),
    ("FXN402", "error", "Client that cannot be called back"),
    ("FXN403", "error", "No common IP version"),
    ("FXN404", "error", "Two forwards of one public port"),
    ("FXN405", "warning", "Packets that pass only while the client's mapping lives"),
    ("FXN406", "advice", "Server that a broadcast does not find"),
    ("FXN407", "error", "Packets to any port that no NAT can forward"),
    ("FXN408", "error", "Named address that the server cannot reach"),
    ("FXN409", "error", "Forward of a port that its router has reserved for others"),
    ("FXN410", "advice", "Service open to any address, for clients of whose address nobody says anything"),
    ("FXN411", "error", "Public address that the client cannot dial"),
    ("FXN412", "warning", "Protocol that needs a helper where networks are mapped"),
    # 5xx: platforms
    ("FXN501", "error", "Unknown platform"),
    ("FXN502", "error", "Platform cannot hold the policy"),
    ("FXN503", "warning", "Device set by hand that may lack what it needs"),
    ("FXN504", "advice", "Rules for a device that nobody here sets"),
    # 6xx: verification
    ("FXN601", "warning", "Results of a verification that cannot be read"),
    ("FXN602", "warning", "Record of test pages that cannot be read"),
    # 7xx: approval
    ("FXN701", "error", "Approval with a date or digest that cannot be"),
    ("FXN702", "warning", "Signature for another plan"),
    ("FXN703", "warning", "Signature that names no plan"),
    ("FXN704", "warning", "Approved plan that cannot be read"),
)

#: So many hosts of one finding are named in a terminal.
SHOWN_HOSTS = 5


@dataclass(frozen=True)
class Finding:
    """One thing to say: what is wrong where, and what cures it.

    Attributes:
        code: key of :data:`KINDS`.
        hosts: inventory names of all hosts concerned; the first is the one whose variable it is. Empty for the whole
            network.
        variable: the variable, with the path into it (``faxnet_uses[0].callback.low``).
        value: the value found there, as short text.
        message: one sentence: what is wrong.
        cure: one sentence: what to do.
    """

    code: str
    hosts: tuple[str, ...]
    variable: str
    value: str
    message: str
    cure: str

    @property
    def host(self) -> str:
        """The host whose variable it is; empty for the whole network."""
        return self.hosts[0] if self.hosts else ""

    @property
    def kind(self) -> Kind:
        """The kind that the code names."""
        return KINDS[self.code]

    @property
    def severity(self) -> Severity:
        """The kind's severity."""
        return self.kind.severity

    def as_dict(self) -> dict[str, Any]:
        """The finding as plain data, with severity and title."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "title": self.kind.title,
            "hosts": list(self.hosts),
            "variable": self.variable,
            "value": self.value,
            "message": self.message,
            "cure": self.cure,
        }

    def hosts_text(self) -> str:
        """The hosts for a terminal: a few by name, the rest by number."""
        if not self.hosts:
            return "all hosts"
        shown = ", ".join(map(short, self.hosts[:SHOWN_HOSTS]))
        rest = len(self.hosts) - SHOWN_HOSTS
        return f"{shown} and {rest} more" if rest > 0 else shown

    def text(self, places: Iterable[str] = ()) -> str:
        """The finding as one paragraph for a terminal; *places* is where the variable stands."""
        where = "".join(f"  place     {place}\n" for place in places)
        return (
            f"{self.code} {self.kind.title}\n"
            f"  host      {self.hosts_text()}\n"
            f"  variable  {short(self.variable)}\n"
            f"  value     {self.value}\n"
            f"{where}"
            f"  problem   {self.message}\n"
            f"  cure      {self.cure}"
        )


def short(value: object, limit: int = 120) -> str:
    """Return *value* as one printable line of at most *limit* characters, for a finding's ``value``.

    What came from a vault is not shown, nor is it inside of a list or mapping.
    """
    if isinstance(value, VaultedText):
        return NOT_SHOWN
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # Python refuses to write out an int of more than some thousand digits
        text = "a number of thousands of digits"
    except RecursionError:
        text = "lists or mappings in each other, hundreds deep"
    if not text.isprintable():
        text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shown(value: object) -> str:
    """Return *value* like :func:`short`, a text in quotes, for the middle of a sentence."""
    return f"'{short(value)}'" if isinstance(value, str) and not isinstance(value, VaultedText) else short(value)


def without_secrets(finding: Finding, secrets: Collection[VaultedText]) -> Finding:
    """Return *finding* with no word of *secrets*: some messages name a part of a value, or a value of another host."""
    if not secrets:
        return finding
    return replace(
        finding,
        variable=without(finding.variable, secrets),
        value=without(finding.value, secrets),
        message=without(finding.message, secrets),
        cure=without(finding.cure, secrets),
    )


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that stop a run."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def sort_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings in order of code, host and variable.

    A mistake in a group's variables is every member's: what differs in nothing but the host becomes one finding that
    names all of them.
    """
    alike: dict[Finding, list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        alike.setdefault(replace(finding, hosts=()), []).append(finding)
    merged = []
    for group in alike.values():
        names = dict.fromkeys(name for item in sorted(group, key=lambda item: item.host) for name in item.hosts)
        merged.append(replace(group[0], hosts=tuple(names)))
    return tuple(sorted(merged, key=lambda item: (item.code, item.host, item.variable, item.value, item.message)))
