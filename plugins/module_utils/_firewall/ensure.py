# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted state of a host's packet filter, compared with what is there, and brought about where it differs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import (
    files,
    kernel,
    running,
    services,
    transaction,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.listeners import shut_listeners
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    CLOSED_FILE,
    NO_TABLE,
    RULES_FILE,
    TABLE,
    UNIT,
    FirewallError,
    Machine,
    RefusedRulesError,
    canonical,
    check,
    in_words,
    live_table,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import obstacles
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.replace import replacement


@dataclass(frozen=True)
class Wanted:
    """What a host is to have: the nft file (None: no rules of ours), kernel settings that must be 1, its open ports.

    `closed` is the nft file that takes the other's place when that one is damaged: management and nothing else.
    """

    text: str | None
    settings: tuple[str, ...]
    open_ports: tuple[Mapping[str, Any], ...]
    tolerate_drops: bool
    closed: str | None = None


@dataclass(frozen=True)
class Found:
    """How a host differs from what is wanted.

    `before` and `after` are the table as the kernel lists it, without what spares running sessions for a while; `live`
    is the one before with it.
    """

    wanted: Wanted
    live: str | None
    before: str | None
    after: str | None
    files: Mapping[str, str | None]
    settings: Mapping[str, str]
    differences: tuple[str, ...]
    shut_listeners: tuple[dict[str, Any], ...]
    others: tuple[str, ...]
    notices: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def risky(self) -> bool:
        """Whether the difference reaches the traffic, so that it must be confirmed."""
        return self.before != self.after or bool(self.settings)

    @property
    def begins_tracking(self) -> bool:
        """Whether these rules are the first that track connections, so that none is known to them."""
        return running.tracks(self.after) and not running.tracks(self.before)


def compare(machine: Machine, wanted: Wanted) -> Found:
    """Find every difference, changing nothing. Raises FirewallError when the wanted state cannot or must not be."""
    others = _others(machine, wanted) if wanted.text is not None else ()
    live = live_table(machine)
    before = live and running.without_spared(live)
    after = None
    if wanted.text is not None:
        after = _rehearsed(machine, wanted.text)
        if before != after:
            check(machine, wanted.text, "the new rules")
    known = services.units(machine)
    wanted_files = files.wanted_files(machine, wanted.text, wanted.closed, wanted.settings, known)
    closed = wanted_files[CLOSED_FILE]
    if closed is not None and machine.read(CLOSED_FILE) != closed:
        check(machine, closed, "the rules for when their file is damaged")
    settings = files.setting_changes(machine, wanted.settings)
    differences = ["table " + TABLE] if before != after else []
    differences += sorted(settings) + files.differing(machine, wanted_files)
    differences += services.unsettled(known, wanted=wanted.text is not None)
    leftovers = files.leftovers(machine, wanted_files)
    differences += leftovers
    return Found(
        wanted=wanted,
        live=live,
        before=before,
        after=after,
        files=wanted_files,
        settings=settings,
        differences=tuple(differences),
        leftovers=tuple(leftovers),
        shut_listeners=tuple(shut_listeners(machine, wanted.open_ports)) if wanted.text is not None else (),
        others=others,
        notices=tuple(_notices(known)) if wanted.text is not None else (),
    )


def _notices(known: Mapping[str, services.Unit]) -> Iterator[str]:
    """What the host's owner must know: what will happen at the next boot, and what has happened since the last run."""
    if not known:
        yield "this host has no systemd, so the rules are not loaded at boot; load " + RULES_FILE + " yourself"
    if known and known[UNIT].active == "failed":
        yield (
            f"{UNIT} could not load {RULES_FILE}, and let only management in since then; "
            f"journalctl -u {UNIT} on the host says why"
        )


def _rehearsed(machine: Machine, text: str) -> str | None:
    """The table as the kernel would list it; raises FirewallError, with what the kernel lacks if that is the reason."""
    try:
        return canonical(machine, text)
    except RefusedRulesError as error:
        lacking = kernel.lacking(machine, text)
        if not lacking:
            raise
        raise FirewallError(f"nothing was changed: {'; '.join(lacking)}") from error


def _others(machine: Machine, wanted: Wanted) -> tuple[str, ...]:
    """Other packet filters that are tolerated; raises FirewallError for those that are not."""
    found = obstacles(machine, forwarding=bool(wanted.settings))
    refused = [item for item in found if item.certain or not wanted.tolerate_drops]
    if refused:
        reasons = "; ".join(f"{item.reason}. Cure: {item.cure}" for item in refused)
        raise FirewallError(
            "another packet filter on this host would drop what the plan accepts, nothing was changed: " + reasons
        )
    return tuple(item.reason for item in found)


def apply(machine: Machine, found: Found, timeout: int, mark: str, *, together: bool = False) -> str:
    """Bring the wanted state about; returns the name of the transaction to confirm, "" when there is nothing to.

    `together`: other hosts change with this one, so that each difference must be undone if they fail.
    """
    files.clear(machine, found.leftovers)
    if not found.risky and not together:
        try:
            files.stage(machine, dict(found.files), mark)
            files.put_in_place(machine, dict(found.files), mark)
        except (FirewallError, OSError) as error:
            files.discard(machine, found.files, mark)
            raise FirewallError(f"the rules are in force, but not all of their files: {in_words(error)}") from error
        return ""
    with running.watched(machine) if found.begins_tracking else contextlib.nullcontext():
        change = transaction.Change(
            # Where the table stays as it is, the files are held alone.
            text=_to_load(machine, found) if found.risky else "",
            rollback=transaction.rollback_text(found.live) if found.risky else "",
            settings=found.settings,
            files=found.files,
        )
        return transaction.start(machine, change, timeout, mark)


def _to_load(machine: Machine, found: Found) -> str:
    """The nft text that brings the wanted table about, keeps idle times that connections hold, and spares what runs.

    What nft does not take of the two is left out: something in the table, put there by hand, may not let itself be
    replaced piece by piece, and an old kernel has no clock in its rules.
    """
    text = found.wanted.text
    if text is None:
        return NO_TABLE
    gentle = replacement(found.before, found.after, text)
    until = running.spared_until(found.live) or (running.from_now() if found.begins_tracking else 0)
    texts = [gentle, text]
    if until:
        texts = [running.sparing(machine, gentle, until), gentle, running.sparing(machine, text, until), text]
    for candidate in dict.fromkeys(texts):
        if candidate == text:
            break
        with contextlib.suppress(FirewallError):
            check(machine, candidate, "to spare what runs")
            return candidate
    return text


def diff(machine: Machine, found: Found) -> list[dict[str, str]]:
    """The differences for --diff: the table, each kernel setting, each file but the rules' own (it is the table)."""
    parts = []
    if found.before != found.after:
        parts.append(_part("table " + TABLE, found.before, found.after))
    for name, value in found.settings.items():
        parts.append(_part(name, files.read_setting(machine, name) + "\n", value + "\n"))
    for path, text in sorted(found.files.items()):
        before = machine.read(path)
        if before != text and (path != RULES_FILE or found.before == found.after):
            parts.append(_part(path, before, text))
    return parts


def _part(name: str, before: str | None, after: str | None) -> dict[str, str]:
    return {"before_header": name, "after_header": name, "before": before or "", "after": after or ""}
