"""Say which model is promoted, since when and why, and whether its files are intact."""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print the status; 1 if the model is missing or changed."""
    del arguments
    from pawtrace.promotion.status import promoted_status

    lines, problems = promoted_status()
    for line in lines:
        print(line)
    for problem in problems:
        print(f"pawtrace status: {problem}", file=sys.stderr)
    return 1 if problems else 0
