# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders permits with Aerleon; runs in .venv-bench, away from the project's own pins, and imports nothing of it.

    .venv-bench/bin/python tests/bench/aerleon_render.py permits.json

Prints one JSON object: the CPU seconds that rendering took when it was done once before, and how many rules came out.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from aerleon import api
from aerleon.lib.naming import Naming


def render(permits: list[dict[str, str]]) -> tuple[float, str]:
    """Return the CPU seconds and the text; definitions and terms are made within, as for any change of the network."""
    start = time.process_time()
    networks = {f"SOURCE_{number}": permit["source"] for number, permit in enumerate(permits)}
    networks["SERVER"] = permits[0]["destination"]
    services = {f"RANGE_{permit['ports'].replace('-', '_')}": permit["ports"] for permit in permits}
    definitions = Naming()
    definitions.ParseDefinitionsObject(
        {
            "networks": {name: {"values": [{"address": f"{address}/32"}]} for name, address in networks.items()},
            "services": {name: [{"protocol": "tcp", "port": ports}] for name, ports in services.items()},
        },
        "permits",
    )
    terms = [
        {
            "name": f"permit-{number}",
            "source-address": f"SOURCE_{number}",
            "destination-address": "SERVER",
            "destination-port": f"RANGE_{permit['ports'].replace('-', '_')}",
            "protocol": "tcp",
            "action": "accept",
        }
        for number, permit in enumerate(permits)
    ]
    policy = {"filename": "permits", "filters": [{"header": {"targets": {"nftables": "inet input"}}, "terms": terms}]}
    made = api.Generate([policy], definitions) or {}
    return time.process_time() - start, "".join(made.values())


if __name__ == "__main__":
    wanted = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    render(wanted)
    seconds, text = render(wanted)
    print(json.dumps({"seconds": seconds, "rules": text.count(" dport ")}))
