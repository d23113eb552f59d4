"""A recipe as params.yaml has it: a question, the overrides that answer it, the claim that it tests."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pawtrace.config.sections import Section, VerdictName
from pawtrace.config.train_params import NotStrict


class Overrides(Section):
    """What a recipe changes: parts of `train` and `evaluate`; mappings merge, the rest replaces."""

    train: dict[str, Any] = {}
    evaluate: dict[str, Any] = {}


class Claim(Section):
    """A sentence that a recipe tests, and what must come out for it to hold."""

    sentence: Annotated[str, Field(min_length=1, max_length=200)]
    # better or worse: measurably, than the recipe that it builds on.
    holds_if: Literal["better", "worse", "overfits"]


class Recipe(Section):
    """A recipe: a question, and what it changes in the recipe that it builds on."""

    question: str
    builds_on: str | None = None  # another recipe, whose overrides come first; null: the baseline
    cures: Annotated[tuple[VerdictName, ...], NotStrict] = ()
    tests_claim: Claim | None = None
    overrides: Overrides

    @model_validator(mode="after")
    def _has_something_to_compare_with(self) -> Self:
        claim = self.tests_claim
        if claim is not None and claim.holds_if != "overfits" and self.builds_on is None:
            raise ValueError(
                f"tests_claim.holds_if: expected overfits, as builds_on names no recipe to compare with, "
                f"found {claim.holds_if}"
            )
        return self
