# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/reference/catalog.md: all products in one table, how to read their pages, client systems, well-known ports."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tools.made import ROOT

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import Catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import Exchange, Profile
from tools.page_parts import HEADER, notice, table

INDEX = "catalog.md"
FOLDER = "catalog"
PROFILES = "plugins/plugin_utils/catalog/products/"
MAPPED = {
    "by_default": "yes",
    "by_setting": "when the administrator sets it",
    "on_request": "where a program asks for it",
    "never": "no",
}


def index(catalog: Catalog) -> str:
    """Return the page with all products, client systems and well-known ports."""
    lines = [*HEADER, "# Catalogue", "", notice(PROFILES), ""]
    lines += [
        "What each product does on the network, as data with its sources. A product that is not here, or that differs",
        "with you, is written down in `faxnet_services`: [how](../guides/catalog.md).",
        "",
    ]
    lines += table(
        ("Product", "Service", "Open at the server unless switched off", "The server starts", "No default"),
        (_row(profile) for profile in sorted(catalog.profiles.values(), key=lambda item: item.title.casefold())),
    )
    lines += ["", *_how_to_read(), "", *_systems(catalog), "", *_well_known(catalog)]
    return "\n".join(lines) + "\n"


def _row(profile: Profile) -> tuple[str, ...]:
    opened: dict[str, list[str]] = {}
    for item in profile.exchanges:
        if item.initiator == "client" and item.default and item.default_of(profile.present_version) is not None:
            ports = opened.setdefault(item.transport, [])
            if (numbers := short_ports(profile, item)) not in ports:
                ports.append(numbers)
    back = [_back(profile, item) for item in profile.exchanges if item.initiator == "server"]
    back += [f"what the helper {item.helper} lets through" for item in profile.exchanges if item.helper]
    unset = (f"`{name}`" for name, setting in profile.settings.items() if setting.default is None)
    return (
        f"[{profile.title}]({FOLDER}/{profile.name}.md)",
        f"`{profile.name}`",
        "; ".join(f"{transport} {', '.join(ports)}" for transport, ports in sorted(opened.items())),
        "; ".join(dict.fromkeys(back)) or "nothing",
        ", ".join(unset),
    )


def short_ports(profile: Profile, item: Exchange) -> str:
    """The ports of an exchange in few words: a setting's default, or its name where it has none."""
    if item.setting is None:
        return item.ports_word
    default = profile.settings[item.setting].default
    return default.text if isinstance(default, PortRange) else f"`{item.setting}`"


def _back(profile: Profile, item: Exchange) -> str:
    words = "reported port" if item.is_callback else "any port" if item.to_any_port else short_ports(profile, item)
    return f"{item.title} ({item.transport} {words}{'' if item.default else ', where an offer names it'})"


def _how_to_read() -> Iterator[str]:
    yield from (
        "## How to read a product's page",
        "",
        "An **exchange** is one class of packets with one starting side. The side that starts it needs nothing opened;",
        "the other side lets the port in, and a NAT before it forwards the port. Answers are part of the connection to",
        "every device that keeps state.",
        "",
        "- **Version**: where a product changed on the network, an offer whose server is not the present version says",
        "  `version`. An exchange that only some versions have is on, or can be named, in those.",
        "- **Where an offer names it**: it is off until the server's offer lists it under `exchanges`. A client uses",
        "  what its server runs, unless its use lists less.",
        "- **Passes between the server and**: clients are hosts of the inventory. The Internet takes part only where",
        "  an offer says `public: true`; an administration stays closed to it even then.",
        "- **Kept**: so long the devices on the way remember the connection although nothing passes. Elsewhere it is",
        "  each device's own time.",
        "- A setting without a default has none that a document tells: the offer says it before the exchange is used.",
    )


def _systems(catalog: Catalog) -> Iterator[str]:
    yield from ("## Client systems", "", "What `faxnet_system` can be. No call-back range is placed on a system's own")
    yield "dynamic ports, or on those that its own services hold. The last column tells whether an IPv6 socket of a"
    yield from ("server also serves IPv4.", "")
    yield from table(
        ("System", "Title", "Its own dynamic ports", "Held by its services", "Environments", "IPv4 on IPv6 sockets"),
        (
            (
                f"`{system.name}`",
                system.title,
                system.dynamic.text,
                ", ".join(item.text for item in system.reserved) or "",
                ", ".join(system.environments),
                MAPPED[system.mapped_ipv4],
            )
            for system in catalog.systems.values()
        ),
    )
    yield from (
        "",
        "How a client's call-back ports are kept from other programs, as its sheet says. For the other systems no",
    )
    yield from ("document was found that says how. `{ip}` is `ipv4` and `ipv6`, each where the client has it.", "")
    yield from (
        f"- {system.title}: {step.words}: `{step.line}`"
        for system in catalog.systems.values()
        for step in system.reserving
    )


def _well_known(catalog: Catalog) -> Iterator[str]:
    yield from (
        "## Well-known ports",
        "",
        f"Never chosen and never accepted, nor is any port below {catalog.reserved_below}, except for a setting that",
        "says `well_known: true`.",
        "",
    )
    rows = ((str(port), holder) for port, holder in sorted(catalog.well_known.items()))
    yield from table(("Port", "Holder"), rows)
