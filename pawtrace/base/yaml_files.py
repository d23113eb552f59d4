"""YAML 1.2, as DVC reads and writes it: `1e-4` is a number, and `no` is a word."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is not YAML in UTF-8; the message is one line.
    """
    return parse_yaml(path.read_bytes())


def parse_yaml(content: bytes) -> Any:
    """The content of YAML in UTF-8.

    Raises:
      ValueError: it is something else; the message is one line.
    """
    try:
        return YAML(typ="safe").load(content.decode("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def yaml_text(content: Any) -> str:
    """Write plain content as YAML, keys in their order."""
    text = io.StringIO()
    YAML().dump(content, text)
    return text.getvalue()
