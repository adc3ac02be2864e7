# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments held against a module's spec, with the words of Ansible.Basic.cs and Ansible.ModuleUtils.Legacy.psm1.

In one point the emulator is stricter than a host: a module of the old kind overlooks an option that it does not have,
and here that is a failure, for nobody means to write one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ModuleFailure
from .paths import expanded
from .specs import Option, Spec

_TRUE = ("y", "yes", "on", "1", "true", "t", "1.0")
_FALSE = ("n", "no", "off", "0", "false", "f", "0.0")
_TYPE_NAMES: Mapping[type, str] = {
    str: "System.String",
    bool: "System.Boolean",
    int: "System.Int32",
    float: "System.Double",
}


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def checked(module: str, spec: Spec, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of a module with its value, None where it has none.

    Args:
        module: The module's name, for the text of a failure.
        spec: Its options.
        given: What the user wrote.

    Raises:
        ModuleFailure: As the module fails on a host.
    """
    return _legacy(module, spec, given) if spec.legacy else _Basic(module).checked(spec, given, "")


class _Basic:
    """Ansible.Basic's AnsibleModule. An option that was sent without a value counts as given, and gets no default."""

    def __init__(self, module: str) -> None:
        self.module = module

    def checked(self, spec: Spec, given: Mapping[str, Any], context: str) -> dict[str, Any]:
        """The values of one level of options. Raises ModuleFailure."""
        values = self._by_name(spec, given, context)
        self._groups(
            spec.mutually_exclusive, values, "parameters are mutually exclusive", lambda n, _all: n > 1, context
        )
        for name, option in spec.options.items():
            if option.default is not None:
                values.setdefault(name, option.default)
        missing = [name for name, option in spec.options.items() if option.required and name not in values]
        if missing:
            raise self._failure(f"missing required arguments: {', '.join(missing)}", context)
        for name in list(values):
            values[name] = self._converted(spec.options[name], values[name], context)
        self._together(spec, values, context)
        return {
            name: self._inside(option, values[name], context) if name in values else None
            for name, option in spec.options.items()
        }

    def _failure(self, text: str, context: str) -> ModuleFailure:
        return ModuleFailure(f"{text} found in {context}" if context else text)

    def _by_name(self, spec: Spec, given: Mapping[str, Any], context: str) -> dict[str, Any]:
        names = {name.lower(): name for name in spec.options}
        names |= {alias.lower(): name for name, option in spec.options.items() for alias in option.aliases}
        unknown = [key for key in given if key.lower() not in names]
        if unknown:
            text = f"Unsupported parameters for ({self.module}) module: {', '.join(sorted(unknown))}"
            if context:
                text += f" found in {context}"
            raise ModuleFailure(f"{text}. Supported parameters include: {', '.join(sorted(names))}")
        return {names[key.lower()]: value for key, value in given.items()}

    def _converted(self, option: Option, value: Any, context: str) -> Any:
        if value is None:
            return None
        try:
            value = CONVERTERS[option.type](value)
        except ValueError as error:
            text = (
                f"argument for {option.name} is of type {_type_name(value)} and we "
                f"were unable to convert to {option.type}: {error}"
            )
            raise self._failure(text, context) from None
        if option.choices:
            values = [str(each) for each in value] if option.type == "list" else [str(value)]
            known = {choice.lower(): choice for choice in option.choices}
            wrong = [each for each in values if each.lower() not in known]
            if wrong:
                among = "one or more of" if option.type == "list" else "one of"
                raise self._failure(
                    f"value of {option.name} must be {among}: {', '.join(option.choices)}. "
                    f"Got no match for: {', '.join(wrong)}",
                    context,
                )
        return value

    def _inside(self, option: Option, value: Any, context: str) -> Any:
        within = f"{context} -> {option.name}" if context else option.name
        if value is None:
            return None
        if option.type == "list" and option.elements:
            return [self._element(option, each, within) for each in value]
        if option.type == "dict" and option.inner is not None:
            return self.checked(option.inner, value, within)
        return value

    def _element(self, option: Option, value: Any, within: str) -> Any:
        kind = option.elements or "raw"
        try:
            value = CONVERTERS[kind](value)
        except ValueError as error:
            raise self._failure(
                f"argument for list entry {option.name} is of type {_type_name(value)} "
                f"and we were unable to convert to {kind}: {error}",
                "",
            ) from None
        return self.checked(option.inner, value, within) if kind == "dict" and option.inner is not None else value

    def _groups(
        self,
        groups: tuple[tuple[str, ...], ...],
        values: Mapping[str, Any],
        text: str,
        wrong: Callable[[int, int], bool],
        context: str,
    ) -> None:
        for group in groups:
            if wrong(sum(name in values for name in group), len(group)):
                raise self._failure(f"{text}: {', '.join(group)}", context)

    def _together(self, spec: Spec, values: Mapping[str, Any], context: str) -> None:
        together, one_of = spec.required_together, spec.required_one_of
        self._groups(together, values, "parameters are required together", lambda n, among: 0 < n < among, context)
        self._groups(one_of, values, "one of the following is required", lambda n, _all: n == 0, context)
        for name, value, needed, any_of in spec.required_if:
            missing = [each for each in needed if each not in values]
            if str(values.get(name)) == value and len(missing) >= (len(needed) if any_of else 1):
                among = "any" if any_of else "all"
                raise self._failure(
                    f"{name} is {value} but {among} of the following are missing: {', '.join(missing)}", context
                )
        for name, needed in spec.required_by.items():
            missing = [each for each in needed if each not in values]
            if name in values and missing:
                raise self._failure(f"missing parameter(s) required by '{name}': {', '.join(missing)}", context)


def _legacy(module: str, spec: Spec, given: Mapping[str, Any]) -> dict[str, Any]:
    known = {name.lower() for option in spec.options.values() for name in (option.name, *option.aliases)}
    unknown = sorted(key for key in given if key.lower() not in known)
    if unknown:
        raise ModuleFailure(
            f"{module} has no option {', '.join(unknown)} (a real host overlooks it in silence; the emulator does not)"
        )
    return {option.name: _asked(option, given) for option in spec.options.values()}


def _asked(option: Option, given: Mapping[str, Any]) -> Any:
    by_name = {key.lower(): value for key, value in given.items()}
    found = next((name for name in (option.name, *option.aliases) if name.lower() in by_name), None)
    if found is None and option.required:
        raise ModuleFailure(f"Get-AnsibleParam: Missing required argument: {option.name}")
    value = option.default if found is None else by_name[found.lower()]
    if found is not None and option.choices and str(value).lower() not in [each.lower() for each in option.choices]:
        shown = "" if value is None else value
        raise ModuleFailure(
            f"Get-AnsibleParam: Argument {found} needs to be one of {','.join(option.choices)} but was {shown}."
        )
    if value is None:
        return None
    if option.type == "bool":  # ConvertTo-Bool: whatever is no yes is a no
        return str(value).lower() in ("yes", "on", "1", "true")
    if option.type == "int":
        return int(value) if re.fullmatch(r"-?\d+", str(value)) else None
    if option.type == "list":
        if not isinstance(value, str | int | list):
            raise ModuleFailure(f"Get-AnsibleParam: Parameter '{found}' is not a YAML list.")
        return _list(value)
    return CONVERTERS[option.type](value)


def _string(value: Any) -> str:
    if isinstance(value, list | dict):
        raise ValueError("the emulator does not write a list or dictionary as .NET would")
    return str(value)


def _boolean(value: Any) -> bool:
    text = _string(value).lower().strip()
    if text not in (*_TRUE, *_FALSE):
        words = ", ".join((*_TRUE, *_FALSE))
        raise ValueError(f"The value '{text}' is not a valid boolean. Valid booleans include: {words}")
    return text in _TRUE


def _integer(value: Any, least: int = -(2**31), most: int = 2**31 - 1) -> int:
    text = _string(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[-+]?\d+", text):
        raise ValueError("Input string was not in a correct format.")
    if not least <= int(text) <= most:
        raise ValueError(f"Value was either too large or too small for an {'Int32' if least else 'UInt32'}.")
    return int(text)


def _float(value: Any) -> float:
    try:
        return float(_string(value))
    except ValueError:
        raise ValueError("Input string was not in a correct format.") from None


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [each.strip() for each in value.split(",")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    raise ValueError(f"{_type_name(value)} cannot be converted to a list")


def _dictionary(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        found = json.loads(value)
        if isinstance(found, dict):
            return found
    raise ValueError("the emulator takes a dictionary, or JSON of one")


def _path(value: Any) -> str:
    text = expanded(_string(value))
    if any(sign in text for sign in '<>|"') or any(ord(sign) < 32 for sign in text):
        raise ValueError("string value contains invalid path characters, cannot convert to path")
    return text


#: The types of Ansible.Basic; each raises ValueError with .NET's reason.
CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "str": _string,
    "bool": _boolean,
    "int": _integer,
    "uint32": lambda value: _integer(value, 0, 2**32 - 1),
    "float": _float,
    "list": _list,
    "dict": _dictionary,
    "path": _path,
    "raw": lambda value: value,
    "json": lambda value: value if isinstance(value, str) else json.dumps(value),
}
