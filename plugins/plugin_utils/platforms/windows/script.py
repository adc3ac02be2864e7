# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that make a host with Windows as it is wanted, and those that undo them.

Straight lines of PowerShell, a command each: no variables and no control flow, so that whoever reads one sees all that
it does. The parameters are those of New-NetFirewallRule (Microsoft, module NetSecurity). Every value goes through
:func:`literal` and nothing else puts a quote into a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...basics.findings import shown
from .comparison import Comparison, Removed
from .rule import ICMP, ICMPV6, IN, RPC_MAPPER, TCP, UDP, Rule
from .rule_text import address_text

#: What PowerShell takes for a single quote (about_Quoting_Rules; CharTraits.cs, IsSingleQuote).
_QUOTES = "'\u2018\u2019\u201a\u201b"
_DOUBLED = str.maketrans({quote: quote * 2 for quote in _QUOTES})

_ACTIONS = {"allow": "Allow", "block": "Block"}
_PROTOCOLS = {None: "Any", TCP: "TCP", UDP: "UDP", ICMP: "ICMPv4", ICMPV6: "ICMPv6"}
#: PowerShell has another spelling of the word than the rule's text.
_KEYWORDS = {RPC_MAPPER: "RPCEPMap"}

#: What fails ends the script; is told, and the script goes on; or does not matter, for it may not be there.
_STOP, _TELL, _GO_ON = "-ErrorAction Stop", "-ErrorAction Continue", "-ErrorAction SilentlyContinue"


class LiteralError(ValueError):
    """A text that cannot stand in a line of PowerShell; the message shows it."""


def literal(text: str) -> str:
    """Return a text as PowerShell's single-quoted string, in which nothing but a quote has a meaning.

    Raises:
        LiteralError: it has a control character, an end of line, or half of a character.
    """
    bad = next((letter for letter in text if not letter.isprintable()), None)
    if bad is not None:
        raise LiteralError(f"{shown(text)} cannot be handed to PowerShell: {bad!r} is no letter; write it without")
    return f"'{text.translate(_DOUBLED)}'"


def applying(comparison: Comparison) -> str:
    """Return the commands that bring a comparison's changes about: what comes, then what goes. Empty where none is.

    Raises:
        LiteralError: a value cannot be handed over.
    """
    lines = [_new(rule, _STOP) for rule in comparison.added]
    lines += [_remove(item.name) for item in comparison.removed]
    lines += [f"Disable-NetFirewallRule -Name {literal(name)} {_STOP}" for name in comparison.disabled]
    return _script(lines)


def undoing(comparison: Comparison) -> str:
    """Return the commands that take a comparison's changes back, however far they came; twice does no harm.

    What had gone comes back first. It may stand still, so it is removed before: a rule cannot come twice. Rules that
    stayed are not touched.

    Raises:
        LiteralError: a value cannot be handed over.
    """
    lines = [line for item in comparison.removed for line in _again(item)]
    lines += [f"Enable-NetFirewallRule -Name {literal(name)} {_GO_ON}" for name in comparison.disabled]
    lines += [_remove(rule.name) for rule in comparison.added]
    return _script(lines)


def _again(removed: Removed) -> Iterator[str]:
    if removed.rule is not None:
        yield _remove(removed.name)
        yield _new(removed.rule, _TELL)


def _script(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _remove(name: str) -> str:
    return f"Remove-NetFirewallRule -Name {literal(name)} {_GO_ON}"


def _new(rule: Rule, on_error: str) -> str:
    options = "".join(f" -{name} {','.join(map(literal, values))}" for name, values in _parameters(rule) if any(values))
    return f"New-NetFirewallRule{options} {on_error}"


def _parameters(rule: Rule) -> Iterator[tuple[str, list[str]]]:
    """The parameters of a rule and their values; those without a value are left out."""
    yield "Name", [rule.name]
    yield "DisplayName", [rule.display_name or rule.name]
    yield "Group", [rule.group]
    yield "Description", [rule.description]
    yield "Enabled", [str(rule.enabled)]
    yield "Profile", [name.capitalize() for name in rule.profiles] or ["Any"]
    yield "Direction", ["Inbound" if rule.direction == IN else "Outbound"]
    yield "Action", [_ACTIONS.get(rule.action, "Allow")]
    yield "Protocol", [_PROTOCOLS.get(rule.protocol) or str(rule.protocol)]
    yield "LocalPort", [item.text for item in rule.local_ports] + [_KEYWORDS.get(w, w) for w in rule.local_keywords]
    yield "RemotePort", [item.text for item in rule.remote_ports] + list(rule.remote_keywords)
    yield "IcmpType", [item.removesuffix(":*") for item in rule.icmp]
    yield "LocalAddress", [address_text(span) for span in rule.local_addresses]
    yield "RemoteAddress", [address_text(span) for span in rule.remote_addresses] + _address_words(rule.remote_words)
    yield "Program", [rule.program]
    yield "Service", [rule.service]
    yield "EdgeTraversalPolicy", ["Allow" if rule.edge else "Block"]


def _address_words(fields: Iterable[str]) -> list[str]:
    """Words for addresses as PowerShell has them: with the IP version behind it where a word is for one alone."""
    versions: dict[str, set[str]] = {}
    for field in fields:
        key, _equals, word = field.partition("=")
        versions.setdefault(word, set()).add(key[2])
    return [word if len(of) > 1 else f"{word}{of.pop()}" for word, of in sorted(versions.items())]
