"""What of the pipeline's results git does not have yet, as the commands that commit it.

A recipe's first metrics are files that git does not track: `git commit -am` would leave them out.
"""

import shlex

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
