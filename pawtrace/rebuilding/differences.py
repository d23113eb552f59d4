"""What a run changed, as rows: `dvc metrics diff` and `dvc params diff` against the last commit."""

import json
from typing import Any, Literal

from pawtrace.running.dvc import Say, ask_dvc

Row = dict[str, str]


def differences(what: Literal["metrics", "params"], say: Say) -> list[Row]:
    """A row for each value that changed: file, name, old, new, and the change of a number."""
    ended = ask_dvc(what, "diff", "--json")
    found = next((line for line in reversed(ended.lines) if line.startswith("{")), None)
    if ended.code != 0 or found is None:
        say(f"dvc {what} diff: expected a difference, found: {ended.last_words}")
        return []
    content: dict[str, dict[str, Any]] = json.loads(found)
    return [
        {
            "file": file,
            "name": name,
            "HEAD": _said(values.get("old")),
            "now": _said(values.get("new")),
            "change": _said(values.get("diff"), "+.5g"),
        }
        for file, names in content.items()
        for name, values in names.items()
    ]


def _said(value: Any, form: str = ".5g") -> str:
    return format(value, form) if isinstance(value, float) else "" if value is None else str(value)
