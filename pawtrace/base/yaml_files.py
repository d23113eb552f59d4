"""YAML 1.2, as DVC reads and writes it: `1e-4` is a number, and `no` is a word.

Values only: no tags, no deep nesting, no aliases that multiply. A short file of aliases can stand for
more values than any memory holds, so the size is counted before anything is built.
"""

import codecs
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
)

from pawtrace.base.errors import in_one_line

_MAX_BYTES = 10_000_000
_MAX_DEPTH = 50
_MAX_VALUES = 50_000  # with each alias counted as all that it stands for
_MAX_CHARACTERS = 3_000  # of one value; a whole number of more digits cannot even be printed


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
      OSError: the file is missing or cannot be read.
      ValueError: it is not YAML in UTF-8, or exceeds the limits; the message is one line.
    """
    return parse_yaml(yaml_bytes(path))


def yaml_bytes(path: Path) -> bytes:
    """The bytes of a YAML file; of one that is too large, only as many as `parse_yaml` refuses.

    Raises:
      OSError: the file is missing or cannot be read.
    """
    with path.open("rb") as file:
        return file.read(_MAX_BYTES + 1)


def parse_yaml(content: bytes) -> Any:
    """The content of YAML in UTF-8.

    Raises:
      ValueError: it is something else, or exceeds the limits; the message is one line.
    """
    if len(content) > _MAX_BYTES:
        raise ValueError(f"more than {_MAX_BYTES:,} bytes")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"a byte in line {line} that is not UTF-8; save it as UTF-8") from None
    try:
        _require_small(text)
        return _yaml().load(text)
    except MarkedYAMLError as error:
        raise ValueError(_one_line(error)) from None
    except YAMLError as error:
        raise ValueError(in_one_line(str(error))) from None


def yaml_text(content: Any) -> str:
    """Write plain content as YAML, keys in their order."""
    text = io.StringIO()
    YAML().dump(content, text)
    return text.getvalue()


class _Constructor(SafeConstructor):
    """Says where a value is that looks like a date or a number and is none: 2026-13-45."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """See ruamel.yaml."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
            raise ConstructorError(None, None, f"{node.value!r:.60}: {error}", node.start_mark) from None


def _yaml() -> YAML:
    yaml = YAML(typ="safe")
    yaml.Constructor = _Constructor
    return yaml


def _require_small(text: str) -> None:
    """Walk through the file without building anything.

    Raises:
      ValueError: it nests too deeply, stands for too many values, or uses tags.
      YAMLError: it is not YAML.
    """
    num_values = 0
    sizes: dict[str, int] = {}  # of what has an anchor: how many values it stands for
    unclosed: list[tuple[str | None, int]] = []  # collections: the anchor, and the values before it
    for event in _yaml().parse(text):
        if isinstance(event, AliasEvent):
            if event.anchor not in sizes:
                raise ValueError(
                    f"the alias *{event.anchor} without an &{event.anchor} that ends before it{_at(event)}"
                )
            num_values += sizes[event.anchor]
        elif isinstance(event, CollectionEndEvent):
            anchor, before = unclosed.pop()
            _note(sizes, anchor, num_values - before)
        elif isinstance(event, NodeEvent):
            _require_plain(event)
            num_values += 1
            if isinstance(event, CollectionStartEvent):
                unclosed.append((event.anchor, num_values - 1))
            else:
                _note(sizes, event.anchor, 1)
        if len(unclosed) > _MAX_DEPTH:
            raise ValueError(f"more than {_MAX_DEPTH} lists and mappings in one another{_at(event)}")
        if num_values > _MAX_VALUES:
            raise ValueError(f"more than {_MAX_VALUES:,} values, aliases (*name) followed{_at(event)}")


def _note(sizes: dict[str, int], anchor: str | None, size: int) -> None:
    if anchor is not None:
        sizes[anchor] = size


def _require_plain(event: Any) -> None:
    if event.tag is not None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        raise ValueError(
            f"the tag {tag!r:.60}, which is not supported{_at(event)}; write the value without it"
        )
    if isinstance(event, ScalarEvent) and len(event.value) > _MAX_CHARACTERS:
        raise ValueError(f"a value of more than {_MAX_CHARACTERS:,} characters{_at(event)}")


def _one_line(error: MarkedYAMLError) -> str:
    problem = in_one_line(": ".join(filter(None, (error.context, error.problem))))
    mark = error.problem_mark or error.context_mark
    return problem if mark is None else f"{problem} in line {mark.line + 1}"


def _at(event: Event) -> str:
    return f" in line {event.start_mark.line + 1}"
