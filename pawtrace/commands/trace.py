"""Say why a metric moved: compare data, params, code, libraries and device of two revisions or recipes.

  pawtrace trace                      compare the last commit with the workspace
  pawtrace trace main my_experiment   compare commits, branches or DVC experiments
  pawtrace trace frozen_small frozen  compare two recipes of the workspace

The exit code is 1 if a metric moved for no recorded reason.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from pawtrace.base.errors import DataError
from pawtrace.lineage.trace.revisions import WORKSPACE, open_revision
from pawtrace.running.lock import run_in_progress

if TYPE_CHECKING:
    from pawtrace.lineage.trace.trace import Trace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two revisions or recipes, the format."""
    kinds = f"a git revision, a DVC experiment, `{WORKSPACE}` or a recipe"
    parser.add_argument("older", nargs="?", default="HEAD", metavar="A", help=f"{kinds}; default: HEAD")
    parser.add_argument(
        "newer", nargs="?", default=WORKSPACE, metavar="B", help=f"{kinds}; default: {WORKSPACE}"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the whole trace as JSON")
    form.add_argument("--md", action="store_true", help="print Markdown for a comment on a pull request")
    parser.add_argument(
        "--attribute",
        action="store_true",
        help="retrain the intermediate states, to measure the effect of params, data and code separately",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the trace."""
    try:
        return _print_trace(arguments)
    except DataError as error:  # a run writes dvc.lock anew: then nothing is damaged
        if (busy := run_in_progress()) is not None:
            raise DataError(
                f"a run is working in this project: {busy}; wait for it, then trace again"
            ) from error
        raise


def _print_trace(arguments: argparse.Namespace) -> int:
    from pawtrace.lineage.trace import trace_text
    from pawtrace.lineage.trace.between_recipes import are_recipes, trace_between_recipes

    names = arguments.older, arguments.newer
    if are_recipes(*names):
        if arguments.attribute:
            raise DataError("--attribute: expected two revisions, found two recipes")
        traced = trace_between_recipes(*names)
    else:
        traced = _trace_revisions(*names, attributed=arguments.attribute)
    if arguments.json:
        print(trace_text.as_json(traced))
    elif arguments.md:
        print(trace_text.as_markdown(traced))
    else:
        print(trace_text.as_text(traced))
    return 1 if traced.unexplained else 0


def _trace_revisions(older_name: str, newer_name: str, *, attributed: bool) -> "Trace":
    from pawtrace.lineage.trace.attribution import attribute
    from pawtrace.lineage.trace.trace import trace

    older, newer = open_revision(older_name), open_revision(newer_name)
    traced = trace(older, newer)
    if not attributed:
        return traced
    if traced.pending:
        raise DataError(
            f"{newer}: expected metrics of what it holds, found an edit after the last run: "
            f"{traced.pending[0]}; run: dvc repro"
        )
    explained = [recipe for recipe in traced.recipes if recipe.verdict == "explained"]
    shares = attribute(older, newer, explained, lambda line: print(line, file=sys.stderr, flush=True))
    return traced._replace(attributions=shares)
