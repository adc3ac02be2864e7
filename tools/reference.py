# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pages that are made from the engine's own tables: docs/reference/findings.md, catalog.md and catalog/.

`make docs` writes them.
"""

from __future__ import annotations

import re
import sys

from tools.made import ROOT, Generator

sys.path.insert(0, str(ROOT / ".build" / "collections"))

from ansible_collections.faxnet.deploy.plugins.plugin_utils.basics.findings import KINDS, Severity
from ansible_collections.faxnet.deploy.plugins.plugin_utils.catalog.catalog import builtin_catalog
from tools import catalog_pages, finding_words
from tools.catalog_index import FOLDER
from tools.page_parts import HEADER, notice

DIRECTORY = "docs/reference"

GROUPS = {
    "1": "Sites, hosts, addresses",
    "2": "Services, offers, uses",
    "3": "Call-back ports",
    "4": "Paths",
    "5": "Platforms",
    "6": "Verification",
    "7": "Approval",
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
        "the cure, and the line where the variable stands; its code keeps its meaning for good. Hosts with one mistake",
        "share a finding.",
        "",
    ]
    lines += [f"- **{severity.value}** {meaning}." for severity, meaning in MEANING.items()]
    lines += [
        "",
        "Below the tables each code has a section of its own: what a finding of it says, with \u2026 where something",
        "is filled in, the cure that it names, and a whole one for an example.",
    ]
    for digit, title in GROUPS.items():
        lines += ["", f"## {title}", "", "| Code | Severity | Finding |", "| --- | --- | --- |"]
        kinds = (kind for code, kind in sorted(KINDS.items()) if code[3] == digit)
        lines += [f"| {_link(kind.code)} | {kind.severity.value} | {kind.title} |" for kind in kinds]
    lines += ["", "## Each code"]
    words, shown = finding_words.said(ROOT), finding_words.examples(ROOT)
    for code, kind in sorted(KINDS.items()):
        lines += ["", f"### {code}", "", f"{kind.title} ({kind.severity.value})."]
        if code in words:
            lines += ["", "| What it says | Cure |", "| --- | --- |"]
            lines += [f"| {_cell(message)} | {_cell(cure)} |" for message, cure in words[code]]
        if code in shown:
            lines += ["", "```text", *(line.rstrip() for line in shown[code].splitlines()), "```"]
    return "\n".join(lines) + "\n"


def _link(code: str) -> str:
    return f"[{code}](#{code.lower()})"


def _cell(words: str) -> str:
    """Text as it is, whatever Markdown would make of its signs."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(words.split()))


def pages() -> dict[str, str]:
    """Return path below docs/reference and text of everything that is made."""
    return {"findings.md": findings_page(), **catalog_pages.pages(builtin_catalog())}


def _pages() -> dict[str, str]:
    return {f"{DIRECTORY}/{name}": text for name, text in pages().items()}


GENERATOR = Generator(_pages, owned=(f"{DIRECTORY}/{FOLDER}/*",))
