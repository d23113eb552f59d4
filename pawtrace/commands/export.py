"""Export the promoted model for other runtimes, and check the export against the original.

The export takes uint8 RGB squares, scales them itself, and gives P(dog). The command compares its
predictions on test pictures with those of the original. If they differ, the command deletes the export, and
the exit code is 1.
"""

import argparse
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from pawtrace.base.errors import PawtraceError
from pawtrace.base.files import new_file, new_folder, write_text
from pawtrace.config import paths
from pawtrace.config.params import Params, load_params

_FORMATS = ("savedmodel", "onnx", "tflite")
_EXPORTS = Path("exports")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The format, the model, the place."""
    parser.add_argument("--format", required=True, choices=_FORMATS)
    parser.add_argument(
        "--model", metavar="PATH|RECIPE", help="a .keras file or a recipe; default: the promoted model"
    )
    parser.add_argument("--output", type=Path, metavar="PATH", help=f"default: in {_EXPORTS}/")


def run(arguments: argparse.Namespace) -> int:
    """Export and check; 1 where the two do not agree."""
    from pawtrace.promotion.chosen_model import chosen_model

    params = load_params()
    chosen = chosen_model(arguments.model, params)
    from pawtrace.inference.export import FORMATS, check_packages  # with TensorFlow

    check_packages(arguments.format)
    name = chosen.path.parent.name if chosen.path.stem == "model" else chosen.path.stem
    output = arguments.output or _EXPORTS / f"{name}{FORMATS[arguments.format].suffix}"
    _check_replaceable(output, arguments.format)
    if chosen.input.tta_views > 1:
        print(
            f"pawtrace export: the export predicts from one view of a picture; the model was measured with "
            f"the mean over {chosen.input.tta_views} views",
            file=sys.stderr,
        )
    code = _export(chosen.path, arguments.format, output)
    if code == 0:
        write_card(chosen.path, arguments.format, output, params)
    return code


def _export(source: Path, format_: str, output: Path) -> int:
    import numpy as np

    from pawtrace.dataset.examples.shards import open_records
    from pawtrace.inference.agreement import DisagreementError, check_agreement, some_squares
    from pawtrace.inference.export import export_model, in_float32, predict_exported
    from pawtrace.inference.photo_predictions import photo_classifier

    model = photo_classifier(source)
    images = some_squares(open_records(paths.RECORDS)["test"], model.input_shape[1])
    float32 = in_float32(model)
    answers = [np.asarray(net.predict(images, verbose=0), np.float64)[:, 0] for net in (float32, model)]
    try:
        with _written_beside(output, format_) as partial:
            export_model(float32, format_, partial)
            agreement = check_agreement(predict_exported(format_, partial, images), *answers)
    except DisagreementError as error:
        print(f"pawtrace export: {error}", file=sys.stderr)
        return 1
    print(
        f"{output}: matches {source} on {agreement.num_examples} test pictures: P(dog) differs by at most "
        f"{agreement.from_float32:.1g} from the model in float32, and by at most "
        f"{agreement.from_original:.1g} from the model as saved; {agreement.num_other_class} pictures change "
        "class"
    )
    return 0


def write_card(source: Path, format_: str, output: Path, params: Params) -> None:
    """Write the model card beside the export, if pawtrace trained the model."""
    from pawtrace.promotion.model_card import described, model_card

    model = described(source, params)
    if model is None:
        return
    card = output.with_name(f"{output.name}.md")
    note = f"This export ({format_}) computes in float32; on test pictures it matches the original model."
    write_text(card, model_card(model, title=f"{model.provenance.recipe}, exported as {format_}", note=note))
    print(f"{card}: the model card")


def _written_beside(output: Path, format_: str) -> AbstractContextManager[Path]:
    return new_folder(output) if format_ == "savedmodel" else new_file(output)


def _check_replaceable(output: Path, format_: str) -> None:
    """A former export may be replaced; a folder of something else must not."""
    is_replaceable = (output / "saved_model.pb").is_file() if format_ == "savedmodel" else output.is_file()
    if output.exists() and not is_replaceable:
        raise PawtraceError(
            f"{output}: expected no file, or an earlier {format_} export to replace, found something else; "
            "choose another path with --output"
        )
