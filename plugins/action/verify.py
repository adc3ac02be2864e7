# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derives a plan's probes once, and has each host send its own."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail

from ..plugin_utils.faces.action import EngineAction
from ..plugin_utils.plan_files import directory as files
from ..plugin_utils.verification import run_files as result_files
from ..plugin_utils.verification.expectations import expectations
from ..plugin_utils.verification.judgement import FAILED, counts, judge, witnesses
from ..plugin_utils.verification.probes import CALLBACK, OPEN, Limits, Probe

ARGUMENTS: dict[str, dict[str, Any]] = {
    "step": {"type": "str", "choices": ["expect", "probe"], "required": True},
    "directory": {"type": "path"},
    "timeout": {"type": "float", "default": 1.0},
    "tries": {"type": "int", "default": 2},
    "parallel": {"type": "int", "default": 500},
    "most_flows": {"type": "int", "default": 2000},
    "most_refused": {"type": "int", "default": 200},
    "others": {"type": "int", "default": 4},
    "notifications": {"type": "list", "elements": "dict"},
    "instances": {"type": "list", "elements": "dict"},
    "emulated": {"type": "bool", "default": False},
}


class ActionModule(EngineAction):
    """The face of expectations and judgement for plays."""

    argument_spec = ARGUMENTS
    _requires_connection = True

    def act(self, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Make the probes, or send this host's."""
        if self.check_mode:
            why = "Check mode: the rules to prove are not there yet, so nothing is tried and nothing written."
            return {"skipped": True, "msg": why}
        plan = self.locations(options, variables).plan
        if options["step"] == "expect":
            return _expect(plan, options)
        return self._probe(plan, options, variables)

    def _probe(self, plan: Path, options: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        host = variables["inventory_hostname"]
        base = plan.parent
        expected = result_files.read_probes(base, host, files.written_digest(plan))
        probes = [*expected["probes"], *_listening(host, expected["probes"], options["notifications"] or ())]
        emulated = options["emulated"]
        began = datetime.datetime.now(datetime.UTC)
        sent = self._send(probes, options, variables)
        answers = {item["id"]: item for item in sent["results"]}
        tried = [{**probe, **answers[probe["id"]]} for probe in probes]
        document = {
            "format": 1,
            "plan": expected["plan"],
            "host": host,
            "time": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": sent["seconds"],
            "emulated": emulated,
            "probes": tried,
            "notifications": options["notifications"],
            "instances": None if options["instances"] is None else [_instance(item) for item in options["instances"]],
        }
        path = result_files.write_result(base, host, document)
        return {"results": str(path), "seconds": sent["seconds"], **_judged(tried, [host] if emulated else [])}

    def _send(
        self, probes: list[dict[str, Any]], options: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        """Have the host send the probes; returns what the module returns."""
        if not probes:
            return {"results": [], "seconds": 0.0}
        wanted = ("id", "address", "transport", "port", "source_port")
        sent: dict[str, Any] = self._execute_module(
            module_name="faxnet.deploy.probe",
            module_args={
                "probes": [{key: probe[key] for key in wanted if probe[key] is not None} for probe in probes],
                **{key: options[key] for key in ("timeout", "tries", "parallel")},
            },
            task_vars=variables,
        )
        if sent.get("failed") or "results" not in sent:
            raise AnsibleActionFail(
                f"The probes could not be sent: {sent.get('msg', 'the module gave no answer')}", result=sent
            )
        return sent


def _expect(plan: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    document = files.read_plan(plan)
    limits = Limits(options["most_flows"], options["most_refused"], options["others"])
    expected = expectations(document, result_files.Slices(plan, document["hosts"]), limits)
    result_files.start_run(plan.parent, expected)
    summary = expected.summary()
    return {"expected": {key: summary[key] for key in ("hosts", "kinds", "left_out", "inseparable", "not_probed")}}


def _listening(host: str, planned: list[dict[str, Any]], notifications: Any) -> list[dict[str, Any]]:
    """Probes to the ports on which clients said that they listen: there, a program must answer.

    For connections only: a datagram gets to a client through what that client has opened for its own server's port, and
    whether it did is what both sides say of the notification itself.
    """
    known = {probe["id"]: probe for probe in planned}
    found = []
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
        ).as_dict()
        if probe["id"] in known:
            # Planned as the end of a range, where anybody's answer will do; now it is known who must answer.
            known[probe["id"]].update(expect=OPEN, reason=probe["reason"])
        else:
            known[probe["id"]] = probe
            found.append(probe)
    return found


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
