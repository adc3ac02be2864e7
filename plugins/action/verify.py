# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derives a plan's probes once, and has each host send its own."""

from __future__ import annotations

import datetime
import hashlib
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files.directory import is_planned, read_plan, read_slice, written_digest
from ..plugin_utils.verification.expectations import expectations
from ..plugin_utils.verification.judgement import FAILED, counts, judge, vouches, witnesses
from ..plugin_utils.verification.probes import CALLBACK, OPEN, Limits, Probe
from ..plugin_utils.verification.run_files import Slices, read_probes, start_run, write_result

ARGUMENTS: dict[str, dict[str, Any]] = {
    "step": {"type": "str", "choices": ["expect", "send", "collect"], "required": True},
    "directory": {"type": "path"},
    "timeout": {"type": "float", "default": 1.0},
    "tries": {"type": "int", "default": 2},
    "parallel": {"type": "int", "default": 500},
    "most_flows": {"type": "int", "default": 2000},
    "most_refused": {"type": "int", "default": 200},
    "others": {"type": "int", "default": 4},
    "all_pairs": {"type": "int", "default": 800},
    "emulator_socket": {"type": "path"},
    "job": {"type": "path"},
    "notifications": {"type": "list", "elements": "dict"},
    "instances": {"type": "list", "elements": "dict"},
    "emulated": {"type": "bool", "default": False},
}

#: The group of hosts on which an emulator runs, for the rest of a play.
EMULATED = "faxnet_emulated"


