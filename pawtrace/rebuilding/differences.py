"""What a run changed, as rows of `dvc metrics diff` and `dvc params diff`."""

import json
from typing import Any, Literal

from pawtrace.running.dvc import Say, ask_dvc
from pawtrace.running.git import git

Row = dict[str, str]


def differences(what: Literal["metrics", "params"], say: Say) -> list[Row]:
    """A row for each value that changed: file, name, old, new, and the change of a number.

    Metrics are compared with those of the last commit, params with those of the last results that were
    committed: a run wants its params committed before it starts.
    """
    since = git("log", "-1", "--format=%H", "--", "dvc.lock") if what == "params" else ""
    ended = ask_dvc(what, "diff", "--json", *filter(None, [since]))
    found = next((line for line in reversed(ended.lines) if line.startswith("{")), None)
    if ended.code != 0 or found is None:
        say(f"dvc {what} diff: expected a difference, found: {ended.last_words}")
        return []
    content: dict[str, dict[str, Any]] = json.loads(found)
    return [
        {
            "file": file,
            "name": name,
            "before": _said(values.get("old")),
            "now": _said(values.get("new")),
            "change": _said(values.get("diff"), "+.5g"),
        }
        for file, names in content.items()
        for name, values in names.items()
    ]


def _said(value: Any, form: str = ".5g") -> str:
    return format(value, form) if isinstance(value, float) else "" if value is None else str(value)
