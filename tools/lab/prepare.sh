#!/bin/sh
# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Turns a root folder with the packages installed into a lab image: runs inside it, at the end of either way of building.
set -eu
# No name server can be reached from the lab: a server's address left here costs 5 s with every look-up.
: > /etc/resolv.conf
# Each container is a machine of its own.
: > /etc/machine-id
rm -f /etc/ssh/ssh_host_*
# What has no meaning in a container, or would wake up and disturb a measurement.
systemctl mask --quiet \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer exim4.service \
    getty@tty1.service console-getty.service systemd-pstore.service systemd-networkd-wait-online.service \
    dev-hugepages.mount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount \
    sys-kernel-tracing.mount systemd-udevd.service systemd-resolved.service \
    systemd-ask-password-wall.path systemd-ask-password-console.path
# The lab starts it when it is asked for, with a key of its own (tools/lab/ssh.py).
systemctl disable --quiet ssh.service ssh.socket 2>/dev/null || systemctl disable --quiet ssh.service
systemctl set-default --quiet multi-user.target
systemctl enable --quiet faxnet-lab-network.service
rm -rf "$0" /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
