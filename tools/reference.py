# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pages that are made from the engine's own tables: docs/reference/findings.md and docs/reference/catalog.md.

`python -m tools.reference` writes them, `python -m tools.reference --check` says which are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog import (  # noqa: E402
    Catalog,
    Exchange,
    Profile,
    builtin_catalog,
)
from ansible_collections.faxnet.deploy.plugins.plugin_utils.findings import KINDS, Severity  # noqa: E402

DIRECTORY = Path("docs/reference")

# REUSE-IgnoreStart
HEADER = (
    "<!--",
    "Copyright (c) 2026, faxnet.deploy contributors",
    "GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
    "-->",
    "",
)
# REUSE-IgnoreEnd
GROUPS = {
    "1": "Sites, hosts, addresses",
    "2": "Services, offers, uses",
    "3": "Call-back ports",
    "4": "Paths",
    "5": "Platforms",
}
MEANING = {
    Severity.ERROR: "stops the run: no plan, no lock file and no host is changed",
    Severity.WARNING: "is shown, and the plan is made",
    Severity.ADVICE: "is shown when asked for, and the plan is made",
}


def findings_page() -> str:
    """Return the page of all codes, from findings.KINDS."""
    lines = [*HEADER, "# Findings", "", _notice("plugins/plugin_utils/findings.py"), ""]
    lines += [
        "A plan run tells everything that is wrong at once. Each finding names host, variable, value, the problem and",
        "the cure; its code keeps its meaning for good. Hosts with one mistake share a finding.",
        "",
    ]
    lines += [f"- **{severity.value}** {meaning}." for severity, meaning in MEANING.items()]
    for digit, title in GROUPS.items():
        lines += ["", f"## {title}", "", "| Code | Severity | Finding |", "| --- | --- | --- |"]
        kinds = (kind for code, kind in sorted(KINDS.items()) if code[3] == digit)
        lines += [f"| {kind.code} | {kind.severity.value} | {kind.title} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def catalog_page() -> str:
    """Return the page of products, client systems and well-known ports, from the catalogue."""
    catalog = builtin_catalog()
    lines = [*HEADER, "# Catalogue", "", _notice("plugins/plugin_utils/profiles/"), ""]
    for name in sorted(catalog.profiles):
        lines += [*_profile(catalog.profiles[name]), ""]
    lines += [*_systems(catalog), "", *_well_known(catalog)]
    return "\n".join(lines) + "\n"


def _notice(source: str) -> str:
    return f"Made by `python -m tools.reference` from `{source}`; `make test` fails when it is stale."


def _profile(profile: Profile) -> Iterator[str]:
    yield from (
        f"## {profile.title}",
        "",
        f"Service `{profile.name}`. Its clients run on `{profile.client_system}` unless",
    )
    yield from ("`faxnet_system` says otherwise.", "")
    yield from (
        "| Exchange | Started by | Transport | Destination ports | Purpose |",
        "| --- | --- | --- | --- | --- |",
    )
    for item in profile.exchanges:
        ports = _ports_of(profile, item)
        yield f"| `{item.name}` ({item.title}) | {item.initiator} | {item.transport} | {ports} | {item.purpose} |"
    if profile.callback is not None:
        rules = profile.callback
        yield from ("", f"**{rules.title}**: a range of {rules.size} ports, at least {rules.smallest}, chosen from")
        yield f"{rules.pool.text}; the product takes {rules.bounds.text}. Fixed mode: {rules.fixed_port} by default."
    yield from ("", "| Environment | Several clients on one address | Modes |", "| --- | --- | --- |")
    for environment in profile.environments.values():
        many = "yes" if environment.many else "no"
        yield f"| `{environment.name}`: {environment.title} | {many} | {', '.join(environment.modes)} |"
    yield from ("", "Sources:", "")
    for source in profile.sources:
        yield f"- {_source(source)}"


def _ports_of(profile: Profile, item: Exchange) -> str:
    if item.is_callback:
        return "those that the client reports"
    if item.setting is not None:
        return f"`{item.setting}`, {profile.settings[item.setting]} by default"
    return item.ports.text if item.ports is not None else ""


def _source(source: Any) -> str:
    parts = [source["document"], source.get("url", ""), source.get("covers", ""), source.get("confidence", "")]
    return "; ".join(part for part in parts if part)


def _systems(catalog: Catalog) -> Iterator[str]:
    yield from ("## Client systems", "", "What `faxnet_system` can be. No call-back range is placed on a system's own")
    yield from (
        "dynamic ports.",
        "",
        "| System | Title | Its own dynamic ports | Environments |",
        "| --- | --- | --- | --- |",
    )
    for system in catalog.systems.values():
        yield f"| `{system.name}` | {system.title} | {system.dynamic.text} | {', '.join(system.environments)} |"


def _well_known(catalog: Catalog) -> Iterator[str]:
    yield from (
        "## Well-known ports",
        "",
        f"Never chosen and never accepted, nor is any port below {catalog.reserved_below}.",
    )
    yield from ("", "| Port | Holder |", "| --- | --- |")
    yield from (f"| {port} | {holder} |" for port, holder in sorted(catalog.well_known.items()))


PAGES = {"findings.md": findings_page, "catalog.md": catalog_page}


def stale() -> list[str]:
    """Return the pages that are not what is made today."""
    paths = {DIRECTORY / name: page() for name, page in PAGES.items()}
    return [
        path.as_posix()
        for path, text in paths.items()
        if not (ROOT / path).exists() or (ROOT / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; returns the exit status."""
    if arguments == ["--check"]:
        wrong = stale()
        for path in wrong:
            print(f"{path} is stale: run `python -m tools.reference` and commit it")
        return 1 if wrong else 0
    if arguments:
        print("usage: python -m tools.reference [--check]", file=sys.stderr)
        return 2
    (ROOT / DIRECTORY).mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (ROOT / DIRECTORY / name).write_text(page(), encoding="utf-8")
        print((DIRECTORY / name).as_posix())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
