"""About how long `make repro` will take: how many images the backbone will see, and what each takes.

The fixed times were measured on two cores; they are what processes need to start and probes to compile.
"""

from pawtrace.config.params import Params, ResolvedRecipe

_DATA_STAGES_S = 60.0  # resolve, download, split, preprocess and report together
_PER_RECIPE_S = 60.0  # train and measure, apart from images
_NUM_CONVENTIONS_COMPARED = 4  # with all the examples for that; the others with few
_PASSES_TO_TRAIN = 3  # forward, and about twice that backward


def time_needed_s(params: Params, num_photos: int, seconds_per_image: float) -> float:
    """Seconds until the report is there, for recipes with a pretrained backbone.

    Args:
      params: what will be trained.
      num_photos: usable ones.
      seconds_per_image: that the backbone takes.
    """
    num_train = params.split.fractions.train * num_photos
    seen = sum(_images_seen(params.recipe(name), num_train, num_photos) for name in params.recipes)
    return _DATA_STAGES_S + _PER_RECIPE_S * len(params.recipes) + seen * seconds_per_image


def _images_seen(recipe: ResolvedRecipe, num_train: float, num_photos: float) -> float:
    train, probe = recipe.train, recipe.probe
    probed = _NUM_CONVENTIONS_COMPARED * min(probe.num_convention_examples, num_train)
    probed += min(probe.num_linear_probe_examples, num_train) + num_photos - num_train
    trained = 0.0
    for phase in train.phases:
        if phase.trainable == "none":
            trained += train.num_views * num_train + num_photos - num_train  # once: features are kept
        else:
            trained += phase.num_epochs * (_PASSES_TO_TRAIN * num_train + num_photos - num_train)
    return probed + trained + recipe.evaluate.tta_views * num_photos
