# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the benchmark and writes its page.

Ways to run it::

    make bench                              everything, into docs/bench.md and docs/bench/
    make bench QUICK=1                      small sizes, about a minute, into .build/bench/: only to see that it works
    make bench ARGS='--only connecting'     one part; the others keep their last results
    make bench ARGS='--without rehearsing'  all but one
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    applying,
    connecting,
    estates,
    planning,
    playing,
    reading,
    rehearsing,
    rendering,
    sheets,
    verifying,
)
from tests.bench.machine import busy, machine_line
from tests.bench.measure import BenchError, Part
from tests.bench.page import Result, read_results, save, write_page
from tests.bench.scale import FULL, QUICK, Scale

ROOT = Path(__file__).resolve().parents[2]
PARTS: dict[str, Callable[[Scale], Part]] = {
    "planning": planning.measure,
    "estates": estates.measure,
    "playing": playing.measure,
    "reading": reading.measure,
    "rendering": rendering.measure,
    "applying": applying.measure,
    "connecting": connecting.measure,
    "sheets": sheets.measure,
    "verifying": verifying.measure,
    "rehearsing": rehearsing.measure,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    parser.add_argument("--without", action="append", choices=PARTS, default=[], help="all but this; may be repeated")
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK", "0") not in ("", "0"))
    parser.add_argument("--output", type=Path, help="folder of bench.md; by default docs, or .build/bench when quick")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, save each part as it ends, write the page; 1 where a part could not be measured."""
    options = _parser().parse_args(arguments)
    output = options.output or (ROOT / ".build" / "bench" if options.quick else ROOT / "docs")
    scale = QUICK if options.quick else FULL
    failed = False
    for key in [key for key in options.only or PARTS if key not in options.without]:
        load = busy()
        print(f"bench: {key} ...", flush=True)
        try:
            part = PARTS[key](scale)
        except BenchError as problem:
            failed = True
            print(f"bench: {key} could not be measured: {problem}", file=sys.stderr, flush=True)
            continue
        for goal in part.goals:
            figure = goal.figure
            sign = "at least" if goal.at_least else "at most"
            print(f"bench: {figure.name}: {figure.median:.3g} {figure.unit} (aim: {sign} {goal.aim:g})", flush=True)
        save(Result(part, machine_line(), f"{datetime.now(UTC):%Y-%m-%d}", load), output / "bench")
    results = read_results(output / "bench", PARTS)
    if results:
        write_page(results, output / "bench.md", output / "bench")
        print(f"bench: {output / 'bench.md'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
