# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft lists is what a roll-back loads again, so it has to be text that nft reads."""

from __future__ import annotations

import subprocess

from ansible_collections.faxnet.deploy.plugins.module_utils._firewall.machine import in_order

TABLE = """\
table inet faxnet {
    ct timeout faxnet_idle_udp {
        protocol udp
        l3proto inet
        policy = { unreplied : 600, replied : 600 }
    }

    ct timeout faxnet_idle_tcp {
        protocol tcp
        l3proto inet
        policy = { established : 600 }
    }

    chain faxnet_input {
        type filter hook input priority filter; policy accept;
        meta l4proto 17 udp dport 4644 ct timeout set "faxnet_idle_udp" accept
    }
}
""".replace("    ", "\t")


def test_a_protocol_that_is_listed_by_number_gets_its_name_back() -> None:
    numbers = TABLE.replace("protocol udp", "protocol 17").replace("protocol tcp", "protocol 6")
    assert in_order(numbers) == in_order(TABLE)
    assert "meta l4proto 17" in in_order(numbers)


def test_nft_reads_back_what_it_lists_on_a_host_without_a_list_of_protocols() -> None:
    hidden = "mount --bind /dev/null /etc/protocols; nft -f - && nft -s list table inet faxnet"
    listed = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", hidden], input=TABLE, capture_output=True, text=True, check=True
    )
    again = subprocess.run(
        ["unshare", "--net", "nft", "-f", "-"],
        input=in_order(listed.stdout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stderr) == (0, "")
