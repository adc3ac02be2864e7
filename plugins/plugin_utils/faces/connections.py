# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that a task opens besides its own: new ones, to its host and to others, several at once.

Whether a change of the packet filter has shut somebody out shows in a new connection alone, and a router's change may
shut out hosts that its task is not for. All of it happens inside one worker process: ansible-core gives each a session
of its own, so that what it has begun it ends, also when the playbook's process is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import become_loader, connection_loader
from ansible.utils.display import Display

_display = Display()

AT_ONCE = 10  # connections that are opened side by side
LOGIN_PATIENCE = 10  # seconds for one login


def action_on(action: ActionBase, host: str, variables: Mapping[str, Any]) -> tuple[ActionBase, dict[str, Any]]:
    """Return an action like *action* for another host, connected as the inventory says, and that host's variables.

    Args:
        action: the running action; its task's become, check mode and timeouts count for the other host, too.
        host: inventory name.
        variables: the task's variables, with ``hostvars``.

    Raises:
        AnsibleError: the inventory has no such host, or no such connection plugin is there.
    """
    theirs = dict(variables["hostvars"].raw_get(host))
    templar = action._templar.copy_with_new_env(available_variables=theirs)
    task = action._task.copy()
    task.delegate_to = None
    context = action._play_context.copy()
    context.remote_addr = None
    context = context.set_task_and_variable_override(task=task, variables=theirs, templar=templar)
    context.remote_addr = context.remote_addr or host
    name = templar.template(theirs.get("ansible_connection") or task.connection)
    # As ansible-core's task executor does it.
    connection = connection_loader.get(name, context, new_stdin=None, ansible_playbook_pid=str(os.getppid()))
    if connection is None:
        raise AnsibleError(f"{host}: the connection plugin {name!r} was not found")
    become = None
    if boolean(templar.template(theirs.get("ansible_become", task.become)) or False):
        become = become_loader.get(templar.template(theirs.get("ansible_become_method") or task.become_method))
    connection.set_become_plugin(become)
    keys = task.dump_attrs()
    keys["timeout"] = context.timeout  # the task's own is another
    del keys["retries"]
    connection.set_options(task_keys=keys, var_options=connection._resolve_option_variables(theirs, templar))
    for kind, plugin in (("shell", connection._shell), ("become", become)):
        if plugin is not None:
            read = [name for name in constants.config.get_plugin_vars(kind, plugin._load_name) if name in theirs]
            plugin.set_options(task_keys=keys, var_options={name: templar.template(theirs[name]) for name in read})
    other = type(action)(
        task=task,
        connection=connection,
        play_context=context,
        loader=action._loader,
        templar=templar,
        shared_loader_obj=action._shared_loader_obj,
    )
    return other, theirs


@contextlib.contextmanager
def new_connections(connection: ConnectionBase, patience: int) -> Iterator[None]:
    """Make what is sent from here on open connections of its own, and go back to the usual way afterwards.

    A connection that stood before the change proves nothing: conntrack lets established traffic pass. Resetting
    is not enough with SSH, because a multiplexing master may have been set up outside of Ansible, and is another
    run's, too; so OpenSSH is told to use none.

    Args:
        patience: seconds for one login, at most.
    """
    if connection.transport != "ssh":
        # A connection plugin without a reset of its own opens a connection for each command anyway (podman exec).
        if type(connection).reset is not ConnectionBase.reset:
            connection.reset()
        yield
        return
    before = {name: connection.get_option(name) for name in ("ssh_args", "timeout")}
    alone = "-o ControlMaster=no -o ControlPath=none"
    connection.set_option("ssh_args", f"{alone} {before['ssh_args'] or ''}")
    connection.set_option("timeout", min(int(before["timeout"] or LOGIN_PATIENCE), patience))
    try:
        yield
    finally:
        for option, value in before.items():
            connection.set_option(option, value)


def answers(action: ActionBase, host: str, variables: Mapping[str, Any]) -> bool:
    """Whether a host of the inventory can be logged in to over a new connection."""
    try:
        other, _theirs = action_on(action, host, variables)
        connection = other._connection
        with new_connections(connection, LOGIN_PATIENCE):
            # Nothing that depends on the system: that a command is refused is an answer, too.
            connection.exec_command("exit 0", sudoable=False)
    except AnsibleConnectionFailure as error:
        _display.vv(f"{host} does not answer: {error}")
        return False
    return True


def side_by_side(calls: Sequence[Callable[[], dict[str, Any]]], at_once: int = AT_ONCE) -> list[dict[str, Any]]:
    """Return what each call returns, in order; each runs in a process of its own, *at_once* at a time.

    Connection plugins are not made for threads. A call that cannot connect gives ``unreachable`` and ``msg``, any other
    failure of Ansible's ``failed`` and ``msg``. Results are plain data.
    """
    results: list[dict[str, Any]] = [{} for _call in calls]
    waiting = list(enumerate(calls))[::-1]
    with selectors.DefaultSelector() as selector:
        texts: dict[int, bytearray] = {}
        while waiting or texts:
            while waiting and len(texts) < at_once:
                number, call = waiting.pop()
                child = _fork(call)
                selector.register(child, selectors.EVENT_READ, (number, child))
                texts[number] = bytearray()
            for key, _events in selector.select():
                number, child = key.data
                piece = os.read(child.pipe, 65536)
                texts[number] += piece
                if not piece:
                    selector.unregister(child)
                    os.close(child.pipe)
                    os.waitpid(child.pid, 0)
                    results[number] = _result(bytes(texts.pop(number)))
    return results


class _Child:
    """A forked process, and the end of the pipe that its result comes through."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid, self.pipe = pid, pipe

    def fileno(self) -> int:
        """The pipe, for a selector."""
        return self.pipe


def _fork(call: Callable[[], dict[str, Any]]) -> _Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _Child(pid, reading)
    status = 1
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as file:
            json.dump(_outcome(call), file, default=str)
        status = 0
    finally:
        # No cleaning up: everything else here is the parent's.
        sys.stdout.flush()
        os._exit(status)


def _outcome(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return call()
    except AnsibleConnectionFailure as error:
        return {"unreachable": True, "msg": str(error)}
    except (AnsibleError, OSError) as error:
        return {"failed": True, "msg": str(error)}


def _result(text: bytes) -> dict[str, Any]:
    if not text:
        return {"failed": True, "msg": "the process that spoke to the host has died"}
    result: dict[str, Any] = json.loads(text)
    return result
