"""What of the pipeline's results git does not have yet, as the commands that commit it.

A recipe's first metrics are files that git does not track: `git commit -am` would leave them out.
Run: python -m pawtrace.running.to_commit   (make repro does, at its end)
"""

import shlex

from pawtrace.running.entry_point import errors_in_one_line
from pawtrace.running.git import git

_RESULTS = (
    "params.yaml",
    "dvc.lock",
    "reports",
    "models/.gitignore",
    "data/.gitignore",
    "data/review.csv",
    "promoted.dvc",
    ".gitignore",
)


def commands() -> list[str]:
    """The commands that commit what has changed; none where nothing has.

    Raises:
      GitError: this is no git repository.
    """
    changed = [path for path in _RESULTS if git("status", "--porcelain", "--", path)]
    if not changed:
        return []
    return [shlex.join(["git", "add", "--all", *changed]), "git commit -m 'Results of make repro'"]


def main() -> None:
    """Print the commands."""
    if found := commands():
        print("To keep these results in git, run:", *found, sep="\n  ")


if __name__ == "__main__":
    with errors_in_one_line("repro", again="make repro"):
        main()
