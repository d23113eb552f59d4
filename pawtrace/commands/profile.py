"""Switch params.yaml to a profile; without a name, list the profiles.

profiles/default.yaml holds every parameter with its comment, profiles/<name>.yaml only what differs from it.
Leaves: params.yaml, the two merged, whole and commented.
"""

import argparse
import io
import itertools
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.representer import RoundTripRepresenter

from pawtrace.base.errors import ParamsError
from pawtrace.base.files import write_text
from pawtrace.base.yaml_files import read_yaml
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params, parse_params
from pawtrace.lineage.trace.flat import flat
from pawtrace.running.git import git
from pawtrace.running.lock import project_held_by_us

_DEFAULT = "default"


class _Representer(RoundTripRepresenter):
    """Writes None as `null`; ruamel.yaml's own writes nothing."""


_Representer.add_representer(
    type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The name of a profile."""
    parser.add_argument("name", nargs="?", help="switch to this profile; default: list the profiles")


def run(arguments: argparse.Namespace) -> int:
    """Switch and print what changed, or list."""
    if arguments.name is None:
        print(*listing(), sep="\n")
        return 0
    with project_held_by_us():
        changes = switch_to(arguments.name)
    summary = f"{paths.PARAMS} now holds the profile {arguments.name}; {len(changes)} values changed"
    print(summary, *changes, sep="\n")
    return 0


def listing() -> list[str]:
    """One line per profile: its name and summary; a star marks the one in params.yaml, or the nearest."""
    current = load_params()
    num_edits = {name: len(_changes(profile_params(name), current)) for name in profile_names()}
    active = min(num_edits, key=lambda name: num_edits[name])
    edits = f" (params.yaml differs in {num_edits[active]} of its values)" if num_edits[active] else ""
    return [
        f"{'*' if name == active else ' '} {name:<14}{_header(_path(name))[0].removeprefix('# ')}"
        f"{edits if name == active else ''}"
        for name in num_edits
    ]


def switch_to(name: str) -> list[str]:
    """Write a profile to params.yaml, unless an edit would be lost.

    Returns:
      What changed, one line per value: `train.image_size_px: 48 -> 224`.
    Raises:
      ParamsError: there is no such profile, it is wrong, or params.yaml has uncommitted edits.
    """
    before, after = load_params(), profile_params(name)
    # A params.yaml that is exactly some profile can be written again: nothing is lost.
    text = paths.PARAMS.read_text(encoding="utf-8")
    is_profile = any(profile_text(profile) == text for profile in profile_names())
    if not is_profile and git("status", "--porcelain", "--", str(paths.PARAMS)):
        raise ParamsError(
            f"{paths.PARAMS} has uncommitted edits, which switching to {name} would lose; "
            f"run: git diff {paths.PARAMS}, then commit them or git checkout {paths.PARAMS}"
        )
    write_text(paths.PARAMS, profile_text(name))
    return _changes(before, after)


def profile_names() -> list[str]:
    """The names of the profiles in profiles/, sorted."""
    return sorted(path.stem for path in paths.PROFILES.glob("*.yaml") if path.stem != _DEFAULT)


def profile_params(name: str) -> Params:
    """A profile's params, checked.

    Raises:
      ParamsError: there is no such profile, or it is wrong.
    """
    return parse_params(profile_text(name).encode(), str(_path(name)))


def profile_text(name: str) -> str:
    """The text of params.yaml that has a profile: the profile merged into the default, comments included.

    Raises:
      ParamsError: there is no such profile, or it or the default is not YAML.
    """
    if name not in profile_names():
        raise ParamsError(f"{name}: no such profile; there are: {', '.join(profile_names())}")
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = 4096  # no line is broken
    yaml.indent(mapping=2, sequence=4, offset=2)
    params, profile = _loaded(yaml, _path(_DEFAULT)), _loaded(yaml, _path(name))
    _merge(params, profile)
    merged = io.StringIO()
    yaml.dump(params, merged)
    return "\n".join([*_header(_path(name)), "#", merged.getvalue()])


def _merge(params: CommentedMap, profile: CommentedMap) -> None:
    """Mappings merge key by key; recipes and all other values are replaced, with the comments beside them."""
    for key, value in profile.items():
        if key != "recipes" and isinstance(value, CommentedMap) and isinstance(params.get(key), CommentedMap):
            _merge(params[key], value)
            continue
        params[key] = value
        _, _, beside, inside = profile.ca.items.get(key, [None] * 4)
        if inside:
            params.ca.items[key] = [None, None, None, inside]
        if beside and (comment := beside.value.partition("\n")[0]):
            _put_beside(params, key, comment)


def _put_beside(params: CommentedMap, key: str, comment: str) -> None:
    """Replace the comment beside a value; what follows on later lines belongs to the next key."""
    old = params.ca.items.get(key, [None] * 4)[2]
    if old is None:
        params.yaml_add_eol_comment(comment, key)
    else:
        old.value = comment + "\n" + old.value.partition("\n")[2]


def _loaded(yaml: YAML, path: Path) -> CommentedMap:
    try:
        read_yaml(path)  # refuses more, and says it better
        content = yaml.load(path)
    except (YAMLError, ValueError, OSError) as error:
        raise ParamsError(f"{path}: expected YAML, found: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(content, CommentedMap):
        raise ParamsError(f"{path}: expected a mapping, found {content!r:.80}")
    return content


def _path(name: str) -> Path:
    return paths.PROFILES / f"{name}.yaml"


def _header(path: Path) -> list[str]:
    """The comment at the start of a file, line by line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(itertools.takewhile(lambda line: line.startswith("#"), lines))


def _changes(before: Params, after: Params) -> list[str]:
    old, new = flat(before.model_dump()), flat(after.model_dump())
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [f"{key}: {old.get(key, '(none)')} -> {new.get(key, '(none)')}" for key in keys]
