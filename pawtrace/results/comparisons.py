"""Recipes against recipes: the same two get the same verdict wherever they are compared.

Arrives: all results, and which recipe each one builds on. Leaves: `Comparison`s, corrected for how many
there are.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pawtrace.evaluation.significance import holm, is_significant
from pawtrace.results.paired import Comparison, compare, corrected, paired_difference
from pawtrace.results.results import Result


class Comparisons(NamedTuple):
    """All results, and the ladder's comparisons of them."""

    results: Mapping[str, Result]  # by recipe
    bases: Mapping[str, str]  # what each recipe builds on
    ladder: Mapping[str, Comparison]  # of each recipe with what it builds on, where both can be compared

    def against(self, name: str, candidates: Iterable[str]) -> dict[str, Comparison]:
        """Candidates against one recipe.

        A candidate that builds on the recipe is judged as the ladder judges it; all others are one family,
        corrected by Holm's method: the best of many candidates may be better only by chance.

        Args:
          name: of the recipe.
          candidates: names of recipes; those that are not measured are left out.
        """
        measured = [each for each in dict.fromkeys(candidates) if each != name and each in self.results]
        built = {each: self.ladder[each] for each in measured if self._builds_on(each, name)}
        others = [each for each in measured if not self._builds_on(each, name)]
        return built | _family({each: (self.results[each], self.results[name]) for each in others})

    def _builds_on(self, recipe: str, name: str) -> bool:
        return self.bases.get(recipe) == name and recipe in self.ladder


def compare_all(results: Mapping[str, Result], bases: Mapping[str, str]) -> Comparisons:
    """Compare each recipe with the one that it builds on, all of them as one family."""
    pairs = {
        name: (results[name], results[bases[name]])
        for name in results
        if name in bases and bases[name] in results
    }
    return Comparisons(results, bases, _family(pairs))


def as_good_as(best: Result, others: Iterable[Result]) -> list[Result]:
    """Those whose accuracy on the validation examples is not measurably below that of the best.

    On validation, because there the best was chosen; corrected by Holm's method.
    """
    found = []
    for other in others:
        difference = paired_difference(best.predictions["validation"], other.predictions["validation"])
        if difference is not None:
            found.append((other, difference.p_value))
    p_values = holm([p_value for _, p_value in found])
    return [other for (other, _), p_value in zip(found, p_values, strict=True) if not is_significant(p_value)]


def _family(pairs: Mapping[str, tuple[Result, Result]]) -> dict[str, Comparison]:
    found = {name: compare(*pair) for name, pair in pairs.items()}
    comparisons = {name: comparison for name, comparison in found.items() if comparison is not None}
    return dict(zip(comparisons, corrected(list(comparisons.values())), strict=True))
