"""params.yaml as typed, frozen values; refused as a whole before any work starts.

Arrives: params.yaml. Leaves: `Params`, and for each recipe its resolved `train` and `evaluate`
sections. Numbers follow YAML 1.2, as DVC reads and writes them: `1e-4` is a number.
"""

import datetime
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, ValidationError, field_validator

from pawtrace.base.errors import ParamsError
from pawtrace.base.yaml_files import parse_yaml, yaml_bytes
from pawtrace.config.paths import OUTSIDE, PARAMS, PIPELINE, PROMOTED
from pawtrace.config.recipes import Recipe
from pawtrace.config.sections import (
    DataParams,
    DiagnoseParams,
    EvaluateParams,
    PreprocessParams,
    ProbeParams,
    PromoteParams,
    RebuildParams,
    Section,
    SplitParams,
)
from pawtrace.config.train_params import TrainParams

AnySection = TypeVar("AnySection", bound=Section)
# Pydantic's words for what YAML calls otherwise.
_PLAIN_WORDS = {
    "a integer": "a whole number",
    "an integer": "a whole number",
    "a tuple": "a list",
    "a dictionary": "a mapping",
}
RecipeName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", max_length=60)]


class ResolvedRecipe(NamedTuple):
    """A recipe's complete params: the baseline with its overrides and those of the recipes below it."""

    name: str
    train: TrainParams
    evaluate: EvaluateParams
    probe: ProbeParams


class Params(Section):
    """All of params.yaml. Sections are named after the stages or steps that read them."""

    data: DataParams
    split: SplitParams
    preprocess: PreprocessParams
    train: TrainParams
    probe: ProbeParams
    evaluate: EvaluateParams
    diagnose: DiagnoseParams
    promote: PromoteParams
    rebuild: RebuildParams
    recipes: Annotated[dict[RecipeName, Recipe], Field(min_length=1, max_length=500)]

    @field_validator("recipes")
    @classmethod
    def _not_promoted(cls, recipes: dict[str, Recipe]) -> dict[str, Recipe]:
        if PROMOTED.name in recipes:
            raise ValueError(f"{PROMOTED.name}: expected another name: {PROMOTED} is the promoted model")
        return recipes

    def recipe(self, name: str) -> ResolvedRecipe:
        """The recipe called `name`, all overrides applied.

        Raises:
          ParamsError: there is no such recipe, or its overrides are wrong.
        """
        if name not in self.recipes:
            raise ParamsError(f"recipes.{name}: {_no_such_recipe(name, list(self.recipes))}")
        train, evaluate = self.train.model_dump(), self.evaluate.model_dump()
        for ancestor in self.lineage(name):
            overrides = self.recipes[ancestor].overrides
            train, evaluate = merged(train, overrides.train), merged(evaluate, overrides.evaluate)
        where = f"params.yaml: recipes.{name}.overrides."
        checked = _validated(TrainParams, train, where + "train.")
        self._check_size(checked, where + "train.")
        measured = _validated(EvaluateParams, evaluate, where + "evaluate.")
        if measured.tta_views > 1 and not checked.augmentation:
            raise ParamsError(
                f"{where}evaluate.tta_views: expected 1, because train.augmentation is empty, so all views "
                f"are equal, found {measured.tta_views}"
            )
        return ResolvedRecipe(name, checked, measured, self.probe)

    def lineage(self, name: str) -> list[str]:
        """The recipes that a recipe builds on, from the baseline up, and the recipe itself at the end.

        Raises:
          ParamsError: a recipe builds on one that does not exist, or the chain has a cycle.
        """
        chain = [name]
        while (below := self.recipes[chain[0]].builds_on) is not None:
            where = f"params.yaml: recipes.{chain[0]}.builds_on: "
            if below not in self.recipes:
                raise ParamsError(where + _no_such_recipe(below, list(self.recipes)))
            if below in chain:
                raise ParamsError(f"{where}expected no cycle, found {' -> '.join([below, *chain])}")
            chain.insert(0, below)
        return chain

    def _check_size(self, train: TrainParams, where: str) -> None:
        if train.image_size_px > self.preprocess.image_size_px:
            raise ParamsError(
                f"{where}image_size_px: expected at most preprocess.image_size_px "
                f"({self.preprocess.image_size_px}), found {train.image_size_px}"
            )