class ActionModule(EngineAction):
    """The face of expectations and judgement for plays."""

    argument_spec = ARGUMENTS
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Make the probes, send this host's, or collect what came back."""
        if self.check_mode:
            why = "Check mode: the rules to prove are not there yet, so nothing is tried and nothing written."
            return {"skipped": True, "msg": why}
        plan = self.locations(options, variables).plan
        if options["step"] == "expect":
            return _expect(plan, options)
        if options["step"] == "send":
            return self._start(plan, options, variables)
        return self._collect(plan, options, variables)

    def _start(self, plan: Path, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Have the host send its probes by a process of its own; an emulator that runs there has its turn first."""
        host = variables["inventory_hostname"]
        if not _sends(plan, host):
            why = f"{host} sends no packets: it is not planned, or nobody logs in to it"
            return {"skipped": True, "msg": why, "job": "", "emulated": False}
        expected = read_probes(plan.parent, host, written_digest(plan))
        socket = options["emulator_socket"]
        if not expected["probes"] and not socket:
            return {"job": "", "emulated": False}
        told = self._run_probe(
            {
                "probes": _packets(expected["probes"]),
                "background": True,
                "name": _run_name(plan.parent, host),
                **({"unless_there": socket} if socket else {}),
                **{key: options[key] for key in ("timeout", "tries", "parallel")},
            },
            "job",
            variables,
        )
        emulated = told.get("held_back", False)
        return {"job": told["job"], "emulated": emulated, **({"add_group": EMULATED} if emulated else {})}

    def _collect(self, plan: Path, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Fetch what came back, try the ports on which clients are known to listen by now, and write all of it down."""
        host = variables["inventory_hostname"]
        base = plan.parent
        expected = read_probes(base, host, written_digest(plan))
        listening = _listening(host, options["notifications"] or ())
        sent: dict[str, Any] = {"results": [], "seconds": 0.0}
        if options["job"] or listening:
            arguments = {"probes": _packets(listening.values()), **({"job": options["job"]} if options["job"] else {})}
            arguments |= {key: options[key] for key in ("timeout", "tries", "parallel")}
            sent = self._run_probe(arguments, "results", variables)
        planned = {probe["id"]: probe for probe in expected["probes"]}
        tried, missing = _tried(planned, listening, sent["results"])
        if missing:
            raise AnsibleActionFail(
                f"{host} was to try {len(planned)} packets of this plan and {len(missing)} of them were not sent, the "
                f"first of them {missing[0]}: run faxnet.deploy.verify with step: send, and hand its job to this task"
            )
        emulated = options["emulated"]
        document = {
            "format": 1,
            "plan": expected["plan"],
            "host": host,
            "time": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": sent["seconds"],
            "emulated": emulated,
            "probes": tried,
            "notifications": options["notifications"],
            "instances": None if options["instances"] is None else [_instance(item) for item in options["instances"]],
        }
        path = write_result(base, host, document)
        return {"results": str(path), "seconds": sent["seconds"], **_judged(tried, [host] if emulated else [])}

    def _run_probe(self, arguments: dict[str, Any], wanted: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Run module probe on the host; *wanted* is what it returns if all went well."""
        told: dict[str, Any] = self._execute_module(
            module_name="faxnet.deploy.probe", module_args=arguments, task_vars=variables
        )
        if told.get("failed") or wanted not in told:
            message = f"The probes could not be sent: {told.get('msg', 'the module gave no answer')}"
            raise AnsibleActionFail(message, result=told)
        return told


def _sends(plan: Path, host: str) -> bool:
    """Whether a host is planned and logged in to: not so a router that a person sets up, or somebody else's machine."""
    return is_planned(plan, host) and bool(read_slice(plan, host)["traits"]["sends_probes"])


def _run_name(base: Path, host: str) -> str:
    """What a host calls this controller's runs of one network, so that each gives up what the one before left there.

    By the host's name, too: several hosts of an inventory may be one machine.
    """
    return hashlib.sha256(f"{platform.node()}:{base.resolve()}:{host}".encode()).hexdigest()[:16]


def _expect(plan: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    document = read_plan(plan)
    limits = Limits(options["most_flows"], options["most_refused"], options["others"], options["all_pairs"])
    expected = expectations(document, Slices(plan, document["hosts"]), limits)
    start_run(plan.parent, expected)
    summary = expected.summary()
    told = ("hosts", "kinds", "left_out", "shared_addresses", "not_probed", "by_reasoning")
    return {"expected": {key: summary[key] for key in told}}


def _packets(probes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What module probe needs of probes."""
    wanted = ("id", "address", "transport", "port", "source_port", "question")
    return [{key: probe[key] for key in wanted if probe[key]} for probe in probes]


def _listening(host: str, notifications: Any) -> dict[str, dict[str, Any]]:
    """Probes by id to the ports on which clients said that they listen: there, a program must answer.

    For connections only: a datagram gets to a client through what that client has opened for its own server's port, and
    whether it did is what both sides say of the notification itself.
    """
    found = {}
    for notification in notifications:
        if not notification.get("address") or not notification.get("port"):
            continue
        if notification.get("transport", "tcp") != "tcp":
            continue
        instance = notification["instance"]
        probe = Probe(
            host=host,
            address=notification["address"],
            port=notification["port"],
            transport="tcp",
            expect=OPEN,
            kind=CALLBACK,
            target=instance.split("/", 1)[0],
            reason=f"{instance} listens here for call-backs",
        )
        found[probe.id] = probe.as_dict()
    return found


def _tried(
    planned: Mapping[str, dict[str, Any]],
    listening: Mapping[str, dict[str, Any]],
    results: Sequence[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return all probes with what came of them, and the ids of those planned ones that were not sent.

    An end of a range, where anybody's answer would have done, is tried again: now it is known who must answer, and a
    planned probe keeps its flow. *results* are those of the planned probes and behind them those of *listening*, which
    were sent later: that these came through says nothing of the line while the others were on their way.
    """
    late = {item["id"]: item for item in results[len(results) - len(listening) :]}
    first = {item["id"]: item for item in results[: len(results) - len(listening)]}
    tried = []
    for identity in {**planned, **listening}:
        probe = planned.get(identity) or listening[identity]
        if identity in listening:
            known = {key: listening[identity][key] for key in ("expect", "reason")}
            alive = identity in first and vouches({**probe, **first[identity]})
            tried.append({**probe, **known, **late[identity], "vouches": alive})
        else:
            tried.append({**probe, **first.get(identity, {})})
    return tried, [identity for identity in planned if identity not in first and identity not in late]


def _instance(instance: Mapping[str, Any]) -> dict[str, Any]:
    """What a report needs of a client instance's state."""
    return {
        "name": instance["name"],
        "port": instance.get("port"),
        "connected": instance.get("connected"),
        "notifications": [
            {"token": item["token"], "to": item.get("to"), "server": item.get("server")}
            for item in instance.get("notifications") or ()
        ],
    }


def _judged(tried: list[dict[str, Any]], emulated: list[str]) -> dict[str, Any]:
    """This host's own view; a report knows other hosts' witnesses and emulators, and may decide what is open here."""
    seen = witnesses(tried, emulated)
    judged = [{**probe, **judge(probe, seen).as_dict()} for probe in tried]
    failed = [f"{item['id']} must be {item['expect']}: {item['text']}" for item in judged if item["verdict"] == FAILED]
    return {"counts": counts(judged), "failures": failed}
