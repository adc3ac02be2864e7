# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings tell where their variables stand, whatever a variable comes from; a plan does not depend on it."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.plays.network import Network

INI = """\
[sheffield]
uk-pc3 faxnet_address=10.9.0.3

[sheffield:vars]
faxnet_permits=[{"name": "web", "ports": 70000}]
"""


def _encrypted(network: Network) -> tuple[str, ...]:
    """Put a wrong address for uk-pc2 into a file that is encrypted as a whole; return how to open it."""
    (network.folder / "password").write_text("opens the vault\n", encoding="utf-8")
    vault = ("--vault-password-file", str(network.folder / "password"))
    network.write("# the address\nfaxnet_address: 10.9.0.2\n", "host_vars/uk-pc2.yml")
    file = str(network.folder / "host_vars" / "uk-pc2.yml")
    subprocess.run(["ansible-vault", "encrypt", *vault, file], check=True, capture_output=True)
    return vault


def test_a_variable_may_come_from_any_source(network: Network, two_offices: dict[str, Any]) -> None:
    network.write(two_offices)
    network.write(INI, "more.ini")
    for name in ("group_vars", "host_vars"):
        (network.folder / name).mkdir()
    network.write('---\nfaxnet_uses:\n  - service: netcfax\n    server: "{{ mistyped }}"\n', "group_vars/clients.yml")
    network.write("faxnet_offers:\n  - {service: netcfax,\n     primary_port: seven}\n", "host_vars/fl-fax.yml")
    vault = _encrypted(network)
    sources = ("hosts.yml", "more.ini")
    outcome = network.run("faxnet.deploy.plan", "--check", "-e", "faxnet_outbound=most", *vault, sources=sources)
    assert outcome.code != 0
    told = {
        (item["variable"], item["hosts"][0]): [place.removeprefix(f"{network.folder}/") for place in item["places"]]
        for item in outcome.plan["findings"]
        if item["severity"] == "error"
    }
    assert told == {
        ("faxnet_uses[0].server", "uk-pc1"): ["group_vars/clients.yml:4:5"],
        ("faxnet_offers[0].primary_port", "fl-fax"): ["host_vars/fl-fax.yml:3:6"],
        ("faxnet_address", "uk-pc2"): ["host_vars/uk-pc2.yml:2:17"],
        ("faxnet_address", "uk-pc3"): ["more.ini:2"],
        ("faxnet_permits[0].ports", "uk-pc1"): ["more.ini:5"],
        ("faxnet_outbound", "fl-fax"): ["<CLI option '-e'>"],
    }
    assert f"  place     {network.folder}/host_vars/fl-fax.yml:3:6\n" in outcome.text
    assert "  place     <CLI option '-e'>\n" in outcome.text


def test_remarks_of_a_sound_plan_have_places_and_the_plan_has_none(
    network: Network, two_offices: dict[str, Any]
) -> None:
    network.write(two_offices)
    (network.folder / "host_vars").mkdir()
    network.write(
        "faxnet_uses:\n  - {service: netcfax, server: fl-fax, callback: {low: 50000, high: 50099}}\n",
        "host_vars/uk-pc1.yml",
    )
    first = network.planned()
    (remark,) = [item for item in first.plan["findings"] if item["severity"] == "warning"]
    assert remark["places"] == [f"{network.folder}/host_vars/uk-pc1.yml:2:51"]
    assert f"({remark['places'][0]})" in "".join(first.text.split())
    # A line more above changes where it stands and nothing of what is planned.
    moved = (network.folder / "host_vars/uk-pc1.yml").read_text(encoding="utf-8")
    network.write(f"# ours\n{moved}", "host_vars/uk-pc1.yml")
    second = network.planned()
    (remark,) = [item for item in second.plan["findings"] if item["severity"] == "warning"]
    assert remark["places"] == [f"{network.folder}/host_vars/uk-pc1.yml:3:51"]
    assert second.plan["digest"] == first.plan["digest"]
    assert second.plan["changed"] is False