def load_params(path: Path = PARAMS) -> Params:
    """Read and check a params file, every recipe in it included.

    Raises:
      ParamsError: the file is missing or unreadable, is not YAML, or a key is unknown, missing or impossible.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ParamsError(
            f"{path}: expected a file, found something else; move it away, then run: git checkout {path}"
        )
    try:
        content = yaml_bytes(path)
    except FileNotFoundError:
        raise ParamsError(_missing(path)) from None
    except OSError as error:
        raise ParamsError(f"{path}: expected a file that can be read, found: {error.strerror}") from None
    return parse_params(content, str(path))


def _missing(path: Path) -> str:
    if path == PARAMS and not PIPELINE.exists():
        return OUTSIDE
    return f"{path} is missing; run: git checkout {path}"


def parse_params(content: bytes, source: str) -> Params:
    """Check the content of a params file; `source` is what error messages call it.

    Raises:
      ParamsError: it is not YAML, or a key is unknown, missing or impossible.
    """
    try:
        sections = parse_yaml(content)
    except ValueError as error:
        raise ParamsError(f"{source}: expected YAML, found: {error}") from None
    params = _validated(Params, sections, f"{source}: ")
    params._check_size(params.train, f"{source}: train.")
    for name in params.recipes:
        params.recipe(name)
    return params


def merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Lay overrides over a section: mappings merge key by key, everything else is replaced."""
    result = dict(base)
    for key, value in overrides.items():
        old = result.get(key)
        both_mappings = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both_mappings else value  # type: ignore[arg-type]
    return result


def _validated(section: type[AnySection], content: Any, where: str) -> AnySection:
    try:
        return section.model_validate(content)
    except ValidationError as error:
        raise ParamsError(_one_line(error, section, where)) from None


def _one_line(error: ValidationError, section: type[Section], where: str) -> str:
    problems = error.errors(include_url=False)
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    if first["type"] == "extra_forbidden":  # a misspelt key is a missing one too; the unknown one says more
        section_of = first["loc"][:-1]
        problems = [each for each in problems if (each["type"], each["loc"][:-1]) != ("missing", section_of)]
    key = ".".join(_printable(part) for part in first["loc"] if part != "[key]")
    match first["type"]:
        case "extra_forbidden":
            said = f"unknown key{_nearest(str(first['loc'][-1]), _keys_at(section, first['loc'][:-1]))}"
        case "invalid_key":
            said = f"expected text as the key, found {_described(first['input'])}"
        case "missing":
            said = "expected a value, found none"
        case "value_error":
            said = first["msg"].removeprefix("Value error, ")
        case _:
            said = f"{_expectation(first['msg'])}, found {_described(first['input'])}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{where}{key}{': ' if key else ''}{said}{more}"


def _expectation(message: str) -> str:
    """Pydantic's "Input should be a valid number" in our words: "expected a number"."""
    subject, _, wish = message.partition(" should ")
    wish = wish.partition(" or instance of ")[0].replace("valid ", "")
    for theirs, ours in _PLAIN_WORDS.items():
        wish = wish.replace(theirs, ours)
    return f"expected {wish.removeprefix('be ')}" if subject == "Input" else f"expected it to {wish}"


def _printable(part: int | str) -> str:
    """A key as it is, unless it would break the line."""
    text = str(part)
    return text if text.isprintable() and len(text) <= 80 else f"{text!r:.80}"


def _described(value: Any) -> str:
    if isinstance(value, datetime.date):  # which YAML makes of 2026-01-31
        return f"the date {value}; put it in quotes if it is a name"
    return "null" if value is None else f"{value!r:.80} ({type(value).__name__})"


def _keys_at(section: type[Section], location: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at a location knows; nothing where the path leaves the sections."""
    keys = section.model_json_schema()
    definitions = keys.get("$defs", {})
    for part in location:
        by_pattern: dict[str, Any] = next(iter(keys.get("patternProperties", {}).values()), {})
        others = keys.get("items", keys.get("additionalProperties", {})) or by_pattern
        keys = keys.get("properties", {}).get(part, others)
        for option in keys.get("anyOf", []):
            keys = option if "$ref" in option else keys
        keys = definitions.get(keys.get("$ref", "").rsplit("/", 1)[-1], keys)
    return list(keys.get("properties", {}))


def _no_such_recipe(name: str, known: list[str]) -> str:
    return f"no such recipe{_nearest(name, known)}; there are: {', '.join(known)}"


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
