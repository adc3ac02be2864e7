#!/bin/sh
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host whose owner keeps firewalld.
set -e
systemctl enable --quiet --now firewalld.service
firewall-cmd --quiet --permanent --add-rich-rule 'rule family="ipv4" source address="192.0.2.66" drop'
firewall-cmd --quiet --permanent --add-port 2222/tcp
firewall-cmd --quiet --reload
