"""Go back to the model that was promoted before the present one."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""
    del parser


def run(arguments: argparse.Namespace) -> int:
    """Roll back, and say from what to what."""
    del arguments
    from pawtrace.config import paths
    from pawtrace.promotion.promote import rollback
    from pawtrace.promotion.tracking import POINTER

    withdrawn, restored = rollback()
    print(
        f"went back from {withdrawn.recipe} (promoted {withdrawn.promoted_at}) "
        f"to {restored.recipe} (promoted {restored.promoted_at})"
    )
    print(f"to keep it in git, run: git add {POINTER} {paths.PROMOTED} && git commit -m 'Rollback'")
    return 0
