#!/bin/sh
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host whose owner keeps iptables with netfilter-persistent.
set -e
for family in iptables ip6tables; do
  $family -A INPUT -i lo -j ACCEPT
  $family -A INPUT -m conntrack --ctstate INVALID -j DROP
  $family -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  $family -A INPUT -p tcp --dport 22 -m comment --comment "\$(reboot) \`id\` \"quoted\"" -j ACCEPT
  $family -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
  $family -P FORWARD DROP
done
ip6tables -A INPUT -p ipv6-icmp -j ACCEPT
iptables -t nat -A POSTROUTING -s 172.30.0.0/16 -o lo -j MASQUERADE
iptables -P INPUT DROP
ip6tables -P INPUT DROP
netfilter-persistent save >/dev/null 2>&1
systemctl enable --quiet --now netfilter-persistent.service
