# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kernel modules are there, can be had, and cannot. No kernel with modules runs here: files are stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall import modules
from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import FirewallError, Machine, Ran

NAMES = ("nf_conntrack_ftp", "nf_nat_ftp")
RELEASE = "6.1.0-31-amd64"
LISTS = f"lib/modules/{RELEASE}"


def kernel(root: Path, files: dict[str, str], loadable: tuple[str, ...] | None = ()) -> Machine:
    """A host with these files; modprobe finds `loadable`, and is missing where that is None."""
    for path, text in {"proc/sys/kernel/osrelease": RELEASE + "\n", "proc/modules": "", **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="ascii")

    def run(argv: list[str], text: str | None) -> Ran:
        assert argv[:3] == ["/sbin/modprobe", "--dry-run", "--quiet"]
        assert text is None
        return Ran(0 if argv[3] in (loadable or ()) else 1, "", "")

    found = None if loadable is None else "/sbin/modprobe"
    return Machine(run=run, find=lambda name: found if name == "modprobe" else None, root=str(root))


def test_what_is_loaded_or_built_in_is_not_loaded_again(tmp_path: Path) -> None:
    files = {
        "proc/modules": "nf_conntrack_ftp 24576 0 - Live 0x0000000000000000\n",
        f"{LISTS}/modules.builtin": "kernel/net/netfilter/nf_nat_ftp.ko\n",
    }
    assert modules.to_load(kernel(tmp_path, files), NAMES) == ()
    (tmp_path / "proc/modules").write_text("nf_conntrack_ftp_of_another 1 0 - Live 0x0\n", encoding="ascii")
    (tmp_path / "sys/module/nf_conntrack_ftp").mkdir(parents=True)
    assert modules.to_load(kernel(tmp_path, {}), NAMES) == ()


def test_what_modprobe_finds_is_loaded(tmp_path: Path) -> None:
    assert modules.to_load(kernel(tmp_path, {}, NAMES), NAMES) == NAMES


def test_what_is_nowhere_is_refused_by_name_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(FirewallError, match=r"nothing was changed.*nf_conntrack_ftp.*nf_nat_ftp.*switch the flow off"):
        modules.to_load(kernel(tmp_path, {}), NAMES)
    with pytest.raises(FirewallError) as caught:
        modules.to_load(kernel(tmp_path, {}, NAMES[:1]), NAMES)
    assert "nf_conntrack_ftp" not in str(caught.value)


def test_a_host_without_modprobe_is_told_of_the_module_or_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(FirewallError, match="no module nf_conntrack_ftp"):
        modules.to_load(kernel(tmp_path, {}, None), NAMES)
    listed = "".join(f"kernel/net/netfilter/{name}.ko.xz: kernel/net/netfilter/nf_nat.ko.xz\n" for name in NAMES)
    host = kernel(tmp_path, {f"{LISTS}/modules.dep": listed}, None)
    assert modules.to_load(host, NAMES) == NAMES
    with pytest.raises(FirewallError, match="install the package kmod"):
        modules.load(host, NAMES)


@pytest.mark.parametrize("symbol", ["ffffffff81f5c8d0 t nf_nat_ftp", "0000000000000000 t nf_nat_ftp_init"])
def test_a_kernel_without_modules_is_asked_for_its_symbols(tmp_path: Path, symbol: str) -> None:
    host = kernel(tmp_path, {"proc/kallsyms": f"ffffffff81000000 T _text\n{symbol}\n"}, None)
    (tmp_path / "proc/modules").unlink()
    assert modules.to_load(host, ("nf_nat_ftp",)) == ()
    with pytest.raises(FirewallError):
        modules.to_load(host, ("nf_nat_tftp",))


def test_the_file_for_the_boot_names_each_on_a_line() -> None:
    text = modules.file_text(NAMES)
    assert text is not None
    assert [line for line in text.splitlines() if not line.startswith("#")] == list(NAMES)
    assert modules.file_text(()) is None
