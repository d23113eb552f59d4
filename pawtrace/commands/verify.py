"""Check all files that DVC tracks for changes or corruption, by hashing them again. Repairs nothing.

The exit code is 1 if a file is damaged or missing.
"""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Print what is damaged, with the command that mends it."""
    del arguments
    from pawtrace.lineage.trace.verify import verify

    damages = verify(lambda line: print(line, file=sys.stderr))
    for damage in damages:
        print(f"{damage.path}: {damage.found}; run: {damage.repair}")
    if damages:
        count = "1 file is" if len(damages) == 1 else f"{len(damages)} files are"
        print(f"verify: {count} damaged or missing; after a git merge, try dvc checkout first")
    else:
        print("verify: all files are intact")
    return 1 if damages else 0
