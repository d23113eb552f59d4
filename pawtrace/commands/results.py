"""List the recipes that were measured: test accuracy, its 95 % interval, gap, verdict.

The gap is train minus validation accuracy, in percentage points: a large gap means overfitting. The verdicts
come from the last report. The command only reads reports/.
"""

import argparse
import sys

from pawtrace.config.params import load_params


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The format."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print JSON; accuracies are 0..1")
    formats.add_argument("--csv", action="store_true", help="print CSV; accuracies are 0..1")


def run(arguments: argparse.Namespace) -> int:
    """Print the list."""
    from pawtrace.results.standings import as_csv, as_json, as_table, read_standings

    recipes = list(load_params().recipes)
    standings = read_standings(recipes)
    write = as_json if arguments.json else as_csv if arguments.csv else as_table
    print(write(standings), end="", flush=True)
    missing = set(recipes) - {standing.recipe for standing in standings}
    if missing:
        names = ", ".join(name for name in recipes if name in missing)
        print(f"pawtrace results: not measured yet: {names}; run: make repro", file=sys.stderr)
    return 0
