# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of Windows for tests: written by hand, and random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange, merge_ranges
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule import (
    Rule,
    Span,
    named_profiles,
    united,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.platforms.windows.rule_text import read_rule


def text(*fields: str, action: str = "Allow", direction: str = "In", version: str = "v2.33") -> str:
    """A rule's text as a Windows of today writes it."""
    head = (version, f"Action={action}", "Active=TRUE", f"Dir={direction}")
    return "".join(f"{field}|" for field in (*head, *fields))


def rule(*fields: str, name: str = "foreign", **head: str) -> Rule:
    """The same, read."""
    return read_rule(name, text(*fields, **head))


_SPANS = st.one_of(
    st.tuples(st.just(4), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 3, 255, 2**24 - 1])),
    st.tuples(st.just(6), st.integers(0, 2**128 - 1), st.sampled_from([0, 1, 255, 2**64 - 1])),
).map(lambda item: Span(item[0], item[1], min(item[1] + item[2], 2 ** (32 if item[0] == 4 else 128) - 1)))
_PORTS = st.tuples(st.integers(0, 65535), st.integers(0, 200)).map(
    lambda item: PortRange(item[0], min(sum(item), 65535))
)
WORDS = st.text(st.characters(blacklist_categories=["C", "Z"], blacklist_characters="|"), min_size=1, max_size=12)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule that can be written, in its canonical form."""
    protocol = draw(st.sampled_from([None, 6, 17, 1, 58, 50]))
    ported = protocol in (6, 17)
    kinds = st.lists(st.sampled_from(["8:*", "3:4", "128:*", "0:0"]), max_size=2, unique=True)
    parts: dict[str, Any] = {}
    for side in ("local", "remote"):
        parts[f"{side}_ports"] = merge_ranges(draw(st.lists(_PORTS, max_size=3))) if ported else ()
        words = st.lists(st.sampled_from(["RPC", "RPC-EPMap", "Teredo"]), max_size=2, unique=True)
        parts[f"{side}_keywords"] = tuple(sorted(draw(words))) if ported else ()
        parts[f"{side}_addresses"] = united(draw(st.lists(_SPANS, max_size=3)))
    return Rule(
        name="x",
        display_name=draw(WORDS),
        description=draw(st.one_of(st.just(""), WORDS)),
        group=draw(st.sampled_from(["", "faxnet.deploy", "@FirewallAPI.dll,-25000"])),
        direction=draw(st.sampled_from(["in", "out"])),
        action=draw(st.sampled_from(["allow", "block", "bypass"])),
        enabled=draw(st.booleans()),
        protocol=protocol,
        profiles=named_profiles(draw(st.lists(st.sampled_from(["domain", "private", "public"]), max_size=3))),
        icmp=tuple(sorted(draw(kinds))) if protocol in (1, 58) else (),
        remote_words=tuple(
            sorted(
                draw(
                    st.lists(
                        st.sampled_from(["RA4=LocalSubnet", "RA6=DNS", "RA42=Ply2Renders"]), max_size=2, unique=True
                    )
                )
            )
        ),
        program=draw(
            st.sampled_from(["", "%SystemRoot%\\system32\\svchost.exe", "C:\\Program Files (x86)\\f a x.exe"])
        ),
        service=draw(st.sampled_from(["", "Fax", "*"])),
        edge=draw(st.booleans()),
        other=tuple(
            draw(
                st.lists(
                    st.sampled_from([("IFType", "Wireless"), ("LUAuth", "O:LSD:(D;;CC;;;S-1-2-1)")]),
                    max_size=2,
                    unique=True,
                )
            )
        ),
        **parts,
    )
