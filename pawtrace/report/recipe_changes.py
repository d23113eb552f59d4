"""What a recipe changes of the one it builds on, in a few words.

Arrives: params.yaml. Leaves: texts like `train.input_scaling: backbone`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pawtrace.config.params import Params
from pawtrace.config.recipes import Recipe
from pawtrace.results.param_words import param_words

BASELINE = "the baseline"


def base_of(name: str, params: Params) -> str | None:
    """The rung that a recipe builds on and is compared with.

    Returns:
      What `builds_on` names; else the recipe that is the baseline itself, where there is one; None
      for that recipe.
    """
    below = params.recipes[name].builds_on
    if below is not None or _is_baseline(params.recipes[name]):
        return below
    return next((recipe_name for recipe_name, recipe in params.recipes.items() if _is_baseline(recipe)), None)


def change_of(name: str, params: Params) -> str:
    """What a recipe's `train` and `evaluate` have else than those of what it builds on."""
    ours, below = params.recipe(name), params.recipes[name].builds_on
    base = params if below is None else params.recipe(below)
    parts = [
        words_of(difference_of(base.train.model_dump(), ours.train.model_dump()), "train"),
        words_of(difference_of(base.evaluate.model_dump(), ours.evaluate.model_dump()), "evaluate"),
    ]
    return ", ".join(filter(None, parts)) or ("nothing" if below else BASELINE)


def difference_of(base: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest overrides that make one section of another; both have the same keys.

    Mappings are compared key by key, all else as a whole, as `merged` lays overrides over a section.
    """
    found = {}
    for key, value in ours.items():
        old = base.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            if inner := difference_of(old, value):
                found[key] = inner
        elif value != old:
            found[key] = value
    return found


def words_of(overrides: Mapping[str, Any], path: str) -> str:
    """Overrides in a few words: `train.head.dropout: 0.5, train.augmentation: Blur`."""
    return ", ".join(_parts(overrides, path))


def _is_baseline(recipe: Recipe) -> bool:
    return recipe.builds_on is None and not (recipe.overrides.train or recipe.overrides.evaluate)


def _parts(overrides: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            yield from _parts(value, f"{path}.{key}")
        else:
            yield f"{path}.{key}: {param_words(value)}"
