# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that behaves on the network as CommuniGate Pro's guide says, in standard Python.

Written from the published guide (Network, Listeners, Resolver, PWD, CLI/API, Data Formats, NAT Traversal; 5.1 to 6.4)
and never run beside the product. What it does: the command line interface over PWD; network address lists in the
grammar of its version; settings that survive a restart; listeners that its settings name, which answer a probe,
C({"probe": TOKEN}); the far-end NAT detection of its SIP listeners, with the dummy packets that keep a client's opening
alive; the resolver's repeats, time-outs and dummy addresses; IPv6 on, off or found out.

Everything is in the base folder, in the product's data format. No port number is in this package: the settings bring
them. The names of the settings inside Network, DNRSettings and MediaServer are this emulator's own, for the product's
are not published. Run it with C(python3 -m tests.emulators.communigate --Base DIR), or bundle it as one program
(C(program.py)) and install that as /opt/CommuniGate/CGServer.
"""
