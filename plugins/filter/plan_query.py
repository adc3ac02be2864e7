# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_query
short_description: Ask a plan with JMESPath
version_added: "0.1.0"
description:
  - Evaluates a L(JMESPath,https://jmespath.org) expression over a plan, or over a host's slice.
positional: _input, expression
options:
  _input:
    description:
      - A plan or slice as a dictionary, or as a path on the controller (a plan directory, its C(plan.json), or a
        slice's file C(hosts/HOST.json), by which name it is found in a large network's file of all slices, too).
    type: raw
    required: true
  expression:
    description: The expression.
    type: str
    required: true
requirements:
  - jmespath on the controller
seealso:
  - module: faxnet.deploy.plan
author:
  - faxnet.deploy contributors (@faxnet)
"""

EXAMPLES = r"""
- name: Show the addresses that the server calls back
  ansible.builtin.debug:
    msg: "{{ plan_directory | faxnet.deploy.plan_query(expression) }}"
  vars:
    plan_directory: "{{ inventory_dir }}/.faxnet/plan"
    expression: "flows[?exchange=='scp'].dial"

- name: Show which flows a router passes
  ansible.builtin.debug:
    msg: "{{ plan_directory | faxnet.deploy.plan_query(expression) }}"
  vars:
    plan_directory: "{{ inventory_dir }}/.faxnet/plan"
    expression: "flows[?contains(via, 'uk-router')].{flow: id, ports: ports, why: reason}"

- name: Show which connections devices must keep open though nothing passes
  ansible.builtin.debug:
    msg: "{{ plan_directory | faxnet.deploy.plan_query(expression) }}"
  vars:
    plan_directory: "{{ inventory_dir }}/.faxnet/plan"
    expression: "flows[?idle].{flow: id, seconds: idle, from_port: source_ports, passes_through: carried_by}"
"""

RETURN = r"""
_value:
  description: What the expression finds; none where it finds nothing.
  type: raw
  sample: [203.0.113.20, 10.1.0.21]
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils.basics.gc_pause import gc_pause
from ..plugin_utils.faces.filter import EngineFilters
from ..plugin_utils.faces.filter_input import InputError
from ..plugin_utils.faces.query import plan_query
from ..plugin_utils.plan_files.directory import HOSTS_DIRECTORY, read_plan_to_ask, read_slice
from ..plugin_utils.plan_files.sealed_json import PlanFileError


def _read(path: Path) -> dict[str, Any]:
    if path.parent.name == HOSTS_DIRECTORY and path.suffix == ".json":
        # In a large network slices have no files of their own, and are asked by these names all the same.
        return read_slice(path.parent.parent, path.stem)
    if not path.exists():
        raise InputError(f"there is no {path}: pass a plan's directory or a file in it; faxnet.deploy.plan writes one")
    if path.is_dir():
        return read_plan_to_ask(path)
    return read_plan_to_ask(path.parent)


def _plan_query(data: object, expression: object) -> Any:
    if not isinstance(data, (str, os.PathLike)):
        return plan_query(data, expression)
    with gc_pause():  # to look for garbage among hundreds of thousands of new lists takes as long as to read them
        return plan_query(_read(Path(data).expanduser()), expression)


class FilterModule(EngineFilters):
    """The filter."""

    functions: ClassVar = {"plan_query": _plan_query}
    refusals = (InputError, PlanFileError)
    plain = True  # jmespath's functions know Python's own types only
