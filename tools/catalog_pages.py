# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue as pages: its index (catalog_index.py), and for each product a page and a drawing beside it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping

from tools.made import ROOT

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.ports import PortRange
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import Catalog
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.profile import (
    CLIENTS,
    EVERYONE,
    INTERNET,
    NAMED,
    Exchange,
    Profile,
    Setting,
)
from tools.catalog_drawing import drawing, duration
from tools.catalog_index import FOLDER, INDEX, PROFILES, index, short_ports
from tools.page_parts import HEADER, notice, table

WITH = {
    CLIENTS: "clients",
    EVERYONE: "clients; the Internet where the offer is public",
    INTERNET: "the Internet, where the offer is public",
    NAMED: "clients; no others of the Internet than the offer names",
}
#: Said of a server that takes IPv4 through its IPv6 sockets.
MAPPED_SERVER = (
    "Where its server has IPv6, it serves IPv4 through IPv6 sockets, which",
    "[not every system lets it do](../catalog.md#client-systems).",
)


def pages(catalog: Catalog) -> dict[str, str]:
    """Return path below docs/reference and text of every page and drawing."""
    made = {INDEX: index(catalog)}
    for name, profile in sorted(catalog.profiles.items()):
        made[f"{FOLDER}/{name}.md"] = product_page(profile, catalog)
        made[f"{FOLDER}/{name}.svg"] = drawing(profile)
    return made


def product_page(profile: Profile, catalog: Catalog) -> str:
    """Return a product's page."""
    system = catalog.systems[profile.client_system].title
    lines = [*HEADER, f"# {profile.title}", "", notice(PROFILES), ""]
    lines += [
        f"Service `{profile.name}`. Its clients run on {system} unless `faxnet_system` says otherwise.",
        *(MAPPED_SERVER if profile.mapped_ipv4 else ()),
        "",
        f"![{profile.title}: who starts talking to whom, as in the table below]({profile.name}.svg)",
        "",
    ]
    lines += ["## Exchanges", "", *_exchanges(profile)]
    lines += _section("Versions", _versions(profile))
    lines += _section("Where an offer is public", _public(profile))
    lines += _section("At firewalls and NAT", _advice(profile))
    lines += _section("Call-backs", _callbacks(profile))
    lines += _section("Finding the server", _broadcast(profile))
    lines += _section("Settings", _settings(profile))
    lines += ["", "## Environments of a client", "", *_environments(profile)]
    lines += _section("What a client's sheet says", _instructions(profile))
    lines += ["", "## Sources", "", *_sources(profile), "", "[All products](../catalog.md)"]
    return "\n".join(lines) + "\n"


def _section(title: str, body: Iterable[str]) -> list[str]:
    """A section with its heading, or nothing where there is nothing to say."""
    lines = list(body)
    return ["", f"## {title}", "", *lines] if lines else []


def _exchanges(profile: Profile) -> Iterator[str]:
    yield from table(
        ("Exchange", "Started by", "Ports", "Sender's ports", "On", "Passes between the server and", "Kept", "Purpose"),
        (
            (
                f"`{item.name}`<br>{item.title}",
                item.initiator,
                _ports(profile, item),
                _numbers(profile, item.source_setting, item.source_ports),
                _switch(item),
                WITH.get(item.parties, f"the addresses of `{item.parties}`") + _bounds(item),
                duration(item.idle) if item.idle else "",
                item.purpose,
            )
            for item in profile.exchanges
        ),
    )


def _ports(profile: Profile, item: Exchange) -> str:
    if item.is_callback:
        return f"{item.transport}, the port that the client reported"
    if item.to_any_port:
        return f"{item.transport}, any port that the receiver chose"
    return f"{item.transport} {_numbers(profile, item.setting, item.ports)}"


def _numbers(profile: Profile, setting: str | None, ports: PortRange | None) -> str:
    if setting is None:
        return ports.text if ports else ""
    default = profile.settings[setting].default
    return f"{default.text} (`{setting}`)" if isinstance(default, PortRange) else f"`{setting}`"


def _versions(profile: Profile) -> Iterator[str]:
    if not profile.versions:
        return
    yield from (f"An offer that says nothing means the first, `version: {profile.present_version}`.", "")
    rows = []
    for name, title in profile.versions.items():
        differing = [item for item in profile.exchanges_of(name) if item.versions and not item.part_of]
        words = (f"`{item.name}`{'' if item.default_of(name) else ' (where named)'}" for item in differing)
        rows.append((f"`{name}`", title, ", ".join(words)))
    yield from table(("Version", "What it is", "Has, and not every version does"), rows)


