# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The halves of a helper come with the rules and go with their roll-back. This kernel has no modules: modprobe and what
the kernel says of its modules are stand-ins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import ensure, modules, transaction
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError
from tests.kernel.hosts import LONG, NEW, OLD, SHORT, Host

NAMES = ("nf_conntrack_ftp", "nf_nat_ftp")
MODPROBE = """\
#!/bin/sh
# A stand-in: what is in the folder "there" can be loaded.
cd '{root}' || exit 1
for name; do :; done
[ -e "there/$name" ] || {{ echo "FATAL: Module $name not found" >&2; exit 1; }}
case "$1" in
  --dry-run) ;;
  -r) rmdir "sys/module/$name" ;;
  *) [ ! -e "there/$name/forbidden" ] || {{ echo "could not insert '$name'" >&2; exit 1; }}; mkdir "sys/module/$name" ;;
esac
"""


@pytest.fixture
def modular(host: Host) -> Host:
    """A host whose kernel can load both halves, and has loaded neither."""
    proc = host.root / "proc"
    proc.unlink()
    proc.mkdir()
    for name in ("sys", "self", "net"):
        (proc / name).symlink_to(f"/proc/{name}")
    (proc / "modules").write_text("", encoding="ascii")
    (host.root / "sys/module").mkdir(parents=True)
    for name in NAMES:
        (host.root / "there" / name).mkdir(parents=True)
    program = host.root / "modprobe"
    program.write_text(MODPROBE.format(root=host.root), encoding="ascii")
    program.chmod(0o755)
    find = host.machine.find
    return Host(replace(host.machine, find=lambda name: str(program) if name == "modprobe" else find(name)), host.root)


def bring(host: Host, text: str | None, names: tuple[str, ...] = NAMES, timeout: int = LONG) -> tuple[list[str], str]:
    wanted = ensure.Wanted(text, (), (), tolerate_drops=False, modules=names)
    with transaction.lock(host.machine, 5):
        found = ensure.compare(host.machine, wanted)
        mark = ensure.apply(host.machine, found, timeout, "0123456789ab") if found.differences else ""
    return list(found.differences), mark


def loaded(host: Host) -> list[str]:
    return sorted(path.name for path in (host.root / "sys/module").iterdir())


def boot_file(host: Host) -> Path:
    return host.root / modules.MODULES_FILE[1:]


def test_both_halves_are_loaded_now_and_at_boot_once(modular: Host) -> None:
    differences, mark = bring(modular, NEW)
    assert differences[1:3] == ["module nf_conntrack_ftp", "module nf_nat_ftp"]
    assert loaded(modular) == list(NAMES)
    assert not boot_file(modular).exists()
    transaction.confirm(modular.machine, mark)
    assert boot_file(modular).read_text(encoding="ascii").splitlines()[1:] == list(NAMES)
    assert bring(modular, NEW) == ([], "")


def test_a_roll_back_takes_away_what_the_change_loaded_and_no_more(modular: Host) -> None:
    (modular.root / "sys/module/nf_conntrack_ftp").mkdir()
    _differences, mark = bring(modular, NEW, timeout=SHORT)
    assert loaded(modular) == list(NAMES)
    assert transaction.outcome(modular.machine, mark) == "the old rules are back"
    assert loaded(modular) == ["nf_conntrack_ftp"]
    assert not boot_file(modular).exists()


def test_what_was_unloaded_by_hand_is_a_difference_and_comes_back_without_a_timer(modular: Host) -> None:
    transaction.confirm(modular.machine, bring(modular, NEW)[1])
    (modular.root / "sys/module/nf_nat_ftp").rmdir()
    assert bring(modular, NEW) == (["module nf_nat_ftp"], "")
    assert loaded(modular) == list(NAMES)


def test_rules_that_need_no_helper_any_more_take_the_file_away(modular: Host) -> None:
    transaction.confirm(modular.machine, bring(modular, NEW)[1])
    transaction.confirm(modular.machine, bring(modular, OLD, ())[1])
    assert not boot_file(modular).exists()
    assert boot_file(modular).parent.exists()


def test_a_missing_half_is_refused_before_anything_changes(modular: Host) -> None:
    (modular.root / "there/nf_nat_ftp").rmdir()
    with pytest.raises(FirewallError, match=r"nothing was changed.*no module nf_nat_ftp"):
        bring(modular, NEW)
    assert (modular.live, loaded(modular)) == (None, [])


def test_a_half_that_does_not_come_takes_everything_back(modular: Host) -> None:
    (modular.root / "there/nf_nat_ftp/forbidden").mkdir()
    with pytest.raises(FirewallError, match=r"cannot be loaded.*/etc/modprobe.d.*the old rules are back"):
        bring(modular, NEW)
    assert (modular.live, loaded(modular)) == (None, [])
    assert modular.loose_ends() == []
