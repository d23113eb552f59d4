"""The text of params.yaml: profiles/default.yaml with changes laid over it, all comments kept."""

import io
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from pawtrace.base.errors import ParamsError, in_one_line
from pawtrace.base.yaml_files import read_yaml


class _Representer(RoundTripRepresenter):
    """Writes None as `null`; ruamel.yaml's own writes nothing."""


_Representer.add_representer(
    type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def load_commented(path: Path) -> CommentedMap:
    """A YAML file with its comments.

    Raises:
      ParamsError: it is no YAML, or no mapping.
    """
    try:
        read_yaml(path)  # refuses more, and says it better
        content = _yaml().load(path)
    except (YAMLError, ValueError, OSError) as error:
        raise ParamsError(f"{path}: expected YAML, found: {in_one_line(str(error))}") from None
    if not isinstance(content, CommentedMap):
        raise ParamsError(f"{path}: expected a mapping, found {content!r:.80}")
    return content


def params_text(header: list[str], params: CommentedMap) -> str:
    """The text of a params file; `header` is its first lines."""
    text = io.StringIO()
    _yaml().dump(params, text)
    return "\n".join([*header, "#", text.getvalue()])


def header_of(path: Path) -> list[str]:
    """The comment at the start of a file, line by line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(itertools.takewhile(lambda line: line.startswith("#"), lines))


def lay_over(params: CommentedMap, profile: CommentedMap) -> None:
    """Mappings merge key by key; recipes and all other values are replaced, with the comments beside them."""
    for key, value in profile.items():
        if key != "recipes" and isinstance(value, CommentedMap) and isinstance(params.get(key), CommentedMap):
            lay_over(params[key], value)
            continue
        params[key] = value
        _, _, beside, inside = profile.ca.items.get(key, [None] * 4)
        if inside:
            params.ca.items[key] = [None, None, None, inside]
        if beside and (comment := beside.value.partition("\n")[0]):
            _put_beside(params, key, comment)


def set_values(section: CommentedMap, values: Mapping[str, Any]) -> None:
    """Replace values of a section and nothing else: the comments stay.

    Args:
      section: of params.
      values: plain, by key. A mapping takes the place of the old one, but one of the section's own blocks
        (`limits`) is gone into.
    """
    for key, value in values.items():
        old = section.get(key)
        if isinstance(value, Mapping) and isinstance(old, CommentedMap) and not old.fa.flow_style():
            set_values(old, value)
        elif value != old:
            section[key] = _on_one_line(value) if isinstance(value, Mapping) else value


def _on_one_line(values: Mapping[str, Any]) -> CommentedMap:
    line = CommentedMap(values)
    line.fa.set_flow_style()
    return line


def _put_beside(params: CommentedMap, key: str, comment: str) -> None:
    """Replace the comment beside a value; what follows on later lines belongs to the next key."""
    old = params.ca.items.get(key, [None] * 4)[2]
    if old is None:
        params.yaml_add_eol_comment(comment, key)
    else:
        old.value = comment + "\n" + old.value.partition("\n")[2]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = 4096  # no line is broken
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