def _public(profile: Profile) -> Iterator[str]:
    """What ``public: true`` opens, of what runs."""
    opened = [item for item in profile.exchanges if item.with_internet and item.initiator == "client"]
    kept = [item for item in profile.exchanges if item.with_clients and not item.with_internet]
    if opened:
        yield "`public: true` opens to every address of the Internet, of what the server runs:"
        yield f"{', '.join(f'{item.transport} {short_ports(profile, item)} (`{item.name}`)' for item in opened)}."
        kept = [item for item in kept if item.initiator == "client" and not item.part_of]
        if kept:
            yield f"It does not open {', '.join(f'`{item.name}`' for item in kept)}: those stay for clients."
    elif any(item.with_named for item in kept):
        yield "Nothing here is for every address of the Internet: `public: true` is refused (FXN215). Name those who"
        yield "administrate as hosts of the inventory."


def _switch(item: Exchange) -> str:
    if item.part_of:
        return f"with `{item.part_of}`"
    if item.versions:
        on = " and ".join(f"`{version}`" for version, default in item.versions if default)
        named = " and ".join(f"`{version}`" for version, default in item.versions if not default)
        words = [f"in version {on}" if on else "", f"in version {named} where an offer names it" if named else ""]
        return "; ".join(filter(None, words))
    if not item.default:
        return "where an offer names it"
    return "yes, may be switched off" if item.optional else "yes"


def _bounds(item: Exchange) -> str:
    bounds = []
    if item.one_network:
        bounds.append("in one network only")
    if item.untranslated:
        bounds.append("only where no NAT stands before the client")
    if item.rides_on:
        bounds.append(f"through a NAT only by the opening of `{item.rides_on}`")
    if item.helper:
        bounds.append(f"with the connection-tracking helper `{item.helper}`")
    return f" ({'; '.join(bounds)})" if bounds else ""


def _advice(profile: Profile) -> Iterator[str]:
    for item in profile.exchanges:
        if item.advice:
            yield f"- **{item.title}**: {code(item.advice)}"


def _callbacks(profile: Profile) -> Iterator[str]:
    rules = profile.callback
    if rules is None:
        return
    yield f"**{rules.title}**: every client gets a range of {rules.size} ports, at least {rules.smallest}, in"
    yield f"{rules.pool.text}. The product takes {rules.bounds.text}. In fixed mode a client has one port,"
    yield f"{rules.fixed_port} unless the inventory says otherwise."


def _broadcast(profile: Profile) -> Iterator[str]:
    if profile.broadcast is not None:
        yield f"**{profile.broadcast.title}** by broadcast. In the server's network a client's sheet says:"
        yield from ("", f"> {code(profile.broadcast.near)}", "", "In another network:", "")
        yield f"> {code(profile.broadcast.far)}"


def _settings(profile: Profile) -> Iterator[str]:
    if profile.settings:
        kinds = {"port": "a port", "ports": "a range of ports", "addresses": "a list of IP addresses"}
        yield from table(
            ("Setting of an offer", "What it is", "Holds", "Default", "Well-known ports"),
            (
                (
                    f"`{setting.name}`",
                    setting.title,
                    kinds[setting.kind] + _whose(setting),
                    _default(setting),
                    "may be chosen" if setting.well_known else "are refused" if setting.kind != "addresses" else "",
                )
                for setting in profile.settings.values()
            ),
        )


def _whose(setting: Setting) -> str:
    """What else is to be said of the ports that a setting holds."""
    if setting.of_client:
        return "; the client's own, which a use may say"
    return "; free ones are taken from it" if setting.picks_free else ""


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "none: the offer says it"
    if isinstance(setting.default, PortRange):
        return setting.default.text
    return ", ".join(address.text for address in setting.default) or "empty"


def _environments(profile: Profile) -> Iterator[str]:
    yield from table(
        ("Environment", "What it is", "Several clients on one address", "Call-back modes"),
        (
            (
                f"`{item.name}`",
                item.title,
                "yes" if item.many else "no",
                ", ".join(item.modes) if profile.callback is not None else "",
            )
            for item in profile.environments.values()
        ),
    )


def _instructions(profile: Profile) -> Iterator[str]:
    for number, (line, exchange) in enumerate(profile.instructions, 1):
        yield f"{number}. {code(line)}" + (f" (where `{exchange}` is used)" if exchange else "")
    modes = [f"- `{{mode_instruction}}`, {mode}: {code(line)}" for mode, line in profile.mode_instructions.items()]
    if modes:
        yield from ("", *modes)


def code(line: str) -> str:
    """A line for people with its values in braces, and words with backslashes, kept as they are."""
    return re.sub(r"([^\s(]*\\[^\s,.;]+|\{\w+\})", r"`\1`", line)


def _sources(profile: Profile) -> Iterator[str]:
    for source in profile.sources:
        yield f"- {_source(source)}"


def _source(source: Mapping[str, str]) -> str:
    document = f"[{source['document']}]({source['url']})" if "url" in source else source["document"]
    told = [f"shows: {source['covers']}"] if "covers" in source else []
    trust = [f"**{source['confidence']}**"] if "confidence" in source else []
    return "; ".join([document, *told, *trust])
