# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks are collapsed as Python's own library does it, which is slower."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.addresses import collapse, parse_prefix

#: A few bits of each IP version, so that networks meet: at both ends of all addresses, and whole.
_BITS = 5
_WIDTHS = {4: 32, 6: 128}


@st.composite
def networks(draw: st.DrawFn) -> str:
    """A network among a few neighbours."""
    version = draw(st.sampled_from([4, 6]))
    width = _WIDTHS[version]
    above = draw(st.sampled_from([0, width - _BITS]))
    length = above + draw(st.integers(0, _BITS))
    base = draw(st.sampled_from([0, (1 << width) - (1 << (width - above))]))
    first = base + (draw(st.integers(0, (1 << (length - above)) - 1)) << (width - length))
    address = ipaddress.IPv4Address(first) if version == 4 else ipaddress.IPv6Address(first)
    return f"{address}/{length}"


@given(st.lists(networks(), max_size=12))
def test_networks_collapse_as_pythons_own_do(texts: list[str]) -> None:
    four = ipaddress.collapse_addresses(ipaddress.IPv4Network(text) for text in texts if ":" not in text)
    six = ipaddress.collapse_addresses(ipaddress.IPv6Network(text) for text in texts if ":" in text)
    assert [item.text for item in collapse(map(parse_prefix, texts))] == [*map(str, four), *map(str, six)]
