# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed host as the firewall's code sees it: commands, paths, and nft.

Everything that runs on a managed host goes through `Machine`, so that the same code works in a test's own network
namespace and directory. Standard library only; Python 3.9.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from typing import Callable, NamedTuple

TABLE = "inet faxnet"
RULES_FILE = "/etc/faxnet/nftables.nft"
UNIT = "faxnet-firewall.service"
UNIT_FILE = "/etc/systemd/system/" + UNIT
ENABLED_LINK = "/etc/systemd/system/sysinit.target.wants/" + UNIT
CLOSED_FILE = "/etc/faxnet/closed.nft"
#: Files of other packet filters, in which lines of ours may stand.
IPTABLES_FILES = {"ip": "/etc/iptables/rules.v4", "ip6": "/etc/iptables/rules.v6"}
UFW_FILES = {"ip": "/etc/ufw/after.rules", "ip6": "/etc/ufw/after6.rules"}
KEPT_BY_OTHERS = (*IPTABLES_FILES.values(), *UFW_FILES.values())
#: Rules of ours in tables of nft that are somebody else's (see passages).
PASSAGES_FILE = "/etc/faxnet/passages.nft"
LOADER = "/etc/faxnet/load-rules.sh"
NFTABLES = "nftables.service"
#: The last of its drop-ins by name: "systemctl edit" writes override.conf, which may say anew what is started.
DROP_IN = f"/etc/systemd/system/{NFTABLES}.d/zz-faxnet.conf"
SYSCTL_FILE = "/etc/sysctl.d/90-faxnet.conf"
RUN_DIRECTORY = "/run/faxnet/firewall"
#: There while a run lets systemd start a unit for rules that are loaded already.
IN_FORCE = RUN_DIRECTORY + "/in-force"

_OBJECT = re.compile(r"^\t\S[^\n]* \{\n.*?^\t\}\n", re.MULTILINE | re.DOTALL)
_AFTER_OBJECTS = re.compile(r"^\t(?:set|map|flowtable|chain) ", re.MULTILINE)
# In its objects nft names a protocol by /etc/protocols; on a host without that file (Debian's package netbase) it lists
# the number, which it does not read back.
_PROTOCOL = re.compile(r"^(\t\t(?:type \S+ )?protocol )(6|17)$", re.MULTILINE)
_PROTOCOL_NAMES = {"6": "tcp", "17": "udp"}
# nft 0.9.8 (Debian 11) ends a counter on the line of its count, which it leaves out elsewhere.
_COUNTED = re.compile(r"^\t\tpackets 0 bytes 0\t\}$", re.MULTILINE)
# nft 1.1.7 (Debian sid) says how many elements a set has.
_COUNT_OF_ELEMENTS = re.compile(r"^(\t\tsize \d+)\t# count \d+$", re.MULTILINE)
# What the kernel counts is no setting: the elements of a set that it fills itself.
_FILLED = re.compile(
    r"(^\t\tflags (?:\w+,)*dynamic(?:,\w+)*\n(?:\t\t(?!elements)[^\n]*\n)*)\t\telements = \{.*?\}\n",
    re.MULTILINE | re.DOTALL,
)

#: How the names of the sets begin in which an observing host notes who sends what (see seen.py).
SEEN = "faxnet_seen_"
_SEEN_SET = re.compile(rf"^\tset {SEEN}\S+ \{{\n.*?^\t\}}\n\n?", re.MULTILINE | re.DOTALL)
_FIRST_CHAIN = re.compile(r"^\tchain ", re.MULTILINE)

#: Text that leaves no table of ours behind, whether there was one or not.
NO_TABLE = f"table {TABLE}\ndelete table {TABLE}\n"


class FirewallError(Exception):
    """Something that the user must know: the message says what is wrong and what to do."""


class RefusedRulesError(FirewallError):
    """Rules that nft does not take; the message is nft's."""


