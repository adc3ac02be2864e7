#!/bin/sh
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A host whose owner keeps ufw, which Debian does not install beside iptables-persistent.
set -e
export DEBIAN_FRONTEND=noninteractive
dpkg --purge iptables-persistent netfilter-persistent >/dev/null 2>&1
dpkg --install /opt/ufw.deb >/dev/null
ufw allow 22/tcp comment "the \$(reboot) \`id\` way in" >/dev/null
ufw reject 7490/tcp >/dev/null
ufw --force enable >/dev/null
