"""Switch params.yaml to a profile; without a name, list the profiles.

Your edits of data.* stay if the profile has the same data.source. If params.yaml has other uncommitted
edits, a copy is saved beside it first.
"""

import argparse

from pawtrace.config import paths
from pawtrace.running.lock import project_held_by_us
from pawtrace.setup.profiles import listing, switch_to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The name of a profile."""
    parser.add_argument("name", nargs="?", help="switch to this profile; default: list the profiles")


def run(arguments: argparse.Namespace) -> int:
    """Switch and print what changed, or list."""
    if arguments.name is None:
        print(*listing(), sep="\n")
        return 0
    with project_held_by_us():
        switch = switch_to(arguments.name)
    changed = "what changed:" if switch.changes else "nothing changed"
    print(f"{paths.PARAMS} now holds the profile {arguments.name}; {changed}")
    print(*switch.changes, *switch.notes, sep="\n")
    return 0