class Ran(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Machine:
    """A managed host. `run` takes argv and standard input; `find` gives a program's path or None."""

    run: Callable[[list[str], str | None], Ran]
    find: Callable[[str], str | None]
    root: str = "/"

    def path(self, absolute: str) -> str:
        """Where `absolute` lies: below `root`, which is not "/" in tests alone."""
        return os.path.join(self.root, absolute.lstrip("/"))

    def read(self, absolute: str) -> str | None:
        """A file's text, None where there is no such file. Raises FirewallError for what is no file.

        Bytes that are no UTF-8 are written out: such a file is not one of ours, and only has to differ from them.
        """
        return self._read(absolute, "backslashreplace", None)

    def read_exactly(self, absolute: str) -> str | None:
        """As `read`, with every byte as it is: what is no UTF-8 is a surrogate, and lines end as they do."""
        return self._read(absolute, "surrogateescape", "")

    def _read(self, absolute: str, errors: str, newline: str | None) -> str | None:
        place = self.path(absolute)
        try:
            kind = os.stat(place).st_mode
            # A device is what systemd takes for an empty file (/dev/null); a pipe would be waited for.
            if not (stat.S_ISREG(kind) or stat.S_ISCHR(kind)):
                raise FirewallError(
                    f"{absolute} on this host is no file; nothing was changed. Move away what lies there"
                )
            with open(place, encoding="utf-8", errors=errors, newline=newline) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FirewallError(f"nothing was changed: {in_words(error)}") from error

    def has_systemd(self) -> bool:
        """Whether systemd runs this host (sd_booted(3))."""
        return os.path.isdir(self.path("/run/systemd/system"))

    def program(self, name: str, cure: str) -> str:
        """The path of a program that cannot be done without."""
        found = self.find(name)
        if not found:
            raise FirewallError(f"the program {name} is missing on this host; {cure}")
        return found

    def nft(self) -> str:
        """The path of nft."""
        return self.program("nft", "install the package nftables")


_CURES = {
    errno.EROFS: "mount the file system so that it can be written",
    errno.ENOSPC: "make room on that file system",
    errno.EDQUOT: "make room on that file system",
    errno.ENOTDIR: "move away the file that lies in a directory's place",
    errno.EISDIR: "move away the directory that lies in a file's place",
    errno.EEXIST: "move away the file that lies in a directory's place",
    errno.EACCES: "become root (become: true)",
    errno.EPERM: "become root (become: true), and look whether the file is immutable (lsattr)",
}


def in_words(error: Exception) -> str:
    """What went wrong, with the cure where it is known: the message, or what the system says of which file."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    where = f"{error.filename}: " if error.filename else ""
    cure = _CURES.get(error.errno or 0)
    return f"{where}{error.strerror}" + (f"; {cure}" if cure else "")


def live_table(machine: Machine) -> str | None:
    """Our table as the kernel holds it, without counter values; None when there is none."""
    ran = machine.run([machine.nft(), "-s", "list", "table", *TABLE.split()], None)
    if ran.code == 0:
        return in_order(ran.out)
    if "No such file or directory" in ran.err:
        return None
    raise FirewallError(f"nft cannot list table {TABLE}: {ran.err.strip()}")


def canonical(machine: Machine, text: str) -> str | None:
    """`text` as nft lists it after loading, None when it leaves no table: a full rehearsal (see `rehearse`).

    Raises RefusedRulesError when nft does not take the text.
    """
    ran = rehearse(machine, text)
    if ran.code != 0:
        raise RefusedRulesError(f"nft refuses the new rules, nothing was changed: {ran.err.strip()}")
    return in_order(ran.out) or None


def in_order(listing: str) -> str:
    """A table as nft lists it, its objects (counters, idle times, helpers) by kind and name, so that nft reads it back.

    The kernel lists them by age, and one that was kept through a change is older than the others; so are sets in which
    an observing host notes something, which stand last here. Sets that the kernel fills are empty.
    """
    listing = _COUNT_OF_ELEMENTS.sub(r"\1", _COUNTED.sub("\t}", listing))
    listing = _FILLED.sub(r"\1", listing)
    listing = _PROTOCOL.sub(lambda found: found[1] + _PROTOCOL_NAMES[found[2]], listing)
    listing = _seen_last(listing)
    rest = _AFTER_OBJECTS.search(listing)
    end = rest.start() if rest else len(listing)
    found = list(_OBJECT.finditer(listing, 0, end))
    if not found:
        return listing
    objects = "\n\n".join(sorted(item[0].rstrip("\n") for item in found))
    after = "\n\n" + listing[end:] if rest else "\n" + listing[found[-1].end() :]
    return listing[: found[0].start()] + objects + after


def _seen_last(listing: str) -> str:
    """A listing with the sets of what was seen before its first chain, by name."""
    seen = sorted(_SEEN_SET.findall(listing)) if SEEN in listing else []
    if not seen:
        return listing
    rest = _SEEN_SET.sub("", listing)
    first = _FIRST_CHAIN.search(rest)
    place = first.start() if first else rest.rindex("}")
    sets = "".join(block.rstrip("\n") + "\n\n" for block in seen)
    return rest[:place] + sets + rest[place:]


def rehearse(machine: Machine, text: str, listing: str = "-s") -> Ran:
    """Load `text` into a network namespace of its own, which vanishes with the command, and list our table there.

    `listing` is nft's option for the form: "-s" without counts, "-j" as JSON.

    No rule of this host is touched. Raises FirewallError when there can be no such namespace.
    """
    nft = machine.nft()
    unshare = machine.program("unshare", "install the package util-linux")
    script = f'"$0" -f - && if "$0" list table {TABLE} >/dev/null 2>&1; then "$0" {listing} list table {TABLE}; fi'
    inner = ["--net", "/bin/sh", "-c", script, nft]
    ran = machine.run([unshare, *inner], text)
    if ran.code != 0 and "unshare" in ran.err:
        # In a container without CAP_SYS_ADMIN a user namespace may still give a network namespace.
        ran = machine.run([unshare, "--user", "--map-root-user", *inner], text)
    if ran.code != 0 and "unshare" in ran.err:
        raise FirewallError(
            f"the rules cannot be rehearsed in a network namespace of their own ({ran.err.strip()}); "
            "in a container, grant it CAP_SYS_ADMIN"
        )
    return ran


def check(machine: Machine, text: str, what: str) -> None:
    """Let nft check `text` against this host's own kernel and rules. Raises FirewallError, naming `what`."""
    ran = machine.run([machine.nft(), "-c", "-f", "-"], text)
    if ran.code != 0:
        raise FirewallError(f"nft refuses {what}, nothing was changed: {ran.err.strip()}")


def load(machine: Machine, text: str) -> None:
    """Load `text` in one kernel transaction. Raises FirewallError; then nothing has changed."""
    ran = machine.run([machine.nft(), "-f", "-"], text)
    if ran.code != 0:
        raise FirewallError(f"nft did not load the new rules, nothing was changed: {ran.err.strip()}")
