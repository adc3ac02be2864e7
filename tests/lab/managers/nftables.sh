#!/bin/sh
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host whose owner has a table of nftables of his own.
set -e
cat > /etc/nftables.conf <<'RULES'
#!/usr/sbin/nft -f

flush ruleset

define admins = { 10.79.0.0/24 }

table inet site {
	set banned {
		type ipv4_addr
		elements = { 192.0.2.66 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ip saddr @banned drop
		ct state vmap { established : accept, related : accept, invalid : drop }
		iif "lo" accept
		meta l4proto { icmp, ipv6-icmp } accept
		ip saddr $admins tcp dport 22 accept comment "$(reboot) `id` way in"
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
	}
}
RULES
systemctl enable --quiet --now nftables.service
