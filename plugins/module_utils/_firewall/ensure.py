# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wanted state of a host's packet filter, compared with what is there, and brought about where it differs."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import (
    containers,
    ended,
    files,
    kernel,
    modules,
    rules,
    running,
    seen,
    services,
    sysctls,
    transaction,
    translations,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.admitted import Admitted, admitted
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.diversions import Diversions
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses import consent, judgement
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.losses.use import Use
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import (
    CLOSED_FILE,
    NO_TABLE,
    RULES_FILE,
    SYSCTL_FILE,
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
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import (
    DROPS,
    OPTIONS,
    Obstacle,
    insist_on_none,
    obstacles,
)
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import firewalld, passage
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.keepers import Kept
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.marking import MARK, marked
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.spoken import Spoken
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.replace import replacement, taking_back
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.session import Session, insist_on
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.surroundings import Surroundings, look


@dataclass(frozen=True)
class Wanted:
    """What a host is to have: the nft file (None: no rules of ours) and kernel settings that must be 1.

    `modules` are those of the kernel that the rules need and that nobody else loads; `translations` and `addresses` are
    what the plan counts on; `tolerated` names the options by which obstacles are tolerated. `closed` is the nft file
    that takes the other's place when that one is damaged: management and nothing else.
    `accepted` are the losses that its owner accepts. `mark` is the bit by which another filter knows what these rules
    have accepted.
    """

    text: str | None
    settings: tuple[str, ...]
    accepted: tuple[consent.Accepted, ...]
    tolerate_drops: bool
    closed: str | None = None
    modules: tuple[str, ...] = ()
    translations: tuple[translations.Translation, ...] = ()
    addresses: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    mark: int = MARK

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the options that tolerate something."""
        return (*self.tolerated, *([OPTIONS[DROPS]] if self.tolerate_drops else ()))


@dataclass(frozen=True)
class Found:
    """How a host differs from what is wanted.

    `before` and `after` are the table as the kernel lists it, without what spares running sessions for a while; `live`
    is the one before with it. `lost` is what is in use, would stop, and nobody has accepted. `others` are packet
    filters that may drop what the rules accept and are left alone, each with the reason; `ban_lists` drop what single
    senders send.
    """

    wanted: Wanted
    live: str | None
    before: str | None
    after: str | None
    files: Mapping[str, str | None]
    settings: Mapping[str, str]
    modules: tuple[str, ...]
    differences: tuple[str, ...]
    lost: tuple[Use, ...]
    others: tuple[str, ...]
    ban_lists: tuple[str, ...] = ()
    published: tuple[containers.Published, ...] = ()
    notices: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    spoken: Spoken = field(default_factory=Spoken)

    @property
    def risky(self) -> bool:
        """Whether the difference reaches the traffic, so that it must be confirmed."""
        return self.before != self.after or bool(self.settings) or self.spoken.differs

    @property
    def begins_tracking(self) -> bool:
        """Whether these rules are the first that track connections, so that none is known to them."""
        return running.tracks(self.after) and not running.tracks(self.before)


def compare(machine: Machine, wanted: Wanted, session: Session | None = None) -> Found:
    """Find every difference, changing nothing. Raises FirewallError when the wanted state cannot or must not be.

    `session` is the one that the run works through: rules that would let none like it in again must not be.
    """
    live = live_table(machine)
    found: list[Obstacle] = []
    published: Sequence[containers.Published] = ()
    known = services.units(machine)
    spoken = Kept(machine, None, known).silenced() if wanted.text is None else Spoken()
    if wanted.text is not None:
        around = look(machine)
        forwarding = bool(wanted.settings)
        kept = Kept(machine, around.ruleset, known)
        spoken = kept.spoken(obstacles(machine, forwarding, around), wanted.mark, forwarding, wanted.options)
        text = containers.admitting(machine, wanted.text, live, around.bridges, around.interfaces)
        contradicting, text = _contradicting(machine, around, wanted, text, live)
        if spoken.wanted:
            text = marked(text, wanted.mark)
            wanted = replace(wanted, closed=wanted.closed and marked(wanted.closed, wanted.mark))
        spoken = kept.with_policies(spoken, text, forwarding)
        found = [*spoken.left, *contradicting]
        wanted = replace(wanted, text=text)
        published = () if wanted.settings else containers.published(around.ruleset)
    others = [item for item in found if not item.bans]
    before = live and seen.without_unused(running.without_spared(live))
    after = None
    lost: list[Use] = []
    if wanted.text is not None:
        after = _rehearsed(machine, wanted.text)
        if before != after and after is not None:
            check(machine, wanted.text, "the new rules")
            new = rules.rehearsed(machine, wanted.text)
            if session:
                insist_on(session, new, after)
            lost = consent.unnamed(
                judgement.losses(machine, _confirmed(machine, live), new, around.ruleset), wanted.accepted
            )
    targets = sysctls.targets(machine, wanted.settings)
    missing = modules.to_load(machine, wanted.modules)
    wanted_files = {
        **files.wanted_files(machine, wanted.text, wanted.closed, known, spoken.files),
        SYSCTL_FILE: sysctls.file_text(machine, targets),
        modules.MODULES_FILE: modules.file_text(wanted.modules),
    }
    closed = wanted_files[CLOSED_FILE]
    if closed is not None and machine.read(CLOSED_FILE) != closed:
        check(machine, closed, "the rules for when their file is damaged")
    settings = sysctls.changes(machine, targets)
    changes = before != after or bool(settings) or spoken.differs
    if changes:
        insist_on_none(others, wanted.options)
        passage.check(machine, spoken.wanted)
    differences = ["table " + TABLE] if before != after else []
    differences += spoken.differences
    differences += [f"module {name}" for name in missing] + sorted(settings) + files.differing(machine, wanted_files)
    differences += services.unsettled(known, wanted=wanted.text is not None)
    leftovers = files.leftovers(machine, {*wanted_files, *spoken.looked_at}) + firewalld.trials(machine)
    differences += leftovers
    return Found(
        wanted=wanted,
        live=live,
        before=before,
        after=after,
        files=wanted_files,
        settings=settings,
        modules=missing,
        differences=tuple(differences),
        leftovers=tuple(leftovers),
        lost=tuple(lost),
        others=tuple(
            f"{item.reason}; "
            + (
                f"tolerated because {OPTIONS[item.kind]} is set"
                if changes
                else "left alone, for no rule of ours changes here"
            )
            for item in others
        ),
        ban_lists=tuple(item.reason for item in found if item.bans),
        published=tuple(published),
        notices=(*spoken.notices, *(_notices(known, machine.read(CLOSED_FILE)) if wanted.text is not None else ())),
        spoken=spoken,
    )


def _contradicting(
    machine: Machine, around: Surroundings, wanted: Wanted, text: str, live: str | None
) -> tuple[list[Obstacle], str]:
    """What would give packets of the plan other addresses, and the rules with what they leave to others."""

    @functools.cache
    def flows() -> list[Admitted]:
        _rehearsed(machine, text)  # what nft does not take is told with the reason
        return list(admitted(rules.rehearsed(machine, text)))

    led_on = Diversions(around)
    rivals = translations.Rivals(machine, around, wanted.translations, flows, live)
    found = [
        *rivals.found,
        *(led_on.obstacles(machine, flows()) if led_on and running.tracks(text) else ()),
        *translations.absent(machine, wanted.addresses),
    ]
    return found, translations.leaving(text, rivals.apart)


def _notices(known: Mapping[str, services.Unit], closed: str | None) -> Iterator[str]:
    """What the host's owner must know: what will happen at the next boot, and what has happened since the last run."""
    if not known:
        yield "this host has no systemd, so the rules are not loaded at boot; load " + RULES_FILE + " yourself"
    if known and known[UNIT].active == "failed":
        yield (
            f"{UNIT} could not load {RULES_FILE}; since then {services.without_rules(closed)}; "
            f"journalctl -u {UNIT} on the host says why"
        )


def _confirmed(machine: Machine, live: str | None) -> rules.Rules | None:
    """The rules that this host has; where somebody took them away (a flush, a stopped unit), those of its own file.

    That one is written when a change is confirmed. What it refuses has been asked about.
    """
    if live is not None:
        return rules.listed(machine)
    text = machine.read(RULES_FILE)
    # A file that is damaged refuses nothing.
    with contextlib.suppress(FirewallError):
        return rules.rehearsed(machine, text) if text else None
    return None


def _rehearsed(machine: Machine, text: str) -> str | None:
    """The table as the kernel would list it; raises FirewallError, with what the kernel lacks if that is the reason."""
    try:
        return canonical(machine, text)
    except RefusedRulesError as error:
        lacking = kernel.lacking(machine, text)
        if not lacking:
            raise
        raise FirewallError(f"nothing was changed: {'; '.join(lacking)}") from error


def apply(machine: Machine, found: Found, timeout: int, mark: str, *, together: bool = False) -> str:
    """Bring the wanted state about; returns the name of the transaction to confirm, "" when there is nothing to.

    `together`: other hosts change with this one, so that each difference must be undone if they fail.
    """
    files.clear(machine, found.leftovers)
    if not found.risky and not together:
        try:
            modules.load(machine, found.modules)
            files.stage(machine, dict(found.files), mark)
            files.put_in_place(machine, dict(found.files), mark)
        except (FirewallError, OSError) as error:
            files.discard(machine, found.files, mark)
            raise FirewallError(f"the rules are in force, but not all of their files: {in_words(error)}") from error
        return ""
    rollback = gentle = ""
    if found.risky:
        rollback = _rollback(machine, found)
        gentle = taking_back(found.live, found.after, transaction.rollback_text(found.live))
    with running.watched(machine) if found.begins_tracking else contextlib.nullcontext():
        change = transaction.Change(
            # Where the table stays as it is, the files are held alone.
            text=_to_load(machine, found) if found.risky else "",
            rollback=rollback,
            gentle_rollback=gentle,
            settings=found.settings,
            files=found.files,
            modules=found.modules,
            passages=found.spoken.commands(machine),
        )
        return transaction.start(machine, change, timeout, mark)


def _rollback(machine: Machine, found: Found) -> str:
    """The nft text that brings back the table that is there, whatever there will be."""
    text = transaction.rollback_text(found.live)
    with_seen = seen.written_again(machine, text)
    if with_seen != text:
        with contextlib.suppress(FirewallError):
            check(machine, with_seen, "the roll-back")
            return with_seen
    return text


def _to_load(machine: Machine, found: Found) -> str:
    """The nft text that brings the wanted table about, keeps idle times that connections hold, and spares what runs.

    What nft does not take of the two is left out: something in the table, put there by hand, may not let itself be
    replaced piece by piece, and an old kernel has no clock in its rules.
    """
    text = found.wanted.text
    if text is None:
        return NO_TABLE + ended.NO_ENDED
    gentle = replacement(found.live and running.without_spared(found.live), found.after, text)
    until = running.spared_until(found.live) or (running.from_now() if found.begins_tracking else 0)

    def spared(candidate: str) -> Iterator[str]:
        if until:
            yield running.sparing(machine, candidate, until)
        yield candidate

    def candidates() -> Iterator[str]:
        yield from spared(gentle)
        # What was seen is asked for only where it cannot stay where it is.
        yield from spared(seen.written_again(machine, text))
        yield from spared(text)

    tried = {text}
    for candidate in candidates():
        if candidate in tried:
            continue
        tried.add(candidate)
        with contextlib.suppress(FirewallError):
            check(machine, candidate, "to spare what runs")
            return candidate
    return text


def diff(machine: Machine, found: Found) -> list[dict[str, str]]:
    """The differences for --diff: the table, each kernel setting, each file but the rules' own (it is the table)."""
    parts = []
    if found.before != found.after:
        parts.append(_part("table " + TABLE, found.before, found.after))
    if found.spoken.differs:
        parts.append(_part("passages", *found.spoken.texts))
    for name, value in found.settings.items():
        parts.append(_part(name, sysctls.read(machine, name) + "\n", value + "\n"))
    for path, text in sorted(found.files.items()):
        before = machine.read(path)
        if before != text and (path != RULES_FILE or found.before == found.after):
            parts.append(_part(path, before, text))
    return parts


def _part(name: str, before: str | None, after: str | None) -> dict[str, str]:
    return {"before_header": name, "after_header": name, "before": before or "", "after": after or ""}
