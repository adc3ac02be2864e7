# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated Windows host: it runs modules on its state, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import nft, scheduler
from .addresses import Addresses, addresses
from .arguments import checked
from .clock import Clock
from .errors import EmulatorError, ModuleFailure
from .faults import Faults
from .firewall import Firewall, Packet, Verdict, firewall_of
from .modules import MODULES
from .modules.task import Task
from .specs import opened, spec_of
from .state import GROUP_RULES, LOCAL_RULES, PROFILES, State
from .wire import ModuleCall


@dataclass(frozen=True)
class Entry:
    """One module call in a host's log."""

    module: str  # without its collection
    arguments: Mapping[str, Any]
    check_mode: bool
    wrote: bool  # whether it wrote anything, were it what stood there before
    result: Mapping[str, Any]

    @property
    def failed(self) -> bool:
        """Whether the module reported a failure."""
        return bool(self.result.get("failed"))


@dataclass(frozen=True)
class Answer:
    """What a module has said, and what becomes of the connection."""

    result: Mapping[str, Any]
    dropped: bool = False  # the answer does not arrive
    seconds: float = 0.0  # that it takes longer


@dataclass
class Host:
    """A Windows host whose state lies in a file. Its methods may be called from several threads."""

    file: Path
    clock: Clock | None = None
    log: list[Entry] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.state = State(self.file, self.clock)
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Host], None]] = []
        self.next_due = scheduler.next_due(self.state)  # when a task fires next; for those who wait
        self.state.save()

    def on_change(self, listener: Callable[[Host], None]) -> None:
        """Call somebody whenever the state has changed, such as what puts the rules into a container's kernel."""
        self._listeners.append(listener)

    def change(self, changed: Callable[[State], Any]) -> Any:
        """Change the state from outside, as somebody at the machine would. What is due runs first."""
        with self._lock:
            self.tick()
            result = changed(self.state)
            self._changed()
            return result

    def tick(self) -> list[str]:
        """Run the scheduled tasks that are due by now. Returns their paths."""
        with self._lock:
            started = scheduler.fire_due(self.state)
            if started:
                self._changed()
            return started

    def set_network(self, profile: str, local_networks: Iterable[str] = ()) -> None:
        """Stand in another kind of network (Domain, Private or Public), with these networks on its own wires."""
        if profile not in PROFILES:
            raise EmulatorError(f"a network is {', '.join(PROFILES)}, and not {profile!r}")
        shape = {"profile": profile, "local_networks": list(local_networks)}
        self.change(lambda state: state.data["network"].update(shape))

    def history(self) -> list[dict[str, Any]]:
        """What became of the tasks that fired, in their order: at, task, started, and actions or why not."""
        with self._lock:
            self.tick()
            return list(self.state.data.get("task_history", []))

    def reboot(self) -> None:
        """Boot anew: tasks with a trigger at boot are armed, services that start by themselves run."""
        with self._lock:
            self.tick()
            data = self.state.data
            data["boots"] += 1
            data["restart_pending"] = False
            for path in data["tasks"]:
                scheduler.arm(self.state, path, "boot")
            for service in data["services"].values():
                runs = service["start_mode"] in ("auto", "delayed")
                service["state"] = "started" if runs else "stopped"
                service["starts"] += runs
            self._changed()
            self.tick()

    def call(self, call: ModuleCall) -> Answer:
        """Run a module as the wire asks for it, faults included."""
        with self._lock:
            self.tick()
            faults = self.faults.of_call(call.name)
            kinds = {fault.kind for fault in faults}
            seconds = sum(fault.seconds for fault in faults)
            if "drop-before" in kinds:
                return Answer({}, dropped=True, seconds=seconds)
            before, writes = json.dumps(self.state.data, sort_keys=True), self.state.writes
            message = next((fault.message for fault in faults if fault.kind == "fail"), None)
            result = {"failed": True, "msg": message} if message is not None else self._run(call)
            wrote = self.state.writes != writes or json.dumps(self.state.data, sort_keys=True) != before
            self.log.append(Entry(call.short_name, dict(call.arguments), call.check_mode, wrote, result))
            if wrote:
                self._changed()
            self.tick()  # what the module has started may be due at once
            if "reboot-after" in kinds:
                self.reboot()
            return Answer(result, dropped=bool(kinds & {"drop-after", "reboot-after"}), seconds=seconds)

    def _run(self, call: ModuleCall) -> dict[str, Any]:
        module = MODULES.get(call.short_name)
        try:
            if module is None:
                raise EmulatorError(f"the emulator has no module {call.name}")
            spec = spec_of(call.short_name, call.source)
            if call.short_name == "setup":
                spec = opened(spec, call.arguments)
            values = checked(call.short_name, spec, call.arguments)
            if call.check_mode and not spec.check_mode:
                return {"skipped": True, "changed": False, "msg": "remote module does not support check mode"}
            result = {"changed": False, **module(Task(self.state, values, call.check_mode, call.diff))}
            return result if spec.legacy else {**result, "invocation": {"module_args": shown(spec.options, values)}}
        except ModuleFailure as failure:
            return {"changed": False, **failure.result, "failed": True, "msg": failure.message}
        except EmulatorError as error:
            return {"changed": False, "failed": True, "msg": f"emulated Windows: {error}"}

    # ---- the firewall

    def rules(self, *, policy: bool = False) -> dict[str, str]:
        """The texts of the host's own firewall rules, or of group policy's, by their names."""
        with self._lock:
            self.tick()
            found = self.state.registry.values(GROUP_RULES if policy else LOCAL_RULES)
            return {name: text for name, (_kind, text) in found.items()}

    def put_rule(self, name: str, text: str, *, policy: bool = False) -> None:
        """Write a rule's text as somebody else would, or the policy."""
        self.change(lambda state: state.registry.write(GROUP_RULES if policy else LOCAL_RULES, name, "REG_SZ", text))

    def take_rule(self, name: str, *, policy: bool = False) -> None:
        """Delete a rule as somebody else would."""
        self.change(lambda state: state.registry.delete(GROUP_RULES if policy else LOCAL_RULES, name))

    def firewall(self) -> Firewall:
        """The firewall as it stands. What is due runs first. Raises RuleTextError for a malformed rule."""
        with self._lock:
            self.tick()
            return firewall_of(self.state.registry, self._keywords())

    def judge(self, packet: Packet) -> Verdict:
        """What the host's firewall does with a packet. Raises RuleTextError, EmulatorError."""
        return self.firewall().judge(replace(packet, profile=packet.profile or self.state.data["network"]["profile"]))

    def nft(self, listeners: Iterable[nft.Listener] = (), rpc_ports: Iterable[int] = ()) -> str:
        """The rules as text of nft, for the profile of the host's network."""
        return nft.text(self.firewall(), self.state.data["network"]["profile"], listeners, rpc_ports)

    def _keywords(self) -> dict[str, tuple[Addresses, ...]]:
        network = self.state.data["network"]
        words = {**network["keywords"], "LocalSubnet": network["local_networks"]}
        return {
            word: tuple(addresses(text, 6 if ":" in text else 4) for text in texts) for word, texts in words.items()
        }

    def _changed(self) -> None:
        self.next_due = scheduler.next_due(self.state)
        self.state.save()
        for listener in self._listeners:
            listener(self)


def shown(options: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A module's arguments as its result repeats them, secrets hidden."""
    hidden = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    return {name: hidden if options[name].secret and value else value for name, value in values.items()}
