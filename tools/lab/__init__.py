# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rehearsal network of podman containers, made from an ordinary faxnet inventory.

``python -m tools.lab up --inventory inventories/two_offices`` reads the sites, gateways and addresses that the
inventory names and builds them: one network a site, one systemd container a host, one router container a gateway,
and one more container, the Internet between them. See docs/guides/lab.md.
"""
