"""Profiles: profiles/default.yaml has every parameter with its comment, profiles/<name>.yaml the differences.

Leaves: params.yaml, both merged with their comments. The user's edits of params.yaml are never lost.
"""

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml.comments import CommentedMap

from pawtrace.base.errors import ParamsError
from pawtrace.base.files import write_text
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params, parse_params
from pawtrace.config.sections import DataParams
from pawtrace.lineage.trace.differences import flat
from pawtrace.setup.params_text import header_of, lay_over, load_commented, params_text, set_values
from pawtrace.setup.saved_params import save_uncommitted

_DEFAULT = "default"


class Switch(NamedTuple):
    """What a switch to a profile did."""

    changes: list[str]  # see `changes_between`
    notes: list[str]  # what was kept, and where other edits were saved


def listing() -> list[str]:
    """One line per profile: its name and summary; a star marks the one in params.yaml, or the nearest."""
    current = load_params()
    num_edits = {name: len(_differences(profile_params(name), current)) for name in profile_names()}
    active = min(num_edits, key=lambda name: num_edits[name])
    edits = f" (params.yaml differs in {num_edits[active]} of its values)" if num_edits[active] else ""
    return [
        f"{'*' if name == active else ' '} {name:<14}{header_of(_path(name))[0].removeprefix('# ')}"
        f"{edits if name == active else ''}"
        for name in num_edits
    ]


def switch_to(name: str) -> Switch:
    """Write a profile to params.yaml; keep `data.*` if the profile has the same source of photos.

    Raises:
      ParamsError: there is no such profile, or it is wrong.
    """
    before, profile = load_params(), profile_params(name)
    data = before.data if before.data.source == profile.data.source else profile.data
    text = profile_text(name, data)
    after = parse_params(text.encode(), str(paths.PARAMS))
    notes = [f"kept your {line}" for line in _kept(profile.data, data)]
    if paths.PARAMS.read_text(encoding="utf-8") != text:
        if not _is_profile(before.data) and (saved := save_uncommitted()):
            notes.append(f"your {paths.PARAMS} had uncommitted edits; it is saved as {saved}")
        write_text(paths.PARAMS, text)
    return Switch(changes_between(before, after), notes)


def profile_names() -> list[str]:
    """The names of the profiles in profiles/, sorted."""
    return sorted(path.stem for path in paths.PROFILES.glob("*.yaml") if path.stem != _DEFAULT)


def profile_params(name: str) -> Params:
    """A profile's params, checked.

    Raises:
      ParamsError: there is no such profile, or it is wrong.
    """
    return parse_params(profile_text(name).encode(), str(_path(name)))


def profile_text(name: str, data: DataParams | None = None) -> str:
    """The text of params.yaml that has a profile: the profile merged into the default, comments included.

    Args:
      name: of the profile.
      data: replaces the profile's section `data`.
    Raises:
      ParamsError: there is no such profile, or it or the default is not YAML.
    """
    params = merged_profile(name)
    if data is not None:
        set_values(params["data"], data.model_dump())
    return params_text(header_of(_path(name)), params)


def merged_profile(name: str) -> CommentedMap:
    """A profile merged into the default, with the comments of both.

    Raises:
      ParamsError: see `profile_text`.
    """
    if not profile_names():
        raise ParamsError(paths.OUTSIDE)
    if name not in profile_names():
        raise ParamsError(f"{name}: no such profile; there are: {', '.join(profile_names())}")
    params = load_commented(_path(_DEFAULT))
    lay_over(params, load_commented(_path(name)))
    return params


def changes_between(before: Params, after: Params) -> list[str]:
    """What differs: a line per value, `train.batch_size: 16 -> 8`, then the new and the removed recipes."""
    added = [name for name in after.recipes if name not in before.recipes]
    removed = [name for name in before.recipes if name not in after.recipes]
    whole = tuple(f"recipes.{name}." for name in (*added, *removed))
    lines = [
        f"{key}: {old} -> {new}"
        for key, (old, new) in _differences(before, after).items()
        if not key.startswith(whole)
    ]
    recipes = {"new recipes": added, "removed recipes": removed}
    return lines + [f"{title}: {', '.join(names)}" for title, names in recipes.items() if names]


def _differences(before: Params, after: Params) -> dict[str, tuple[Any, Any]]:
    """The values that differ, by their dotted keys."""
    old, new = flat(before.model_dump()), flat(after.model_dump())
    return {
        key: (old.get(key, "(none)"), new.get(key, "(none)"))
        for key in {**old, **new}
        if old.get(key) != new.get(key)
    }


def _kept(profile: DataParams, data: DataParams) -> list[str]:
    old, new = profile.model_dump(), data.model_dump()
    return [f"data.{key}: {new[key]}" for key in new if new[key] != old[key]]


def _is_profile(data: DataParams) -> bool:
    """Whether params.yaml is some profile to the letter, `data` apart: then nothing would be lost."""
    text = paths.PARAMS.read_text(encoding="utf-8")
    return any(text in (profile_text(name), profile_text(name, data)) for name in profile_names())


def _path(name: str) -> Path:
    return paths.PROFILES / f"{name}.yaml"
