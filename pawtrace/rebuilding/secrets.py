"""Refuse values in params.yaml that look like secrets: the file is committed, and reports show its values.

A message names the key and the kind of secret, never the value.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pawtrace.base.errors import ParamsError
from pawtrace.base.yaml_files import read_yaml
from pawtrace.config.paths import PARAMS

_KINDS = {
    "a URL with a password": r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "an AWS key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{20,}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a web token": r"\beyJ[\w-]{8,}\.[\w-]{8,}\.",
    "an API key": r"\bsk-[A-Za-z0-9_-]{20,}",
}
_NAMES = re.compile(r"(^|_)(password|passwd|secret|token|api_?key|access_?key|credentials?)$", re.IGNORECASE)


def refuse_secrets(path: Path = PARAMS) -> None:
    """Look for secrets before anything else reads or quotes the file.

    Raises:
      ParamsError: a value looks like a secret.
    """
    try:
        content = read_yaml(path)
    except (OSError, ValueError):  # reading the params will say what is wrong
        return
    for key, value in _values(content, ()):
        if kind := _kind(key[-1] if key else "", value):
            raise ParamsError(
                f"{path}: {'.'.join(key)}: expected no secret, found {kind}; git tracks this file, so move "
                "the secret to .dvc/config.local or an environment variable, and have a new one issued"
            )


def _kind(name: str, value: str) -> str | None:
    for kind, pattern in _KINDS.items():
        if re.search(pattern, value):
            return kind
    return "a value under that name" if value and _NAMES.search(name) else None


def _values(content: Any, key: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(content, Mapping):
        for name, value in content.items():
            yield from _values(value, (*key, str(name)))
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for number, value in enumerate(content):
            yield from _values(value, (*key, str(number)))
    elif content is not None:
        yield key, str(content)
