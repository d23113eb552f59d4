"""Switch params.yaml to one of the whole params files in profiles/.

Run: python -m pawtrace.commands.profile <name>   (make repro PROFILE=<name> does)
"""

import sys

from pawtrace.base.errors import ParamsError
from pawtrace.base.files import write_text
from pawtrace.config import paths
from pawtrace.config.params import load_params
from pawtrace.lineage.trace.flat import flat
from pawtrace.running.entry_point import run_stage
from pawtrace.running.git import ask_git


def switch_to(name: str) -> list[str]:
    """Make params.yaml the profile's file, unless that would lose an edit.

    Returns:
      What changed, a line a key: `train.image_size_px: 48 -> 224`.
    Raises:
      ParamsError: there is no such profile, it is wrong, or params.yaml has uncommitted edits.
    """
    profiles = {path.stem: path for path in sorted(paths.PROFILES.glob("*.yaml"))}
    if name not in profiles:
        raise ParamsError(f"PROFILE={name}: no such profile; there are: {', '.join(profiles)}")
    new = profiles[name].read_text(encoding="utf-8")
    old = paths.PARAMS.read_text(encoding="utf-8")
    if new == old:
        return []
    # A params.yaml that is some profile to the letter holds nothing that could be lost.
    is_profile = any(path.read_text(encoding="utf-8") == old for path in profiles.values())
    if not is_profile and _has_uncommitted_edits():
        raise ParamsError(
            f"{paths.PARAMS} has uncommitted edits, which switching to {name} would lose; "
            f"run: git diff {paths.PARAMS}, then commit them or git checkout {paths.PARAMS}"
        )
    after = flat(load_params(profiles[name]).model_dump())
    before = flat(load_params().model_dump())
    write_text(paths.PARAMS, new)
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [f"{key}: {before.get(key, '(none)')} -> {after.get(key, '(none)')}" for key in keys]


def _has_uncommitted_edits() -> bool:
    return ask_git("status", "--porcelain", "--", str(paths.PARAMS)) != ""


def main() -> None:
    """Switch, and print what changed."""
    if len(sys.argv) != 2:
        raise ParamsError("expected the name of one profile; run: make help")
    changes = switch_to(sys.argv[1])
    print(
        "\n".join(
            [f"params.yaml is now profiles/{sys.argv[1]}.yaml; {len(changes)} values changed", *changes]
        )
    )


if __name__ == "__main__":
    run_stage(main, "profile")
