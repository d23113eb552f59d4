"""Check all files that DVC keeps for damage: hashes records, models and metrics anew. Repairs nothing.

Exits with 1 where something is damaged or missing.
"""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`pawtrace verify` takes none."""


def run(arguments: argparse.Namespace) -> int:
    """Print what is damaged, with the command that mends it."""
    del arguments
    from pawtrace.lineage.trace.verify import verify

    damages = verify(lambda line: print(line, file=sys.stderr))
    for damage in damages:
        print(f"{damage.path}: {damage.found}; run: {damage.repair}")
    print(f"verify: {len(damages)} damaged or missing" if damages else "verify: all as it was")
    return 1 if damages else 0
