# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's options, read out of the very source that was sent.

Modules of today hand a hash table to Ansible.Basic; older ones ask for one option after the other with
C(Get-AnsibleParam) of Ansible.ModuleUtils.Legacy. Both are read here. win_package puts its providers' names together
while it runs and takes its options for the web from a utility; its spec is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import EmulatorError
from .literals import LiteralError, Variable, literal


@dataclass(frozen=True)
class Option:
    """One option of a module, or of an entry of an option."""

    name: str
    type: str = "str"
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    elements: str | None = None
    inner: Spec | None = None  # where its entries have options of their own
    secret: bool = False


@dataclass(frozen=True)
class Spec:
    """A module's options and what it says of several of them together."""

    options: Mapping[str, Option]
    legacy: bool = False  # by Get-AnsibleParam, which overlooks what it does not know
    check_mode: bool = True
    mutually_exclusive: tuple[tuple[str, ...], ...] = ()
    required_together: tuple[tuple[str, ...], ...] = ()
    required_one_of: tuple[tuple[str, ...], ...] = ()
    required_if: tuple[tuple[str, str, tuple[str, ...], bool], ...] = ()
    required_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_KEYS = {
    "type", "default", "required", "choices", "aliases", "elements", "options", "no_log",
    "mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by", "supports_check_mode",
}  # fmt: skip
#: A spec may name a type by a variable that holds a converter.
_CONVERTERS = {"uint32Type": "uint32"}

_ASKED = re.compile(r"^\s*(?:\$\w+\s*=\s*)?Get-AnsibleParam\s+(?P<rest>.*)$", re.MULTILINE)
_LIST = re.compile(r'^\$(?P<name>\w+)\s*=\s*(?P<list>"[\w ]*"(?:\s*,\s*"[\w ]*")+)\s*$', re.MULTILINE)


def spec_of(module: str, source: str) -> Spec:
    """The options of a module.

    Args:
        module: Its name without a collection.
        source: Its text.

    Raises:
        EmulatorError: Its options cannot be read.
    """
    if module in WRITTEN_BY_HAND:
        return WRITTEN_BY_HAND[module]
    found = re.search(r"^\$spec\s*=\s*(?=@\{)", source, re.MULTILINE)
    try:
        return _basic(literal(source, found.end())) if found else _legacy(source)
    except LiteralError as error:
        raise EmulatorError(f"{module}: its options cannot be read out of its source: {error}") from None


def opened(spec: Spec, names: Iterable[str]) -> Spec:
    """A spec that takes more options, as setup makes its own for whatever ansible-core hands to it."""
    return replace(spec, options={**{name: Option(name, "raw") for name in names}, **spec.options})


def _basic(table: Mapping[str, Any]) -> Spec:
    unknown = set(table) - _KEYS
    if unknown:
        raise LiteralError(f"unknown words of an argument spec: {sorted(unknown)}")
    return Spec(
        options={name: _option(name, entry) for name, entry in table.get("options", {}).items()},
        check_mode=table.get("supports_check_mode") is True,
        mutually_exclusive=_groups(table, "mutually_exclusive"),
        required_together=_groups(table, "required_together"),
        required_one_of=_groups(table, "required_one_of"),
        required_if=tuple(_condition(each) for each in _listed(table.get("required_if"))),
        required_by={key: tuple(_listed(names)) for key, names in table.get("required_by", {}).items()},
    )


def _option(name: str, entry: Mapping[str, Any]) -> Option:
    kind = entry.get("type", "str")
    if isinstance(kind, Variable):
        if kind.name not in _CONVERTERS:
            raise LiteralError(f"{name}: unknown type ${kind.name}")
        kind = _CONVERTERS[kind.name]
    if any(isinstance(each, Variable) for each in _listed(entry.get("choices"))):
        raise LiteralError(f"{name}: its choices are worked out while the module runs")
    inner_words = {"options", *(_KEYS - {"type", "default", "required", "choices", "aliases", "elements", "no_log"})}
    return Option(
        name=name,
        type=kind,
        default=entry.get("default"),
        required=entry.get("required") is True,
        choices=tuple(_listed(entry.get("choices"))),
        aliases=tuple(_listed(entry.get("aliases"))),
        elements=entry.get("elements"),
        inner=_basic({key: entry[key] for key in entry if key in inner_words}) if "options" in entry else None,
        secret=entry.get("no_log") is True,
    )


