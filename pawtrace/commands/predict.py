"""Classify photos as cat or dog, with the probability.

Each photo is prepared as the test photos were: checked, rotated by its EXIF tag, scaled, cropped to a
square. If pawtrace did not train the model, the command first finds out which preprocessing the model
expects. Files that cannot be predicted are listed. The exit code is 1 if some files could not be predicted,
2 if none could.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pawtrace.base.errors import PawtraceError
from pawtrace.config.params import Params, load_params
from pawtrace.config.paths import PARAMS, PIPELINE, PROMOTED

if TYPE_CHECKING:
    import numpy as np

    from pawtrace.inference.photo_table import PhotoPrediction, Unpredicted
    from pawtrace.promotion.chosen_model import ChosenModel

Predicted = tuple[list["PhotoPrediction"], list["Unpredicted"]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The photos, the model, the format."""
    parser.add_argument(
        "photos", nargs="+", type=Path, metavar="FILE|FOLDER", help="photos, or folders with photos in them"
    )
    parser.add_argument(
        "--model",
        metavar="PATH|RECIPE",
        help="a .keras file, a SavedModel's folder or a recipe; default: the promoted model",
    )
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    formats.add_argument("--csv", action="store_true", help="print CSV instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Predict what can be predicted; 1 where some file could not, 2 where none could."""
    from pawtrace.inference.photo_table import as_csv, as_json, as_table
    from pawtrace.promotion.chosen_model import chosen_model
    from pawtrace.promotion.model_sentence import model_sentences

    params = _params(arguments.model)
    chosen = chosen_model(arguments.model, params, any_format=True)
    from pawtrace.inference.photos import find_photos  # with TensorFlow, which no answer so far needed

    origin = model_sentences(chosen, params)
    has_folder = any(path.is_dir() for path in arguments.photos)
    files = find_photos(arguments.photos)
    ask = _predict_foreign if _is_foreign(chosen, params) else _predict
    predicted, unpredicted = ask(files, chosen, params, show_progress=has_folder)
    if arguments.json:
        print(as_json(predicted, unpredicted, str(chosen.path), "; ".join(origin) or None), end="")
    else:
        table = as_table(predicted) if predicted else ""
        print(as_csv(predicted) if arguments.csv else table, end="")
        for sentence in () if arguments.quiet else origin:
            print(f"pawtrace predict: {sentence}", file=sys.stderr)
    sys.stdout.flush()  # before the list of what is missing from it
    if not unpredicted:
        return 0
    _list(unpredicted, len(files))
    return 1 if predicted else 2


def _params(model: str | None) -> Params:
    """Those of the project; a model that is named by its path can also be used where there is no project."""
    if model is None and not (PARAMS.exists() or PIPELINE.exists()):
        raise PawtraceError(
            "expected a project here, found none; name a model of yours with --model MODEL.keras, or run the "
            "command in the project's folder"
        )
    if model is None or PARAMS.exists():
        return load_params()
    if not Path(model).exists():
        raise PawtraceError(f"{model} is missing; expected a .keras file or a SavedModel's folder")
    from pawtrace.foreign.defaults import default_params

    return default_params()


def _predict(
    files: Sequence[Path], chosen: "ChosenModel", params: Params, *, show_progress: bool
) -> Predicted:
    from pawtrace.base.ordered import ordered_map
    from pawtrace.dataset.sources.formats import Rejected
    from pawtrace.inference.photo_predictions import photo_classifier, predict_views, views_of
    from pawtrace.inference.photo_table import Unpredicted, photo_prediction
    from pawtrace.inference.photos import read_photo
    from pawtrace.learning.inputs.augmentation import AugmentedView

    model, model_input = photo_classifier(chosen.path), chosen.input
    # Records are no smaller than the model's images, whatever project this is.
    side = max(model_input.preprocess.image_size_px, model.input_shape[1])
    preprocess = model_input.preprocess.model_copy(update={"image_size_px": side})
    view = AugmentedView(model_input.augmentation, model_input.seed)

    def prepared(path: Path) -> "np.ndarray | Rejected":
        try:
            record = read_photo(path, params.data.limits.max_image_pixels, preprocess)
        except Rejected as reason:
            return reason
        return views_of(record, model.input_shape[1], view, model_input.tta_views)

    def readable() -> "Iterator[np.ndarray]":
        photos: Iterable[np.ndarray | Rejected] = (
            ordered_map(prepared, files, title="predict", total=len(files))
            if show_progress
            else map(prepared, files)
        )
        for path, photo in zip(files, photos, strict=True):
            if isinstance(photo, Rejected):
                unpredicted.append(Unpredicted(str(path), str(photo)))
            else:
                read.append(str(path))
                yield photo

    read: list[str] = []
    unpredicted: list[Unpredicted] = []
    probabilities = list(predict_views(model, readable(), params.evaluate.batch_size))
    return [photo_prediction(*pair) for pair in zip(read, probabilities, strict=True)], unpredicted


def _is_foreign(chosen: "ChosenModel", params: Params) -> bool:
    """Whether pawtrace did not train the model: neither promoted, nor a recipe's, nor built like those."""
    from pawtrace.foreign.reading.origin import is_ours, is_saved_model

    known = chosen.path.parent == PROMOTED or chosen.path.parent.name in params.recipes
    return is_saved_model(chosen.path) or (not known and not is_ours(chosen.path))


def _predict_foreign(
    files: Sequence[Path], chosen: "ChosenModel", params: Params, *, show_progress: bool
) -> Predicted:
    """Predict with a foreign model; `pawtrace.foreign.predicting` finds out its preprocessing."""
    from pawtrace.base.ordered import ordered_map
    from pawtrace.dataset.sources.formats import Rejected
    from pawtrace.foreign.predicting import predict_photos
    from pawtrace.foreign.reading.photos import read_file
    from pawtrace.inference.photo_table import Unpredicted, photo_prediction

    def content(path: Path) -> "bytes | Rejected":
        try:
            return read_file(path, params.data.limits.max_image_pixels)
        except Rejected as reason:
            return reason

    read = (
        ordered_map(content, files, title="predict", total=len(files))
        if show_progress
        else map(content, files)
    )
    found = list(zip(map(str, files), read, strict=True))
    good = [(name, each) for name, each in found if isinstance(each, bytes)]
    unpredicted = [Unpredicted(name, str(each)) for name, each in found if not isinstance(each, bytes)]
    if not good:
        return [], unpredicted
    names, photos = zip(*good, strict=True)
    answered = predict_photos(chosen.path, names, photos)
    print(f"pawtrace predict: {chosen.path}: {answered.words}", file=sys.stderr)
    return [photo_prediction(*pair) for pair in zip(names, answered.probabilities, strict=True)], unpredicted


def _list(unpredicted: Sequence["Unpredicted"], num_files: int) -> None:
    count = f"{len(unpredicted)} of {num_files} files"
    print(f"pawtrace predict: {count} could not be predicted:", file=sys.stderr)
    for file, reason in unpredicted:
        print(f"  {file}: {reason}", file=sys.stderr)
