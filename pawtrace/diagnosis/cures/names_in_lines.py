"""The names in a cure's lines of Keras that the reader's own script has to supply, explained."""

import ast
import builtins
from collections.abc import Iterable, Iterator

_MEANINGS = {
    "images": "the input of the model",
    "x": "the output of the layer before",
    "backbone": "the pretrained part of your model",
    "feature_map": "the output of the last convolution",
    "model": "your model",
    "photos": "your training photos in batches",
    "validation": "your validation photos in batches",
    "folder": "the folder of your photos",
    "labels": "the label of each training photo",
    "out_of_fold_probabilities": "the prediction for each photo by a model that was not trained on it",
    "num_photos": "the number of training photos",
    "num_cats": "the number of cats among them",
    "num_dogs": "the number of dogs among them",
    "filters": "the number of filters of your layer",
    "units": "the number of units of your layer",
    "rate": "your learning rate",
    "num_steps": "the number of batches of all epochs",
    "steps_per_epoch": "the number of batches of an epoch",
    "epochs": "your number of epochs",
}


def names_explained(cures: Iterable[str]) -> str:
    """A sentence about the names that the lines of some cures use before they assign them; may be empty."""
    names = dict.fromkeys(name for lines in cures for name in names_to_supply(lines))
    if not names:
        return ""
    meanings = [f"{name} means {_MEANINGS[name]}" for name in names]
    return f"In these lines, {', '.join(meanings)}."


def names_to_supply(lines: str) -> Iterator[str]:
    """The names that lines of Python use and do not assign themselves, except `keras` and built-in ones."""
    known = {"keras", *dir(builtins)}
    for statement in ast.parse(lines).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            known |= {alias.asname or alias.name for alias in statement.names}
        loops = [node for node in ast.walk(statement) if isinstance(node, ast.For | ast.comprehension)]
        known |= {name.id for loop in loops for name in _names(loop.target)}
        names = _names(statement)
        yield from (name.id for name in names if isinstance(name.ctx, ast.Load) and name.id not in known)
        known |= {name.id for name in names if isinstance(name.ctx, ast.Store)}


def _names(part: ast.AST) -> list[ast.Name]:
    return [node for node in ast.walk(part) if isinstance(node, ast.Name)]