def _groups(table: Mapping[str, Any], key: str) -> tuple[tuple[str, ...], ...]:
    found = _listed(table.get(key))
    # @(, @('a', 'b')) and @(@('a', 'b')) are the same list of lists to their reader; a flat one is one group.
    return tuple(tuple(each) for each in found) if all(isinstance(each, list) for each in found) else (tuple(found),)


def _condition(entry: Any) -> tuple[str, str, tuple[str, ...], bool]:
    name, value, needed, *any_of = entry
    return name, str(value), tuple(_listed(needed)), any_of == [True]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _legacy(source: str) -> Spec:
    lists = {found["name"]: literal(found["list"]) for found in _LIST.finditer(source)}
    options: dict[str, Option] = {}
    for found in _ASKED.finditer(source):
        option = _asked(found["rest"], lists)
        if not option.name.startswith("_"):
            options[option.name] = option
    if not options:
        raise LiteralError("neither $spec nor Get-AnsibleParam is in it")
    return Spec(options, legacy=True, check_mode=bool(re.search(r"-supports_check_mode \$true", source)))


def _asked(rest: str, lists: Mapping[str, Any]) -> Option:
    given: dict[str, Any] = {}
    parts = re.split(r"\s*-(obj|name|type|default|validateset|aliases|failifempty)\s+", " " + rest, flags=re.IGNORECASE)
    if parts[0].strip():  # the object and the name may stand without their words
        words = literal(re.sub(r"^\s*\$\w+\s+", "", parts[0]))
        given["name"] = words
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        is_environment = value.strip().startswith("$env:")
        given[key.lower()] = None if is_environment else literal(value)
    choices = given.get("validateset")
    if isinstance(choices, Variable):
        if choices.name not in lists:
            raise LiteralError(f"the choices of {given['name']} are in ${choices.name}, which is no plain list")
        choices = lists[choices.name]
    return Option(
        name=given["name"],
        type=given.get("type", "raw"),
        default=given.get("default"),
        required=given.get("failifempty") is True,
        choices=tuple(_listed(choices)),
        aliases=tuple(_listed(given.get("aliases"))),
    )


def _by_hand(*options: Option, **together: Any) -> Spec:
    return Spec({option.name: option for option in options}, **together)


_DIGESTS = ("md5", "sha1", "sha256", "sha384", "sha512")
_PROVIDERS = ("auto", "msi", "msix", "msp", "registry")

#: Specs that no source of one file holds: of ansible.windows 3.3.0, by its documentation (win_package, web_request).
WRITTEN_BY_HAND: Mapping[str, Spec] = {
    "win_package": _by_hand(
        Option("arguments", "raw"),
        Option("expected_return_code", "list", default=[0, 3010], elements="int"),
        Option("path"),
        Option("chdir", "path"),
        Option("checksum"),
        Option("checksum_algorithm", default="sha1", choices=_DIGESTS),
        Option("product_id"),
        Option("state", default="present", choices=("absent", "present")),
        Option("creates_path", "path"),
        Option("creates_version"),
        Option("creates_service"),
        Option("log_path", "path"),
        Option("provider", default="auto", choices=_PROVIDERS),
        Option("wait_for_children", "bool", default=False),
        Option("url_method"),
        Option("follow_redirects", default="safe", choices=("all", "none", "safe")),
        Option("headers", "dict"),
        Option("http_agent", default="ansible-httpget"),
        Option("maximum_redirection", "int", default=50),
        Option("url_timeout", "int", default=30),
        Option("validate_certs", "bool", default=True),
        Option("client_cert"),
        Option("client_cert_password", secret=True),
        Option("force_basic_auth", "bool", default=False),
        Option("url_username"),
        Option("url_password", secret=True),
        Option("use_default_credential", "bool", default=False),
        Option("use_proxy", "bool", default=True),
        Option("proxy_url"),
        Option("proxy_username"),
        Option("proxy_password", secret=True),
        Option("proxy_use_default_credential", "bool", default=False),
        required_by={"creates_version": ("creates_path",)},
        required_if=(
            ("state", "present", ("path",), False),
            ("state", "absent", ("path", "product_id"), True),
        ),
    ),
}
