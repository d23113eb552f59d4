"""params.yaml stays as it is while a stage runs: DVC reads it again afterwards, and records that.

An edit meanwhile would be recorded as what the stage ran with, and never be run.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pawtrace.base.errors import ParamsError
from pawtrace.base.yaml_files import parse_yaml, read_yaml
from pawtrace.config import paths

_PIPELINE = Path("dvc.yaml")


@contextlib.contextmanager
def params_unchanged(stage: str) -> Iterator[None]:
    """Require that nobody edits what a stage watches of params.yaml while the block runs.

    Raises:
      ParamsError: it was edited; as the stage fails, DVC records nothing.
    """
    before = _content()
    yield
    after = _content()
    if before == after:
        return
    old, new = _parsed(before), _parsed(after)
    edited = [key for key in _watched(stage) if _value(old, key) != _value(new, key)]
    if edited:
        raise ParamsError(
            f"{paths.PARAMS}: {', '.join(edited)}: edited during the stage, which used the old value; "
            "run: dvc repro"
        )


def _content() -> bytes:
    return paths.PARAMS.read_bytes() if paths.PARAMS.exists() else b""


def _parsed(content: bytes) -> Any:
    try:
        return parse_yaml(content)
    except ValueError:  # half an edit: it differs, whatever it will be
        return None


def _watched(stage: str) -> list[str]:
    """The keys of params.yaml that dvc.yaml names for a stage."""
    if not _PIPELINE.exists():
        return []
    entry = read_yaml(_PIPELINE)["stages"].get(stage.partition("@")[0], {})
    return [str(key) for key in entry.get("do", entry).get("params", [])]


def _value(content: Any, key: str) -> Any:
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content
