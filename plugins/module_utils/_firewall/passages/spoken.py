# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said to the other packet filters of a host: passages, and firewalld's policies, as they are and are to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import Machine
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.obstacles import Obstacle
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages import firewalld
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.passages.passage import Passage, script


@dataclass(frozen=True)
class Spoken:
    """What is said to other filters of a host.

    Attributes:
        there: the passages that are in force.
        wanted: those that are to be.
        files: files with passages, each with the text that it must have; None where it must not be.
        looked_at: all files in which there may be passages.
        left: obstacles that no passage takes away.
        firewalld: whether it is firewalld that is spoken through, by policies instead.
        policies: firewalld's policies before and after, each with its file.
        forgotten: those that firewalld has in force otherwise than their files say.
        notices: what the host's owner must know.
    """

    there: tuple[Passage, ...] = ()
    wanted: tuple[Passage, ...] = ()
    files: Mapping[str, str | None] = field(default_factory=dict)
    looked_at: tuple[str, ...] = ()
    left: tuple[Obstacle, ...] = ()
    notices: tuple[str, ...] = ()
    firewalld: bool = False
    policies: tuple[Mapping[str, str | None], Mapping[str, str | None]] = ({}, {})
    forgotten: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether passages are not as they are to be."""
        return list(map(_key, self.there)) != list(map(_key, self.wanted)) or self._other_policies

    @property
    def _other_policies(self) -> bool:
        return self.policies[0] != self.policies[1] or bool(self.forgotten)

    @property
    def differences(self) -> list[str]:
        """The passages that are there and must not be, or are not there."""
        found = {item.words for item in {*self.there, *self.wanted} if not self._settled(item)}
        return sorted({*found, *self.forgotten})

    @property
    def texts(self) -> tuple[str, str]:
        """The passages before and after, for people."""
        before, after = ("".join(f"{item.words}: {item.rule}\n" for item in of) for of in (self.there, self.wanted))
        return before, after

    def commands(self, machine: Machine) -> tuple[str, str]:
        """The shell commands that make those that are there those that are to be, and the way back."""
        old = [item for item in self.there if not self._settled(item)]
        new = [item for item in self.wanted if not self._settled(item)]
        done, undone = script(machine, old, new), script(machine, new, old)
        if self._other_policies:
            begin, end = firewalld.commands(machine, self.policies[1])
            return done + begin, undone + end
        return done, undone

    def _settled(self, item: Passage) -> bool:
        return [_key(each) for each in self.there if each.place == item.place] == [
            _key(each) for each in self.wanted if each.place == item.place
        ]


def _key(item: Passage) -> tuple[tuple[str, str, str, str], int]:
    return item.place, item.mark
