"""params.yaml for the user's photos: a profile with another section `data` and the changes of the choice."""

from pathlib import Path

from pawtrace.config.sections import DataParams
from pawtrace.setup.choice import Choice
from pawtrace.setup.params_text import params_text, set_values
from pawtrace.setup.profiles import merged_profile

_RECIPES = "recipes"


def own_params_text(choice: Choice, data: DataParams, photos: Path) -> str:
    """The text of params.yaml, with all comments.

    Args:
      choice: of `choose`.
      data: of the photos.
      photos: as the user named them, for the first line.
    """
    params = merged_profile(choice.profile)
    set_values(params["data"], data.model_dump())
    for section, values in choice.changes.items():
        set_values(params[section], values)
    for recipe in list(params[_RECIPES]):
        if recipe not in choice.recipes:
            del params[_RECIPES][recipe]
    header = [
        f"# Written by `pawtrace init` for {photos.name}: the profile {choice.profile} with your photos.",
        "# Edit what you like; `pawtrace profile` and `make repro PROFILE=...` keep your section data.",
    ]
    return params_text(header, params)
