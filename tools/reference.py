# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pages that are made from the engine's own tables: docs/reference/findings.md, catalog.md and catalog/.

`python -m tools.reference` writes them, `python -m tools.reference --check` says which are stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import KINDS, Severity  # noqa: E402
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog  # noqa: E402
from tools import catalog_pages  # noqa: E402
from tools.catalog_pages import HEADER, notice  # noqa: E402

DIRECTORY = Path("docs/reference")

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
    lines = [*HEADER, "# Findings", "", notice("plugins/plugin_utils/basics/findings.py"), ""]
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


def pages() -> dict[str, str]:
    """Return path below docs/reference and text of everything that is made."""
    return {"findings.md": findings_page(), **catalog_pages.pages(builtin_catalog())}


def stale(directory: Path = ROOT / DIRECTORY) -> list[str]:
    """Return the pages that are not what is made today, and those that nothing makes any more."""
    made = pages()
    wrong = [
        name
        for name, text in made.items()
        if not (directory / name).exists() or (directory / name).read_text(encoding="utf-8") != text
    ]
    left = (path.relative_to(directory).as_posix() for path in (directory / catalog_pages.FOLDER).glob("*"))
    return [(DIRECTORY / name).as_posix() for name in [*wrong, *sorted(name for name in left if name not in made)]]


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; returns the exit status."""
    if arguments == ["--check"]:
        wrong = stale()
        for stale_path in wrong:
            print(f"{stale_path} is stale: run `python -m tools.reference` and commit it")
        return 1 if wrong else 0
    if arguments:
        print("usage: python -m tools.reference [--check]", file=sys.stderr)
        return 2
    made = pages()
    for old in (ROOT / DIRECTORY / catalog_pages.FOLDER).glob("*"):
        if old.relative_to(ROOT / DIRECTORY).as_posix() not in made:
            old.unlink()
    for name, text in made.items():
        path = ROOT / DIRECTORY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print((DIRECTORY / name).as_posix())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
